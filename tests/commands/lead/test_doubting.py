"""Two leads that may be one: it is said once, it explains itself, and a person decides."""

from dataclasses import replace

import pytest

from commands.lead.capture import MergeLead
from commands.lead.doubting import DismissDuplicate, SuspectDuplicate
from commands.lead.intake import ReceiveEnquiry
from domain.actor import Reason
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.intake import Comparison, DuplicateDismissed, DuplicateSuspected, TouchRecorded
from domain.lead.facts.work import LeadMerged, LeadReopened
from domain.lead.refusals import DismissedAlready, NotSuspected, SuspectedAlready
from domain.likeness import RULE
from domain.values import LeadId
from tests.commands.lead.situations import (
    EMAIL,
    LEAD,
    OTHER,
    PHONE,
    THIRD,
    captured,
    claimed,
    freed,
    held,
    in_pool,
    lost,
    other_captured,
    reserved,
)
from tests.spec import Given, ann, crm, given, mia, otto, policy, sue

two = given(*captured, *other_captured)
compared = Comparison(rule_id=RULE, seen_at=2, compared=7, alike=2)
suspect = SuspectDuplicate(lead_id=LEAD, of=OTHER, likeness=95, because="same-name-near-phone", comparison=compared)
suspected = DuplicateSuspected(lead_id=LEAD, of=OTHER, likeness=95, because="same-name-near-phone", comparison=compared)
other_way = SuspectDuplicate(lead_id=OTHER, of=LEAD)
dismiss = DismissDuplicate(lead_id=LEAD, of=OTHER)
dismissed = DuplicateDismissed(lead_id=LEAD, of=OTHER)
why = Reason(code="brothers")


# Suspected


def test_what_a_rule_has_found_explains_itself() -> None:
    two.when(suspect, by=policy).then(suspected)


def test_a_person_may_have_noticed_it_who_sees_both() -> None:
    noticed, told = SuspectDuplicate(lead_id=LEAD, of=OTHER), replace(suspected, likeness=100, because="noticed")
    story = given(*held, *other_captured)
    story.when(noticed, by=mia).then(replace(told, comparison=None))
    story.when(noticed, by=ann).refused(Hidden, because=str(OTHER))
    story.when(noticed, by=sue).refused(Hidden, because=str(LEAD))
    both = story.also(*claimed(lead_id=OTHER))
    both.when(noticed, by=ann).then(replace(told, comparison=None))


def test_how_a_rule_finds_two_alike_no_person_says() -> None:
    story = given(*held, *other_captured)
    for forged in (suspect, replace(suspect, because="same-company", likeness=99)):
        story.when(forged, by=mia).refused(Invalid, because="because: that a rule tells, or a model")
    measured = SuspectDuplicate(lead_id=LEAD, of=OTHER, likeness=99)
    story.when(measured, by=mia).refused(Invalid, because="likeness: that a rule tells")
    story.when(suspect, by=crm).then(suspected)
    story.when(suspect, by=mia, imported=True).then(suspected)


def test_what_a_person_has_noticed_keeps_no_rule_from_telling_how_it_looks() -> None:
    seen = replace(suspected, likeness=100, because="noticed", comparison=None)
    for noticed in (seen, replace(seen, lead_id=OTHER, of=LEAD)):
        story = two.also(noticed)
        story.when(other_way, by=mia).refused(SuspectedAlready)
        told = story.when(suspect, by=policy).then(suspected)
        told.when(suspect, by=policy).refused(SuspectedAlready)
        told.when(other_way, by=mia).refused(SuspectedAlready)
        over = told.when(dismiss, by=mia, reason=why).done()
        over.when(replace(suspect, lead_id=OTHER, of=LEAD), by=policy).refused(DismissedAlready)
        story.when(dismiss, by=mia, reason=why).done().when(suspect, by=policy).refused(DismissedAlready)


def test_nothing_is_merged_by_it_and_both_are_worked_on() -> None:
    story = two.also(suspected)
    merge = MergeLead(lead_id=LEAD, into=OTHER, identity=EMAIL)
    merged = story.when(merge, by=mia).recorded
    assert isinstance(merged[0].event, LeadMerged)


def test_a_lead_is_the_same_as_itself_and_that_is_not_suspected() -> None:
    two.when(replace(suspect, of=LEAD), by=policy).refused(Invalid, because="of: a lead is the same as itself")


