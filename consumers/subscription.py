"""A member of a consumer group: what comes in some topics, partition by partition, from where we say that we have come.

Where that is, is kept elsewhere, with what comes of it. What Kafka itself notes is for whoever looks at its dashboards.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from consumers.brokers import Brokers
from consumers.bus import PATIENCE, POLL_MS, Bus, BusRefused
from consumers.message import Arrived, Partition

SESSION = 10.0  # Seconds after which a member of whom nothing is heard is taken for dead.
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


Place = Callable[[Partition, int, int], int]
"""Where to begin in a partition that has been assigned: told its first offset and the one behind its last."""


class Member(Protocol):
    """What reads partitions in a group with others. For one thread."""

    def poll(self) -> Mapping[Partition, Sequence[Arrived]]:
        """What has come next, of each partition in its order; nothing, if nothing comes in half a second."""

    def assigned(self) -> frozenset[Partition]:
        """Which partitions are this member's now, each placed."""

    def again(self, partition: Partition) -> None:
        """Read on from wherever `place` says, which is asked again. One that is not ours any more is let go."""

    def close(self) -> None: ...


class Subscription:
    """Over Kafka. It connects when it is polled, and anew after a failure: all that was assigned is placed again then.

    Raises BusUnavailable and BusRefused, as the bus does; and whatever `place` raises.
    """

    def __init__(
        self,
        brokers: Brokers | str,
        *,
        group: str,
        topics: Iterable[str],
        place: Place,
        most: int = 500,
        patience: float = PATIENCE,
        session: float = SESSION,
    ) -> None:
        """`most` messages come at a time."""
        self.bus = Bus(brokers, patience)
        self.group = group
        self.topics = sorted(topics)
        self.place = place
        self.most = most
        self.session = session
        self.consumer: Any = None
        self.placed: set[Partition] = set()
        self.unplaced: set[Partition] = set()
        self.aside: set[Partition] = set()
        self.lock = Lock()  # Assignments are told of on another thread.

    def poll(self) -> Mapping[Partition, Sequence[Arrived]]:
        with self.failing():
            consumer = self.connected()
            self.settle(consumer)
            found = consumer.poll(POLL_MS, max_records=self.most)
            with self.lock:
                ours = self.placed - self.unplaced
            return {
                partition: [arrived(each) for each in records]
                for part, records in found.items()
                if (partition := Partition(part.topic, part.partition)) in ours
            }

    def assigned(self) -> frozenset[Partition]:
        with self.lock:
            return frozenset(self.placed)

    def again(self, partition: Partition) -> None:
        with self.lock:
            if partition in self.placed:
                self.placed.discard(partition)
                self.unplaced.add(partition)

    def pause(self, partitions: Collection[Partition]) -> None:
        """Nothing comes of them until they are resumed; they remain this member's."""
        self.aside |= {*partitions}
        self.hold(partitions, held=True)

    def resume(self, partitions: Collection[Partition]) -> None:
        self.aside -= {*partitions}
        self.hold(partitions, held=False)

    def note(self, offsets: Mapping[Partition, int]) -> None:
        """Let Kafka know up to where we have come. Whether it takes that down, matters to dashboards only."""
        if self.consumer is not None and offsets:
            told = {TopicPartition(*each): OffsetAndMetadata(offset, "", -1) for each, offset in offsets.items()}
            with suppress(KafkaError):
                self.consumer.commit(told, timeout_ms=self.bus.milliseconds)

    def ends(self) -> Mapping[Partition, int]:
        """Behind the last message of each partition that is ours. Raises BusUnavailable where nobody says so."""
        with self.failing():
            parts = [TopicPartition(*each) for each in sorted(self.assigned())]
            found = self.bus.offsets(self.connected().end_offsets, parts)
            return {Partition(part.topic, part.partition): end for part, end in found.items()}

    def close(self) -> None:
        """Leave the group, if somebody is there to be told."""
        consumer, self.consumer = self.consumer, None
        with self.lock:
            self.placed, self.unplaced = set(), set()
        if consumer is not None:
            with suppress(KafkaError, OSError):
                consumer.close(autocommit=False, timeout_ms=self.bus.milliseconds)
            with suppress(KafkaError, OSError):
                consumer._client.close()  # noqa: SLF001 - where nobody could be told, it is left open.

    # What there is behind it

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Says in our own words what is wrong with Kafka, and lets go of the connection then."""
        try:
            with self.bus.complaining():
                try:
                    yield
                except OffsetOutOfRangeError as gone:
                    parts = ", ".join(f"{part.topic}/{part.partition}" for part in gone.args[0])
                    raise BusRefused(f"Kafka at {self.bus.servers} has lost what was next in {parts}") from gone
        except BaseException:
            self.close()
            raise

    def connected(self) -> Any:
        if self.consumer is None:
            self.consumer = consumer = self.bus.open(
                KafkaConsumer,
                group_id=self.group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                allow_auto_create_topics=False,
                session_timeout_ms=int(self.session * 1000),
                heartbeat_interval_ms=int(self.session * 300),
                metadata_max_age_ms=60_000,
            )
            for topic in self.topics:
                if not consumer.partitions_for_topic(topic):
                    raise BusRefused(f"Kafka at {self.bus.servers} has no topic {topic}")
            consumer.subscribe(self.topics, listener=Listener(self, consumer))
        return self.consumer

    def settle(self, consumer: Any) -> None:
        """Go to the place of each partition that has been assigned. A message that came before that does not count."""
        with self.lock:
            wanted = sorted(self.unplaced)
        if not wanted:
            return
        parts = [TopicPartition(*each) for each in wanted]
        first = self.bus.offsets(consumer.beginning_offsets, parts)
        behind = self.bus.offsets(consumer.end_offsets, parts)
        for partition, part in zip(wanted, parts, strict=True):
            offset = self.place(partition, first[part], behind[part])
            with self.lock:
                if partition not in self.unplaced:  # It has been taken away again.
                    continue
                consumer.seek(part, offset)
                if partition not in self.aside:
                    consumer.resume(part)
                self.unplaced.discard(partition)
                self.placed.add(partition)

    def hold(self, partitions: Collection[Partition], *, held: bool) -> None:
        with self.lock:
            parts = [TopicPartition(*each) for each in partitions if each in self.placed]
            if parts and self.consumer is not None:
                (self.consumer.pause if held else self.consumer.resume)(*parts)


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what has been assigned. It is called by a thread that must not wait for anybody, so it does no more."""

    def __init__(self, subscription: Subscription, consumer: Any) -> None:
        self.subscription = subscription
        self.consumer = consumer

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self.let_go(revoked)

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self.let_go(lost)

    def let_go(self, parts: Iterable[Any]) -> None:
        ours = self.subscription
        gone = {Partition(part.topic, part.partition) for part in parts}
        with ours.lock:
            ours.placed -= gone
            ours.unplaced -= gone

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        ours = self.subscription
        with ours.lock:
            for part in assigned:
                self.consumer.seek(part, 0)  # Anywhere: without a place it would look for one by itself.
                self.consumer.pause(part)
                partition = Partition(part.topic, part.partition)
                ours.placed.discard(partition)
                ours.unplaced.add(partition)


def arrived(record: Any) -> Arrived:
    return Arrived(
        record.offset,
        record.key,
        record.value,
        moment(record.timestamp),
        tuple((name, bytes(value or b"")) for name, value in record.headers),
    )


def moment(milliseconds: int | None) -> datetime | None:
    """None also where there is no such year: some send microseconds."""
    if milliseconds is None or milliseconds < 0:
        return None
    try:
        return BEGIN + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
