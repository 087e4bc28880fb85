"""The one path by which anything changes: batches, repeats, errors, and what goes with a command."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.ask import Ask, CommandIdReused, Conflict, Outcome
from commands.lead.custody import ClaimLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import RecordTouch
from commands.staff import DepartStaff, OnboardStaff
from domain.actor import Actor, Reason, Source
from domain.errors import Hidden, Invalid, Refused
from domain.identity import IdentityReserved
from domain.lead.facts.custody import LeadPooled
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import FollowUpLogged
from domain.lead.refusals import AlreadyHeld, AlreadyKnown, BookFull, ClaimsSpent
from domain.pool import Terms
from domain.values import OrgPath, StaffId
from ledger.appender import SideRowMoved
from ledger.envelope import SideRow
from tests.commands.lead.situations import (
    LEAD,
    OTHER,
    THIRD,
    claimed,
    held,
    in_pool,
    other_captured,
    pooled,
    published,
    slot_freed,
    under,
)
from tests.commands.office import (
    Process,
    Rows,
    accepted,
    added,
    again,
    ask,
    capture,
    claim,
    into_pool,
    refusal,
    release,
    touch,
    touched,
)
from tests.spec import ANN, START, administrator, ann, bob, crm, day, mia, policy

# A batch


def test_commands_of_a_batch_are_decided_on_what_those_before_left() -> None:
    rows = Rows(*published)
    first, second, third = Process(rows).done(ask(capture, crm), ask(into_pool, crm), ask(claim, ann))
    assert (first.version, second.version, third.version) == (1, 2, 3)
    assert (first.position, second.position, third.position) == (rows.told + 2, rows.told + 3, rows.told + 5)
    assert [type(event) for event in added(rows)][:3] == [LeadCaptured, IdentityReserved, LeadPooled]
    assert added(rows)[3:] == list(claimed())
    assert rows.times_locked == 1 + 1  # Once for the history, and once for the batch.


def test_a_refused_command_leaves_no_trace_among_its_neighbours() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    won, lost_race, after = process(ask(claim, ann), ask(claim, bob), ask(touch, ann))
    no = refusal(lost_race)
    assert isinstance(no, AlreadyHeld)
    assert (no.owner, no.until) == (ANN, day(4, 4))
    assert added(rows) == [*claimed(), touched]
    assert accepted(after).version == accepted(won).version + 1
    assert isinstance(lost_race, Outcome)
    assert (lost_race.version, lost_race.position) == (accepted(won).version, accepted(won).position)


def test_limits_hold_within_a_batch() -> None:
    both = (*in_pool, *other_captured, pooled(OTHER))
    one_a_day = Process(Rows(*both, under(Terms(daily_claims=1))))
    _, second = one_a_day(ask(claim, ann), ask(ClaimLead(lead_id=OTHER), ann))
    assert isinstance(refusal(second), ClaimsSpent)
    one_at_once = Process(Rows(*both, under(Terms(holding_cap=1))))
    _, second, _, fourth = one_at_once(
        ask(claim, ann), ask(ClaimLead(lead_id=OTHER), ann), ask(release, ann), ask(ClaimLead(lead_id=OTHER), ann)
    )
    assert isinstance(refusal(second), BookFull)
    accepted(fourth)


def test_an_identity_is_taken_once_in_a_batch() -> None:
    rows = Rows()
    process = Process(rows)
    blank = replace(capture, source=" ")
    first, second, third = process(ask(blank, crm), ask(again, crm), ask(capture, crm))
    assert isinstance(refusal(first), Invalid)
    accepted(second)
    no = refusal(third)
    assert isinstance(no, AlreadyKnown)
    assert no.held_by == OTHER
    assert len(rows.identities) == 1
    assert len(added(rows)) == 2


# Repeats


def test_a_command_is_done_once_however_often_it_is_sent() -> None:
    rows = Rows(*in_pool)
    process, other_process = Process(rows), Process(rows)
    once = ask(claim, ann)
    first, second = process.done(once, once)
    assert first == second
    assert process(once, once) == [first, first]
    assert other_process(once) == [first]
    assert other_process.done(ask(touch, ann), once)[1] == first
    assert added(rows) == [*claimed(), touched]


def test_a_refusal_is_an_answer_and_is_given_again() -> None:
    """Even when it would be granted by now: who wants to know, asks anew."""
    rows = Rows(*held)
    process = Process(rows)
    too_late = ask(claim, bob)
    first = process.refused(too_late)
    process.done(ask(release, ann))
    for again_and_again in (process, Process(rows)):
        second = again_and_again.refused(too_late)
        assert type(second) is type(first) is AlreadyHeld
        assert str(second) == str(first) == "ann holds it, protected until 2026-04-04T02:00:00+00:00"
    process.done(ask(claim, bob))


def test_a_command_id_is_for_one_command() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    once = ask(touch, crm)
    other_body = replace(once, command=replace(touch, channel="phone"))
    other_command = replace(once, command=claim, caller=ann)
    other_caller = replace(once, caller=policy)
    (done, *others) = process(once, other_body, other_command, other_caller)
    accepted(done)
    for each in (*others, *process(other_body), *Process(rows)(other_command, other_caller)):
        assert isinstance(each, CommandIdReused)
        assert str(each) == f"{once.command_id} was sent before, and said something else or came from another caller"
    assert added(rows) == [touched]


THEN = day(3, 2)
WHY = Reason(code="fair", text="在展会上")


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ({}, {"reason": WHY}),
        ({"reason": WHY}, {"reason": Reason(code="fair")}),
        ({"reason": WHY}, {"reason": Reason(code="call", text="在展会上")}),
        ({}, {"on_behalf_of": "mia"}),
        ({"on_behalf_of": "bob"}, {"on_behalf_of": "mia"}),
        ({}, {"occurred_at": THEN}),
        ({}, {"imported": True}),
        ({"imported": True}, {"occurred_at": THEN}),
        ({"imported": True, "occurred_at": THEN}, {"occurred_at": THEN + timedelta(microseconds=1)}),
        ({"imported": True}, {"actor": ann}),
        ({"imported": True, "actor": ann}, {"actor": replace(ann, kind="service")}),
        ({"imported": True, "actor": ann}, {"actor": bob}),
    ],
    ids=str,
)
def test_what_is_said_beside_the_body_makes_another_command(said: dict[str, Any], other: dict[str, Any]) -> None:
    rows = Rows(*in_pool)
    process = Process(rows, now=day(4, 1))
    once = replace(ask(touch, administrator if said.get("imported") else crm), **said)
    (first,) = process.done(once)
    changed = replace(once, **other)
    assert [type(each) for each in (*process(changed), *Process(rows)(changed))] == [CommandIdReused] * 2
    assert process.done(once, replace(once)) == [first, first]
    assert added(rows) == [touched]


def test_what_it_belongs_to_follows_from_and_expects_makes_no_other_command() -> None:
    rows = Rows(*in_pool)
    process = Process(rows, now=day(4, 1))
    once = replace(ask(touch, administrator), imported=True, actor=ann, occurred_at=THEN, reason=WHY)
    (first,) = process.done(once)
    again_so = [
        replace(once, correlation_id=UUID(int=7), causation_id=UUID(int=8)),
        replace(once, expected=77),
        replace(once, source=Source(system="crm", message_id="7")),
        replace(once, actor=replace(ann, name="Ann Lee", role="analyst", org_path=OrgPath("south"))),
    ]
    assert process.done(*again_so) == [first] * 4
    assert added(rows) == [touched]


def test_a_line_of_history_is_the_same_whoever_imports_it() -> None:
    rows = Rows(*in_pool)
    process = Process(rows, now=day(4, 1))
    once = replace(ask(touch, administrator), imported=True, actor=ann, occurred_at=THEN)
    (first,) = process.done(once)
    by_another = replace(once, caller=replace(administrator, id="import"))
    assert process.done(by_another) == Process(rows).done(by_another) == [first]
    live = replace(ask(touch, crm))
    process.done(live)
    (other,) = process(replace(live, caller=policy))
    assert isinstance(other, CommandIdReused)
    assert added(rows) == [touched, touched]


# Errors that are nobody else's


def broken(process: Process, outcome: Callable[..., object]) -> None:
    """From now on the rule about touches has a bug."""
    plan = process.executor.plans[RecordTouch]
    process.executor.plans[RecordTouch] = replace(plan, rule=replace(plan.rule, run=outcome))


def divided_by_zero(*_: object) -> object:
    return 1 // 0


def something_else(*_: object) -> object:
    return FollowUpLogged  # A class and no event.


def of_another_lead(*_: object) -> object:
    return replace(touched, lead_id=OTHER)


@pytest.mark.parametrize("bug", [divided_by_zero, something_else, of_another_lead])
def test_a_bug_in_one_rule_is_that_command_s_alone(bug: Callable[..., object]) -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    broken(process, bug)
    command = ask(touch, crm)
    first, second, third = process(
        ask(claim, ann), command, ask(LogFollowUp(lead_id=LEAD, channel="call", effective=False), ann)
    )
    accepted(first)
    accepted(third)
    assert isinstance(second, Exception)
    assert not isinstance(second, Refused)
    assert added(rows) == [*claimed(), FollowUpLogged(lead_id=LEAD, channel="call", effective=False)]
    Process(rows).done(command)  # It was not recorded: once the bug is gone, it is done.


def test_what_cannot_be_written_down_fails_alone() -> None:
    rows = Rows(*in_pool)
    half_a_character = Ask(replace(touch, ref="\ud800"), UUID(int=5), crm)
    first, second, third = Process(rows)(ask(claim, ann), half_a_character, ask(touch, ann))
    assert isinstance(second, Exception)
    assert not isinstance(second, Refused)
    assert accepted(third).version == accepted(first).version + 1
    assert added(rows) == [*claimed(), touched]


def test_a_command_that_nobody_decides_fails_alone() -> None:
    unheard_of = Ask(object(), UUID(int=5), crm)
    first, second = Process(Rows(*in_pool))(ask(claim, ann), unheard_of)
    accepted(first)
    assert isinstance(second, KeyError)


def test_an_id_that_is_none_is_not_even_recorded() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    odd = ask(OnboardStaff(staff_id=StaffId("a/b"), name="A", role="sales", org_path=OrgPath("north")), administrator)
    first, second, third = process(ask(claim, ann), odd, ask(touch, ann))
    assert isinstance(second, Invalid)
    assert accepted(third).version == accepted(first).version + 1
    assert rows.times_locked == 2  # And it did not cost the others their common transaction.
    assert process.ledger.outcomes([odd.command_id]) == {}


# The version that a caller names


def test_a_version_that_the_caller_names_is_the_one_that_is_changed() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    stale = ask(claim, ann, expected=1)
    (conflict,) = process(stale)
    assert isinstance(conflict, Conflict)
    assert str(conflict) == f"lead/{LEAD} is at version 2, not 1"
    assert process.ledger.outcomes([stale.command_id]) == {}
    assert process.done(replace(stale, expected=2))[0].version == 3  # It was not recorded, so the id is still free.


def test_who_may_not_see_a_subject_hears_of_no_version_either() -> None:
    """A lead of another's and one that is not there look alike, whatever version is named."""
    hidden, missing = Process(Rows(*held)), Process(Rows())
    assert isinstance(hidden.refused(ask(touch, bob, expected=1)), Hidden)
    assert isinstance(missing.refused(ask(touch, bob, expected=1)), Hidden)


