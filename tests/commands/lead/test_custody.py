"""Who leads a lead: into a pool, into somebody's hands, to a colleague, and back."""

from dataclasses import replace
from datetime import datetime

import pytest

from commands.lead.circulation import ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, DispatchLead, PoolLead, TransferLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import LoseLead, RecordTouch, ReopenLead
from domain.actor import Actor, Reason
from domain.agent_book import CapacityChanged, SlotKind, SlotReserved
from domain.catalog import CUSTODY_REASONS, REASONS, CatalogPublished, Entry
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import AssignMethod, LeadAssigned, LeadPooled, LeadReleased, LeadTransferred
from domain.lead.facts.work import LeadLost, LeadReopened
from domain.lead.refusals import AlreadyHeld, BookFull, NotAMember, NotAvailable, NotEmployed, NotTheHolder
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import OrgPath, PoolId, StaffId
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    SOUTH,
    captured,
    claim_of,
    claimed,
    freed,
    held,
    in_pool,
    lost,
    pooled,
    published,
    reserved,
    slot,
    slot_freed,
)
from tests.spec import ANN, BOB, MIA, OTTO, PAT, START, SUE, Given, ann, bob, crm, day, given, mia, otto, policy, sue

loose = (*published, *captured)
gone = (*in_pool, lost, freed(1))
into_north = PoolLead(lead_id=LEAD, pool_id=NORTH, reason="nobody-eligible")
in_north = replace(pooled(), reason="nobody-eligible")
to_ann = AssignLead(lead_id=LEAD, owner=ANN)
dispatch_to_ann = DispatchLead(lead_id=LEAD, owner=ANN, rule_id="round-robin", candidates=(ANN, BOB))
hand_over = TransferLead(lead_id=LEAD, to=BOB)
release = ReleaseLead(lead_id=LEAD)
holidays = Reason(code="holidays")


def assigned(owner: StaffId = ANN, method: AssignMethod = "assign", at: datetime = START) -> LeadAssigned:
    terms = claim_of(owner, at)
    return LeadAssigned(
        lead_id=LEAD,
        owner=owner,
        method=method,
        pool_id=NORTH,
        first_contact_due=terms.first_contact_due,
        protect_until=terms.protect_until,
        hard_limit=terms.hard_limit,
        extension_days=3,
        time_zone="Asia/Shanghai",
    )


def in_custody_of(owner: StaffId, kind: SlotKind = "assign", at: datetime = START) -> tuple[LeadAssigned, SlotReserved]:
    return assigned(owner, at=at), slot(owner, at, kind)


transferred = (
    LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB, cools_until=day(4, 1), first_contact_due=day(3, 26)),
    slot_freed(ANN),
    slot(BOB, kind="transfer"),
)
released = (
    LeadReleased(
        lead_id=LEAD,
        from_=ANN,
        pool_id=NORTH,
        reason="voluntary-return",
        claimable_from=START,
        cools_until=day(4, 1),
    ),
    slot_freed(ANN),
)

# Every move, from everywhere


MOVES = {
    "pool": (into_north, crm, (in_north,)),
    "claim": (ClaimLead(lead_id=LEAD), bob, claimed(BOB)),
    "assign": (replace(to_ann, owner=BOB), mia, in_custody_of(BOB)),
    "transfer": (hand_over, mia, transferred),
    "release": (release, ann, released),
}
ALLOWED = {
    ("unassigned", "pool"),
    ("unassigned", "assign"),
    ("pooled", "pool"),
    ("pooled", "claim"),
    ("pooled", "assign"),
    ("held", "transfer"),
    ("held", "release"),
}
PLACES: dict[str, Given] = {"unassigned": given(*loose), "pooled": given(*in_pool), "held": given(*held)}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("move", MOVES)
def test_custody_moves_as_the_table_says_and_not_otherwise(place: str, move: str) -> None:
    command, by, events = MOVES[move]
    if (place, move) == ("unassigned", "assign"):
        command = replace(to_ann, owner=BOB, pool_id=NORTH)
    if (place, move) in ALLOWED:
        PLACES[place].when(command, by=by, reason=holidays).then(*events)
    elif (place, move) in {("held", "claim"), ("held", "assign")}:
        PLACES[place].when(command, by=by, reason=holidays).refused(
            AlreadyHeld, because="ann holds it, protected until"
        )
    elif (place, move) == ("pooled", "release"):
        PLACES[place].when(command, by=by, reason=holidays).refused(NotAllowed)  # Nobody's work yet.
        PLACES[place].when(command, by=mia, reason=holidays).refused(NotNow, because="needs Held, and it is Pooled")
    else:
        asked = PLACES[place].when(command, by=mia, reason=holidays)
        asked.refused(NotNow, because=f"this needs .*, and it is {place.capitalize()}")


