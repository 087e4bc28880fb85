"""What stops a customer, when two who had become one are two again: nobody gets out of it by that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.customer.credit import LiftCreditHold, PlaceCreditHold
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ClearRiskFlag, LiftLegalHold, PlaceLegalHold, RaiseRiskFlag
from domain.actor import Reason
from domain.customer.dossier import CreditHold
from domain.customer.facts.credit import CreditHoldPlaced
from domain.customer.facts.merging import FieldChoices
from domain.customer.facts.protection import LegalHoldPlaced, RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from domain.identity import Identifier
from domain.values import CustomerId
from tests.commands.customer.situations import (
    EMAIL,
    GOLD,
    LI,
    OTHER,
    PHONE,
    THIRD,
    WECHAT,
    attributed,
    controllers,
    cora,
    created,
    level,
    link,
    other_created,
    published,
)
from tests.spec import Given, administrator, crm, day, given, identity, mia, policy

why = Reason(code="wrong-merge")
third = (
    replace(created[0], customer_id=THIRD, identities=(link(3, WECHAT),)),
    attributed(3, THIRD, "wechat"),
)
levels = (level(), level(GOLD, OTHER), level(GOLD, THIRD))
history = (*controllers, *published, *created, *other_created, *third, *levels)


def state(story: Given, customer_id: CustomerId = LI) -> Any:
    return (
        story.when(MergeCustomers(customer_id=LI, absorbed=OTHER)).desk.executor.state(f"customer/{customer_id}").state
    )


def one(story: Given, survivor: CustomerId = LI, absorbed: CustomerId = OTHER) -> Given:
    command = MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=FieldChoices(credit="survivor"))
    return story.when(command, by=policy).done()


def two(story: Given, survivor: CustomerId = LI, absorbed: CustomerId = OTHER) -> Given:
    return story.when(UnmergeCustomer(customer_id=survivor, absorbed=absorbed), by=policy, reason=why).done()


# Three things that stop a customer, each with what is asked to raise and to clear it, and how it is seen.

Step = Callable[[Given, CustomerId], Given]


def flag(story: Given, customer_id: CustomerId) -> Given:
    return story.when(RaiseRiskFlag(customer_id=customer_id, flag="fraud"), by=crm).done()


def clear(story: Given, customer_id: CustomerId) -> Given:
    return story.when(ClearRiskFlag(customer_id=customer_id, flag="fraud"), by=cora, reason=why).done()


def keep(story: Given, customer_id: CustomerId) -> Given:
    return story.when(PlaceLegalHold(customer_id=customer_id, matter="case-8"), by=administrator).done()


def over(story: Given, customer_id: CustomerId) -> Given:
    return story.when(LiftLegalHold(customer_id=customer_id, matter="case-8"), by=administrator, reason=why).done()


def hold(story: Given, customer_id: CustomerId) -> Given:
    return story.when(PlaceCreditHold(customer_id=customer_id, reason="manual"), by=cora, reason=why).done()


def lift(story: Given, customer_id: CustomerId) -> Given:
    return story.when(LiftCreditHold(customer_id=customer_id), by=cora, reason=why).done()


WAYS: dict[str, tuple[Step, Step]] = {"flag": (flag, clear), "matter": (keep, over), "hold": (hold, lift)}
every_way = pytest.mark.parametrize("way", WAYS)


def stopped(story: Given, *customers: CustomerId) -> list[bool]:
    found = [state(story, each).dossier for each in customers or (LI, OTHER)]
    return [bool(each.risk_flags or each.legal_holds or each.credit.hold) for each in found]


@every_way
def test_what_was_raised_while_they_were_one_stops_both(way: str) -> None:
    """Nobody knows which of the two it was."""
    raised, _ = WAYS[way]
    assert stopped(two(raised(one(given(*history)), LI))) == [True, True]


@every_way
@pytest.mark.parametrize("whose", [LI, OTHER])
def test_what_was_one_s_before_is_his_alone(way: str, whose: CustomerId) -> None:
    raised, _ = WAYS[way]
    assert stopped(two(one(raised(given(*history), whose)))) == [whose == LI, whose == OTHER]


@every_way
@pytest.mark.parametrize("whose", [LI, OTHER])
def test_what_was_cleared_while_they_were_one_stops_neither(way: str, whose: CustomerId) -> None:
    raised, cleared = WAYS[way]
    merged = one(raised(given(*history), whose))
    assert stopped(two(cleared(merged, LI))) == [False, False]
    both = one(raised(raised(given(*history), LI), OTHER))
    assert stopped(two(cleared(both, LI))) == [False, False]


@every_way
@pytest.mark.parametrize("whose", [LI, OTHER])
def test_what_was_cleared_and_raised_again_stops_both(way: str, whose: CustomerId) -> None:
    raised, cleared = WAYS[way]
    merged = one(raised(given(*history), whose))
    assert stopped(two(raised(cleared(merged, LI), LI))) == [True, True]


@every_way
def test_it_is_so_through_several_merges(way: str) -> None:
    """Raised while three were one, or cleared with whom he was one for a while, and raised again later."""
    raised, cleared = WAYS[way]
    three = raised(one(one(given(*history)), LI, THIRD), LI)
    assert stopped(two(two(three, LI, THIRD)), LI, OTHER, THIRD) == [True, True, True]
    between = one(raised(one(given(*history)), LI), LI, THIRD)
    assert stopped(two(two(between, LI, THIRD)), LI, OTHER, THIRD) == [True, True, False]
    his = one(one(raised(given(*history), OTHER)), THIRD, LI)
    away = two(cleared(his, THIRD), THIRD, LI)
    assert stopped(away, LI, THIRD) == [False, False]
    assert stopped(two(away), LI, OTHER, THIRD) == [False, False, False]
    assert stopped(two(raised(away, LI)), LI, OTHER, THIRD) == [True, True, False]


def test_a_hold_that_lay_under_another_is_the_other_s_still() -> None:
    """Nobody has looked at it: while they were one, the survivor's was seen."""
    theirs = CreditHoldPlaced(customer_id=OTHER, reason="bounced")
    merged = one(hold(given(*history), LI).also(theirs))
    for back in (two(merged), two(lift(merged, LI))):
        assert state(back, OTHER).dossier.credit.hold == CreditHold(reason="bounced")
    again = two(hold(lift(merged, LI), LI))
    assert (
        state(again, LI).dossier.credit.hold == state(again, OTHER).dossier.credit.hold == CreditHold(reason="manual")
    )


