"""Brings the events of a view whose keys gather several streams into a topic in which each key has a partition.

One does it at a time. He reads all partitions up to a position at which the ledger is there, puts what is between that
and the last one in the order of the ledger, sends it, and then notes how far he is. Who dies before that, or has been
replaced, leaves a copy: the same events in the same order, which readers pass over.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import structlog
from kafka import KafkaConsumer, TopicPartition
from psycopg2 import extras

from consumers.brokers import Brokers
from consumers.bus import POLL_MS, Bus, BusRefused, BusUnavailable
from consumers.cursors import Filled, relayed
from consumers.dead_letters import written
from consumers.fed import fed, view_topic
from consumers.logs import Log, logs, since
from consumers.message import Message, Partition
from consumers.passing import in_order
from consumers.session import Cursor, ReadsUnavailable, Session
from consumers.subscription import arrived
from consumers.tracking import LONGEST_WAIT, Fenced, described, fail, prepare, tracked
from consumers.unpacking import Unpacked, Unpacking
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.store import Busy, Unavailable
from projections.folding import FoldFailed
from projections.projection import Projection

SPAN = 20_000  # Positions of the ledger at a time: what is between them is in memory.
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 5.0
SKEW = timedelta(minutes=10)  # By which clocks may differ.

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """All up to a position is in the view's topic; from where to read on in each partition, and of which log."""

    log: str
    position: int
    offsets: Mapping[Partition, tuple[str, int]]