@pytest.mark.parametrize("move", MOVES)
def test_what_has_ended_is_in_nobody_s_custody(move: str) -> None:
    command, _, _ = MOVES[move]
    given(*gone).when(command, by=mia, reason=holidays).refused(NotNow, because="this needs Open, and it is Closed")


def test_what_has_ended_remains_with_those_who_had_it() -> None:
    """Another manager has no business with it, and cannot bring it over by reopening it."""
    ended = given(*held, lost, slot_freed(), freed(1))
    touch = RecordTouch(lead_id=LEAD, channel="web")
    ended.when(touch, by=otto).refused(Hidden)
    ended.when(ReopenLead(lead_id=LEAD), by=otto).refused(Hidden)
    ended.when(touch, by=ann).refused(NotAllowed, because="lies outside the scope own")  # She sees it, and no more.
    ended.when(touch, by=bob).refused(Hidden)
    again = ended.when(ReopenLead(lead_id=LEAD), by=mia).done()
    again.when(replace(to_ann, owner=SUE, pool_id=SOUTH), by=otto).refused(Hidden)
    again.when(touch, by=bob).refused(Hidden)
    again.when(replace(to_ann, pool_id=NORTH), by=mia).then(*in_custody_of(ANN))


def test_what_was_closed_in_a_pool_remains_with_its_members() -> None:
    touch = RecordTouch(lead_id=LEAD, channel="web")
    given(*gone).when(touch, by=otto).refused(Hidden)
    given(*gone).when(touch, by=mia).done()


def test_what_never_was_anybody_s_is_every_manager_s() -> None:
    touch = RecordTouch(lead_id=LEAD, channel="web")
    given(*loose).when(touch, by=otto).done()
    given(*loose, lost, freed(1)).when(touch, by=otto).done()


def test_a_system_that_bears_the_owner_s_name_is_not_the_owner() -> None:
    double = replace(crm, id="ann")
    given(*held).when(release, by=double).refused(NotTheHolder)
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
    given(*held).when(call, by=double).refused(NotTheHolder)


def test_what_is_closed_is_claimed_by_nobody_who_may_not_see_it() -> None:
    ended = given(*held, lost, slot_freed(), freed(1))
    ended.when(ClaimLead(lead_id=LEAD), by=bob).refused(Hidden)
    ended.when(ClaimLead(lead_id=LEAD), by=mia).refused(NotNow)


# Into a pool


def test_why_a_lead_goes_into_a_pool_is_said_by_a_code() -> None:
    gossip = replace(into_north, reason="Frau Meier, Hauptstr. 5, is ill")
    given(*loose).when(gossip, by=crm).refused(Invalid, because="^reason: this is a code of up to 64 letters")
    given(*held).when(replace(release, reason="she is ill"), by=ann).refused(Invalid, because="this is a code")
    reasons = CatalogPublished(catalog_id=CUSTODY_REASONS, number=1, entries=(Entry(code="new"),))
    given(*loose, reasons).when(replace(into_north, reason="new"), by=crm).then(pooled())
    given(*loose, reasons).when(into_north, by=crm).refused(Invalid, because="^reason: custody-reasons offers new$")


def test_a_reason_that_goes_with_a_command_is_a_code_too() -> None:
    told = Reason(code="Frau Meier is ill")
    given(*held).when(hand_over, by=mia, reason=told).refused(Invalid, because="this is a code")
    reasons = CatalogPublished(catalog_id=REASONS, number=1, entries=(Entry(code="illness"),))
    given(*held, reasons).when(hand_over, by=mia, reason=holidays).refused(Invalid, because="reasons offers illness$")
    given(*held, reasons).when(hand_over, by=mia, reason=Reason(code="illness")).then(*transferred)


def test_a_pool_is_published_before_anything_lies_in_it() -> None:
    nowhere = replace(into_north, pool_id=PoolId("west"))
    given(*loose).when(nowhere, by=crm).refused(NotNow, because="this needs Pool, and pool/west is Unpublished")
    odd = replace(into_north, pool_id=PoolId("no/where"))
    given(*loose).when(odd, by=crm).refused(Invalid, because="pool_id: an id has no blanks, slashes or control")
    given(*loose).when(replace(into_north, reason=" "), by=crm).refused(Invalid, because="this is a code")


