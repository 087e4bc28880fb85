"""The directories of staff and pools, told as specs."""

from domain.pool import PoolPublished, Terms
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import OrgPath, PoolId, StaffId
from projections.pool_directory import PublicPool, pool_directory
from projections.staff_directory import Colleague, staff_directory
from tests.projections.spec import rows

ANN, TEAM, SOUTH = StaffId("ann"), OrgPath("north/team-1"), OrgPath("south")
onboarded = StaffOnboarded(staff_id=ANN, name="Ann", role="sales", org_path=TEAM)
moved = StaffMoved(staff_id=ANN, role="sales_manager", from_=TEAM, to=SOUTH)
departed = StaffDeparted(staff_id=ANN)


def test_a_colleague_is_listed_where_she_works_now() -> None:
    assert rows(staff_directory, onboarded) == [Colleague(staff_id=ANN, name="Ann", role="sales", org_path=TEAM)]
    (found,) = rows(staff_directory, onboarded, moved)
    assert (found.role, found.org_path) == ("sales_manager", SOUTH)


def test_who_departed_stays_listed_and_may_come_back() -> None:
    assert [each.active for each in rows(staff_directory, onboarded, departed)] == [False]
    assert [each.active for each in rows(staff_directory, onboarded, departed, onboarded)] == [True]


def test_what_a_stranger_does_makes_no_row() -> None:
    assert rows(staff_directory, moved, departed) == []


def test_availability_is_no_matter_of_the_directory() -> None:
    away = AvailabilityChanged(staff_id=ANN, available=False)
    assert rows(staff_directory, onboarded, away) == rows(staff_directory, onboarded)


def test_the_last_version_of_a_pool_says_who_its_members_are_and_how_much_they_may_hold() -> None:
    def published(number: int, *members: str) -> PoolPublished:
        orgs = tuple(map(OrgPath, members))
        terms = Terms(holding_cap=100 * number)
        return PoolPublished(pool_id=PoolId("p"), number=number, name=f"P{number}", members=orgs, terms=terms)

    (found,) = rows(pool_directory, published(1, "north"), published(3, "south", "west"))
    assert found == PublicPool(pool_id=PoolId("p"), name="P3", members=(SOUTH, OrgPath("west")), holding_cap=300)
