"""Any view at any moment: the ledger folded anew up to there, into a table that is asked like the view itself."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import psycopg2.errors

from consumers.dead_letters import log_parked, skipped_by
from consumers.lines import copy_rows
from consumers.session import Cursor, Session
from consumers.shares import Fold, fold_in_shares
from consumers.source import Source
from domain.values import Instant
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import sql
from projections.folding import Aside, Key, Table, Told
from projections.projection import Projection
from projections.rows import Row

MOST_ROWS = 5_000_000  # Of about 1 kB each in memory.
ROWS_AT_ONCE = 1_000_000  # Where a view is folded in several passes.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # The present of a ledger in which nothing has happened.
LONGEST = 40  # Characters of a moment.
SAY = "2026-03-01T09:00:00+08:00"
WRITTEN = re.compile(r"[0-9][0-9TtWw:.,+ -]*[0-9Zz]")
AS_OF, OCCURRED = "as_of", "as_of_occurred"

Skips = Collection[tuple[int, Key]]
"""Events that somebody has skipped for a key, by their positions."""


class NoSuchMoment(ValueError):
    """What is asked is no moment of the ledger; the message says why, and `of` which of the two ways to say it."""

    def __init__(self, because: str, of: str = AS_OF) -> None:
        super().__init__(because)
        self.of = of


class TooManyRows(Exception):
    """A view has more rows at a moment than fit into memory."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The ledger up to a position; with `occurred`, of that only what had happened by then. What depends on the present
    is reckoned at `now`.
    """

    position: int
    now: Instant
    occurred: Instant | None = None

    def table(self, view: Projection) -> str:
        """The name under which a session keeps the view's rows of this moment: the same rows, the same name."""
        told = f"{view.name} {self.position} {self.occurred}"
        return f"at_{sha256(told.encode()).hexdigest()[:16]}"


# Which moment is meant


def understood(text: str) -> int | Instant:
    """A position, or a time with its zone. Raises NoSuchMoment."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST:
        return int(text)
    return instant(text, AS_OF, f"is no time and no position: say 812, or {SAY}")


def instant(text: str, of: str, otherwise: str = f"is no time: say {SAY}") -> Instant:
    """Raises NoSuchMoment for anything but a time with its zone, which is then told as `otherwise`."""
    try:
        # Python reads more than that: what ends in NUL, or has anything for the T.
        found = datetime.fromisoformat(text) if WRITTEN.fullmatch(text) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    because = otherwise if found is None else f"is in no time zone: say {SAY}"
    raise NoSuchMoment(f"{text[:LONGEST]!r} {because}", of)


def moment(
    ledger: Ledger, as_of: int | Instant | None, occurred: Instant | None, now: Instant, *, most: int | None = None
) -> Moment:
    """Where the ledger is to be cut; at its end, where nothing is said of that. Raises NoSuchMoment.

    No more is looked at than `most` events and one: a moment behind them stands there.
    """
    last = ledger.last_position()
    latest = max(now, ledger.recorded_at(last)) if last else now
    for of, each in ((AS_OF, as_of), (OCCURRED, occurred)):
        if isinstance(each, datetime) and each > latest:
            raise NoSuchMoment(f"{each.isoformat()} is still to come", of)
    match as_of:
        case None:
            return Moment(last, occurred or now, occurred)
        case datetime():
            until = last if most is None else min(last, most + 1)
            return Moment(ledger.position_at(as_of, until), occurred or as_of, occurred)
        case 0:
            return Moment(0, occurred or BEGINNING, occurred)
        case _ if as_of > last:
            raise NoSuchMoment(f"the ledger ends at position {last}, before {as_of}")
        case _:
            return Moment(as_of, occurred or ledger.recorded_at(as_of), occurred)


# Its rows


def fold(
    ledger: Ledger,
    wire: Wire,
    view: Projection,
    at: Moment,
    *,
    most: int = MOST_ROWS,
    skipped: Skips = frozenset(),
    tell: Callable[[int], object] = lambda _: None,
) -> Table:
    """The view's rows at a moment; `tell` hears how far it has come. Raises FoldFailed, Corrupt or TooManyRows.

    Personal values are opened with the keys that are there now: who has been erased since is so at every moment. What
    the fold does not take stops its key alone, as in the view itself, and what was `skipped` there is left out.
    """
    table, aside = Table(view, remember=False), Aside(skipped=skipped)
    for told in Source(ledger.afresh(), wire, view).batches(0, at.position):
        table.fold_aside(happened(at, told), aside)
        log_parked(view, aside.parked)
        aside.parked.clear()  # Nobody tries again: the next moment is folded anew.
        if table.size > most:
            raise TooManyRows(f"{view.name} has more than {most:,} rows at position {told[-1][0]:,}")
        tell(told[-1][0])
    return table


def fold_in_passes(
    ledger: Ledger,
    wire: Wire,
    view: Projection,
    at: Moment,
    take: Callable[[Iterator[Row]], object],
    *,
    most: int = ROWS_AT_ONCE,
    skipped: Skips = frozenset(),
    tell: Callable[[int], object] = lambda _: None,
) -> None:
    """The same rows, however many there are: no more than `most` of them are in memory, and where there are more, all
    events are read again for each share of the keys (`consumers.shares`). `tell` hears how far all passes together have
    come. Raises FoldFailed or Corrupt.
    """
    source = Source(ledger.afresh(), wire, view)

    def folding() -> Fold:
        aside = Aside(skipped=skipped)

        def fold(table: Table, told: Sequence[Told]) -> None:
            table.fold_aside(told, aside)
            log_parked(view, aside.parked)
            aside.parked.clear()

        return fold

    def batches() -> Iterator[Sequence[Told]]:
        return filter(None, (happened(at, told) for told in source.batches(0, at.position)))

    fold_in_shares(view, batches, at.position, most, lambda table: take(table.rows()), tell, folding)


def left_out(session: Session, view: Projection) -> Skips:
    """What somebody has skipped in this version of the fold, each for a key."""
    try:
        with session.transaction() as cursor:
            return skipped_by(cursor, view)
    except psycopg2.errors.UndefinedTable:  # No worker has been here yet.
        return frozenset()


def happened(at: Moment, told: Sequence[Told]) -> Sequence[Told]:
    """Of some events, those that had happened by then."""
    return told if at.occurred is None else [each for each in told if occurred_at(each[1]) <= at.occurred]


def occurred_at(circumstance: Any) -> Instant:
    """When an event happened, by what a fold is told beside it."""
    found: Instant = circumstance.occurred_at if isinstance(circumstance, Recorded) else circumstance
    return found


def fill(cursor: Cursor, view: Projection, at: Moment, table: Table) -> None:
    """Put the rows where they can be asked for, in a table that goes with the session."""
    create, copy, finish = sql.fill_of_moment(view, at.table(view))
    cursor.execute(create)
    copy_rows(cursor, copy, table.rows(), view)
    for statement in finish:
        cursor.execute(statement)
