"""The relay and its broker are killed again and again under load: in Kafka nothing is missing, or out of order."""

import gc
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from unittest.mock import patch

import pytest

import consumers.relay
from commands.ask import Ask
from commands.service import WriteSide
from consumers.cloudevents import topic_of
from tests.broker import KAFKA, Broker
from tests.faults.clients import AGENTS, at_work, told, work_goes_on
from tests.faults.journal import Journal, Told, audit
from tests.faults.planted import process
from tests.faults.relaying import WHAT_HAPPENS, relay
from tests.faults.world import prepare
from tests.kafka import relayed
from tests.kafka.relayed import is_done, must_all_be_there, of_its_own, rows_there, soon, standing
from tests.memory import MASTER
from tests.servers import Server

pytestmark = [pytest.mark.faults, *KAFKA]

AT_LEAST = 20  # Commands that are answered between two kills.
CLIENTS = cycle(("confluent", "kafka-python"))
LONG, SHORT = 30.0, 2.0  # Leases, in seconds.


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """What `relay` sets for whole processes is as before when a test is over, and its sockets are collected by then."""
    with (
        patch.object(consumers.relay, "LOOK_SECONDS", consumers.relay.LOOK_SECONDS),
        patch.object(consumers.relay, "AGAIN_SECONDS", consumers.relay.AGAIN_SECONDS),
    ):
        yield
    gc.collect()


@pytest.fixture
def url(postgres: Server, database_url: str) -> str:
    of_its_own(postgres, database_url)
    return database_url


@contextmanager
def relaying(url: str, broker: Broker, lease: float = LONG) -> Iterator[subprocess.Popen[bytes]]:
    """By one client and the other in turns: who goes on where the first was killed, sends by another."""
    with process(url, "tests.faults.relaying", broker.address, str(lease), next(CLIENTS)) as started:
        yield started


@contextmanager
def load(url: str, journal: Journal, seed: int) -> Iterator[None]:
    """Clients work as long as this lasts, and what they have sent has come about: the journal is audited."""
    side = WriteSide.open(url, MASTER, patience=60)
    prepare(side.executor, agents=AGENTS, leads=1)

    def send(ask: Ask) -> Told:
        time.sleep(0.02)  # The relay is to have a share of this machine.
        return told(side.writer.submit(ask).result())

    try:
        with at_work([send] * 2, journal, seed):
            yield
    finally:
        side.close()
    accounts = journal.read()
    audit(url, accounts)
    assert not accounts.lost, "commands do not know of Kafka"


def catch_up(url: str, broker: Broker) -> None:
    """With a relay of our own: whoever else is one has been killed."""
    with relayed.at_work(relay(url, broker.address, LONG)):
        soon(lambda: is_done(url))


def published(url: str) -> int:
    found = standing(url)
    return 0 if found is None else sum(each.events for each in found.topics)


def epoch(url: str) -> int:
    found = standing(url)
    return 0 if found is None else found.epoch


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.deep)])
def test_nothing_is_missing_and_nothing_out_of_order_whoever_was_killed(
    url: str, broker: Broker, tmp_path: Path, seed: int, rounds: int
) -> None:
    chance, journal = random.Random(seed), Journal(tmp_path / "journal")
    with ExitStack() as relays, load(url, journal, seed):
        ours = relays.enter_context(relaying(url, broker))
        for number in range(rounds):
            already = published(url)
            soon(lambda: published(url) > already)  # noqa: B023 - it is over before the next one.
            work_goes_on(journal, AT_LEAST)
            time.sleep(chance.uniform(0, 0.3))
            if number % 3 != 1:
                ours.kill()
            if number % 3 != 0:
                broker.kill()
                work_goes_on(journal, AT_LEAST)
                broker.start()
            if number % 3 != 1:
                ours = relays.enter_context(relaying(url, broker))
        already = published(url)
        soon(lambda: published(url) > already)
    catch_up(url, broker)
    again = must_all_be_there(url, broker.address, WHAT_HAPPENS)
    print(f"{published(url)} events, {again} of them again")


def test_while_the_broker_is_away_commands_are_answered_and_then_it_is_caught_up(
    url: str, broker: Broker, tmp_path: Path, seed: int
) -> None:
    journal = Journal(tmp_path / "journal")
    with relayed.at_work(relay(url, broker.address, LONG)), load(url, journal, seed):
        soon(lambda: published(url) > 0)
        broker.kill()
        soon(lambda: (found := standing(url)) is not None and found.waits_for is not None)
        already = published(url)
        work_goes_on(journal, 100)
        assert published(url) == already
        found = standing(url)
        assert found is not None
        assert min(each.lag_events for each in found.topics) > 100
        broker.start()
        soon(lambda: published(url) > already + 100)
    catch_up(url, broker)
    must_all_be_there(url, broker.address, WHAT_HAPPENS)


def test_who_was_frozen_beyond_its_lease_moves_nothing_any_more(
    url: str, broker: Broker, tmp_path: Path, seed: int
) -> None:
    """Each event is counted when a topic's place moves: what two of them move is counted twice, or not at all."""
    journal = Journal(tmp_path / "journal")
    with ExitStack() as relays, load(url, journal, seed):
        first = relays.enter_context(relaying(url, broker, SHORT))
        soon(lambda: published(url) > 0)
        second = relays.enter_context(relaying(url, broker, SHORT))
        for number, (frozen, other) in enumerate([(first, second), (second, first)], 2):
            os.kill(frozen.pid, signal.SIGSTOP)
            soon(lambda: epoch(url) == number)  # noqa: B023 - it is over before the next one.
            already = published(url)
            soon(lambda: published(url) > already)  # noqa: B023
            os.kill(frozen.pid, signal.SIGCONT)
            work_goes_on(journal, AT_LEAST)
            assert epoch(url) == number, f"{other.pid} relays, and is not disturbed"
    catch_up(url, broker)
    must_all_be_there(url, broker.address, WHAT_HAPPENS)
    found = standing(url)
    assert found is not None
    with_type = {each.topic: each.events for each in found.topics}
    assert with_type == counted(url)


def counted(url: str) -> dict[str, int]:
    found = Counter(topic_of(row.topic) for row in rows_there(url, WHAT_HAPPENS))
    return {topic: found[topic] for topic in WHAT_HAPPENS.topics}
