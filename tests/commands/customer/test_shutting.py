"""Whom a risk flag or a credit hold stops does not get rid of it by being shut, and coming back."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.customer.creating import CorrectCustomer, CreateCustomer, RegisterCustomer
from commands.customer.lifecycle import ChangeCustomerStatus
from commands.customer.protection import ClearRiskFlag, ErasePersonalData, RaiseRiskFlag, ShutCustomer
from commands.lead.work import QualifyLead
from commands.order.progress import PlaceOrder
from domain.actor import Reason
from domain.customer.facts.credit import CreditHoldPlaced
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import RiskFlagCleared, RiskFlagRaised
from domain.customer.refusals import HeldForRisk, KnownCustomer, NotToBeShut
from domain.errors import Invalid, NotAllowed, NotNow
from domain.values import CustomerId
from tests.commands.customer.situations import (
    LI,
    OTHER,
    PHONE,
    assigned,
    changed,
    controllers,
    cora,
    created,
    detached,
    level,
    on_hold,
    shut,
)
from tests.commands.lead.situations import AMOUNT, LEAD, contacted, held
from tests.commands.order.situations import authorised, requested
from tests.spec import Given, administrator, ann, crm, given, mia, policy

why = Reason(code="checked")
flagged = RiskFlagRaised(customer_id=LI, flag="fraud")
his = (*controllers, *created, assigned())
risky = (*his, flagged)
close = ChangeCustomerStatus(customer_id=LI, to="closed")
shut_him = ShutCustomer(customer_id=LI)
clear = ClearRiskFlag(customer_id=LI, flag="fraud")
cleared = RiskFlagCleared(customer_id=LI, flag="fraud")
again = CreateCustomer(customer_id=OTHER, identities=(PHONE,))
order = replace(requested, customer_id=LI)
place = PlaceOrder(order_id=order.order_id)
closed = changed("prospect", "closed")


def shut_with_flag() -> Given:
    return given(*risky).when(shut_him, by=cora, reason=why).then(closed)


@pytest.mark.parametrize("stop", [(flagged,), (level(), on_hold), (level(), on_hold, flagged)])
def test_who_is_stopped_is_shut_by_those_who_decide_about_credit(stop: tuple[object, ...]) -> None:
    story = given(*his, *stop)
    for person in (ann, mia):
        story.when(close, by=person, reason=why).refused(NotToBeShut, because="stopped for .*: clear that first")
        story.when(shut_him, by=person, reason=why).refused(NotAllowed, because="credit is not allowed")
    story.when(shut_him, by=policy, reason=why).refused(NotAllowed, because="only a person does this")
    story.when(shut_him, by=cora).refused(Invalid, because="this needs a reason")
    story.when(shut_him, by=cora, reason=why).done()
    story.when(close, by=ann, imported=True).done()


def test_the_refusal_names_all_that_stops_him() -> None:
    story = given(*his, level(), CreditHoldPlaced(customer_id=LI, reason="doubt"), flagged)
    story.when(close, by=ann, reason=why).refused(NotToBeShut, because="he is stopped for fraud, doubt: clear")


def test_whom_nothing_stops_is_shut_as_ever() -> None:
    given(*his).when(close, by=ann, reason=why).then(*shut)
    given(*his, flagged, cleared).when(close, by=ann, reason=why).then(*shut)
    given(*his).when(shut_him, by=cora, reason=why).refused(NotNow, because="this needs RiskFlag or CreditHold")


def test_who_owes_too_much_is_free_to_begin_anew_without_credit() -> None:
    story = given(*his, level(), on_hold).when(shut_him, by=cora, reason=why).then(*shut)
    story.when(again, by=ann).done()


def test_nobody_comes_back_under_an_identity_of_one_who_was_shut_with_a_flag() -> None:
    story = shut_with_flag()
    story.when(again, by=ann).refused(KnownCustomer, because=f"belongs to the customer {LI}")
    registered = RegisterCustomer(customer_id=OTHER, account_id="a-1", identities=(PHONE,))
    story.when(registered, by=crm).refused(KnownCustomer)
    story.when(clear, by=cora, reason=why).then(cleared, detached(1)).when(again, by=ann).done()


def test_the_last_of_his_flags_is_the_one_that_counts() -> None:
    second = replace(flagged, flag="chargeback")
    story = given(*risky, second).when(shut_him, by=cora, reason=why).then(closed)
    left = story.when(clear, by=cora, reason=why).then(cleared)
    left.when(again, by=ann).refused(KnownCustomer)
    last = replace(clear, flag="chargeback")
    left.when(last, by=cora, reason=why).then(replace(cleared, flag="chargeback"), detached(1))


def test_nor_is_an_identity_taken_from_him_while_the_flag_is_up() -> None:
    without = CorrectCustomer(customer_id=LI, corrects=1, identities=())
    given(*risky).when(without, by=ann).refused(HeldForRisk, because="held for fraud")
    given(*risky, cleared).when(without, by=ann).done()
    more = replace(without, identities=(PHONE, replace(PHONE, value="+8613800000009")))
    given(*risky).when(more, by=ann).done()


def test_an_order_that_was_authorised_before_is_not_placed_for_one_who_is_shut() -> None:
    story = given(*risky, order, authorised, closed)
    story.when(place, by=crm).refused(HeldForRisk, because="held for fraud")
    story.when(clear, by=cora, reason=why).done().when(place, by=crm).done()
    given(*his, order, authorised, *shut).when(place, by=crm).done()


def test_nor_does_a_lead_that_comes_from_him_get_further() -> None:
    story = given(*controllers, *held, contacted, *created, flagged, closed)
    qualify = QualifyLead(lead_id=LEAD, amount=AMOUNT)
    story.when(qualify, by=ann).refused(HeldForRisk)
    story.when(clear, by=cora, reason=why).done().when(qualify, by=ann).done()


def test_what_is_found_out_after_he_was_shut_is_noted_too() -> None:
    raised = RaiseRiskFlag(customer_id=LI, flag="fraud")
    story = given(*his, order, authorised, *shut).when(raised, by=crm).then(flagged)
    story.when(raised, by=crm).then()
    story.when(place, by=crm).refused(HeldForRisk)
    story.when(clear, by=cora, reason=why).then(cleared)


def test_who_is_forgotten_is_forgotten_with_his_identities() -> None:
    erase = ErasePersonalData(customer_id=LI)
    story = shut_with_flag().when(erase, by=administrator).done()
    assert story.history[-1] == detached(1)
    raised = RaiseRiskFlag(customer_id=LI, flag="loss")
    story.when(raised, by=crm).refused(NotNow, because="it is erased")


def test_what_was_shut_before_flags_were_kept_still_reads() -> None:
    """Then the identity had been freed with him, and may be another's by now."""
    other = CustomerCreated(customer_id=OTHER, customer_type="individual", profile=created[0].profile)
    old = given(*risky, *shut, other)
    old.when(clear, by=cora, reason=why).then(cleared)
    old.when(CreateCustomer(customer_id=CustomerId(UUID(int=0xE)), identities=(PHONE,)), by=ann).done()
