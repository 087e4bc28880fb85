"""Whatever is sought leads to an index: among fifty thousand events, no look walks through the whole ledger."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ledger.queries import BY_ID, Array, ArrayDumper
from ledger.trace import (
    LAST,
    MOST,
    OF_COMMAND,
    Place,
    Sought,
    given,
    reach_statement,
    refusals_reach_statement,
    refusals_statement,
    refused,
    rows_statement,
    traced_rows,
    wanted,
)

pytestmark = pytest.mark.slow

EVENTS = 50_000
FILL = """
INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state, notification_id, event_id,
    schema_version, occurred_at, recorded_at, actor_kind, actor_id, actor_name, actor_role, actor_org, command_id,
    correlation_id, imported, subject)
SELECT 'lead/' || n %% 5000, 1 + n / 5000, CASE WHEN n %% 100 = 0 THEN 'lead.claimed' ELSE 'lead.contacted' END, '{}',
    n, ('01932c07-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1,
    '2026-01-01Z'::timestamptz + n * interval '1 min', '2026-01-01Z'::timestamptz + n * interval '1 min', 'user',
    CASE WHEN n <= 40000 THEN 'everybody' ELSE 'u' || n %% 500 END, '', '', '',
    ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-0000-0000-' || lpad(to_hex(n / 4), 12, '0'))::uuid, false, 'lead/' || n %% 5000
FROM generate_series(1, %(events)s) AS n;
INSERT INTO ledger.commands (number, command_id, type, digest, stream, version, position, events, recorded_at,
    actor_kind, actor_id, refusal, facts)
SELECT n, ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'ClaimLead', '', 'lead/' || n %% 5000, 1,
    n, 1, '2026-01-01Z'::timestamptz + n * interval '1 min', 'user', 'u' || n %% 500,
    CASE WHEN n %% 10 = 0 THEN 'Hidden' END, CASE WHEN n %% 10 = 0 THEN '{"subject": "lead/1"}' END
FROM generate_series(1, %(events)s) AS n;
"""


@pytest.fixture(scope="module")
def cursor(postgres: Any, prepared: str) -> Iterator[psycopg.Cursor[Any]]:
    postgres.create_database("trace_plans", prepared)
    with psycopg.connect(postgres.url("trace_plans"), autocommit=True) as connection:
        connection.adapters.register_dumper(Array, ArrayDumper)
        for statement in FILL.split(";\n")[:-1]:
            connection.execute(statement.encode(), {"events": EVENTS})
        connection.execute("SELECT brin_summarize_new_values('ledger.stored_events_event_id_idx')")
        connection.execute("ANALYZE ledger.stored_events")
        connection.execute("ANALYZE ledger.commands")
        with connection.cursor(binary=True) as cursor:
            yield cursor
    postgres.drop_database("trace_plans")


def plan(cursor: psycopg.Cursor[Any], statement: str, parameters: Any) -> str:
    cursor.execute(f"EXPLAIN {statement}".encode(), parameters)
    return "\n".join(line for (line,) in cursor.fetchall())


SOUGHT: Mapping[str, Sought] = {
    "stored_events_pkey": Sought(subject="lead/17"),
    "stored_events_actor_id_idx": Sought(actor_id="u17"),
    "stored_events_correlation_id_idx": Sought(correlation=UUID(int=17)),
    "stored_events_notification_id_idx": Sought(types=("lead.claimed",)),
}


@pytest.mark.parametrize("index", SOUGHT)
def test_what_is_sought_among_events_is_found_by_its_index(cursor: psycopg.Cursor[Any], index: str) -> None:
    sought = SOUGHT[index]
    parameters = given(sought, after=0, until=EVENTS, limit=101)
    for statement in (rows_statement(sought), reach_statement(sought)):
        found = plan(cursor, statement, wanted(statement, parameters))
        assert index in found, found
        assert "Seq Scan" not in found, found


def test_who_has_done_most_is_found_by_his_own_index_too(cursor: psycopg.Cursor[Any]) -> None:
    """To walk along the positions would look cheap, as often as he is there, and find none from some position on."""
    sought = Sought(actor_id="everybody", types=("lead.claimed",))
    statement = rows_statement(sought)
    found = plan(cursor, statement, wanted(statement, given(sought, after=0, until=EVENTS, limit=101)))
    assert "stored_events_actor_id_idx" in found, found


def test_a_command_and_an_id_are_found_without_a_walk(cursor: psycopg.Cursor[Any]) -> None:
    assert "commands_pkey" in plan(cursor, OF_COMMAND, (UUID(int=17),))
    by_id = plan(cursor, BY_ID, (UUID("01932c07-0000-7000-8000-000000000011"),))
    assert "stored_events_event_id_idx" in by_id, by_id
    assert "Seq Scan" not in by_id, by_id


@pytest.mark.parametrize(
    ("sought", "index"),
    [
        (Sought(), "commands_refused_idx"),
        (Sought(subject="lead/10"), "commands_refused_stream_idx"),
        (Sought(actor_id="u10"), "commands_refused_actor_idx"),
        (Sought(command=UUID(int=10)), "commands_pkey"),
    ],
)
def test_what_is_sought_among_refused_commands_is_found_by_its_index(
    cursor: psycopg.Cursor[Any], sought: Sought, index: str
) -> None:
    within = given(sought, position=0, number=0, until=EVENTS, last=LAST, limit=101)
    statements = [refusals_statement(sought)]
    if sought.command is None:
        statements.append(refusals_reach_statement(sought))
    for statement in statements:
        found = plan(cursor, statement, wanted(statement, within))
        assert index in found, found
        assert "Seq Scan" not in found, found


def test_a_look_ends_after_so_many_rows_and_says_where(cursor: psycopg.Cursor[Any]) -> None:
    never = Sought(types=("lead.lost",))
    assert traced_rows(cursor, never, 0, EVENTS, 10) == ([], MOST)
    assert traced_rows(cursor, never, 2 * MOST, EVENTS, 10) == ([], EVENTS)
    his = Sought(actor_id="everybody", types=("lead.lost",))
    assert traced_rows(cursor, his, 0, EVENTS, 10) == ([], MOST)
    assert traced_rows(cursor, his, 2 * MOST, EVENTS, 10) == ([], EVENTS)
    rows, reached = traced_rows(cursor, Sought(actor_id="u17"), 0, EVENTS, 3)
    assert [row.actor_id for row in rows] == ["u17"] * 3
    assert reached == rows[-1].notification_id


def test_pages_of_all_that_is_sought_have_everything_once(cursor: psycopg.Cursor[Any]) -> None:
    at, found = 0, 0
    while at < EVENTS:
        rows, at = traced_rows(cursor, Sought(types=("lead.claimed",)), at, EVENTS, 37)
        found += len(rows)
    assert found == EVENTS // 100
    place, numbers = Place(0), []
    while place < Place(EVENTS, LAST):
        commands, place = refused(cursor, Sought(recorded_until=datetime(2027, 1, 1, tzinfo=UTC)), place, EVENTS, 777)
        numbers += [each.number for each in commands]
    assert numbers == list(range(10, EVENTS + 1, 10))
