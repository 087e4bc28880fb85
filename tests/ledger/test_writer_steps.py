"""A batch in steps: while one is being committed the next is made ready, and nothing holds the event loop up."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from select import select
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest
import uvloop

import ledger.writer
from ledger.store import Unavailable
from ledger.writer import Closed, Group, GroupWriter, Pause, Steps
from tests.ledger.test_writer import has_ended

HOME, ASIDE = "home", "aside"


class Letter:
    """A batch that is on its way. Its answer comes when it is told to."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)  # As libpq's are, and as libuv would make them.

    def comes(self) -> None:
        self.theirs.send(b"!")

    def answers_on(self) -> int | None:
        return self.ours.fileno()

    def result(self) -> Sequence[int] | None:
        select([self.ours], [], [], 5)
        self.ours.close()
        self.theirs.close()
        return []


class AtOnce(Letter):
    """Its answer is here before anybody asks."""

    def __init__(self) -> None:
        super().__init__()
        self.comes()

    def answers_on(self) -> None:
        pass


class Desk:
    """Settles each batch by letter, and notes what it does and on which thread; the answer to n is 10 n."""

    def __init__(self, kind: type[Letter] = Letter) -> None:
        self.kind = kind
        self.steps: list[tuple[str, list[int]]] = []
        self.threads: list[str] = []
        self.letters: list[Letter] = []

    def __call__(self, items: Sequence[int]) -> Steps[int]:
        self.note("ready", items)
        yield Pause.READY
        self.note("sent", items)
        letter = self.kind()
        self.letters.append(letter)
        yield letter
        letter.result()
        self.note("done", items)
        return [10 * item for item in items]

    def note(self, step: str, items: Sequence[int]) -> None:
        self.steps.append((step, list(items)))
        self.threads.append(HOME if current_thread() is main_thread() else ASIDE)

    def where(self, step: str) -> str:
        return next(thread for (noted, _), thread in zip(self.steps, self.threads, strict=True) if noted == step)


@dataclass
class InTime:
    """An event loop as the server has it: the writer lives in it, as do those who ask. None of them waits for ever."""

    loop: asyncio.Runner

    def run(self, what: Coroutine[Any, Any, None]) -> None:
        self.loop.run(asyncio.wait_for(what, 10))


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[InTime]:
    with asyncio.Runner(loop_factory=request.param) as loop:
        yield InTime(loop)


def at_home(process: Callable[[Sequence[int]], Any], **limits: Any) -> GroupWriter[int, int]:
    return GroupWriter(process, home=asyncio.get_running_loop(), **limits)


async def soon(what: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110 - what is waited for knows nothing of us.
            await asyncio.sleep(0.001)


async def a_while() -> None:
    """Long enough for whatever does not wait for something."""
    for _ in range(20):
        await asyncio.sleep(0.002)


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


# Closing


def test_a_writer_with_a_home_can_be_closed_from_another_thread(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk(AtOnce)
        writer = at_home(desk)
        asked = writer.ask_all([1])
        await asyncio.to_thread(writer.close)
        assert await asked == [10]
        assert writer.task.done()

    runner.run(run())


def test_closing_waits_for_the_batch_under_way_and_for_all_who_wait(runner: InTime) -> None:
    async def run() -> None:
        desk = Desk()
        writer = at_home(desk, worthwhile=3)
        asked = [writer.ask_all([1])]
        await soon(lambda: desk.letters)
        asked += [writer.ask_all([2]), writer.ask_all([3])]
        closing = asyncio.create_task(writer.aclose())
        await a_while()
        assert not closing.done()
        with pytest.raises(Closed):
            await writer.ask(4)
        desk.letters[0].comes()
        await soon(lambda: len(desk.letters) == 2)
        assert not closing.done()
        desk.letters[1].comes()
        await closing
        assert [future.result() for future in asked] == [[10], [20], [30]]
        assert writer.task.done()
        assert writer.aside._shutdown

    runner.run(run())


def test_an_idle_writer_at_home_closes_at_once_has_no_thread_and_twice_is_once(runner: InTime) -> None:
    async def run() -> None:
        writer = at_home(Desk())
        assert writer.thread is None
        await writer.aclose()
        await writer.aclose()
        assert writer.task.done()

    runner.run(run())


def test_a_writer_on_its_own_thread_closes_after_the_batch_under_way() -> None:
    desk = Desk()
    writer = GroupWriter(desk)
    asked = writer.submit(1)
    asyncio.run(soon(lambda: desk.letters))
    closing = Thread(target=writer.close)
    closing.start()
    asyncio.run(soon(lambda: writer.closing))
    with pytest.raises(Closed):
        writer.submit(2)
    closing.join(0.05)
    assert closing.is_alive()
    desk.letters[0].comes()
    closing.join()
    assert asked.result(0) == 10
    assert has_ended(writer)
