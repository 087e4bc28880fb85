"""Departure: whom a leaver looked after is his manager's at once, and it is told why that one's."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from commands.customer.creating import AdoptCustomer
from commands.customer.lifecycle import ChangeCustomerStatus
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.owners import AssignCustomer
from commands.policy import PausePolicy
from commands.staff import DepartStaff, MoveStaff, OnboardStaff
from consumers.policies.departure_of_customers import departure_of_customers, managers_of
from domain.actor import Actor, Reason
from domain.customer.dossier import OwnerRole
from domain.customer.facts.merging import CustomerRestored, FieldChoices
from domain.customer.facts.owners import CustomerReleased, CustomerTransferred, Passed
from domain.staff import StaffDeparted
from domain.values import CustomerId, OrgPath, StaffId
from projections.staff_directory import Colleague
from tests.consumers.house import House
from tests.consumers.office import ADMIN, START, mia, settle
from tests.consumers.policies.shop import DAY, Shop, quick

ANN, TOM, ZED = StaffId("ann"), StaffId("tom"), StaffId("zed")


def colleague(name: str, role: str, org: str, *, active: bool = True) -> Colleague:
    return Colleague(staff_id=StaffId(name), name=name, role=role, org_path=OrgPath(org), active=active)


def test_the_nearest_manager_who_is_there_comes_first() -> None:
    home = colleague("ann", "sales", "north/team-1", active=False)
    others = (
        colleague("mia", "sales_manager", "north"),
        colleague("tom", "sales_manager", "north/team-1"),
        colleague("old", "sales_manager", "north/team-1", active=False),
        colleague("otto", "sales_manager", "south"),
        colleague("bob", "sales", "north/team-1"),
        colleague("sam", "service_manager", "north/team-1"),
        colleague("team", "sales_manager", "north/team-11"),
    )
    found, passed = managers_of(home, (home, *others))
    assert found == ("tom", "mia", "sam")
    assert {each.staff_id: each.because for each in passed} == {
        "mia": "farther",
        "sam": "farther",
        "old": "departed",
        "otto": "other-organisation",
        "team": "other-organisation",
    }


def test_a_manager_who_leaves_is_not_his_own() -> None:
    home = colleague("mia", "sales_manager", "north", active=False)
    assert managers_of(home, (home,)) == ((), ())


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        yield Shop(house, departure_of_customers)


def assigned(shop: Shop, number: int, role: OwnerRole = "primary", owner: StaffId = ANN) -> CustomerId:
    customer_id = shop.customer(number)
    shop.office.do(ADMIN, AssignCustomer(customer_id=customer_id, owner=owner, role=role), imported=True)
    return customer_id


@pytest.mark.slow
def test_whom_a_leaver_looked_after_is_his_managers(shop: Shop) -> None:
    first, second, others = assigned(shop, 1), assigned(shop, 2, "service"), assigned(shop, 3, owner=StaffId("mia"))
    shop.settle()
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    assert shop.dossier(first).owners == {"primary": "mia"}
    assert shop.dossier(second).owners == {"service": "mia"}
    assert shop.dossier(others).owners == {"primary": "mia"}
    told = shop.office.told(CustomerTransferred)
    (departed,) = shop.office.told(StaffDeparted)
    assert len(told) == 2
    assert {each.causation_id for each in told} == {departed.event_id}
    assert {each.reason for each in told} == {Reason(code="owner-departed")}
    assert {each.actor for each in told} == {Actor(kind="policy", id="departure", name="departure", role="policy")}
    assert {each.event.choice.rule_id for each in told} == {"departure/manager"}
    assert all(each.event.choice.seen_at >= departed.position for each in told)
    shop.reactor.close()
    shop.reactor = shop.office.reactor(departure_of_customers)
    shop.settle()
    assert len(shop.office.told(CustomerTransferred)) == 2


@pytest.mark.slow
def test_where_nobody_manages_him_they_are_released_and_it_is_told_who_was_thought_of(shop: Shop) -> None:
    customer_id = assigned(shop, 1)
    shop.office.do(ADMIN, MoveStaff(staff_id=StaffId("mia"), role="sales_manager", to=OrgPath("south")))
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    assert shop.dossier(customer_id).owners == {}
    (released,) = shop.office.told(CustomerReleased)
    assert released.event.choice.passed == (Passed(staff_id=StaffId("mia"), because="other-organisation"),)
    assert released.reason == Reason(code="owner-departed")


@pytest.mark.slow
def test_whom_a_merge_has_brought_him_goes_too_and_who_is_shut_does_not(shop: Shop) -> None:
    survivor, absorbed, shut = shop.customer(1), assigned(shop, 2), assigned(shop, 3)
    choices = FieldChoices()
    shop.office.do(mia, MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=choices))
    shop.office.do(mia, ChangeCustomerStatus(customer_id=shut, to="closed"), reason="gone")
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    assert [each.event.customer_id for each in shop.office.told(CustomerTransferred)] == [survivor]


@pytest.mark.slow
def test_nobody_comes_back_to_a_leaver_by_a_merge_or_its_end(shop: Shop) -> None:
    """Ann and Tom look after two who are one, then they leave; it is found that the two are two, and one again."""
    shop.office.do(ADMIN, OnboardStaff(staff_id=TOM, name="Tom", role="sales", org_path=OrgPath("north")))
    survivor, absorbed = assigned(shop, 1, owner=TOM), assigned(shop, 2)
    merge = MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=FieldChoices(owners="survivor"))
    shop.office.do(mia, merge)
    shop.settle()
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    assert shop.office.told(CustomerTransferred) == [], "of who is the other one now, he has nobody"
    shop.office.do(mia, UnmergeCustomer(customer_id=survivor, absorbed=absorbed), reason="mistake")
    shop.settle()
    assert shop.dossier(survivor).owners == {"primary": TOM}
    assert shop.dossier(absorbed).owners == {"primary": "mia"}
    (handed,) = shop.office.told(CustomerTransferred)
    (restored,) = shop.office.told(CustomerRestored)
    assert (handed.causation_id, handed.reason) == (restored.event_id, Reason(code="owner-departed"))


@pytest.mark.slow
def test_nor_does_the_survivor_s_leaver_get_him_back(shop: Shop) -> None:
    """The merge gave him to Tom; Ann has left, and was the survivor's before."""
    shop.office.do(ADMIN, OnboardStaff(staff_id=TOM, name="Tom", role="sales", org_path=OrgPath("north")))
    survivor, absorbed = assigned(shop, 1), assigned(shop, 2, owner=TOM)
    merge = MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=FieldChoices(owners="absorbed"))
    shop.office.do(mia, merge)
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    shop.office.do(mia, UnmergeCustomer(customer_id=survivor, absorbed=absorbed), reason="mistake")
    shop.settle()
    assert shop.dossier(survivor).owners == {"primary": "mia"}
    assert shop.dossier(absorbed).owners == {"primary": TOM}


