"""How the talk with a lead goes on, and how it ends."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    InvalidateLead,
    LinkLeadContact,
    LoseLead,
    NegotiateLead,
    NurtureLead,
    QualifyLead,
    RecordAttitude,
    RecordTouch,
    ReopenLead,
    ScheduleNextAction,
    ScoreLead,
)
from domain.catalog import LOST_REASONS, CatalogPublished, Entry
from domain.customer.refusals import UnknownCustomer
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.identity import IdentityReserved
from domain.lead.facts.custody import LeadReleased
from domain.lead.facts.intake import ContactAttitudeRecorded, LeadCaptured, LeadContactLinked, LeadScored, TouchRecorded
from domain.lead.facts.work import (
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    NextActionScheduled,
)
from domain.lead.refusals import AlreadyKnown, CoolingDown
from domain.money import Money
from domain.values import ContactId, CustomerId, OrderId
from tests.commands.lead.situations import (
    AMOUNT,
    CUSTOMER,
    EMAIL,
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    buyer,
    captured,
    contacted,
    converted,
    freed,
    held,
    in_pool,
    invalidated,
    link,
    lost,
    negotiating,
    nurtured,
    pooled,
    published,
    qualified,
    reserved,
    slot_freed,
)
from tests.spec import ANN, ann, bob, crm, day, given, identity, mia, otto, pat

CONTACT = ContactId(UUID(int=0xC0))
negative = Money(amount=Decimal("-0.01"), currency="CNY")

# What is recorded along the way


@pytest.mark.parametrize(
    "ended",
    [(), (lost, freed(1)), (invalidated, freed(1)), (contacted, qualified, negotiating, converted, freed(1))],
    ids=["open", "lost", "invalid", "converted"],
)
def test_a_touch_is_recorded_whatever_the_status(ended: tuple[object, ...]) -> None:
    touch = RecordTouch(lead_id=LEAD, channel="web", ref="page 7", note="asked for a brochure")
    touched = TouchRecorded(lead_id=LEAD, channel="web", ref="page 7", note="asked for a brochure")
    given(*captured, *ended).when(touch, by=crm).then(touched)
    given(*captured, *ended).when(touch, by=mia).then(touched)
    given(*captured, *ended).when(touch, by=ann).refused(Hidden)


def test_a_touch_is_recorded_by_anybody_in_scope() -> None:
    touch = RecordTouch(lead_id=LEAD, channel="web")
    touched = TouchRecorded(lead_id=LEAD, channel="web")
    given(*held).when(touch, by=ann).then(touched)
    given(*held).when(touch, by=mia).then(touched)
    given(*held).when(touch, by=bob).refused(Hidden)
    given(*held).when(touch, by=otto).refused(Hidden)
    given(*held).when(touch, by=pat).refused(NotAllowed)
    given(*captured).when(replace(touch, channel="\t"), by=crm).refused(Invalid, because="channel")
    given().when(touch, by=crm).refused(Hidden)


@pytest.mark.parametrize("score", [87, 0, -5, 250])
def test_a_score_is_what_the_model_says(score: int) -> None:
    command = ScoreLead(lead_id=LEAD, score=score, grade="A", model_version="2026-03")
    given(*captured).when(command, by=crm).then(
        LeadScored(lead_id=LEAD, score=score, grade="A", model_version="2026-03")
    )


def test_a_score_has_a_size_and_says_whose_it_is() -> None:
    score = ScoreLead(lead_id=LEAD, score=1, grade="A", model_version="1")
    given(*captured).when(replace(score, score=10**9), by=crm).refused(Invalid, because="score: a score is at most")
    given(*captured).when(replace(score, grade=""), by=crm).refused(Invalid, because="grade")
    given(*captured).when(replace(score, model_version=" "), by=crm).refused(Invalid, because="model_version")
    given(*captured, lost, freed(1)).when(score, by=crm).refused(NotNow, because="this needs Open, and it is Closed")


def test_the_next_action_of_an_open_lead_is_scheduled() -> None:
    schedule = ScheduleNextAction(lead_id=LEAD, at=day(3, 26), what="call again")
    given(*held).when(schedule, by=ann).then(NextActionScheduled(lead_id=LEAD, at=day(3, 26), what="call again"))
    given(*held).when(replace(schedule, what=" "), by=ann).refused(Invalid, because="what: this must not be blank")
    given(*captured, lost, freed(1)).when(schedule, by=mia).refused(NotNow, because="this needs Open, and it is Closed")


def test_a_contact_person_is_linked_once_and_stands_somewhere() -> None:
    linking = LinkLeadContact(lead_id=LEAD, contact_id=CONTACT)
    attitude = RecordAttitude(lead_id=LEAD, contact_id=CONTACT, attitude="supports")
    linked = LeadContactLinked(lead_id=LEAD, contact_id=CONTACT)
    stands = ContactAttitudeRecorded(lead_id=LEAD, contact_id=CONTACT, attitude="supports")
    given(*held).when(attitude, by=ann).refused(Invalid, because="contact_id: this contact is not linked to the lead")
    story = given(*held).when(linking, by=ann).then(linked)
    story.when(linking, by=ann).then()
    story.when(attitude, by=ann).then(stands)
    again = (lost, freed(1), LeadReopened(lead_id=LEAD, from_="lost", cycle=2), reserved(1))
    given(*captured, linked, *again).when(attitude, by=mia).then(stands)


# Forward


def test_a_qualified_lead_is_worth_something_to_somebody_at_a_time() -> None:
    full = QualifyLead(lead_id=LEAD, amount=AMOUNT, probability=60, close_date=date(2026, 6, 30), customer_id=CUSTOMER)
    given(*held, contacted).when(full, by=ann).then(
        LeadQualified(
            lead_id=LEAD,
            from_="contacting",
            amount=AMOUNT,
            probability=60,
            close_date=date(2026, 6, 30),
            customer_id=CUSTOMER,
        )
    )
    for percent in (-1, 101):
        wrong = replace(full, probability=percent)
        given(*held, contacted).when(wrong, by=ann).refused(Invalid, because="a probability is 0 to 100 percent")
    given(*held, contacted).when(replace(full, amount=negative), by=ann).refused(Invalid, because="not negative")


def test_each_quote_is_recorded() -> None:
    quote = NegotiateLead(lead_id=LEAD, quote_no="Q-2", amount=AMOUNT)
    story = given(*held, contacted, qualified, negotiating)
    story.when(quote, by=ann).then(LeadNegotiating(lead_id=LEAD, from_="negotiating", quote_no="Q-2", amount=AMOUNT))
    story.when(replace(quote, quote_no=" "), by=ann).refused(Invalid, because="quote_no: this must not be blank")
    story.when(replace(quote, amount=negative), by=ann).refused(Invalid, because="an amount is not negative")


def test_who_is_nurtured_is_revisited_at_a_date_to_come() -> None:
    nurture = NurtureLead(lead_id=LEAD, revisit_at=day(5, 1))
    given(*held).when(nurture, by=ann).then(LeadNurtured(lead_id=LEAD, from_="new", revisit_at=day(5, 1)))
    given(*held).when(nurture, by=ann, at=day(5, 1)).refused(Invalid, because="a revisit lies in the future")
    given(*held, nurtured).when(ContactLead(lead_id=LEAD), by=ann).then(LeadContacted(lead_id=LEAD, from_="nurturing"))


# To an end


def test_a_reason_is_one_of_the_catalog() -> None:
    lose, invalidate = LoseLead(lead_id=LEAD, reason="price"), InvalidateLead(lead_id=LEAD, reason="wrong-number")
    story = given(*published, *captured)
    story.when(lose, by=mia).then(LeadLost(lead_id=LEAD, from_="new", reason="price"), freed(1))
    story.when(invalidate, by=mia).then(LeadInvalidated(lead_id=LEAD, from_="new", reason="wrong-number"), freed(1))
    story.when(replace(lose, reason="weather"), by=mia).refused(Invalid, because="reason: lost-reasons offers price$")
    story.when(replace(lose, reason="gone"), by=mia).refused(Invalid, because="offers price$")  # It is retired.
    story.when(replace(invalidate, reason="price"), by=mia).refused(Invalid, because="offers wrong-number")
    given(*captured).when(lose, by=mia).refused(Invalid, because="nothing yet: publish the catalog")


def test_what_was_given_as_a_reason_is_not_told_again() -> None:
    """The refusal is kept, and it may be anything."""
    gossip = LoseLead(lead_id=LEAD, reason="Frau Meier, Hauptstr. 5, is ill")
    given(*published, *captured).when(gossip, by=mia).refused(Invalid, because="^reason: lost-reasons offers price$")


def test_a_company_may_write_its_reasons_as_it_likes() -> None:
    reasons = CatalogPublished(catalog_id=LOST_REASONS, number=2, entries=(Entry(code="太贵"),))
    given(*captured, reasons).when(LoseLead(lead_id=LEAD, reason="太贵"), by=mia).done()


def test_who_won_it_is_remembered() -> None:
    lose = LoseLead(lead_id=LEAD, reason="price", competitor="Acme")
    given(*published, *captured).when(lose, by=mia).then(
        LeadLost(lead_id=LEAD, from_="new", reason="price", competitor="Acme"), freed(1)
    )


def test_what_ends_frees_the_owner_s_slot_and_every_identity() -> None:
    both = (
        LeadCaptured(lead_id=LEAD, source="fair", channel="form", identities=(link(1), link(2, EMAIL))),
        reserved(1),
        reserved(2, kind="email"),
    )
    in_hands = (*published, *both, *held[len((*published, *captured)) :])
    given(*in_hands).when(LoseLead(lead_id=LEAD, reason="price"), by=ann).then(
        LeadLost(lead_id=LEAD, from_="new", reason="price", cools_until=day(4, 1)),
        slot_freed(ANN),
        freed(1, cooling={ANN: day(4, 1)}),
        freed(2, cooling={ANN: day(4, 1)}),
    )
    given(*in_hands).when(InvalidateLead(lead_id=LEAD, reason="wrong-number"), by=ann).then(
        LeadInvalidated(lead_id=LEAD, from_="new", reason="wrong-number", cools_until=day(4, 1)),
        slot_freed(ANN),
        freed(1, cooling={ANN: day(4, 1)}),
        freed(2, cooling={ANN: day(4, 1)}),
    )
    order = OrderId(UUID(int=0x0D))
    sale = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER, order_id=order)
    given(buyer, *in_hands, contacted, qualified, negotiating).when(sale, by=ann).then(
        LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=CUSTOMER, order_id=order),
        slot_freed(ANN),
        freed(1),
        freed(2),
    )


def test_a_sale_is_made_to_a_customer_who_is_there() -> None:
    sale = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER)
    story = given(*held, contacted, qualified, negotiating)
    story.when(sale, by=ann).refused(UnknownCustomer, because=f"there is no customer {CUSTOMER}: create him first")
    story.also(buyer).when(sale, by=ann).done()
    story.when(sale, by=ann, imported=True).done()


def test_a_lead_is_converted_once() -> None:
    sold = (*held, contacted, qualified, negotiating, converted, slot_freed(), freed(1))
    once_more = ConvertLead(lead_id=LEAD, customer_id=CustomerId(UUID(int=7)))
    given(*sold).when(once_more, by=mia).refused(NotNow, because="this needs Open, and it is Converted")


def test_nobody_works_on_what_lies_in_the_pool() -> None:
    """Who could would need no claim, and meet no cap."""
    for command in (ContactLead(lead_id=LEAD), LoseLead(lead_id=LEAD, reason="price")):
        given(*in_pool).when(command, by=ann).refused(NotAllowed, because="outside the scope own")
    given(*in_pool).when(ContactLead(lead_id=LEAD), by=mia).then(LeadContacted(lead_id=LEAD, from_="new"))


# And again

reopen = ReopenLead(lead_id=LEAD)
reopened = LeadReopened(lead_id=LEAD, from_="lost", cycle=2)


def test_a_reopened_lead_begins_a_new_cycle() -> None:
    story = given(*held, lost, slot_freed(), freed(1)).when(reopen, by=mia).then(reopened, reserved(1))
    story = story.when(LoseLead(lead_id=LEAD, reason="price"), by=mia).then(lost, freed(1))
    story = story.when(reopen, by=mia).then(replace(reopened, cycle=3), reserved(1))
    into_pool = PoolLead(lead_id=LEAD, pool_id=NORTH, reason="new")  # Nobody holds it any more.
    story.when(into_pool, by=mia, at=day(4, 1)).then(pooled(claimable_from=day(4, 1)))


def test_a_reopened_lead_reserves_its_identities_again() -> None:
    capture = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    story = given(*captured, lost, freed(1)).when(reopen, by=mia).then(reopened, reserved(1))
    story.when(capture, by=crm).refused(AlreadyKnown, because=f"the phone belongs to the open lead {LEAD}")


def test_a_lead_whose_identity_another_has_by_now_is_not_reopened() -> None:
    taken = IdentityReserved(identity_id=identity(1), kind="phone", lead_id=OTHER)
    given(*captured, lost, freed(1), taken).when(reopen, by=mia).refused(
        AlreadyKnown, because=f"the phone belongs to the open lead {OTHER}"
    )
    given(*captured, lost, freed(1), taken, freed(1, OTHER)).when(reopen, by=mia).then(reopened, reserved(1))


def test_a_previous_owner_cools_down_over_a_new_cycle_too() -> None:
    given_back = LeadReleased(
        lead_id=LEAD,
        from_=ANN,
        pool_id=NORTH,
        reason="voluntary-return",
        claimable_from=day(3, 26),
        cools_until=day(4, 2),
    )
    story = given(*held, given_back, slot_freed(), lost, freed(1), reopened, reserved(1), pooled())
    story.when(ClaimLead(lead_id=LEAD), by=ann, at=day(3, 30)).refused(CoolingDown, because="2026-04-02")
