"""The one writer of a process: what waits together is written together, and everybody is answered."""

import asyncio
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any

import pytest

from ledger.writer import Closed, GroupWriter, QueueFull


class Gate:
    """Processes batches one by one, each when it is let through; the answer to n is 10 n."""

    def __init__(self, *, open_: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.entered, self.go = Event(), Event()
        if open_:
            self.go.set()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(items))
        self.entered.set()
        assert self.go.wait(10)
        return [ValueError(str(item)) if item < 0 else 10 * item for item in items]


def blocked(**limits: Any) -> tuple[Gate, GroupWriter[int, int], Any]:
    """A writer whose first batch, of one item, is under way and does not end before `go` is set."""
    gate = Gate()
    writer = GroupWriter(gate, **limits)
    first = writer.submit(0)
    gate.entered.wait()
    return gate, writer, first


def has_ended(writer: GroupWriter[int, int]) -> bool:
    return writer.thread is not None and not writer.thread.is_alive()


def test_what_waits_together_is_written_together_and_in_order() -> None:
    gate, writer, first = blocked(worthwhile=50)
    futures = [writer.submit(item) for item in range(1, 100)]
    gate.go.set()
    assert [future.result() for future in futures] == [10 * item for item in range(1, 100)]
    assert first.result() == 0
    assert gate.batches == [[0], list(range(1, 100))]
    assert (writer.batches, writer.items) == (2, 100)
    writer.close()


def test_of_many_half_go_first_as_long_as_both_halves_are_worth_their_while() -> None:
    gate, writer, _ = blocked(worthwhile=10)
    futures = [writer.submit(item) for item in range(1, 51)]
    gate.go.set()
    assert [future.result() for future in futures] == [10 * item for item in range(1, 51)]
    assert gate.batches == [[0], [*range(1, 26)], [*range(26, 38)], [*range(38, 51)]]
    writer.close()


def test_many_who_belong_together_are_not_halved() -> None:
    gate, writer, _ = blocked(worthwhile=2)

    async def run() -> list[list[int | Exception]]:
        asked = [writer.ask_all([1, 2, 3, 4]), writer.ask_all([5])]
        gate.go.set()
        async with asyncio.timeout(5):
            return list(await asyncio.gather(*asked))

    assert asyncio.run(run()) == [[10, 20, 30, 40], [50]]
    writer.close()
    assert gate.batches == [[0], [1, 2, 3, 4], [5]]


def test_a_batch_has_a_largest_size() -> None:
    gate, writer, _ = blocked(largest=4)
    futures = [writer.submit(item) for item in range(1, 11)]
    gate.go.set()
    writer.close()
    assert [len(batch) for batch in gate.batches] == [1, 4, 4, 2]
    assert all(future.done() for future in futures)


def test_whoever_comes_when_too_many_wait_is_turned_away_and_counted() -> None:
    gate, writer, _ = blocked(bound=3)
    futures = [writer.submit(item) for item in (1, 2, 3)]
    for _ in range(2):
        with pytest.raises(QueueFull):
            writer.submit(4)
    assert writer.refused == 2
    gate.go.set()
    assert [future.result() for future in futures] == [10, 20, 30]
    assert writer.submit(5).result() == 50, "there is room again"
    writer.close()
    assert [item for batch in gate.batches for item in batch] == [0, 1, 2, 3, 5]


def test_several_that_do_not_all_fit_are_turned_away_together() -> None:
    gate, writer, _ = blocked(bound=3)

    async def run() -> None:
        waiting = writer.ask_all([1, 2])
        with pytest.raises(QueueFull):
            await writer.ask_all([3, 4])
        gate.go.set()
        assert await waiting == [10, 20]

    asyncio.run(run())
    writer.close()
    assert writer.refused == 2
    assert gate.batches == [[0], [1, 2]]


def test_several_stay_together() -> None:
    gate, writer, _ = blocked(largest=4)

    async def run() -> list[list[int | Exception]]:
        asked = [writer.ask_all([n, n + 1, n + 2]) for n in (1, 5)]
        gate.go.set()
        return list(await asyncio.gather(*asked))

    assert asyncio.run(run()) == [[10, 20, 30], [50, 60, 70]]
    writer.close()
    assert gate.batches == [[0], [1, 2, 3], [5, 6, 7]]


def test_closing_finishes_what_waits_and_takes_nothing_more() -> None:
    gate, writer, _ = blocked(largest=2)
    futures = [writer.submit(item) for item in range(1, 8)]
    closing = Thread(target=writer.close)
    closing.start()
    while not writer.closing:
        pass
    with pytest.raises(Closed):
        writer.submit(9)
    gate.go.set()
    closing.join()
    assert [future.result(timeout=0) for future in futures] == [10 * item for item in range(1, 8)]
    assert has_ended(writer)


