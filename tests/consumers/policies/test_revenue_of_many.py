"""Key account: two who are one bring what both brought, who is gone makes room, and history counts and sleeps."""

from typing import Any

import pytest

from commands.customer.creating import AdoptCustomer, CreateCustomer
from commands.customer.lifecycle import ChangeCustomerStatus
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData
from commands.customer.relations import AssignSegment
from commands.customer.standing import ChangeRevenueStanding
from commands.key_account_policy import BeginRanking, PublishKeyAccountPolicy
from commands.staff import OnboardStaff
from consumers.policies.key_account import key_account
from domain.customer.facts.merging import FieldChoices
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.relations import RevenueStandingChanged
from domain.key_account_policy import (
    STANDARD,
    CurrencyRanking,
    RankedSince,
    RevenueRanked,
)
from domain.revenue import Rank
from domain.values import OrgPath, StaffId
from tests.consumers.policies.order_desk import Desk, refusal_of
from tests.consumers.policies.payers import (
    APRIL,
    DAY,
    FIVE,
    KIM,
    MAY,
    SKILL,
    best,
    bought,
    buying,
    customers,
    desk_of,
    money,
    who,
)
from tests.spec import ANN, STAFF, administrator, ann, crm, mia, policy

# Two that are one


def test_what_two_have_brought_is_one_s_and_goes_back_when_they_are_parted() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(2), absorbed=who(4)))
    desk.wait_until(APRIL)
    assert best(desk) == {2}
    assert desk.told(RevenueStandingChanged)[0].ranks == (Rank(rank=1, of=4, places=1, revenue=money(60)),)
    desk.do(mia, UnmergeCustomer(customer_id=who(2), absorbed=who(4)), reason="wrong-merge")
    desk.wait_until(MAY)
    assert best(desk) == {5}
    assert desk.told(RevenueRanked)[-1].currencies[0].of == 5


def test_what_is_bought_in_the_name_of_who_was_merged_is_the_survivor_s() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(3), absorbed=who(4)))
    desk.do(policy, MergeCustomers(customer_id=who(2), absorbed=who(3)))
    desk.do(crm, *buying(4, 5))
    desk.wait_until(APRIL)
    (told,) = desk.told(RevenueStandingChanged)
    assert (told.customer_id, told.ranks[0].revenue, told.ranks[0].of) == (who(2), money(95), 3)


def test_who_is_merged_into_one_of_the_best_has_his_owner() -> None:
    desk = desk_of(*FIVE, KIM)
    desk.wait_until(APRIL)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    desk.settle()
    assert desk.state("customer", who(1)).dossier.owners == {"key_account": "kim"}
    assert best(desk) == {1}


def test_who_becomes_a_key_account_by_a_merge_gets_somebody() -> None:
    primary = CustomerAssigned(customer_id=who(1), owner=ANN, role="primary")
    desk = desk_of(*FIVE, KIM, primary)
    desk.wait_until(APRIL)
    only_mine = FieldChoices(owners="survivor")
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5), choices=only_mine))
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [
        (who(5), "kim"),
        (who(1), "kim"),
    ]


def test_who_is_one_again_when_they_are_parted_gets_somebody_and_the_other_keeps_him() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    onboard = OnboardStaff(staff_id=StaffId("lee"), name="Lee", role="sales", org_path=OrgPath("north"), skills=SKILL)
    desk.do(administrator, onboard)
    desk.settle()
    desk.do(mia, UnmergeCustomer(customer_id=who(1), absorbed=who(5)), reason="wrong-merge")
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [
        (who(1), "lee"),
        (who(5), "lee"),
    ]
    assert desk.state("customer", who(1)).dossier.owners == {"key_account": "lee"}
    assert best(desk) == {5}


def test_who_lacks_somebody_once_they_are_parted_gets_one() -> None:
    hers = CustomerAssigned(customer_id=who(1), owner=ANN, role="key_account")
    desk = desk_of(*FIVE, hers)
    desk.wait_until(APRIL)
    desk.do(policy, MergeCustomers(customer_id=who(5), absorbed=who(1)))
    onboard = OnboardStaff(staff_id=StaffId("lee"), name="Lee", role="sales", org_path=OrgPath("north"), skills=SKILL)
    desk.do(administrator, onboard)
    desk.settle()
    assert desk.told(CustomerAssigned) == []
    desk.do(mia, UnmergeCustomer(customer_id=who(5), absorbed=who(1)), reason="wrong-merge")
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [(who(5), "lee")]
    assert desk.state("customer", who(1)).dossier.owners == {"key_account": "ann"}


