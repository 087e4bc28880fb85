"""A log in a real ledger: all but some of it, then all of it, then all once more; and what SQL finds each time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ledger.envelope import Recorded
from ledger.ledger import Ledger
from tests.cli.running import Said, lifeledger, on
from tests.servers import Server

LEFT_OUT = 10
KINDS = ("accepted", "already_there", "refused", "invalid", "failed", "repeats")
LEDGER = """
SELECT (SELECT count(*) FROM ledger.events) AS events, (SELECT max(position) FROM ledger.events) AS position,
    (SELECT count(*) FROM ledger.commands) AS commands, (SELECT max(number) FROM ledger.commands) AS number,
    (SELECT md5(string_agg(event_id::text, '' ORDER BY position)) FROM ledger.events) AS ids
"""
FACT = "convert_from(payload, 'UTF8')::jsonb"


def data_of(shared: Path, name: str) -> Path:
    path = shared / "data" / name
    if not path.is_file():
        pytest.skip(f"needs real data that is not in the repository, and {path} is not there")
    return path


def rows(url: str, question: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(question.encode()).fetchall()


def row(url: str, question: str) -> dict[str, Any]:
    (found,) = rows(url, question)
    return found


def counts(url: str, question: str) -> dict[str, int]:
    return {found["status"]: found["count"] for found in rows(url, question)}


@dataclass
class Imported:
    """A database, and after each of its imports what was said, what is in the ledger, and the figures of it."""

    url: str
    said: list[Said] = field(default_factory=list)
    ledgers: list[Mapping[str, Any]] = field(default_factory=list)
    figures: list[Mapping[str, Any]] = field(default_factory=list)

    def bring(self, file: Path, figures: Callable[[str], Mapping[str, Any]], seconds: float = 900) -> None:
        said = lifeledger("import", file, "--json", env=on(self.url), at=file.parent, seconds=seconds)
        assert said.code == 0, said
        self.said.append(said)
        self.ledgers.append(row(self.url, LEDGER))
        self.figures.append(figures(self.url))

    @property
    def documents(self) -> list[dict[str, int]]:
        return [{kind: said.document[kind] for kind in KINDS} for said in self.said]

    def rates(self) -> Sequence[str]:
        return [
            f"import {nth}: {said.document['lines']:,} lines in {said.document['seconds']:.1f} s, "
            f"{said.document['per_second']:,} a second"
            for nth, said in enumerate(self.said, 1)
        ]


@dataclass(frozen=True)
class Brought:
    """A data set, its commands in a file, and the database into which they were brought."""

    data: Path
    file: Path
    url: str


def histories(ledger: Ledger) -> dict[str, list[Recorded]]:
    """Of every stream, in one pass."""
    found: dict[str, list[Recorded]] = {}
    for each in ledger.events(0, ledger.last_position()):
        found.setdefault(each.stream, []).append(each)
    return found


@contextmanager
def database(postgres: Server, prepared: str, name: str) -> Iterator[Imported]:
    postgres.create_database(name, prepared)
    try:
        yield Imported(postgres.url(name))
    finally:
        postgres.drop_database(name)


def report(title: str, figures: Mapping[str, Any], rates: Sequence[str]) -> str:
    """What `make real` prints."""
    told = [f"{name:>28} {found:>16,}" for name, found in figures.items()]
    return "\n".join([f"\n{title}", *told, *rates])
