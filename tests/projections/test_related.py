"""What is asked while a telephone rings, on a real PostgreSQL."""

from uuid import UUID

import pytest

from projections.related import around_caller, streams_of
from tests.projections.lists import NOW, Views

pytestmark = pytest.mark.slow  # On a real database.


def test_nothing_is_looked_through_from_end_to_end_to_know_who_is_calling(views: Views) -> None:
    asked = around_caller(UUID(int=1), "+86138****8000", NOW, None)
    with views.session.transaction() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked.sql}", asked.parameters)
        plan = [line.strip() for (line,) in cursor.fetchall()]
    assert [line for line in plan if "Seq Scan" in line] == []


def test_the_calls_of_a_customer_are_found_without_looking_through_all_of_them(views: Views) -> None:
    asked = streams_of(UUID(int=1), NOW)
    with views.session.transaction() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked.sql}", asked.parameters)
        plan = [line.strip() for (line,) in cursor.fetchall()]
    assert [line for line in plan if "Seq Scan" in line] == []