@pytest.mark.slow
def test_nor_does_who_was_never_here_get_somebody_out_of_history(shop: Shop) -> None:
    """What is adopted, and what is merged with it, has owners who work here, or none."""
    alone, live = shop.customer(1, imported=True), shop.customer(2)
    told, merged, kept = shop.customer(3, imported=True), shop.customer(4, imported=True), shop.customer(5)
    for customer_id, owner in ((alone, ZED), (told, ANN), (merged, ZED), (kept, StaffId("mia"))):
        shop.office.do(ADMIN, AssignCustomer(customer_id=customer_id, owner=owner), imported=True)
    shop.office.do(ADMIN, AssignCustomer(customer_id=alone, owner=ZED, role="service"), imported=True)
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN), imported=True)
    shop.settle()
    assert shop.dossier(alone).owners == {"primary": ZED, "service": ZED}, "history is left in peace until it is live"
    shop.office.do(ADMIN, *(AdoptCustomer(customer_id=each) for each in (alone, told, kept)))
    shop.office.do(mia, MergeCustomers(customer_id=live, absorbed=merged, choices=FieldChoices()))
    shop.settle()
    assert shop.dossier(alone).owners == {}
    assert shop.dossier(told).owners == {"primary": "mia"}
    assert shop.dossier(live).owners == {}
    assert shop.dossier(kept).owners == {"primary": "mia"}
    assert {each.event.from_ for each in shop.office.told(CustomerReleased)} == {ZED}


@pytest.mark.slow
def test_history_is_left_in_peace_and_a_pause_is_caught_up_with(shop: Shop) -> None:
    customer_id = assigned(shop, 1)
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN), imported=True)
    shop.settle()
    assert shop.dossier(customer_id).owners == {"primary": "ann"}
    shop.office.do(ADMIN, OnboardStaff(staff_id=ANN, name="Ann", role="sales", org_path=OrgPath("north")))
    shop.office.do(mia, PausePolicy(policy_name="departure", until=START + DAY), reason="audit")
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.settle()
    assert shop.dossier(customer_id).owners == {"primary": "ann"}
    shop.office.now = START + DAY
    shop.settle()
    assert shop.dossier(customer_id).owners == {"primary": "mia"}


@pytest.mark.slow
def test_who_dies_before_he_remembers_hands_nobody_on_a_second_time(shop: Shop) -> None:
    for name in ("max", "moe"):
        manager = OnboardStaff(staff_id=StaffId(name), name=name, role="sales_manager", org_path=OrgPath("north"))
        shop.office.do(ADMIN, manager)
    first, second = assigned(shop, 1), assigned(shop, 2, "service")
    shop.settle()
    shop.office.do(ADMIN, DepartStaff(staff_id=ANN))
    shop.office.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(shop.reactor)
    assert shop.dossier(first).owners == {"primary": "max"}
    shop.reactor.close()
    shop.office.do(ADMIN, MoveStaff(staff_id=StaffId("max"), role="sales_manager", to=OrgPath("south")))
    shop.office.house.caught_up()
    shop.reactor = shop.office.reactor(departure_of_customers)
    shop.settle()
    assert shop.dossier(first).owners == {"primary": "max"}
    assert shop.dossier(second).owners == {"service": "max"}
    assert len(shop.office.told(CustomerTransferred)) == 2
    assert shop.office.told(CustomerReleased) == []
