"""How far each topic of the relay has come, which only who relays moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumers.tenure import Tenure

MOVE = """
UPDATE ledger.relayed AS each
SET position = %(until)s, events = each.events + new.events, moved_at = clock_timestamp()
FROM ours, unnest(%(topics)s::text[], %(events)s::bigint[]) AS new (topic, events)
WHERE each.topic = new.topic AND each.position = %(after)s
RETURNING each.topic
"""
BEGIN = """
INSERT INTO ledger.relayed (topic, cluster, partitions, position, events)
SELECT new.topic, %(cluster)s, new.partitions, 0, 0
FROM ours, unnest(%(topics)s::text[], %(partitions)s::integer[]) AS new (topic, partitions)
ON CONFLICT (topic) DO UPDATE SET cluster = EXCLUDED.cluster, partitions = EXCLUDED.partitions, wanted = true,
    position = 0, events = 0, moved_at = clock_timestamp()
RETURNING topic
"""
KEEP = "UPDATE ledger.relayed SET wanted = topic = ANY(%(topics)s) FROM ours RETURNING topic"


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a topic has come, in which Kafka."""

    cluster: str
    partitions: int
    position: int
    events: int


class Relays(Tenure):
    """The time in which it is us who relay. All that moves something raises Deposed."""

    name = "relay"

    def move(self, topics: Mapping[str, int], after: int, until: int) -> None:
        """All events between two positions are in these topics, so many in each."""
        self.say(MOVE, len(topics), topics=[*topics], events=[*topics.values()], after=after, until=until)

    def begin(self, topics: Mapping[str, int], cluster: str) -> None:
        """Topics that have nothing, each with so many partitions: what is there for them is all to be sent."""
        self.say(BEGIN, len(topics), topics=[*topics], partitions=[*topics.values()], cluster=cluster)

    def keep(self, topics: Sequence[str]) -> None:
        """These are wanted, and of all others only their place is kept."""
        self.say(KEEP, len(self.places()), topics=topics)

    def places(self) -> dict[str, Reached]:
        found = self.connection.execute("SELECT topic, cluster, partitions, position, events FROM ledger.relayed")
        return {topic: Reached(*place) for topic, *place in found.fetchall()}
