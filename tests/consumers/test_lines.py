"""What is copied into a table is what would have been inserted: every type of column, absent values, and odd texts."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from consumers.lines import copied
from consumers.session import Session, write
from consumers.tracking import prepare
from domain.lead.facts.intake import LeadCaptured
from domain.values import Instant, LeadId
from projections import sql
from projections.columns import TYPES, columns
from projections.folding import Table
from projections.projection import projection
from projections.rows import Row, table


@table
class Everything(Row):
    """A column of each type there is, and an array of each."""

    lead_id: LeadId
    words: str | None
    yes: bool | None
    number: int | None
    ratio: float | None
    amount: Decimal | None
    at: Instant | None
    day: date | None
    other: UUID | None
    many_words: tuple[str | None, ...]
    many_instants: tuple[Instant | None, ...] | None
    many_ids: tuple[UUID, ...]
    many_numbers: tuple[int, ...]


@projection("everything", key=("lead_id",), version=1, scoped=False)
def everything(row: Everything | None, event: LeadCaptured) -> Everything | None:
    return row


WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8")) | st.sampled_from(
    ("", "\\N", "null", "a\tb\\c\nd\r\n", 'say "no"', "{a,b}", "\\.", "NULL")
)
LONG = st.integers(1 - 2**63, 2**63 - 1)  # psycopg2 negates a literal, and there is no 2**63 to be negated.
ZONES = st.sampled_from((UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))))
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn.
ROWS = st.builds(
    Everything,
    lead_id=st.uuids().map(LeadId),
    words=st.none() | WORDS,
    yes=st.none() | st.booleans(),
    number=st.none() | LONG,
    ratio=st.none() | st.floats(allow_nan=False),
    amount=st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
    at=st.none() | INSTANTS,
    day=st.none() | st.dates(date(1, 1, 1), date(3000, 1, 1)),
    other=st.none() | st.uuids(),
    many_words=st.lists(st.none() | WORDS, max_size=3).map(tuple),
    many_instants=st.none() | st.lists(st.none() | INSTANTS, max_size=3).map(tuple),
    many_ids=st.lists(st.uuids(), max_size=3).map(tuple),
    many_numbers=st.lists(LONG, max_size=3).map(tuple),
    as_of_position=st.integers(0, 2**62),
)


def test_every_type_of_column_is_there() -> None:
    assert {each.type.removesuffix("[]") for each in columns(Everything)} == set(TYPES.values())


def test_copied_rows_equal_inserted_ones(database_url: str) -> None:
    with closing(Session(database_url, "lines")) as session:
        prepare(session)
        with session.transaction() as cursor:
            for build in (1, 2):
                cursor.execute(sql.create_table(everything, build))
                for statement in sql.create_indexes(everything, build):
                    cursor.execute(statement)

        @given(st.lists(ROWS, max_size=30, unique_by=lambda row: row.lead_id))
        def check(rows: list[Everything]) -> None:
            assert kept(session, rows, few=0) == kept(session, rows, few=1_000)

        check()


def kept(session: Session, rows: list[Everything], few: int) -> list[tuple[Any, ...]]:
    """What the table then holds: copied where there are more than a few, inserted otherwise."""
    build = 1 + bool(few)
    changed = Table(everything)
    for row in rows:
        changed.put(row.lead_id.int, None, row)
    with session.transaction() as cursor, patch("consumers.session.FEW", few):
        cursor.execute(f"DELETE FROM {sql.table(everything, build)}")
        write(cursor, everything, build, changed)
        cursor.execute(f"SELECT * FROM {sql.table(everything, build)} ORDER BY lead_id")
        return cursor.fetchall()


def test_a_column_of_nothing_but_absent_values_stays_in_its_line() -> None:
    absent: dict[str, Any] = {each.name: () if each.many else None for each in columns(Everything)}
    row = Everything(**absent | {"lead_id": LeadId(UUID(int=1)), "many_instants": None, "as_of_position": 7})
    line = "0" * 31 + "1" + "\t\\N" * 8 + "\t{}\t\\N\t{}\t{}\t7\n"
    assert copied(Everything)([row, row]) == 2 * line
