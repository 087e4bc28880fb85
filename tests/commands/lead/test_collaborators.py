"""Colleagues who are let in beside the owner, and what of it ends when."""

from dataclasses import replace
from datetime import datetime

from commands.lead.capture import CorrectLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import ClaimLead, TransferLead
from commands.lead.holding import AddCollaborator, LogFollowUp
from commands.lead.work import ConvertLead, InvalidateLead, LoseLead, RecordTouch
from domain.actor import Reason
from domain.errors import HasLeft, Hidden, Invalid, NotAllowed, NotNow
from domain.identity import Identifier
from domain.lead.facts.custody import Access, CollaboratorAdded, LeadReleased, LeadTransferred, ProtectionExtended
from domain.lead.facts.intake import TouchRecorded
from domain.lead.facts.work import FollowUpLogged
from domain.lead.refusals import NotEmployed, NotTheHolder
from domain.staff import StaffDeparted
from domain.values import StaffId
from tests.commands.lead.situations import (
    CUSTOMER,
    LEAD,
    NORTH,
    SOUTH,
    buyer,
    claimed,
    contacted,
    held,
    in_pool,
    negotiating,
    qualified,
    slot,
    slot_freed,
)
from tests.spec import ANN, BOB, MIA, OTTO, PAT, SUE, ann, bob, crm, day, given, mia, otto, policy, sue

call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
called = FollowUpLogged(lead_id=LEAD, channel="call", effective=True)
touch = RecordTouch(lead_id=LEAD, channel="web")
touched = TouchRecorded(lead_id=LEAD, channel="web")
lose = LoseLead(lead_id=LEAD, reason="price")
let_sue_work = AddCollaborator(lead_id=LEAD, staff_id=SUE, access="work")


def let_in(who: StaffId = SUE, access: Access = "work", until: datetime | None = None) -> CollaboratorAdded:
    return CollaboratorAdded(lead_id=LEAD, staff_id=who, access=access, until=until)


def test_the_owner_lets_somebody_in_or_a_manager_does() -> None:
    given(*held).when(let_sue_work, by=ann).then(let_in())
    given(*held).when(let_sue_work, by=mia).then(let_in())
    given(*held).when(let_sue_work, by=policy).then(let_in())
    given(*held).when(let_sue_work, by=otto).refused(Hidden)
    given(*held).when(let_sue_work, by=crm).refused(NotTheHolder, because="ann holds it")
    given(*held, let_in()).when(replace(let_sue_work, staff_id=BOB), by=sue).refused(NotTheHolder)
    given(*held, let_in(MIA)).when(replace(let_sue_work, staff_id=BOB), by=mia).then(let_in(BOB))


def test_the_owner_himself_is_not_let_in() -> None:
    myself = replace(let_sue_work, staff_id=ANN)
    given(*held).when(myself, by=ann).refused(Invalid, because="the owner needs no access of that kind")


def test_nobody_is_let_in_who_does_not_work_here() -> None:
    given(*held).when(replace(let_sue_work, staff_id=StaffId("zoe"))).refused(NotEmployed, because="zoe does not")
    given(*held, StaffDeparted(staff_id=SUE)).when(let_sue_work).refused(NotEmployed)


def test_nobody_is_let_in_where_nobody_holds() -> None:
    given(*in_pool).when(let_sue_work, by=mia).refused(NotNow, because="this needs Held, and it is Pooled")


def test_who_is_let_in_to_work_works() -> None:
    given(*held).when(call, by=sue).refused(Hidden)
    given(*held, let_in()).when(call, by=sue).then(called)
    given(*held, let_in()).when(call, by=sue, at=day(4, 2)).then(
        called, ProtectionExtended(lead_id=LEAD, until=day(4, 5))
    )


def test_who_is_let_in_does_not_take_it_along() -> None:
    """By ending it, or by taking its identities away, for a lead of his own."""
    helped = given(*held, let_in())
    helped.when(lose, by=sue).refused(NotAllowed, because="close is not allowed: .* lies outside the scope own")
    other = (Identifier(kind="email", value="other@example.cn"),)
    helped.when(CorrectLead(lead_id=LEAD, corrects=1, identities=other), by=sue).refused(NotAllowed)
    invalidate = InvalidateLead(lead_id=LEAD, reason="wrong-number")
    helped.when(invalidate, by=sue).refused(NotAllowed)
    convert = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER)
    helped.also(buyer, contacted, qualified, negotiating).when(convert, by=sue).refused(NotAllowed)


