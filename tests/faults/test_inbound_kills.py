"""Who takes in messages is killed, and the broker too, at random under load: every effect comes about exactly once."""

import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest

from commands.service import WriteSide, open_ledger
from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from consumers.inbound.intake import Intake
from ledger.stored_inbox import StoredInbox
from tests.broker import KAFKA, Broker
from tests.faults.taking import GROUP, taking
from tests.memory import MASTER

pytestmark = [*KAFKA, pytest.mark.faults, pytest.mark.slow]

ROOT = Path(__file__).parent.parent.parent
PARTITIONS = 3
KEYS = 12
PATIENCE = 180.0


class Load:
    """Numbered messages, sent until each is known to be there: what is not known is sent again, and is there twice."""

    def __init__(self, servers: str, topic: str) -> None:
        self.bus = Bus(servers, 5.0)
        self.topic = topic
        self.stop = Event()
        self.sent = 0
        self.thread = Thread(target=self.run)

    def run(self) -> None:
        while not self.stop.is_set():
            numbers = range(self.sent, self.sent + 20)
            try:
                self.bus.publish([self.message(number) for number in numbers])
            except (BusUnavailable, BusRefused):
                self.stop.wait(0.2)
            else:
                self.sent = numbers.stop
                self.stop.wait(0.02)

    def message(self, number: int) -> Message:
        who = f"who-{number % KEYS}"
        names = b'"n%d"' % number if number % 5 else b'"n%d", "again %d"' % (number, number)
        value = b'{"id": "m-%d", "who": "%s", "names": [%s]}' % (number, who.encode(), names)
        return Message(topic=self.topic, key=who.encode(), value=value)

    @contextmanager
    def running(self) -> Iterator[None]:
        self.thread.start()
        try:
            yield
        finally:
            self.stop.set()
            self.thread.join(60)
            self.bus.close()


@contextmanager
def process(url: str, broker: Broker, topic: str, mark: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "tests.faults.taking", url, broker.address, topic, str(mark)]
    with subprocess.Popen(command, cwd=ROOT, env=None, stdin=subprocess.DEVNULL) as found:
        try:
            yield found
        finally:
            found.kill()


@contextmanager
def reading(url: str, broker: Broker, topic: str) -> Iterator[Intake]:
    """One that lives, in this process."""
    stop = Event()
    with closing(WriteSide.open(url, MASTER)) as side:
        intake = taking(url, broker.address, topic, side)
        thread = Thread(target=intake.run, args=(stop,))
        thread.start()
        try:
            yield intake
        finally:
            stop.set()
            thread.join(60)
            assert not thread.is_alive()


def ends(broker: Broker, topic: str) -> dict[str, int]:
    """By the side row of each partition, behind its last message."""
    from kafka import KafkaConsumer, TopicPartition

    with closing(KafkaConsumer(bootstrap_servers=broker.address)) as consumer:
        parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        found = consumer.end_offsets(parts)
    return {f"kafka/{GROUP}/{topic}/{part.partition}": end for part, end in found.items()}


def reached(url: str, topic: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT name, value FROM ledger.side_rows WHERE name ~ %s",
            (f"^kafka/{GROUP}/{topic}/[0-9]+$",),
        )
        return dict(found.fetchall())


def must_reach(url: str, topic: str, there: dict[str, int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while (now := reached(url, topic)) != there:
        assert time.monotonic() < deadline, (now, there)
        time.sleep(0.1)


def must_have_taken(mark: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not mark.exists():
        assert time.monotonic() < deadline, "it never took in anything"
        time.sleep(0.05)


def must_be_there_once(url: str, sent: int) -> None:
    """Each message with all of its commands, of one key in their order."""
    ledger = open_ledger(url, MASTER)
    events = [each for each in ledger.events(0, 1_000_000) if each.source is not None]
    ledger.close()
    effects = Counter(each.source.message_id for each in events if each.source is not None)
    assert effects == {f"m-{number}": 1 if number % 5 else 2 for number in range(sent)}
    of_key: dict[int, list[str]] = defaultdict(list)
    for each in events:
        name = each.event.name
        of_key[int(name.removeprefix("again ").removeprefix("n")) % KEYS].append(name)
    for key, names in of_key.items():
        numbers = range(key, sent, KEYS)
        wanted = [name for number in numbers for name in (f"n{number}", f"again {number}")[: 1 if number % 5 else 2]]
        assert names == wanted, key
    with closing(StoredInbox(url)) as inbox:
        assert inbox.aside() == []


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.deep)])
def test_every_effect_comes_about_once_whoever_is_killed(
    broker: Broker, database_url: str, seed: int, rounds: int, tmp_path: Path
) -> None:
    """Two take in; the one that has been at it longer is killed, while it is, and another takes its place."""
    chance, topic = Random(seed), f"test.{uuid4()}"
    with closing(Bus(broker.address)) as bus:
        bus.prepare({topic: PARTITIONS})
    load = Load(broker.address, topic)
    marks = [tmp_path / str(nth) for nth in range(rounds + 2)]
    with ExitStack() as stack, load.running():
        living = [stack.enter_context(process(database_url, broker, topic, mark)) for mark in marks[:2]]
        for nth in range(rounds):
            must_have_taken(marks[nth])
            time.sleep(chance.uniform(0.0, 1.0))
            living[nth].kill()
            living.append(stack.enter_context(process(database_url, broker, topic, marks[nth + 2])))
            if chance.random() < 0.7:
                broker.kill()
                time.sleep(chance.uniform(0.0, 0.5))
                broker.start()
        deadline = time.monotonic() + PATIENCE
        while load.sent < 100 * rounds:
            assert time.monotonic() < deadline, load.sent
            time.sleep(0.1)
    with reading(database_url, broker, topic):
        must_reach(database_url, topic, ends(broker, topic))
    must_be_there_once(database_url, load.sent)


def test_two_members_share_the_work_and_one_takes_over_from_the_other(
    broker: Broker, database_url: str, seed: int
) -> None:
    topic = f"test.{uuid4()}"
    with closing(Bus(broker.address)) as bus:
        bus.prepare({topic: PARTITIONS})
    load = Load(broker.address, topic)
    with reading(database_url, broker, topic) as one, load.running():
        with reading(database_url, broker, topic) as other:
            deadline = time.monotonic() + PATIENCE
            while not (one.subscription.assigned() and other.subscription.assigned()) or load.sent < 100:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            there = load.sent
        while len(one.subscription.assigned()) < PARTITIONS or load.sent < there + 100:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        load.stop.set()
        load.thread.join(60)
        must_reach(database_url, topic, ends(broker, topic))
    must_be_there_once(database_url, load.sent)
