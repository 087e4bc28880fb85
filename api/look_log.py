"""How looks get into the access log: many at a time, by one thread; those at unmasked values before they are answered.

What waits is bounded: where the database is slow or away, whoever reads is kept waiting, and then is shown nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from time import monotonic

import structlog

from api.problems import LookNotRecorded
from ledger.looks import Look
from ledger.store import Unavailable
from ledger.writer import Closed

LOG = structlog.get_logger()

MOST_WAITING = 5_000
TOGETHER = 200  # Looks in one transaction.
SOON_SECONDS = 0.5  # In which a look at what everybody may see is written.
PATIENCE = 2.0  # Seconds that a reader waits for his look to be recorded.
AGAIN_SECONDS = 0.2
LAST_SECONDS = 5.0  # In which, at the end, the database has to take what is still waiting.

Add = Callable[[Sequence[Look]], None]


class LookLog:
    """One process's way into the access log; looks keep their order."""

    def __init__(self, add: Add, *, bound: int = MOST_WAITING, patience: float = PATIENCE) -> None:
        self.add = add
        self.bound = bound
        self.patience = patience
        self.changed = Condition()
        self.waiting: deque[tuple[Look, Future[None] | None]] = deque()
        self.urgent = 0  # How many of them somebody waits for.
        self.thread: Thread | None = None
        self.closing_at: float | None = None
        self.written = self.refused = self.lost = 0

    # By the event loop

    async def note(self, look: Look) -> None:
        """Have it written before long. Raises LookNotRecorded where too many are waiting, and do so for too long."""
        until = monotonic() + self.patience
        while not self.put(look, None):
            self.must_be_before(until)
            await asyncio.sleep(0.02)

    async def write(self, look: Look) -> None:
        """Have it written by the time that this comes back. Raises LookNotRecorded where it is not, in time."""
        until = monotonic() + self.patience
        done: Future[None] = Future()
        while not self.put(look, done):
            self.must_be_before(until)
            await asyncio.sleep(0.02)
        try:
            await asyncio.wait_for(asyncio.wrap_future(done), max(until - monotonic(), 0))
        except (TimeoutError, Unavailable):
            self.refused += 1
            raise LookNotRecorded from None

    def must_be_before(self, until: float) -> None:
        if monotonic() > until:
            self.refused += 1
            raise LookNotRecorded

    def put(self, look: Look, done: Future[None] | None) -> bool:
        """Whether there was room. Raises Closed."""
        with self.changed:
            if self.closing_at is not None:
                raise Closed("the service is being stopped")
            if len(self.waiting) >= self.bound:
                return False
            if self.thread is None:
                self.thread = Thread(target=self.run, name="looks", daemon=True)
                self.thread.start()
            self.waiting.append((look, done))
            self.urgent += done is not None
            if done is not None or len(self.waiting) in (1, TOGETHER):
                self.changed.notify()
        return True

    @property
    def length(self) -> int:
        return len(self.waiting)

    def close(self) -> None:
        """Write what is waiting, and take nothing more."""
        with self.changed:
            self.closing_at = monotonic()
            self.changed.notify()
        if self.thread is not None:
            self.thread.join()

    # By the thread

    def run(self) -> None:
        while batch := self.next():
            try:
                self.add([look for look, _ in batch])
            except Unavailable as away:
                self.put_back(batch, away)
            except Exception as bug:  # noqa: BLE001 - one that cannot be written must not stop all others.
                self.one_by_one(batch, bug)
            else:
                self.done(batch)

    def next(self) -> list[tuple[Look, Future[None] | None]]:
        """What is written together; nothing when there is nothing more to come."""
        with self.changed:
            self.changed.wait_for(lambda: self.waiting or self.closing_at is not None)
            self.changed.wait_for(self.is_time, SOON_SECONDS)
            batch = [self.waiting.popleft() for _ in range(min(TOGETHER, len(self.waiting)))]
            self.urgent -= sum(done is not None for _, done in batch)
            return batch

    def is_time(self) -> bool:
        return self.urgent > 0 or self.closing_at is not None or len(self.waiting) >= TOGETHER

    def done(self, batch: Sequence[tuple[Look, Future[None] | None]]) -> None:
        self.written += len(batch)
        for _, done in batch:
            if done is not None and done.set_running_or_notify_cancel():
                done.set_result(None)

    def put_back(self, batch: Sequence[tuple[Look, Future[None] | None]], away: Unavailable) -> None:
        """Whoever waits is told, and shown nothing; the others are tried again, until it is too late for that."""
        for _, done in batch:
            if done is not None and done.set_running_or_notify_cancel():
                done.set_exception(away)
        kept = [each for each in batch if each[1] is None]
        with self.changed:
            if self.closing_at is not None and monotonic() > self.closing_at + LAST_SECONDS:
                self.lose(len(kept) + sum(done is None for _, done in self.waiting), away)
                for _, done in self.waiting:
                    if done is not None and done.set_running_or_notify_cancel():
                        done.set_exception(away)
                self.waiting.clear()
                return
            self.waiting.extendleft(reversed(kept))
            self.changed.wait_for(lambda: False, AGAIN_SECONDS)

    def one_by_one(self, batch: Sequence[tuple[Look, Future[None] | None]], bug: Exception) -> None:
        for each in batch if len(batch) > 1 else ():
            try:
                self.add([each[0]])
            except Unavailable as away:
                self.put_back([each], away)
            except Exception as his:  # noqa: BLE001 - as above.
                self.one_by_one([each], his)
            else:
                self.done([each])
        if len(batch) == 1:
            [(_, done)] = batch
            if done is None:
                self.lose(1, bug)
            elif done.set_running_or_notify_cancel():
                done.set_exception(Unavailable(type(bug).__name__))

    def lose(self, many: int, why: Exception) -> None:
        """What cannot be recorded is not passed over."""
        self.lost += many
        if many:
            LOG.error("looks lost", looks=many, error=type(why).__name__)
