"""The topic in which a view's own keys are together, and how far it is in it and in all that it is made of.

One never continues another. Where something of what it is made of is filled anew, or something is lost, on either side,
another topic is begun under a name of its own, and whoever was fed from the former one is amiss.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from kafka import KafkaAdminClient
from psycopg2 import extras

from consumers.bus import Bus, BusRefused, BusUnavailable
from consumers.cursors import COLUMNS, Filled
from consumers.fed import view_topic
from consumers.logs import Log, beyond, logs, lost
from consumers.message import Partition
from consumers.sending import Placed
from consumers.session import Cursor, Session
from consumers.tracking import Fenced, tracked
from consumers.turns import Now
from ledger.ledger import Ledger
from projections.projection import Projection

LOG_SECONDS = 10.0  # Between looks whether all is there that was sent; and whenever Kafka has failed.

BEGIN = """
INSERT INTO views.repartitioned
    (view, fingerprint, topic, log, filling, partitions, begins, ends, whole_from, position)
VALUES (%s, %s, %s, %s, %s, %s, %s::bigint[], %s::bigint[], %s, %s)
ON CONFLICT (view, fingerprint) DO UPDATE SET topic = EXCLUDED.topic, log = EXCLUDED.log, filling = EXCLUDED.filling,
    partitions = EXCLUDED.partitions, begins = EXCLUDED.begins, ends = EXCLUDED.ends,
    whole_from = EXCLUDED.whole_from, position = EXCLUDED.position, moved_at = now()
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """What is in the view's topic; from where to read on in each partition, and of which filling."""

    topic: str
    sent: Filled
    offsets: Mapping[Partition, tuple[str, int]]

    @property
    def position(self) -> int:
        return self.sent.position


