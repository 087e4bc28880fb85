"""Which topics there are in Kafka, told from others of their names, what they have, and where in them a time begins."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from consumers.bus import LATEST, POLL_MS, Bus, BusUnavailable
from consumers.cloudevents import POSITION
from consumers.cursors import Filled
from consumers.message import Message, Partition
from consumers.turns import Now
from ledger.ledger import Ledger

SKEW = timedelta(minutes=10)  # By which clocks may differ.
MOMENT = 1.0  # Seconds: many partitions are asked about at once.
EARLIEST = -2  # As the protocol has it: the offset of the first message that there is.


@dataclass(frozen=True, slots=True)
class Log:
    """`name` is another one where a topic was deleted and made again, or is in another Kafka. Of each partition, the
    offset of the first message that there is, and the one that the next will have.
    """

    name: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def partitions(self) -> int:
        return len(self.begins)


def logs(bus: Bus, topics: Iterable[str]) -> dict[str, Log]:
    """Those that are there. Raises BusUnavailable and BusRefused."""
    with bus.complaining(), bus.client(KafkaAdminClient) as admin:
        cluster = admin.describe_cluster()["cluster_id"]
        there = sorted({*topics}.intersection(admin.list_topics()))
        described = {each["name"]: each for each in (admin.describe_topics(there) if there else ())}
        parts = [TopicPartition(name, number) for name in there for number in range(len(described[name]["partitions"]))]

        def asked(what: int) -> Mapping[Any, Any]:
            found = admin.list_partition_offsets(dict.fromkeys(parts, what), timeout_ms=bus.milliseconds)
            return {part: each.offset for part, each in found.items()}

        begins, ends = asked(EARLIEST), asked(LATEST)
    return {
        name: Log(
            f"{cluster}/{described[name]['topic_id']}",
            *(tuple(found[part] for part in parts if part.topic == name) for found in (begins, ends)),
        )
        for name in there
    }


def bearing(bus: Bus) -> Callable[[str], str]:
    """Answers which topic bears a name by now, as it was a moment ago at most. What it answers raises BusUnavailable
    and BusRefused.
    """
    known: dict[str, str] = {}
    asks = Now(MOMENT)

    def which(topic: str) -> str:
        if asks.is_due() or topic not in known:
            known.update({name: each.name for name, each in logs(bus, [topic]).items()})
        if topic not in known:
            raise BusUnavailable(f"Kafka at {bus.servers} has no topic {topic} any more")
        return known[topic]

    return which


def lost(sent: Filled, now: Log | None) -> str:
    """What of it is not there any more, in words; none where all is."""
    if now is None:
        return "it is gone"
    if now.name != sent.log or now.partitions < sent.partitions:
        return "it is another one of that name"
    for number, (begin, end) in enumerate(zip(sent.begins, sent.ends, strict=True)):
        if begin < end and now.begins[number] > begin:
            return f"its partition {number} begins at {now.begins[number]} by now, and began at {begin}"
        if now.ends[number] < end:
            return f"its partition {number} ends at {now.ends[number]} by now, and ended at {end}"
    return ""


def last_of(bus: Bus, ends: Mapping[Partition, int]) -> Iterator[Message]:
    """The message before each of these offsets. Raises BusUnavailable and BusRefused."""
    if not ends:
        return
    with (
        bus.complaining(),
        bus.client(KafkaConsumer, group_id=None, enable_auto_commit=False, auto_offset_reset="none") as consumer,
    ):
        left = {TopicPartition(*each): end - 1 for each, end in ends.items()}
        consumer.assign([*left])
        for part, offset in left.items():
            consumer.seek(part, offset)
        until = monotonic() + bus.patience
        while left:
            for part, records in consumer.poll(POLL_MS).items():
                if left.pop(part, None) is not None:
                    consumer.pause(part)
                    found = records[0]
                    yield Message(topic=part.topic, key=found.key or b"", value=found.value, headers=found.headers)
            if monotonic() > until:
                raise BusUnavailable(f"Kafka at {bus.servers} does not say how {next(iter(left))} ends")


def beyond(bus: Bus, ledger: Ledger, partitions: Collection[Partition], position: int) -> dict[Partition, int]:
    """An offset of each from which on it has all that comes after a position of the ledger, by the time of that. Raises
    BusUnavailable and BusRefused.
    """
    if not partitions or not 0 < position <= ledger.last_position():
        return dict.fromkeys(partitions, 0)
    at = ledger.recorded_at(position)
    if at > datetime.now(UTC):
        return dict.fromkeys(partitions, 0)
    found = since(bus, partitions, at - SKEW)
    late = too_late(bus, found, position)
    return {each: 0 if each.topic in late else offset for each, offset in found.items()}


def too_late(bus: Bus, offsets: Mapping[Partition, int], position: int) -> set[str]:
    """The topics in which something that comes after a position stands before these offsets: clocks differ by more than
    they may.
    """
    there = logs(bus, {each.topic for each in offsets})
    ends = {
        each: offset
        for each, offset in offsets.items()
        if each.topic in there and offset > there[each.topic].begins[each.number]
    }
    late: set[str] = set()
    for message in last_of(bus, ends):
        with suppress(LookupError, ValueError):  # Others may send there, too.
            if int(dict(message.headers)[POSITION]) > position:
                late.add(message.topic)
    return late


def since(bus: Bus, partitions: Iterable[Partition], at: datetime) -> dict[Partition, int]:
    """The offset from which on a partition has all that was sent at a time or later."""
    with bus.complaining(), bus.client(KafkaAdminClient) as admin:
        parts = {each: TopicPartition(*each) for each in partitions}
        if not parts:
            return {}

        def asked(what: int) -> Any:
            return admin.list_partition_offsets(dict.fromkeys(parts.values(), what), timeout_ms=bus.milliseconds)

        behind = asked(LATEST)  # First: what comes meanwhile is not skipped.
        found = asked(int(at.timestamp() * 1000))
        offsets = {each: found[part].offset for each, part in parts.items()}
        return {each: behind[parts[each]].offset if at < 0 else at for each, at in offsets.items()}
