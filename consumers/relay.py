"""Relays the ledger to Kafka: a topic for each aggregate, every event at least once, and those of a stream in order.

Rows are read by position and go out as they are stored; nothing is decoded, and no key of anybody's is at hand. A
topic's place moves on when all up to there has arrived; after any failure all is sent again from there. What comes for
the first time has everything of its stream before it that was told before it.
"""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

import psycopg
import structlog

from consumers.bus import Bus, BusRefused, BusUnavailable, Message, Sending
from consumers.cloudevents import NoEvent, aggregate_of, message_of
from consumers.outgoing import Outgoing
from consumers.reached import Relays
from consumers.tenure import LEASE, Connection, Deposed
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
    flights: deque[Flight] = field(default_factory=deque)
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
        if not self.at:
            self.prepare(tenure)
        while True:
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
        first.sending.wait()
        tenure.move(first.events, first.after, first.until)
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
        """Make the topics that are missing. What is not in this Kafka, or not any more, is sent from the beginning."""
        self.source = signer_name(self.connected())
        self.last = self.ask(LAST)
        places = tenure.places()
        wanted = self.wanted.topics.union(places if self.wanted.everything else ())
        standing = self.bus.look(wanted)
        begun: dict[str, int] = {}
        for topic in sorted(wanted):
            place, found = places.get(topic), standing.topics.get(topic)
            messages = 0 if found is None else found.messages
            if place is None or place.cluster != standing.cluster or messages < place.events:
                begun[topic] = self.partitions if found is None else found.partitions
            elif found is not None and found.partitions < place.partitions:
                raise BusRefused(f"{topic} has {found.partitions} partitions, and its keys are in {place.partitions}")
        if begun:
            tenure.begin(begun, standing.cluster)
            places = tenure.places()
        tenure.keep(sorted(wanted))
        spread = {topic: places[topic].partitions for topic in sorted(wanted)}
        self.bus.prepare(spread)
        self.bus.spread.update(spread)
        self.at = {topic: places[topic].position for topic in spread}

    def drop(self) -> None:
        """Of what is on its way, nothing is waited for; it is sent again, by whomever."""
        self.bus.close()
        self.flights.clear()
        self.at.clear()

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