@dataclass
class Repartitioner:
    view: Projection
    ledger: Ledger
    ledger_url: str
    database_url: str
    brokers: Brokers | str
    source: str
    span: int = SPAN
    failed: bool = False
    waits_for: str = ""

    def __post_init__(self) -> None:
        self.topic = view_topic(self.view)
        self.topics = fed(self.view).topics
        self.session = Session(self.database_url, f"repartition of {self.view.name}")
        self.wire = Wire(self.ledger_url)
        self.bus = Bus(self.brokers)
        self.unpacking = Unpacking(self.ledger.codec, [self.view], self.source)

    def run(self, stop: Event) -> None:
        try:
            while not stop.is_set():
                stop.wait(self.turn())
        finally:
            self.close()

    def turn(self) -> float:
        """One step, if it is for us to do; answers how long to wait before the next."""
        try:
            if not self.session.take(f"repartition {self.topic}"):
                return LOOK_SECONDS
            pause = 0.0 if self.step() else LOOK_SECONDS
        except Fenced as fenced:
            log.info("another process repartitions", view=self.view.name, because=str(fenced))
            return LOOK_SECONDS
        except (BusUnavailable, BusRefused) as gone:
            self.complain(str(gone))
            self.bus.close()
            return AGAIN_SECONDS
        except (ReadsUnavailable, Unavailable, Busy) as gone:
            self.complain(type(gone).__name__)
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

    def close(self) -> None:
        self.session.close()
        self.wire.close()
        self.bus.close()

    # A step

    def step(self) -> bool:
        """Whether there is more to do at once."""
        filled = {topic: each for topic, each in relayed(self.wire).items() if topic in self.topics}
        if len(filled) < len(self.topics):
            return False
        there = min(each.position for each in filled.values())
        progress = self.progress(filled)
        if progress is None or there <= progress.position:
            return False
        until = min(there, progress.position + self.span)
        found, offsets = self.read(progress, until)
        several = in_order(found.values(), progress.position, until)
        self.bus.publish([self.message(each) for each in several if each.kind in self.view.reads])
        self.move(progress, until, offsets)
        return until < there

    def message(self, each: Unpacked) -> Message:
        """Under its key. Raises FoldFailed where that cannot be known."""
        assert each.position is not None, "nothing of another ledger goes there"
        try:
            _, _, event = each.told(self.view)
            key = ",".join(written(self.view, self.view.finders[type(event)](event)))
        except Exception as bug:
            raise FoldFailed(self.view.name, each.position, each.event) from bug
        return Message(topic=self.topic, key=key.encode(), value=each.message.value, headers=each.message.headers)

    def read(
        self, progress: Progress, until: int
    ) -> tuple[dict[Partition, list[Unpacked]], dict[Partition, tuple[str, int]]]:
        """All that partitions have up to a position, and where the first is that is beyond it. What comes for the first
        time comes in order, so nothing behind that is missing.
        """
        found: dict[Partition, list[Unpacked]] = {each: [] for each in progress.offsets}
        beyond: dict[Partition, int] = {}
        with self.reading(progress) as (consumer, ends):
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

    @contextmanager
    def reading(self, progress: Progress) -> Any:
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
            ends = consumer.end_offsets(list(parts.values()), timeout_ms=self.bus.milliseconds)
            for each, (_, offset) in progress.offsets.items():
                consumer.seek(parts[each], offset)
                if offset >= ends[parts[each]]:
                    consumer.pause(parts[each])
            yield consumer, {each: ends[part] for each, part in parts.items()}

    # How far it is

    def progress(self, filled: Mapping[str, Filled]) -> Progress | None:
        """None where the view is not ours, or not there yet. A topic that was deleted is filled again from where the
        view is.
        """
        self.spread(filled)
        prepare(self.session)
        with self.session.transaction() as cursor:
            found = tracked(cursor, self.view)
            known = self.known(cursor)
        if found is None or found.fingerprint != self.view.fingerprint:
            return None
        now = logs(self.bus, [*self.topics, self.topic])
        ours = {Partition(topic, n) for topic, each in filled.items() for n in range(each.partitions)}
        if (
            known is not None
            and known.log == now[self.topic].name
            and {*known.offsets} == ours
            and all(now[each.topic].name == name for each, (name, _) in known.offsets.items())
        ):
            return known
        return self.begin(found.position, now, ours)

    def known(self, cursor: Cursor) -> Progress | None:
        cursor.execute("SELECT log, position FROM views.repartitioned WHERE topic = %s", [self.topic])
        found = cursor.fetchone()
        cursor.execute(
            "SELECT topic, partition, log, next_offset FROM views.repartitioned_from WHERE into_topic = %s",
            [self.topic],
        )
        offsets = {Partition(topic, number): (name, offset) for topic, number, name, offset in cursor.fetchall()}
        if found is None:
            return None
        name, position = found
        return Progress(name, position, offsets)

    def spread(self, filled: Mapping[str, Filled]) -> None:
        """Make the topic, if it is not there; it has as many partitions as the most of those that go into it."""
        if self.topic not in self.bus.spread:
            count = max(each.partitions for each in filled.values())
            there = logs(self.bus, [self.topic])
            self.bus.prepare({self.topic: count})
            self.bus.spread[self.topic] = there[self.topic].partitions if there else count

    def begin(self, position: int, now: Mapping[str, Log], ours: set[Partition]) -> Progress:
        begun = dict.fromkeys(ours, 0)
        if position > 0 and (at := self.ledger.recorded_at(position)) <= datetime.now(UTC):
            begun = since(self.bus, ours, at - SKEW)
        offsets = {each: (now[each.topic].name, offset) for each, offset in begun.items()}
        progress = Progress(now[self.topic].name, position, offsets)
        with self.session.transaction() as cursor:
            cursor.execute("DELETE FROM views.repartitioned WHERE topic = %s", [self.topic])
            cursor.execute(
                "INSERT INTO views.repartitioned (topic, view, partitions, log, position) VALUES (%s, %s, %s, %s, %s)",
                [self.topic, self.view.name, self.bus.spread[self.topic], progress.log, position],
            )
            self.keep(cursor, offsets)
        return progress

    def move(self, progress: Progress, until: int, offsets: Mapping[Partition, tuple[str, int]]) -> None:
        with self.session.transaction() as cursor:
            cursor.execute(
                "UPDATE views.repartitioned SET position = %s, moved_at = now()"
                " WHERE (topic, log, position) = (%s, %s, %s)",
                [until, self.topic, progress.log, progress.position],
            )
            if cursor.rowcount != 1:
                raise Fenced(f"{self.topic} is not at position {progress.position} any more")
            self.keep(cursor, offsets)
            if self.failed:
                cursor.execute(
                    "UPDATE views.tracking SET error = NULL, failures = 0, retry_at = NULL WHERE name = %s",
                    [self.view.name],
                )
        self.failed = False

    def keep(self, cursor: Cursor, offsets: Mapping[Partition, tuple[str, int]]) -> None:
        rows: Sequence[tuple[Any, ...]] = [(self.topic, *each, name, to) for each, (name, to) in offsets.items()]
        extras.execute_values(
            cursor,
            "INSERT INTO views.repartitioned_from (into_topic, topic, partition, log, next_offset) VALUES %s"
            " ON CONFLICT (into_topic, topic, partition) DO UPDATE SET log = EXCLUDED.log,"
            " next_offset = EXCLUDED.next_offset",
            rows,
            page_size=len(rows),
        )

    def complain(self, because: str) -> None:
        if because and not self.waits_for:
            log.warning("a view waits to be repartitioned", view=self.view.name, because=because)
        self.waits_for = because