def test_pooling_is_for_those_who_dispatch() -> None:
    given(*loose).when(into_north, by=mia).then(in_north)
    given(*loose).when(into_north, by=policy).then(in_north)
    given(*loose).when(into_north, by=ann).refused(NotAllowed, because="the role sales has no")
    given(*in_pool).when(replace(into_north, pool_id=SOUTH), by=otto).refused(Hidden)


# Into somebody's hands


def test_a_manager_assigns_to_his_own_people() -> None:
    given(*in_pool).when(to_ann, by=mia).then(*in_custody_of(ANN))
    given(*in_pool).when(replace(to_ann, owner=MIA), by=mia).then(*in_custody_of(MIA))
    given(*in_pool).when(replace(to_ann, owner=SUE), by=mia).refused(
        NotAllowed, because="assign is not allowed: sue lies outside the scope of mia"
    )
    given(*in_pool).when(to_ann, by=otto).refused(Hidden)
    given(*in_pool).when(to_ann, by=ann).refused(NotAllowed)


def test_a_dispatch_keeps_its_rule_and_whom_it_considered() -> None:
    dispatched = replace(assigned(), method="dispatch", rule_id="round-robin", candidates=(ANN, BOB))
    given(*in_pool).when(dispatch_to_ann, by=policy).then(dispatched, slot(kind="dispatch"))
    given(*in_pool).when(dispatch_to_ann, by=crm).then(dispatched, slot(kind="dispatch"))
    given(*in_pool).when(dispatch_to_ann, by=mia).refused(Invalid, because="a rule dispatches")
    given(*in_pool).when(replace(dispatch_to_ann, owner=SUE), by=mia).refused(Invalid)
    given(*in_pool).when(replace(dispatch_to_ann, rule_id=""), by=policy).refused(Invalid, because="rule_id")


GIVING = [(to_ann, mia), (dispatch_to_ann, policy)]


@pytest.mark.parametrize(("command", "by"), GIVING)
def test_nothing_goes_to_whose_role_works_no_leads(command: object, by: Actor) -> None:
    to_pat = replace(command, owner=PAT)  # type: ignore[type-var]
    in_the_north = StaffMoved(staff_id=PAT, role="analyst", from_=OrgPath("head-office"), to=OrgPath("north"))
    given(*in_pool, in_the_north).when(to_pat, by=by).refused(NotAllowed, because="the role analyst, which works no")


@pytest.mark.parametrize(("command", "by"), GIVING)
def test_nothing_goes_to_who_has_left_never_came_or_is_away(command: object, by: Actor) -> None:
    departed = StaffDeparted(staff_id=ANN)
    given(*in_pool, departed).when(command, by=by).refused(NotEmployed, because="ann does not work here")
    stranger = replace(command, owner=StaffId("zoe"))  # type: ignore[type-var]
    given(*in_pool).when(stranger, by=by).refused(NotEmployed, because="zoe does not work here")
    away = AvailabilityChanged(staff_id=ANN, available=False)
    given(*in_pool, away).when(command, by=by).refused(NotAvailable, because="ann is not available")


@pytest.mark.parametrize(("command", "by"), GIVING)
def test_nothing_goes_to_whose_book_is_full(command: object, by: Actor) -> None:
    full = CapacityChanged(staff_id=ANN, cap=0, daily_claims=20)
    given(*in_pool, full).when(command, by=by).refused(BookFull, because="ann holds 0 of 0")
    spent = CapacityChanged(staff_id=ANN, cap=1, daily_claims=0)  # What is given is no claim.
    assert given(*in_pool, spent).when(command, by=by).recorded


def test_who_is_away_until_then_is_to_be_had_then() -> None:
    away = AvailabilityChanged(staff_id=ANN, available=False, until=day(3, 26))
    given(*in_pool, away).when(to_ann, by=mia, at=day(3, 26, 9, 59)).refused(NotAvailable)
    given(*in_pool, away).when(to_ann, by=mia, at=day(3, 26)).then(*in_custody_of(ANN, at=day(3, 26)))
    here = replace(away, available=True)
    given(*in_pool, here).when(to_ann, by=mia, at=day(3, 26)).refused(NotAvailable)


def test_a_lead_in_no_pool_is_assigned_under_the_terms_of_one_that_is_named() -> None:
    given(*loose).when(to_ann, by=mia).refused(Invalid, because="pool_id: a lead that lies in no pool is assigned")
    given(*loose).when(replace(to_ann, pool_id=NORTH), by=mia).then(*in_custody_of(ANN))
    given(*in_pool).when(replace(to_ann, pool_id=NORTH), by=mia).then(*in_custody_of(ANN))
    given(*in_pool).when(replace(to_ann, pool_id=SOUTH), by=mia).refused(Invalid, because="the terms of north hold")


