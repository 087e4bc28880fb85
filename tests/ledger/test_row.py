"""Rows travel in PostgreSQL's own binary form, and arrive as they set out."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from ledger.appender import Appender, packed_command, packed_move
from ledger.envelope import Declined, Logged, SideRow
from ledger.queries import Array, ArrayDumper, blobs, ids, texts
from ledger.row import BIG as BIG_TYPE
from ledger.row import EPOCH, ID, OWN, SHARED, Row, array_of, big, microseconds
from ledger.store import Encoded
from tests.ledger.samples import encoded
from tests.ledger.strategies import BIG, INSTANT, TEXT, rows

once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def cursor(database_url: str) -> Iterator[psycopg.Cursor[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.adapters.register_dumper(Array, ArrayDumper)
        connection.execute("SET timezone = 'UTC'")
        yield connection.cursor(binary=True)


def arrived(cursor: psycopg.Cursor[Any], kind: str, packed: list[bytes]) -> list[dict[str, Any]]:
    """What PostgreSQL takes it for, by the names that the type has there."""
    oid = cursor.execute("SELECT %s::regtype::oid", [kind]).fetchall()[0][0]
    cursor.execute(f"SELECT (each).* FROM (SELECT unnest(%b::{kind}[]) AS each) AS sent".encode(), [Array(oid, packed)])
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    return [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]


def sent(*events: Row) -> list[bytes]:
    packed, _, _ = Appender({}).packed([Encoded(events, encoded().logged, ("", ""))])
    return packed


def without_position(row: Row) -> dict[str, Any]:
    """A position is given in the ledger, and does not travel."""
    return {name: found for name, found in row._asdict().items() if name != "notification_id"}


@once
@given(rows())
def test_a_row_arrives_as_it_was(cursor: psycopg.Cursor[Any], row: Row) -> None:
    assert arrived(cursor, "ledger.event_row", sent(row)) == [without_position(row)]


@once
@given(st.lists(rows(), min_size=1, max_size=5))
def test_the_rows_of_a_command_share_what_its_events_share(cursor: psycopg.Cursor[Any], several: list[Row]) -> None:
    shared = {name: getattr(several[0], name) for name in SHARED}
    own = [row._replace(**shared) for row in several]
    assert arrived(cursor, "ledger.event_row", sent(*own)) == [without_position(row) for row in own]


def test_every_column_travels_but_the_position() -> None:
    assert {*OWN, *SHARED} == {*Row._fields} - {"notification_id"}
    assert len(OWN) + len(SHARED) == len(Row._fields) - 1


FACTS = st.dictionaries(TEXT, TEXT | st.none() | st.lists(TEXT | st.booleans(), max_size=3), max_size=3)


@once
@given(
    st.builds(
        Logged,
        command_id=st.uuids(),
        type=TEXT,
        digest=st.binary(),
        stream=TEXT,
        version=BIG,
        position=st.just(0),
        recorded_at=INSTANT,
        refusal=st.none() | st.builds(Declined, name=TEXT, facts=FACTS),
    ),
    st.tuples(TEXT, TEXT),
    st.integers(0, 2**62),
)
def test_an_entry_of_the_command_log_arrives_as_it_was(
    cursor: psycopg.Cursor[Any], logged: Logged, actor: tuple[str, str], end: int
) -> None:
    (entry,) = arrived(cursor, "ledger.command_row", [packed_command(Encoded([], logged, actor), end)])
    facts = entry.pop("facts")
    refusal = None if facts is None else Declined(entry["refusal"], from_json(facts))
    assert refusal == logged.refusal
    assert entry == {
        "command_id": logged.command_id,
        "type": logged.type,
        "digest": logged.digest,
        "stream": logged.stream,
        "version": logged.version,
        "events": 0,
        "recorded_at": logged.recorded_at,
        "actor_kind": actor[0],
        "actor_id": actor[1],
        "refusal": None if logged.refusal is None else logged.refusal.name,
        "position": end,
    }


SIDE = st.builds(SideRow, name=TEXT, expected=st.none() | BIG, value=BIG)


@once
@given(SIDE)
def test_a_side_row_s_move_arrives_as_it_was(cursor: psycopg.Cursor[Any], side: SideRow) -> None:
    assert arrived(cursor, "ledger.side_move", [packed_move(side)]) == [asdict(side)]


@once
@given(st.lists(TEXT), st.lists(st.uuids()), st.lists(st.binary()), st.lists(BIG))
def test_arrays_arrive_as_they_were_and_empty_ones_too(
    cursor: psycopg.Cursor[Any], some_texts: list[str], some_ids: list[Any], some_blobs: list[bytes], numbers: list[int]
) -> None:
    given = [texts(some_texts), ids(some_ids), blobs(some_blobs), Array(BIG_TYPE, [big(number) for number in numbers])]
    found = cursor.execute("SELECT %b::text[], %b::uuid[], %b::bytea[], %b::bigint[]", given).fetchall()
    assert found == [(some_texts, some_ids, some_blobs, numbers)]


@once
@given(st.lists(st.none() | st.uuids()))
def test_what_is_not_there_arrives_as_nothing(cursor: psycopg.Cursor[Any], some: list[UUID | None]) -> None:
    packed = Array(ID, [])
    packed.data = array_of(ID, [None if each is None else each.bytes for each in some])
    assert cursor.execute("SELECT %b::uuid[]", [packed]).fetchall() == [(some,)]


def test_an_array_says_what_it_holds() -> None:
    assert array_of(25, []) == bytes(8) + (25).to_bytes(4, "big")
    assert array_of(25, [b"a"])[8:12] == (25).to_bytes(4, "big")


@given(INSTANT)
def test_no_microsecond_is_lost(at: datetime) -> None:
    assert microseconds(at) - microseconds(at.replace(microsecond=0)) == at.microsecond
    assert microseconds(EPOCH) == 0
    assert microseconds(datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC)) == -1