def test_a_version_that_the_caller_names_is_looked_at_before_any_rule() -> None:
    (conflict,) = Process(Rows(*held))(ask(claim, bob, expected=1))
    assert isinstance(conflict, Conflict)


def test_nothing_may_be_there_yet_when_the_caller_says_so() -> None:
    process = Process(Rows())
    process.done(ask(capture, crm, expected=0))
    (there,) = process(ask(capture, crm, expected=0))
    assert isinstance(there, Conflict)


def test_versions_that_the_caller_names_count_on_within_a_batch() -> None:
    process = Process(Rows(*in_pool))
    _, second, third = process(ask(touch, crm, expected=2), ask(touch, crm, expected=3), ask(touch, crm, expected=3))
    accepted(second)
    assert isinstance(third, Conflict)


def test_who_repeats_hears_the_first_outcome_and_no_conflict() -> None:
    process = Process(Rows(*in_pool))
    once = ask(claim, ann, expected=2)
    assert process.done(once) == process.done(once)


# What comes with a command


def test_a_command_brings_a_row_that_stands_or_falls_with_it() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    step = SideRow(name="inbox", expected=None, value=1)
    process.done(ask(touch, crm, side=(step,)))
    assert rows.side == {"inbox": 1}
    first, second, third = process(
        ask(claim, ann), ask(touch, crm, side=(step,)), ask(touch, crm, side=(replace(step, expected=1, value=2),))
    )
    accepted(first)
    assert isinstance(second, SideRowMoved)
    accepted(third)
    assert rows.side == {"inbox": 2}
    assert added(rows) == [touched, *claimed(), touched]


