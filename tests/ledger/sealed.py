"""A ledger that is sealed, and those who seal it, verify it, and may do anything to it."""

from dataclasses import dataclass, replace
from typing import Any

import psycopg

from ledger.logs import EVENTS, LOGS, Log
from ledger.note import Signer
from ledger.recorder import Recorder, datastore
from ledger.seal import origin, seal
from ledger.verify import Known, Verdict, verify
from tests.ledger.samples import append, encoded, rows_of

SIGNER = Signer("lifeledger/test", bytes(range(32)))
FORGER = Signer("lifeledger/test", bytes(32))
EVERY = 100
EVENTS_THERE, COMMANDS_THERE = 600, 20
SIZES = {"events": EVENTS_THERE, "commands": COMMANDS_THERE}


@dataclass
class Sealed:
    """A ledger, whoever seals and verifies it, and who may do anything to it."""

    url: str
    admin: psycopg.Connection[tuple[Any, ...]]
    own: psycopg.Connection[tuple[Any, ...]]

    def write(self, *streams: str) -> None:
        recorder = Recorder(datastore(self.url))
        for stream in streams:
            append(recorder, encoded(*rows_of(stream, *range(1, 31))))
        recorder.close()

    def seal(self, signer: Signer = SIGNER) -> None:
        for log in LOGS:
            while seal(self.own, log, signer, EVERY) is not None:
                pass

    def verify(self, log: Log = EVENTS, *kept: Known) -> Verdict:
        return verify(self.own, log, origin(self.own, log), SIGNER.verifier, kept=kept)

    def kept(self, log: Log = EVENTS) -> Known:
        last = self.verify(log).last
        assert last is not None
        return replace(last, by="what was verified before")

    def do(self, statement: str, *given: Any) -> int:
        """As a superuser."""
        return self.admin.execute(statement.encode(), given).rowcount

    def ask(self, statement: str) -> Any:
        return self.own.execute(statement.encode()).fetchone()
