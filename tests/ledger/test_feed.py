"""The feed tells everything that is written, in order, soon, and for ever."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest

from commands.service import open_ledger
from domain.lead.facts.work import LeadContacted
from domain.values import LeadId
from ledger import feed
from ledger.embedded import EmbeddedPostgres
from ledger.feed import Stretch, Waker, stretches
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.store import Unavailable
from tests.ledger.samples import batch, followed, lead_id, write
from tests.memory import MASTER, memory_ledger
from tests.servers import Server

pytestmark = pytest.mark.slow  # It waits for what takes its time.

FOLLOWED, CONTACTED = "lead.follow-up-logged", "lead.contacted"


def contacted(lead: LeadId) -> LeadContacted:
    return LeadContacted(lead_id=lead, from_="new")


@dataclass
class Follower:
    """Follows the ledger on a thread of its own."""

    ledger: Ledger
    waker: Waker
    after: int = 0
    types: Sequence[str] = ()
    limit: int = 1000
    seen: list[Stretch] = field(default_factory=list)
    times: dict[int, float] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)

    def follow(self) -> None:
        for stretch in stretches(self.ledger, self.waker, self.after, self.stop, types=self.types, limit=self.limit):
            self.times |= {event.position: time.monotonic() for event in stretch.events}
            self.seen.append(stretch)
        self.waker.close()

    @property
    def positions(self) -> list[int]:
        return [event.position for stretch in list(self.seen) for event in stretch.events]

    @property
    def until(self) -> int:
        return self.seen[-1].until if self.seen else self.after


def waits_for(what: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.002)
    return what()


@contextmanager
def following(follower: Follower) -> Iterator[Follower]:
    thread = Thread(target=follower.follow)
    thread.start()
    try:
        yield follower
    finally:
        follower.stop.set()
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    opened = open_ledger(database_url, MASTER)
    yield opened
    opened.close()


def write_some(ledger: Ledger, count: int) -> LeadId:
    """So many commands of one event each, by turns of two types."""
    lead = lead_id()
    for version in range(1, count + 1):
        event = contacted(lead) if version % 2 else followed(lead)
        write(ledger, batch(f"lead/{lead}", version, event))
    return lead


def write_surely(ledger: Ledger) -> None:
    """One event, by a connection that may have to be made anew."""
    while True:
        try:
            write_some(ledger, 1)
        except Unavailable:
            time.sleep(0.01)
        else:
            return


def test_what_was_there_before_and_what_comes_is_told_in_order(ledger: Ledger, database_url: str) -> None:
    write_some(ledger, 5)
    with following(Follower(ledger, Waker(database_url), limit=2)) as follower:
        assert waits_for(lambda: follower.until == 5)
        write_some(ledger, 4)
        assert waits_for(lambda: follower.until == 9)
    assert follower.positions == list(range(1, 10))
    assert max(len(stretch.events) for stretch in follower.seen) == 2
    untils = [stretch.until for stretch in follower.seen]
    assert untils == sorted(untils)


def test_it_begins_after_the_position_that_is_named(ledger: Ledger, database_url: str) -> None:
    write_some(ledger, 5)
    with following(Follower(ledger, Waker(database_url), after=3)) as follower:
        assert waits_for(lambda: follower.until == 5)
    assert follower.positions == [4, 5]


def test_of_some_types_only_those_are_told_and_how_far_that_holds(ledger: Ledger, database_url: str) -> None:
    write_some(ledger, 7)
    with following(Follower(ledger, Waker(database_url), types=[FOLLOWED], limit=2)) as follower:
        assert waits_for(lambda: follower.until == 7)
        assert follower.positions == [2, 4, 6]
        lead = lead_id()
        write(ledger, batch(f"lead/{lead}", 1, contacted(lead)))
        assert waits_for(lambda: follower.until == 8), "nothing new of these types, and that is told"
        write_some(ledger, 2)
        assert waits_for(lambda: follower.until == 10)
    assert follower.positions == [2, 4, 6, 10]
    before = 0
    for stretch in follower.seen:
        assert all(before < event.position <= stretch.until for event in stretch.events)
        before = stretch.until


def test_rare_events_are_sought_stretch_by_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that has far to look neither waits on the way nor asks for all of it in one statement."""
    monkeypatch.setattr(feed, "SPAN", 10)
    ledger, stop, waits = memory_ledger(), Event(), list[float]()
    lead = lead_id()
    write(ledger, batch(f"lead/{lead}", 1, *(followed(lead) for _ in range(34)), contacted(lead), followed(lead)))

    class Counting(Waker):
        def wait(self, stop: Event, seconds: float = 1) -> None:
            waits.append(seconds)
            stop.set()

    seen = list(stretches(ledger, Counting(""), 0, stop, types=[CONTACTED]))
    assert [stretch.until for stretch in seen] == [10, 20, 30, 36]
    assert [event.position for stretch in seen for event in stretch.events] == [35]
    assert waits == [1]


