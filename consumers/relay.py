"""Relays the ledger to Kafka: a topic for each aggregate, every event at least once, and those of a stream in order.

Rows are read by position and go out as they are stored; nothing is decoded, and no key of anybody's is at hand. A
topic's place moves on when all up to there has arrived; after any failure all is sent again from there. What comes for
the first time has everything of its stream before it that was told before it.
"""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event

import psycopg
import structlog

from consumers.bus import Bus, BusRefused, BusUnavailable, Sending
from consumers.cloudevents import Foreign, NoEvent, aggregate_of, message_of, row_of, source_of
from consumers.cursors import Filled
from consumers.logs import Log, last_of, logs, lost
from consumers.message import Message, Partition
from consumers.outgoing import Outgoing
from consumers.reached import Moved, Relays
from consumers.tenure import LEASE, Connection, Deposed
from consumers.turns import Now
from ledger.connection import PatientConnection
from ledger.feed import SPAN, Waker
from ledger.queries import fetch_rows
from ledger.row import Row
from ledger.scan import SESSION
from ledger.seal import signer_name

BATCH = 500
FLIGHTS = 4  # Batches that are on their way at a time.
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0  # Until Kafka is asked again where it was away.
RENEW_SECONDS = 5.0
TOPICS_SECONDS = 10.0  # Between looks whether all is there that was sent.
AHEAD = "it ends with what the ledger does not have"

IN_ORDER = " ORDER BY notification_id LIMIT %(limit)s"
LAST = "SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Flight:
    """A stretch of the ledger on its way to those topics that stood at its beginning; how many events in each."""

    sending: Sending
    events: Mapping[str, int]
    after: int
    until: int


