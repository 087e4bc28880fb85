"""The gate before every outreach: no oftener than is published, and never against a wish, whoever asks."""

from dataclasses import fields, replace
from typing import get_args, get_type_hints
from uuid import UUID

import pytest

from commands import DECIDERS
from commands.customer.approaching import ApproachCustomer
from commands.customer.relations import RequestNotification
from commands.ticket.afterwards import OfferReopening, RequestSurvey
from commands.ticket.work import SendAcknowledgement
from domain.call.facts import CallRequested
from domain.contact.facts import (
    ConsentChanged,
    ContactCreated,
    ContactMerged,
    DoNotContactSet,
    OutreachMade,
    OutreachReserved,
)
from domain.contact.refusals import ConsentMissing, ContactedOften, ContactWentInto, DoNotContact
from domain.customer.facts.approaches import ApproachDeferred, ApproachDropped, CustomerApproached
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.protection import RiskFlagRaised
from domain.customer.facts.relations import ContactLinked, NotificationRequested
from domain.errors import Invalid, NotNow
from domain.identity import IdentityLink, IdentityReserved
from domain.inbound_topic import MessageRetryRequested, MessageSkipRequested
from domain.lead.facts.intake import LeadCaptured, LeadCorrected, TouchRecorded
from domain.lead.facts.work import FollowUpLogged
from domain.order.facts import OrderRequested
from domain.outreach_policy import STANDARD, OutreachPolicyPublished, OutreachTerms
from domain.quality.review.facts import SecondReviewRequested
from domain.read_model import RebuildRequested, RetryRequested, SkipRequested
from domain.signature import Rule, members
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.work import AcknowledgementSent, ReopenOffered, ReturnRequested, SurveyRequested
from domain.values import ContactId, LeadId
from tests.commands.customer.situations import LEAD, LI, ORDER, WANG, WAYS, assigned, created, published
from tests.spec import BOB, START, day, given, identity, mia, policy

limits = OutreachPolicyPublished(policy_id=STANDARD, number=1, terms=OutreachTerms())
contact = (
    ContactCreated(contact_id=WANG, name="Wang"),
    ContactLinked(customer_id=LI, contact_id=WANG, role="decides", primary=True),
)
story = (*published, limits, *created, *contact)
refuses = DoNotContactSet(contact_id=WANG, evidence="call", since=START)
tell = RequestNotification(customer_id=LI, template="welcome", channel="sms", purpose="sales")


def place(ref: str, channel: str = "sms") -> OutreachReserved:
    return OutreachReserved(
        contact_id=WANG,
        ref=ref,
        channel=channel,  # type: ignore[arg-type]
        purpose="sales",
        at=START,
        counts=True,
        policy_id=STANDARD,
        time_zone="Asia/Shanghai",
        forget_before=day(2, 23),
        reserved_at=START,
    )


def test_what_is_for_sales_has_a_place_and_there_is_one_a_day() -> None:
    asked = given(*story).when(tell, by=policy)
    ref = f"notification-{asked.ask.command_id}"
    requested = NotificationRequested(customer_id=LI, template="welcome", channel="sms", purpose="sales")
    asked.then(requested, place(ref))
    full = given(*story, place("news"))
    full.when(tell, by=policy).refused(ContactedOften, because="day")
    full.when(replace(tell, purpose="service"), by=policy).then(replace(requested, purpose="service"))


def test_an_opt_out_beats_every_policy_and_a_service_reply_too() -> None:
    for purpose in ("sales", "marketing", "service"):
        said = replace(tell, purpose=purpose)
        given(*story, refuses).when(said, by=policy).refused(DoNotContact)
        given(*story, refuses).when(said, by=mia).refused(DoNotContact)
    given(*story).when(replace(tell, purpose="marketing"), by=policy).refused(ConsentMissing)


def test_what_is_for_sales_is_said_to_somebody_by_a_channel_that_can_be_refused() -> None:
    given(*published, limits, *created).when(tell, by=policy).refused(Invalid, because="contact_id: for sales somebody")
    given(*story).when(replace(tell, channel="board"), by=policy).refused(Invalid, because="channel: for sales this is")
    given(*published, *created, *contact).when(tell, by=policy).refused(NotNow, because="this needs OutreachPolicy")


# What goes out by itself. An event that looks as if something did is looked for by its name and its fields, and is one
# of three: it needs a place, it is an answer, or nothing goes out at all.

