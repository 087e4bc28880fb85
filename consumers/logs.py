"""Which topics there are in Kafka, told from others that had their names, and where in them a time begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import KafkaAdminClient, TopicPartition

from consumers.bus import LATEST, Bus
from consumers.message import Partition


@dataclass(frozen=True, slots=True)
class Log:
    """`name` is another one where a topic was deleted and made again, or is in another Kafka."""

    name: str
    partitions: int


def logs(bus: Bus, topics: Iterable[str]) -> dict[str, Log]:
    """Those that are there. Raises BusUnavailable and BusRefused."""
    with bus.complaining(), bus.client(KafkaAdminClient) as admin:
        cluster = admin.describe_cluster()["cluster_id"]
        there = sorted({*topics}.intersection(admin.list_topics()))
        found: Sequence[Mapping[str, Any]] = admin.describe_topics(there) if there else ()
        return {each["name"]: Log(f"{cluster}/{each['topic_id']}", len(each["partitions"])) for each in found}


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