@pytest.mark.parametrize("ended", [LEAD, OTHER])
def test_both_are_open(ended: LeadId) -> None:
    over = two.also(replace(lost, lead_id=ended), freed(1 if ended == LEAD else 2, ended))
    over.when(suspect, by=policy).refused(NotNow, because="Closed")
    two.when(replace(suspect, of=THIRD), by=policy).refused(Hidden)


def test_it_is_said_once_from_whichever_side() -> None:
    story = two.also(suspected)
    story.when(suspect, by=policy).refused(SuspectedAlready, because=f"the same as {OTHER}")
    story.when(other_way, by=crm).refused(SuspectedAlready, because=f"the same as {LEAD}")


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (replace(suspect, likeness=101), "likeness: a likeness is 0 to 100"),
        (replace(suspect, likeness=-1), "likeness: a likeness is 0 to 100"),
        (replace(suspect, because="named-together"), "because: that only an enquiry shows"),
        (replace(suspect, comparison=None), "comparison: a rule tells what it has compared"),
        (replace(suspect, because="noticed"), "comparison: a rule tells what it has compared"),
        (replace(suspect, comparison=replace(compared, seen_at=-1)), "comparison: positions begin with 0"),
        (replace(suspect, comparison=replace(compared, alike=0)), "comparison: positions begin with 0"),
        (replace(suspect, comparison=replace(compared, alike=8)), "comparison: positions begin with 0"),
    ],
)
def test_an_explanation_that_is_none_is_refused(wrong: SuspectDuplicate, because: str) -> None:
    two.when(wrong, by=policy).refused(Invalid, because=because)


# Dismissed


def test_whoever_might_merge_them_decides_that_they_are_two_for_a_reason() -> None:
    story = given(*held, *other_captured, suspected)
    story.when(dismiss, by=mia, reason=why).then(dismissed)
    story.when(dismiss, by=mia).refused(Invalid, because="this needs a reason")
    story.when(dismiss, by=ann, reason=why).refused(NotAllowed)
    story.when(dismiss, by=otto, reason=why).refused(Hidden)
    story.when(dismiss, by=mia, imported=True).then(dismissed)


def test_it_is_told_where_it_was_suspected_whichever_is_named_first() -> None:
    turned = DismissDuplicate(lead_id=OTHER, of=LEAD)
    two.also(suspected).when(turned, by=mia, reason=why).then(dismissed)


def test_what_is_not_suspected_is_not_dismissed() -> None:
    two.when(dismiss, by=mia, reason=why).refused(NotSuspected, because=f"the same as {OTHER}")
    two.also(suspected, dismissed).when(dismiss, by=mia, reason=why).refused(NotSuspected)
    two.when(replace(dismiss, of=LEAD), by=mia, reason=why).refused(Invalid, because="of: a lead")


def test_the_same_two_are_not_suspected_again() -> None:
    for story in (two.also(suspected, dismissed), reopened(two.also(suspected, dismissed))):
        story.when(suspect, by=policy).refused(DismissedAlready, because=f"that {OTHER} is another")
        story.when(other_way, by=crm).refused(DismissedAlready, because=f"that {LEAD} is another")


def reopened(story: Given) -> Given:
    """What has been decided outlives a cycle."""
    return story.also(lost, freed(1), LeadReopened(lead_id=LEAD, from_="lost", cycle=2), reserved(1))


# By an enquiry that names both


def test_an_enquiry_that_names_both_asks_a_person_once_at_most() -> None:
    touch = TouchRecorded(lead_id=LEAD, channel="chat")
    touches = (touch, replace(touch, lead_id=OTHER))
    both = ReceiveEnquiry(lead_id=THIRD, source="web", channel="chat", identities=(PHONE, EMAIL))
    together = DuplicateSuspected(lead_id=OTHER, of=LEAD, likeness=100, because="named-together")
    story = two.when(both, by=crm).then(*touches, together)
    story.when(both, by=crm).then(*touches)
    two.also(suspected).when(both, by=crm).then(*touches)
    noticed = replace(suspected, likeness=100, because="noticed", comparison=None)
    two.also(noticed).when(both, by=crm).then(*touches, together)
    two.also(suspected, dismissed).when(both, by=crm).then(*touches)


def test_what_lies_in_a_pool_is_suspected_as_well() -> None:
    given(*in_pool, *other_captured).when(suspect, by=policy).then(suspected)
