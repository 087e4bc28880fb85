"""Brings the events of views whose keys gather several streams into topics in which each key has a partition.

One does it at a time. He reads all partitions up to a position at which the ledger is there, puts what is between that
and the last one in the order of the ledger, sends it, and then notes how far he is. Who dies before that, or has been
replaced, leaves a copy: the same events in the same order, which readers pass over.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import structlog
from kafka import KafkaConsumer, TopicPartition

from consumers.brokers import Brokers
from consumers.bus import POLL_MS, Bus, BusRefused, BusUnavailable
from consumers.cursors import relayed
from consumers.dead_letters import written
from consumers.fed import fed
from consumers.message import Message, Partition
from consumers.own_topic import OwnTopic, Progress
from consumers.passing import in_order
from consumers.session import ReadsUnavailable, Session
from consumers.subscription import arrived
from consumers.tending import Known
from consumers.tracking import LONGEST_WAIT, Fenced, described, fail, prepare
from consumers.unpacking import Unpacked, Unpacking
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.store import Busy, Unavailable
from projections.folding import FoldFailed
from projections.projection import Projection

SPAN = 20_000  # Positions of the ledger at a time: what is between them is in memory.
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 5.0

log = structlog.get_logger()


@dataclass
class Repartitioning:
    """All such views, one after the other, over the same connections."""

    views: Sequence[Projection]
    ledger: Ledger
    ledger_url: str
    database_url: str
    brokers: Brokers | str
    source: str

    def __post_init__(self) -> None:
        self.session = Session(self.database_url, "repartition")
        self.wire = Wire(self.ledger_url)
        self.bus = Bus(self.brokers)
        given = self.ledger, self.session, self.wire, self.bus, self.source
        self.several = [Repartitioner(view, *given) for view in self.views]

    def run(self, stop: Event) -> None:
        due = dict.fromkeys(range(len(self.several)), 0.0)
        try:
            while not stop.is_set():
                for number, each in enumerate(self.several):
                    if due[number] <= time.monotonic() and not stop.is_set():
                        due[number] = each.turn() + time.monotonic()
                stop.wait(max(0.0, min(due.values()) - time.monotonic()))
        finally:
            self.close()

    def close(self) -> None:
        self.session.close()
        self.wire.close()
        self.bus.close()


@dataclass
class Repartitioner:
    """Of one view."""

    view: Projection
    ledger: Ledger
    session: Session
    wire: Wire
    bus: Bus
    source: str
    span: int = SPAN
    failed: bool = True
    """Or whoever was here before may have."""
    prepared: bool = False
    waits_for: str = ""
    topic: OwnTopic = field(init=False)

    def __post_init__(self) -> None:
        self.topics = fed(self.view).topics
        self.topic = OwnTopic(self.view, self.session, self.bus, self.ledger)
        self.unpacking = Unpacking(self.ledger.codec, [self.view], self.source)

    def turn(self) -> float:
        """One step, if it is for us to do; answers how long to wait before the next."""
        try:
            if not self.session.take(f"repartition {self.view.name}.{self.view.fingerprint}"):
                return LOOK_SECONDS
            pause = 0.0 if self.step() else LOOK_SECONDS
        except Fenced as fenced:
            log.info("another process repartitions", view=self.view.name, because=str(fenced))
            return LOOK_SECONDS
        except (BusUnavailable, BusRefused) as gone:
            self.complain(str(gone))
            self.topic.looks.at = 0.0
            self.bus.close()
            return AGAIN_SECONDS
        except (ReadsUnavailable, Unavailable, Busy) as gone:
            self.complain(type(gone).__name__)
            self.prepared = False
            self.session.close()
            return LOOK_SECONDS
        except Exception as error:  # noqa: BLE001 - nobody knows the key of what cannot be read, so the view waits.
            return self.stands_still(error)
        self.complain("")
        return pause

    def stands_still(self, error: Exception) -> float:
        position = error.position if isinstance(error, FoldFailed) else None
        failures = fail(self.session, self.view, position, error)
        self.failed = True
        log.error("a view is not repartitioned", view=self.view.name, error=described(error, position))
        return float(min(2**failures, LONGEST_WAIT))

    # A step

    def step(self) -> bool:
        """Whether there is more to do at once."""
        if not self.prepared:
            prepare(self.session)
            self.prepared = True
        known = Known(relayed(self.wire))
        sources = {topic: known.relayed[topic] for topic in self.topics if topic in known.relayed}
        if len(sources) < len(self.topics) or known.narrowed(self.view):
            return False
        there = min(each.position for each in sources.values())
        progress = self.topic.progress(sources)
        if progress is None or there <= progress.position:
            return False
        until = min(there, progress.position + self.span)
        found, offsets = self.read(progress, until)
        several = in_order(found.values(), progress.position, until)
        placed = self.bus.publish([self.message(each, progress.topic) for each in several if self.reads(each)])
        self.topic.move(progress, until, offsets, placed)
        self.goes_on()
        return until < there

    def reads(self, each: Unpacked) -> bool:
        return each.kind in self.view.reads

    def goes_on(self) -> None:
        if self.failed:
            with self.session.transaction() as cursor:
                cursor.execute(
                    "UPDATE views.tracking SET error = NULL, failures = 0, retry_at = NULL WHERE name = %s",
                    [self.view.name],
                )
        self.failed = False

    def message(self, each: Unpacked, topic: str) -> Message:
        """Under its key. Raises FoldFailed where that cannot be known."""
        assert each.position is not None, "nothing of another ledger goes there"
        try:
            _, _, event = each.told(self.view)
            key = ",".join(written(self.view, self.view.finders[type(event)](event)))
        except Exception as bug:
            raise FoldFailed(self.view.name, each.position, each.event) from bug
        return Message(topic=topic, key=key.encode(), value=each.message.value, headers=each.message.headers)

    def read(
        self, progress: Progress, until: int
    ) -> tuple[dict[Partition, list[Unpacked]], dict[Partition, tuple[str, int]]]:
        """All that partitions have up to a position, and where the first is that is beyond it. What comes for the first
        time comes in order, so nothing behind that is missing.
        """
        found: dict[Partition, list[Unpacked]] = {each: [] for each in progress.offsets}
        beyond: dict[Partition, int] = {}
        with self.reading(progress) as (consumer, begins, ends):
            self.must_be_there(progress, begins, ends)
            left = {each for each, (_, offset) in progress.offsets.items() if offset < ends[each]}
            heard = time.monotonic()
            while left:
                for part, records in consumer.poll(POLL_MS).items():
                    heard = time.monotonic()
                    partition = Partition(part.topic, part.partition)
                    for each in self.unpacking.unpacked(partition, list(map(arrived, records))):
                        if partition in beyond or each.offset >= ends[partition]:
                            break
                        if each.position is not None and each.position > until:
                            beyond[partition] = each.offset
                        else:
                            found[partition].append(each)
                    if partition in beyond or records[-1].offset + 1 >= ends[partition]:
                        left.discard(partition)
                        consumer.pause(part)
                if time.monotonic() > heard + self.bus.patience:
                    raise BusUnavailable(
                        f"Kafka at {self.bus.servers} says nothing more of {', '.join(map(str, left))}"
                    )
        offsets = {
            each: (name, beyond.get(each, max(offset, ends[each]))) for each, (name, offset) in progress.offsets.items()
        }
        return found, offsets

    def must_be_there(self, progress: Progress, begins: Mapping[Partition, int], ends: Mapping[Partition, int]) -> None:
        for each, (_, offset) in progress.offsets.items():
            if not begins[each] <= offset <= ends[each]:
                because = f"{each} goes from {begins[each]} to {ends[each]}, and {offset} is what comes next"
                raise BusUnavailable(because)  # Until whoever fills it finds that out, and does so anew.

    @contextmanager
    def reading(self, progress: Progress) -> Iterator[tuple[Any, Mapping[Partition, int], Mapping[Partition, int]]]:
        with (
            self.bus.complaining(),
            self.bus.client(
                KafkaConsumer,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                allow_auto_create_topics=False,
            ) as consumer,
        ):
            parts = {each: TopicPartition(*each) for each in progress.offsets}
            consumer.assign(list(parts.values()))
            begins = self.bus.offsets(consumer.beginning_offsets, [*parts.values()])
            ends = self.bus.offsets(consumer.end_offsets, [*parts.values()])
            for each, (_, offset) in progress.offsets.items():
                consumer.seek(parts[each], offset)
                if offset >= ends[parts[each]]:
                    consumer.pause(parts[each])
            found = ({each: offsets[part] for each, part in parts.items()} for offsets in (begins, ends))
            yield consumer, *found

    def complain(self, because: str) -> None:
        if because and not self.waits_for:
            log.warning("a view waits to be repartitioned", view=self.view.name, because=because)
        self.waits_for = because
