"""Claiming a lead (领取): who may, when, and how many."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest

from commands.lead.capture import CaptureLead, CorrectLead
from commands.lead.circulation import ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, PoolLead, TransferLead
from commands.lead.work import InvalidateLead, LoseLead, ReopenLead
from domain.actor import Reason
from domain.agent_book import CapacityChanged, SlotReserved
from domain.errors import HasLeft, Hidden, NotAllowed, NotNow, UnknownStaff
from domain.identity import Identifier
from domain.lead.facts.custody import LeadClaimed, LeadPooled, LeadReleased, LeadTransferred
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.refusals import (
    AlreadyHeld,
    BookFull,
    ClaimsSpent,
    CoolingDown,
    NotAMember,
    NotYetClaimable,
)
from domain.pool import PoolPublished, Terms
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import LeadId, OrgPath, StaffId
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    SOUTH,
    TERMS,
    THIRD,
    captured,
    claim_of,
    claimed,
    converted,
    freed,
    held,
    in_pool,
    link,
    lost,
    negotiating,
    other_captured,
    pooled,
    published,
    qualified,
    slot,
    slot_freed,
    south,
    under,
)
from tests.spec import ANN, BOB, MIA, START, ann, bob, crm, day, given, mia, otto, pat, person, policy, sue

claim = ClaimLead(lead_id=LEAD)


def given_back(owner: StaffId = ANN, at: datetime = START, *, cools_until: datetime) -> LeadReleased:
    return LeadReleased(
        lead_id=LEAD, from_=owner, pool_id=NORTH, reason="voluntary-return", claimable_from=at, cools_until=cools_until
    )


# Who


def test_a_member_of_the_pool_claims() -> None:
    given(*in_pool).when(claim, by=ann).then(*claimed(ANN))
    given(*in_pool).when(claim, by=mia).then(*claimed(MIA))


def test_who_is_no_member_does_not() -> None:
    given(*in_pool).when(claim, by=sue).refused(Hidden)
    given(*in_pool).when(claim, by=otto).refused(Hidden)
    moved = StaffMoved(staff_id=ANN, role="sales", from_=OrgPath("north/team-1"), to=OrgPath("south/team-1"))
    given(*in_pool, moved).when(claim, by=ann).refused(Hidden)
    given(*in_pool, replace(published[0], number=2, members=(OrgPath("nor"),))).when(claim).refused(Hidden)
    of_the_team = replace(published[0], number=2, members=(OrgPath("north/team-1"),))
    given(*in_pool, of_the_team).when(claim, by=mia).refused(NotAMember, because="the pool north is for others")


def test_nobody_claims_whose_role_does_not() -> None:
    given(*in_pool).when(claim, by=pat).refused(NotAllowed, because="the role analyst has no such right")
    given(*in_pool).when(claim, by=crm).refused(NotAllowed, because="the role service_account has no such right")
    given(*in_pool).when(claim, by=policy).refused(NotAllowed)
    robot = replace(crm, role="sales", org_path=OrgPath("north"))
    given(*in_pool).when(claim, by=robot).refused(NotAllowed, because="only a person does this, and crm is none")


def test_who_has_departed_or_never_came_claims_nothing() -> None:
    given(*in_pool, StaffDeparted(staff_id=ANN)).when(claim, by=ann).refused(HasLeft, because="ann has departed")
    given(*in_pool).when(claim, by=person("zoe")).refused(UnknownStaff, because="zoe has not been onboarded")


def test_who_takes_no_work_at_the_moment_may_help_himself() -> None:
    away = AvailabilityChanged(staff_id=ANN, available=False)
    given(*in_pool, away).when(claim, by=ann).then(*claimed(ANN))


# What


def test_a_lead_is_claimed_from_a_pool() -> None:
    given(*published, *captured).when(claim, by=mia).refused(NotNow, because="this needs Pooled, and it is Unassigned")
    given(*published, *captured).when(claim).refused(Hidden)
    given(*published).when(claim).refused(Hidden, because="no lead/.* is to be seen here")
    given(*in_pool, lost, freed(1)).when(claim).refused(NotNow, because="this needs Open, and it is Closed")
    done = (qualified, negotiating, converted, freed(1))
    given(*in_pool, *done).when(claim).refused(NotNow, because="this needs Open, and it is Converted")


def test_who_may_not_see_it_hears_nothing_of_it() -> None:
    given(*held).when(claim, by=sue).refused(Hidden)
    given(*held, lost, freed(1)).when(claim, by=sue).refused(Hidden)


def test_a_second_claim_hears_who_holds_it_and_until_when() -> None:
    given(*held).when(claim, by=bob).refused(AlreadyHeld, because=r"ann holds it, protected until 2026-04-04T02:00:00")
    given(*held).when(claim, by=ann).refused(AlreadyHeld, because="ann holds it")


# New data


def test_new_data_waits_in_the_pool() -> None:
    waiting = under(Terms(new_data_wait_minutes=90))
    into_pool = PoolLead(lead_id=LEAD, pool_id=NORTH, reason="new")
    offered = pooled(claimable_from=day(3, 25, 11, 30))
    story = given(*published, waiting, *captured).when(into_pool, by=crm).then(offered)
    story.when(claim, at=day(3, 25, 11, 29)).refused(
        NotYetClaimable, because=r"it can be claimed from 2026-03-25T03:30:00"
    )
    half_past = day(3, 25, 11, 30)
    story.when(claim, at=half_past).then(claim_of(at=half_past, pool=waiting), slot(at=half_past))


@pytest.mark.parametrize("changes", ["a correction", "a move to another pool", "a longer wait"])
def test_whatever_happens_to_it_it_does_not_wait_again(changes: str) -> None:
    waiting, longer = under(Terms(new_data_wait_minutes=90)), under(Terms(new_data_wait_minutes=900), number=3)
    story = given(*published, waiting, *captured, pooled(claimable_from=day(3, 25, 11, 30)))
    pool: PoolPublished = waiting
    match changes:
        case "a correction":
            wrong = CorrectLead(lead_id=LEAD, corrects=1, source="web")
            right = LeadCorrected(lead_id=LEAD, corrects=1, source="web")
            story = story.when(wrong, by=mia, at=day(3, 25, 11)).then(right)
        case "a move to another pool":
            elsewhere = PoolLead(lead_id=LEAD, pool_id=SOUTH, reason="territory")
            moved = LeadPooled(lead_id=LEAD, pool_id=SOUTH, reason="territory", claimable_from=day(3, 25, 11, 30))
            story = story.when(elsewhere, by=crm, at=day(3, 25, 11)).then(moved)
            story = story.when(replace(elsewhere, pool_id=NORTH), by=crm, at=day(3, 25, 11, 10)).then(
                replace(moved, pool_id=NORTH)
            )
        case _:
            story, pool = story.also(longer), longer
    half_past = day(3, 25, 11, 30)
    story.when(claim, at=half_past).then(claim_of(at=half_past, pool=pool), slot(at=half_past))


def test_what_comes_back_does_not_wait() -> None:
    waiting = under(Terms(new_data_wait_minutes=90), number=1)
    story = (
        given(waiting, *captured, pooled(), *claimed())
        .when(ReleaseLead(lead_id=LEAD), at=day(3, 26))
        .then(given_back(at=day(3, 26), cools_until=day(4, 2)), slot_freed())
    )
    story.when(claim, by=bob, at=day(3, 26)).then(*claimed(BOB, day(3, 26)))


# Who had it before


def test_a_previous_owner_cools_down() -> None:
    release = ReleaseLead(lead_id=LEAD)
    story = given(*held).when(release, by=ann).then(given_back(cools_until=day(4, 1)), slot_freed())
    story.when(claim, by=ann, at=day(4, 1, 9, 59)).refused(
        CoolingDown, because=r"you held it lately; claim it again from 2026-04-01T02:00:00"
    )
    story.when(claim, by=ann, at=day(4, 1)).then(*claimed(ANN, day(4, 1)))
    story.when(claim, by=bob).then(*claimed(BOB))


def test_the_owner_cools_down_and_not_the_manager_who_took_it_from_him() -> None:
    release = ReleaseLead(lead_id=LEAD)
    story = given(*held).when(release, by=mia).then(given_back(cools_until=day(4, 1)), slot_freed())
    story.when(claim, by=ann).refused(CoolingDown)
    story.when(claim, by=mia).then(*claimed(MIA))


def test_it_is_the_pool_it_came_from_that_says_for_how_long() -> None:
    soon = replace(south, members=(OrgPath("north"),), terms=Terms(cool_down_days=0), number=2)
    back = given(*held, soon).when(ReleaseLead(lead_id=LEAD, pool_id=SOUTH), by=ann)
    story = back.then(replace(given_back(cools_until=day(4, 1)), pool_id=SOUTH), slot_freed())
    story.when(claim, by=ann).refused(CoolingDown)


def test_an_owner_gives_back_only_where_he_is_a_member() -> None:
    elsewhere = ReleaseLead(lead_id=LEAD, pool_id=SOUTH)
    given(*held).when(elsewhere, by=ann).refused(NotAMember, because="the pool south is for others")
    given(*held).when(elsewhere, by=mia).then(replace(given_back(cools_until=day(4, 1)), pool_id=SOUTH), slot_freed())


def test_who_hands_it_to_a_colleague_cools_down_too() -> None:
    to_bob = TransferLead(lead_id=LEAD, to=BOB)
    moved = given(*held).when(to_bob, by=mia, reason=Reason(code="holidays"))
    story = moved.then(
        LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB, cools_until=day(4, 1), first_contact_due=day(3, 26)),
        slot_freed(),
        slot(BOB, kind="transfer"),
    )
    release = ReleaseLead(lead_id=LEAD)
    story = story.when(release, by=bob).then(given_back(BOB, cools_until=day(4, 1)), slot_freed(BOB))
    story.when(claim, by=ann).refused(CoolingDown)
    story.when(claim, by=ann, at=day(4, 1)).then(*claimed(ANN, day(4, 1)))


ENDS = [LoseLead(lead_id=LEAD, reason="price"), InvalidateLead(lead_id=LEAD, reason="wrong-number")]


@pytest.mark.parametrize("end", ENDS)
def test_who_closed_it_cools_down_when_it_comes_back(end: object) -> None:
    story = given(*held).when(end, by=ann).done()
    story = story.when(ReopenLead(lead_id=LEAD), by=mia).done()
    story = story.when(PoolLead(lead_id=LEAD, pool_id=NORTH, reason="new"), by=mia).done()
    story.when(claim, by=ann).refused(CoolingDown)
    story.when(claim, by=bob).then(*claimed(BOB))


@pytest.mark.parametrize("end", ENDS)
def test_who_closed_it_cools_down_for_the_same_person_s_next_lead_too(end: object) -> None:
    """Or he would close it, capture it as another, and hold it under fresh terms."""
    again = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    story = given(*held).when(end, by=ann).done().when(again, by=ann).done()
    story = story.when(PoolLead(lead_id=OTHER, pool_id=NORTH, reason="new"), by=crm).done()
    there = ClaimLead(lead_id=OTHER)
    story.when(there, by=ann).refused(CoolingDown, because="2026-04-01")
    story.when(there, by=bob).done()
    story.when(there, by=ann, at=day(4, 1)).done()


def test_an_identity_that_is_corrected_away_remembers_who_held_it() -> None:
    email = Identifier(kind="email", value="li@example.cn")
    away = CorrectLead(lead_id=LEAD, corrects=1, identities=(email,))
    again = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    story = given(*held).when(away, by=ann).done().when(again, by=ann).done()
    story = story.when(PoolLead(lead_id=OTHER, pool_id=NORTH, reason="new"), by=crm).done()
    story.when(ClaimLead(lead_id=OTHER), by=ann).refused(CoolingDown)


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    soon = replace(south, members=(OrgPath("north"),), terms=Terms(cool_down_days=0), number=2)
    story = given(*held, soon).when(ReleaseLead(lead_id=LEAD, pool_id=SOUTH), by=ann).done()
    story = story.when(AssignLead(lead_id=LEAD, owner=ANN), by=mia).done()
    story = story.when(ReleaseLead(lead_id=LEAD), by=ann).done()
    story.when(claim, by=ann).refused(CoolingDown, because="2026-04-01")


def test_each_previous_owner_cools_down_for_himself() -> None:
    by_ann = given_back(cools_until=day(4, 1))
    by_bob = given_back(BOB, day(3, 27), cools_until=day(4, 3))
    story = given(*held, by_ann, slot_freed(), *claimed(BOB, day(3, 26)), by_bob, slot_freed(BOB))
    story.when(claim, by=ann, at=day(3, 31)).refused(CoolingDown, because="2026-04-01")
    story.when(claim, by=bob, at=day(4, 2)).refused(CoolingDown, because="2026-04-03")
    story.when(claim, by=ann, at=day(4, 2)).then(*claimed(ANN, day(4, 2)))


# How many


def test_a_claim_counts_on_the_date_of_its_pool_s_zone() -> None:
    """At 23:00 in Shanghai it is 17:00 in Berlin, and there the day is not over when here the next has begun."""
    berlin = replace(south, members=(OrgPath("north"),), terms=Terms(time_zone="Europe/Berlin"), number=2)
    one_a_day = CapacityChanged(staff_id=ANN, cap=200, daily_claims=1)
    story = given(*in_pool, *other_captured, pooled(OTHER, SOUTH), berlin, one_a_day)
    there = ClaimLead(lead_id=OTHER)
    story = story.when(there, by=ann, at=day(3, 25, 23)).done()
    story.when(claim, by=ann, at=day(3, 25, 23, 30)).refused(ClaimsSpent, because="ann has claimed 1 of 1")
    story = story.when(claim, by=ann, at=day(3, 26, 1)).done()  # A new day in Shanghai, the same one in Berlin.
    phone = Identifier(kind="phone", value="+8613800000003")
    third = (
        LeadCaptured(lead_id=THIRD, source="web", channel="chat", identities=(link(3, phone),)),
        pooled(THIRD, SOUTH),
    )
    story.also(*third).when(ClaimLead(lead_id=THIRD), by=ann, at=day(3, 26, 2)).refused(ClaimsSpent)


def books(count: int, owner: StaffId = ANN, kind: str = "dispatch", on: date = date(2026, 3, 25)) -> list[SlotReserved]:
    return [
        SlotReserved(staff_id=owner, lead_id=LeadId(UUID(int=n)), kind=kind, business_date=on)  # type: ignore[arg-type]
        for n in range(1, count + 1)
    ]


def test_who_holds_as_many_as_he_may_claims_no_more() -> None:
    given(*in_pool, *books(199)).when(claim).then(*claimed())
    given(*in_pool, *books(200)).when(claim).refused(BookFull, because="ann holds 200 of 200")
    given(*in_pool, *books(200), slot_freed(lead_id=LeadId(UUID(int=7)))).when(claim).then(*claimed())
    given(*in_pool, *books(200, BOB)).when(claim, by=ann).then(*claimed())


def test_the_cap_is_the_pool_s_unless_it_is_one_s_own() -> None:
    small = under(replace(TERMS, holding_cap=2))
    given(*in_pool, small, *books(2)).when(claim).refused(BookFull, because="ann holds 2 of 2")
    own = CapacityChanged(staff_id=ANN, cap=3, daily_claims=1)
    given(*in_pool, small, own, *books(2)).when(claim).then(*claimed(pool=small))
    given(*in_pool, own, *books(3)).when(claim).refused(BookFull, because="ann holds 3 of 3")
    none = CapacityChanged(staff_id=ANN, cap=0, daily_claims=20)
    given(*in_pool, none).when(claim).refused(BookFull, because="ann holds 0 of 0")


def test_who_holds_more_than_a_cap_that_was_lowered_claims_nothing() -> None:
    lower = CapacityChanged(staff_id=ANN, cap=2, daily_claims=20)
    given(*in_pool, *books(5), lower).when(claim).refused(BookFull, because="ann holds 5 of 2")


def test_so_many_are_claimed_a_day_and_no_more() -> None:
    given(*in_pool, *books(19, kind="claim")).when(claim).then(*claimed())
    given(*in_pool, *books(20, kind="claim")).when(claim).refused(ClaimsSpent, because="ann has claimed 20 of 20 today")
    given(*in_pool, *books(20, kind="claim", on=date(2026, 3, 24))).when(claim).then(*claimed())
    own = CapacityChanged(staff_id=ANN, cap=200, daily_claims=0)
    given(*in_pool, own).when(claim).refused(ClaimsSpent, because="ann has claimed 0 of 0 today")


def test_what_is_dispatched_assigned_or_handed_over_is_no_claim() -> None:
    for kind in ("dispatch", "assign", "transfer", "import"):
        given(*in_pool, *books(20, kind=kind)).when(claim).then(*claimed())


def test_giving_a_lead_back_does_not_win_back_the_claim() -> None:
    one = under(replace(TERMS, daily_claims=1, cool_down_days=0), number=1)
    story = given(one, *captured, pooled(), *other_captured, pooled(OTHER)).when(claim).then(*claimed(pool=one))
    story = story.when(ReleaseLead(lead_id=LEAD)).then(given_back(cools_until=START), slot_freed())
    story.when(claim).refused(ClaimsSpent, because="ann has claimed 1 of 1 today")
    story.when(ClaimLead(lead_id=OTHER)).refused(ClaimsSpent)
    tomorrow = day(3, 26, 0)
    story.when(claim, at=tomorrow).then(*claimed(at=tomorrow, pool=one))


def test_the_day_is_that_of_the_pool() -> None:
    spent = books(20, kind="claim", on=date(2026, 3, 25))
    at_midnight = day(3, 26, 0)
    given(*in_pool, *spent).when(claim, at=day(3, 25, 23, 59)).refused(ClaimsSpent)
    given(*in_pool, *spent).when(claim, at=at_midnight).then(*claimed(at=at_midnight))
    new_york = under(replace(TERMS, time_zone="America/New_York"))
    given(*in_pool, new_york, *spent).when(claim, at=at_midnight).refused(ClaimsSpent)
    later = day(3, 26, 0, zone="America/New_York")
    claimed_there: LeadClaimed = claim_of(at=later, pool=new_york)
    given(*in_pool, new_york, *spent).when(claim, at=later).then(
        claimed_there, SlotReserved(staff_id=ANN, lead_id=LEAD, kind="claim", business_date=date(2026, 3, 26))
    )
