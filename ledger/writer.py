"""One writer a process: whoever is waiting goes into the next batch together."""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from enum import Enum
from itertools import islice
from threading import Lock, Thread
from time import perf_counter
from typing import Generic, TypeVar

from ledger.store import Busy, Sent, Unavailable

A = TypeVar("A")
R = TypeVar("R")
Results = list[R | Exception]
Loop = asyncio.AbstractEventLoop

SLOW_SECONDS = 1.0  # A commit that takes longer is waited for aside.


class QueueFull(Exception):
    """So many are waiting that another would only wait in vain; try again in a moment."""


class Closed(Exception):
    """The writer is being stopped and takes nothing more."""


PASSING = (Unavailable, Busy, QueueFull)
"""What is over in a moment: it may be tried again."""


class Pause(Enum):
    """Why the processing of a batch pauses."""

    ASIDE = "what comes next may have to wait for the ledger: it is done on a thread, and others are served meanwhile"
    HERE = "what comes next only computes: it is done in the event loop, where nobody else gets in its way"
    READY = "the batch is ready to be written, as soon as the one before it has been"


Steps = Generator[Pause | Sent, None, Sequence[R | Exception]]
Process = Callable[[Sequence[A]], Steps[R] | Sequence[R | Exception]]


class Group(Generic[A, R]):
    """Items that stay together and in order, and who waits for their results.

    Nothing of it is written when the group that it comes `after` has met with a failure that passes: whoever cares for
    an order tries both again.
    """

    __slots__ = ("after", "failure", "items", "waiter")

    def __init__(
        self,
        items: Sequence[A],
        waiter: Future[R] | asyncio.Future[Results[R]],
        after: "Group[A, R] | None" = None,
    ) -> None:
        self.items = items
        self.waiter = waiter
        self.after = after
        self.failure: Exception | None = None

    def is_orphan(self) -> bool:
        return self.after is not None and self.after.failure is not None


def started(process: Process[A, R], items: Sequence[A]) -> Steps[R]:
    found = process(items)
    return (yield from found) if isinstance(found, Generator) else found


class Work(Generic[A, R]):
    """A batch that is being processed, step by step."""

    def __init__(self, process: Process[A, R], batch: Sequence[Group[A, R]]) -> None:
        items = [item for group in batch for item in group.items]
        self.batch = batch
        self.size = len(items)
        self.begin = perf_counter()
        self.results: Sequence[R | Exception] = ()
        self.pause: Pause | Sent | None = None  # None: it is over, and there is a result for each, whatever happened.
        self.answered = self.slow = False
        self.steps = started(process, items)
        self.advance()

    def advance(self) -> None:
        try:
            self.pause = next(self.steps)
        except StopIteration as end:
            self.end(end.value)
        except BaseException as bug:  # noqa: BLE001 - whoever waits must not wait for ever, nor after a panic.
            self.end([bug if isinstance(bug, Exception) else RuntimeError(repr(bug))] * self.size)

    def end(self, results: Sequence[R | Exception]) -> None:
        complete = len(results) == self.size
        self.results = results if complete else [RuntimeError("not each item has its result")] * self.size
        self.pause = None


