"""How far the ledger is in Kafka, and whether anybody brings it there: for whoever asks how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Relayed:
    """How far the ledger is in a topic: in events of the ledger, and since when the first of them has waited."""

    topic: str
    partitions: int
    position: int
    events: int
    lag_events: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class Relaying:
    """Whether anybody relays, when it said so last, and what keeps it from going on."""

    active: bool
    epoch: int
    age_seconds: float
    waits_for: str | None
    topics: Sequence[Relayed]

    @property
    def state(self) -> Literal["live", "waiting", "stopped"]:
        if not self.active:
            return "stopped"
        return "waiting" if self.waits_for else "live"


STATUS = """
SELECT epoch, waits_for, extract(epoch FROM clock_timestamp() - seen_at)::float, until > clock_timestamp() AND EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = lock::oid AND objid = epoch::oid
        AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) FROM ledger.tenures WHERE name = 'relay' AND epoch > 0
"""
PLACES = """
SELECT topic, partitions, position, events, greatest(last - position, 0), coalesce((
    SELECT greatest(extract(epoch FROM clock_timestamp() - recorded_at), 0) FROM ledger.stored_events
    WHERE notification_id > position ORDER BY notification_id LIMIT 1
), 0)::float
FROM ledger.relayed, (SELECT coalesce(max(notification_id), 0) AS last FROM ledger.stored_events) AS ledger
WHERE wanted ORDER BY topic
"""


def relaying(cursor: Any) -> Relaying | None:
    """None where nobody ever has. The cursor may be one of either driver."""
    cursor.execute(STATUS)
    found = cursor.fetchone()
    if found is None:
        return None
    epoch, waits_for, age, active = found
    cursor.execute(PLACES)
    topics = [Relayed(*each) for each in cursor.fetchall()]
    return Relaying(active, epoch, age, waits_for, topics)
