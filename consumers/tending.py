"""What is to be done for a view whose partitions others fold, by whoever has its lease: it begins, its position follows
what all partitions have come to, and where its build is amiss it is rebuilt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from consumers.amiss import goes_on, is_spoilt, spoil, wait
from consumers.cloudevents import topic_of
from consumers.cursors import Filled, relayed, repartitioned
from consumers.dead_letters import know_aside
from consumers.fed import fed
from consumers.partitioned import begin, fed_from, reach
from consumers.session import Session
from consumers.tracking import Place, tracked
from domain.values import FACT_NAMES
from ledger.scan import Wire
from projections.projection import Projection

Found = Literal["well", "another build", "amiss"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """What has been sent: to the ledger's topics, and to those of views' own keys."""

    relayed: Mapping[str, Filled] = field(default_factory=dict)
    own: Mapping[tuple[str, str], tuple[str, Filled]] = field(default_factory=dict)

    def feeding(self, view: Projection) -> dict[str, Filled]:
        """The topics from which a view is fed, as far as they are there."""
        if fed(view).way == "repartition topic":
            return dict([found]) if (found := self.own.get((view.name, view.fingerprint))) else {}
        return {topic: self.relayed[topic] for topic in fed(view).topics if topic in self.relayed}

    def missing(self, view: Projection) -> str:
        """What is sent nowhere at the moment, in words; none where all of it is."""
        for topic in fed(view).topics:
            if topic not in self.relayed:
                return f"nothing is sent to {topic}"
        return "" if self.feeding(view) else "no topic of its own keys is there yet"

    def narrowed(self, view: Projection) -> str:
        """Where only some of what it reads is sent, in words."""
        for topic in fed(view).topics:
            reads = {name for event in view.reads if topic_of(name := FACT_NAMES[event]) == topic}
            if topic in self.relayed and not self.relayed[topic].has(reads):
                return f"not all that it reads is sent to {topic}"
        return ""


def filled(session: Session, wire: Wire) -> Known:
    return Known(relayed(wire), repartitioned(session))


def tend(session: Session, places: Sequence[Place]) -> None:
    """The positions, which somebody may wait for."""
    if places:
        with session.transaction() as cursor:
            moved = reach(cursor, [place.view.name for place in places])
        for place in places:
            place.position = moved.get(place.view.name, place.position)


def look_after(session: Session, place: Place, known: Known) -> Found:
    """See to it that the build that answers is fed by partitions, as soon as all topics are there, and that they have
    all that it needs.
    """
    view = place.view
    with session.transaction() as cursor:
        found = tracked(cursor, view)
        if found is None or found.fingerprint != view.fingerprint:
            return "another build"
        place.build, place.position = found.build, found.position
        if is_spoilt(cursor, view, found.build):
            return "amiss"
        begun, topics = fed_from(cursor, view, found.build), known.feeding(view)
        lacks = known.narrowed(view)
        if because := (begun and lacks) or wrong(begun, topics, found.position):
            log.warning("a view is amiss, and rebuilt from the ledger", view=view.name, because=because)
            spoil(cursor, view, found.build, because)
            return "amiss"
        if lacks := lacks or known.missing(view):
            wait(cursor, view, found.build, lacks)
        else:
            goes_on(cursor, view, found.build)
            if not begun:
                begin(cursor, view, found.build, found.position, topics)
        know_aside(cursor, place)
    return "well"


def wrong(begun: Mapping[str, tuple[str, int]], topics: Mapping[str, Filled], position: int) -> str:
    """Why a build cannot be fed from these topics, in words; it has begun with some fillings, at some positions, or is
    to begin where it is.
    """
    for topic, each in topics.items():
        filling, since = begun.get(topic, (each.filling, position))
        if filling != each.filling:
            return f"{topic} is filled anew"
        if each.whole_from > since:
            return f"{topic} has all only beyond position {each.whole_from}, and {since} is where it begins"
    if begun and topics and begun.keys().isdisjoint(topics):
        return f"{min(begun)} is not filled any more"
    return ""
