"""Does what operators have asked for in the ledger, and records what came of it.

What is under way, a subject's own state says; how far the ledger has been read is kept as for a policy. So whoever dies
in between, the next one finds what is left to do, and does nothing twice: a rebuild is marked as done with its swap, to
skip what is skipped changes nothing, and to try again does no harm.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, NoReturn
from uuid import UUID

import structlog

from commands.ask import Ask, CommandIdReused, Outcome
from commands.execute import Executor
from commands.inbound_topic import RecordMessageRequestFailed
from commands.read_model import RecordRequestFailed
from consumers.operating_topics import OnTopics
from consumers.operating_views import OnViews
from consumers.operating_words import CannotBeDone, NotYet
from consumers.process import derived, place_only
from consumers.rebuild import AlreadyRebuilding, Stopped
from consumers.session import ReadsUnavailable, Session
from consumers.tracking import Fenced, Place, described, ensure, move, prepare
from domain.actor import Actor
from domain.inbound_topic import MessageRetryRequested, MessageSkipRequested
from domain.read_model import RebuildRequested, RetryRequested, SkipRequested
from domain.values import FACT_NAMES
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.store import Busy, Unavailable
from ledger.writer import Closed, QueueFull

LEASE = "operations"
BATCH = 100
MOVE_SECONDS = 5.0  # Between notes of how far the ledger has been read, where nothing was asked.
AGAIN_SECONDS = 1.0  # Until what somebody else is at is tried again,
PATIENCE_SECONDS = 60.0  # and so long, before it is said that it cannot be done.
SERVICE = Actor(kind="policy", id="operations", name="operations", role="policy")
ASKED = (RebuildRequested, RetryRequested, SkipRequested, MessageRetryRequested, MessageSkipRequested)
TYPES = [FACT_NAMES[event] for event in ASKED]
READ = place_only("operations_forgets")
LATER = (ReadsUnavailable, Unavailable, Busy, QueueFull, Closed)

log = structlog.get_logger()


@dataclass(slots=True)
class Wanted:
    """What was asked, since when it has been tried, and when it is tried again."""

    recorded: Recorded
    since: float | None = None
    again_at: float = 0.0


class Operating:
    """One of all workers does this, on one thread, and rebuilds on another."""

    def __init__(
        self, ledger: Ledger, executor: Executor, views: OnViews, topics: OnTopics, database_url: str, stop: Event
    ) -> None:
        self.ledger = ledger
        self.executor = executor
        self.views = views
        self.topics = topics
        self.session = Session(database_url, "operations")
        self.stop = stop
        self.place: Place | None = None
        self.seen = 0
        self.moves_at = 0.0
        self.wanted: list[Wanted] = []
        self.threads = ThreadPoolExecutor(1, thread_name_prefix="asked")
        self.rebuilding: tuple[UUID, Future[Any]] | None = None
        self.ways: Mapping[type, Callable[[Recorded], Any]] = {
            RetryRequested: views.retry,
            SkipRequested: views.skip,
            MessageRetryRequested: topics.retry,
            MessageSkipRequested: topics.skip,
        }

    def close(self) -> None:
        """Without a connection there is no lease, and others may do all this meanwhile. A rebuild goes on."""
        self.session.close()
        self.views.close()
        self.topics.close()
        self.place, self.wanted = None, []

    def end(self) -> None:
        """A rebuild under way is undone; `stop` has been set."""
        self.threads.shutdown(cancel_futures=True)
        self.close()

    def round(self) -> bool:
        """Read on, do what is to be done, and answer whether there is more at once."""
        if not self.session.take(LEASE):
            return False
        if self.place is None:
            self.begin()
        self.read()
        if self.rebuilding is not None and self.rebuilding[0] not in {each.recorded.event_id for each in self.wanted}:
            self.rebuilding = None  # Another worker has answered it meanwhile.
        left = [each for each in self.wanted if not self.is_settled(each)]
        done = len(left) < len(self.wanted)
        self.wanted = left
        self.note(at_once=done)
        return done

    # How far

    def begin(self) -> None:
        prepare(self.session)
        found = ensure(self.session, READ)
        self.place = Place(READ, found.build, found.position)
        if found.position > self.ledger.last_position():  # It has been put back to an earlier state.
            self.move(self.place, 0)
        self.seen, self.wanted = self.place.position, []

    def read(self) -> None:
        last = self.ledger.last_position()
        while self.seen < last:
            found = self.ledger.events(self.seen, BATCH, types=TYPES, until=last)
            self.wanted += map(Wanted, found)
            self.seen = last if len(found) < BATCH else found[-1].position

    def note(self, *, at_once: bool) -> None:
        """So far nothing is left to do."""
        assert self.place is not None
        until = min((each.recorded.position - 1 for each in self.wanted), default=self.seen)
        if until > self.place.position and (at_once or self.moves_at < time.monotonic()):
            self.moves_at = time.monotonic() + MOVE_SECONDS
            try:
                self.move(self.place, until)
            except Fenced:
                self.close()

    def move(self, place: Place, until: int) -> None:
        with self.session.transaction() as cursor:
            move(cursor, place, until)
        place.position = until

    # What

    def is_settled(self, wanted: Wanted) -> bool:
        """Whether nothing is left to do for it."""
        recorded = wanted.recorded
        if wanted.again_at > time.monotonic():
            return False
        if not self.is_under_way(recorded):
            return True
        try:
            command = self.came(recorded)
        except LATER:
            raise
        except Stopped:
            return False
        except (AlreadyRebuilding, Fenced, NotYet) as busy:
            if not self.is_over(wanted):
                return False
            command = failed(recorded, str(busy))
        except CannotBeDone as no:
            command = failed(recorded, str(no))
        except Exception as bug:  # noqa: BLE001 - whatever is wrong with one, the others are done.
            command = failed(recorded, described(bug))
        if command is not None:
            self.send(recorded, command)
        return command is not None

    def is_over(self, wanted: Wanted) -> bool:
        """Whether it has been tried for long enough; else it is tried again."""
        now = time.monotonic()
        wanted.since = wanted.since or now
        wanted.again_at = now + AGAIN_SECONDS
        return now > wanted.since + PATIENCE_SECONDS

    def came(self, recorded: Recorded) -> Any:
        """The command that says what came of it; None as long as a rebuild is not over, or waits for another one."""
        if not isinstance(recorded.event, RebuildRequested):
            return self.ways[type(recorded.event)](recorded)
        if self.rebuilding is None:
            future = self.threads.submit(self.views.rebuild, recorded, self.stop)
            self.rebuilding = recorded.event_id, future
            return None
        asked, future = self.rebuilding
        if not future.done() or asked != recorded.event_id:
            return None
        self.rebuilding = None
        return future.result()

    def is_under_way(self, recorded: Recorded) -> bool:
        state: Any = self.executor.state(recorded.stream).state
        return state.request(recorded.event.number) is not None

    def send(self, recorded: Recorded, command: Any) -> None:
        """Its id derives from what was asked: of two workers that have done it, the first one says what came of it."""
        ask = Ask(
            command,
            derived(LEASE, recorded.event_id, "outcome"),
            SERVICE,
            correlation_id=recorded.correlation_id,
            causation_id=recorded.event_id,
        )
        (answer,) = self.executor([ask])
        match answer:
            case Outcome(refusal=None):
                log.info("what was asked for is done", subject=recorded.stream, outcome=type(command).__name__)
            case Outcome(refusal=no) | (CommandIdReused() as no):
                log.warning("what came of it is not recorded", subject=recorded.stream, refusal=type(no).__name__)
            case Exception() as problem:
                raise_it(problem)


def raise_it(problem: Exception) -> NoReturn:
    raise problem


def failed(recorded: Recorded, because: str) -> Any:
    event = recorded.event
    log.error("what was asked for cannot be done", subject=recorded.stream, because=because)
    if isinstance(event, MessageRetryRequested | MessageSkipRequested):
        return RecordMessageRequestFailed(topic=event.topic, number=event.number, because=because)
    return RecordRequestFailed(view_name=event.view_name, number=event.number, because=because)
