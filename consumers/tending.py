"""What is to be done for a view whose partitions others fold, by whoever has its lease: it begins, its position follows
what all partitions have come to, and where keys are spread otherwise than they were it is rebuilt.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from consumers.cursors import Filled, relayed, repartitioned
from consumers.dead_letters import know_aside
from consumers.fed import fed, view_topic
from consumers.partitioned import begin, counted, let_go, reach
from consumers.session import Session
from consumers.tracking import Place, tracked
from ledger.scan import Wire
from projections.projection import Projection

Found = Literal["well", "another build", "spread otherwise"]


def tend(session: Session, places: Sequence[Place]) -> None:
    """The positions, which somebody may wait for."""
    if places:
        with session.transaction() as cursor:
            moved = reach(cursor, [place.view.name for place in places])
        for place in places:
            place.position = moved.get(place.view.name, place.position)


def topics_of(view: Projection) -> Collection[str]:
    """Those from which it is fed."""
    found = fed(view)
    return (view_topic(view),) if found.way == "repartition topic" else found.topics


def filled(session: Session, wire: Wire) -> Mapping[str, Filled]:
    return relayed(wire) | repartitioned(session)


def look_after(session: Session, place: Place, known: Mapping[str, Filled]) -> Found:
    """See to it that the build that answers is fed by partitions, as soon as all topics are there.

    Where keys are in other partitions than they were, nobody can tell any more what has been folded of each.
    """
    view, wanted = place.view, topics_of(place.view)
    topics = {topic: known[topic].partitions for topic in wanted if topic in known}
    with session.transaction() as cursor:
        found = tracked(cursor, view)
        if found is None or found.fingerprint != view.fingerprint:
            return "another build"
        place.build, place.position = found.build, found.position
        if len(topics) == len(wanted):
            spread = counted(cursor, view, found.build)
            if not spread:
                begin(cursor, view, found.build, found.position, topics)
            elif spread != topics:
                let_go(cursor, view, found.build)
                return "spread otherwise"
        know_aside(cursor, place)
    return "well"