def test_a_notification_wakes_it_at_once(ledger: Ledger, database_url: str) -> None:
    with following(Follower(ledger, Waker(database_url))) as follower:
        write_some(ledger, 1)
        assert waits_for(lambda: follower.until == 1)
        delays = []
        for position in range(2, 12):
            time.sleep(0.05)
            write_some(ledger, 1)
            written = time.monotonic()
            assert waits_for(lambda position=position: position in follower.times)  # type: ignore[misc]
            delays.append(follower.times[position] - written)
    assert sorted(delays)[len(delays) // 2] < 0.2


def test_without_notifications_it_looks_once_a_second(ledger: Ledger, postgres: Server) -> None:
    """The waker listens in another database, where nothing is ever written."""
    with following(Follower(ledger, Waker(postgres.admin_url()))) as follower:
        write_some(ledger, 1)
        assert waits_for(lambda: follower.until == 1)
        time.sleep(0.2)
        begin = time.monotonic()
        write_some(ledger, 1)
        assert waits_for(lambda: follower.until == 2)
    assert 0.1 < follower.times[2] - begin < 2.5


def test_it_ends_soon_after_it_is_told_to(ledger: Ledger, database_url: str) -> None:
    with following(Follower(ledger, Waker(database_url))) as follower:
        assert waits_for(lambda: len(follower.seen) > 1)
        begin = time.monotonic()
        follower.stop.set()
    assert time.monotonic() - begin < 2


class Away(Ledger):
    """A ledger that is away for some calls."""

    away = 0

    def last_position(self) -> int:
        if self.away:
            self.away -= 1
            raise Unavailable
        return super().last_position()


def test_while_the_ledger_is_away_it_tries_again(ledger: Ledger, database_url: str) -> None:
    away = Away(ledger.rows, ledger.codec, ledger.keys)
    with following(Follower(away, Waker(database_url))) as follower:
        write_some(ledger, 1)
        assert waits_for(lambda: follower.until == 1)
        away.away = 3
        write_some(ledger, 1)
        assert waits_for(lambda: follower.until == 2)
    assert follower.positions == [1, 2]


@pytest.mark.faults
def test_after_a_kill_of_the_server_it_goes_on_where_it_was(own_postgres: EmbeddedPostgres) -> None:
    migrate(own_postgres.url())
    ledger = open_ledger(own_postgres.url(), MASTER)
    with following(Follower(ledger, Waker(own_postgres.url()))) as follower:
        for number in range(1, 4):
            write_surely(ledger)
            assert waits_for(lambda number=number: follower.until == number)  # type: ignore[misc]
            os.kill(own_postgres.pid, signal.SIGKILL)
            time.sleep(0.1)
            own_postgres.restart()
        write_surely(ledger)
        assert waits_for(lambda: follower.until == 4)
        quick = 0
        for number in range(5, 40):
            begin = time.monotonic()
            write_some(ledger, 1)
            assert waits_for(lambda number=number: follower.until == number)  # type: ignore[misc]
            quick = quick + 1 if follower.times[number] - begin < 0.4 else 0
            if quick == 5:
                break
        assert quick == 5, "it listens again, and does not only look once a second"
    assert follower.positions == list(range(1, number + 1))
    ledger.close()
