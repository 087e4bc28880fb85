"""The one door to Kafka: what is published is there, in order, when we say so; and who cannot be reached is told of.

At least once: whoever was not told that all is there sends all of it again. Then something may come twice, and the copy
late; but what comes for the first time has all of its key before it that was to be before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from time import monotonic
from typing import Any

# isort: split - This says what to install where Kafka's package is missing; what follows is of that package.
from consumers.by_kafka_python import ByKafkaPython, opened, why

# isort: split
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.partitioner.default import murmur2

from consumers.brokers import Brokers
from consumers.message import Message
from consumers.sending import Flight, NotSent, Placed, Sender, Why

__all__ = ["Bus", "BusRefused", "BusUnavailable", "Message", "Sending"]

PATIENCE = 10.0  # Seconds for each of: to find the brokers, to hear of a topic, to be told that something is there.
POLL_MS = 500
LATEST = -1  # As the protocol has it: the offset that the next message will have.
FOREVER = {"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "-1"}


class BusUnavailable(Exception):
    """Kafka is away, or does not answer in time; later it may."""


class BusRefused(Exception):
    """Kafka does not take it, however often it is sent."""


@lru_cache(maxsize=50_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Where a key stands among so many partitions: as Kafka's own clients have it, so that others find it there."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class Bus:
    """For one thread; it connects when there is something to do, and anew after each failure."""

    def __init__(self, brokers: Brokers | str, patience: float = PATIENCE) -> None:
        """Who needs nothing to get in is told some of them only, host:port, with commas between them."""
        self.brokers = brokers if isinstance(brokers, Brokers) else Brokers(brokers)
        self.patience = patience
        self.sender: Sender | None = None
        self.spread: dict[str, int] = {}
        """Over how many partitions the keys of a topic are spread, however many it has by now."""

    def prepare(self, topics: Mapping[str, int]) -> None:
        """Make those of our own topics that are missing, each with so many partitions; nothing in them is ever let go.

        Raises BusUnavailable, and BusRefused where one is there that would lose what is in it.
        """
        with self.complaining(), self.client(KafkaAdminClient) as admin:
            known = set(admin.list_topics())
            new = {name: {"num_partitions": count, "configs": FOREVER} for name, count in topics.items()}
            if missing := {name: new[name] for name in sorted(new.keys() - known)}:
                with suppress(TopicAlreadyExistsError):  # Somebody else was faster with one; the others are made.
                    admin.create_topics(missing, timeout_ms=self.milliseconds)
            admin.wait_for_topics([*topics], timeout_ms=self.milliseconds)
            asked = [ConfigResource(ConfigResourceType.TOPIC, name, [*FOREVER]) for name in topics]
            found = admin.describe_configs(asked, config_filter="all")["topic"]
        for name, settings in found.items():
            for setting, wanted in FOREVER.items():
                if setting not in settings:  # It is being deleted, or the broker has only just begun.
                    raise BusUnavailable(f"Kafka at {self.servers} does not say what {setting} is of the topic {name}")
                if (has := settings[setting]["value"]) != wanted:
                    raise BusRefused(f"the topic {name} would lose what is in it: its {setting} is {has}, not {wanted}")

    def publish(self, messages: Iterable[Message]) -> "Placed":
        """All are there when this returns, those of one key and topic in this order; and where.

        Raises BusUnavailable or BusRefused: then of each key the first ones may be there; all are to be sent again.
        """
        return self.begin(messages).wait()

    def begin(self, messages: Iterable[Message]) -> "Sending":
        """As `publish`, but they are only on their way when this returns; what is begun later comes after them.

        Where some do not arrive, none of what was begun later does, be it waited for or not.
        """
        with self.letting_go():
            placed = ((each, self.partition(each)) for each in messages)
            return Sending(self, self.connected().send(placed))

    def partition(self, message: Message) -> int | None:
        spread = self.spread.get(message.topic)
        return None if spread is None else partition_of(message.key, spread)

    def read(self, topic: str) -> Iterator[Message]:
        """All that is in a topic by now, of each partition in its order. Raises BusUnavailable and BusRefused."""
        with (
            self.complaining(),
            self.client(
                KafkaConsumer,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
            ) as consumer,
        ):
            parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
            if not parts:
                raise BusRefused(f"Kafka at {self.servers} has no topic {topic}")
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            ends = self.offsets(consumer.end_offsets, parts)
            heard = monotonic()
            while any((consumer.position(part, timeout_ms=self.milliseconds) or 0) < ends[part] for part in parts):
                for records in consumer.poll(POLL_MS).values():
                    heard = monotonic()
                    for each in records:
                        headers = tuple(each.headers)
                        yield Message(topic=topic, key=each.key or b"", value=each.value, headers=headers)
                if monotonic() > heard + self.patience:
                    raise BusUnavailable(f"Kafka at {self.servers} says nothing more of the topic {topic}")

    def close(self) -> None:
        """What was published is there already: nothing is waited for."""
        self.let_go()

    # What there is behind it

    @property
    def servers(self) -> str:
        return self.brokers.servers

    @property
    def milliseconds(self) -> int:
        return int(self.patience * 1000)

    def connected(self) -> Sender:
        if self.sender is None:
            self.sender = sender(self.brokers, self.patience)
        return self.sender

    def let_go(self) -> None:
        """Of what is not there yet, nothing more is sent."""
        gone, self.sender = self.sender, None
        if gone is not None:
            gone.close()

    @contextmanager
    def letting_go(self) -> Iterator[None]:
        """What did not arrive is told in our own words."""
        try:
            yield
        except NotSent as lost:
            self.let_go()
            raise self.lost(lost) from lost
        except BaseException:
            self.let_go()
            raise

    def lost(self, lost: NotSent) -> BusUnavailable | BusRefused:
        message, where = lost.message, f"Kafka at {self.brokers}"
        if message is not None and lost.why is Why.TOO_LARGE:
            size = len(message.key) + len(message.value or b"") + sum(len(k) + len(v) for k, v in message.headers)
            return BusRefused(f"{message}: {where} takes no message of {size:,} bytes")
        if message is not None and lost.why is Why.NO_SUCH_PARTITION:
            return BusRefused(f"{message}: {where} has no such partition any more")
        what = "" if message is None else f"; not all is there, the first that is not is {message}"
        if lost.why is Why.REFUSED:
            return BusRefused(f"{where} refuses it: {lost}{what}")
        return BusUnavailable(f"{where} cannot be reached: {lost}{what}")

    @contextmanager
    def client(self, kind: Any, **settings: Any) -> Iterator[Any]:
        opened = self.open(kind, **settings)
        try:
            yield opened
        finally:
            opened.close()

    def open(self, kind: Any, **settings: Any) -> Any:
        return opened(self.brokers, self.patience, kind, **settings)

    def offsets(self, asked: Any, parts: Sequence[Any]) -> Any:
        """What a consumer says of some partitions; of a topic that is gone it cannot even say that."""
        try:
            return asked(parts, timeout_ms=self.milliseconds) if parts else {}
        except KeyError as gone:
            raise BusUnavailable(f"Kafka at {self.servers} knows nothing of {gone.args[0]} any more") from gone

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """What went wrong, in our own words."""
        try:
            yield
        except (KafkaError, OSError) as error:
            raise self.lost(NotSent(why(error), error)) from error


def sender(brokers: Brokers, patience: float) -> Sender:
    if brokers.client == "kafka-python":
        return ByKafkaPython(brokers, patience)
    from consumers.by_confluent import ByConfluent  # noqa: PLC0415 - it may not be installed

    return ByConfluent(brokers, patience)


class Sending:
    """What is on its way."""

    def __init__(self, bus: Bus, flight: Flight) -> None:
        self.bus = bus
        self.flight = flight

    def wait(self) -> Placed:
        """All are there when this returns. Raises BusUnavailable or BusRefused, as `Bus.publish` does."""
        with self.bus.letting_go():
            return self.flight.wait()