def test_a_refused_command_brings_its_row_all_the_same() -> None:
    rows = Rows(*held)
    process = Process(rows)
    process.refused(ask(claim, bob, side=(SideRow(name="inbox", expected=None, value=7),)))
    assert rows.side == {"inbox": 7}


# What stands around an event


def test_the_whole_envelope_is_kept() -> None:
    rows = Rows(*held)
    process = Process(rows)
    why = Reason(code="complaint", text="asked for somebody else")
    asked = ask(
        release,
        mia,
        on_behalf_of="ann",
        reason=why,
        correlation_id=UUID(int=1),
        causation_id=UUID(int=2),
        source=Source(system="crm", message_id="m-1"),
    )
    process.done(asked)
    for each in process.ledger.events(rows.told, 10):
        assert each.actor == Actor(kind="user", id="mia", name="Mia", role="sales_manager", org_path=OrgPath("north"))
        assert each.on_behalf_of == "ann"
        assert each.reason == why
        assert each.command_id == asked.command_id
        assert (each.correlation_id, each.causation_id) == (UUID(int=1), UUID(int=2))
        assert each.source == Source(system="crm", message_id="m-1")
        assert each.occurred_at == each.recorded_at == START
        assert each.policy_version == "pool/north@1"
        assert each.subject == f"lead/{LEAD}"
        assert not each.imported
    (freed_slot,) = process.ledger.history("agent-book/ann")[1:]
    assert freed_slot.event == slot_freed()


def test_what_is_not_said_begins_a_correlation_of_its_own() -> None:
    rows = Rows(*held)
    process = Process(rows)
    asked = ask(touch, crm)
    process.done(asked)
    (each,) = process.ledger.events(rows.told, 10)
    assert each.correlation_id == asked.command_id
    assert (each.causation_id, each.reason, each.source, each.on_behalf_of) == (None, None, None, None)
    assert each.actor == crm


def test_who_somebody_was_then_is_still_read_when_he_has_gone() -> None:
    rows = Rows(*in_pool)
    process = Process(rows)
    process.done(ask(claim, ann), ask(DepartStaff(staff_id=ANN), administrator))
    found = process.ledger.history(f"lead/{LEAD}")[-1].actor
    assert found == Actor(kind="user", id="ann", name="Ann", role="sales", org_path=OrgPath("north/team-1"))


def test_a_state_is_read_as_it_is_now() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    assert here.executor.state(f"lead/{LEAD}").version == 2
    there.done(ask(claim, ann))
    known = here.executor.state(f"lead/{LEAD}")
    assert (known.version, known.state.custody.owner) == (3, ANN)
    assert here.executor.state(f"lead/{THIRD}").version == 0
