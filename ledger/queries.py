"""What is read from the ledger's tables, on whatever connection it is asked for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from pydantic_core import from_json

from ledger.envelope import Declined, Logged
from ledger.row import BIG, BYTES, ID, TEXT, Part, Row, array_of, big


class Array:
    """An array that is already in PostgreSQL's binary form; its type comes from a cast in the statement."""

    __slots__ = ("data",)

    def __init__(self, oid: int, items: Sequence[bytes]) -> None:
        self.data = array_of(oid, items)


class ArrayDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Array) -> bytes:
        return obj.data


def texts(items: Collection[str]) -> Array:
    return Array(TEXT, [item.encode() for item in items])


def ids(items: Collection[UUID]) -> Array:
    return Array(ID, [item.bytes for item in items])


def blobs(items: Collection[bytes]) -> Array:
    return Array(BYTES, list(items))


SELECT_ROW = f"SELECT {', '.join(Row._fields)} FROM ledger.stored_events"  # noqa: S608 - names of our own columns.
HEADS = (
    "SELECT wanted.stream, head.version FROM unnest(%b::text[]) AS wanted (stream), LATERAL"
    " (SELECT originator_version AS version FROM ledger.stored_events WHERE originator_id = wanted.stream"
    " ORDER BY originator_version DESC LIMIT 1) AS head"
)
OUTCOMES = (
    "SELECT command_id, type, digest, stream, version, position, recorded_at, refusal, facts, actor_kind, actor_id"
    " FROM ledger.commands WHERE command_id = ANY(%b::uuid[])"
)
IDENTITIES = "SELECT digest, identity_id FROM ledger.identity_lookup WHERE digest = ANY(%b::bytea[])"
LOAD = (
    f"{SELECT_ROW} JOIN unnest(%b::text[], %b::bigint[]) AS wanted (stream, version)"
    " ON originator_id = wanted.stream AND originator_version > wanted.version"
    " ORDER BY originator_id, originator_version"
)
PART = (
    f"{SELECT_ROW} JOIN unnest(%b::text[], %b::bigint[], %b::bigint[]) AS wanted (stream, after, until)"
    " ON originator_id = wanted.stream AND originator_version > wanted.after AND originator_version <= wanted.until"
    " ORDER BY originator_id, originator_version"
)

BY_ID = f"{SELECT_ROW} WHERE event_id = %s"
NEXT = f"{SELECT_ROW} WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version LIMIT %s"
# Within a stream positions rise with versions, so that the index of versions finds the last ones of each.
LATEST = (
    f"SELECT found.* FROM unnest(%b::text[]) AS wanted (stream), LATERAL ({SELECT_ROW}"  # noqa: S608 - as above.
    " WHERE originator_id = wanted.stream AND notification_id < %b ORDER BY originator_version DESC LIMIT %b) AS found"
    " ORDER BY found.notification_id DESC LIMIT %b"
)


def load_rows(cursor: psycopg.Cursor[Any], after: Mapping[str, int]) -> list[Row]:
    return fetch_rows(cursor, LOAD, (texts(after.keys()), Array(BIG, [big(version) for version in after.values()])))


def part_rows(cursor: psycopg.Cursor[Any], parts: Mapping[str, Part]) -> list[Row]:
    after, until = (Array(BIG, [big(each[end]) for each in parts.values()]) for end in (0, 1))
    return fetch_rows(cursor, PART, (texts(parts.keys()), after, until))


def fetch_rows(cursor: psycopg.Cursor[Any], statement: str, given: Any) -> list[Row]:
    cursor.execute(statement, given, prepare=True)
    return [Row(*found) for found in cursor.fetchall()]


def heads(cursor: psycopg.Cursor[Any], streams: Collection[str]) -> dict[str, int]:
    cursor.execute(HEADS, (texts(streams),), prepare=True)
    return dict(cursor.fetchall())


def find_identities(cursor: psycopg.Cursor[Any], digests: Collection[bytes]) -> dict[bytes, UUID]:
    cursor.execute(IDENTITIES, (blobs(digests),), prepare=True)
    return dict(cursor.fetchall())


def outcomes(cursor: psycopg.Cursor[Any], commands: Collection[UUID]) -> dict[UUID, Logged]:
    cursor.execute(OUTCOMES, (ids(commands),), prepare=True)
    return {
        command: Logged(
            command_id=command,
            type=kind,
            digest=digest,
            stream=stream,
            version=version,
            position=position,
            recorded_at=recorded_at,
            refusal=None if refusal is None else Declined(refusal, from_json(facts)),
            actor=(actor[0], actor[1]),
        )
        for command, kind, digest, stream, version, position, recorded_at, refusal, facts, *actor in cursor.fetchall()
    }
