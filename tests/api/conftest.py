from collections.abc import Iterator

import pytest

from domain.values import OrgPath, StaffId
from projections.staff_directory import Colleague, staff_directory
from tests.api.house import House
from tests.api.viewed import Views, viewed


@pytest.fixture
def house() -> Iterator[House]:
    """People, a pool, and an empty ledger otherwise."""
    with House.opened() as house:
        yield house.settle()


@pytest.fixture
def read_house(database_url: str) -> Iterator[House]:
    """The same on a real database, from which views are read."""
    with viewed(database_url) as house:
        yield house


@pytest.fixture
def views(read_house: House, database_url: str) -> Views:
    """Every view, with nobody in it but the people."""
    views = Views(database_url)
    views.build()
    people = (("ann", "north/team-1"), ("bob", "north/team-2"), ("mia", "north"), ("sue", "south/team-1"))
    views.put(
        staff_directory,
        *(
            Colleague(staff_id=StaffId(name), name=name.title(), role="sales", org_path=OrgPath(org))
            for name, org in people
        ),
    )
    return views
