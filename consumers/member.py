"""Folds what comes from Kafka: a member of a group, which reads some partitions and keeps all views up with them.

Each view moves by itself, its rows and its place in one transaction. What a view has had is passed over: the offset is
read again for another view's sake, or an event has come twice. Where a fold fails, its key is parked as ever; where
nobody knows whom an event concerns, the view waits in that partition, and all others go on.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

import structlog

from consumers.advance import follow
from consumers.brokers import Brokers
from consumers.bus import Bus, BusRefused, BusUnavailable
from consumers.dead_letters import know_aside, log_parked
from consumers.logs import Log, logs, since
from consumers.message import Partition
from consumers.partitioned import Standing, begun, move, note_ends, standings
from consumers.passing import At, new_to
from consumers.session import ReadsUnavailable, RowRefused, Session
from consumers.subscription import SESSION, Subscription
from consumers.tending import filled, topics_of
from consumers.tracking import LONGEST_WAIT, Fenced, Place, described, fail, prepare
from consumers.unpacking import Unpacked, Unpacking
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.store import Busy, Unavailable
from projections.projection import Projection

LOOK_SECONDS = 0.2  # Between looks up to where all is folded,
NEWS_SECONDS = 1.0  # and whether there are other builds or topics.
NOTE_SECONDS = 5.0
LOG_SECONDS = 10.0  # Before it is looked again which topics bear the names; and whenever Kafka has failed.
AGAIN_SECONDS = 5.0  # Until Kafka is asked again where it was away.
REST_SECONDS = 0.5  # After a database was lost.
SKEW = timedelta(minutes=10)  # By which clocks may differ.
PARTED = (ReadsUnavailable, Unavailable, Busy)

log = structlog.get_logger()


@dataclass(slots=True)
class Reader:
    """A view in one partition. One that `waits` has not had all that was read: it is placed again when it may go on."""

    standing: Standing
    place: Place
    waits: bool = False


@dataclass(slots=True)
class Now:
    """What is done from time to time."""

    seconds: float
    at: float = 0.0

    def is_due(self) -> bool:
        if self.at > time.monotonic():
            return False
        self.at = time.monotonic() + self.seconds
        return True


@dataclass
class Member:
    views: Sequence[Projection]
    ledger: Ledger
    ledger_url: str
    database_url: str
    brokers: Brokers | str
    source: str
    """How the ledger is called whose events are folded."""
    most: int = 500
    patience: float = SESSION
    """Seconds after which the others take it for dead."""
    readers: dict[Partition, list[Reader]] = field(default_factory=dict)
    rests: dict[tuple[str, Partition], float] = field(default_factory=dict)
    """Until when a view waits in a partition, since it cannot go on there."""
    failed: set[str] = field(default_factory=set)
    builds: frozenset[tuple[str, int]] = frozenset()
    noted: object = None
    missing: frozenset[str] = frozenset()
    waits_for: str = ""

    def __post_init__(self) -> None:
        self.session = Session(self.database_url, "member")
        self.wire = Wire(self.ledger_url)
        self.bus = Bus(self.brokers)
        self.unpacking = Unpacking(self.ledger.codec, self.views, self.source)
        self.by_topic: dict[str, list[Projection]] = {}
        for view in self.views:
            for topic in topics_of(view):
                self.by_topic.setdefault(topic, []).append(view)
        self.subscription: Subscription | None = None
        self.logs: Mapping[str, Log] = {}
        self.looks, self.news, self.notes = Now(LOOK_SECONDS), Now(NEWS_SECONDS), Now(NOTE_SECONDS)
        self.logs_at = Now(LOG_SECONDS)

    def run(self, stop: Event) -> None:
        try:
            while not stop.is_set():
                pause = self.turn(stop)
                if pause:
                    stop.wait(pause)
        finally:
            self.close()

    def turn(self, stop: Event) -> float:
        """One round, whatever is away; answers how long to wait before the next."""
        try:
            self.round(stop)
        except (BusUnavailable, BusRefused) as gone:
            self.complain(str(gone))
            self.logs = {}
            return AGAIN_SECONDS
        except PARTED as gone:
            self.complain(type(gone).__name__)
            self.session.close()
            self.let_go(self.readers)
            return REST_SECONDS
        self.complain("")
        return 0.0

    def round(self, stop: Event) -> None:
        if self.news.is_due():
            self.look_for_news()
        if self.subscription is None:
            stop.wait(LOOK_SECONDS)
            return
        for partition, records in self.subscription.poll().items():
            if stop.is_set():
                return
            self.take(partition, self.unpacking.unpacked(partition, records))
        if self.looks.is_due():
            self.look(self.subscription)

    def close(self) -> None:
        if self.subscription is not None:
            self.subscription.close()
            self.subscription = None
        self.session.close()
        self.wire.close()
        self.bus.close()

    # What has come

    def take(self, partition: Partition, coming: Sequence[Unpacked]) -> None:
        """Each view that reads some of it in a transaction of its own, and all others in one."""
        idle: list[tuple[Reader, At, int]] = []
        for reader in self.readers.get(partition, ()):
            if reader.waits:
                continue
            new, to, had = new_to(reader.standing.at, coming)
            if to == reader.standing.at:
                continue
            if mine := [each for each in new if each.kind in reader.place.view.reads]:
                self.fold(partition, reader, mine, to, had)
            else:
                idle.append((reader, to, had))
        if idle and not self.moved(partition, idle):
            for each in idle:
                self.moved(partition, [each])

    def fold(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        try:
            self.advance(partition, reader, mine, to, had)
        except Fenced as fenced:
            self.fenced(partition, reader, fenced)
        except PARTED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one view, the others go on.
            if len(mine) > 1:
                self.fold_singly(partition, reader, mine, to, had)
            else:
                self.stands_still(partition, reader, mine[0], error)

    def fold_singly(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        """So that all before the one that fails are folded."""
        for each in mine:
            if not reader.waits:
                assert each.position is not None
                self.fold(partition, reader, [each], At(each.offset + 1, each.position), 0)
        if not reader.waits:
            self.moved(partition, [(reader, to, had)])

    def advance(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        """The place is moved first, as in a step through the ledger."""
        place, view = reader.place, reader.place.view
        told = [each.told(view) for each in mine]

        def step(*, singly: bool) -> None:
            with self.session.transaction() as cursor:
                move(cursor, partition, [(reader.standing, to, had)])
                if view.name in self.failed:
                    cursor.execute(
                        "UPDATE views.tracking SET error = NULL, failures = 0, retry_at = NULL WHERE name = %s",
                        [view.name],
                    )
                parked.extend(follow(cursor, place, told, told[-1][0], singly=singly))

        parked: list[object] = []
        try:
            step(singly=False)
        except RowRefused:
            parked.clear()
            step(singly=True)
        arrived(reader, to)
        self.failed.discard(view.name)
        log_parked(view, parked)  # type: ignore[arg-type]

    def moved(self, partition: Partition, several: Sequence[tuple[Reader, At, int]]) -> bool:
        """Over what none of them reads; False where one of them is elsewhere, and none has moved."""
        try:
            with self.session.transaction() as cursor:
                move(cursor, partition, [(reader.standing, to, had) for reader, to, had in several])
        except Fenced as fenced:
            if len(several) == 1:
                self.fenced(partition, several[0][0], fenced)
            return False
        for reader, to, _ in several:
            arrived(reader, to)
        return True

    def fenced(self, partition: Partition, reader: Reader, fenced: Fenced) -> None:
        """Another member is further, or another build answers: it is seen anew where everything is."""
        log.info("a view has been moved by another process", view=reader.place.view.name, because=str(fenced))
        reader.waits = True
        self.again([partition])

    def stands_still(self, partition: Partition, reader: Reader, at: Unpacked, error: Exception) -> None:
        view = reader.place.view
        failures = fail(self.session, view, at.position, error)
        self.failed.add(view.name)
        self.rests[view.name, partition] = time.monotonic() + min(2**failures, LONGEST_WAIT)
        reader.waits = True
        log.error("a view stands still", view=view.name, partition=str(partition), error=described(error, at.position))

    # Where to read from

    def place(self, partition: Partition, first: int, behind: int) -> int:
        """The lowest offset that a view has not had. What nobody here reads is not read."""
        now = self.log_of(partition.topic)
        readers = self.seen(partition)
        while new := [each for each in readers if each.standing.log != now.name]:
            self.begin(partition, now, new, first)
            readers = self.seen(partition)
        self.readers[partition] = readers
        return max(first, min([each.standing.at.offset for each in readers if not each.waits] + [behind]))

    def seen(self, partition: Partition) -> list[Reader]:
        found: list[Reader] = []
        for standing in standings(self.session, partition, self.by_topic.get(partition.topic, ())):
            reader = Reader(standing, Place(standing.view, standing.build, standing.at.position))
            reader.waits = self.rests.get((standing.view.name, partition), 0.0) > time.monotonic()
            if standing.aside:
                with self.session.transaction() as cursor:
                    know_aside(cursor, reader.place)
            found.append(reader)
        return found

    def begin(self, partition: Partition, now: Log, readers: Sequence[Reader], first: int) -> None:
        """Nothing has come from there yet, or it was another topic. By the time of what they have had, it is found out
        what they cannot need; and that they are there is written down, for a partition may stay empty.
        """
        lowest = min(each.standing.at.position for each in readers)
        offset = max(first, self.since(partition, lowest))
        for each in readers:
            each.standing.log = now.name
        begun = [(each.standing, At(offset, each.standing.at.position), 0) for each in readers]
        with suppress(Fenced), self.session.transaction() as cursor:  # Who was faster has begun it.
            move(cursor, partition, begun)

    def since(self, partition: Partition, position: int) -> int:
        if position == 0:
            return 0
        at = self.ledger.recorded_at(position)
        if at > datetime.now(UTC):  # By another clock.
            return 0
        return since(self.bus, [partition], at - SKEW)[partition]

    def log_of(self, topic: str) -> Log:
        if self.logs_at.is_due() or topic not in self.logs:
            self.logs = logs(self.bus, self.by_topic)
        if topic not in self.logs:
            raise BusRefused(f"Kafka at {self.bus.servers} has no topic {topic}")
        return self.logs[topic]

    def again(self, partitions: Iterable[Partition]) -> None:
        if self.subscription is not None:
            for each in partitions:
                self.subscription.again(each)

    def let_go(self, partitions: Iterable[Partition]) -> None:
        """Without a connection nobody knows what has been committed."""
        self.again(list(partitions))

    # From time to time

    def look(self, subscription: Subscription) -> None:
        """Say up to where partitions are there, first of all by whoever fills them; and let go on who has waited."""
        known = filled(self.session, self.wire), subscription.assigned()
        if known != self.noted:
            there, _ = known
            ends = subscription.ends()
            note_ends(
                self.session,
                {
                    each: (self.logs[each.topic].name, end, there[each.topic].position)
                    for each, end in ends.items()
                    if each.topic in there and each.topic in self.logs
                },
            )
            self.noted = known
        over = [partition for (_, partition), until in self.rests.items() if until < time.monotonic()]
        self.rests = {which: until for which, until in self.rests.items() if until >= time.monotonic()}
        self.again(over)
        if self.notes.is_due():
            subscription.note({each: self.least(each) for each in subscription.assigned() if self.readers.get(each)})

    def least(self, partition: Partition) -> int:
        return min(each.standing.at.offset for each in self.readers[partition])

    def look_for_news(self) -> None:
        """Views that have begun to be fed by partitions, or have another build; topics that were not there."""
        prepare(self.session)
        builds = begun(self.session)
        changed = {name for name, _ in builds ^ self.builds}
        self.builds = builds
        there = filled(self.session, self.wire).keys()
        self.miss(frozenset(self.by_topic.keys() - there))
        topics = sorted(there & self.by_topic.keys())
        if topics and (self.subscription is None or self.subscription.topics != topics):
            self.subscribe(topics)
        self.again([each for each in self.readers if changed & names(self.by_topic[each.topic])])

    def subscribe(self, topics: Sequence[str]) -> None:
        if self.subscription is not None:
            self.subscription.close()
        self.readers.clear()
        self.subscription = Subscription(
            self.brokers,
            group=group_of(self.source),
            topics=topics,
            place=self.place,
            most=self.most,
            session=self.patience,
        )

    def miss(self, topics: frozenset[str]) -> None:
        if topics - self.missing:
            log.warning("nothing is sent to topics that views are fed by, and they wait", topics=sorted(topics))
        self.missing = topics

    def complain(self, because: str) -> None:
        if because and because != self.waits_for:
            log.warning("views wait for what comes from Kafka", because=because)
        elif self.waits_for and not because:
            log.info("views go on with what comes from Kafka")
        self.waits_for = because


def group_of(source: str) -> str:
    """The group whose members fold the events of a ledger."""
    return f"lifeledger.views.{source.rpartition('/')[2]}"


def arrived(reader: Reader, to: At) -> None:
    reader.standing.at, reader.standing.written = to, (to.offset, to.position)
    reader.place.position = to.position


def names(views: Iterable[Projection]) -> set[str]:
    return {view.name for view in views}
