"""First response: a new lead is answered in working time, as the rule promised that dispatched it."""

from dataclasses import replace
from datetime import datetime

import pytest

from commands.dispatch_rule import PublishDispatchRule
from commands.lead.circulation import RecycleLead
from commands.lead.custody import ClaimLead, DispatchLead
from commands.lead.dispatching import Considered
from commands.lead.holding import LogFollowUp
from commands.lead.work import ContactLead
from domain.calendar import WEEKDAYS, CalendarPublished
from domain.dispatch_rule import DispatchTerms, FirstResponse
from domain.errors import Invalid, NotNow
from domain.lead.facts.custody import LeadAssigned, LeadRecycled
from domain.lead.refusals import ReasonDoesNotHold, StillProtected
from domain.values import CalendarId
from tests.commands.lead.situations import LEAD, NORTH, by_web, contacted, in_pool, nurtured, published
from tests.spec import ANN, START, Given, administrator, ann, day, given, policy

OFFICE = CalendarId("office")
hours = CalendarPublished(
    calendar_id=OFFICE,
    number=1,
    name="Office",
    time_zone="Asia/Shanghai",
    week=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00")),
)
promised = replace(by_web, terms=DispatchTerms(first_response=FirstResponse(calendar_id=OFFICE)))
to_ann = DispatchLead(lead_id=LEAD, owner=ANN, rule_id=by_web.rule_id, considered=Considered(rule_number=1, seen_at=9))
in_north = (hours, *in_pool, promised)
back = RecycleLead(lead_id=LEAD, reason="no-first-contact", rule_id="first-response")


def dispatched(at: datetime = START) -> Given:
    return given(*in_north).when(to_ann, by=policy, at=at).done()


def assigned(story: Given, at: datetime) -> LeadAssigned:
    (found,) = [
        each.event for each in story.when(to_ann, by=policy, at=at).recorded if isinstance(each.event, LeadAssigned)
    ]
    return found


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (day(3, 25, 10), day(3, 25, 10, 30)),
        (day(3, 25, 11, 50), day(3, 25, 13, 20)),  # Over lunch.
        (day(3, 25, 17, 45), day(3, 26, 9, 15)),  # Over night.
        (day(3, 27, 20), day(3, 30, 9, 30)),  # Over a weekend.
    ],
)
def test_it_is_due_after_so_much_working_time(at: datetime, due: datetime) -> None:
    found = assigned(given(*in_north), at)
    assert found.first_response_due == due
    assert found.first_contact_due >= due, "what runs day and night takes nothing away that is still in time"


def test_who_has_not_answered_by_then_loses_it_and_not_before() -> None:
    story = given(*in_north).when(to_ann, by=policy, at=day(3, 25, 10)).done()
    story.when(back, by=policy, at=day(3, 25, 10, 29)).refused(StillProtected, because="until 2026-03-25T02:30:00")
    recorded = story.when(back, by=policy, at=day(3, 25, 10, 30)).recorded
    assert isinstance(recorded[0].event, LeadRecycled)
    assert recorded[0].event.previous_owner == ANN


def test_who_has_answered_keeps_it() -> None:
    for answer in (ContactLead(lead_id=LEAD), LogFollowUp(lead_id=LEAD, channel="phone", effective=True)):
        story = dispatched().when(answer, by=ann, at=START).done()
        story.when(back, by=policy, at=day(3, 26)).refused(ReasonDoesNotHold, because="a contact has been made")
    vain = dispatched().when(LogFollowUp(lead_id=LEAD, channel="phone", effective=False), by=ann, at=START).done()
    assert isinstance(vain.when(back, by=policy, at=day(3, 26)).recorded[0].event, LeadRecycled)


def test_it_is_for_leads_that_are_new() -> None:
    for before in (contacted, nurtured):
        assert assigned(given(*in_north, before), START).first_response_due is None


def test_it_is_the_rule_s_promise_and_nobody_else_s() -> None:
    assert assigned(given(*in_pool, by_web), START).first_response_due is None
    story = given(*in_north).when(ClaimLead(lead_id=LEAD), by=ann).done()
    story.when(back, by=policy, at=day(3, 25, 12)).refused(StillProtected)
    told = given(*in_north).when(to_ann, by=policy, imported=True).recorded
    assert [each.event.first_response_due for each in told if isinstance(each.event, LeadAssigned)] == [None]


def test_the_calendar_that_counted_is_pinned() -> None:
    for entry in given(*in_north).when(to_ann, by=policy).recorded:
        assert (entry.policy_version or "").endswith("calendar/office@1")


def test_a_rule_promises_what_can_be_kept() -> None:
    publish = PublishDispatchRule(rule_id=by_web.rule_id, name=by_web.name, pool_id=NORTH, terms=promised.terms)
    given(hours, *published).when(publish, by=administrator).then(promised)
    given(*published).when(publish, by=administrator).refused(NotNow, because="NoCalendar")
    for minutes in (0, -1, 100_001):
        terms = DispatchTerms(first_response=FirstResponse(calendar_id=OFFICE, minutes=minutes))
        wrong = replace(publish, terms=terms)
        given(hours, *published).when(wrong, by=administrator).refused(Invalid, because="minutes: this is 1 to 100000")
