"""Who is asked how it was has a place for it among all that he is told: now, later, or not at all."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from commands.contact.outreach import ReserveOutreach
from commands.ticket.afterwards import RequestSurvey
from commands.ticket.status import ReopenTicket, ResolveTicket
from domain.contact.facts import ContactCreated, ContactMerged, OutreachReserved
from domain.contact.refusals import ContactedOften
from domain.contact.states import CHANNELS
from domain.customer.facts.merging import CustomerAbsorbed
from domain.outreach_policy import STANDARD, OutreachPolicyPublished, OutreachTerms
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketClosed
from domain.ticket.facts.work import SurveyDeferred, SurveyDropped, SurveyRequested
from domain.ticket.refusals import ClosedByItself, ToldAlready
from domain.values import ContactId
from tests.commands.ticket.situations import STRANGER, TICKET, at_once, freed, resolved, to_tom, told, tom
from tests.commands.ticket.test_survey_wishes import QIAN, WANG, by, contact, customer
from tests.spec import Given, administrator, crm, day, policy

survey = RequestSurvey(ticket_id=TICKET)
solved = at_once(*to_tom, resolved, freed)  # It closes by itself on the thirtieth.
known = solved.also(customer(), *contact())
closed = TicketClosed(ticket_id=TICKET, from_="resolved", automatic=False)


def limits(**terms: Any) -> OutreachPolicyPublished:
    return OutreachPolicyPublished(policy_id=STANDARD, number=1, terms=OutreachTerms(**terms))


def place(at: datetime, contact_id: ContactId = WANG, ref: str = "news") -> OutreachReserved:
    return OutreachReserved(
        contact_id=contact_id,
        ref=ref,
        channel="sms",
        purpose="sales",
        at=at,
        counts=True,
        policy_id=STANDARD,
        time_zone="Asia/Shanghai",
        forget_before=day(2, 1),
        reserved_at=at,
    )


def deferred(because: str, until: datetime, contact_id: ContactId = WANG) -> SurveyDeferred:
    return SurveyDeferred(ticket_id=TICKET, cycle=1, contact_id=contact_id, because=because, until=until)


def dropped(because: str) -> SurveyDropped:
    return SurveyDropped(ticket_id=TICKET, cycle=1, because=because)  # type: ignore[arg-type]


def test_he_has_a_place_and_then_nothing_else_is_for_that_day() -> None:
    story = known.when(survey, by=policy).then(*by(*CHANNELS))
    sold = ReserveOutreach(contact_id=WANG, ref="news", channel="sms", purpose="sales")
    story.also(limits()).when(sold, by=crm).refused(ContactedOften, because="day")


def test_who_has_heard_of_us_that_day_is_asked_the_next_whoever_asks() -> None:
    busy = known.also(place(day(3, 25, 9)))
    for whoever in (policy, tom):
        later = busy.when(survey, by=whoever).then(deferred("day", day(3, 26, 8)))
    asked = later.when(survey, by=policy, at=day(3, 26, 8)).done()
    assert isinstance(asked.history[-2], SurveyRequested)
    asked.when(survey, by=policy, at=day(3, 26, 8)).refused(ToldAlready)


def test_nobody_is_asked_at_night() -> None:
    known.when(survey, by=policy, at=day(3, 25, 22)).then(deferred("quiet-hours", day(3, 26, 8)))
    known.also(limits(quiet_from="09:00", quiet_until="12:00")).when(survey, by=policy).then(
        deferred("quiet-hours", day(3, 25, 12))
    )


@pytest.mark.parametrize(("window", "terms"), [("week", {"a_week": 1}), ("month", {"a_month": 1})])
def test_he_is_asked_while_an_answer_changes_something(window: str, terms: dict[str, int]) -> None:
    """Before it closes by itself, and as long as it could be begun again."""
    start = {"week": day(3, 22, 10), "month": day(2, 27, 10)}[window]
    before = known.also(limits(**terms), place(start))
    before.when(survey, by=policy).then(deferred(window, day(3, 29)))
    just_not = known.also(limits(**terms), place(start.replace(day=start.day + 1)))
    just_not.when(survey, by=policy).then(dropped("too-late"))
    just_not.also(closed).when(survey, by=policy).then(deferred(window, day(3, 30)))


def test_what_is_reopened_no_more_is_not_asked_about_later() -> None:
    over = known.also(closed, place(day(4, 7, 9)))
    over.when(survey, by=policy, at=day(4, 7, 12)).then(deferred("day", day(4, 8, 8)))
    full = known.also(closed, place(day(4, 7, 12)), limits(quiet_until="10:00"))
    full.when(survey, by=policy, at=day(4, 7, 12)).then(dropped("too-late"))


def test_where_nobody_is_told_anything_nobody_is_asked() -> None:
    known.also(limits(a_day=0)).when(survey, by=policy).then(dropped("never-allowed"))


def test_where_customers_were_merged_both_have_to_have_a_place() -> None:
    merged = CustomerAbsorbed(customer_id=told.customer_id, into=STRANGER, from_="prospect")
    story = known.also(customer(STRANGER), *contact(QIAN, STRANGER), merged)
    for one in (WANG, QIAN):
        story.also(place(day(3, 25, 9), one)).when(survey, by=policy).then(deferred("day", day(3, 26, 8), one))
    both = story.also(place(day(3, 25, 9)), limits(a_week=1), place(day(3, 22, 10), QIAN))
    both.when(survey, by=policy).then(dropped("too-late"))
    both.also(closed).when(survey, by=policy).then(deferred("day", day(4, 1, 9), WANG))


def test_the_place_is_his_whom_the_contact_has_become() -> None:
    became = (ContactCreated(contact_id=QIAN, name="Qian"), ContactMerged(contact_id=WANG, into=QIAN))
    known.also(*became).when(survey, by=policy).then(*by(*CHANNELS, whom=(QIAN,)))
    known.also(*became, place(day(3, 25, 9), QIAN)).when(survey, by=policy).then(deferred("day", day(3, 26, 8), QIAN))


def test_he_is_asked_as_he_has_come_if_that_is_a_way() -> None:
    for came, way in (("email", "email"), ("wechat", "wechat"), ("counter", "call")):
        begun = [replace(each, channel=came) if isinstance(each, TicketOpened) else each for each in known.history]
        (first, reserved) = at_story(begun).when(survey, by=policy).recorded
        assert (first.event.channel, reserved.event.channel) == (way, way)
        assert first.event.channels == CHANNELS


def at_story(history: list[object]) -> Given:
    return replace(known, history=tuple(history))


def test_after_a_reopening_he_needs_another_place() -> None:
    story = known.when(survey, by=policy).done()
    again = story.when(ReopenTicket(ticket_id=TICKET), by=tom).done()
    again = again.when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom).done()
    again.when(survey, by=policy).then(replace(deferred("day", day(3, 26, 8)), cycle=2))
    (first, reserved) = again.when(survey, by=policy, at=day(3, 26, 10)).recorded
    assert (first.event.cycle, reserved.event.ref) == (2, f"survey-{TICKET}-2")


def test_what_has_closed_by_itself_meanwhile_is_not_asked_about() -> None:
    later = known.also(place(day(3, 25, 9))).when(survey, by=policy).done()
    later.also(replace(closed, automatic=True)).when(survey, by=policy, at=day(3, 26, 8)).refused(ClosedByItself)


def test_history_needs_no_place() -> None:
    full = known.also(place(day(3, 25, 9)))
    full.when(survey, by=administrator, imported=True).then(SurveyRequested(ticket_id=TICKET, cycle=1))
