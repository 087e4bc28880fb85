"""A history of a few weeks in a ledger, its exports, and what plain SQL counts in it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from consumers.export import write
from consumers.export.check import faults
from consumers.export.objects import ABOUT_NONE
from consumers.export.pseudonyms import Pseudonyms
from consumers.export.told import History
from consumers.export.write import Written
from ledger.ledger import Ledger
from ledger.scan import Wire
from tests.memory import MASTER

NOW = datetime(2026, 12, 31, tzinfo=UTC)


@dataclass
class Exports:
    url: str
    ledger: Ledger
    folder: Path
    until: int
    said: list[tuple[str, int]] = field(default_factory=list)

    def history(self, master: bytes = MASTER, until: int | None = None) -> History:
        return History(self.ledger, Wire(self.url), Pseudonyms(master), self.until if until is None else until)

    def ocel(self, name: str, until: int | None = None) -> Written:
        history = self.history(until=until)
        with closing(history.wire):
            return write.ocel(history, self.folder / name, lambda *said: self.said.append(said))

    def flat(self, kind: str, name: str) -> Written:
        history = self.history()
        form = write.in_xes if name.endswith(".xes") else write.in_csv
        with closing(history.wire):
            return form(history, kind, self.folder / name, lambda *said: self.said.append(said))

    def faults(self, name: str) -> list[str]:
        return list(faults(self.folder / name, NOW))

    def counts(self, until: int | None = None) -> dict[str, int]:
        """Of each type that is about objects, how many events the ledger has."""
        question = "SELECT topic, count(*) FROM ledger.stored_events WHERE notification_id <= %s GROUP BY topic"
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(question, [self.until if until is None else until]).fetchall()
        return {name: count for name, count in rows if name not in ABOUT_NONE}


def asked(url: str, question: str) -> Iterator[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        yield from connection.execute(question.encode()).fetchall()
