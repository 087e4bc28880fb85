"""A risk flag holds what a customer has open, until a person has cleared it."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.customer.protection import ClearRiskFlag
from commands.lead.capture import CorrectLead, MergeLead
from commands.lead.circulation import RecycleLead, WarnOfLapse
from commands.lead.custody import TransferLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import ContactLead, ConvertLead, InvalidateLead, LoseLead, NegotiateLead, QualifyLead
from commands.order.progress import AuthoriseOrder, PlaceOrder
from domain.actor import Reason
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import RiskFlagCleared, RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from domain.identity import IdentityAttributed
from domain.lead.facts.terms import RecycleReason
from domain.lead.facts.work import LeadQualified
from domain.values import CustomerId
from tests.commands.customer.situations import controllers, cora
from tests.commands.lead.situations import (
    AMOUNT,
    EMAIL,
    LEAD,
    OTHER,
    PHONE,
    captured,
    claimed,
    contacted,
    held,
    negotiating,
    other_captured,
    qualified,
)
from tests.commands.lead.situations import CUSTOMER as LEADS_CUSTOMER
from tests.commands.lead.situations import in_pool as lying_in_pool
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    ORDER,
    RESERVATION,
    SPOUSE,
    authorised,
    bought,
    credit_for,
    him,
    requested,
)
from tests.spec import BOB, Given, ann, crm, day, given, identity, mia, policy

flagged = (him, RiskFlagRaised(customer_id=CUSTOMER, flag="fraud"))
authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=RESERVATION)
place = PlaceOrder(order_id=ORDER)
clear = ClearRiskFlag(customer_id=CUSTOMER, flag="fraud")
checked = Reason(code="checked")
THIRD = CustomerId(UUID(int=0xE))


def raised(customer_id: CustomerId) -> tuple[object, ...]:
    return replace(him, customer_id=customer_id), RiskFlagRaised(customer_id=customer_id, flag="fraud")


def absorbed(customer_id: CustomerId, into: CustomerId) -> tuple[object, ...]:
    return (
        replace(him, customer_id=customer_id),
        CustomerAbsorbed(customer_id=customer_id, into=into, from_="prospect"),
    )


def test_an_order_of_one_with_a_risk_flag_is_not_authorised_until_it_is_cleared() -> None:
    story = given(*controllers, *flagged, credit_for("100"), requested)
    story.when(authorise, by=cora).refused(HeldForRisk, because="is held for fraud: clear that first")
    cleared = story.when(clear, by=cora, reason=checked).done()
    cleared.when(authorise, by=cora).then(authorised)


def test_nor_is_one_placed_that_was_authorised_before() -> None:
    story = given(*controllers, *flagged, requested, authorised)
    story.when(place, by=crm).refused(HeldForRisk)
    story.when(clear, by=cora, reason=checked).done().when(place, by=crm).done()
    given(*flagged, requested, authorised).when(place, by=crm, imported=True).done()


def test_what_he_has_placed_himself_in_the_shop_has_happened() -> None:
    alone = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=bought.lines)
    given(*flagged).when(alone, by=crm).then(bought)


def test_a_flag_of_the_survivor_holds_what_the_absorbed_one_ordered() -> None:
    story = given(*controllers, *absorbed(CUSTOMER, SPOUSE), *raised(SPOUSE), requested)
    story.when(authorise, by=cora).refused(HeldForRisk)


def test_it_is_found_through_however_many_became_one() -> None:
    line = (*absorbed(CUSTOMER, SPOUSE), *absorbed(SPOUSE, THIRD))
    given(*controllers, *line, *raised(THIRD), requested).when(authorise, by=cora).refused(HeldForRisk)
    free = (replace(him, customer_id=THIRD), credit_for("100", ORDER, THIRD))
    given(*controllers, *line, *free, requested).when(authorise, by=cora).then(authorised)


def test_a_flag_of_who_buys_together_with_him_holds_their_order() -> None:
    theirs = replace(requested, co_buyers=(SPOUSE,))
    given(*controllers, him, *raised(SPOUSE), theirs).when(authorise, by=cora).refused(HeldForRisk)
    given(*controllers, him, *raised(SPOUSE), theirs, authorised).when(place, by=crm).refused(HeldForRisk)


# Leads

CONCERNED = LEADS_CUSTOMER
RISKY = raised(CONCERNED)
about_him = replace(captured[0], customer_id=CONCERNED)
published = lying_in_pool[: lying_in_pool.index(captured[0])]
his = (*published, about_him, captured[1], lying_in_pool[-1], *claimed())
qualify = QualifyLead(lead_id=LEAD, amount=AMOUNT)
negotiate = NegotiateLead(lead_id=LEAD, quote_no="Q-1", amount=AMOUNT)
convert = ConvertLead(lead_id=LEAD, customer_id=CONCERNED)
STEPS: dict[str, tuple[object, tuple[object, ...]]] = {
    "qualify": (qualify, (contacted,)),
    "negotiate": (negotiate, (contacted, qualified)),
    "convert": (convert, (contacted, qualified, negotiating)),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_lead_of_one_with_a_risk_flag_gets_no_further_until_it_is_cleared(step: str) -> None:
    command, before = STEPS[step]
    story = given(*controllers, *his, *RISKY, *before)
    story.when(command, by=ann).refused(HeldForRisk, because="is held for fraud: clear that first")
    cleared = replace(clear, customer_id=CONCERNED)
    story.when(cleared, by=cora, reason=checked).done().when(command, by=ann).done()
    story.when(command, by=ann, imported=True).done()


@pytest.mark.parametrize("step", STEPS)
def test_whose_lead_it_is_may_be_known_from_its_identities_alone(step: str) -> None:
    command, before = STEPS[step]
    phone = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=CONCERNED)
    given(*held, *RISKY, phone, *before).when(command, by=ann).refused(HeldForRisk)


@pytest.mark.parametrize("step", STEPS)
def test_a_flag_of_whom_he_has_become_holds_his_leads_too(step: str) -> None:
    command, before = STEPS[step]
    became = (*absorbed(CONCERNED, SPOUSE), *raised(SPOUSE))
    given(*his, *became, *before).when(command, by=ann).refused(HeldForRisk)


def test_who_is_held_does_not_buy_under_another_name() -> None:
    another = replace(him, customer_id=SPOUSE)
    other_name = replace(convert, customer_id=SPOUSE)
    given(*his, *RISKY, another, contacted, qualified, negotiating).when(other_name, by=ann).refused(HeldForRisk)
    named = replace(qualify, customer_id=CONCERNED)
    given(*held, *RISKY, contacted).when(named, by=ann).refused(HeldForRisk)


def test_a_lead_is_not_converted_into_one_with_a_risk_flag() -> None:
    story = (*held, contacted, qualified, negotiating)
    given(*story, RISKY[0]).when(convert, by=ann).done()
    given(*story, *RISKY).when(convert, by=ann).refused(HeldForRisk)


def test_he_is_talked_to_and_handed_on_and_given_up_all_the_same() -> None:
    story = given(*his, *RISKY)
    story.when(ContactLead(lead_id=LEAD), by=ann).done()
    story.when(LogFollowUp(lead_id=LEAD, channel="phone", effective=True), by=ann).done()
    story.when(TransferLead(lead_id=LEAD, to=BOB), by=mia, reason=checked).done()
    story.when(LoseLead(lead_id=LEAD, reason="price"), by=ann).done()
    story.when(InvalidateLead(lead_id=LEAD, reason="wrong-number"), by=ann).done()


def lapsed(story: Given, reason: RecycleReason) -> None:
    recycle = RecycleLead(lead_id=LEAD, reason=reason)
    story.when(recycle, by=policy, at=day(4, 20)).refused(HeldForRisk)
    over = story.also(RiskFlagCleared(customer_id=CONCERNED, flag="fraud"))
    over.when(recycle, by=policy, at=day(4, 20)).done()


@pytest.mark.parametrize("reason", ["no-first-contact", "no-follow-up", "no-opportunity", "hard-limit"])
def test_nobody_loses_what_he_was_not_to_go_on_with(reason: RecycleReason) -> None:
    lapsed(given(*his, *RISKY), reason)
    phone = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=CONCERNED)
    lapsed(given(*held, *RISKY, phone), reason)
    warn = WarnOfLapse(lead_id=LEAD)
    given(*his, *RISKY).when(warn, by=policy, at=day(4, 2)).refused(HeldForRisk)
    reclaim = RecycleLead(lead_id=LEAD, reason="manager-reclaim")
    given(*his, *RISKY).when(reclaim, by=mia, reason=checked).done()


# No way around it

SHOWN = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=CONCERNED)
other_phone = replace(PHONE, value="+8613800000009")


def test_by_whom_a_lead_is_held_is_not_corrected_away() -> None:
    away = CorrectLead(lead_id=LEAD, corrects=1, identities=(other_phone,))
    story = given(*controllers, *held, *RISKY, SHOWN)
    story.when(away, by=ann).refused(HeldForRisk, because=f"the customer {CONCERNED} is held for fraud")
    story.when(replace(away, identities=(PHONE, other_phone)), by=ann).done()
    story.when(replace(away, identities=None, name="Li Na"), by=ann).done()
    story.when(away, by=ann, imported=True).done()
    story.when(replace(clear, customer_id=CONCERNED), by=cora, reason=checked).done().when(away, by=ann).done()


def test_nor_is_it_when_he_has_become_another() -> None:
    away = CorrectLead(lead_id=LEAD, corrects=1, identities=(other_phone,))
    line = (*absorbed(CONCERNED, SPOUSE), *absorbed(SPOUSE, THIRD))
    given(*held, SHOWN, *line, *raised(THIRD)).when(away, by=ann).refused(HeldForRisk)
    given(*held, SHOWN, *line, replace(him, customer_id=THIRD)).when(away, by=ann).done()


merge = MergeLead(lead_id=LEAD, into=OTHER, identity=EMAIL)


def of_whom(*events: object) -> tuple[object, ...]:
    """Whose the lead is was said when it was qualified."""
    return tuple(replace(each, customer_id=CONCERNED) if isinstance(each, LeadQualified) else each for each in events)


def test_a_held_lead_is_not_merged_into_one_of_somebody_else() -> None:
    theirs = (replace(other_captured[0], customer_id=SPOUSE), other_captured[1])
    his_own = of_whom(*held, *theirs, contacted, qualified)
    story = given(*controllers, *his_own, *RISKY, replace(him, customer_id=SPOUSE))
    story.when(merge, by=mia).refused(HeldForRisk, because=f"the customer {CONCERNED} is held for fraud")
    story.when(merge, by=mia, imported=True).done()
    story.when(replace(clear, customer_id=CONCERNED), by=cora, reason=checked).done().when(merge, by=mia).done()
    became = (*absorbed(CONCERNED, THIRD), *raised(THIRD), replace(him, customer_id=SPOUSE))
    given(*his_own, *became).when(merge, by=mia).refused(HeldForRisk)


def test_nor_one_that_an_identity_holds() -> None:
    given(*held, *other_captured, *RISKY, SHOWN).when(merge, by=mia).refused(HeldForRisk)


def test_what_is_merged_into_a_held_one_is_held_with_it() -> None:
    survivor = (replace(other_captured[0], customer_id=CONCERNED), other_captured[1])
    story = given(*held, *survivor, *RISKY, *claimed(lead_id=OTHER), replace(contacted, lead_id=OTHER))
    merged = story.when(merge, by=mia).done()
    merged.when(replace(qualify, lead_id=OTHER), by=ann).refused(HeldForRisk)
