"""First response on a real PostgreSQL: who does not answer a new lead in time loses it to somebody else."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest

from commands.calendar import PublishCalendar
from commands.lead.capture import AdoptLead
from commands.lead.work import ContactLead
from commands.policy import PausePolicy
from consumers.policies.circulation import circulation
from consumers.policies.first_response import first_response
from domain.actor import Actor
from domain.calendar import WEEKDAYS
from domain.dispatch_rule import FirstResponse
from domain.lead.facts.custody import LeadAssigned, LeadRecycled
from domain.values import CalendarId, LeadId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, START, mia
from tests.consumers.policies.desk import Desk

pytestmark = pytest.mark.slow  # On a real database.

OFFICE = CalendarId("office")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        desk = Desk(house)
        week = dict.fromkeys(WEEKDAYS, ("09:00-18:00",))
        desk.do(ADMIN, PublishCalendar(calendar_id=OFFICE, name="Office", time_zone="Asia/Shanghai", week=week))
        desk.person("bob")
        desk.rule({"bob": 9, "ann": 1}, first_response=FirstResponse(calendar_id=OFFICE))
        yield desk


def with_bob(desk: Desk) -> LeadId:
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.owner(lead_id) == "bob"
    return lead_id


def test_a_lead_that_is_not_answered_in_time_goes_to_somebody_else(desk: Desk) -> None:
    clock, lead_id = desk.clock(first_response, circulation), with_bob(desk)
    desk.now = START + 29 * MINUTE
    assert clock.round() == 0
    desk.now = START + 30 * MINUTE
    assert clock.round() == 1
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    (recycled,) = desk.told(LeadRecycled)
    first, second = desk.told(LeadAssigned)
    assert recycled.actor == Actor(kind="policy", id="first-response", name="first-response", role="policy")
    assert (recycled.event.reason, recycled.event.rule_id) == ("no-first-contact", "first-response")
    assert recycled.causation_id == first.event_id
    assert second.causation_id == recycled.event_id
    assert second.event.first_response_due == START + 60 * MINUTE
    assert desk.left_out() == {"bob": "failed-before"}
    assert clock.round() == 0, "once is enough"


def test_when_nobody_answers_it_waits_for_somebody_else_and_is_taken_from_nobody_twice(desk: Desk) -> None:
    clock, lead_id = desk.clock(first_response), with_bob(desk)
    for _ in range(4):
        desk.now += 30 * MINUTE
        desk.house.caught_up()
        clock.round()
        desk.settled()
    assert [each.event.previous_owner for each in desk.told(LeadRecycled)] == ["bob", "ann"]
    assert desk.owner(lead_id) is None
    assert desk.left_out() == {"bob": "failed-before", "ann": "failed-before"}


def test_who_has_answered_keeps_it(desk: Desk) -> None:
    clock, lead_id = desk.clock(first_response), with_bob(desk)
    desk.do(Actor(kind="user", id="bob"), ContactLead(lead_id=lead_id))
    desk.now = START + 30 * MINUTE
    desk.house.caught_up()
    assert clock.round() == 0
    assert desk.owner(lead_id) == "bob"


def test_paused_it_takes_nothing_and_afterwards_what_is_still_not_answered(desk: Desk) -> None:
    clock, lead_id = desk.clock(first_response), with_bob(desk)
    until = START + 2 * timedelta(hours=1)
    desk.do(mia, PausePolicy(policy_name="first-response", until=until), reason="audit")
    desk.now = START + 30 * MINUTE
    assert clock.round() == 0
    desk.now = until
    assert clock.round() == 1
    desk.settled()
    assert desk.owner(lead_id) == "ann"


def test_history_is_answered_for_by_nobody(desk: Desk) -> None:
    clock = desk.clock(first_response)
    (lead_id,) = desk.come(1, imported=True)
    desk.now = START + 30 * MINUTE
    desk.house.caught_up()
    assert clock.round() == 0
    desk.do(ADMIN, AdoptLead(lead_id=lead_id))
    desk.settled()
    (assigned,) = desk.told(LeadAssigned)
    assert assigned.event.first_response_due == desk.now + 30 * MINUTE, "from when it has become live"
