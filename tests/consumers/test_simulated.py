"""Policies in memory, under a clock that is set: they react, remember, look, ring and rest as they do at work."""

from datetime import timedelta

import pytest

from commands.lead.circulation import ReleaseLead
from commands.policy import PausePolicy
from commands.staff import DepartStaff
from domain.lead.facts.custody import LeadRecycled
from domain.lead.states import Held, Pooled
from domain.values import StaffId
from tests.consumers.office import ADMIN, ann, mia
from tests.consumers.story import Story

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
leaves = DepartStaff(staff_id=StaffId("ann"))


@pytest.fixture
def story() -> Story:
    return Story()


def test_they_react_to_what_has_happened(story: Story) -> None:
    lead_id = story.held(1)
    story.simulated.settle()
    story.do(ADMIN, leaves, reason="resigned")
    story.simulated.settle()
    assert story.custody(lead_id) is Pooled


def test_what_is_due_is_sent_when_its_time_has_come_and_still_stands(story: Story) -> None:
    kept, given_back = story.held(1), story.held(2)
    story.simulated.settle()
    due = story.simulated.next_due()
    assert due is not None
    story.do(ann, ReleaseLead(lead_id=given_back))
    story.until(due - story.now - HOUR / 2)
    assert story.custody(kept) is Held
    story.until(HOUR)
    assert story.custody(kept) is Pooled
    assert len(story.told(LeadRecycled)) == 1


def test_who_is_paused_reacts_afterwards(story: Story) -> None:
    lead_id = story.held(1)
    story.do(mia, PausePolicy(policy_name="departure", until=story.now + 2 * HOUR), reason="holiday")
    story.simulated.settle()
    story.do(ADMIN, leaves, reason="resigned")
    story.until(HOUR)
    assert story.custody(lead_id) is Held
    story.until(HOUR)
    assert story.custody(lead_id) is Pooled


def test_a_timer_of_who_is_paused_rings_afterwards(story: Story) -> None:
    lead_id = story.held(1)
    story.do(mia, PausePolicy(policy_name="circulation", until=story.now + 2 * DAY), reason="holiday")
    story.until(DAY + HOUR)
    assert story.custody(lead_id) is Held
    story.until(DAY)
    assert story.custody(lead_id) is Pooled