def test_nobody_is_let_in_to_work_whose_role_works_no_leads() -> None:
    let_pat_work = replace(let_sue_work, staff_id=PAT)
    given(*held).when(let_pat_work, by=ann).refused(NotAllowed, because="the role analyst works no leads")
    given(*held).when(replace(let_pat_work, access="read"), by=ann).then(let_in(PAT, access="read"))


def test_who_is_let_in_to_read_does_not_work() -> None:
    reader = given(*held, let_in(access="read"))
    reader.when(call, by=sue).refused(NotAllowed, because="work is not allowed: lead/.* lies outside the scope own")
    reader.when(lose, by=sue).refused(NotAllowed)
    reader.when(touch, by=sue).refused(NotAllowed)


def test_the_access_ends_at_its_end() -> None:
    guest = given(*held, let_in(until=day(3, 27)))
    guest.when(call, by=sue, at=day(3, 27, 9, 59)).then(called)
    guest.when(call, by=sue, at=day(3, 27)).refused(Hidden)
    guest.when(touch, by=sue, at=day(3, 27)).refused(Hidden)


def test_what_was_allowed_is_allowed_otherwise_and_so_it_is_ended() -> None:
    only_read = AddCollaborator(lead_id=LEAD, staff_id=SUE, access="read")
    story = given(*held, let_in()).when(only_read, by=ann).then(let_in(access="read"))
    story.when(touch, by=sue).refused(NotAllowed)
    over = AddCollaborator(lead_id=LEAD, staff_id=SUE, access="work", until=day(3, 26))
    story = given(*held, let_in()).when(over, by=ann, at=day(3, 26)).then(let_in(until=day(3, 26)))
    story.when(touch, by=sue, at=day(3, 26)).refused(Hidden)


def test_who_helps_does_not_give_back() -> None:
    given(*held, let_in()).when(ReleaseLead(lead_id=LEAD), by=sue).refused(NotTheHolder, because="ann holds it")


def test_a_manager_who_helps_elsewhere_decides_nothing_there() -> None:
    helped = given(*held, let_in(OTTO))
    helped.when(call, by=otto).then(called)
    reclaim = RecycleLead(lead_id=LEAD, reason="manager-reclaim", pool_id=SOUTH)
    helped.when(reclaim, by=otto, reason=Reason(code="mine")).refused(NotAllowed, because="lies outside the scope")
    helped.when(TransferLead(lead_id=LEAD, to=OTTO), by=otto, reason=Reason(code="mine")).refused(NotAllowed)


def test_the_manager_of_who_helps_has_no_say() -> None:
    given(*held, let_in()).when(touch, by=otto).refused(Hidden)


def test_help_ends_with_the_custody() -> None:
    given_back = LeadReleased(
        lead_id=LEAD,
        from_=ANN,
        pool_id=NORTH,
        reason="voluntary-return",
        claimable_from=day(3, 26),
        cools_until=day(4, 2),
    )
    story = (
        given(*held, let_in()).when(ReleaseLead(lead_id=LEAD), by=ann, at=day(3, 26)).then(given_back, slot_freed(ANN))
    )
    story = story.when(ClaimLead(lead_id=LEAD), by=bob, at=day(3, 26)).then(*claimed(BOB, day(3, 26)))
    story.when(touch, by=sue, at=day(3, 26)).refused(Hidden)
    story.when(touch, by=bob, at=day(3, 26)).then(touched)


def test_help_goes_on_under_a_colleague() -> None:
    to_bob = TransferLead(lead_id=LEAD, to=BOB)
    story = (
        given(*held, let_in(), let_in(BOB))
        .when(to_bob, by=mia, reason=Reason(code="holidays"))
        .then(
            LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB, cools_until=day(4, 1), first_contact_due=day(3, 26)),
            slot_freed(ANN),
            slot(BOB, kind="transfer"),
        )
    )
    story.when(call, by=sue).then(called)
    story.when(touch, by=ann).refused(Hidden)
    story.when(let_sue_work, by=bob).then(let_in())


def test_who_helps_and_leaves_helps_no_more() -> None:
    given(*held, let_in(), StaffDeparted(staff_id=SUE)).when(call, by=sue).refused(HasLeft, because="sue has departed")