class GroupWriter(Generic[A, R]):
    """Hands whatever is waiting to `process` as one batch, in the order of arrival.

    `process` answers each item with a result or an exception. Where it is a generator, it pauses when a batch is ready
    to be written, and again with what it has sent: meanwhile the next batch is made ready, as soon as at least
    `worthwhile` items are waiting. `bound` limits how many may wait, `largest` how many go into one batch. `observe` is
    told of each batch how many it held, and the seconds.

    All of this happens in one event loop, `home`: that of the server, which hears of every answer without a thread
    being woken, or one on a thread of its own. Whatever has to wait for the ledger is done aside, on another thread.
    """

    def __init__(
        self,
        process: Process[A, R],
        *,
        home: Loop | None = None,
        bound: int = 4096,
        largest: int = 256,
        worthwhile: int = 16,
    ) -> None:
        self.process = process
        self.bound = bound
        self.largest = largest
        self.worthwhile = worthwhile
        self.observe: Callable[[int, float], None] = lambda _items, _seconds: None
        self.waiting: deque[Group[A, R]] = deque()
        self.length = 0  # Items in `waiting`.
        self.least = 1  # So many must be waiting for the bell to be rung.
        self.lock = Lock()
        self.bell = asyncio.Event()
        self.closing = False
        self.batches = self.items = self.refused = 0
        self.aside = ThreadPoolExecutor(1, "group-writer-aside")
        self.home = home or asyncio.new_event_loop()
        self.task = self.home.create_task(self.run())
        self.thread = None if home else Thread(target=self.live, name="group-writer", daemon=True)
        if self.thread is not None:
            self.thread.start()

    # Asking

    def submit(self, item: A) -> Future[R]:
        """Put an item in line. Raises QueueFull, which is counted, rather than let the line grow without end."""
        future: Future[R] = Future()
        self.put(Group((item,), future))
        return future

    async def ask(self, item: A) -> R:
        """The result for one item, from a coroutine."""
        (result,) = await self.ask_all((item,))
        if isinstance(result, Exception):
            raise result
        return result

    def ask_all(self, items: Sequence[A]) -> asyncio.Future[Results[R]]:
        """The results for some items that stay together and in order, at most `largest`, for a coroutine."""
        waiter: asyncio.Future[Results[R]] = asyncio.get_running_loop().create_future()
        self.put(Group(items, waiter))
        return waiter

    def put(self, group: Group[A, R]) -> None:
        size = len(group.items)
        assert size <= self.largest, f"{size} are more than one batch"
        with self.lock:
            if self.closing:
                raise Closed("the writer is being stopped")
            if self.length + size > self.bound:
                self.refused += size
                raise QueueFull(f"{self.length} commands are waiting already")
            self.waiting.append(group)
            enough = self.length < self.least <= self.length + size
            self.length += size
        if enough:
            self.ring()

    def ring(self) -> None:
        if asyncio._get_running_loop() is self.home:  # noqa: SLF001 - the one way to ask without an exception.
            self.bell.set()
        else:
            self.home.call_soon_threadsafe(self.bell.set)

    # Closing

    def close(self) -> None:
        """Finish what is waiting, and take nothing more. From another thread than that of `home`."""
        assert asyncio._get_running_loop() is not self.home, "in its own loop it would wait for itself"  # noqa: SLF001
        if not self.stop():
            return
        if self.thread is None:
            asyncio.run_coroutine_threadsafe(self.ended(), self.home).result()
        else:
            self.thread.join()

    async def aclose(self) -> None:
        """The same from a coroutine of `home`."""
        if self.stop():
            await self.ended()

    async def ended(self) -> None:
        await self.task

    def stop(self) -> bool:
        with self.lock:
            first, self.closing = not self.closing, True
        if first:
            self.ring()
        return first

    def live(self) -> None:
        self.home.run_until_complete(self.task)
        self.home.close()

    # Batches

    async def run(self) -> None:
        under_way: Work[A, R] | None = None
        while True:
            batch = await self.next_batch(under_way)
            if not batch and under_way is None:
                self.aside.shutdown()
                return
            work = await self.made_ready(batch) if batch else None
            if under_way is not None:
                await self.finish(under_way)
            if work is not None and any(group.is_orphan() for group in work.batch):
                work.steps.close()
                work = await self.made_ready(work.batch)
            under_way = work
            if work is not None:
                await self.send(work)
                if work.pause is None:
                    self.end(work)
                    under_way = None

    async def next_batch(self, under_way: Work[A, R] | None) -> list[Group[A, R]]:
        """Wait until enough are waiting for a batch: one, or, as long as another is under way, so many that it is worth
        their while. A few that have come meanwhile go with those who come with its end. Of many, half go first, so that
        the other half is made ready while they are being written.
        """
        least = 1 if under_way is None else self.worthwhile
        while not self.is_enough(least) and not self.closing and (under_way is None or not under_way.answered):
            await self.bell.wait()
            self.bell.clear()
        batch: list[Group[A, R]] = []
        size = 0
        with self.lock:
            if self.length < least:
                return batch
            most = self.largest
            if under_way is None and self.length >= 2 * self.worthwhile:
                most = min(most, max(self.length // 2, len(self.waiting[0].items)))
            while self.waiting and size + len(self.waiting[0].items) <= most:
                batch.append(self.waiting.popleft())
                size += len(batch[-1].items)
            self.length -= size
            return batch

    def is_enough(self, least: int) -> bool:
        with self.lock:
            self.least = least
            return self.length >= least

    async def made_ready(self, batch: Sequence[Group[A, R]]) -> Work[A, R] | None:
        wanted = []
        for group in batch:
            if group.after is not None and group.after.failure is not None:
                self.answer([group], [group.after.failure] * len(group.items))
            else:
                wanted.append(group)
        if not wanted:
            return None
        work = Work(self.process, wanted)
        while isinstance(work.pause, Pause) and work.pause is not Pause.READY:
            await self.go_on(work)
        return work

    async def go_on(self, work: Work[A, R]) -> None:
        if work.pause is Pause.ASIDE:
            await self.home.run_in_executor(self.aside, work.advance)
        else:
            work.advance()

    async def send(self, work: Work[A, R]) -> None:
        """Go on with a batch that was ready, until it is under way, or over."""
        while isinstance(work.pause, Pause):
            await self.go_on(work)
        if work.pause is None:
            return
        place = work.pause.answers_on()
        if place is None:
            work.answered = True
            return
        late = self.home.call_later(SLOW_SECONDS, self.heard, work, place)
        self.home.add_reader(place, self.heard, work, place, late)

    def heard(self, work: Work[A, R], place: int, late: asyncio.TimerHandle | None = None) -> None:
        """There is an answer; or there has been none for so long."""
        self.home.remove_reader(place)
        if late is None:
            work.slow = True
        else:
            late.cancel()
        work.answered = True
        self.bell.set()

    async def finish(self, work: Work[A, R]) -> None:
        while not work.answered:
            await self.bell.wait()
            self.bell.clear()
        if work.slow:
            await self.home.run_in_executor(self.aside, work.advance)
        else:
            work.advance()
        while work.pause is not None:
            await self.go_on(work)
        self.end(work)

    def end(self, work: Work[A, R]) -> None:
        self.batches += 1
        self.items += work.size
        self.observe(work.size, perf_counter() - work.begin)
        self.answer(work.batch, work.results)

    def answer(self, batch: Sequence[Group[A, R]], found: Sequence[R | Exception]) -> None:
        """Give everybody the own results; an event loop is woken once for all of its coroutines."""
        results = iter(found)
        elsewhere: dict[Loop, list[tuple[asyncio.Future[Results[R]], Results[R]]]] = {}
        for group in batch:
            given = list(islice(results, len(group.items)))
            group.failure = next((each for each in given if isinstance(each, PASSING)), None)
            group.after = None
            waiter = group.waiter
            if isinstance(waiter, Future):
                (result,) = given
                if not waiter.set_running_or_notify_cancel():
                    continue
                if isinstance(result, Exception):
                    waiter.set_exception(result)
                else:
                    waiter.set_result(result)
            elif (loop := waiter.get_loop()) is not self.home:
                elsewhere.setdefault(loop, []).append((waiter, given))
            elif not waiter.done():  # Who has given up is not answered; what was asked is done all the same.
                waiter.set_result(given)
        for loop, ready in elsewhere.items():
            with suppress(RuntimeError):  # The loop is closed, and nobody waits there any more.
                loop.call_soon_threadsafe(settle, ready)


def settle(ready: list[tuple[asyncio.Future[Results[R]], Results[R]]]) -> None:
    for future, results in ready:
        if not future.done():
            future.set_result(results)
