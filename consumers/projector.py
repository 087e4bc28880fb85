"""Keeps the views up with the ledger: each in batches, one transaction for the rows and the position.

Several processes share the views by leases. Where a fold fails, or a row is refused, the event is parked with its keys
and tried again; all other keys go on. Where nobody knows whom it concerns, the view stands still, says so and is tried
again; the others go on. A view whose table or fold is of another version is rebuilt.
"""

import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import structlog

from consumers.advance import advance
from consumers.amiss import is_spoilt
from consumers.dead_letters import due, know_aside
from consumers.gone import forget_what_left
from consumers.hands import Hands
from consumers.kept import is_given_up
from consumers.partitioned import fed_from
from consumers.rebuild import AlreadyRebuilding, Judge, Rebuild, Report, Stopped
from consumers.retry import retry
from consumers.session import ReadsUnavailable, Session
from consumers.source import Source
from consumers.status import ViewStatus, status
from consumers.tending import filled, look_after, tend
from consumers.tracking import LONGEST_WAIT, Fenced, Place, Tracked, described, ensure, fail, pass_over, prepare
from ledger.feed import Waker
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.store import Busy, Unavailable
from projections.folding import FoldFailed
from projections.projection import Projection

__all__ = ["Projector", "ViewStatus", "rebuild", "status"]

BATCH = 1_000
FAR = 20_000  # A view that is new, and so far behind, is rebuilt instead of followed.
LEASE_SECONDS = 2.0  # Between attempts to take over a view that another process has.
FORGET_SECONDS = 60.0  # Between looks at what need not be kept any more.
PROMPT_SECONDS = 0.04  # Between turns of a view for which people wait.
REST_SECONDS = 0.5  # After a server was lost.
TEND_SECONDS = 0.1  # Between moves of positions of views that are folded elsewhere,
LOOK_AFTER_SECONDS = 1.0  # and looks whether they are.
RETRY_SECONDS = 0.5  # Between looks which dead letters are to be tried again,
RETRIES = 20  # and so many keys of a view at a time, so that what is new does not wait for them.

log = structlog.get_logger()


@dataclass(slots=True)
class Follower:
    """A view that this process keeps up."""

    place: Place
    source: Source
    limit: int = BATCH
    careful_until: int = 0  # Up to here event by event, to find the one that fails.
    rests_until: float = 0.0
    apart: bool = False  # It is folded by partitions, elsewhere.


@dataclass(slots=True)
class Waiting:
    """A view that this process does not keep up, at the moment."""

    look_again_at: float = 0.0
    rebuild: Future[None] | None = None
    failures: int = 0
    followed: bool = False  # Since this process began.


