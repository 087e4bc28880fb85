"""One writer a process: whoever is waiting goes into the next batch together."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class QueueFull(Exception):
    """So many are waiting that another would only wait in vain; try again in a moment."""


class Closed(Exception):
    """The writer is being stopped and takes nothing more."""


class GroupWriter(Generic[A, R]):
    """Hands whatever is waiting to `process` as one batch, in the order of arrival, on a thread of its own.

    `process` answers each item of a batch with a result or an exception and does not raise. `bound` limits how many
    may wait, `largest` how many go into one batch.
    """

    def __init__(
        self,
        process: Callable[[Sequence[A]], Sequence[R | Exception]],
        *,
        bound: int = 4096,
        largest: int = 256,
    ) -> None:
        self.process = process
        self.bound = bound
        self.largest = largest
        self.waiting: list[tuple[A, Future[R]]] = []
        self.changed = Condition()
        self.closing = False
        self.batches = self.items = self.refused = 0
        self.thread = Thread(target=self.run, name="group-writer", daemon=True)
        self.thread.start()

    def submit(self, item: A) -> Future[R]:
        """Put an item in line. Raises QueueFull, which is counted, rather than let the line grow without end."""
        future: Future[R] = Future()
        with self.changed:
            if self.closing:
                raise Closed("the writer is being stopped")
            if len(self.waiting) >= self.bound:
                self.refused += 1
                raise QueueFull(f"{self.bound} commands are waiting already")
            self.waiting.append((item, future))
            if len(self.waiting) == 1:
                self.changed.notify()
        return future

    async def ask(self, item: A) -> R:
        """The result for one item, from a coroutine."""
        return await asyncio.wrap_future(self.submit(item))

    def close(self) -> None:
        """Finish what is waiting, and take nothing more."""
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    def run(self) -> None:
        while batch := self.next_batch():
            self.batches += 1
            self.items += len(batch)
            try:
                results = self.process([item for item, _ in batch])
            except Exception as bug:  # noqa: BLE001 - whoever waits must not wait for ever.
                results = [bug] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    def next_batch(self) -> list[tuple[A, Future[R]]]:
        with self.changed:
            while not self.waiting and not self.closing:
                self.changed.wait()
            batch, self.waiting = self.waiting[: self.largest], self.waiting[self.largest :]
            return batch
