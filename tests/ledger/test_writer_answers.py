"""Whatever breaks while batches are under way, everybody is answered, wherever he asks and whoever gives up."""

import asyncio
from collections.abc import Sequence
from threading import Thread

import pytest

from ledger.store import Unavailable
from ledger.writer import Group, Pause, Steps
from tests.ledger.letters import AtOnce, Desk, InTime, at_home, soon

BREAKS = ["ready", "sent", "done", "short", "aside"]


@pytest.mark.parametrize("where", BREAKS)
def test_whatever_step_breaks_everybody_is_answered_and_the_writer_lives_on(runner: InTime, where: str) -> None:
    class Breaking(Desk):
        def __call__(self, items: Sequence[int]) -> Steps[int]:
            given = yield from super().__call__(items)
            if items[0] < 0 and where == "aside":
                yield Pause.ASIDE
                raise KeyError("aside")
            return given[:-1] if items[0] < 0 and where == "short" else given

        def note(self, step: str, items: Sequence[int]) -> None:
            super().note(step, items)
            if items[0] < 0 and step == where:
                raise KeyError(step)

    async def run() -> None:
        desk = Breaking(AtOnce)
        writer = at_home(desk, worthwhile=1)
        wrong, fine = await asyncio.gather(writer.ask_all([-1, 2]), writer.ask_all([3]))
        assert [type(each) for each in wrong] == [RuntimeError if where == "short" else KeyError] * 2
        assert fine == [30]
        await writer.aclose()

    runner.run(run())


def test_who_asks_in_another_loop_or_on_a_thread_is_answered_there(runner: InTime) -> None:
    answers: list[object] = []

    async def run() -> None:
        writer = at_home(Desk(AtOnce))
        visitor = Thread(target=lambda: answers.append(asyncio.run(writer.ask(1))))
        waiting = Thread(target=lambda: answers.append(writer.submit(2).result(5)))
        for thread in (visitor, waiting):
            thread.start()
        assert await writer.ask(3) == 30
        await soon(lambda: len(answers) == 2)
        for thread in (visitor, waiting):
            thread.join()
        await writer.aclose()

    runner.run(run())
    assert sorted(map(str, answers)) == ["10", "20"]


def test_who_gives_up_in_the_same_loop_stops_nobody_else(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk()
        writer = at_home(desk)
        gone, stays = writer.ask_all([1]), writer.ask_all([2])
        await soon(lambda: desk.letters)
        gone.cancel()
        desk.letters[0].comes()
        assert await stays == [20]
        assert ("done", [1, 2]) in desk.steps, "what was asked is done all the same"
        await writer.aclose()

    runner.run(run())


# Groups in an order


def test_nothing_is_written_of_what_comes_after_a_failure_that_passes(runner: InTime) -> None:
    """It was ready already; what was made ready with it and depends on nobody is made ready anew, and written."""

    class Lost(Desk):
        def __call__(self, items: Sequence[int]) -> Steps[int]:
            answers = yield from super().__call__(items)
            return [Unavailable("away") if item == 1 else answer for item, answer in zip(items, answers, strict=True)]

    async def run() -> None:
        desk = Lost()
        writer = at_home(desk, worthwhile=2)
        groups = in_a_row([1], [2], [3])
        writer.put(groups[0])
        await soon(lambda: desk.letters)
        writer.put(groups[1])
        stranger = writer.ask_all([4])
        await soon(lambda: ("ready", [2, 4]) in desk.steps)
        writer.put(groups[2])
        desk.letters[0].comes()
        await soon(lambda: len(desk.letters) == 2)
        desk.letters[1].comes()
        assert await stranger == [40]
        for group in groups:
            assert isinstance(group.waiter, asyncio.Future)
            (answer,) = await group.waiter
            assert isinstance(answer, Unavailable)
        assert [items for step, items in desk.steps if step == "sent"] == [[1], [4]]
        await writer.aclose()

    runner.run(run())


def test_what_comes_after_something_that_is_done_is_done(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk(AtOnce)
        writer = at_home(desk)
        for group in (groups := in_a_row([1], [-1], [3])):
            writer.put(group)
        await writer.ask(4)
        assert [items for step, items in desk.steps if step == "done"] == [[1, -1, 3, 4]]
        assert [group.after for group in groups] == [None] * 3, "no chain is kept of all there ever were"
        await writer.aclose()

    runner.run(run())


def in_a_row(*items: Sequence[int]) -> list[Group[int, int]]:
    groups: list[Group[int, int]] = []
    for each in items:
        groups.append(Group(each, asyncio.get_running_loop().create_future(), groups[-1] if groups else None))
    return groups
