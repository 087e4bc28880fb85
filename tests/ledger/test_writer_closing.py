"""A writer that closes answers everybody who has asked, and leaves nothing behind."""

import asyncio
from threading import Thread

import pytest

from ledger.writer import Closed, GroupWriter
from tests.ledger.letters import AtOnce, Desk, InTime, a_while, at_home, soon
from tests.ledger.test_writer import has_ended


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
