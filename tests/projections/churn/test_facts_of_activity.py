"""The facts of churn: what customers do beside buying, and on which day of the house it was."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from consumers.churn.reading import House
from domain.customer.facts.approaches import CustomerApproached
from domain.customer.facts.lifecycle import (
    CustomerStatusChanged,
    CustomerWonBack,
    LearningNoted,
    TouchpointRecorded,
)
from domain.lifecycle_policy import LifecyclePolicy, LifecycleTerms
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketReopened, TicketResolved
from domain.ticket.facts.work import CsatRecorded
from domain.values import TicketId
from projections.churn.facts import customer_activity
from tests.commands.customer.situations import (
    LEAD,
    LI,
    WANG,
)
from tests.projections.spec import rows

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICKET = TicketId(UUID(int=0x71C))
opened = TicketOpened(
    ticket_id=TICKET, customer_id=LI, type="complaint", category="c", priority="high", channel="app", subject="s"
)
resolved = TicketResolved(ticket_id=TICKET, from_="open", code="done")


def activity(*events: Any) -> list[tuple[str, str, int, bool]]:
    return [(row.kind, row.code, row.times, row.ended_at is None) for row in rows(customer_activity, *events)]


def test_visits_are_counted_by_the_day_apart_from_our_own_calls() -> None:
    visit = TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=JUNE)
    later = replace(visit, active_at=JUNE + DAY)
    call = TouchpointRecorded(customer_id=LI, channel="call", direction="outbound")
    found = activity(visit, replace(visit, active_at=JUNE + timedelta(hours=1)), later, call)
    assert found == [("contact", "call", 1, True), ("visit", "app", 2, True), ("visit", "app", 1, True)]
    last = [row.last_at for row in rows(customer_activity, visit, replace(visit, active_at=JUNE - timedelta(hours=1)))]
    assert last == [JUNE], "whatever was told last"


def test_lessons_lapses_and_how_we_came_again_are_told() -> None:
    lesson = LearningNoted(customer_id=LI, course="piano-1", done=3, learned_at=JUNE)
    lapsed = CustomerStatusChanged(customer_id=LI, from_="dormant", to="churned")
    again = replace(lapsed, from_="churned")
    approached = CustomerApproached(customer_id=LI, lead_id=LEAD, kind="winback", contact_id=WANG, campaign="spring")
    won = CustomerWonBack(customer_id=LI, campaign="spring")
    active = CustomerStatusChanged(customer_id=LI, from_="new", to="active")
    found = activity(lesson, lapsed, again, approached, won, active)
    assert [(kind, code) for kind, code, _, _ in found] == [
        ("churned", ""), ("learning", "piano-1"), ("winback", "spring"), ("won-back", "spring"),
    ]  # fmt: skip
    assert {times for _, _, times, _ in found} == {1}, "a repeat is none"


def test_a_complaint_is_open_until_it_is_resolved_and_again_when_it_is_reopened() -> None:
    assert activity(opened) == [("complaint", "complaint", 1, True)]
    assert activity(opened, resolved) == [("complaint", "complaint", 1, False)]
    reopened = TicketReopened(ticket_id=TICKET, from_="resolved", n=1)
    assert activity(opened, resolved, reopened) == [("complaint", "complaint", 1, True)]


def test_what_turns_out_to_be_no_complaint_is_a_ticket() -> None:
    classified = TicketClassified(ticket_id=TICKET, type="question", category="c")
    assert activity(opened, classified) == [("ticket", "question", 1, True)]


@pytest.mark.parametrize(
    ("score", "low", "told"), [(1, False, True), (2, False, True), (3, True, True), (3, False, False)]
)
def test_a_low_score_is_told(score: int, low: bool, told: bool) -> None:
    scored = CsatRecorded(ticket_id=TICKET, cycle=1, score=score, low=low)
    found = activity(opened, resolved, scored)
    assert (("low-csat", str(score), 1, False) in found) == told


def test_a_ticket_that_is_no_complaint_is_opened_again_after_a_low_score() -> None:
    """Its rows are in the order of their kinds, and the score comes first."""
    scored = CsatRecorded(ticket_id=TICKET, cycle=1, score=1)
    reopened = TicketReopened(ticket_id=TICKET, from_="resolved", n=1)
    found = activity(replace(opened, type="question"), resolved, scored, reopened)
    assert found == [("low-csat", "1", 1, False), ("ticket", "question", 1, True)]


# On which day it was


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_a_deed_is_of_the_day_of_the_house_on_which_it_was(zone: str, seed: int) -> None:
    """In New York it is four or five hours earlier than in UTC, in Kathmandu five hours and three quarters later."""
    chance = Random(seed)
    hours = [JUNE + timedelta(minutes=chance.randrange(-250 * 1_440, 250 * 1_440)) for _ in range(40)]
    borders = [JUNE + timedelta(hours=h, minutes=m) for h, m in ((3, 59), (4, 0), (6, 14), (6, 15), (11, 30), (12, 10))]
    visits = [
        TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=at)
        for at in [*hours, *borders, JUNE, JUNE]
    ]
    told = rows(customer_activity, *visits)
    assert len(told) <= len({each.active_at.date() for each in visits if each.active_at})
    house = House(LifecyclePolicy(number=0, time_zone=zone, terms=LifecycleTerms(), product_lines={}))
    counted: Counter[int] = Counter()
    for row in told:
        for deed in house.deeds(row):
            counted[deed["day"]] += deed["times"]
    by_hand = Counter(
        (each.active_at.astimezone(ZoneInfo(zone)).date() - date(1970, 1, 1)).days for each in visits if each.active_at
    )
    assert counted == by_hand


def test_a_visit_before_midnight_and_one_after_it_are_of_two_days() -> None:
    """Of which the house has the border at 16:00 of UTC."""
    before, after = (datetime(2026, 6, 1, *time, tzinfo=UTC) for time in ((15, 59), (16, 0)))
    visit = TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=before)
    (row,) = rows(customer_activity, visit, replace(visit, active_at=after), visit)
    assert (row.quarters, row.counts, row.times) == ((63, 64), (2, 1), 3)
    house = House(LifecyclePolicy(number=0, time_zone="Asia/Shanghai", terms=LifecycleTerms(), product_lines={}))
    found = [(deed["day"], deed["times"]) for deed in house.deeds(row)]
    assert found == [(20_605, 2), (20_606, 1)]
