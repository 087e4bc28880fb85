"""How far the views have come, what is wrong with them, and which tables are theirs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import extras

from consumers.session import Cursor, Session
from projections import sql
from projections.folding import Key
from projections.projection import Projection

LONGEST_WAIT = 60  # Seconds until what fails is tried again.
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Tracked:
    """A view as the read database has it."""

    version: int
    fingerprint: str
    build: int
    position: int


@dataclass(slots=True)
class Place:
    """How far a build of a view has come; `of_build` where it does not answer yet.

    Where it `parks`, what its fold does not take is put aside with its keys; what a policy remembers stands still
    instead. `parked` says that some keys may not go on, `skipped` which events are left out, each for a key.
    """

    view: Projection
    build: int
    position: int
    of_build: bool = False
    parks: bool = True
    parked: bool = False
    skipped: frozenset[tuple[int, Key]] = frozenset()


class Fenced(Exception):
    """Somebody else has moved the view, or put another build in its place."""


def prepare(session: Session) -> None:
    """The tables in which all this is kept."""
    with session.transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('lifeledger views', 0))")
        cursor.execute(sql.TRACKING)


def tracked(cursor: Cursor, view: Projection, *, lock: bool = False) -> Tracked | None:
    statement = "SELECT version, fingerprint, build, position FROM views.tracking WHERE name = %s"
    cursor.execute(f"{statement} FOR UPDATE" if lock else statement, [view.name])
    found = cursor.fetchone()
    return None if found is None else Tracked(*found)


def ensure(session: Session, view: Projection) -> Tracked:
    """The view as it is; an empty one, at the start of the ledger, where it is not there at all."""
    with session.transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('lifeledger views', 0))")
        found = tracked(cursor, view)
        if found is None:
            found = Tracked(view.version, view.fingerprint, 1 + max(tables(cursor, view), default=0), 0)
            for statement in (
                sql.create_table(view, found.build),
                *sql.create_indexes(view, found.build),
                *sql.show(view, found.build),
            ):
                cursor.execute(statement)
            cursor.execute(
                "INSERT INTO views.tracking (name, version, fingerprint, build, position) VALUES (%s, %s, %s, %s, 0)",
                [view.name, view.version, view.fingerprint, found.build],
            )
    return found


def enrol(session: Session, view: Projection, position: int) -> Tracked:
    """What a policy remembers, as it is. One that is new begins at a position; what it should have remembered by then
    is to be folded first, which the fingerprint tells.
    """
    with session.transaction() as cursor:
        known = tracked(cursor, view)
    found = ensure(session, view)
    if known is None and position > 0:
        with session.transaction() as cursor:
            cursor.execute(
                "UPDATE views.tracking SET position = %s, fingerprint = '' WHERE name = %s AND position = 0",
                [position, view.name],
            )
            found = tracked(cursor, view) or found
    return found


def tables(cursor: Cursor, view: Projection) -> list[int]:
    """The builds of which there are tables."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [sql.SCHEMA])
    pattern = re.compile(re.escape(view.name) + r"_v(\d+)")
    return [int(match[1]) for (name,) in cursor.fetchall() if (match := pattern.fullmatch(name))]


# Moving


def move(cursor: Cursor, place: Place, until: int) -> None:
    """Move a view on in this transaction. Raises Fenced where it is not where it was left."""
    if place.of_build:
        statement = "UPDATE views.builds SET position = %s, updated_at = now()"
    else:
        statement = (
            "UPDATE views.tracking SET position = %s, error = NULL, failures = 0, retry_at = NULL, updated_at = now()"
        )
    cursor.execute(
        f"{statement} WHERE name = %s AND build = %s AND position = %s",
        [until, place.view.name, place.build, place.position],
    )
    if cursor.rowcount != 1:
        raise Fenced(f"{place.view.name} is not at position {place.position} of build {place.build} any more")


def pass_over(session: Session, places: Sequence[Place], until: int) -> None:
    """Move several views at once over events that none of them reads. Raises Fenced if one of them is elsewhere."""
    if not places:
        return
    with session.transaction() as cursor:
        extras.execute_values(
            cursor,
            "UPDATE views.tracking SET position = to_position, error = NULL, failures = 0, retry_at = NULL,"
            " updated_at = now() FROM (VALUES %s) AS new (view, in_build, from_position, to_position)"
            " WHERE name = view AND build = in_build AND position = from_position",
            [(place.view.name, place.build, place.position, until) for place in places],
            "(%s, %s::integer, %s::bigint, %s::bigint)",
            page_size=len(places),
        )
        if cursor.rowcount != len(places):
            raise Fenced(f"one of {', '.join(place.view.name for place in places)} is elsewhere")
    for place in places:
        place.position = until


def fail(session: Session, view: Projection, position: int | None, error: BaseException) -> int:
    """Keep what went wrong, for whoever asks how the views are; answer how often it has by now."""
    with session.transaction() as cursor:
        cursor.execute(
            "UPDATE views.tracking SET error = %s, failures = failures + 1, updated_at = now(),"
            " retry_at = now() + least(power(2, least(failures + 1, 10)), %s) * interval '1 second'"
            " WHERE name = %s RETURNING failures",
            [described(error, position), LONGEST_WAIT, view.name],
        )
        found = cursor.fetchone()
    return 0 if found is None else int(found[0])


def goes_on(cursor: Cursor, view: Projection, over: Sequence[int]) -> None:
    """What failed at one of these positions is folded, whoever it was that had failed; what has failed at another, in
    another partition, stands there.
    """
    cursor.execute(
        "UPDATE views.tracking SET error = NULL, failures = 0, retry_at = NULL"
        " WHERE name = %s AND substring(error FROM ' at position ([0-9]+)')::bigint = ANY(%s)",
        [view.name, list(over)],
    )


def described(error: BaseException, position: int | None = None) -> str:
    """What went wrong, and where in our code. Never the message: it may hold what a person is called."""
    first = error.__cause__ or error
    place, step = "", first.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            place = f" in {path.relative_to(ROOT)}, line {step.tb_lineno}"
        step = step.tb_next
    code = f" {first.pgcode}" if isinstance(first, psycopg2.Error) and first.pgcode else ""
    at = "" if position is None else f" at position {position}"
    return f"{type(first).__name__}{code}{at}{place}"