# Some who are gone


def close(desk: Desk, number: int, how: str) -> None:
    if how == "shut":
        desk.do(mia, ChangeCustomerStatus(customer_id=who(number), to="closed"), reason="asked-for")
    else:
        desk.do(administrator, ErasePersonalData(customer_id=who(number)), reason="asked-for")


@pytest.mark.parametrize("how", ["shut", "erased"])
def test_who_is_gone_is_left_out_and_no_place_is_kept_for_him(how: str) -> None:
    desk = desk_of(*FIVE, *customers(6), *bought(6, 25))
    close(desk, 5, how)
    desk.wait_until(APRIL)
    assert best(desk) == {4}
    assert desk.told(RevenueRanked)[0].currencies[0].of == 5


def test_with_who_is_gone_go_those_whom_he_absorbed() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    close(desk, 1, "erased")
    desk.wait_until(APRIL)
    assert best(desk) == {4}
    assert desk.told(RevenueRanked)[0].currencies[0].of == 3


@pytest.mark.parametrize("how", ["shut", "erased"])
def test_who_was_among_the_best_and_is_gone_is_not_asked_to_fall_out(how: str) -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    close(desk, 5, how)
    desk.wait_until(MAY)
    assert [(each.customer_id, each.to) for each in desk.told(RevenueStandingChanged)] == [
        (who(5), "best"),
        (who(4), "best"),
    ]


class Slow(Desk):
    """Where something happens between the look and what follows from it."""

    def after_the_look(self, happens: Any) -> None:
        self.now = APRIL
        self.do(policy, BeginRanking())
        while not self.told(RevenueRanked):
            self.step(key_account)
        happens(self)
        self.settle()


@pytest.mark.parametrize("how", ["shut", "erased", "merged"])
def test_who_is_gone_between_the_look_and_the_command_stands_nowhere(how: str) -> None:
    desk = Slow((key_account,), *STAFF, *FIVE, *customers(6, 7), *bought(6, 60))
    desk.do(administrator, PublishKeyAccountPolicy())
    if how == "merged":
        desk.after_the_look(lambda each: each.do(policy, MergeCustomers(customer_id=who(7), absorbed=who(6))))
    else:
        desk.after_the_look(lambda each: close(each, 6, how))
    assert {each.customer_id for each in desk.told(RevenueRanked)[0].changes} == {who(5), who(6)}
    assert best(desk) == {5}, "the others go on"
    desk.wait_until(MAY)
    assert best(desk) == ({5, 7} if how == "merged" else {5}), "and next month it is right again"


def test_what_comes_too_late_for_the_next_month_is_found_anew() -> None:
    desk = Slow((key_account,), *STAFF, *FIVE)
    desk.do(administrator, PublishKeyAccountPolicy())

    def a_month_passes(desk: Desk) -> None:
        desk.now = MAY
        desk.do(crm, *buying(1, 900))
        desk.now = MAY + 31 * DAY
        desk.do(policy, BeginRanking())

    desk.after_the_look(a_month_passes)
    assert [(each.customer_id, each.month) for each in desk.told(RevenueStandingChanged)] == [(who(1), "2026-05")]
    stand = ChangeRevenueStanding(customer_id=who(5), policy_id=STANDARD, month="2026-03")
    assert isinstance(refusal_of(desk, policy, stand), RankedSince)


# History


def test_history_counts_and_wakes_nobody_before_it_is_adopted() -> None:
    desk = desk_of(*FIVE)
    old = who(8)
    created = CreateCustomer(customer_id=old)
    desk.do(administrator, created, *buying(8, 900), imported=True, actor=ann)
    desk.wait_until(APRIL)
    assert desk.told(RevenueRanked)[0].currencies[0] == CurrencyRanking(
        currency="CNY", of=6, places=2, best=2, border=money(50)
    )
    assert best(desk) == {5}
    desk.do(administrator, AdoptCustomer(customer_id=old))
    desk.wait_until(MAY)
    assert best(desk) == {5, 8}


def test_whom_history_knows_as_one_of_the_best_segment_gets_somebody_when_he_is_adopted() -> None:
    desk = desk_of(KIM)
    often = AssignSegment(customer_id=who(8), segment="E", aov=money(50), frequency=9, thresholds_version="1")
    desk.do(administrator, CreateCustomer(customer_id=who(8)), often, imported=True, actor=ann)
    desk.settle()
    assert desk.told(CustomerAssigned) == []
    desk.do(administrator, AdoptCustomer(customer_id=who(8)))
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [(who(8), "kim")]