ASKING = ("Requested", "Sent", "Offered", "Approached", "Asked", "Invited", "Notified", "Reminded")
SAYING = {"channel", "channels", "template"}

SERVICE_REPLIES: dict[type, str] = {
    AcknowledgementSent: "who complains hears that it has arrived",
    ReopenOffered: "who has said that he is not content hears what he can do",
}
NOTHING_GOES_OUT: dict[type, str] = {
    LeadCaptured: "how he has come",
    LeadCorrected: "how he had come",
    TouchRecorded: "how he has come again",
    TicketOpened: "how he has come",
    TouchpointRecorded: "what has been",
    FollowUpLogged: "what has been, by a person",
    CallRequested: "a person telephones, or is telephoned",
    OrderRequested: "he asks",
    ReturnRequested: "he asks",
    SecondReviewRequested: "among colleagues",
    ConsentChanged: "his wish",
    DoNotContactSet: "his wish",
    OutreachReserved: "the place itself",
    OutreachMade: "the place itself",
    RebuildRequested: "of a worker",
    RetryRequested: "of a worker",
    SkipRequested: "of a worker",
    MessageRetryRequested: "of a worker",
    MessageSkipRequested: "of a worker",
}


def looks_outward(event: type) -> bool:
    return event.__name__.endswith(ASKING) or bool(SAYING & {field.name for field in fields(event)})


LOOKING = {event for decider in DECIDERS for event in decider.events if looks_outward(event)}


def that_answer_with(outward: set[type]) -> dict[type, Rule]:
    rules = [rule for decider in DECIDERS for rule in decider.rules.values()]
    return {rule.takes: rule for rule in rules if outward & set(yields(rule.run))}


def test_whatever_goes_out_by_itself_has_passed_the_gate() -> None:
    """Each rule that lets us speak to a customer reads the limits and the contact, and reserves the place."""
    outward = LOOKING - SERVICE_REPLIES.keys() - NOTHING_GOES_OUT.keys()
    assert outward == {NotificationRequested, CustomerApproached, SurveyRequested}, "say of what is new which it is"
    rules = that_answer_with(outward)
    assert rules.keys() == {RequestNotification, ApproachCustomer, RequestSurvey}
    for rule in rules.values():
        assert OutreachReserved in yields(rule.run)
        read = {each for need in rule.needs.values() for each in need.types}
        assert {kind.__name__ for kind in read} >= {"Contact", "OutreachPolicy"}


def test_what_is_no_outreach_looks_like_one_and_is_known_to_be_none() -> None:
    assert {*SERVICE_REPLIES, *NOTHING_GOES_OUT} <= LOOKING
    assert not SERVICE_REPLIES.keys() & NOTHING_GOES_OUT.keys()


def test_a_service_reply_needs_no_place() -> None:
    """It is asked for by what the customer has done himself, and is exempt in the usual terms."""
    assert "service" in OutreachTerms().exempt
    rules = that_answer_with(set(SERVICE_REPLIES))
    assert rules.keys() == {SendAcknowledgement, OfferReopening}
    assert not any(OutreachReserved in yields(rule.run) for rule in rules.values())


def yields(rule: object) -> tuple[type, ...]:
    """The events that a rule says it may answer with."""
    found = get_type_hints(rule)["return"]
    return tuple(each for part in (get_args(found) or (found,)) for each in members(part))


# Who was merged into somebody else is that one


LINE = tuple(ContactId(UUID(int=0xB0 + number)) for number in range(5))


def merges(many: int, start: ContactId = WANG) -> tuple[object, ...]:
    """So often, one after the other, has the primary contact been somebody else after all."""
    others = (ContactCreated(contact_id=each, name="Wang") for each in LINE)
    steps = zip((start, *LINE), LINE[:many], strict=False)
    return (*others, *(ContactMerged(contact_id=one, into=other) for one, other in steps))


