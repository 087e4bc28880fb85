"""Whoever is forgotten goes out of every view: the keys whose rows may show something of him are folded anew.

What an event makes of a row depends on that row alone, so that these keys can be folded from the start of the ledger
without any others, and come to what a rebuild would make of them. What was kept of the view from before is dropped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from consumers.dead_letters import let_go, put_aside, skipped_by
from consumers.gone import changed_late, keep_what_left
from consumers.session import Cursor, load_by, load_keys, write
from consumers.source import Source
from consumers.tracking import Place, tables
from domain.values import FACT_NAMES, forgotten_by
from ledger.ledger import Ledger
from ledger.row import Row as Stored
from projections import sql
from projections.folding import Aside, Key, Parked, Table, Told, rows_in
from projections.projection import Projection

PAGE = 5_000  # Events at a time.
MOST_NAMES = 500  # So many are looked for in the text of an event; where there are more, all are read.
PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def subjects_of(told: Sequence[Told]) -> set[str]:
    """Of whom these events forget."""
    return {subject for _, _, event in told for subject in forgotten_by(event)}


def forget(cursor: Cursor, place: Place, source: Source, subjects: set[str], until: int) -> Sequence[Parked]:
    """In the transaction in which the view has come to a position, with whose events these are forgotten."""
    source.ledger.catch_up()
    if not place.of_build:
        drop_former(cursor, place)
    keys = touched(cursor, place, source, subjects, until)
    if not keys:
        return ()
    table, aside = folded(cursor, place, source, keys, until)
    compare_with(table, rows_by_key(cursor, place, keys))
    write(cursor, place.view, place.build, table)
    let_go(cursor, place, keys)
    put_aside(cursor, place, aside.parked)
    if not (place.of_build or place.view.inward):
        keep_what_left(cursor, place.view, table, until)
        changed_late(cursor, place.view, table)
    return aside.parked


def drop_former(cursor: Cursor, place: Place) -> None:
    """What was kept of the view, or left of a rebuild that was killed, still shows him. Where one is under way, its
    build comes past the same events, and it has thrown away what it found.
    """
    view = place.view
    cursor.execute("DELETE FROM views.kept WHERE name = %s RETURNING build", [view.name])
    former = {build for (build,) in cursor.fetchall()}
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"lifeledger build {view.name}"])
    if cursor.fetchall() == [(True,)]:
        former |= {*tables(cursor, view)}
    for build in former - {place.build}:
        cursor.execute(f"DROP TABLE IF EXISTS {sql.table(view, build)}")


# Whose rows


def touched(cursor: Cursor, place: Place, source: Source, subjects: set[str], until: int) -> set[Key]:
    """The keys to which somebody's personal values may have come."""
    view = place.view
    shapes = source.ledger.codec.by_class
    telling = [kind for kind in view.reads if any(path[0] in view.opens for path in shapes[kind].personal)]
    types = [FACT_NAMES[kind] for kind in telling]
    found: set[Key] = set()
    for _, _, event in told_of(source.ledger, view, paged(source, types, until, subjects=sorted(subjects))):
        find = view.finders.get(type(event))
        found |= {find(event)} if find is not None else by_column(cursor, place, event)
    return found


def by_column(cursor: Cursor, place: Place, event: Any) -> set[Key]:
    """Of an event that finds rows by a column: those that it finds now, and the one that bears its name."""
    view = place.view
    found = {view.key_of(row) for row in load_by(cursor, view, place.build, [event])}
    own = [getattr(event, name, None) for name in view.key]
    if None not in own:
        found.add(view.key_of(event))
    return found


# Folded anew


def folded(cursor: Cursor, place: Place, source: Source, keys: set[Key], until: int) -> tuple[Table, Aside]:
    view = place.view
    table, aside = Table(view), Aside(skipped=skipped_by(cursor, view))
    batch: list[Told] = []
    for each in told_of(source.ledger, view, concerning(source, view, keys, until)):
        find = view.finders.get(type(each[2]))
        if find is None or find(each[2]) in keys:
            batch.append(each)
        if len(batch) == PAGE:
            table.fold_aside(batch, aside)
            batch = []
    table.fold_aside(batch, aside)
    return table, aside


def concerning(source: Source, view: Projection, keys: set[Key], until: int) -> Iterator[Stored]:
    """The events that may name one of the keys, and those that find rows by a column, in the order of the ledger."""
    finding = [FACT_NAMES[kind] for kind in view.reads if kind in view.lookups]
    naming = [FACT_NAMES[kind] for kind in view.reads if kind not in view.lookups]
    named = paged(source, naming, until, naming=names_of(view, keys))
    return merge(named, paged(source, finding, until), key=lambda row: row.notification_id or 0)


def names_of(view: Projection, keys: Iterable[Key]) -> Sequence[str]:
    """What is found in every event that names one of these keys; nothing, where there is no telling."""
    found = {name_of(view.columns_of(key)) for key in keys}
    return () if None in found or len(found) > MOST_NAMES else sorted(filter(None, found))


def name_of(values: Sequence[Any]) -> str | None:
    """An id stands in an event as it is; of a stream, its id does."""
    for value in values:
        text = str(value).rpartition("/")[2] if isinstance(value, UUID | str) else ""
        if PLAIN.fullmatch(text):
            return text
    return None


def paged(source: Source, types: Sequence[str], until: int, **only: Sequence[str]) -> Iterator[Stored]:
    after = 0
    while types and (page := source.ledger.rows.select_rows(after, PAGE, types=types, until=until, **only)):
        yield from page
        after = page[-1].notification_id or until


def told_of(ledger: Ledger, view: Projection, rows: Iterable[Stored]) -> Iterator[Told]:
    """Events as the view is told them, with all that can still be opened."""
    rest = iter(rows)
    while page := list(islice(rest, PAGE)):
        for each in ledger.recorded(page):
            yield each.position, each if view.tells == "all" else each.occurred_at, each.event


# What has changed


def rows_by_key(cursor: Cursor, place: Place, keys: set[Key]) -> dict[Key, Any]:
    known = Table(place.view, load_keys(cursor, place.view, place.build, keys))
    return {key: known.states.get(key, known.absent) for key in keys}


def compare_with(table: Table, before: dict[Key, Any]) -> None:
    """Take the rows as they stood for what was before; what is the same is not written again."""
    table.before = before
    for key, old in before.items():
        there = {table.view.place_of(row): row for row in rows_in(old)}
        now = rows_in(table.states.get(key))
        kept = tuple(same(there.get(table.view.place_of(row)), row) for row in now)
        if kept:
            table.states[key] = kept if table.view.rows_by else kept[0]


def same(old: Any, new: Any) -> Any:
    return old if old == new and old.as_of_position == new.as_of_position else new
