"""Seals what is new in the ledger, when it is much, and otherwise once a minute, and writes a receipt for each erasure
among it; one of all workers at a time.
"""

from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any

import psycopg
import structlog

from ledger.codec import Codec
from ledger.connection import PatientConnection
from ledger.logs import EVENTS, LOGS, Log
from ledger.note import Signer
from ledger.receipt import write_receipts
from ledger.seal import Broken, seal, unsealed

MUCH = 1_000  # Rows that are not left unsealed.
MOST = 10_000  # Rows in one transaction.
EVERY_SECONDS = 60.0
LOOK_SECONDS = 1.0

log = structlog.get_logger()


@dataclass
class Sealer:
    """Goes on by itself when its server is back. What is broken it tells once, and seals nothing on top of it."""

    url: str
    signer: Signer
    codec: Codec
    connection: psycopg.Connection[tuple[Any, ...]] | None = None
    sealed_at: float | None = None
    broken: dict[str, str] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                self.round()
            except psycopg.Error as gone:
                self.close()
                log.warning("the sealer waits for its server", error=type(gone).__name__)
            stop.wait(LOOK_SECONDS)
        self.close()

    def round(self) -> None:
        """Seal all there is, if it is time or it is much."""
        connection, now = self.connected(), monotonic()
        waits = self.sealed_at is not None and now < self.sealed_at + EVERY_SECONDS
        if (
            waits
            and max((unsealed(connection, each) for each in LOGS if each.name not in self.broken), default=0) < MUCH
        ):
            return
        self.sealed_at = now
        for each in LOGS:
            try:
                while seal(connection, each, self.signer, MOST) is not None:
                    pass
                if each is EVENTS:
                    write_receipts(connection, self.signer, self.codec)
            except Broken as broken:
                self.complain(each, str(broken))
            else:
                self.broken.pop(each.name, None)

    def complain(self, of: Log, because: str) -> None:
        if self.broken.get(of.name) != because:
            log.error("nothing more is sealed", log=of.name, because=because)
        self.broken[of.name] = because

    def connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self.connection is None or self.connection.closed:
            self.connection = PatientConnection.connect(self.url, autocommit=True)
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None
