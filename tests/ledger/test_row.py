"""Rows travel in PostgreSQL's own binary form, and arrive as they set out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from ledger.envelope import Declined, Logged
from ledger.recorder import (
    COMMAND,
    Array,
    ArrayDumper,
    LockedRecorder,
    blobs,
    ids,
    packed_command,
    texts,
)
from ledger.row import BIG as BIG_TYPE
from ledger.row import EPOCH, OWN, POSITION, SHARED, Row, array_of, big, microseconds
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


def arrived(cursor: psycopg.Cursor[Any], kind: str, packed: list[bytes]) -> list[tuple[Any, ...]]:
    oid = cursor.execute("SELECT %s::regtype::oid", [kind]).fetchall()[0][0]
    statement = f"SELECT (each).* FROM (SELECT unnest(%b::{kind}[]) AS each) AS sent"
    return cursor.execute(statement.encode(), [Array(oid, packed)]).fetchall()


def sent(batch: Encoded, before: int) -> list[bytes]:
    recorder = LockedRecorder.__new__(LockedRecorder)  # It only packs.
    recorder.position = before
    return list(recorder.packed_rows(batch))


@once
@given(rows(), st.integers(0, 2**62))
def test_a_row_arrives_as_it_was(cursor: psycopg.Cursor[Any], row: Row, before: int) -> None:
    (found,) = arrived(cursor, "ledger.event_row", sent(Encoded([row], encoded().logged, ("", "")), before))
    names = (*OWN, *SHARED, POSITION)
    assert dict(zip(names, found, strict=True)) == row._replace(notification_id=before + 1)._asdict()


@once
@given(st.lists(rows(), min_size=1, max_size=5), st.integers(0, 2**62))
def test_the_rows_of_a_command_share_what_its_events_share(
    cursor: psycopg.Cursor[Any], several: list[Row], before: int
) -> None:
    shared = {name: getattr(several[0], name) for name in SHARED}
    own = [row._replace(**shared) for row in several]
    found = arrived(cursor, "ledger.event_row", sent(Encoded(own, encoded().logged, ("", "")), before))
    expected = [row._replace(notification_id=before + place)._asdict() for place, row in enumerate(own, 1)]
    assert [dict(zip((*OWN, *SHARED, POSITION), each, strict=True)) for each in found] == expected


def test_every_column_travels() -> None:
    assert {*OWN, *SHARED, POSITION} == set(Row._fields)
    assert len(OWN) + len(SHARED) + 1 == len(Row._fields)


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
    BIG,
    BIG,
)
def test_an_entry_of_the_command_log_arrives_as_it_was(
    cursor: psycopg.Cursor[Any], logged: Logged, actor: tuple[str, str], position: int, number: int
) -> None:
    batch = Encoded([], logged, actor)
    (found,) = arrived(cursor, "ledger.command_row", [packed_command(batch, position, number)])
    entry = dict(zip(COMMAND, found, strict=True))
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
        "position": position,
        "number": number,
    }


@once
@given(st.lists(TEXT), st.lists(st.uuids()), st.lists(st.binary()), st.lists(BIG))
def test_arrays_arrive_as_they_were_and_empty_ones_too(
    cursor: psycopg.Cursor[Any], some_texts: list[str], some_ids: list[Any], some_blobs: list[bytes], numbers: list[int]
) -> None:
    sent = [texts(some_texts), ids(some_ids), blobs(some_blobs), Array(BIG_TYPE, [big(number) for number in numbers])]
    found = cursor.execute("SELECT %b::text[], %b::uuid[], %b::bytea[], %b::bigint[]", sent).fetchall()
    assert found == [(some_texts, some_ids, some_blobs, numbers)]


def test_an_array_says_what_it_holds() -> None:
    assert array_of(25, []) == bytes(8) + (25).to_bytes(4, "big")
    assert array_of(25, [b"a"])[8:12] == (25).to_bytes(4, "big")


@given(INSTANT)
def test_no_microsecond_is_lost(at: datetime) -> None:
    assert microseconds(at) - microseconds(at.replace(microsecond=0)) == at.microsecond
    assert microseconds(EPOCH) == 0
    assert microseconds(datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC)) == -1
