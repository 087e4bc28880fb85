"""Several processes write while somebody reads along: nothing is missed, nothing comes twice, there is no gap."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import psycopg
import pytest

from commands.service import open_ledger
from domain.lead.facts.intake import LeadScored
from domain.lead.facts.work import LeadContacted
from domain.values import LeadId
from ledger.envelope import Batch
from ledger.feed import Stretch, Waker, stretches
from ledger.ledger import Ledger
from ledger.store import Foundation, Sent
from tests.faults.unguarded import END, LAST_NUMBER, LAST_POSITION, LOCK, replace_in_append
from tests.ledger.samples import batch, encoded, rows_of
from tests.memory import MASTER

pytestmark = pytest.mark.faults

WRITERS = 8
TYPES = ("lead.contacted", "lead.scored")
ROOT = Path(__file__).parent.parent.parent


def send(ledger: Ledger, one: Batch) -> None:
    """Write it as the service does, resting on nothing."""
    assert ledger.send(Foundation({}, (), {}), ledger.encode([one])).result() is not None


def write_along(url: str, writer: int, seconds: float, seed: int) -> None:
    """Commands of 1 to 20 events each, as many as there is time for."""
    chance = random.Random(seed)
    ledger = open_ledger(url, MASTER, pool_size=1)
    lead, version = LeadId(UUID(int=writer)), 1
    kinds = [
        LeadContacted(lead_id=lead, from_="new"),
        LeadScored(lead_id=lead, score=7, grade="A", model_version="1"),
    ]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events = [kinds[chance.randrange(2)] for _ in range(chance.randint(1, 20))]
        send(ledger, batch(f"lead/{lead}", version, *events))
        version += len(events)
    ledger.close()


class Reader(Thread):
    def __init__(self, url: str, types: Sequence[str] = ()) -> None:
        super().__init__()
        self.ledger = open_ledger(url, MASTER)
        self.url, self.types, self.stop = url, types, Event()
        self.seen: list[Stretch] = []

    def run(self) -> None:
        waker = Waker(self.url)
        for stretch in stretches(self.ledger, waker, 0, self.stop, types=self.types, limit=200):
            self.seen.append(stretch)
        waker.close()

    @property
    def reached(self) -> int:
        return self.seen[-1].until if self.seen else 0

    @property
    def positions(self) -> list[int]:
        return [event.position for stretch in self.seen for event in stretch.events]


@contextmanager
def reading(*readers: Reader) -> Iterator[None]:
    """They read until they have been told everything, and no longer. However far behind, they come on all the time."""
    for reader in readers:
        reader.start()
    try:
        yield
        last, before, deadline = readers[0].ledger.last_position(), [-1], time.monotonic() + 20
        while min(reached := [reader.reached for reader in readers]) < last:
            if reached != before:
                before, deadline = reached, time.monotonic() + 20
            assert time.monotonic() < deadline, f"of {last}, the readers have been told {reached}"
            time.sleep(0.01)
    finally:
        for reader in readers:
            reader.stop.set()
        for reader in readers:
            reader.join()
            reader.ledger.close()


def by_processes(url: str, seconds: float, seed: int) -> None:
    code = "import sys; from tests.faults.test_tailing import write_along as write;"
    code += " write(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))"
    commands = [[sys.executable, "-c", code, url, str(n), str(seconds), str(seed + n)] for n in range(WRITERS)]
    for process in [subprocess.Popen(command, cwd=ROOT) for command in commands]:
        assert process.wait(seconds + 60) == 0


def by_threads(url: str, seconds: float, seed: int) -> None:
    threads = [Thread(target=write_along, args=(url, n, seconds, seed + n)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_the_ledger(url: str) -> list[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT position, type FROM ledger.events ORDER BY position").fetchall()


@pytest.mark.parametrize(
    ("they_write", "seconds"),
    [
        pytest.param(by_threads, 2.0, id="threads"),
        pytest.param(by_processes, 60.0, id="processes", marks=pytest.mark.deep),
    ],
)
def test_a_reader_that_tails_is_told_everything_once(
    database_url: str, seed: int, they_write: Callable[[str, float, int], None], seconds: float
) -> None:
    everything, some = Reader(database_url), Reader(database_url, types=TYPES[:1])
    with reading(everything, some):
        they_write(database_url, seconds, seed)
    written = in_the_ledger(database_url)
    print(f"{len(written)} events by {WRITERS} {they_write.__name__}")
    assert len(written) > 100 * seconds
    assert everything.positions == list(range(1, len(written) + 1))
    assert some.positions == [position for position, kind in written if kind == TYPES[0]]
    for reader in (everything, some):
        before = 0
        for stretch in reader.seen:
            assert all(before < event.position <= stretch.until for event in stretch.events)
            before = stretch.until


# The protection taken out


@pytest.fixture
def unlocked(database_url: str) -> None:
    """Nobody waits for anybody."""
    replace_in_append(database_url, LOCK, "")


@pytest.fixture
def sequence(database_url: str) -> None:
    """Positions come from a sequence, which knows nothing of commits; each writer takes room for 20."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE SEQUENCE ledger.planted")
    replace_in_append(database_url, LAST_POSITION, "last_position := 20 * nextval('ledger.planted');")
    replace_in_append(database_url, LAST_NUMBER, "last_number := last_position;")


