"""What the rules would say in an empty house, where nothing is written."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from commands.agent_book import ChangeCapacity
from commands.pool import PublishPool
from commands.rehearsal import rehearse
from commands.staff import DepartStaff, OnboardStaff
from domain.pool import Terms
from domain.values import OrgPath, PoolId, StaffId
from tests.spec import START, administrator, crm

ANN = StaffId("ann")
onboard = OnboardStaff(staff_id=ANN, name="Ann", role="sales", org_path=OrgPath("north"))
change = ChangeCapacity(staff_id=ANN, cap=5, daily_claims=1)
publish = PublishPool(pool_id=PoolId("north"), name="North", members=())


def told(*commands: object) -> Sequence[str | None]:
    found = [each.refusal for each in rehearse(commands, administrator, START)]
    return [None if no is None else str(no) for no in found]


def test_each_is_decided_on_what_those_before_it_would_have_left() -> None:
    assert told(onboard, change, DepartStaff(staff_id=ANN)) == [None, None, None]
    assert told(change, onboard, change) == ["this needs Employed, and staff/ann is Stranger", None, None]


def test_nothing_of_one_rehearsal_is_left_for_the_next() -> None:
    assert told(onboard) == told(onboard) == [None]


@pytest.mark.parametrize(
    ("command", "because"),
    [
        (replace(onboard, staff_id=StaffId("a b")), "staff_id: an id has no blanks, slashes or control characters"),
        (replace(onboard, name=" "), "name: this must not be blank"),
        (replace(publish, terms=Terms(time_zone="Mars/X")), "terms/time_zone: 'Mars/X' is no IANA time zone"),
    ],
)
def test_a_refusal_is_the_rule_s_own(command: object, because: str) -> None:
    assert told(command) == [because]


def test_who_may_not_hears_so_too() -> None:
    (found,) = rehearse([publish], crm, START)
    assert str(found.refusal) == "administer is not allowed: the role service_account has no such right"
