"""Capacity, told as specs: who may get how much more."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.agent_book import CapacityChanged, SlotReleased, SlotReserved
from domain.lead.facts.custody import LeadAssigned, LeadClaimed
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import OrgPath, PolicyId, PoolId, StaffId
from projections.capacity import Capacity, capacity
from projections.query import Listing, page
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.projections.leads import LEAD, OTHER
from tests.projections.lists import NOW, Views
from tests.projections.spec import START, rows

ANN, TEAM = StaffId("ann"), OrgPath("north/team-1")
WEB = PolicyId("web")
onboarded = StaffOnboarded(staff_id=ANN, name="Ann", role="sales", org_path=TEAM, skills=("tea",))
departed = StaffDeparted(staff_id=ANN)
known = Capacity(staff_id=ANN, owner_id=ANN, name="Ann", role="sales", org_path=TEAM, skills=("tea",), active=True)
claim = SlotReserved(staff_id=ANN, lead_id=LEAD, kind="claim", business_date=date(2026, 3, 25))
freed = SlotReleased(staff_id=ANN, lead_id=LEAD)
claimed = LeadClaimed(
    lead_id=LEAD,
    owner=ANN,
    pool_id=PoolId("north"),
    first_contact_due=START,
    protect_until=START,
    hard_limit=START,
    extension_days=3,
    time_zone="Asia/Shanghai",
)
dispatched = LeadAssigned(
    lead_id=LEAD,
    owner=ANN,
    method="dispatch",
    pool_id=PoolId("north"),
    first_contact_due=START,
    protect_until=START,
    hard_limit=START,
    extension_days=3,
    time_zone="Asia/Shanghai",
    rule_id=WEB,
    rule_number=1,
)


def test_who_works_here_is_to_be_had_and_her_own_business() -> None:
    assert rows(capacity, onboarded) == [known]
    moved = StaffMoved(staff_id=ANN, role="sales_manager", from_=TEAM, to=OrgPath("south"))
    assert rows(capacity, onboarded, moved) == [replace(known, role="sales_manager", org_path=OrgPath("south"))]


def test_who_departed_stays_with_what_he_holds_and_is_not_to_be_had() -> None:
    (row,) = rows(capacity, onboarded, claim, departed)
    assert (row.active, row.held, row.available_at(START)) == (False, 1, False)
    (row,) = rows(capacity, onboarded, AvailabilityChanged(staff_id=ANN, available=False), departed, onboarded)
    assert (row.active, row.on_duty) == (True, True)


def test_an_absence_lasts_until_its_end_and_a_presence_too() -> None:
    later = START + timedelta(days=1)
    for present in (True, False):
        (row,) = rows(capacity, onboarded, AvailabilityChanged(staff_id=ANN, available=present, until=later))
        assert row.available_at(later - timedelta(seconds=1)) is present
        assert row.available_at(later) is not present
    (row,) = rows(capacity, onboarded, AvailabilityChanged(staff_id=ANN, available=False))
    assert not row.available_at(later)


def test_what_he_holds_is_counted_and_what_he_claims_each_day() -> None:
    other = replace(claim, lead_id=OTHER, business_date=date(2026, 3, 26))
    given = replace(other, kind="assign")
    (row,) = rows(capacity, onboarded, claimed, claim, freed, claim, other, given)
    assert (row.held, row.claim_days, row.claims) == (3, (date(2026, 3, 25), date(2026, 3, 26)), (2, 1))
    assert row.time_zone == "Asia/Shanghai"
    days = [replace(claim, business_date=date(2026, 3, day)) for day in range(1, 9)]
    (row,) = rows(capacity, onboarded, *days)
    assert row.claim_days == (date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 8))


def test_limits_of_his_own() -> None:
    (row,) = rows(capacity, onboarded, CapacityChanged(staff_id=ANN, cap=7, daily_claims=2))
    assert (row.cap, row.daily_claims) == (7, 2)


def test_turns_are_counted_for_each_rule_in_its_last_version() -> None:
    other = replace(dispatched, rule_id="fair", rule_number=4)
    (row,) = rows(capacity, onboarded, dispatched, other, dispatched)
    assert row.had(WEB, 1) == (2, 4)
    assert row.had(PolicyId("fair"), 4) == (1, 3)
    assert row.had(WEB, 2) == (0, 0)
    (row,) = rows(capacity, onboarded, dispatched, other, replace(dispatched, rule_number=2))
    assert (row.had(WEB, 1), row.had(WEB, 2)) == ((0, 0), (1, 4))
    (row,) = rows(capacity, onboarded, replace(dispatched, rule_id=None, rule_number=None, method="assign"))
    assert row.rules == ()


def test_of_whom_history_speaks_nothing_else_is_known() -> None:
    (row,) = rows(capacity, claim)
    assert (row.name, row.active, row.held) == (None, False, 1)
    (row,) = rows(capacity, claim, onboarded)
    assert (row.name, row.active, row.held) == ("Ann", True, 1)


@pytest.mark.slow
def test_what_depends_on_now_is_worked_out_when_it_is_read(views: Views) -> None:
    later, today = NOW + timedelta(hours=1), date(2026, 4, 1)
    days = (date(2026, 3, 31), today)
    views.put(
        capacity,
        replace(known, claim_days=days, claims=(4, 2), time_zone="Asia/Shanghai"),
        replace(known, staff_id=StaffId("bob"), until=later),
        replace(known, staff_id=StaffId("cai"), until=later, on_duty=False),
        replace(known, staff_id=StaffId("dan"), active=False),
    )
    found = {row["staff_id"]: row for row in views.list(capacity)}
    assert {name: row["available"] for name, row in found.items()} == {
        "ann": True,
        "bob": True,
        "cai": False,
        "dan": False,
    }
    assert [row["claims_today"] for row in found.values()] == [2, 0, 0, 0]
    (ann, bob, cai, dan) = views.run(page(capacity, Listing(later + timedelta(days=1), None)))
    assert (ann["claims_today"], bob["available"], cai["available"], dan["available"]) == (0, False, True, False)


@pytest.mark.slow
def test_a_manager_sees_her_people_and_a_salesperson_himself(views: Views) -> None:
    people = (("ann", "north/team-1"), ("bob", "north/team-2"), ("sue", "south"))
    for name, org in people:
        staff_id, org_path = StaffId(name), OrgPath(org)
        views.put(staff_directory, Colleague(staff_id=staff_id, name=name, role="sales", org_path=org_path))
        views.put(capacity, replace(known, staff_id=staff_id, owner_id=staff_id, org_path=org_path))

    def seen(name: str, scope: Scope) -> list[str]:
        actor = Actor(kind="user", id=name, role="sales", org_path=OrgPath("north"))
        return [row["staff_id"] for row in views.run(page(capacity, Listing(NOW, Reach(actor, scope))))]

    assert seen("mia", Scope.SUBTREE) == ["ann", "bob"]
    assert seen("ann", Scope.OWN) == ["ann"]
