"""Taking a lead back (回收): each reason is checked against what is so."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest

from commands.lead.circulation import RecycleLead
from commands.lead.holding import LogFollowUp
from domain.actor import Reason
from domain.agent_book import CapacityChanged, SlotReserved
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import LeadRecycled, ProtectionExtended
from domain.lead.facts.terms import RecycleReason
from domain.lead.facts.work import FollowUpLogged
from domain.lead.refusals import ReasonDoesNotHold, StillProtected
from domain.pool import Terms, days_after
from domain.staff import StaffDeparted, StaffOnboarded
from domain.values import LeadId, OrgPath, PoolId, StaffId
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    SOUTH,
    claimed,
    contacted,
    held,
    in_pool,
    negotiating,
    nurtured,
    published,
    qualified,
    slot_freed,
    south,
    under,
)
from tests.spec import ANN, START, Given, When, ann, crm, day, given, mia, otto, policy

departed = StaffDeparted(staff_id=ANN)


def recycling(story: Given, reason: RecycleReason, at: datetime = START) -> When:
    return story.when(RecycleLead(lead_id=LEAD, reason=reason, rule_id="circulation"), by=policy, at=at)


def recycled(reason: RecycleReason, at: datetime = START) -> tuple[LeadRecycled, object]:
    back = LeadRecycled(
        lead_id=LEAD,
        previous_owner=ANN,
        pool_id=NORTH,
        reason=reason,
        claimable_from=at,
        cools_until=days_after(at, 7, "Asia/Shanghai"),
        rule_id="circulation",
    )
    return back, slot_freed(ANN)


def test_no_first_contact_in_time() -> None:
    recycling(given(*held), "no-first-contact", day(3, 26, 9, 59)).refused(
        StillProtected, because=r"ann keeps it until 2026-03-26T02:00:00"
    )
    recycling(given(*held), "no-first-contact", day(3, 26)).then(*recycled("no-first-contact", day(3, 26)))
    in_vain = FollowUpLogged(lead_id=LEAD, channel="call", effective=False)
    recycling(given(*held, in_vain), "no-first-contact", day(3, 27)).then(*recycled("no-first-contact", day(3, 27)))


@pytest.mark.parametrize("contact", [contacted, FollowUpLogged(lead_id=LEAD, channel="call", effective=True)])
def test_who_has_made_contact_is_not_said_to_have_made_none(contact: object) -> None:
    recycling(given(*held, contact), "no-first-contact", day(3, 27)).refused(
        ReasonDoesNotHold, because="no-first-contact: a contact has been made"
    )


def test_the_first_contact_is_that_of_the_present_holder() -> None:
    given_away = (*held, contacted, *recycled("no-follow-up", day(4, 4)), *claimed(at=day(4, 12)))
    recycling(given(*given_away), "no-first-contact", day(4, 13)).then(*recycled("no-first-contact", day(4, 13)))


def test_no_follow_up_for_as_long_as_it_was_protected() -> None:
    recycling(given(*held), "no-follow-up", day(4, 4, 9, 59)).refused(StillProtected, because="2026-04-04T02:00:00")
    recycling(given(*held), "no-follow-up", day(4, 4)).then(*recycled("no-follow-up", day(4, 4)))
    extended = ProtectionExtended(lead_id=LEAD, until=day(4, 5))
    recycling(given(*held, extended), "no-follow-up", day(4, 4)).refused(StillProtected, because="2026-04-05")


def test_an_expiry_that_was_overtaken_by_a_contact_is_none() -> None:
    """It is decided at the version that is found, not at the one that was due."""
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
    story = (
        given(*held)
        .when(call, at=day(4, 4, 9))
        .then(
            FollowUpLogged(lead_id=LEAD, channel="call", effective=True),
            ProtectionExtended(lead_id=LEAD, until=day(4, 7, 9)),
        )
    )
    recycling(story, "no-follow-up", day(4, 4)).refused(StillProtected, because="ann keeps it until 2026-04-07")


def test_no_opportunity_for_as_long_as_it_was_protected() -> None:
    recycling(given(*held, contacted), "no-opportunity", day(4, 4)).then(*recycled("no-opportunity", day(4, 4)))
    recycling(given(*held, nurtured), "no-opportunity", day(4, 4)).then(*recycled("no-opportunity", day(4, 4)))
    recycling(given(*held, contacted), "no-opportunity", day(4, 3)).refused(StillProtected)
    for status in ((qualified,), (qualified, negotiating)):
        story = given(*held, contacted, *status)
        recycling(story, "no-opportunity", day(4, 4)).refused(ReasonDoesNotHold, because="it is an opportunity")


def test_the_hard_limit_holds_whatever_the_status() -> None:
    recycling(given(*held, contacted, qualified), "hard-limit", day(4, 13)).refused(
        StillProtected, because="2026-04-14"
    )
    recycling(given(*held, contacted, qualified), "hard-limit", day(4, 14)).then(*recycled("hard-limit", day(4, 14)))


def test_the_owner_has_departed() -> None:
    recycling(given(*held), "owner-departed").refused(ReasonDoesNotHold, because="owner-departed: ann works here")
    recycling(given(*held, departed), "owner-departed").then(*recycled("owner-departed"))
    back = StaffOnboarded(staff_id=ANN, name="Ann", role="sales", org_path=OrgPath("north/team-1"))
    recycling(given(*held, departed, back), "owner-departed").refused(ReasonDoesNotHold)


def test_an_owner_whom_only_history_knows_has_departed_too() -> None:
    zoe = StaffId("zoe")
    back, _ = recycled("owner-departed")
    story = given(*in_pool, *claimed(zoe))
    recycling(story, "owner-departed").then(replace(back, previous_owner=zoe), slot_freed(zoe))
    by_mia = story.when(RecycleLead(lead_id=LEAD, reason="owner-departed"), by=mia)
    by_mia.then(replace(back, previous_owner=zoe, rule_id=None), slot_freed(zoe))


def other_leads(count: int) -> list[SlotReserved]:
    return [
        SlotReserved(staff_id=ANN, lead_id=LeadId(UUID(int=n)), kind="dispatch", business_date=date(2026, 3, 1))
        for n in range(1, count + 1)
    ]


def test_the_owner_holds_more_than_he_may() -> None:
    own = CapacityChanged(staff_id=ANN, cap=3, daily_claims=20)
    recycling(given(*held, own, *other_leads(2)), "over-capacity").refused(
        ReasonDoesNotHold, because="over-capacity: ann holds 3 of 3"
    )
    recycling(given(*held, own, *other_leads(3)), "over-capacity").then(*recycled("over-capacity"))
    recycling(given(*held, under(Terms(holding_cap=0))), "over-capacity").then(*recycled("over-capacity"))


def test_what_once_was_an_opportunity_is_one() -> None:
    nursed = given(*held, contacted, qualified, replace(nurtured, from_="qualified"))
    recycling(nursed, "no-opportunity", day(5, 1)).refused(ReasonDoesNotHold, because="it is an opportunity")


def test_it_is_the_own_pool_that_says_how_many_are_too_many() -> None:
    tiny = replace(south, number=2, terms=Terms(holding_cap=0))
    elsewhere = RecycleLead(lead_id=LEAD, reason="over-capacity", pool_id=SOUTH)
    given(*held, tiny).when(elsewhere, by=policy).refused(ReasonDoesNotHold, because="ann holds 1 of 200")


def test_a_manager_reclaims_with_a_reason_whenever_he_finds_it_right() -> None:
    reclaim = RecycleLead(lead_id=LEAD, reason="manager-reclaim")
    why = Reason(code="complaint", text="the customer asked for somebody else")
    back, freed = recycled("manager-reclaim")
    given(*held).when(reclaim, by=mia, reason=why).then(replace(back, rule_id=None), freed)
    given(*held).when(reclaim, by=mia).refused(Invalid, because="this needs a reason")
    given(*held).when(reclaim, by=policy, reason=why).refused(NotAllowed, because="only a person does this")
    given(*held).when(reclaim, by=otto, reason=why).refused(Hidden)
    given(*held).when(reclaim, by=ann, reason=why).refused(NotAllowed, because="the role sales has no such right")
    given(*held).when(reclaim, by=crm, reason=why).refused(NotAllowed)


def test_a_voluntary_return_is_not_taken_back_but_given_back() -> None:
    recycling(given(*held, departed), "voluntary-return", day(5, 1)).refused(
        ReasonDoesNotHold, because="that is a release, by the owner"
    )


def test_it_goes_back_where_it_came_from_or_where_it_is_sent() -> None:
    back, freed = recycled("owner-departed")
    elsewhere = RecycleLead(lead_id=LEAD, reason="owner-departed", pool_id=SOUTH)
    given(*held, departed).when(elsewhere, by=policy).then(replace(back, pool_id=SOUTH, rule_id=None), freed)
    nowhere = replace(elsewhere, pool_id=PoolId("west"))
    given(*held, departed).when(nowhere, by=policy).refused(NotNow, because="pool/west is Unpublished")
    short = replace(south, number=2, terms=Terms(cool_down_days=1))
    given(*held, short, departed).when(elsewhere, by=policy).then(
        replace(back, pool_id=SOUTH, rule_id=None),
        freed,  # Its own pool says how long it cools down.
    )


def test_what_nobody_holds_is_not_taken_back() -> None:
    recycling(given(*in_pool), "hard-limit").refused(NotNow, because="this needs Held, and it is Pooled")
    recycling(given(*published), "hard-limit").refused(Hidden)
