"""Whatever befalls Kafka, relays, workers and the ledger: views that Kafka feeds come to the rows of the ledger."""

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from consumers.rebuild import AlreadyRebuilding
from consumers.session import ReadsUnavailable
from projections import capacity, funnel, lead_turns, staff_directory
from tests.broker import KAFKA, Broker
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.faults.planted import process
from tests.kafka.agreeing import TOPIC, by_kafka, emptied, hastened, let_go, must_come_to_agree, opened, relaying
from tests.kafka.relayed import of_its_own
from tests.projections.leads import (
    LEAD,
    OTHER,
    another,
    assigned,
    captured,
    claimed,
    contacted,
    pooled,
    released,
    talked,
    tried,
)
from tests.servers import Server

pytestmark = [*KAFKA, pytest.mark.faults]

VIEWS = (staff_directory, funnel, lead_turns, capacity)
MOST_WORKERS = 2
EVENTS = (pooled, claimed, assigned, released, contacted, tried, talked)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with hastened():
        yield


@dataclass
class World:
    """A ledger, a Kafka, perhaps a relay and some workers; and the ledger as it was at some moment before."""

    postgres: Server
    broker: Broker
    kafka: str
    url: str
    chance: random.Random
    house: House | None = None
    opened: ExitStack = field(default_factory=ExitStack)
    relay: ExitStack | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    works: ExitStack = field(default_factory=ExitStack)
    copies: list[str] = field(default_factory=list)
    saved: str | None = None
    happened: list[str] = field(default_factory=list)

    # What can happen

    def something_is_told(self) -> None:
        told = self.chance.choices(EVENTS, k=self.chance.randint(1, 5))
        tell(self.there().ledger, *(replace(each, lead_id=self.chance.choice((LEAD, OTHER))) for each in told))

    def the_relay_begins_or_ends(self) -> None:
        if self.relay is None:
            self.there()
            assert self.house is not None
            self.relay = ExitStack()
            self.relay.enter_context(relaying(self.house, self.kafka))
        else:
            self.relay.close()
            self.relay = None

    def a_worker_begins(self) -> None:
        if len(self.workers) < MOST_WORKERS:
            names = [view.name for view in VIEWS]
            started = process(self.url, "tests.kafka.projecting", self.kafka, *names)
            self.workers.append(self.works.enter_context(started))

    def a_worker_is_killed(self) -> None:
        if self.workers:
            killed = self.workers.pop(self.chance.randrange(len(self.workers)))
            killed.kill()
            killed.wait()

    def the_broker_is_killed(self) -> None:
        self.broker.kill()
        time.sleep(self.chance.uniform(0, 2))
        self.broker.start()

    def the_broker_is_frozen(self) -> None:
        self.broker.freeze()
        time.sleep(self.chance.uniform(0, 4))
        self.broker.thaw()

    def time_passes(self) -> None:
        time.sleep(self.chance.uniform(0.5, 4))

    def a_view_is_rebuilt(self) -> None:
        self.there()
        assert self.house is not None
        with suppress(AlreadyRebuilding, ReadsUnavailable):
            self.house.rebuild(self.chance.choice(VIEWS))

    def a_topic_gets_another_partition(self) -> None:
        with suppress(KafkaError), KafkaAdminClient(bootstrap_servers=self.kafka) as admin:
            (described,) = admin.describe_topics([self.topic()])
            admin.create_partitions({described["name"]: len(described["partitions"]) + 1})

    def a_topic_is_deleted(self) -> None:
        with suppress(KafkaError), KafkaAdminClient(bootstrap_servers=self.kafka) as admin:
            admin.delete_topics([self.topic()])

    def a_topic_lets_go_of_what_it_has(self) -> None:
        with suppress(KafkaError, ValueError):
            let_go(self.kafka, self.topic())

    def the_ledger_is_saved_or_put_back(self) -> None:
        self.all_ends()
        if self.saved is None:
            self.saved = f"saved_{uuid4().hex[:12]}"
            self.postgres.create_database(self.saved, self.url.rpartition("/")[2].partition("?")[0])
            self.copies.append(self.saved)
        else:
            self.url, self.saved = self.postgres.url(self.saved), None

    # What there is behind it

    def topic(self) -> str:
        """Any, of the ledger or of a view."""
        with KafkaAdminClient(bootstrap_servers=self.kafka) as admin:
            ours = sorted(name for name in admin.list_topics() if name.startswith("lifeledger."))
        return str(self.chance.choice(ours or [TOPIC]))

    def there(self) -> House:
        if self.house is None:
            self.house = self.opened.enter_context(opened(self.url))
        return self.house

    def all_ends(self) -> None:
        """Whoever has a connection to the ledger."""
        if self.relay is not None:
            self.the_relay_begins_or_ends()
        while self.workers:
            self.a_worker_is_killed()
        self.opened.close()
        self.house = None

    def close(self) -> None:
        self.all_ends()
        self.works.close()
        for each in self.copies:
            self.postgres.drop_database(each)


def what_happens(world: World, steps: int) -> Iterator[Callable[[], None]]:
    often = [world.something_is_told, world.time_passes] * 3
    seldom = [
        world.the_relay_begins_or_ends,
        world.a_worker_begins,
        world.a_worker_is_killed,
        world.the_broker_is_killed,
        world.the_broker_is_frozen,
        world.a_view_is_rebuilt,
        world.a_topic_gets_another_partition,
        world.a_topic_is_deleted,
        world.a_topic_lets_go_of_what_it_has,
        world.the_ledger_is_saved_or_put_back,
    ]
    yield from (world.the_relay_begins_or_ends, world.a_worker_begins, world.a_worker_begins, world.time_passes)
    yield from world.chance.choices([*often, *seldom], k=steps)


@pytest.mark.parametrize(
    ("world", "steps"), [(0, 15), *(pytest.param(number, 40, marks=pytest.mark.deep) for number in range(1, 13))]
)
def test_whatever_happens_the_rows_are_those_of_the_ledger_at_last(
    postgres: Server, database_url: str, broker: Broker, seed: int, world: int, steps: int
) -> None:
    of_its_own(postgres, database_url)
    ours = World(postgres, broker, emptied(broker), database_url, random.Random(f"{seed} {world}"))
    with ExitStack() as end:
        end.callback(ours.close)
        tell(ours.there().ledger, captured, another)
        for each in what_happens(ours, steps):
            ours.happened.append(each.__name__)
            each()
        print(*ours.happened, sep="\n")
        ours.all_ends()
        house = ours.there()
        tell(house.ledger, talked)
        with by_kafka(house, ours.kafka, VIEWS):
            must_come_to_agree(house, *VIEWS)
            tell(house.ledger, tried, pooled)
            must_come_to_agree(house, *VIEWS)