@dataclass
class OwnTopic:
    view: Projection
    session: Session
    bus: Bus
    ledger: Ledger
    looks: Now = field(default_factory=lambda: Now(LOG_SECONDS))
    spoilt: str = ""
    """Why the present one is not to be continued, as far as that has turned out on the way."""

    def progress(self, sources: Mapping[str, Filled]) -> Progress | None:
        """None where the view is not ours, or not there yet."""
        with self.session.transaction() as cursor:
            found = tracked(cursor, self.view)
            known = self.known(cursor)
        if found is None or found.fingerprint != self.view.fingerprint:
            return None
        if known is None:
            return self.begin(found.position, sources)
        if because := self.amiss(known, sources):
            log.warning("a view gets another topic of its own", view=self.view.name, because=because)
            begun = self.begin(found.position, sources)
            self.delete(known.topic)
            return begun
        self.bus.spread[known.topic] = known.sent.partitions
        return known

    def amiss(self, known: Progress, sources: Mapping[str, Filled]) -> str:
        """Why it cannot be continued, in words."""
        if self.spoilt:
            return self.spoilt
        fillings = {partition: filling for partition, (filling, _) in known.offsets.items()}
        for topic, each in sources.items():
            if any(fillings.get(Partition(topic, number)) != each.filling for number in range(each.partitions)):
                return f"{topic} is filled anew"
            if each.whole_from > known.position:
                return f"{topic} has all only beyond position {each.whole_from}"
        if self.looks.is_due():
            return lost(known.sent, logs(self.bus, [known.topic]).get(known.topic))
        return ""

    def known(self, cursor: Cursor) -> Progress | None:
        ours = [self.view.name, self.view.fingerprint]
        statement = f"SELECT topic, {COLUMNS} FROM views.repartitioned"  # noqa: S608 - names of ours.
        cursor.execute(f"{statement} WHERE (view, fingerprint) = (%s, %s)", ours)
        if (found := cursor.fetchone()) is None:
            return None
        cursor.execute(
            "SELECT topic, partition, filling, next_offset FROM views.repartitioned_from"
            " WHERE (view, fingerprint) = (%s, %s)",
            ours,
        )
        offsets = {Partition(topic, number): (filling, offset) for topic, number, filling, offset in cursor.fetchall()}
        topic, *sent = found
        return Progress(topic, Filled(*sent), offsets)

    def begin(self, position: int, sources: Mapping[str, Filled]) -> Progress:
        """Another topic, with as many partitions as the most of those that go into it, for all beyond where the view
        is, as far as all of that is there; who is not as far is to be rebuilt.
        """
        topic = view_topic(self.view, secrets.token_hex(4))
        self.bus.prepare({topic: max(each.partitions for each in sources.values())})
        if (now := logs(self.bus, [topic]).get(topic)) is None:
            raise BusUnavailable(f"the topic {topic} has been made, and is not there")
        position = min([position, *(each.position for each in sources.values())])
        position = max([position, *(each.whole_from for each in sources.values())])
        sent = Filled(now.name, topic, now.partitions, position, position, now.begins, now.ends)
        ours = {Partition(name, n): each for name, each in sources.items() for n in range(each.partitions)}
        behind = beyond(self.bus, self.ledger, ours.keys(), position)
        offsets = {each: (of.filling, max(of.begins[each.number], behind[each])) for each, of in ours.items()}
        with self.session.transaction() as cursor:
            self.put(cursor, topic, now, sent)
            cursor.execute(
                "DELETE FROM views.repartitioned_from WHERE (view, fingerprint) = (%s, %s)",
                [self.view.name, self.view.fingerprint],
            )
            self.keep(cursor, offsets)
        self.spoilt = ""
        self.bus.spread[topic] = now.partitions
        return Progress(topic, sent, offsets)

    def put(self, cursor: Cursor, topic: str, now: Log, sent: Filled) -> None:
        places = [now.partitions, [*now.begins], [*now.ends], sent.whole_from, sent.position]
        cursor.execute(BEGIN, [self.view.name, self.view.fingerprint, topic, now.name, sent.filling, *places])

    def move(
        self, progress: Progress, until: int, offsets: Mapping[Partition, tuple[str, int]], placed: Placed
    ) -> Progress:
        """All up to a position is there. Raises Fenced where somebody else has moved it."""
        ends = placed.ends(progress.topic, progress.sent.ends)
        if ends is None:
            self.spoilt = f"{progress.topic} has lost what was at its end"
            raise BusUnavailable(self.spoilt)
        with self.session.transaction() as cursor:
            cursor.execute(
                "UPDATE views.repartitioned SET position = %s, ends = %s, moved_at = now()"
                " WHERE (topic, position) = (%s, %s)",
                [until, ends, progress.topic, progress.position],
            )
            if cursor.rowcount != 1:
                raise Fenced(f"{progress.topic} is not at position {progress.position} any more")
            self.keep(cursor, offsets)
        return Progress(progress.topic, replace(progress.sent, position=until, ends=ends), offsets)

    def keep(self, cursor: Cursor, offsets: Mapping[Partition, tuple[str, int]]) -> None:
        ours = self.view.name, self.view.fingerprint
        rows: Sequence[tuple[Any, ...]] = [(*ours, *each, filling, to) for each, (filling, to) in offsets.items()]
        extras.execute_values(
            cursor,
            "INSERT INTO views.repartitioned_from (view, fingerprint, topic, partition, filling, next_offset) VALUES %s"
            " ON CONFLICT (view, fingerprint, topic, partition) DO UPDATE SET filling = EXCLUDED.filling,"
            " next_offset = EXCLUDED.next_offset",
            rows,
            page_size=len(rows),
        )

    def delete(self, topic: str) -> None:
        """Nobody is fed from it any more. Where it cannot be deleted now, it stays, and does no harm."""
        with (
            suppress(BusUnavailable, BusRefused),
            self.bus.complaining(),
            self.bus.client(KafkaAdminClient) as admin,
        ):
            admin.delete_topics([topic], timeout_ms=self.bus.milliseconds)
