"""Who gets a lead from a colleague has a first contact of his own to make, in a time of his own."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from commands.lead.circulation import RecycleLead, WarnOfLapse
from commands.lead.custody import TransferLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import ContactLead, NegotiateLead, NurtureLead, QualifyLead
from domain.actor import Reason
from domain.lead.facts.custody import LapseWarned, LeadAssigned, LeadTransferred
from domain.lead.refusals import ReasonDoesNotHold, StillProtected, WarnedAlready
from domain.pool import Terms
from domain.staff import StaffDeparted
from domain.values import StaffId
from tests.commands.lead.situations import AMOUNT, LEAD, NORTH, contacted, held, in_pool, qualified, under
from tests.spec import ANN, BOB, Given, ann, bob, day, given, mia, policy

SECOND = timedelta(seconds=1)
LAPSE = day(4, 4)  # Of what was claimed when the story began.


def handed(story: Given, at: datetime, to: StaffId = BOB) -> Given:
    return story.when(TransferLead(lead_id=LEAD, to=to), by=mia, at=at, reason=Reason(code="holidays")).done()


def must_be_contacted_by(story: Given, due: datetime) -> None:
    back = RecycleLead(lead_id=LEAD, reason="no-first-contact")
    story.when(back, by=policy, at=due - SECOND).refused(StillProtected)
    story.when(back, by=policy, at=due).done()


def test_who_gets_it_late_has_a_day_like_everybody_else() -> None:
    must_be_contacted_by(handed(given(*held), day(3, 26, 9)), day(3, 27, 9))


def test_that_a_predecessor_has_called_is_no_contact_of_his() -> None:
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
    for story in (given(*held, contacted), given(*held).when(call, by=ann).done()):
        must_be_contacted_by(handed(story, day(3, 28)), day(3, 29))


def test_who_has_called_keeps_it() -> None:
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
    back = RecycleLead(lead_id=LEAD, reason="no-first-contact")
    story = handed(given(*held), day(3, 26, 9))
    for first in (ContactLead(lead_id=LEAD), call):
        reached = story.when(first, by=bob, at=day(3, 26, 10)).done()
        reached.when(back, by=policy, at=day(3, 30)).refused(ReasonDoesNotHold, because="a contact has been made")
    in_vain = story.when(replace(call, effective=False), by=bob, at=day(3, 26, 10)).done()
    must_be_contacted_by(in_vain, day(3, 27, 9))


QUOTE = NegotiateLead(lead_id=LEAD, quote_no="Q-1", amount=AMOUNT)


@pytest.mark.parametrize(
    ("before", "offer"),
    [((), QualifyLead(lead_id=LEAD, amount=AMOUNT)), ((qualified,), QUOTE)],
    ids=["qualify", "quote"],
)
def test_who_comes_to_an_offer_has_reached_the_person(before: tuple[object, ...], offer: object) -> None:
    back = RecycleLead(lead_id=LEAD, reason="no-first-contact")
    story = handed(given(*held, contacted, *before), day(3, 28))
    must_be_contacted_by(story, day(3, 29))
    offered = story.when(offer, by=bob, at=day(3, 28, 11)).done()
    offered.when(back, by=policy, at=day(3, 29)).refused(ReasonDoesNotHold, because="a contact has been made")
    must_be_contacted_by(handed(offered, day(3, 30), ANN), day(3, 31))


def test_to_put_it_off_reaches_nobody() -> None:
    story = handed(given(*held, contacted, qualified), day(3, 28))
    later = NurtureLead(lead_id=LEAD, revisit_at=day(5, 1))
    must_be_contacted_by(story.when(later, by=bob, at=day(3, 28, 11)).done(), day(3, 29))


def test_who_gets_it_is_warned_himself() -> None:
    warn = WarnOfLapse(lead_id=LEAD)
    his = LapseWarned(lead_id=LEAD, owner=BOB, until=LAPSE)
    older = LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB)
    known = given(*held, contacted).when(warn, by=policy, at=day(4, 1)).done()
    for story in (handed(known, day(4, 2)), known.also(older)):
        told = story.when(warn, by=policy, at=day(4, 2)).then(his)
        told.when(warn, by=policy, at=day(4, 2)).refused(WarnedAlready, because="bob knows")


@pytest.mark.parametrize(("at", "due"), [(day(4, 3), LAPSE), (day(4, 3, 10, 1), LAPSE), (day(4, 2), day(4, 3))])
def test_it_is_never_due_after_the_protection_ends(at: datetime, due: datetime) -> None:
    (told, *_) = (
        given(*held).when(TransferLead(lead_id=LEAD, to=BOB), by=mia, at=at, reason=Reason(code="holidays")).recorded
    )
    assert isinstance(told.event, LeadTransferred)
    assert told.event.first_contact_due == due
    must_be_contacted_by(handed(given(*held), at), due)


def test_two_who_pass_it_to_and_fro_lose_it_all_the_same() -> None:
    story = given(*held)
    for of_april in range(1, 4):
        story = handed(story, day(4, of_april, 9), BOB if of_april % 2 else ANN)
    story = handed(story, day(4, 3, 23), ANN)
    must_be_contacted_by(story, LAPSE)
    story.when(RecycleLead(lead_id=LEAD, reason="no-follow-up"), by=policy, at=LAPSE).done()
    story.when(RecycleLead(lead_id=LEAD, reason="no-follow-up"), by=policy, at=LAPSE - SECOND).refused(StillProtected)


def test_the_time_is_the_pool_s_as_it_is_published_when_it_is_handed_over() -> None:
    slow = under(Terms(first_contact_hours=48))
    must_be_contacted_by(handed(given(*held, slow), day(3, 26)), day(3, 28))


def test_a_promise_of_the_first_response_was_his_predecessors() -> None:
    soon = LeadAssigned(
        lead_id=LEAD,
        owner=ANN,
        method="dispatch",
        pool_id=NORTH,
        first_contact_due=day(3, 26),
        protect_until=LAPSE,
        hard_limit=day(4, 14),
        extension_days=3,
        time_zone="Asia/Shanghai",
        first_response_due=day(3, 25, 10, 30),
    )
    must_be_contacted_by(handed(given(*in_pool, soon), day(3, 25, 10, 20)), day(3, 26, 10, 20))


def test_from_whom_has_left_it_is_the_same() -> None:
    must_be_contacted_by(handed(given(*held, contacted, StaffDeparted(staff_id=ANN)), day(3, 27)), day(3, 28))


def test_an_older_transfer_left_the_first_contact_as_it_was() -> None:
    older = LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB)
    must_be_contacted_by(given(*held, older), day(3, 26))
    given(*held, contacted, older).when(
        RecycleLead(lead_id=LEAD, reason="no-first-contact"), by=policy, at=day(3, 30)
    ).refused(ReasonDoesNotHold)