def test_an_idle_writer_closes_at_once_and_twice_is_once() -> None:
    writer = GroupWriter(Gate(open_=True))
    writer.close()
    writer.close()
    assert has_ended(writer)


def test_an_error_is_the_answer_to_its_own_item_only() -> None:
    gate, writer, _ = blocked()
    good, bad, better = (writer.submit(item) for item in (1, -2, 3))
    gate.go.set()
    assert (good.result(), better.result()) == (10, 30)
    with pytest.raises(ValueError, match="-2"):
        bad.result()

    async def run() -> list[int | Exception]:
        with pytest.raises(ValueError, match="-7"):
            await writer.ask(-7)
        return await writer.ask_all([1, -1])

    ten, wrong = asyncio.run(run())
    assert ten == 10
    assert isinstance(wrong, ValueError)
    writer.close()


class Panic(BaseException):
    """As libraries written in Rust raise it: not an Exception."""


def breaks(items: Sequence[str]) -> list[str | Exception]:
    match items[0]:
        case "bug":
            raise KeyError("bug")
        case "panic":
            raise Panic
        case "short":
            return []
        case "long":
            return [*items, *items]
        case _:
            return list(items)


@pytest.mark.parametrize("how", ["bug", "panic", "short", "long"])
def test_a_processor_that_breaks_answers_everybody_and_the_writer_lives_on(how: str) -> None:
    writer = GroupWriter(breaks)
    with pytest.raises(Exception, match=r"bug|Panic|result"):
        writer.submit(how).result(timeout=5)
    with pytest.raises(Exception, match=r"bug|Panic|result"):
        asyncio.run(writer.ask(how))
    assert writer.submit("fine").result(timeout=5) == "fine"
    writer.close()


def test_whoever_gives_up_waiting_stops_nobody_else() -> None:
    gate, writer, _ = blocked()
    gone, stays = writer.submit(1), writer.submit(2)
    assert gone.cancel()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.ask(3), 0.01)
        left = asyncio.create_task(writer.ask(4))
        await asyncio.sleep(0)
        gate.go.set()
        assert await left == 40

    asyncio.run(run())
    assert stays.result(timeout=5) == 20
    assert writer.submit(5).result(timeout=5) == 50
    writer.close()
    assert gate.batches == [[0], [1, 2, 3, 4], [5]], "what was asked is done all the same"


def test_a_loop_that_has_ended_stops_nobody_else() -> None:
    gate, writer, _ = blocked()

    async def leave() -> None:
        task = asyncio.create_task(writer.ask(1))
        await asyncio.sleep(0)
        del task

    asyncio.run(leave())
    gate.go.set()
    assert writer.submit(2).result(timeout=5) == 20
    writer.close()


def test_each_batch_is_observed() -> None:
    seen: list[tuple[int, float]] = []
    gate, writer, _ = blocked()
    writer.observe = lambda items, seconds: seen.append((items, seconds))
    futures = [writer.submit(item) for item in (1, 2, 3)]
    gate.go.set()
    assert [future.result() for future in futures] == [10, 20, 30]
    writer.close()
    assert [items for items, _ in seen] == [1, 3]
    assert all(seconds >= 0 for _, seconds in seen)


@pytest.mark.parametrize("ask", ["submit", "ask"])
def test_many_threads_are_each_answered_what_they_asked(ask: str) -> None:
    processed: list[int] = []

    def process(items: Sequence[int]) -> list[int | Exception]:
        processed.extend(items)
        return [10 * item for item in items]

    writer = GroupWriter(process)
    wrong: list[int] = []

    def by_future(start: int) -> None:
        wrong.extend(item for item in range(start, start + 200) if writer.submit(item).result() != 10 * item)

    def by_coroutine(start: int) -> None:
        async def run() -> None:
            found = await asyncio.gather(*(writer.ask(item) for item in range(start, start + 200)))
            wrong.extend(
                item for item, result in zip(range(start, start + 200), found, strict=True) if result != 10 * item
            )

        asyncio.run(run())

    run: Callable[[int], None] = by_future if ask == "submit" else by_coroutine
    threads = [Thread(target=run, args=(start,)) for start in range(0, 3200, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert not wrong
    assert sorted(processed) == list(range(3200))
    for start in range(0, 3200, 200):
        own = [item for item in processed if start <= item < start + 200]
        assert own == sorted(own), "each caller's order is kept"
