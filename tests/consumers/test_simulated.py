"""Policies in memory, under a clock that is set: they react, remember, look, ring and rest as they do at work."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from commands.lead.circulation import ReleaseLead
from commands.policy import PausePolicy
from commands.staff import DepartStaff
from consumers.policies import POLICIES
from consumers.simulated import Simulated
from domain.lead.facts import LeadRecycled
from domain.lead.states import Held, Pooled
from domain.values import StaffId
from ledger.envelope import Recorded
from tests.consumers.house import House
from tests.consumers.office import ADMIN, Office, ann, mia
from tests.memory import memory_ledger

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
leaves = DepartStaff(staff_id=StaffId("ann"))


class Story(Office):
    """An office without a database, whose policies are simulated."""

    def __init__(self) -> None:
        super().__init__(House("", memory_ledger()))
        self.position = 0
        self.simulated = Simulated(POLICIES, self.executor, self.news)

    def news(self) -> Sequence[Recorded]:
        found = self.house.ledger.events(self.position, 1_000)
        self.position = found[-1].position if found else self.position
        return found

    def until(self, later: timedelta) -> None:
        self.now += later
        self.simulated.settle()
        self.simulated.ring()


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
