"""Who relays the ledger to Kafka, one at a time, and how far each topic has come. Both stand beside the ledger.

Whoever takes over opens an epoch, and nothing is moved but in the last one: who was frozen and comes back finds that
out by the first thing that it tries to move. It is let go when its connection ends, or when it has said nothing for
as long as its lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg
from psycopg.rows import TupleRow

LOCK = 0x72656C61  # "rela"; beside it goes the epoch.
LEASE = 30.0  # Seconds. Longer than Kafka is waited for: only who does not run at all has nothing to say.

# Whose connection has ended has no lock any more, and is not waited for.
TAKE = """
UPDATE ledger.relay SET epoch = epoch + 1, until = clock_timestamp() + %(lease)s, seen_at = clock_timestamp(),
    waits_for = NULL
WHERE until < clock_timestamp() OR pg_try_advisory_lock(%(lock)s::integer, epoch::integer)
RETURNING epoch, pg_try_advisory_lock(%(lock)s::integer, epoch::integer)
"""
OURS = """
WITH ours AS (
    UPDATE ledger.relay SET until = clock_timestamp() + %(lease)s, seen_at = clock_timestamp(), waits_for = %(waits)s
    WHERE epoch = %(epoch)s RETURNING epoch
)
"""
RENEW = f"{OURS} SELECT epoch FROM ours"  # noqa: S608 - our own, here and below.
MOVE = f"""{OURS}
UPDATE ledger.relayed AS each
SET position = %(until)s, events = each.events + new.events, moved_at = clock_timestamp()
FROM ours, unnest(%(topics)s::text[], %(events)s::bigint[]) AS new (topic, events)
WHERE each.topic = new.topic AND each.position = %(after)s
RETURNING each.topic
"""  # noqa: S608
BEGIN = f"""{OURS}
INSERT INTO ledger.relayed (topic, cluster, partitions, position, events)
SELECT new.topic, %(cluster)s, new.partitions, 0, 0
FROM ours, unnest(%(topics)s::text[], %(partitions)s::integer[]) AS new (topic, partitions)
ON CONFLICT (topic) DO UPDATE SET cluster = EXCLUDED.cluster, partitions = EXCLUDED.partitions, wanted = true,
    position = 0, events = 0, moved_at = clock_timestamp()
RETURNING topic
"""  # noqa: S608
KEEP = f"{OURS} UPDATE ledger.relayed SET wanted = topic = ANY(%(topics)s) FROM ours RETURNING topic"  # noqa: S608

Connection = psycopg.Connection[TupleRow]


class Deposed(Exception):
    """Somebody else relays by now, from where we have come to."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a topic has come, in which Kafka."""

    cluster: str
    partitions: int
    position: int
    events: int


class Tenure:
    """The time in which it is us, over one connection."""

    def __init__(self, connection: Connection, epoch: int, lease: float, begun: float) -> None:
        self.connection = connection
        self.epoch = epoch
        self.lease = lease
        self.said_at = begun

    @classmethod
    def take(cls, connection: Connection, lease: float = LEASE) -> "Tenure | None":
        """None where it is somebody else."""
        begun = monotonic()
        given = {"lock": LOCK, "lease": timedelta(seconds=lease)}
        found = connection.execute(TAKE, given).fetchone()
        return None if found is None else cls(connection, int(found[0]), lease, begun)

    def is_over(self) -> bool:
        """Somebody else may have taken over: not to be known without asking."""
        return self.is_older(self.lease)

    def is_older(self, seconds: float) -> bool:
        """We have said nothing for so long."""
        return monotonic() > self.said_at + seconds

    def renew(self, waits_for: str | None = None) -> None:
        """Say that we are there. This and what follows raises Deposed."""
        self.say(RENEW, 1, waits_for)

    def move(self, topics: Mapping[str, int], after: int, until: int) -> None:
        """All events between two positions are in these topics, so many in each."""
        given: dict[str, Any] = {"topics": [*topics], "events": [*topics.values()], "after": after, "until": until}
        self.say(MOVE, len(topics), **given)

    def begin(self, topics: Mapping[str, int], cluster: str) -> None:
        """Topics that have nothing, each with so many partitions: what is there for them is all to be sent."""
        given: dict[str, Any] = {"topics": [*topics], "partitions": [*topics.values()], "cluster": cluster}
        self.say(BEGIN, len(topics), **given)

    def keep(self, topics: Sequence[str]) -> None:
        """These are wanted, and of all others only their place is kept."""
        self.say(KEEP, len(self.places()), topics=topics)

    def say(self, statement: str, rows: int, waits_for: str | None = None, **given: Any) -> None:
        now = monotonic()
        given |= {"epoch": self.epoch, "lease": timedelta(seconds=self.lease), "waits": waits_for}
        if len(self.connection.execute(statement.encode(), given).fetchall()) != rows:
            raise Deposed(f"epoch {self.epoch} is over")
        self.said_at = now

    def places(self) -> dict[str, Place]:
        found = self.connection.execute("SELECT topic, cluster, partitions, position, events FROM ledger.relayed")
        return {topic: Place(*place) for topic, *place in found.fetchall()}
