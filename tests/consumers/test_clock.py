"""The clock on a real PostgreSQL: what is due is sent once, in time, and no faster than is good."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from commands.lead.capture import AdoptLead
from commands.lead.custody import ClaimLead, TransferLead
from commands.lead.holding import GrantExtension, LogFollowUp
from commands.lead.work import ContactLead
from commands.policy import PausePolicy
from commands.staff import OnboardStaff
from consumers.clock import Clock, attempts
from domain.lead.facts.custody import LapseWarned, LeadRecycled, LeadTransferred
from domain.lead.states import Held, Pooled
from domain.values import LeadId, OrgPath, StaffId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, START, Office, ann, mia

pytestmark = pytest.mark.slow  # On a real database.

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def office(house: House) -> Office:
    house.worker()
    return Office(house)


def at(office: Office, later: timedelta, clock: Clock) -> int:
    """What the clock sends when it is so much later than the beginning."""
    office.now = START + later
    office.house.caught_up()
    return clock.round()


def test_a_lead_that_nobody_calls_goes_back_after_a_day(office: Office) -> None:
    clock, lead_id = office.clock(), office.held(1)
    assert at(office, DAY - SECOND, clock) == 0
    assert at(office, DAY, clock) == 1
    assert office.custody(lead_id) is Pooled
    (recycled,) = office.told(LeadRecycled)
    assert recycled.event.reason == "no-first-contact"
    assert recycled.event.rule_id == "circulation/first-contact"
    assert recycled.actor.id == "circulation"
    claimed = office.house.ledger.history(f"lead/{lead_id}")[-2]
    assert recycled.causation_id == claimed.event_id
    assert at(office, 30 * DAY, clock) == 0, "nothing is due for what nobody holds"


def test_who_has_been_called_is_warned_of_and_then_taken_back(office: Office) -> None:
    clock, lead_id = office.clock(), office.held(1)
    office.do(ann, ContactLead(lead_id=lead_id))
    assert at(office, 7 * DAY - SECOND, clock) == 0
    assert at(office, 7 * DAY, clock) == 1
    (warned,) = office.told(LapseWarned)
    assert (warned.event.owner, warned.event.until) == ("ann", START + 10 * DAY)
    assert at(office, 8 * DAY, clock) == 0, "once is enough"
    assert at(office, 10 * DAY, clock) == 1
    assert office.told(LeadRecycled)[0].event.reason == "no-follow-up"


def test_who_gets_it_from_a_colleague_has_a_day_of_his_own_and_a_call_to_make(office: Office) -> None:
    office.do(ADMIN, OnboardStaff(staff_id=StaffId("bob"), name="Bob", role="sales", org_path=OrgPath("north")))
    clock, lead_id, called = office.clock(), office.held(1), office.held(2)
    office.do(ann, ContactLead(lead_id=called))
    office.now = START + 23 * HOUR
    to_bob = (TransferLead(lead_id=each, to=StaffId("bob")) for each in (lead_id, called))
    office.do(mia, *to_bob, reason="holidays")
    assert at(office, DAY, clock) == 0
    assert at(office, 47 * HOUR - SECOND, clock) == 0
    assert at(office, 47 * HOUR, clock) == 2
    assert {each.event.rule_id for each in office.told(LeadRecycled)} == {"circulation/first-contact"}
    assert {each.causation_id for each in office.told(LeadRecycled)} == {
        each.event_id for each in office.told(LeadTransferred)
    }
    assert office.custody(called) is Pooled


def test_who_gets_it_after_his_predecessor_was_warned_is_warned_too(office: Office) -> None:
    office.do(ADMIN, OnboardStaff(staff_id=StaffId("bob"), name="Bob", role="sales", org_path=OrgPath("north")))
    clock, lead_id = office.clock(), office.held(1)
    office.do(ann, ContactLead(lead_id=lead_id))
    at(office, 7 * DAY, clock)
    office.do(mia, TransferLead(lead_id=lead_id, to=StaffId("bob")), reason="holidays")
    assert at(office, 7 * DAY + HOUR, clock) == 1
    assert [each.event.owner for each in office.told(LapseWarned)] == ["ann", "bob"]
    assert at(office, 8 * DAY - SECOND, clock) == 0, "once is enough"


def test_an_extension_moves_the_warning_and_the_end(office: Office) -> None:
    clock, lead_id = office.clock(), office.held(1)
    office.now = START + 9 * DAY - timedelta(hours=1)
    office.do(ann, LogFollowUp(lead_id=lead_id, channel="call", effective=True))
    assert at(office, 9 * DAY, clock) == 1, "within three days of its new end already"
    assert at(office, 12 * DAY - timedelta(hours=2), clock) == 0
    assert at(office, 12 * DAY - timedelta(hours=1), clock) == 1
    assert office.custody(lead_id) is Pooled


def test_the_hard_limit_is_one_and_a_manager_may_go_beyond_it(office: Office) -> None:
    clock, lead_id = office.clock(), office.held(1)
    office.do(ann, ContactLead(lead_id=lead_id))
    office.do(mia, GrantExtension(lead_id=lead_id, until=START + 25 * DAY))
    assert at(office, 22 * DAY, clock) == 1
    assert len(office.told(LapseWarned)) == 1
    assert at(office, 25 * DAY - SECOND, clock) == 0
    at(office, 25 * DAY, clock)
    assert office.custody(lead_id) is Pooled
    assert [each.event.reason for each in office.told(LeadRecycled)] == ["hard-limit"]


def test_what_is_refused_is_tried_again_later_and_holds_nothing_up(office: Office) -> None:
    """The view is behind: by the time of the command the lead has been extended."""
    clock, stuck = office.clock(), office.held(1)
    office.house.caught_up()
    pages = clock.page(START + DAY, (START, "", ""))
    office.do(ann, ContactLead(lead_id=stuck))
    office.now = START + DAY
    with patch.object(clock, "page", return_value=pages):
        assert clock.round() == 1
        assert clock.round() == 0, "not at once"
        office.now += timedelta(minutes=59)
        assert clock.round() == 0
        office.now += timedelta(minutes=1)
        assert clock.round() == 1
    assert office.custody(stuck) is Held


def test_who_is_refused_again_waits_twice_as_long_each_time_and_at_last_a_day() -> None:
    tries = {attempts(START, START + timedelta(minutes=minute)) for minute in range(5 * 24 * 60)}
    assert sorted((number, (at - START) / timedelta(hours=1)) for number, at in tries) == [
        (0, 1),
        (1, 3),
        (2, 7),
        (3, 15),
        (4, 31),
        (5, 55),
        (6, 79),
        (7, 103),
        (8, 127),
    ]


def test_many_that_lapse_together_do_not_all_come_at_once(office: Office) -> None:
    clock = office.clock(per_minute=2)
    for number in range(5):
        office.held(number + 1)
    assert at(office, DAY, clock) == 2
    assert at(office, DAY + 59 * SECOND, clock) == 0
    assert at(office, DAY + 60 * SECOND, clock) == 2
    assert at(office, DAY + 120 * SECOND, clock) == 1


def test_a_paused_policy_sends_nothing_and_catches_up_afterwards(office: Office) -> None:
    clock, lead_id = office.clock(), office.held(1)
    office.do(mia, PausePolicy(policy_name="circulation", until=START + 2 * DAY), reason="holidays")
    assert at(office, DAY, clock) == 0
    assert at(office, 2 * DAY - SECOND, clock) == 0
    assert at(office, 2 * DAY, clock) == 1
    assert office.custody(lead_id) is Pooled


def test_one_of_all_workers_is_the_clock(office: Office) -> None:
    one, other = office.clock(), office.clock()
    office.held(1)
    assert at(office, DAY, one) == 1
    office.held(2)
    assert at(office, 3 * DAY, other) == 0
    one.close()
    assert at(office, 3 * DAY, other) == 1


def test_a_clock_that_dies_after_sending_sends_nothing_twice(office: Office) -> None:
    first, lead_id = office.clock(), office.held(1)
    office.house.caught_up()
    office.now = START + DAY
    pages = first.page(office.now, (START, "", ""))
    assert first.round() == 1
    first.close()
    second = office.clock()
    with patch.object(second, "page", return_value=pages):
        assert second.round() == 1
    assert len(office.told(LeadRecycled)) == 1
    assert office.custody(lead_id) is Pooled


def test_history_is_left_in_peace_until_it_is_adopted(office: Office) -> None:
    clock = office.clock()
    lead_id = office.lead(1)
    office.do(ADMIN, ClaimLead(lead_id=lead_id), imported=True, actor=ann)
    assert at(office, 30 * DAY, clock) == 0
    office.do(ADMIN, AdoptLead(lead_id=lead_id))
    assert at(office, 31 * DAY, clock) > 0
    assert office.custody(LeadId(lead_id)) is Pooled
