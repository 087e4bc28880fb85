"""The limits of a book (库容). What goes in and out of it is told with the leads."""

import pytest

from commands.agent_book import ChangeCapacity
from domain.agent_book import CapacityChanged
from domain.errors import Invalid, NotAllowed, NotNow
from domain.staff import StaffDeparted
from domain.values import StaffId
from tests.spec import ANN, administrator, ann, given, mia

change = ChangeCapacity(staff_id=ANN, cap=50, daily_claims=5)


def test_an_administrator_says_how_many_somebody_may_hold_and_claim() -> None:
    given().when(change, by=administrator).then(CapacityChanged(staff_id=ANN, cap=50, daily_claims=5))
    none = ChangeCapacity(staff_id=ANN, cap=0, daily_claims=0)
    given().when(none, by=administrator).then(CapacityChanged(staff_id=ANN, cap=0, daily_claims=0))
    given().when(change, by=mia).refused(NotAllowed, because="the role sales_manager has no such right")
    given().when(change, by=ann).refused(NotAllowed)


@pytest.mark.parametrize(("cap", "daily_claims", "field"), [(-1, 5, "cap"), (5, -1, "daily_claims"), (10**7, 5, "cap")])
def test_a_limit_is_neither_negative_nor_beyond_all_bounds(cap: int, daily_claims: int, field: str) -> None:
    wrong = ChangeCapacity(staff_id=ANN, cap=cap, daily_claims=daily_claims)
    given().when(wrong, by=administrator).refused(Invalid, because=f"{field}: a limit is 0 to 1000000")


def test_only_who_works_here_has_a_limit() -> None:
    departed = StaffDeparted(staff_id=ANN)
    given(departed).when(change, by=administrator).refused(NotNow, because="needs Employed, and staff/ann is Departed")
    stranger = ChangeCapacity(staff_id=StaffId("zoe"), cap=1, daily_claims=1)
    given().when(stranger, by=administrator).refused(NotNow, because="needs Employed, and staff/zoe is Stranger")
