"""By what a view can be fed: by the ledger, by Kafka's partitions, or by a topic in which its own keys are together.

An event is folded after all others of its key, and nothing else is asked of the order. Where a key's events are all of
one stream, they are in one partition already.
"""

from dataclasses import dataclass
from typing import Literal

from consumers.cloudevents import topic_of
from domain.values import FACT_NAMES, FORGETTING
from projections.projection import Projection

Way = Literal["ledger", "partitions", "repartition topic"]


@dataclass(frozen=True, slots=True)
class Fed:
    """How, why so, and from which of the ledger's topics."""

    way: Way
    because: str
    topics: tuple[str, ...]


def fed(view: Projection) -> Fed:
    way, because = way_of(view)
    return Fed(way, because, tuple(sorted({topic_of(FACT_NAMES[event]) for event in view.reads})))


def way_of(view: Projection) -> tuple[Way, str]:
    if view.opens:
        return "ledger", "it shows what is personal, and an erasure comes under another key than what it closes"
    if shows_actors(view):
        return "ledger", "it shows what actors are called, which does not travel"
    if view.lookups:
        columns = " and ".join(sorted(view.looked_up))
        return "ledger", f"some events find its rows by {columns}, of whichever key they are"
    if view.inward and set(view.reads) <= set(FORGETTING):
        return "ledger", "it tells who is forgotten, and whoever asks must not be told too late"
    if view.appends:
        return "partitions", "an event makes rows of its own"
    if not view.elsewhere and view.key == ("subject_id",):
        return "partitions", "its key is the stream"
    if not view.elsewhere and len({FACT_NAMES[event].partition(".")[0] for event in view.reads}) == 1:
        return "partitions", "its key is that of one aggregate"
    return "repartition topic", "events of several streams have one key"


def shows_actors(view: Projection) -> bool:
    """Somebody by his id, what kind of actor he is, and how he is called."""
    known = view.by_name.keys()
    return any({f"{name}_kind", f"{name}_name"} <= known for name in known)


def view_topic(view: Projection, drawn: str) -> str:
    """Where its own keys are together. What they are made of, its fingerprint tells, and so another version's are
    never among them; what is drawn tells it from all that there have been before.
    """
    return f"lifeledger.view.{view.name}.{view.fingerprint}.{drawn}"
