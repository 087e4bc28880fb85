"""Policies on a real PostgreSQL: each event is reacted to once, whatever dies, and history is left in peace."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from commands.lead.circulation import ReleaseLead
from commands.policy import PausePolicy, ResumePolicy
from commands.pool import PublishPool
from commands.staff import DepartStaff, OnboardStaff
from consumers.policies.departure import departure
from domain.actor import Actor
from domain.lead.facts.custody import LeadRecycled
from domain.lead.states import Held, Pooled
from domain.pool import Terms
from domain.staff import StaffDeparted
from domain.values import OrgPath, StaffId
from tests.consumers.office import ADMIN, NORTH, Office, ann, mia, settle

pytestmark = pytest.mark.slow  # On a real database.


def test_who_leaves_holds_nothing_any_more_and_his_leads_lie_in_the_pool(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    kept, given_back = office.held(1), office.held(2)
    office.do(ann, ReleaseLead(lead_id=given_back))
    (cause,) = office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(kept) is Pooled
    (recycled,) = office.told(LeadRecycled)
    (departed,) = office.told(StaffDeparted)
    assert recycled.event.reason == "owner-departed"
    assert recycled.actor == Actor(kind="policy", id="departure", name="departure", role="policy")
    assert recycled.causation_id == departed.event_id
    assert recycled.correlation_id == departed.correlation_id
    assert cause.position == departed.position


def test_a_hundred_leads_of_one_who_leaves_are_all_given_back(office: Office) -> None:
    office.do(
        ADMIN,
        PublishPool(
            pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=Terms(holding_cap=1_000, daily_claims=1_000)
        ),
    )
    reactor = office.reactor()
    leads = [office.held(number) for number in range(1, 131)]
    settle(reactor)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert {office.custody(each) for each in leads} == {Pooled}


def test_what_a_policy_remembers_survives_its_worker(office: Office) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    settle(first)
    first.close()
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(office.reactor())
    assert office.custody(lead_id) is Pooled


@pytest.mark.parametrize("name", ["move", "write"])
def test_who_dies_between_sending_and_remembering_does_nothing_twice(office: Office, name: str) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch(f"consumers.reactor.{name}", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    assert office.custody(lead_id) is Pooled
    first.close()
    settle(office.reactor())
    assert len(office.told(LeadRecycled)) == 1


def test_two_workers_share_the_policies_and_do_nothing_twice(office: Office) -> None:
    one, other = office.reactor(departure), office.reactor(departure)
    for reactor in (one, other, one, other):
        settle(reactor)
    office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    for reactor in (other, one, other, one):
        settle(reactor)
    assert len(office.told(LeadRecycled)) == 1
    assert one.following.keys() | other.following.keys() == {"departure_hands"}
    assert not one.following.keys() & other.following.keys()


def test_a_paused_policy_does_afterwards_what_it_would_have_done_meanwhile(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    settle(reactor)
    until = office.now + timedelta(days=1)
    office.do(mia, PausePolicy(policy_name="departure", until=until), reason="audit")
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(lead_id) is Held
    office.now = until
    settle(reactor)
    assert office.custody(lead_id) is Pooled


def test_a_pause_that_is_ended_early_has_ended(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    office.do(mia, PausePolicy(policy_name="departure", until=office.now + timedelta(days=1)), reason="audit")
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    office.do(mia, ResumePolicy(policy_name="departure"))
    settle(reactor)
    assert office.custody(lead_id) is Pooled


# What has been is over


def test_history_is_not_reacted_to(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")), imported=True)
    settle(reactor)
    assert office.custody(lead_id) is Held
    assert office.told(LeadRecycled) == []


def test_a_policy_that_is_new_begins_now_and_knows_what_was_before(office: Office) -> None:
    left = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    office.do(ADMIN, OnboardStaff(staff_id=StaffId("ann"), name="Ann", role="sales", org_path=OrgPath("north")))
    held = office.held(2)
    reactor = office.reactor()
    settle(reactor)
    assert office.custody(left) is Held, "that was before its time"
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(held) is Pooled
    assert office.custody(left) is Pooled


def test_a_policy_of_another_version_goes_on_where_the_one_before_has_stopped(office: Office) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    settle(first)
    first.close()
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    assert departure.remembers is not None
    newer = replace(departure, remembers=replace(departure.remembers, version=2))
    settle(office.reactor(newer))
    assert office.custody(lead_id) is Pooled
    assert len(office.told(LeadRecycled)) == 1