@dataclass
class Relay:
    """One that relays while it is its turn. It goes on by itself, whichever of its servers was away."""

    url: str
    bus: Bus
    wanted: Outgoing
    partitions: int = 6
    batch: int = BATCH
    lease: float = LEASE
    connection: Connection | None = None
    tenure: Relays | None = None
    source: str = ""
    at: dict[str, int] = field(default_factory=dict)
    """How far each topic is when all that is on its way has arrived."""
    places: dict[str, Filled] = field(default_factory=dict)
    """How far it is, and what is there of it."""
    flights: deque[Flight] = field(default_factory=deque)
    looks: Now = field(default_factory=lambda: Now(TOPICS_SECONDS))
    last: int = 0
    waits: str = ""
    """What it has complained of last; it is told once."""

    def run(self, stop: Event) -> None:
        waker = Waker(self.url)
        try:
            while not stop.is_set():
                pause = self.turn(stop)
                if pause:
                    stop.wait(pause)
                else:
                    waker.wait(stop)
        finally:
            self.close()
            waker.close()

    def turn(self, stop: Event) -> float:
        """Relay what is there, if it is for us to do. Answers in how many seconds to look again, 0: on news."""
        try:
            tenure = self.mine()
            if tenure is None:
                return LOOK_SECONDS
            self.relay(tenure, stop)
        except Deposed as over:
            log.info("another process relays", because=str(over))
            self.drop()
            self.tenure = None
            return LOOK_SECONDS
        except psycopg.Error as gone:
            self.close()
            self.complain(type(gone).__name__)
            return LOOK_SECONDS
        except (BusUnavailable, BusRefused, NoEvent) as wrong:
            self.drop()
            self.complain(str(wrong))
            return AGAIN_SECONDS if self.noted(str(wrong)) else LOOK_SECONDS
        self.complain("")
        return 0.0

    def relay(self, tenure: Relays, stop: Event) -> None:
        """Until nothing is left; who tells us to stop gets what is on its way."""
        while True:
            if self.at and self.has_lost():
                self.drop()
            if not self.at:
                self.prepare(tenure)
            if len(self.flights) < FLIGHTS and not stop.is_set() and self.depart(tenure):
                continue
            if not self.flights:
                break
            self.land(tenure)
        if tenure.is_older(RENEW_SECONDS):
            tenure.renew()

    def depart(self, tenure: Relays) -> bool:
        """Send the next stretch on its way; False where there is none."""
        after = min(self.at.values())
        if after >= self.last:
            self.last = self.ask(LAST)
        beyond = [place for place in self.at.values() if place > after]
        until = min([self.last, after + SPAN, *beyond])
        if after >= until:
            return False
        if tenure.is_over():
            tenure.renew()  # Whoever was asleep for so long may have been replaced, and then sends nothing more.
        topics = [topic for topic, place in self.at.items() if place == after]
        rows = self.rows(topics, after, until)
        messages = [message_of(row, self.source) for row in rows]
        if new := {message.topic for message in messages} - self.at.keys():
            self.add(new)
            return False
        if len(rows) == self.batch:
            until = rows[-1].notification_id or until
        self.send(messages, topics, after, until)
        return True

    def send(self, messages: Sequence[Message], topics: Sequence[str], after: int, until: int) -> None:
        counts = Counter(message.topic for message in messages)
        self.flights.append(Flight(self.bus.begin(messages), {each: counts[each] for each in topics}, after, until))
        self.at.update(dict.fromkeys(topics, until))

    def land(self, tenure: Relays) -> None:
        """Wait for the first flight. Only when all of it has arrived its topics are there."""
        first = self.flights[0]
        placed = first.sending.wait()
        moved: dict[str, Moved] = {}
        for topic, events in first.events.items():
            ends = placed.ends(topic, self.places[topic].ends)
            if ends is None:
                tenure.lose([topic])
                raise BusUnavailable(f"{topic} has lost what was at its end, and is filled again")
            moved[topic] = Moved(events, ends)
        tenure.move(moved, first.after, first.until)
        for topic, each in moved.items():
            self.places[topic] = replace(self.places[topic], ends=each.ends)
        self.flights.popleft()

    def rows(self, topics: Collection[str], after: int, until: int) -> list[Row]:
        statement, given = self.wanted.within(topics, self.at.keys() - set(topics))
        limits = {"after": after, "until": until, "limit": self.batch}
        with self.connected().cursor(binary=True) as cursor:
            return fetch_rows(cursor, statement + IN_ORDER, {**given, **limits})

    def add(self, topics: Collection[str]) -> None:
        """Aggregates that came about while we were running: everything begins anew, with them among it."""
        log.info("there are new topics", topics=sorted(topics))
        names = {aggregate_of(topic) for topic in topics}
        self.wanted = Outgoing(self.wanted.whole | names, self.wanted.types, self.wanted.everything)
        self.drop()

    # Whose turn it is, and where everything stands

    def mine(self) -> Relays | None:
        connection = self.connected()
        if self.tenure is None:
            self.tenure = Relays.take(connection, self.lease)
            if self.tenure is not None:
                log.info("this process relays", epoch=self.tenure.epoch)
        return self.tenure

    def prepare(self, tenure: Relays) -> None:
        """Make the topics that are missing. What is not there, or not any more, is sent from the beginning; and so is
        all where a topic ends with what the ledger does not have, which has been put back to an earlier state then.
        """
        self.source = signer_name(self.connected())
        self.last = self.ask(LAST)
        places = tenure.places()
        wanted = self.wanted.topics.union(places if self.wanted.everything else ())
        types = {topic: self.wanted.types_of(topic) for topic in sorted(wanted)}
        self.bus.prepare(dict.fromkeys(types, self.partitions))
        there = logs(self.bus, types)
        if missing := types.keys() - there.keys():
            raise BusUnavailable(f"Kafka at {self.bus.servers} has no topic {min(missing)} any more")
        known = {topic: place for topic, place in places.items() if topic in types}
        again = {topic: why for topic, place in known.items() if (why := lost(place, there.get(topic)))}
        again |= dict.fromkeys(self.ahead({topic: known[topic] for topic in known.keys() - again.keys()}, there), AHEAD)
        for topic, why in again.items():
            log.warning("a topic is filled again from the beginning", topic=topic, because=why)
        if begun := {topic: (there[topic], types[topic]) for topic in types if topic in again or topic not in known}:
            tenure.begin(begun)
        tenure.keep(types)
        self.places = {topic: place for topic, place in tenure.places().items() if topic in types}
        self.bus.spread.update({topic: place.partitions for topic, place in self.places.items()})
        self.at = {topic: place.position for topic, place in self.places.items()}
        self.looks.is_due()

    def ahead(self, places: Mapping[str, Filled], there: Mapping[str, Log]) -> set[str]:
        """The topics of which a partition ends with an event of ours that the ledger does not have."""
        ends = {
            Partition(topic, number): end
            for topic, place in places.items()
            for number, end in enumerate(there[topic].ends[: place.partitions])
            if end > max(place.begins[number], there[topic].begins[number])
        }
        told: dict[tuple[int, str], str] = {}
        for message in last_of(self.bus, ends):
            with suppress(Foreign):  # Others may send there, too.
                if source_of(message) == self.source:
                    row = row_of(message)
                    told[row.notification_id or 0, str(row.event_id)] = message.topic
        has = "SELECT notification_id, event_id::text FROM ledger.stored_events WHERE notification_id = ANY(%s)"
        found = self.connected().execute(has, [[position for position, _ in told]]).fetchall()
        return {topic for event, topic in told.items() if event not in found}

    def has_lost(self) -> bool:
        """Whether something that was sent is not there any more, as is looked up from time to time."""
        if not self.looks.is_due():
            return False
        there = logs(self.bus, self.places)
        return any(lost(place, there.get(topic)) for topic, place in self.places.items())

    def drop(self) -> None:
        """Of what is on its way, nothing is waited for; it is sent again, by whomever."""
        self.bus.close()
        self.flights.clear()
        self.at.clear()
        self.places.clear()

    def close(self) -> None:
        self.drop()
        self.tenure = None
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def connected(self) -> Connection:
        if self.connection is None or self.connection.closed:
            self.tenure = None
            self.connection = PatientConnection.connect(self.url, autocommit=True)
            self.connection.execute(SESSION)
        return self.connection

    def ask(self, statement: str) -> int:
        (found,) = self.connected().execute(statement.encode()).fetchone() or (0,)
        return int(found)

    # What is told

    def noted(self, because: str) -> bool:
        """Whether it could be said for whoever asks how it stands, and that we are there still."""
        try:
            if self.tenure is not None:
                self.tenure.renew(because)
        except (Deposed, psycopg.Error):
            self.tenure = None
            return False
        return True

    def complain(self, because: str) -> None:
        if because and not self.waits:
            log.warning("the relay waits", because=because)
        elif self.waits and not because:
            log.info("the relay goes on")
        self.waits = because