@pytest.mark.parametrize("many", [1, 2, 3, 4])
def test_what_goes_to_the_primary_contact_goes_to_whom_he_has_become(many: int) -> None:
    last = LINE[many - 1]
    met = given(*story, *merges(many))
    asked = met.when(tell, by=policy)
    requested = NotificationRequested(customer_id=LI, template="welcome", channel="sms", purpose="sales")
    ref = f"notification-{asked.ask.command_id}"
    asked.then(requested, replace(place(ref), contact_id=last))
    met.also(replace(place("news"), contact_id=last)).when(tell, by=policy).refused(ContactedOften)
    met.when(replace(tell, purpose="service"), by=policy).then(replace(requested, purpose="service"))
    for purpose in ("sales", "service"):
        silent = met.also(replace(refuses, contact_id=last))
        silent.when(replace(tell, purpose=purpose), by=policy).refused(DoNotContact)


def test_who_names_a_contact_that_was_merged_is_told_whom_to_name() -> None:
    named = replace(tell, contact_id=WANG)
    for purpose in ("sales", "service"):
        asked = given(*story, *merges(2)).when(replace(named, purpose=purpose), by=mia)
        asked.refused(ContactWentInto, because=f"went into contact {LINE[0]}")


# A lead on a customer that we have

again = ApproachCustomer(lead_id=LEAD, customer_id=LI, kind="winback")
lapsed = (*story, *WAYS["dormant"])
MARK = IdentityLink(identity_id=identity(2), kind="external", value=str(LI), system="winback")
opened = (
    LeadCaptured(
        lead_id=LEAD,
        source="winback",
        channel="call",
        identities=(MARK,),
        campaign="win-back",
        kind="winback",
        customer_id=LI,
    ),
    IdentityReserved(identity_id=identity(2), kind="external", lead_id=LEAD),
)


def dropped(because: str, lead_id: LeadId | None = None) -> ApproachDropped:
    return ApproachDropped(customer_id=LI, kind="winback", because=because, lead_id=lead_id)  # type: ignore[arg-type]


def test_a_lead_is_opened_on_whom_is_lapsed_once_at_a_time() -> None:
    approached = CustomerApproached(customer_id=LI, lead_id=LEAD, kind="winback", contact_id=WANG, campaign="win-back")
    first = given(*lapsed).when(again, by=policy)
    reserved = place(f"winback-{LEAD}", "call")
    open_one = first.then(*opened, approached, reserved)
    second = replace(again, lead_id=LeadId(ORDER))
    open_one.when(second, by=policy, at=day(4, 20)).then(dropped("open-lead", LEAD))


def test_the_lead_says_who_looks_after_him() -> None:
    """So that whoever dispatches it thinks of him first."""
    captured, *_ = given(*lapsed, assigned(BOB)).when(again, by=policy).recorded
    assert captured.event == replace(opened[0], looked_after_by=BOB)


def test_it_is_later_or_not_at_all_as_his_contact_allows() -> None:
    busy = given(*lapsed, place("news")).when(again, by=policy)
    busy.then(ApproachDeferred(customer_id=LI, kind="winback", contact_id=WANG, because="day", until=day(3, 26, 8)))
    night = given(*lapsed).when(again, by=policy, at=day(3, 25, 22))
    night.then(
        ApproachDeferred(customer_id=LI, kind="winback", contact_id=WANG, because="quiet-hours", until=day(3, 26, 8))
    )
    given(*lapsed, refuses).when(again, by=policy).then(dropped("do-not-contact"))
    given(*published, limits, *created, *WAYS["dormant"]).when(again, by=policy).then(dropped("no-contact"))
    given(*story).when(again, by=policy).then(dropped("moved-on"))
    given(*lapsed, *merges(5)).when(again, by=policy).then(dropped("no-contact"))
    flagged = RiskFlagRaised(customer_id=LI, flag="fraud")
    given(*lapsed, flagged).when(again, by=policy).then(dropped("risk-flag"))
    upsell = given(*story).when(replace(again, kind="upsell"), by=policy)
    upsell.then(replace(dropped("no-offer"), kind="upsell"))


@pytest.mark.parametrize("many", [1, 4])
def test_a_lead_is_opened_on_whom_the_contact_has_become(many: int) -> None:
    last = LINE[many - 1]
    approached = CustomerApproached(customer_id=LI, lead_id=LEAD, kind="winback", contact_id=last, campaign="win-back")
    reserved = replace(place(f"winback-{LEAD}", "call"), contact_id=last)
    given(*lapsed, *merges(many)).when(again, by=policy).then(*opened, approached, reserved)
    silent = replace(refuses, contact_id=last)
    given(*lapsed, *merges(many), silent).when(again, by=policy).then(dropped("do-not-contact"))
