"""One writer a process: whoever is waiting goes into the next batch together."""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from threading import Condition, Thread
from time import perf_counter
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")
Results = list[R | Exception]


class QueueFull(Exception):
    """So many are waiting that another would only wait in vain; try again in a moment."""


class Closed(Exception):
    """The writer is being stopped and takes nothing more."""


class Waiter(Generic[R]):
    """A coroutine that waits for the results of what it has asked, in its own event loop."""

    __slots__ = ("future", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Results[R]] = self.loop.create_future()


Line = list[tuple[Sequence[A], Future[R] | Waiter[R]]]
Steps = Generator[None, None, Sequence[R | Exception]]
Process = Callable[[Sequence[A]], Steps[R] | Sequence[R | Exception]]


def started(process: Process[A, R], items: Sequence[A]) -> Steps[R]:
    found = process(items)
    return (yield from found) if isinstance(found, Generator) else found


class Work(Generic[A, R]):
    """A batch that is being processed, step by step."""

    def __init__(self, process: Process[A, R], batch: Line[A, R]) -> None:
        items = [item for group, _ in batch for item in group]
        self.batch = batch
        self.size = len(items)
        self.begin = perf_counter()
        self.results: Sequence[R | Exception] = ()
        self.over = False
        self.steps = started(process, items)
        self.advance()

    def advance(self) -> bool:
        """Go on to the next pause; False when there are results, which are there for each, whatever happens."""
        if not self.over:
            try:
                next(self.steps)
            except StopIteration as end:
                self.results, self.over = end.value, True
            except BaseException as bug:  # noqa: BLE001 - whoever waits must not wait for ever, nor after a panic.
                found = bug if isinstance(bug, Exception) else RuntimeError(repr(bug))
                self.results, self.over = [found] * self.size, True
            if self.over and len(self.results) != self.size:
                self.results = [RuntimeError("not each item has its result")] * self.size
        return not self.over


class GroupWriter(Generic[A, R]):
    """Hands whatever is waiting to `process` as one batch, in the order of arrival, on a thread of its own.

    `process` answers each item with a result or an exception. Where it is a generator, it pauses when a batch is ready
    to be written, and again when it is being committed: meanwhile the next batch is made ready, if at least
    `worthwhile` items are waiting. `bound` limits how many may wait, `largest` how many go into one batch.
    `observe` is told of each batch how many it held, and the seconds.
    """

    def __init__(
        self,
        process: Process[A, R],
        *,
        bound: int = 4096,
        largest: int = 256,
        worthwhile: int = 16,
    ) -> None:
        self.process = process
        self.worthwhile = worthwhile
        self.bound = bound
        self.largest = largest
        self.observe: Callable[[int, float], None] = lambda _items, _seconds: None
        self.waiting: deque[tuple[Sequence[A], Future[R] | Waiter[R]]] = deque()
        self.length = 0  # Items in `waiting`.
        self.changed = Condition()
        self.closing = False
        self.batches = self.items = self.refused = 0
        self.thread = Thread(target=self.run, name="group-writer", daemon=True)
        self.thread.start()

    def submit(self, item: A) -> Future[R]:
        """Put an item in line. Raises QueueFull, which is counted, rather than let the line grow without end."""
        future: Future[R] = Future()
        self.put((item,), future)
        return future

    async def ask(self, item: A) -> R:
        """The result for one item, from a coroutine."""
        (result,) = await self.ask_all((item,))
        if isinstance(result, Exception):
            raise result
        return result

    async def ask_all(self, items: Sequence[A]) -> Results[R]:
        """The results for some items that stay together and in order, at most `largest`, from a coroutine."""
        assert len(items) <= self.largest, f"{len(items)} are more than one batch"
        waiter: Waiter[R] = Waiter()
        self.put(items, waiter)
        return await waiter.future

    def put(self, items: Sequence[A], waiter: Future[R] | Waiter[R]) -> None:
        with self.changed:
            if self.closing:
                raise Closed("the writer is being stopped")
            if self.length + len(items) > self.bound:
                self.refused += len(items)
                raise QueueFull(f"{self.length} commands are waiting already")
            self.waiting.append((items, waiter))
            self.length += len(items)
            if len(self.waiting) == 1:
                self.changed.notify()

    def close(self) -> None:
        """Finish what is waiting, and take nothing more."""
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    def run(self) -> None:
        under_way: Work[A, R] | None = None
        while True:
            # A few that have come meanwhile wait for the commit, and for those that come with its end.
            batch = self.next_batch(least=1 if under_way is None else self.worthwhile, wait=under_way is None)
            if not batch and under_way is None:
                return
            work = Work(self.process, batch) if batch else None
            if under_way is not None:
                self.finish(under_way)
            under_way = work
            if work is not None and not work.advance():
                self.finish(work)
                under_way = None

    def finish(self, work: "Work[A, R]") -> None:
        while work.advance():
            pass
        self.batches += 1
        self.items += work.size
        self.observe(work.size, perf_counter() - work.begin)
        self.answer(work.batch, iter(work.results))

    def next_batch(self, *, least: int, wait: bool) -> Line[A, R]:
        batch: Line[A, R] = []
        size = 0
        with self.changed:
            while wait and not self.waiting and not self.closing:
                self.changed.wait()
            if self.length < least:
                return batch
            while self.waiting and size + len(self.waiting[0][0]) <= self.largest:
                batch.append(self.waiting.popleft())
                size += len(batch[-1][0])
            self.length -= size
            return batch

    def answer(self, batch: Line[A, R], results: Iterator[R | Exception]) -> None:
        """Give everybody the own results; an event loop is woken once for all of its coroutines."""
        loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Results[R]], Results[R]]]] = {}
        for items, waiter in batch:
            given = list(islice(results, len(items)))
            if isinstance(waiter, Waiter):
                loops.setdefault(waiter.loop, []).append((waiter.future, given))
                continue
            (result,) = given
            if not waiter.set_running_or_notify_cancel():
                continue
            if isinstance(result, Exception):
                waiter.set_exception(result)
            else:
                waiter.set_result(result)
        for loop, ready in loops.items():
            with suppress(RuntimeError):  # The loop is closed, and nobody waits there any more.
                loop.call_soon_threadsafe(settle, ready)


def settle(ready: list[tuple[asyncio.Future[Results[R]], Results[R]]]) -> None:
    for future, results in ready:
        if not future.done():  # Who has given up is not answered; what was asked is done all the same.
            future.set_result(results)
