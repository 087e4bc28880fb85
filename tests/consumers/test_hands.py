"""A rebuild by several processes makes the same rows as one by one, or says why it did not."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from random import Random
from subprocess import Popen
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from consumers.hands import Hands, Premises, Work
from consumers.rebuild import Progress, Stopped
from ledger.scan import WHOLE
from projections import VIEWS, funnel
from tests.consumers.histories import any_history
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.memory import MASTER

pytestmark = pytest.mark.slow  # Processes that have to be started.


@pytest.fixture
def hands(house: House, seed: int) -> Iterator[Hands]:
    """Two, for which nothing is too little, and a history."""
    tell(house.ledger, *any_history(Random(seed), 600))
    house.worker()
    house.caught_up()
    with (
        patch("consumers.hands.WARM", 0),
        patch("consumers.hands.COLD", 0),
        closing(Hands(Premises(house.url, house.url, MASTER), count=2)) as found,
    ):
        yield found


def processes(hands: Hands) -> list[int]:
    """As the system has them, without those that have ended."""
    found = []
    for each in hands.processes:
        each.poll()
        if each.returncode is None:
            found.append(each.pid)
    return found


def test_several_processes_make_the_same_rows_as_one(house: House, hands: Hands) -> None:
    with capture_logs() as said:
        for view in VIEWS:
            live = house.rows(view)
            house.rebuild(view, hands=hands)
            assert house.rows(view) == live, view.name
    assert said == []
    assert len(processes(hands)) == 2


def test_little_is_folded_by_one(house: House, hands: Hands) -> None:
    with patch("consumers.hands.COLD", 1_000_000):
        house.rebuild(funnel, hands=hands)
        assert processes(hands) == []


def test_where_a_process_dies_it_is_done_by_one(house: House, hands: Hands) -> None:
    live = house.rows(funnel)
    hands.start()
    os.kill(processes(hands)[0], signal.SIGKILL)
    with capture_logs() as said:
        house.rebuild(funnel, hands=hands)
    assert [each["why"] for each in said] == ["a process has ended"]
    assert house.rows(funnel) == live
    assert len(house.tables(funnel)) == 2, "the one that answers, and the one before"
    with capture_logs() as said:
        house.rebuild(funnel, hands=hands)
    assert said == []
    assert house.rows(funnel) == live


def test_what_does_not_fit_into_memory_each_folds_in_shares(house: House, hands: Hands) -> None:
    told: list[Progress] = []
    for view in VIEWS:
        live = house.rows(view)
        with capture_logs() as said:
            house.rebuild(view, hands=hands, most=4, report=told.append)
        assert said == []
        assert house.rows(view) == live, view.name
    assert all(each.done <= each.total for each in told)


def test_where_no_process_can_be_started_it_is_done_by_one(house: House, hands: Hands) -> None:
    live = house.rows(funnel)
    started: list[Popen[bytes]] = []

    def one_and_no_more(*given: Any, **named: Any) -> Any:
        if started:
            raise BlockingIOError
        started.append(Popen(*given, **named))
        return started[0]

    with capture_logs() as said, patch("consumers.hands.subprocess.Popen", side_effect=one_and_no_more):
        house.rebuild(funnel, hands=hands)
    assert [each["why"] for each in said] == ["a process cannot be started"]
    assert started[0].wait(10) is not None
    assert house.rows(funnel) == live


def test_rows_that_are_told_twice_are_noticed_and_it_is_done_by_one(house: House, hands: Hands) -> None:
    live = house.rows(funnel)

    def everything(connection: Any, work: Work) -> None:
        connection.send(replace(work, part=WHOLE))

    with capture_logs() as said, patch("consumers.hands.give", side_effect=everything):
        house.rebuild(funnel, hands=hands)
    assert [each["why"] for each in said] == ["rows of several parts have one key"]
    assert house.rows(funnel) == live


def test_how_far_the_slowest_has_come_is_told(house: House, hands: Hands) -> None:
    told: list[Progress] = []
    with patch("consumers.rebuild.REPORT_SECONDS", 0.0):
        house.rebuild(funnel, hands=hands, report=told.append)
    assert {each.phase for each in told} == {"folding", "copied", "done"}
    positions = [each.done for each in told]
    assert positions == sorted(positions)
    assert positions[-1] == house.ledger.last_position()


def test_who_is_told_to_stop_leaves_nobody_at_work(house: House, hands: Hands) -> None:
    live, stop = house.rows(funnel), Event()
    stop.set()
    with pytest.raises(Stopped):
        house.rebuild(funnel, hands=hands, stop=stop)
    assert processes(hands) == []
    assert house.rows(funnel) == live
    assert len(house.tables(funnel)) == 1


def test_they_end_with_whoever_has_started_them(hands: Hands) -> None:
    hands.start()
    started = list(hands.processes)
    for connection in hands.connections:
        connection.close()
    assert [process.wait(60) for process in started] == [0, 0]
