"""A company works, and its views are kept up meanwhile: leads, customers, orders, tickets, calls and inspections."""

from datetime import UTC, datetime

import pytest

from api.demo.history import write
from consumers.policies import POLICIES
from tests.consumers.house import House

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
MEMORIES = tuple({process.memory.name: process.memory for process in POLICIES}.values())


@pytest.mark.parametrize(("weeks", "batch"), [(5, 100), pytest.param(52, 500, marks=pytest.mark.deep)])
def test_views_equal_a_rebuild_after_weeks_of_everything(house: House, weeks: int, batch: int) -> None:
    house.worker(batch)
    write(house.ledger, NOON, weeks)
    house.caught_up()
    assert {view.name for view in house.views if not house.rows(view)} == set()
    house.must_equal_a_rebuild()


def test_what_policies_remember_equals_a_rebuild_too(house: House) -> None:
    house.worker(200, MEMORIES)
    write(house.ledger, NOON, 3)
    house.caught_up(*MEMORIES)
    house.must_equal_a_rebuild(*MEMORIES)
