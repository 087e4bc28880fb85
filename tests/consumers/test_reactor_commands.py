"""What a policy may say: the first of several commands, a reason, the same twice, and many that go in portions."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.execute import Executor
from commands.lead.circulation import RecycleLead
from commands.lead.work import RecordTouch
from commands.policy import PausePolicy, ResumePolicy
from commands.staff import DepartStaff
from consumers.policies.departure import departure
from consumers.process import Because, FirstOf
from domain.actor import Reason
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import LeadCaptured, TouchRecorded
from domain.lead.states import Pooled
from domain.values import LeadId, StaffId
from ledger.store import Busy
from tests.consumers.office import ADMIN, Office, mia, policy_of, settle

pytestmark = pytest.mark.slow  # On a real database.


def test_of_several_commands_the_first_that_is_not_refused_is_wanted(office: Office) -> None:
    other = office.lead(7)

    def touch(event: LeadCaptured) -> FirstOf:
        nowhere = LeadId(UUID(int=99))
        return FirstOf(tuple(RecordTouch(lead_id=each, channel="web") for each in (nowhere, other, event.lead_id)))

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == [other]


def test_who_dies_before_he_remembers_tries_no_other_though_he_would_say_it_otherwise_now(office: Office) -> None:
    seen = count(1)

    def touch(event: LeadCaptured) -> FirstOf:
        ref = f"seen-at-{next(seen)}"
        return FirstOf(tuple(RecordTouch(lead_id=event.lead_id, channel=by, ref=ref) for by in ("web", "app", "call")))

    first = office.reactor(policy_of(touch))
    settle(first)
    office.lead(1)
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    settle(office.reactor(policy_of(touch)))
    assert [(each.event.channel, each.event.ref) for each in office.told(TouchRecorded)] == [("web", "seen-at-1")]


def test_a_reason_goes_with_a_command(office: Office) -> None:
    def touch(event: LeadCaptured) -> Because:
        return Because(RecordTouch(lead_id=event.lead_id, channel="web"), Reason(code="routine"))

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    (touched,) = office.told(TouchRecorded)
    assert touched.reason == Reason(code="routine")


def test_the_same_command_twice_for_one_event_is_two_commands(office: Office) -> None:
    def touch(event: LeadCaptured) -> Iterator[RecordTouch]:
        yield RecordTouch(lead_id=event.lead_id, channel="web")
        yield RecordTouch(lead_id=event.lead_id, channel="web")

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 2


def test_a_refusal_holds_nothing_up_and_stays_on_record(office: Office) -> None:
    def recycle(event: LeadCaptured) -> RecycleLead:
        return RecycleLead(lead_id=event.lead_id, reason="hard-limit")

    reactor = office.reactor(policy_of(recycle))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert reactor.following["intake_forgets"].place.position == office.house.ledger.last_position()


@pytest.mark.parametrize("dies", [False, True])
def test_what_follows_for_many_is_sent_in_portions_and_keeps_nobody_waiting(office: Office, *, dies: bool) -> None:
    leads = [office.lead(number) for number in range(1, 6)]

    def touch_all(event: LeadClaimed) -> Iterator[RecordTouch]:
        del event
        return (RecordTouch(lead_id=each, channel="web") for each in leads)

    many = policy_of(touch_all)
    reactor = office.reactor(many, departure)
    settle(reactor)
    held = office.held(6)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch("consumers.reactor.PORTION", 2):
        assert reactor.round()
        assert (len(office.told(TouchRecorded)), office.custody(held)) == (2, Pooled)
        assert reactor.round()
        office.do(mia, PausePolicy(policy_name="intake", until=office.now + timedelta(days=1)), reason="audit")
        settle(reactor)
        assert len(office.told(TouchRecorded)) == 4, "a pause holds the rest"
        if dies:
            reactor.close()
            reactor = office.reactor(many, departure)
        office.do(mia, ResumePolicy(policy_name="intake"), reason="done")
        settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == leads


def test_what_could_not_be_sent_of_a_portion_is_sent_again(office: Office) -> None:
    leads = [office.lead(number) for number in range(1, 4)]

    def touch_all(event: LeadClaimed) -> Iterator[RecordTouch]:
        del event
        return (RecordTouch(lead_id=each, channel="web") for each in leads)

    executor = office.process()
    reactor = office.reactor(policy_of(touch_all), executor=executor)
    settle(reactor)
    office.held(6)
    with patch("consumers.reactor.PORTION", 2):
        assert reactor.round()
        with patch.object(Executor, "__call__", side_effect=Busy), pytest.raises(Busy):
            settle(reactor)
        settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == leads
