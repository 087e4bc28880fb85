"""The one door to Kafka: what is published is there, in order, when we say so; and who cannot be reached is told of.

At least once: whoever was not told that all is there sends all of it again. Then something may come twice, and the copy
late; but what comes for the first time has all of its key before it that was to be before it.
"""

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from time import monotonic
from typing import Any

from consumers.message import Message, Partition

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # It reads files in a way that is going.
        from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
        from kafka.admin import ConfigResource, ConfigResourceType
        from kafka.errors import (
            AuthorizationError,
            InvalidTopicError,
            KafkaError,
            MessageSizeTooLargeError,
            TopicAlreadyExistsError,
        )
        from kafka.net.compat import KafkaNetClient
        from kafka.partitioner.default import murmur2
except ModuleNotFoundError as missing:
    told = "Kafka comes with lifeledger[kafka], which is not installed; without LIFELEDGER_KAFKA nothing is published"
    raise ModuleNotFoundError(told, name=missing.name) from missing

__all__ = ["Bus", "BusRefused", "BusUnavailable", "Message", "Sending"]

PATIENCE = 10.0  # Seconds for each of: to find the brokers, to hear of a topic, to be told that something is there.
POLL_MS = 500
LATEST = -1  # As the protocol has it: the offset that the next message will have.
TOGETHER = 128 * 1024  # Bytes of one partition that travel together: with few of ours in each, it takes twice as long.
FOREVER = {"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "-1"}

# It tells of each single attempt; how they end is told here. Whoever wants to see them sets a handler.
logging.getLogger("kafka").addHandler(logging.NullHandler())


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

    def __init__(self, servers: str, patience: float = PATIENCE) -> None:
        """`servers` are some of the brokers, host:port, with commas between them."""
        self.servers = servers
        self.patience = patience
        self.producer: Any = None
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
        sending = Sending(self)
        with self.letting_go(), self.complaining(sending.failed):
            producer = self.connected()
            for each in messages:
                sending.sent.append((each, self.hand_over(producer, each, sending.failed)))
        return sending

    @contextmanager
    def letting_go(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.let_go()
            raise

    def hand_over(self, producer: Any, message: Message, failed: list[tuple[Message, KafkaError]]) -> Any:
        def stop(error: KafkaError) -> None:
            """Nothing that comes after it may get through now."""
            failed.append((message, error))
            producer._sender.force_close()  # noqa: SLF001 - close() waits first for all that is under way.

        spread = self.spread.get(message.topic)
        try:
            future = producer.send(
                message.topic,
                key=message.key,
                value=message.value,
                headers=[*message.headers],
                partition=None if spread is None else partition_of(message.key, spread),
            )
        except KafkaError as error:
            failed.append((message, error))
            raise
        except ValueError as none:  # The topic is another one than it was, with fewer of them.
            raise BusRefused(f"{message}: Kafka at {self.servers} has no such partition any more") from none
        return future.add_errback(stop)

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
    def milliseconds(self) -> int:
        return int(self.patience * 1000)

    def connected(self) -> Any:
        if self.producer is None:
            self.producer = self.open(
                KafkaProducer,
                enable_idempotence=True,
                acks="all",
                batch_size=TOGETHER,
                allow_auto_create_topics=False,
                delivery_timeout_ms=self.milliseconds,
                max_block_ms=self.milliseconds,
            )
        return self.producer

    def let_go(self) -> None:
        """Of what is not there yet, nothing more is sent."""
        producer, self.producer = self.producer, None
        if producer is not None:
            producer._sender.force_close()  # noqa: SLF001 - as above.
            producer._sender.join(self.patience)  # noqa: SLF001
            with suppress(KafkaError):
                producer.close(timeout=0)

    @contextmanager
    def client(self, kind: Any, **settings: Any) -> Iterator[Any]:
        opened = self.open(kind, **settings)
        try:
            yield opened
        finally:
            opened.close()

    def open(self, kind: Any, **settings: Any) -> Any:
        """What does not find the brokers leaves its sockets open, and a thread: they are closed here."""
        begun: list[Any] = []

        def connection(**given: Any) -> Any:
            begun.append(KafkaNetClient(**given))
            return begun[-1]

        try:
            return kind(
                bootstrap_servers=self.servers.split(","),
                client_id="lifeledger",
                bootstrap_timeout_ms=self.milliseconds,
                request_timeout_ms=self.milliseconds,
                reconnect_backoff_max_ms=1_000,
                kafka_client=connection,
                **settings,
            )
        except BaseException:
            for each in begun:
                each.close()
            raise

    def offsets(self, asked: Any, parts: Sequence[Any]) -> Any:
        """What a consumer says of some partitions; of a topic that is gone it cannot even say that."""
        try:
            return asked(parts, timeout_ms=self.milliseconds) if parts else {}
        except KeyError as gone:
            raise BusUnavailable(f"Kafka at {self.servers} knows nothing of {gone.args[0]} any more") from gone

    @contextmanager
    def complaining(self, failed: Sequence[tuple[Message, KafkaError]] = ()) -> Iterator[None]:
        """What went wrong first, in our own words."""
        try:
            yield
        except (KafkaError, OSError) as last:
            message, error = failed[0] if failed else (None, last)
            what = "" if message is None else f"; not all is there, the first that is not is {message}"
            if isinstance(error, MessageSizeTooLargeError) and message is not None:
                size = len(message.key) + len(message.value or b"") + sum(len(k) + len(v) for k, v in message.headers)
                raise BusRefused(f"{message}: Kafka at {self.servers} takes no message of {size:,} bytes") from error
            if isinstance(error, AuthorizationError | InvalidTopicError):
                raise BusRefused(f"Kafka at {self.servers} refuses it: {error}{what}") from error
            raise BusUnavailable(f"Kafka at {self.servers} cannot be reached: {error}{what}") from error


class Sending:
    """What is on its way."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.sent: list[tuple[Message, Any]] = []
        self.failed: list[tuple[Message, KafkaError]] = []

    def wait(self) -> "Placed":
        """All are there when this returns. Raises BusUnavailable or BusRefused, as `Bus.publish` does."""
        until = monotonic() + self.bus.patience + 1.0  # It gives up by itself, if it runs.
        placed = Placed()
        with self.bus.letting_go(), self.bus.complaining(self.failed):
            for each, future in self.sent:
                try:
                    placed.add(future.get(timeout=max(0.0, until - monotonic())))
                except KafkaError as error:
                    self.failed.append((each, error))
                    raise
        return placed


class Placed:
    """Where messages have come to stand: of each partition the first offset, and the one behind the last."""

    def __init__(self) -> None:
        self.between: dict[Partition, tuple[int, int]] = {}

    def add(self, found: Any) -> None:
        if found.offset >= 0:  # A broker that had it already may not say where.
            partition = Partition(found.topic, found.partition)
            first, behind = self.between.get(partition, (found.offset, 0))
            self.between[partition] = min(first, found.offset), max(behind, found.offset + 1)

    def ends(self, topic: str, before: Sequence[int]) -> list[int] | None:
        """Behind which offset each partition of a topic ends by now; None where it had lost what was at its end before,
        so that others have come to stand there.
        """
        ends = [*before]
        for (name, number), (first, behind) in self.between.items():
            if name == topic:
                if first < ends[number]:
                    return None
                ends[number] = behind
        return ends