@dataclass
class Projector:
    """One worker. `run` returns soon after `stop` is set, with the batch under way finished."""

    views: Sequence[Projection]
    ledger: Ledger
    ledger_url: str
    database_url: str
    hands: Hands | None = None
    batch: int = BATCH
    apart: Collection[str] = frozenset()
    """Views whose events come by partitions, and are folded by members of a group."""
    following: dict[str, Follower] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    forgets_at: float = 0.0
    prompt_again_at: float = 0.0
    retries_at: float = 0.0
    looks_after_at: float = 0.0

    def __post_init__(self) -> None:
        self.session = Session(self.database_url, "projector")
        self.wire = Wire(self.ledger_url)
        self.waker = Waker(self.ledger_url)
        self.rebuilds = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rebuild")
        self.stop = Event()

    def run(self, stop: Event) -> None:
        self.stop = stop
        prepared = False
        try:
            while not stop.is_set():
                try:
                    if not prepared:
                        prepare(self.session)
                        prepared = True
                    busy = self.round()
                except (ReadsUnavailable, Unavailable, Busy) as gone:
                    log.warning("the projector waits for its servers", error=type(gone).__name__)
                    self.let_go()
                    stop.wait(REST_SECONDS)
                else:
                    if not busy:
                        self.waker.wait(stop)
        finally:
            self.rebuilds.shutdown(cancel_futures=True)
            self.let_go()
            self.wire.close()
            self.waker.close()

    def let_go(self) -> None:
        """Without a connection there are no leases, and others may have moved the views meanwhile."""
        self.session.close()
        self.following.clear()

    # One round over all views

    def round(self) -> bool:
        """Bring every view one batch further; whether there is more to do at once."""
        last = self.ledger.last_position()
        busy = self.take_one(last)
        idle: list[Follower] = []
        for view in self.views:
            self.promptly()
            busy |= self.turn(view, last, idle)
        if idle:
            self.pass_over(idle, last)
        if self.apart:
            busy |= self.tend(last)
        if self.forgets_at < time.monotonic():
            self.forgets_at = time.monotonic() + FORGET_SECONDS
            forget_what_left(self.session)
        self.retry()
        return busy

    def promptly(self) -> None:
        """A view that somebody sits in front of has a turn between those of others, if its last is some time ago."""
        if self.prompt_again_at > time.monotonic():
            return
        last = self.ledger.last_position()
        idle: list[Follower] = []
        for view in self.views:
            if view.prompt:
                self.turn(view, last, idle)
        if idle:
            self.pass_over(idle, last)
        self.prompt_again_at = time.monotonic() + PROMPT_SECONDS

    def turn(self, view: Projection, last: int, idle: list[Follower]) -> bool:
        """A step of a view that is ours, is behind and does not rest; whether there is more to do at once."""
        follower = self.following.get(view.name)
        if follower is None or follower.apart or follower.place.position >= last:
            return False
        if follower.rests_until >= time.monotonic():
            return False
        return self.step(follower, last, idle)

    def step(self, follower: Follower, last: int, idle: list[Follower]) -> bool:
        """Fold the next batch of a view; whether there is another one."""
        place = follower.place
        try:
            told = follower.source.read(place.position, last, follower.limit)
            if not told:
                idle.append(follower)
                return False
            whole = len(told) == follower.limit
            advance(self.session, place, follower.source, told, told[-1][0] if whole else last)
        except Fenced:
            self.following.pop(place.view.name)  # It is looked at again, and followed where it is now.
            return True
        except (ReadsUnavailable, Unavailable, Busy):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one view, the others go on.
            return self.failed(follower, error, last)
        if place.position >= follower.careful_until:
            follower.limit = self.batch
        return whole

    def failed(self, follower: Follower, error: Exception, last: int) -> bool:
        """Go on event by event, so that all before the one that fails are folded; at that one, stand still."""
        view = follower.place.view
        if follower.limit > 1:
            follower.limit, follower.careful_until = 1, last
            return True
        following = self.ledger.rows.select_rows(follower.place.position, 1, types=follower.source.following.names)
        position = following[0].notification_id if following else None
        failures = fail(self.session, view, position, error)
        follower.rests_until = time.monotonic() + min(2**failures, LONGEST_WAIT)
        log.error("a view stands still", view=view.name, error=described(error, position))
        return False

    def pass_over(self, idle: Sequence[Follower], last: int) -> None:
        """Nothing that these views read has happened, and that is worth knowing to who waits for them.

        Who has had another turn since stands where that has brought him, and is never taken back.
        """
        places = [
            each.place
            for each in idle
            if each.place.position < last and self.following.get(each.place.view.name) is each
        ]
        try:
            pass_over(self.session, places, last)
        except Fenced:
            for place in places:
                self.following.pop(place.view.name)

    def tend(self, last: int) -> bool:
        """Views that are folded elsewhere, and are ours to look after; whether one of them is on its way."""
        apart = [each for each in self.following.values() if each.apart]
        if self.looks_after_at < time.monotonic():
            known = filled(self.session, self.wire)
            for each in list(apart):
                if (found := look_after(self.session, each.place, known)) != "well":
                    apart.remove(each)
                    self.following.pop(each.place.view.name)
                    if found == "amiss":
                        self.begin_rebuild(each.place.view)
            self.looks_after_at = time.monotonic() + LOOK_AFTER_SECONDS
        tend(self.session, [each.place for each in apart])
        if behind := any(each.place.position < last for each in apart):
            self.stop.wait(TEND_SECONDS)
        return behind

    def retry(self) -> None:
        """Try again what is due of the dead letters; nobody is asked where there are none."""
        parked = [follower for follower in self.following.values() if follower.place.parked]
        if not parked or self.retries_at > time.monotonic():
            return
        for follower in parked:
            for key in due(self.session, follower.place, RETRIES):
                if self.stop.is_set():
                    return
                try:
                    retry(self.session, follower.place, follower.source, key)
                except Fenced:
                    self.following.pop(follower.place.view.name)
                    break
        self.retries_at = time.monotonic() + RETRY_SECONDS

    # Which views are ours

    def take_one(self, last: int) -> bool:
        """Take over one view that nobody keeps up, so that workers that start together share them."""
        for view in self.views:
            waiting = self.waiting.setdefault(view.name, Waiting())
            if view.name in self.following or waiting.look_again_at > time.monotonic():
                continue
            if waiting.rebuild is not None and not waiting.rebuild.done():
                continue
            waiting.look_again_at = time.monotonic() + LEASE_SECONDS
            if self.session.take(f"view {view.name}"):
                self.take(view, waiting, last)
                return True
        return False

    def take(self, view: Projection, waiting: Waiting, last: int) -> None:
        """With the lease in hand: follow the view, or rebuild it first where it is of another version than ours."""
        found = ensure(self.session, view)
        same = found.fingerprint == view.fingerprint
        if waiting.rebuild is not None:
            rebuild, waiting.rebuild = waiting.rebuild, None
            if (error := rebuild.exception()) is not None:
                self.rebuild_failed(view, waiting, error)
                return
            waiting.failures = 0
        if found.version > view.version or (not same and (waiting.followed or is_given_up(self.session, view))):
            log.warning("another version of the service keeps this view", view=view.name, version=found.version)
            waiting.look_again_at = time.monotonic() + LONGEST_WAIT
            self.session.give_back(f"view {view.name}")
        elif not same or (found.position == 0 and last > FAR) or self.is_amiss(view, found):
            self.begin_rebuild(view)
        else:
            source = self.sources.get(view.name) or Source(self.ledger, self.wire, view)
            self.sources[view.name] = source
            place = Place(view, found.build, found.position)
            with self.session.transaction() as cursor:
                know_aside(cursor, place)
            self.following[view.name] = Follower(place, source, self.batch, apart=view.name in self.apart)
            waiting.followed = True

    def is_amiss(self, view: Projection, found: Tracked) -> bool:
        """Where partitions have fed it, some of its rows are ahead of its position, and nobody can go on from there by
        the ledger. Where it is beyond the end of the ledger, that has been put back to an earlier state.
        """
        with self.session.transaction() as cursor:
            if is_spoilt(cursor, view, found.build) if view.name in self.apart else fed_from(cursor, view, found.build):
                return True
        return found.position > self.ledger.last_position()

    def begin_rebuild(self, view: Projection) -> None:
        log.info("a view is being rebuilt", view=view.name, version=view.version)
        self.waiting[view.name].rebuild = self.rebuilds.submit(self.rebuild, view)

    def rebuild(self, view: Projection) -> None:
        try:
            rebuild(view, self.ledger, self.ledger_url, self.database_url, stop=self.stop, hands=self.hands)
        finally:
            if self.hands is not None:
                self.hands.close()

    def rebuild_failed(self, view: Projection, waiting: Waiting, error: BaseException) -> None:
        """Try again later, and let others try."""
        waiting.failures += 1
        waiting.look_again_at = time.monotonic() + min(2**waiting.failures, LONGEST_WAIT)
        self.session.give_back(f"view {view.name}")
        if isinstance(error, AlreadyRebuilding | Stopped | ReadsUnavailable | Unavailable | Busy):
            return
        fail(self.session, view, error.position if isinstance(error, FoldFailed) else None, error)
        log.error("a view cannot be rebuilt", view=view.name, error=described(error))


def rebuild(
    view: Projection,
    ledger: Ledger,
    ledger_url: str,
    database_url: str,
    *,
    report: Report | None = None,
    stop: Event | None = None,
    hands: Hands | None = None,
    judge: Judge | None = None,
) -> None:
    """Rebuild a view while the present one answers, and put it in its place; see Rebuild.run for what it raises."""
    Rebuild(view, ledger, ledger_url, database_url, report=report, stop=stop, hands=hands, judge=judge).run()
