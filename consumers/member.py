"""A member of a group, which reads some partitions of what comes from Kafka and keeps all views up with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

import structlog

from consumers.brokers import Brokers
from consumers.bus import Bus, BusRefused, BusUnavailable
from consumers.logs import Log, logs
from consumers.message import Partition
from consumers.partitioned import begun, note_ends
from consumers.placing import Placing, Topic
from consumers.session import Session
from consumers.subscription import SESSION, Subscription
from consumers.taking import PARTED, Taking
from consumers.tending import Known, filled
from consumers.tracking import prepare
from consumers.turns import Now
from consumers.unpacking import Unpacking
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections.projection import Projection

LOOK_SECONDS = 0.2  # Between looks up to where all is folded,
NEWS_SECONDS = 1.0  # and whether there are other builds or topics.
NOTE_SECONDS = 5.0
LOG_SECONDS = 10.0  # Before it is looked again which topics bear the names; and whenever Kafka has failed.
AGAIN_SECONDS = 5.0  # Until Kafka is asked again where it was away.
REST_SECONDS = 0.5  # After a database was lost.

log = structlog.get_logger()


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
    prepared: bool = False
    builds: frozenset[tuple[str, int]] = frozenset()
    noted: Mapping[Partition, tuple[str, int]] = field(default_factory=dict)
    """Of which filling, and when all up to which position was there, the end of each partition has been noted."""
    missing: frozenset[str] = frozenset()
    waits_for: str = ""

    def __post_init__(self) -> None:
        self.session = Session(self.database_url, "member")
        self.wire = Wire(self.ledger_url)
        self.bus = Bus(self.brokers)
        self.unpacking = Unpacking(self.ledger.codec, self.views, self.source)
        self.placing = Placing(self.session, self.bus, self.ledger)
        self.taking = Taking(self.session, self.placing, self.again)
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
            self.prepared, self.noted = False, {}
            self.again([*self.placing.readers])  # Without a connection nobody knows what has been committed.
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
            self.taking.take(partition, self.unpacking.unpacked(partition, records))
        if self.looks.is_due():
            self.look(self.subscription)

    def close(self) -> None:
        if self.subscription is not None:
            self.subscription.close()
            self.subscription = None
        self.session.close()
        self.wire.close()
        self.bus.close()

    def again(self, partitions: Sequence[Partition]) -> None:
        if self.subscription is not None:
            for each in partitions:
                self.subscription.again(each)

    # From time to time

    def look(self, subscription: Subscription) -> None:
        """Say up to where partitions are there, first of all by whoever fills them; and let go on who has waited."""
        there = self.topics(filled(self.session, self.wire), self.logs)
        sent = {
            partition: (each.sent.filling, each.sent.position)
            for partition in subscription.assigned()
            if (each := there.get(partition.topic)) and each.is_it and partition.number < each.sent.partitions
        }
        if sent != self.noted:
            ends = {each: end for each, end in subscription.ends().items() if each in sent}
            note_ends(self.session, {each: (sent[each][0], end, sent[each][1]) for each, end in ends.items()})
            self.noted = {each: sent[each] for each in ends}
        self.again(self.placing.rested())
        if self.notes.is_due():
            ours = [each for each in subscription.assigned() if self.placing.readers.get(each)]
            subscription.note({each: self.placing.least(each) for each in ours})

    def look_for_news(self) -> None:
        """Views that have begun to be fed by partitions, have another build, or are amiss; topics that were not there,
        are others than they were, or are filled anew.
        """
        if not self.prepared:
            prepare(self.session)
            self.prepared = True
        builds = begun(self.session)
        changed = {name for name, _ in builds ^ self.builds}
        known = filled(self.session, self.wire)
        self.miss({why for view in self.views if (why := known.missing(view))})
        wanted = {topic for view in self.views for topic in known.feeding(view)}
        if self.logs_at.is_due() or not wanted <= self.logs.keys():
            self.logs = logs(self.bus, wanted)
        before, self.placing.topics = self.placing.topics, self.topics(known, self.logs)
        there = sorted(self.placing.topics)
        if there and (self.subscription is None or self.subscription.topics != there):
            self.subscribe(there)
        for name, each in self.placing.topics.items():
            if name not in before or not each.is_as(before[name]) or changed & {view.name for view in each.views}:
                self.again([partition for partition in self.placing.readers if partition.topic == name])
        self.builds = builds  # At last: where Kafka has failed before this, they are news the next time, too.

    def topics(self, known: Known, there: Mapping[str, Log]) -> dict[str, Topic]:
        """Those that are there, each with the views that are fed from it."""
        found: dict[str, Topic] = {}
        for view in self.views:
            for name, sent in known.feeding(view).items():
                if name in there:
                    topic = found.get(name) or Topic(sent, there[name], [])
                    found[name] = Topic(sent, there[name], [*topic.views, view])
        return found

    def subscribe(self, topics: Sequence[str]) -> None:
        if self.subscription is not None:
            self.subscription.close()
        self.placing.readers.clear()
        self.subscription = Subscription(
            self.brokers,
            group=group_of(self.source),
            topics=topics,
            place=self.placing.place,
            most=self.most,
            session=self.patience,
        )

    def miss(self, reasons: set[str]) -> None:
        if reasons - self.missing:
            log.warning("views wait for what is sent nowhere", because=sorted(reasons))
        self.missing = frozenset(reasons)

    def complain(self, because: str) -> None:
        if because and because != self.waits_for:
            log.warning("views wait for what comes from Kafka", because=because)
        elif self.waits_for and not because:
            log.info("views go on with what comes from Kafka")
        self.waits_for = because


def group_of(source: str) -> str:
    """The group whose members fold the events of a ledger."""
    return f"lifeledger.views.{source.rpartition('/')[2]}"
