"""Rebuilds a view from the start of the ledger, beside the one that answers, and puts it in its place."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event
from uuid import UUID

import psycopg2
import structlog

from consumers.advance import advance, fold_singly, step_within
from consumers.asked import Done, note_done
from consumers.comparing import Compared, compare
from consumers.dead_letters import drop_all_but, know_aside, log_parked, put_aside
from consumers.filling import copy, copy_taken, unhindered
from consumers.hands import Hands, NotFolded
from consumers.kept import keep, kept, take_up
from consumers.session import Cursor, ReadsUnavailable, RowRefused, Session
from consumers.shares import Fold, fold_in_shares, may_concern
from consumers.source import Source
from consumers.tracking import Place, Tracked, ensure, move, prepare, tables, tracked
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import sql
from projections.folding import Aside, Key, Table, Told
from projections.projection import Projection

MOST_ROWS = 1_000_000
STEP = 5_000  # Events in one transaction while catching up.
FEWER_SAMPLES = "SET LOCAL default_statistics_target = 25"  # Which is enough to plan by until the server looks itself.
NEAR = 500  # So few events may be left to the transaction that swaps.
REPORT_SECONDS = 1.0
SWAP_SECONDS = 60.0  # How long to go on trying while readers do not let go.

log = structlog.get_logger()


class AlreadyRebuilding(Exception):
    """Another process is rebuilding this view."""


class Stopped(Exception):
    """The rebuild was told to stop; the view that answers is as it was."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come, in positions of the ledger, and how long it took."""

    phase: str
    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Events of the ledger in a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds that are left at this rate."""
        return self.lag / self.rate if self.rate else None

    @property
    def lag(self) -> int:
        return self.total - self.done


Report = Callable[[Progress], None]

Judge = Callable[[Compared], bool]
"""Told how a new build compares with the one that answers; says whether it is to take its place."""


class Rebuild:
    """One rebuild of one view: fold, copy, catch up, swap. Unless it comes to its end, its build is thrown away.

    With a `judge` both builds are compared first, row for row at one position, and he says whether they are swapped.
    The one that answered before is kept, so that it can be put back. Where it `parks`, what the fold or the table does
    not take is put aside with its keys, and what was skipped in this version of the fold is left out; else it fails.

    With `until` it goes up to that position, where the one that answers now must stand, and not beyond it; nothing is
    kept then. What is `folded` up to there already is taken as it is.

    Where it was `asked` for by an event, it is kept with the swap that this has been done.

    Memory: about 1 kB a row of the view, of which no more than `most` are in memory, and what a batch adds. Where there
    are more, all events are read again for each share of the keys; several processes share `most` among them.
    """

    def __init__(
        self,
        view: Projection,
        ledger: Ledger,
        ledger_url: str,
        database_url: str,
        *,
        report: Report | None = None,
        stop: Event | None = None,
        hands: Hands | None = None,
        judge: Judge | None = None,
        asked: UUID | None = None,
        until: int | None = None,
        folded: Table | None = None,
        parks: bool = True,
        most: int = MOST_ROWS,
    ) -> None:
        self.view = view
        self.ledger = ledger
        self.wire = Wire(ledger_url)
        self.source = Source(ledger.afresh(), self.wire, view)  # Who was erased by another process is closed.
        self.session = Session(database_url, f"rebuild of {view.name}")
        self.report = report
        self.stop = stop or Event()
        self.hands = hands
        self.judge = judge
        self.asked = asked
        self.until = until
        self.folded = folded
        self.most = most
        self.place = Place(view, 0, 0, of_build=True, parks=parks)
        self.phase = ""
        self.total = 0
        self.started = self.reported = time.monotonic()

    def run(self) -> None:
        """Raises AlreadyRebuilding, Stopped, FoldFailed, Corrupt, ReadsUnavailable or Unavailable; RowRefused where it
        does not park.
        """
        try:
            prepare(self.session)
            if not self.session.take(f"build {self.view.name}"):
                raise AlreadyRebuilding(f"{self.view.name} is being rebuilt by another process")
            self.started = self.reported = time.monotonic()
            self.begin()
            try:
                self.fill()
                self.catch_up()
                if self.is_wanted():
                    self.catch_up()
                    self.swap()
            finally:
                with suppress(ReadsUnavailable):  # What is left over now, the next rebuild throws away.
                    if self.session.take(f"build {self.view.name}"):  # With a connection that was lost, it was, too.
                        self.clean()
        finally:
            self.session.close()
            self.wire.close()

    # Steps

    def begin(self) -> None:
        """Throw away what an earlier attempt has left, and say that this one is under way."""
        ensure(self.session, self.view)
        self.clean()
        self.total = self.last()
        with self.session.transaction() as cursor:
            self.place.build, self.place.position = 1 + max(tables(cursor, self.view)), 0
            if self.place.parks:
                know_aside(cursor, self.place)
            cursor.execute(
                "INSERT INTO views.builds (name, build, until) VALUES (%s, %s, %s)",
                [self.view.name, self.place.build, self.total],
            )

    def fill(self) -> None:
        """Fold everything in memory, and copy it into a new table."""
        if (
            self.folded is not None
            or self.hands is None
            or self.place.skipped  # What is left out is told in one place.
            or not self.hands.are_worth(self.total)
        ):
            self.fill_here()
        else:
            try:
                self.fill_by(self.hands)
            except (NotFolded, psycopg2.IntegrityError) as no:  # It is done here, or fails here too and says why.
                why = str(no) if isinstance(no, NotFolded) else "rows of several parts have one key"
                log.warning("a view is folded by one process instead of several", view=self.view.name, why=why)
                self.begin()
                self.fill_here()

    def fill_by(self, hands: Hands) -> None:
        with self.session.transaction() as cursor:
            cursor.execute(sql.create_table(self.view, self.place.build))
        hands.fold(self.view, self.place.build, self.total, self.most, lambda at: self.tell("folding", at))
        with self.session.transaction() as cursor:
            self.finish(cursor, self.total)
        self.filled(self.total)

    def fill_here(self) -> None:
        copied = 0
        refused: set[Key] = set()

        def copy_more(table: Table) -> None:
            nonlocal copied
            try:
                with self.session.transaction() as cursor:
                    if copied == 0:
                        cursor.execute(sql.create_table(self.view, self.place.build))
                    copy(cursor, self.view, self.place.build, table, frozen=copied == 0)
            except RowRefused:
                if not self.place.parks:
                    raise
                with self.session.transaction() as cursor:
                    if copied == 0:
                        cursor.execute(sql.create_table(self.view, self.place.build))
                    refused.update(copy_taken(cursor, self.view, self.place.build, table))
            copied += 1

        with unhindered():
            if self.folded is not None:
                copy_more(self.folded)
            else:
                batches = partial(self.source.batches, 0, self.total)
                tell = partial(self.tell, "folding")
                fold_in_shares(self.view, batches, self.total, self.most, copy_more, tell, self.folding)
        with self.session.transaction() as cursor:
            self.finish(cursor, self.total)
        if refused:
            self.fill_up(refused)
        self.filled(self.total)

    def fill_up(self, keys: set[Key]) -> None:
        """Of keys whose rows are refused, those are folded and written one after the other, as a worker does who comes
        by: so each is parked where it is there. It takes another pass over all events.
        """
        aside = Aside(skipped=self.place.skipped)
        for told in self.source.batches(0, self.total):
            with self.session.transaction() as cursor:
                mine = [each for each in told if may_concern(keys.__contains__, self.view, each)]
                fold_singly(cursor, self.place, mine, aside, keys)
                put_aside(cursor, self.place, aside.parked)
            log_parked(self.view, aside.parked)
            self.place.parked = True
            aside.parked.clear()
            self.tell("folding one by one", told[-1][0])

    def folding(self) -> Fold:
        """How a share is folded. What waits for its keys is put aside at once: it may be a great deal. It is the same
        in another pass, for a key that was left to that in the middle of this one.
        """
        if not self.place.parks:
            return Table.fold
        aside = Aside(skipped=self.place.skipped)

        def fold(table: Table, told: Sequence[Told]) -> None:
            table.fold_aside(told, aside)
            if aside.parked:
                with self.session.transaction() as cursor:
                    put_aside(cursor, self.place, aside.parked)
                log_parked(self.view, aside.parked)
                self.place.parked = True
                aside.parked.clear()

        return fold

    def finish(self, cursor: Cursor, reached: int) -> None:
        move(cursor, self.place, reached)
        for statement in sql.create_indexes(self.view, self.place.build):
            cursor.execute(statement)
        cursor.execute(FEWER_SAMPLES)
        cursor.execute(f"ANALYZE {sql.table(self.view, self.place.build)}")

    def filled(self, reached: int) -> None:
        self.place.position = reached
        self.tell("copied", reached)

    def catch_up(self) -> None:
        """Fold what has been written meanwhile, in batches like any other, until next to nothing is left."""
        while (last := self.last()) > self.place.position + NEAR:
            told = self.source.read(self.place.position, last, STEP)
            until = told[-1][0] if len(told) == STEP else last
            advance(self.session, self.place, self.source, told, until)
            self.total = last
            self.tell("catching up", until)

    def is_wanted(self) -> bool:
        """Whether it may answer, as who asked for it judges when he sees how it compares."""
        if self.judge is None:
            return True
        self.tell("comparing", self.place.position)
        wanted = self.judge(self.compared())
        self.judge = None
        return wanted

    def compared(self) -> Compared:
        """In one snapshot, which has both at one position; the one that answers goes on meanwhile."""
        with self.session.transaction() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            old = self.answering(cursor)
            self.reach(cursor, old.position)
            return compare(cursor, self.view, old, self.place.build)

    def swap(self) -> None:
        """Let this build answer, not behind the one before. Readers finish first what they have begun."""
        reached = self.place.position

        def go_on() -> None:
            nonlocal reached
            self.place.position = reached
            self.rest(0.2)
            self.catch_up()
            reached = self.place.position

        patiently(self.swap_now, go_on)

    def swap_now(self) -> None:
        with self.session.transaction() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            old = self.answering(cursor, lock=True)
            self.reach(cursor, old.position)
            for statement in sql.show(self.view, self.place.build):
                cursor.execute(statement)
            cursor.execute(
                "UPDATE views.tracking SET version = %s, fingerprint = %s, build = %s, position = %s, error = NULL,"
                " failures = 0, retry_at = NULL, updated_at = now() WHERE name = %s",
                [self.view.version, self.view.fingerprint, self.place.build, self.place.position, self.view.name],
            )
            cursor.execute(sql.TOLD_ANEW, [self.view.name, self.place.position + 1])
            cursor.execute("DELETE FROM views.builds WHERE name = %s", [self.view.name])
            take_up(cursor, self.view, self.view.fingerprint)
            if self.asked is not None:
                seconds = time.monotonic() - self.started
                note_done(cursor, self.asked, Done(self.view.name, self.place.position, seconds))
            if self.until is None and old.position > 0 and not self.view.inward:
                keep(cursor, self.view, old)
        self.tell("done", self.place.position)

    def clean(self) -> None:
        """Drop every table of the view but the one that answers, and the one that did before; and what was put aside of
        them.
        """
        with self.session.transaction() as cursor:
            cursor.execute("DELETE FROM views.builds WHERE name = %s", [self.view.name])
            needed = {each.build for each in (self.answering(cursor), kept(cursor, self.view)) if each is not None}
            for build in tables(cursor, self.view):
                if build not in needed:
                    cursor.execute(f"DROP TABLE {sql.table(self.view, build)}")
            drop_all_but(cursor, self.view, needed)

    # On the way

    def answering(self, cursor: Cursor, *, lock: bool = False) -> Tracked:
        found = tracked(cursor, self.view, lock=lock)
        assert found is not None, "a view is there before it is rebuilt"
        return found

    def last(self) -> int:
        """Up to where it goes: the end of the ledger, which moves on, or a position that was given; before it is
        compared, no further than the one that answers.
        """
        if self.judge is not None:
            with self.session.transaction() as cursor:
                return self.answering(cursor).position
        return self.ledger.last_position() if self.until is None else self.until

    def reach(self, cursor: Cursor, position: int) -> None:
        """Fold the last events up to a position, in a transaction in which nothing moves on. Where the ledger has been
        put back to an earlier state, it does not go beyond that.
        """
        position = min(position, self.ledger.last_position())
        while self.place.position < position:
            told = self.source.read(self.place.position, position, STEP)
            until = told[-1][0] if len(told) == STEP else position
            step_within(cursor, self.place, self.source, told, until)
            self.place.position = until

    def tell(self, phase: str, done: int) -> None:
        """Say how far it has come, to whoever watches here and to `views status`. Ends when it is told to."""
        if self.stop.is_set():
            raise Stopped(f"the rebuild of {self.view.name} was stopped at position {done}")
        now, entered = time.monotonic(), phase != self.phase
        if now < self.reported + REPORT_SECONDS and phase != "done" and not entered:
            return
        self.note(phase, done)
        if now < self.reported + REPORT_SECONDS and phase != "done":
            return
        self.reported = now
        if self.report is not None:
            self.report(Progress(phase, done, max(self.total, done), now - self.started))

    def note(self, phase: str, done: int) -> None:
        """For who asks how the views are, in another process."""
        self.phase = phase
        position = done if phase == "folding" else None  # Later on it moves with the rows.
        with self.session.transaction() as cursor:
            self.place.position = self.place.position if position is None else position
            cursor.execute(
                "UPDATE views.builds SET position = coalesce(%s, position), phase = %s, updated_at = now()"
                " WHERE name = %s",
                [position, phase, self.view.name],
            )

    def rest(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped(f"the rebuild of {self.view.name} was stopped")


def patiently(swap: Callable[[], None], meanwhile: Callable[[], None]) -> None:
    """Swap as soon as readers let go. Between two attempts there is something to be done."""
    patience = time.monotonic() + SWAP_SECONDS
    while True:
        try:
            swap()
        except ReadsUnavailable as busy:
            if not isinstance(busy.__cause__, psycopg2.errors.LockNotAvailable) or time.monotonic() > patience:
                raise
        else:
            return
        meanwhile()
