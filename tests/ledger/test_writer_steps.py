"""A batch in steps: while one is being committed the next is made ready, and nothing holds the event loop up."""

import asyncio
from collections.abc import Sequence
from threading import Event, current_thread, main_thread

import pytest

import ledger.writer
from ledger.writer import Pause, Steps
from tests.ledger.letters import ASIDE, HOME, AtOnce, Desk, InTime, Letter, a_while, at_home, soon


def test_the_next_batch_is_made_ready_while_one_is_under_way_and_sent_after_it(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk()
        writer = at_home(desk, worthwhile=2)
        first = writer.ask_all([1])
        await soon(lambda: desk.letters)
        second = writer.ask_all([2, 3])
        await soon(lambda: ("ready", [2, 3]) in desk.steps)
        await a_while()
        assert len(desk.letters) == 1, "one is under way at a time"
        assert not first.done()
        desk.letters[0].comes()
        assert await first == [10]
        await soon(lambda: len(desk.letters) == 2)
        desk.letters[1].comes()
        assert await second == [20, 30]
        steps = [step for step, items in desk.steps]
        assert steps == ["ready", "sent", "ready", "done", "sent", "done"]
        assert (writer.batches, writer.items) == (2, 3)
        await writer.aclose()

    runner.run(run())


def test_a_few_wait_for_more_while_a_batch_is_under_way_and_go_when_it_is_over(runner: InTime) -> None:
    """The bell is rung for so many as are worth their while."""

    async def run() -> None:
        desk = Desk()
        writer = at_home(desk, worthwhile=3)
        asked = [writer.ask_all([1])]
        await soon(lambda: desk.letters)
        asked += [writer.ask_all([2]), writer.ask_all([3])]
        await a_while()
        assert ("ready", [2, 3]) not in desk.steps
        asked.append(writer.ask_all([4]))
        await soon(lambda: ("ready", [2, 3, 4]) in desk.steps)
        asked.append(writer.ask_all([5]))
        desk.letters[0].comes()
        await soon(lambda: len(desk.letters) == 2)
        await a_while()
        assert ("ready", [5]) not in desk.steps
        desk.letters[1].comes()
        await soon(lambda: len(desk.letters) == 3)
        desk.letters[2].comes()
        assert await asyncio.gather(*asked) == [[10 * n] for n in range(1, 6)]
        await writer.aclose()

    runner.run(run())


def test_of_many_who_come_at_once_half_are_written_while_the_others_are_made_ready(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk()
        writer = at_home(desk, worthwhile=2)
        asked = [writer.ask_all([n]) for n in range(1, 9)]
        await soon(lambda: ("ready", [5, 6, 7, 8]) in desk.steps)
        assert desk.steps == [("ready", [1, 2, 3, 4]), ("sent", [1, 2, 3, 4]), ("ready", [5, 6, 7, 8])]
        desk.letters[0].comes()
        await soon(lambda: len(desk.letters) == 2)
        desk.letters[1].comes()
        assert await asyncio.gather(*asked) == [[10 * n] for n in range(1, 9)]
        await writer.aclose()

    runner.run(run())


@pytest.mark.parametrize("kind", [Letter, AtOnce])
def test_an_answer_that_comes_soon_is_read_where_the_writer_lives(runner: InTime, kind: type[Letter]) -> None:
    async def run() -> None:
        desk = Desk(kind)
        writer = at_home(desk)
        asked = writer.ask_all([1])
        await soon(lambda: desk.letters)
        if kind is Letter:
            desk.letters[0].comes()
        assert await asked == [10]
        assert desk.threads == [HOME] * 3
        await writer.aclose()

    runner.run(run())


def test_an_answer_that_is_slow_is_waited_for_aside(runner: InTime, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may never come: then somebody has to sit there until patience ends, and that is not the server."""
    monkeypatch.setattr(ledger.writer, "SLOW_SECONDS", 0.05)

    async def run() -> None:
        desk = Desk()
        writer = at_home(desk, worthwhile=1)
        asked = [writer.ask_all([1])]
        await soon(lambda: desk.letters)
        await asyncio.sleep(0.1)
        await a_while()
        assert not asked[0].done()
        desk.letters[0].comes()
        assert await asked[0] == [10]
        assert desk.where("done") == ASIDE
        asked.append(writer.ask_all([2]))
        await soon(lambda: len(desk.letters) == 2)
        desk.letters[1].comes()
        assert await asked[1] == [20]
        assert desk.threads[-1] == HOME, "the next one is not slow"
        await writer.aclose()

    runner.run(run())


def test_what_may_take_time_is_done_aside_and_others_are_served_meanwhile(runner: InTime) -> None:
    go, threads = Event(), list[str]()

    def process(items: Sequence[int]) -> Steps[int]:
        threads.append(current_thread().name)
        yield Pause.ASIDE
        assert go.wait(5)
        threads.append(current_thread().name)
        yield Pause.READY
        threads.append(current_thread().name)
        yield Pause.ASIDE
        threads.append(current_thread().name)
        return [10 * item for item in items]

    async def run() -> None:
        writer = at_home(process)
        asked = writer.ask_all([1])
        await a_while()
        assert not asked.done()
        go.set()
        assert await asked == [10]
        home, first, then, last = threads
        assert home == then == main_thread().name
        assert first == last == f"{writer.aside._thread_name_prefix}_0"
        await writer.aclose()

    runner.run(run())


def test_what_follows_an_answer_is_done_aside_before_the_next_batch_is_sent(runner: InTime) -> None:
    """So it is when a batch must be decided again under the lock."""
    go = Event()

    class Again(Desk):
        def __call__(self, items: Sequence[int]) -> Steps[int]:
            given = yield from super().__call__(items)
            if items[0] == 1:
                yield Pause.ASIDE
                assert go.wait(5)
                self.note("again", items)
            return given

    async def run() -> None:
        desk = Again()
        writer = at_home(desk, worthwhile=1)
        first = writer.ask_all([1])
        await soon(lambda: desk.letters)
        second = writer.ask_all([2])
        await soon(lambda: ("ready", [2]) in desk.steps)
        desk.letters[0].comes()
        await a_while()
        assert len(desk.letters) == 1
        go.set()
        assert await first == [10]
        assert desk.where("again") == ASIDE
        await soon(lambda: len(desk.letters) == 2)
        desk.letters[1].comes()
        assert await second == [20]
        assert desk.steps.index(("again", [1])) < desk.steps.index(("sent", [2]))
        await writer.aclose()

    runner.run(run())


def test_a_step_that_only_computes_is_done_at_home(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk(AtOnce)

        def process(items: Sequence[int]) -> Steps[int]:
            yield Pause.ASIDE
            desk.note("waited", items)
            yield Pause.HERE
            desk.note("computed", items)
            return (yield from desk(items))

        writer = at_home(process)
        assert await writer.ask(1) == 10
        assert (desk.where("waited"), desk.where("computed")) == (ASIDE, HOME)
        await writer.aclose()

    runner.run(run())
