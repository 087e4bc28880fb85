"""A company works, and its views are kept up meanwhile: leads, customers, orders, tickets, calls and inspections."""

from datetime import UTC, datetime

import pytest

from api.demo.history import write
from consumers.policies import POLICIES
from projections import VIEWS
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.consumers.untold import UNTOLD

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
MEMORIES = tuple({process.memory.name: process.memory for process in POLICIES}.values())


@pytest.mark.parametrize(("weeks", "batch"), [(5, 100), pytest.param(52, 500, marks=pytest.mark.deep)])
def test_views_equal_a_rebuild_after_weeks_of_everything(house: House, weeks: int, batch: int) -> None:
    house.worker(batch)
    write(house.ledger, NOON, weeks)
    tell(house.ledger, *UNTOLD)
    house.caught_up()
    assert {view.name for view in house.views if not house.rows(view)} == set()
    house.must_equal_a_rebuild()


def test_what_policies_remember_equals_a_rebuild_too(house: House) -> None:
    house.worker(200, MEMORIES)
    write(house.ledger, NOON, 3)
    house.caught_up(*MEMORIES)
    house.must_equal_a_rebuild(*MEMORIES)


@pytest.mark.parametrize("broken_off", [False, True])
def test_views_that_are_written_with_a_history_equal_a_rebuild(house: House, broken_off: bool) -> None:
    life = write(house.ledger, NOON, 3)
    if broken_off:
        life = write(house.ledger, NOON, 3, begun=True)
    life.views.write(house.ledger, house.url)
    tables = {table.view.name: table.view for table in life.views.all()}
    assert tables.keys() >= {view.name for view in VIEWS} | {each.memory.name for each in POLICIES if each.reactions}
    for view in tables.values():
        found, position = house.rows(view), house.status(view).position
        assert house.ledger.last_position() - 100 < position == life.views.position
        house.rebuild(view, until=position)
        assert house.rows(view) == found, view.name
    assert any(house.rows(view) for view in MEMORIES)
