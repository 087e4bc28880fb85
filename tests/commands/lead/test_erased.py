"""A person who has been erased: what was known of him reads Erased, and every rule copes with it."""

from dataclasses import replace

import pytest

from commands.lead.capture import CaptureLead, CorrectLead, MergeLead
from commands.lead.circulation import ReleaseLead
from commands.lead.custody import ClaimLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import ContactLead, LoseLead, RecordTouch, ReopenLead
from domain.identity import IdentityReassigned
from domain.lead.facts.custody import LeadReleased
from domain.lead.facts.intake import LeadCaptured, LeadCorrected, TouchRecorded
from domain.lead.facts.work import (
    FollowUpLogged,
    LeadAbsorbed,
    LeadContacted,
    LeadLost,
    LeadMerged,
    LeadReopened,
    NextActionScheduled,
)
from domain.values import Erased
from tests.commands.lead.situations import (
    EMAIL,
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    claimed,
    freed,
    link,
    other_captured,
    pooled,
    published,
    reserved,
    slot_freed,
)
from tests.spec import ANN, BOB, START, ann, bob, crm, day, given, identity, mia

gone = Erased(on=day(3, 24), by="dpo")
erased = (
    LeadCaptured(
        lead_id=LEAD,
        source="fair",
        channel="form",
        identities=(replace(link(1), value=gone),),
        name=gone,
        custom={"size": "small"},
        personal_custom=gone,
    ),
    reserved(1),
    TouchRecorded(lead_id=LEAD, channel="web", note=gone),
    NextActionScheduled(lead_id=LEAD, at=START, what=gone),
    LeadCorrected(lead_id=LEAD, corrects=1, name=gone, personal_custom=gone),
    pooled(),
    *claimed(),
    FollowUpLogged(lead_id=LEAD, channel="call", effective=True, note=gone),
)
lead = given(*published, *erased)


def test_a_lead_of_nobody_goes_on_and_comes_to_an_end() -> None:
    lead.when(ContactLead(lead_id=LEAD), by=ann).then(LeadContacted(lead_id=LEAD, from_="new"))
    lead.when(RecordTouch(lead_id=LEAD, channel="web"), by=ann).then(TouchRecorded(lead_id=LEAD, channel="web"))
    story = lead.when(LoseLead(lead_id=LEAD, reason="price"), by=ann).then(
        LeadLost(lead_id=LEAD, from_="new", reason="price", cools_until=day(4, 1)),
        slot_freed(),
        freed(1, cooling={ANN: day(4, 1)}),
    )
    story.when(ReopenLead(lead_id=LEAD), by=mia).then(LeadReopened(lead_id=LEAD, from_="lost", cycle=2), reserved(1))


def test_a_lead_of_nobody_is_given_back_and_claimed() -> None:
    back = LeadReleased(
        lead_id=LEAD,
        from_=claimed()[0].owner,
        pool_id=NORTH,
        reason="voluntary-return",
        claimable_from=START,
        cools_until=day(4, 1),
    )
    story = lead.when(ReleaseLead(lead_id=LEAD), by=ann).then(back, slot_freed())
    story.when(ClaimLead(lead_id=LEAD), by=bob).then(*claimed(BOB))


def test_a_lead_of_nobody_is_merged_and_corrected() -> None:
    merge = MergeLead(lead_id=LEAD, into=OTHER, identity=EMAIL)
    lead.also(*other_captured).when(merge, by=mia).then(
        LeadMerged(lead_id=LEAD, from_="new", into=OTHER),
        LeadAbsorbed(lead_id=OTHER, absorbed=LEAD, identities={identity(1): "phone"}, cooling={ANN: day(4, 1)}),
        IdentityReassigned(identity_id=identity(1), from_=LEAD, to=OTHER),
        slot_freed(),
    )
    right = CorrectLead(lead_id=LEAD, corrects=1, source="web")
    lead.when(right, by=ann).then(LeadCorrected(lead_id=LEAD, corrects=1, source="web"))


def test_who_comes_again_after_erasure_is_somebody_new() -> None:
    """The way from the value to its old stream has been erased with him."""
    again = CaptureLead(lead_id=OTHER, source="web", channel="form", identities=(PHONE,))
    fresh = LeadCaptured(lead_id=OTHER, source="web", channel="form", identities=(link(2),))
    lead.when(again, by=crm).then(fresh, reserved(2, OTHER))


@pytest.mark.parametrize("note", ["she has moved", None])
def test_what_is_told_after_erasure_is_recorded(note: str | None) -> None:
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=False, note=note)
    lead.when(call, by=ann).then(FollowUpLogged(lead_id=LEAD, channel="call", effective=False, note=note))
