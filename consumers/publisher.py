"""Publishes what is signed: each checkpoint goes to a topic, so that who keeps that topic knows what the ledger was.

Whether Kafka is there or not, the sealer seals; what it has signed meanwhile is published later, and nothing skipped.
"""

from dataclasses import dataclass
from threading import Event
from typing import Any

import psycopg
import structlog

from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from ledger.connection import PatientConnection
from ledger.logs import LOGS, Log
from ledger.seal import origin

TOPIC = "lifeledger.checkpoints.v1"
MOST = 500  # Notes that are sent together.
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0  # Until Kafka is asked again where it was away.
LOCK = 0x7075626C  # "publ": one of all workers at a time.

NEXT = "SELECT size, note FROM ledger.checkpoints WHERE log = %s AND size > %s ORDER BY size LIMIT %s"
# Whoever was slow does not lead back to where another one has come from.
MOVE = """
INSERT INTO ledger.side_rows AS had (name, value) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value WHERE had.value < EXCLUDED.value
"""

log = structlog.get_logger()


@dataclass
class Publisher:
    """Goes on by itself, whichever of its servers was away, from where it was: that is kept beside the ledger."""

    url: str
    bus: Bus
    connection: psycopg.Connection[tuple[Any, ...]] | None = None
    prepared: bool = False
    waits: str = ""
    """What it has complained of last; it is told once."""

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            pause = LOOK_SECONDS
            try:
                self.round()
                self.complain("")
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
        """Publish what nobody has published yet, unless another worker is at it."""
        connection = self.connected()
        (mine,) = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone() or (False,)
        if not mine:
            return
        try:
            for each in LOGS:
                while self.publish(connection, each):
                    pass
        finally:
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))

    def publish(self, connection: psycopg.Connection[tuple[Any, ...]], of: Log) -> bool:
        """The next ones of a log; False where there are none. Only what is committed is seen here."""
        row = f"published/{TOPIC}/{of.name}"
        (done,) = connection.execute("SELECT value FROM ledger.side_rows WHERE name = %s", (row,)).fetchone() or (0,)
        found = connection.execute(NEXT, (of.name, done, MOST)).fetchall()
        if not found:
            return False
        if not self.prepared:
            self.prepare(connection)
            return True
        key = origin(connection, of).encode()
        self.bus.publish([Message(topic=TOPIC, key=key, value=note.encode()) for _, note in found])
        connection.execute(MOVE, (row, found[-1][0]))
        return True

    def prepare(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Where the topic is empty, be it on another Kafka than before, it gets all that there is."""
        self.bus.prepare({TOPIC: 1})
        if next(self.bus.read(TOPIC), None) is None:
            connection.execute("UPDATE ledger.side_rows SET value = 0 WHERE name LIKE %s", (f"published/{TOPIC}/%",))
        self.prepared = True

    def complain(self, because: str) -> None:
        if because and not self.waits:
            log.warning("checkpoints wait to be published", because=because)
        elif self.waits and not because:
            log.info("checkpoints are published again")
        self.waits = because

    def connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self.connection is None or self.connection.closed:
            self.connection = PatientConnection.connect(self.url, autocommit=True)
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None
