"""How policies read: together where they are equally far, and none is held up by what another cannot do."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest

from commands.lead.work import RecordTouch
from commands.staff import DepartStaff, MoveStaff
from consumers.policies.departure import departure
from consumers.process import Process
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import LeadCaptured, TouchRecorded
from domain.lead.states import Pooled
from domain.staff import StaffMoved
from domain.values import LeadId, OrgPath, StaffId
from projections.projection import projection
from projections.rows import Row, table
from tests.consumers.office import ADMIN, Office, policy_of, settle

pytestmark = pytest.mark.slow  # On a real database.


@table
class Owned(Row):
    lead_id: LeadId
    owner: StaffId


def test_a_policy_with_a_bug_stands_still_and_the_others_go_on(office: Office) -> None:
    fixed: list[bool] = []

    def touch(event: LeadCaptured) -> RecordTouch:
        if not fixed:
            raise ZeroDivisionError
        return RecordTouch(lead_id=event.lead_id, channel="web")

    buggy = policy_of(touch)
    reactor = office.reactor(departure, buggy)
    settle(reactor)
    held = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(held) is Pooled
    assert office.told(TouchRecorded) == []
    fixed.append(True)
    reactor.following["intake_forgets"].rests_until = 0.0
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 1


def test_an_event_that_cannot_be_read_holds_up_only_who_reads_it(office: Office) -> None:
    def touch(event: LeadCaptured) -> RecordTouch:
        return RecordTouch(lead_id=event.lead_id, channel="web")

    reactor = office.reactor(departure, policy_of(touch))
    settle(reactor)
    held, read = office.held(1), office.house.ledger.events

    def unreadable(after: int, limit: int, *, types: Sequence[str] = (), until: int | None = None) -> Any:
        if "lead.captured" in types:
            raise ValueError("an unknown version")
        return read(after, limit, types=types, until=until)

    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch.object(office.house.ledger, "events", unreadable):
        settle(reactor)
    assert office.custody(held) is Pooled
    assert office.told(TouchRecorded) == []
    reactor.following["intake_forgets"].rests_until = 0.0
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 1


def test_policies_that_are_equally_far_read_together(office: Office) -> None:
    def ignore(event: LeadCaptured) -> None:
        del event

    reactor = office.reactor(departure, policy_of(ignore))
    settle(reactor)
    office.held(1)
    with patch.object(office.house.ledger, "events", wraps=office.house.ledger.events) as read:
        settle(reactor)
    last = office.house.ledger.last_position()
    assert {follower.place.position for follower in reactor.following.values()} == {last}
    assert read.call_count == 1


def test_an_event_that_finds_several_rows_is_reacted_to_once_for_each(office: Office) -> None:
    @projection("owned", key=("lead_id",), version=1, scoped=False)
    def owned(row: Owned | None, event: LeadClaimed | StaffMoved) -> Owned | None:
        return Owned(lead_id=event.lead_id, owner=event.owner) if isinstance(event, LeadClaimed) else row

    @owned.finds_by("owner")
    def moved(event: StaffMoved) -> StaffId:
        return event.staff_id

    process = Process("intake", owned)

    @process.reacts
    def touch(event: StaffMoved, row: Owned) -> RecordTouch:
        return RecordTouch(lead_id=row.lead_id, channel="web", ref=event.to)

    reactor = office.reactor(process)
    settle(reactor)
    leads = {office.held(number) for number in (1, 2, 3)}
    settle(reactor)
    office.do(ADMIN, MoveStaff(staff_id=StaffId("ann"), role="sales", to=OrgPath("north/team-2")))
    settle(reactor)
    assert {each.event.lead_id for each in office.told(TouchRecorded)} == leads