def test_what_an_invoice_has_stopped_is_stopped_again_by_whose_invoice_it_is() -> None:
    overdue = PlaceCreditHold(customer_id=LI, reason="overdue", invoice_no="I-1", due_at=day(1, 1))
    back = two(one(given(*history)).when(overdue, by=policy).done())
    assert stopped(back) == [True, False]
    lifted = one(given(*history, CreditHoldPlaced(customer_id=OTHER, reason="overdue", invoice_no="I-1")))
    assert stopped(two(lifted.when(LiftCreditHold(customer_id=LI), by=policy).done())) == [False, False]


# No identity is named away from a flag


def named(*identities: Identifier) -> UnmergeCustomer:
    return UnmergeCustomer(customer_id=LI, absorbed=OTHER, identities=identities)


def test_no_identity_is_named_away_from_a_flag() -> None:
    merged = one(flag(given(*history), LI))
    away = merged.when(named(PHONE), by=mia, reason=why)
    away.refused(HeldForRisk, because=f"the customer {LI} is held for fraud: clear that first")
    merged.when(named(EMAIL), by=mia, reason=why).done()
    merged.when(named(PHONE), by=administrator, reason=why, imported=True).done()
    cleared = clear(merged, LI).when(named(PHONE), by=mia, reason=why).done()
    assert set(state(cleared, OTHER).dossier.identities) == {identity(1), identity(2)}


def test_where_the_flag_goes_along_it_may_be_named() -> None:
    for story in (flag(one(given(*history)), LI), one(flag(given(*history), OTHER))):
        moved = story.when(named(PHONE), by=mia, reason=why).done()
        assert state(moved, OTHER).dossier.risk_flags == ("fraud",)
        assert set(state(moved, OTHER).dossier.identities) == {identity(1), identity(2)}
    another = RiskFlagRaised(customer_id=LI, flag="chargeback")
    both = flag(one(given(*history, another)), LI)
    both.when(named(PHONE), by=mia, reason=why).refused(HeldForRisk, because="is held for chargeback:")


def test_a_matter_alone_keeps_no_identity() -> None:
    matter = LegalHoldPlaced(customer_id=LI, matter="case-7")
    one(given(*history, matter)).when(named(PHONE), by=mia, reason=why).done()
