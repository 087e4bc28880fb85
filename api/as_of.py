"""?as_of= and ?as_of_occurred=: a view as it stood at a position or a time, asked like the view as it stands."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg2.errors

from api.parameters import Given, wrong
from api.problems import FoldsWaiting, FoldTooLong, ViewNotBuilt
from consumers.at import AS_OF, OCCURRED, Moment, NoSuchMoment, fill, fold, instant, left_out, moment, understood
from consumers.session import ReadsUnavailable, Session
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.store import Unavailable
from projections import sql
from projections.projection import Projection

__all__ = [
    "ASKED",
    "AS_OF",
    "OCCURRED",
    "PARAMETERS",
    "Moment",
    "Moments",
    "NoSuchMoment",
    "instant",
    "meant",
    "pinned",
    "wanted",
]

T = TypeVar("T")

ASKED = (AS_OF, OCCURRED)
KEPT, KEEP_SECONDS = 8, 300.0  # So many tables, for so long after they were last asked.
MOST_WAITING = 4


class Moments:
    """Folds views up to moments in a thread of its own, one after the other, and keeps what was asked for last, so that
    the next page needs no fold. What is kept are tables of one connection, and goes with it.
    """

    def __init__(self, url: str, ledger: Ledger, most: int) -> None:
        self.ledger = ledger
        self.most = most
        self.wire = Wire(url)
        self.session = Session(url, "views as of")
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="as-of")
        self.waiting = 0
        self.kept: OrderedDict[str, tuple[object, float]] = OrderedDict()
        self.kept_by: object = None
        self.timer: asyncio.TimerHandle | None = None

    # Which moment

    async def moment(self, given: Given, read_after: int | None) -> Moment:
        """Raises InvalidRequest, or FoldTooLong."""
        asked = dict(given)
        found = await asyncio.to_thread(meant, self.ledger, asked.get(AS_OF), asked.get(OCCURRED), most=self.most)
        if found.position > self.most:
            raise FoldTooLong(limit=self.most)
        must_not_be_before(found, read_after)
        return found

    # Its rows

    async def run(self, view: Projection, at: Moment, ask: Callable[[Any], T]) -> T:
        """Ask a view that stands as it stood then, in the table that the moment names."""
        if self.waiting >= MOST_WAITING:
            raise FoldsWaiting
        loop = asyncio.get_running_loop()
        self.waiting += 1
        try:
            return await loop.run_in_executor(self.thread, self.read, view, at, ask)
        finally:
            self.waiting -= 1
            if self.timer is not None:
                self.timer.cancel()
            self.timer = loop.call_later(KEEP_SECONDS, self.thread.submit, self.let_go)

    def read(self, view: Projection, at: Moment, ask: Callable[[Any], T]) -> T:
        """Once more if the connection turns out to be gone, and the tables with it. Raises Unavailable."""
        for last in (False, True):
            try:
                self.keep(view, at)
                with self.session.transaction() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = '{sql.STATEMENT_SECONDS}s'")
                    return ask(cursor)
            except psycopg2.errors.UndefinedTable:  # Who may see what, a view of today tells.
                raise ViewNotBuilt from None
            except (ReadsUnavailable, Unavailable, psycopg2.OperationalError) as gone:
                if last or isinstance(gone.__cause__, psycopg2.errors.QueryCanceled):
                    raise Unavailable(str(gone)) from gone
                self.session.close()  # What ended one connection may have ended the other.
                self.wire.close()
        raise AssertionError

    def keep(self, view: Projection, at: Moment) -> None:
        """See to it that the table of a moment is there; anew, if it shows personal values and somebody was erased, or
        if something was skipped.
        """
        name = at.table(view)
        erased, skipped = self.ledger.erased_subjects() if view.opens else 0, left_out(self.session, view)
        if self.session.connected() is not self.kept_by:
            self.kept.clear()
            self.kept_by = self.session.connection
        if name in self.kept and self.kept[name][0] != (erased, skipped):
            self.drop(name)
        if name not in self.kept:
            table = fold(self.ledger, self.wire, view, at, skipped=skipped)
            self.let_go(KEPT - 1)
            with self.session.transaction() as cursor:
                fill(cursor, view, at, table)
        self.kept[name] = (erased, skipped), time.monotonic()
        self.kept.move_to_end(name)

    def let_go(self, most: int = KEPT) -> None:
        """Drop what nobody has asked for lately, and what is too much."""
        with suppress(ReadsUnavailable):  # They are gone with the connection, then.
            while self.kept:
                name, (_, asked_at) = next(iter(self.kept.items()))
                if len(self.kept) <= most and asked_at > time.monotonic() - KEEP_SECONDS:
                    return
                self.drop(name)

    def drop(self, name: str) -> None:
        del self.kept[name]
        with self.session.transaction() as cursor:
            cursor.execute(sql.drop_of_moment(name))

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.thread.shutdown()
        self.session.close()
        self.wire.close()


def meant(
    ledger: Ledger,
    as_of: str | None,
    occurred: str | None,
    names: tuple[str, str] = ASKED,
    *,
    most: int | None = None,
) -> Moment:
    """The moment that is asked for under these names. Raises InvalidRequest."""
    try:
        position = None if as_of is None else understood(as_of)
        happened = None if occurred is None else instant(occurred, OCCURRED)
        return moment(ledger, position, happened, datetime.now(UTC), most=most)
    except NoSuchMoment as no:
        raise wrong(names[ASKED.index(no.of)], str(no)) from None


def must_not_be_before(found: Moment, read_after: int | None) -> None:
    """Raises InvalidRequest for a moment before the position that the reader wants to see."""
    if found.position < (read_after or 0):
        raise wrong(AS_OF, f"this is position {found.position}, and Read-After asks for nothing before {read_after}")


def wanted(given: Given) -> bool:
    """Whether another moment than this one is asked for."""
    return any(name in ASKED for name, _ in given)


def pinned(given: Given, at: Moment) -> list[tuple[str, str]]:
    """The same question, for the next pages: of the position at which the ledger was cut, whatever has come since."""
    return [(AS_OF, str(at.position)), *(each for each in given if each[0] != AS_OF)]


# How it is documented

ZONED: Mapping[str, str] = {"type": "string", "format": "date-time"}
PARAMETERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    AS_OF: (
        {"anyOf": [{"type": "integer", "minimum": 0}, ZONED]},
        "As it stood after the event at a position, or after what was recorded by a time; who sees it is of today.",
    ),
    OCCURRED: (ZONED, "Of what is recorded, only what had happened by then, whenever it was recorded."),
}
