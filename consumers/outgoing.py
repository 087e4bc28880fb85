"""Which events go out to Kafka: whole aggregates, or some types of theirs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from consumers.cloudevents import aggregate_of, topic_of
from ledger.queries import SELECT_ROW

ALL = "all"
ROWS = f"{SELECT_ROW} WHERE notification_id > %(after)s AND notification_id <= %(until)s"
SOME = f"{ROWS} AND (split_part(topic, '.', 1) = ANY(%(whole)s::text[]) OR topic = ANY(%(types)s::text[]))"
ALL_BUT = f"{ROWS} AND split_part(topic, '.', 1) <> ALL(%(elsewhere)s::text[])"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Which events go out: of `whole` aggregates all, of others those of some types."""

    whole: frozenset[str]
    types: frozenset[str] = frozenset()
    everything: bool = False  # Also of aggregates that only another version of the service knows.

    @classmethod
    def of(cls, text: str, known: Collection[str]) -> "Outgoing":
        """`all`, or aggregates and types with commas between them. Raises ValueError, naming what there is not."""
        aggregates = {name.partition(".")[0] for name in known}
        if text.strip() == ALL:
            return cls(frozenset(aggregates), everything=True)
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name not in aggregates and name not in known:
                like = "".join(f"; {each} is one" for each in get_close_matches(name, [*aggregates, *known], 1))
                raise ValueError(f"there are no events {name!r}{like}")
        whole = aggregates.intersection(names)
        return cls(frozenset(whole), frozenset(n for n in names if n not in whole and n.partition(".")[0] not in whole))

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(map(topic_of, self.whole | self.types))

    def types_of(self, topic: str) -> Sequence[str] | None:
        """Those that go to a topic; None where all of its aggregate do."""
        if self.everything or aggregate_of(topic) in self.whole:
            return None
        return sorted(name for name in self.types if topic_of(name) == topic)

    def within(self, topics: Collection[str], elsewhere: Collection[str] = ()) -> tuple[str, Mapping[str, Any]]:
        """What is to be asked for what goes to some of the topics, while others stand elsewhere."""
        if self.everything:
            return ALL_BUT, {"elsewhere": sorted(map(aggregate_of, elsewhere))}
        whole, types = ([name for name in names if topic_of(name) in topics] for names in (self.whole, self.types))
        return SOME, {"whole": whole, "types": types}