def test_the_terms_are_those_of_a_pool_that_the_receiver_is_a_member_of() -> None:
    given(*loose).when(replace(to_ann, pool_id=SOUTH), by=mia).refused(NotAMember, because="south is for others")
    again = (*held, lost, slot_freed(), freed(1), LeadReopened(lead_id=LEAD, from_="lost", cycle=2), reserved(1))
    story = given(*again)
    story.when(to_ann, by=mia).then(*in_custody_of(ANN))  # Those of the pool that it came from.
    story.when(replace(to_ann, pool_id=SOUTH), by=mia).refused(NotAMember)


# To a colleague


def test_a_transfer_needs_a_reason() -> None:
    given(*held).when(hand_over, by=mia).refused(Invalid, because="reason: this needs a reason")
    given(*held).when(hand_over, by=mia, reason=Reason(code=" ")).refused(Invalid, because="reason")
    given(*held).when(hand_over, by=mia, reason=holidays).then(*transferred)


def test_a_transfer_is_a_manager_s_within_his_own_people() -> None:
    given(*held).when(hand_over, by=ann, reason=holidays).refused(
        NotAllowed, because="the role sales has no such right"
    )
    given(*held).when(hand_over, by=otto, reason=holidays).refused(Hidden)
    given(*held).when(replace(hand_over, to=SUE), by=mia, reason=holidays).refused(NotAllowed, because="sue lies")
    given(*held).when(replace(hand_over, to=ANN), by=mia, reason=holidays).refused(Invalid, because="holds it already")
    departed = StaffDeparted(staff_id=BOB)
    given(*held, departed).when(hand_over, by=mia, reason=holidays).refused(NotEmployed, because="bob does not")
    full = CapacityChanged(staff_id=BOB, cap=0, daily_claims=20)
    given(*held, full).when(hand_over, by=mia, reason=holidays).refused(BookFull, because="bob holds 0 of 0")


# And back


def test_the_owner_gives_a_lead_back_or_a_manager_does() -> None:
    given(*held).when(release, by=ann).then(*released)
    given(*held).when(release, by=mia).then(*released)
    given(*held).when(release, by=bob).refused(Hidden)
    given(*held).when(release, by=otto).refused(Hidden)
    given(*held).when(release, by=sue).refused(Hidden)
    given(*held).when(release, by=crm).refused(NotTheHolder, because="ann holds it")


def test_a_program_gives_nothing_back() -> None:
    """It takes back, for a reason that is checked."""
    given(*held).when(release, by=policy).refused(NotAllowed, because="only a person does this")


def test_a_manager_gives_back_what_he_holds_himself_wherever_he_likes() -> None:
    in_mia_s_hands = (*in_pool, *claimed(MIA))
    given(*in_mia_s_hands).when(replace(release, pool_id=SOUTH), by=mia).done()


def test_to_give_back_without_a_reason_is_always_possible() -> None:
    reasons = CatalogPublished(catalog_id=CUSTODY_REASONS, number=1, entries=(Entry(code="new"),))
    given(*held, reasons).when(release, by=ann).then(*released)


def test_it_goes_back_where_it_came_from_or_where_it_is_sent() -> None:
    elsewhere = replace(released[0], pool_id=SOUTH, reason="territory")
    to_south = ReleaseLead(lead_id=LEAD, pool_id=SOUTH, reason="territory")
    given(*held).when(to_south, by=mia).then(elsewhere, slot_freed(ANN))
    nowhere = replace(to_south, pool_id=PoolId("west"))
    given(*held).when(nowhere, by=mia).refused(NotNow, because="pool/west is Unpublished")
    given(*held).when(replace(release, reason=""), by=ann).refused(Invalid, because="reason")


def test_a_lead_of_who_has_left_is_still_his_manager_s() -> None:
    given(*held, StaffDeparted(staff_id=ANN)).when(release, by=mia).then(*released)
    moved = given(*held, StaffDeparted(staff_id=ANN)).when(hand_over, by=mia, reason=holidays).then(*transferred)
    moved.when(LoseLead(lead_id=LEAD, reason="price"), by=bob).then(
        LeadLost(lead_id=LEAD, from_="new", reason="price", cools_until=day(4, 1)),
        slot_freed(BOB),
        freed(1, cooling={ANN: day(4, 1), BOB: day(4, 1)}),
    )


def test_what_is_in_one_s_hands_is_not_offered_any_more() -> None:
    given(*held).when(into_north, by=mia).refused(NotNow, because="needs Unassigned or Pooled, and it is Held")
    assert isinstance(in_pool[-1], LeadPooled)
    assert otto.id == OTTO
