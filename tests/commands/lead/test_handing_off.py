"""What the call centre has found interested is handed off to field sales."""

from dataclasses import replace
from uuid import UUID

from commands.call.work import DispositionCall
from commands.call_policy import PublishCallPolicy
from commands.lead.custody import DispatchLead
from commands.lead.handing_off import HandOffLead
from domain.call.facts import CallDispositioned, CallLinked, Subject
from domain.call_policy import CALLS, CallPolicyPublished, CallTerms
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import LeadHandedOff
from domain.lead.facts.work import LeadReopened
from domain.lead.refusals import HandedOffAlready
from tests.commands.call.situations import ABOUT, CALL, SPARE_CALL, dispositions, requested
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    captured,
    freed,
    held,
    in_pool,
    lost,
    published,
    reserved,
    slot_freed,
)
from tests.spec import ANN, BOB, administrator, ann, given, mia, otto, policy

terms = CallPolicyPublished(policy_id=CALLS, number=1, terms=CallTerms(interested=("interested",)))
interested = CallDispositioned(call_id=CALL, code="interested", effective_from_seconds=30, interested=True)
linked = CallLinked(call_id=CALL, subject=ABOUT)
talked = (requested, interested, linked)
off = HandOffLead(lead_id=LEAD, call_id=CALL)
handed_off = LeadHandedOff(lead_id=LEAD, call_id=CALL, from_=ANN)


def test_who_held_it_lets_go_and_somebody_else_can_have_it() -> None:
    story = given(*held, *talked).when(off, by=policy).then(handed_off, slot_freed(ANN))
    to_bob = DispatchLead(lead_id=LEAD, owner=BOB, rule_id="field", pool_id=NORTH)
    story.when(to_bob, by=policy).done()
    given(*held, *talked).when(off, by=mia).then(handed_off, slot_freed(ANN))


def test_what_nobody_holds_is_handed_off_from_where_it_is() -> None:
    nobodys = replace(handed_off, from_=None)
    given(*in_pool, *talked).when(off, by=policy).then(nobodys)
    given(*published, *captured, *talked).when(off, by=policy).then(nobodys)


def test_it_is_for_a_call_about_it_that_found_interest() -> None:
    given(*held, requested, interested).when(off, by=policy).refused(Invalid, because="about something else")
    other = replace(linked, subject=Subject(kind="lead", id=UUID(int=9)))
    given(*held, requested, interested, other).when(off, by=policy).refused(Invalid, because="about something else")
    given(*held, requested, linked).when(off, by=policy).refused(Invalid, because="summed up as interested")
    cooler = replace(interested, code="call-back", interested=False)
    given(*held, *talked, cooler).when(off, by=policy).refused(Invalid, because="summed up as interested")
    given(*held).when(off, by=policy).refused(Hidden)
    given(*held, *talked).when(off, by=ann).refused(NotAllowed)
    given(*held, *talked).when(off, by=otto).refused(Hidden)
    given(*in_pool, lost, freed(1), *talked).when(off, by=policy).refused(NotNow)


def test_once_in_a_cycle() -> None:
    again = replace(off, call_id=SPARE_CALL)
    second = tuple(replace(each, call_id=SPARE_CALL) for each in talked)
    story = given(*held, *talked, *second, handed_off, slot_freed(ANN))
    story.when(again, by=policy).refused(HandedOffAlready, because=f"after the call {CALL}")
    reopened = LeadReopened(lead_id=LEAD, from_="lost", cycle=2)
    anew = story.also(lost, freed(1), reopened, reserved(1))
    anew.when(again, by=policy).then(replace(handed_off, call_id=SPARE_CALL, from_=None))


def test_history_is_told_as_it_was() -> None:
    told = given(*held, requested).when(off, by=policy, imported=True)
    told.then(handed_off, slot_freed(ANN))


# What counts as interested is published


def test_a_disposition_tells_of_interest_by_the_terms_of_its_moment() -> None:
    sum_up = DispositionCall(call_id=CALL, code="interested")
    given(dispositions, requested, terms).when(sum_up, by=ann).then(interested)
    given(dispositions, requested).when(sum_up, by=ann).then(replace(interested, interested=False))
    cool = DispositionCall(call_id=CALL, code="call-back")
    given(dispositions, requested, terms).when(cool, by=ann).then(
        replace(interested, code="call-back", interested=False)
    )


def test_codes_of_interest_are_codes() -> None:
    publish = PublishCallPolicy(policy_id=CALLS, terms=terms.terms)
    given().when(publish, by=administrator).then(terms)
    wrong = replace(publish, terms=CallTerms(interested=("interested", "not a code")))
    given().when(wrong, by=administrator).refused(Invalid, because="terms/interested/1: this is a code")