@pytest.fixture
def dawdling(database_url: str) -> None:
    """Some writers take a moment between their position and their commit."""
    moment = "PERFORM pg_sleep(CASE cardinality(new_events) % 4 WHEN 0 THEN 0.02 ELSE 0 END);"
    replace_in_append(database_url, END, f"{moment} {END}")


@pytest.fixture
def overtaken(database_url: str) -> Iterator[Callable[[], list[object]]]:
    """What becomes of two that would both read where the ledger ends before either writes, if nothing kept them."""
    replace_in_append(database_url, LAST_NUMBER, f"{LAST_NUMBER} PERFORM pg_sleep(0.3);")
    several = [open_ledger(database_url, MASTER, pool_size=1) for _ in range(2)]

    def outcome(sent: Sent) -> object:
        try:
            return sent.result()
        except psycopg.errors.UniqueViolation as violation:
            return violation

    def run() -> list[object]:
        for ledger in several:  # Both are connected.
            send(ledger, batch("lead/0", 0))
        both = [
            ledger.rows.send(Foundation({}, (), {}), [encoded(*rows_of(f"lead/{number}", 1))])
            for number, ledger in enumerate(several)
        ]
        return [outcome(sent) for sent in both]

    yield run
    for ledger in several:
        ledger.close()


def test_without_the_lock_positions_collide(
    unlocked: None, overtaken: Callable[[], list[object]], database_url: str
) -> None:
    """The second wall: a position is unique, so that not even then two events have the same."""
    done = overtaken()
    assert [1] in done
    assert any(isinstance(each, psycopg.errors.UniqueViolation) for each in done)
    assert [position for position, _ in in_the_ledger(database_url)] == [1]


def test_under_the_lock_the_same_two_follow_each_other(
    overtaken: Callable[[], list[object]], database_url: str
) -> None:
    assert sorted(map(str, overtaken())) == ["[1]", "[2]"]
    assert [position for position, _ in in_the_ledger(database_url)] == [1, 2]


def test_with_a_sequence_and_no_lock_a_reader_would_miss_events(
    database_url: str, seed: int, unlocked: None, sequence: None, dawdling: None
) -> None:
    reader = Reader(database_url)
    with reading(reader):
        by_threads(database_url, 1.0, seed)
    written = {position for position, _ in in_the_ledger(database_url)}
    assert written - set(reader.positions), "a planted bug was not found"
    assert max(Counter(reader.positions).values()) == 1


def test_the_same_dawdlers_are_harmless_under_the_lock(database_url: str, seed: int, dawdling: None) -> None:
    reader = Reader(database_url)
    with reading(reader):
        by_threads(database_url, 1.0, seed)
    assert reader.positions == [position for position, _ in in_the_ledger(database_url)]
    assert reader.positions == list(range(1, len(reader.positions) + 1))
