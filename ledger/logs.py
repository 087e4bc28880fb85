"""The two logs that are sealed, events and commands, as leaves of a Merkle tree, straight from what PostgreSQL sends.

A leaf is the same as in `leaf.py`, column by column; what arrives in binary is not made into objects first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import Format

from ledger.connection import result_of
from ledger.leaf import COMMAND_FORMAT, FORMAT, UNIX
from ledger.merkle import of_leaf
from ledger.row import EPOCH, Row, big, microseconds

AT_ONCE = 1_000  # Rows that are fetched together.

SINCE_UNIX = microseconds(EPOCH, UNIX)
ABSENT = b"\0" + bytes(8)
MANY = 4_096
PRESENT = [b"\1" + length.to_bytes(8, "big") for length in range(MANY)]


def number(raw: bytes) -> bytes:
    return b"%d" % int.from_bytes(raw, "big", signed=True)


def instant(raw: bytes) -> bytes:
    return b"%d" % (int.from_bytes(raw, "big", signed=True) + SINCE_UNIX)


def truth(raw: bytes) -> bytes:
    return b"1" if raw == b"\1" else b"0"


Canonical = Callable[[bytes], bytes] | None
"""From PostgreSQL's binary form to that of a leaf; None where they are the same."""


@dataclass(frozen=True, slots=True)
class Log:
    """Rows of a table, of which each has its number: 1, 2, 3 and so on."""

    name: str
    table: str
    number: str
    format: bytes
    columns: tuple[tuple[str, Canonical], ...]

    def __post_init__(self) -> None:
        assert self.number in self.names, "the number is one of the columns"

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    @property
    def statement(self) -> bytes:
        names = ", ".join(self.names)
        return (
            f"SELECT {self.number}, {names} FROM {self.table}"  # noqa: S608 - names of our own.
            f" WHERE {self.number} > $1::bigint AND {self.number} <= $2::bigint ORDER BY {self.number} LIMIT $3::bigint"
        ).encode()


def events() -> Log:
    kinds = {
        "originator_version": number,
        "notification_id": number,
        "schema_version": number,
        "occurred_at": instant,
        "recorded_at": instant,
        "imported": truth,
    }
    columns = tuple((name, kinds.get(name)) for name in Row._fields)
    return Log("events", "ledger.stored_events", "notification_id", FORMAT, columns)


EVENTS = events()
COMMANDS = Log(
    "commands",
    "ledger.commands",
    "number",
    COMMAND_FORMAT,
    (
        ("number", number),
        ("command_id", None),
        ("type", None),
        ("digest", None),
        ("stream", None),
        ("version", number),
        ("position", number),
        ("events", number),
        ("recorded_at", instant),
        ("actor_kind", None),
        ("actor_id", None),
        ("refusal", None),
        ("facts", None),
    ),
)
LOGS = (EVENTS, COMMANDS)


def leaf_hashes(connection: psycopg.Connection[Any], log: Log, after: int, until: int) -> Iterator[tuple[int, bytes]]:
    """The number of each row of a log and the hash of its leaf, in their order, from after one number up to another."""
    for found, leaf in leaves(connection, log, after, until):
        yield found, of_leaf(leaf)


def leaves(connection: psycopg.Connection[Any], log: Log, after: int, until: int) -> Iterator[tuple[int, bytes]]:
    """The same with the leaves themselves. Written out here: a call for each row is a sixth of all that it takes."""
    columns = [(nth, canonical) for nth, (_, canonical) in enumerate(log.columns, start=1)]
    begin, absent, present = log.format, ABSENT, PRESENT
    while True:
        given = [big(after), big(until), big(AT_ONCE)]
        connection.pgconn.send_query_params(
            log.statement, given, param_formats=[Format.BINARY] * 3, result_format=Format.BINARY
        )
        found = result_of(connection)
        value = found.get_value
        for row in range(found.ntuples):
            parts = [begin]
            for column, canonical in columns:
                raw = value(row, column)
                if raw is None:
                    parts.append(absent)
                    continue
                if canonical is not None:
                    raw = canonical(raw)
                length = len(raw)
                parts.append(present[length] if length < MANY else b"\1" + length.to_bytes(8, "big"))
                parts.append(raw)
            after = int.from_bytes(value(row, 0) or b"", "big", signed=True)
            yield after, b"".join(parts)
        if found.ntuples < AT_ONCE:
            return


def leaf_of(log: Log) -> Callable[[Sequence[bytes | None]], bytes]:
    """What makes a leaf of a row's values, which are in the order of the log's columns and as PostgreSQL sends them."""
    canonicals = [canonical for _, canonical in log.columns]
    begin, absent, present = log.format, ABSENT, PRESENT

    def leaf(values: Sequence[bytes | None]) -> bytes:
        parts = [begin]
        for raw, canonical in zip(values, canonicals, strict=True):
            if raw is None:
                parts.append(absent)
                continue
            told = raw if canonical is None else canonical(raw)
            length = len(told)
            parts.append(present[length] if length < MANY else b"\1" + length.to_bytes(8, "big"))
            parts.append(told)
        return b"".join(parts)

    return leaf
