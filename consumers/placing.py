"""Where the views of a member are in each of its partitions: what is in there must be what they have begun with.

A view that has not had something which is not there any more is amiss. It is left to whoever has it, and the others go
on.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from consumers.amiss import spoil
from consumers.bus import Bus
from consumers.cursors import Filled
from consumers.dead_letters import know_aside
from consumers.logs import Log, beyond, logs
from consumers.message import Partition
from consumers.partitioned import Standing, move, standings
from consumers.passing import At
from consumers.session import Session
from consumers.tracking import Fenced, Place
from ledger.ledger import Ledger
from projections.projection import Projection

AGAIN_SECONDS = 5.0  # Until it is looked again where somebody can begin.

log = structlog.get_logger()


@dataclass(slots=True)
class Reader:
    """A view in one partition. One that `waits` has not had all that was read: it is placed again when it may go on."""

    standing: Standing
    place: Place
    waits: bool = False


@dataclass(slots=True)
class Topic:
    """What has been sent to one that is read, which topic of that name it is, and the views that are fed from it."""

    sent: Filled
    log: Log
    views: Sequence[Projection]

    @property
    def is_it(self) -> bool:
        """It is the one to which that was sent."""
        return self.sent.log == self.log.name

    def is_as(self, other: "Topic") -> bool:
        return (self.sent.filling, self.log.name) == (other.sent.filling, other.log.name)


@dataclass
class Placing:
    session: Session
    bus: Bus
    ledger: Ledger
    topics: Mapping[str, Topic] = field(default_factory=dict)
    readers: dict[Partition, list[Reader]] = field(default_factory=dict)
    rests: dict[tuple[str, Partition], float] = field(default_factory=dict)
    """Until when a view waits in a partition, since it cannot go on there."""

    def place(self, partition: Partition, first: int, behind: int) -> int:
        """The lowest offset that a view has not had. What nobody here reads is not read."""
        self.readers[partition] = []
        topic = self.topics.get(partition.topic)
        if topic is None or not topic.is_it or partition.number >= topic.sent.partitions:
            return behind
        readers = self.seen(partition, topic)
        while new := [each for each in readers if each.standing.written[0] is None]:
            if not self.begin(partition, topic.sent, new, first):
                readers = [each for each in readers if each.standing.written[0] is not None]
                break
            readers = self.seen(partition, topic)
        if not all(first <= each.standing.at.offset <= behind for each in readers):
            readers = self.there(partition, readers)
        self.readers[partition] = readers
        return min([each.standing.at.offset for each in readers if not each.waits] + [behind])

    def seen(self, partition: Partition, topic: Topic) -> list[Reader]:
        found: list[Reader] = []
        for standing in standings(self.session, partition, topic.views):
            if standing.filling != topic.sent.filling:
                continue
            reader = Reader(standing, Place(standing.view, standing.build, standing.at.position))
            reader.waits = self.rests.get((standing.view.name, partition), 0.0) > time.monotonic()
            if standing.aside:
                with self.session.transaction() as cursor:
                    know_aside(cursor, reader.place)
            found.append(reader)
        return found

    def begin(self, partition: Partition, sent: Filled, readers: Sequence[Reader], first: int) -> bool:
        """By the time of what they have had, it is found out what they cannot need; and that they are there is written
        down, for a partition may stay empty. Where what they need may be gone, they wait until it is filled anew.
        """
        lowest = min(each.standing.at.position for each in readers)
        offset = max(sent.begins[partition.number], beyond(self.bus, self.ledger, [partition], lowest)[partition])
        if offset < first:
            rest = time.monotonic() + AGAIN_SECONDS
            self.rests |= {(each.place.view.name, partition): rest for each in readers}
            return False
        begun = [(each.standing, At(offset, each.standing.at.position), 0) for each in readers]
        with suppress(Fenced), self.session.transaction() as cursor:  # Who was faster has begun it.
            move(cursor, partition, begun)
        return True

    def there(self, partition: Partition, readers: Sequence[Reader]) -> list[Reader]:
        """Those that are where something is. Another member may have brought them beyond what was the end when we
        asked, so it is asked again.
        """
        now = logs(self.bus, [partition.topic]).get(partition.topic)
        if now is None or now.name != self.topics[partition.topic].log.name:
            return []  # It is another one, which is found out by whoever fills it.
        first, behind = now.begins[partition.number], now.ends[partition.number]
        found: list[Reader] = []
        for each in readers:
            at, view = each.standing.at.offset, each.place.view
            if first <= at <= behind:
                found.append(each)
                continue
            because = f"{partition} goes from {first} to {behind} by now, and {at} is what comes next"
            log.warning("a view is amiss", view=view.name, because=because)
            with self.session.transaction() as cursor:
                spoil(cursor, view, each.place.build, because)
        return found

    def least(self, partition: Partition) -> int:
        return min(each.standing.at.offset for each in self.readers[partition])

    def rested(self) -> list[Partition]:
        """Where a view may go on."""
        now = time.monotonic()
        over = [partition for (_, partition), until in self.rests.items() if until < now]
        self.rests = {which: until for which, until in self.rests.items() if until >= now}
        return over
