"""Who does not want to be asked how it was is not asked, and by what he minds not either."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.ticket.afterwards import RequestSurvey
from domain.contact.facts import (
    Channel,
    ConsentChanged,
    ContactCreated,
    ContactMerged,
    DoNotContactSet,
    OutreachReserved,
)
from domain.contact.states import CHANNELS
from domain.customer.dossier import Profile
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.relations import ContactLinked
from domain.outreach_policy import STANDARD, OutreachPolicyPublished, OutreachTerms
from domain.ticket.facts.work import SurveyDropped, SurveyRequested
from domain.values import ContactId, CustomerId
from tests.commands.ticket.situations import CUSTOMER, STRANGER, TICKET, at_once, freed, resolved, to_tom, tom
from tests.spec import START, administrator, day, policy

WANG, QIAN = ContactId(UUID(int=0xA1)), ContactId(UUID(int=0xA2))
LINE = tuple(ContactId(UUID(int=0xB0 + number)) for number in range(6))
survey = RequestSurvey(ticket_id=TICKET)


def customer(customer_id: CustomerId = CUSTOMER) -> CustomerCreated:
    return CustomerCreated(customer_id=customer_id, customer_type="individual", profile=Profile(name="Li"))


def contact(contact_id: ContactId = WANG, of: CustomerId = CUSTOMER, *, primary: bool = True) -> tuple[object, ...]:
    linked = ContactLinked(customer_id=of, contact_id=contact_id, role="decides", primary=primary)
    return ContactCreated(contact_id=contact_id, name="Wang"), linked


def silent(contact_id: ContactId = WANG, channel: Channel | None = None) -> DoNotContactSet:
    return DoNotContactSet(contact_id=contact_id, evidence="letter", since=START, channel=channel)


solved = at_once(*to_tom, resolved, freed)
known = solved.also(customer(), *contact())
asked = SurveyRequested(ticket_id=TICKET, cycle=1)


def by(*channels: Channel, whom: tuple[ContactId, ...] = (WANG,)) -> tuple[object, ...]:
    """He came by telephone, and is asked that way if he does not mind."""
    place = OutreachReserved(
        contact_id=WANG,
        ref=f"survey-{TICKET}-1",
        channel=channels[0],
        purpose="survey",
        at=START,
        counts=True,
        policy_id=STANDARD,
        time_zone="Asia/Shanghai",
        forget_before=day(2, 23),
        reserved_at=START,
    )
    requested = replace(asked, channels=channels, channel=channels[0])
    return requested, *(replace(place, contact_id=each) for each in whom)


def dropped(because: str) -> SurveyDropped:
    return SurveyDropped(ticket_id=TICKET, cycle=1, because=because)  # type: ignore[arg-type]


def test_who_wants_to_be_left_alone_is_not_surveyed_whoever_asks() -> None:
    for whoever in (policy, tom):
        known.also(silent()).when(survey, by=whoever).then(dropped("do-not-contact"))


def test_he_is_asked_by_what_he_does_not_mind() -> None:
    known.when(survey, by=policy).then(*by(*CHANNELS))
    quiet = known.also(silent(channel="call"), silent(channel="post"))
    quiet.when(survey, by=policy).then(*by("sms", "email", "wechat", "app", "visit"))
    others = known.also(*contact(QIAN, primary=False), silent(QIAN))
    others.when(survey, by=policy).then(*by(*CHANNELS))


def no_more(channel: Channel, purpose: str = "survey") -> ConsentChanged:
    return ConsentChanged(
        contact_id=WANG,
        channel=channel,
        purpose=purpose,  # type: ignore[arg-type]
        from_="given",
        to="withdrawn",
        evidence="form",
        since=START,
    )


def test_he_may_mind_surveys_alone() -> None:
    known.also(*map(no_more, CHANNELS)).when(survey, by=policy).then(dropped("consent-withdrawn"))
    sold = known.also(*(no_more(channel, "sales") for channel in CHANNELS))
    sold.when(survey, by=policy).then(*by(*CHANNELS))


def test_where_surveys_need_a_consent_it_is_asked_for() -> None:
    strict = OutreachPolicyPublished(policy_id=STANDARD, number=1, terms=OutreachTerms(opt_in=("survey",)))
    known.also(strict).when(survey, by=policy).then(dropped("consent-missing"))
    agreed = replace(no_more("email"), from_="unknown", to="given")
    story = known.also(strict, agreed).when(survey, by=policy)
    story.then(*by("email"))
    assert story.recorded[-1].policy_version == "outreach-policy/standard@1"


def test_of_whom_no_wish_is_known_nothing_is_asked() -> None:
    for story in (
        solved,
        solved.also(customer()),
        solved.also(customer(), *contact(primary=False), silent()),
        solved.also(customer(), contact()[1]),
    ):
        story.when(survey, by=policy).then(asked)


def test_who_is_a_customer_no_more_has_his_wish_all_the_same() -> None:
    shut = CustomerStatusChanged(customer_id=CUSTOMER, from_="prospect", to="closed")
    known.also(shut, silent()).when(survey, by=policy).then(dropped("do-not-contact"))


@pytest.mark.parametrize("refuses", [WANG, QIAN])
def test_where_customers_were_merged_both_are_asked(refuses: ContactId) -> None:
    merged = CustomerAbsorbed(customer_id=CUSTOMER, into=STRANGER, from_="prospect")
    story = known.also(customer(STRANGER), *contact(QIAN, STRANGER), merged)
    story.when(survey, by=policy).then(*by(*CHANNELS, whom=(WANG, QIAN)))
    story.also(silent(refuses)).when(survey, by=policy).then(dropped("do-not-contact"))


def test_who_was_merged_is_who_he_has_become() -> None:
    others = [ContactCreated(contact_id=each, name="Wang") for each in LINE]
    merges = [ContactMerged(contact_id=one, into=other) for one, other in zip((WANG, *LINE), LINE, strict=False)]
    for many in range(1, 5):
        story = known.also(*others, silent(LINE[many - 1]), *merges[:many])
        story.when(survey, by=policy).then(dropped("do-not-contact"))


def test_history_asked_whom_it_asked() -> None:
    known.also(silent()).when(survey, by=administrator, imported=True).then(asked)
