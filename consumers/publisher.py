"""Publishes what is signed: each checkpoint goes to a topic, so that who keeps that topic knows what the ledger was.

Whether Kafka is there or not, the sealer seals; what it has signed meanwhile is published later, and nothing skipped.
"""

from dataclasses import dataclass
from threading import Event

import psycopg
import structlog

from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from consumers.tenure import LEASE, Connection, Deposed, Tenure
from ledger.connection import PatientConnection
from ledger.logs import LOGS, Log
from ledger.seal import origin

TOPIC = "lifeledger.checkpoints.v1"
MOST = 500  # Notes that are sent together.
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0  # Until Kafka is asked again where it was away.
RENEW_SECONDS = 5.0

NEXT = "SELECT size, note FROM ledger.checkpoints WHERE log = %s AND size > %s ORDER BY size LIMIT %s"
PLACE = "SELECT value FROM ledger.side_rows WHERE name = %s"
MOVE = """
INSERT INTO ledger.side_rows (name, value) SELECT %(row)s, %(size)s FROM ours
ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value RETURNING name
"""

log = structlog.get_logger()


class Publishes(Tenure):
    """The time in which it is us who publish."""

    name = "publisher"

    def place(self, of: Log) -> int:
        """Up to which size a log is published."""
        (done,) = self.connection.execute(PLACE, (row_of(of),)).fetchone() or (0,)
        return int(done)

    def move(self, of: Log, size: int) -> None:
        """Raises Deposed."""
        self.say(MOVE, 1, row=row_of(of), size=size)


def row_of(of: Log) -> str:
    return f"published/{TOPIC}/{of.name}"


@dataclass
class Publisher:
    """Goes on by itself, whichever of its servers was away, from where it was: that is kept beside the ledger."""

    url: str
    bus: Bus
    lease: float = LEASE
    connection: Connection | None = None
    tenure: Publishes | None = None
    prepared: bool = False
    waits: str = ""
    """What it has complained of last; it is told once."""

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            pause = LOOK_SECONDS
            try:
                self.round()
                self.complain("")
            except Deposed as over:
                log.info("another process publishes", because=str(over))
                self.bus.close()
                self.tenure, self.prepared = None, False
            except psycopg.Error as gone:
                self.close()
                self.complain(type(gone).__name__)
            except (BusUnavailable, BusRefused) as gone:
                pause, self.prepared = AGAIN_SECONDS, False
                self.complain(str(gone))
            stop.wait(pause)
        self.close()
        self.bus.close()

    def round(self) -> None:
        """Publish what nobody has published yet, if it is for us to do. Raises Deposed."""
        tenure = self.mine()
        if tenure is not None:
            for each in LOGS:
                while self.publish(tenure, each):
                    pass

    def mine(self) -> Publishes | None:
        connection = self.connected()
        if self.tenure is None:
            self.tenure = Publishes.take(connection, self.lease)
        return self.tenure

    def publish(self, tenure: Publishes, of: Log) -> bool:
        """The next ones of a log; False where there are none. Only what is committed is seen here."""
        if tenure.is_older(min(RENEW_SECONDS, self.lease)):
            tenure.renew()  # Whoever was asleep may have been replaced, and then sends nothing more.
        found = tenure.connection.execute(NEXT, (of.name, tenure.place(of), MOST)).fetchall()
        if not found:
            return False
        if not self.prepared:
            self.prepare(tenure)
            return True
        key = origin(tenure.connection, of).encode()
        self.bus.publish([Message(topic=TOPIC, key=key, value=note.encode()) for _, note in found])
        tenure.move(of, found[-1][0])
        return True

    def prepare(self, tenure: Publishes) -> None:
        """Where the topic is empty, be it on another Kafka than before, it gets all that there is."""
        self.bus.prepare({TOPIC: 1})
        if next(self.bus.read(TOPIC), None) is None:
            for each in LOGS:
                tenure.move(each, 0)
        self.prepared = True

    def complain(self, because: str) -> None:
        if because and not self.waits:
            log.warning("checkpoints wait to be published", because=because)
        elif self.waits and not because:
            log.info("checkpoints are published again")
        self.waits = because

    def connected(self) -> Connection:
        if self.connection is None or self.connection.closed:
            self.tenure = None
            self.connection = PatientConnection.connect(self.url, autocommit=True)
        return self.connection

    def close(self) -> None:
        self.tenure, self.prepared = None, False
        if self.connection is not None:
            self.connection.close()
            self.connection = None
