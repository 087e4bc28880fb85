"""How far each topic of the relay has come, which only who relays moves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumers.cursors import COLUMNS, Filled
from consumers.logs import Log
from consumers.tenure import Tenure

MOVE = """
UPDATE ledger.relayed AS each
SET position = %(until)s, events = each.events + new.events, ends = new.ends, moved_at = clock_timestamp()
FROM ours, jsonb_to_recordset(%(topics)s::jsonb) AS new (topic text, events bigint, ends bigint[])
WHERE each.topic = new.topic AND each.position = %(after)s
RETURNING each.topic
"""
BEGIN = """
INSERT INTO ledger.relayed (topic, log, filling, partitions, begins, ends, types, whole_from, position, events)
SELECT topic, log, gen_random_uuid()::text, cardinality(begins), begins, begins, types, 0, 0, 0
FROM ours, jsonb_to_recordset(%(topics)s::jsonb) AS new (topic text, log text, begins bigint[], types text[])
ON CONFLICT (topic) DO UPDATE SET log = EXCLUDED.log, filling = EXCLUDED.filling, partitions = EXCLUDED.partitions,
    begins = EXCLUDED.begins, ends = EXCLUDED.ends, types = EXCLUDED.types, whole_from = 0, wanted = true,
    position = 0, events = 0, moved_at = clock_timestamp()
RETURNING topic
"""
KEEP = "UPDATE ledger.relayed SET wanted = topic = ANY(%(topics)s) FROM ours RETURNING topic"
OTHERS = """
UPDATE ledger.relayed AS each SET types = new.types, whole_from = new.whole_from
FROM ours, jsonb_to_recordset(%(topics)s::jsonb) AS new (topic text, types text[], whole_from bigint)
WHERE each.topic = new.topic RETURNING each.topic
"""
LOSE = "UPDATE ledger.relayed SET log = '' FROM ours WHERE topic = ANY(%(topics)s) RETURNING topic"
PLACES = f"SELECT topic, {COLUMNS}, types FROM ledger.relayed"  # noqa: S608 - names of ours.

Types = Sequence[str] | None
"""Those of an aggregate that go out; None where all do."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many events have come to a topic, and behind which offset each of its partitions ends by now."""

    events: int
    ends: Sequence[int]


class Relays(Tenure):
    """The time in which it is us who relay. All that moves something raises Deposed."""

    name = "relay"

    def move(self, topics: Mapping[str, Moved], after: int, until: int) -> None:
        """All events between two positions are in these topics."""
        rows = [{"topic": topic, "events": each.events, "ends": each.ends} for topic, each in topics.items()]
        self.say(MOVE, len(rows), topics=json.dumps(rows), after=after, until=until)

    def begin(self, topics: Mapping[str, tuple[Log, Types]]) -> None:
        """Fill them from the beginning: what is in them is none of it, and all that goes there is to be sent."""
        rows = [
            {"topic": topic, "log": now.name, "begins": now.ends, "types": types}
            for topic, (now, types) in topics.items()
        ]
        self.say(BEGIN, len(rows), topics=json.dumps(rows))

    def keep(self, topics: Mapping[str, Types]) -> None:
        """These are wanted, with these types, and of all others only their place is kept. Where more types are wanted
        than were, what there was of those is not sent: all of them are there from now on only.
        """
        places = self.places()
        self.say(KEEP, len(places), topics=[*topics])
        others = [
            {"topic": topic, "types": types, "whole_from": was.position if is_more(types, was) else was.whole_from}
            for topic, types in topics.items()
            if (was := places[topic]).types != types
        ]
        if others:
            self.say(OTHERS, len(others), topics=json.dumps(others))

    def lose(self, topics: Sequence[str]) -> None:
        """What was sent there is not there any more, and it is to be sent again."""
        self.say(LOSE, len(topics), topics=[*topics])

    def places(self) -> dict[str, Filled]:
        return {topic: Filled(*place) for topic, *place in self.connection.execute(PLACES.encode()).fetchall()}


def is_more(types: Types, was: Filled) -> bool:
    return was.types is not None and (types is None or not was.has({*types}))
