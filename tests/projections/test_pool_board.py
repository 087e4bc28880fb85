"""The pool board: what lies in a pool, why, whose it was, and who may claim it from when on."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.lead.leads import leads
from domain.access import Scope
from domain.actor import Actor
from domain.lead.facts.custody import LeadHandedOff
from domain.lead.facts.intake import LeadCorrected, LeadScored
from domain.lead.facts.work import LeadAbsorbed
from domain.values import CallId, Instant, LeadId, OrgPath, StaffId
from projections.pool_board import PoolLead, pool_board
from projections.pool_directory import PublicPool, pool_directory
from projections.query import Filter, Listing, page
from projections.scope import Reach
from tests.projections.leads import (
    ANN,
    BOB,
    HOME,
    LEAD,
    NORTH,
    OFFICE,
    OTHER,
    SOUTH,
    TWENTY,
    another,
    assigned,
    at,
    back_in_touch,
    captured,
    claimed,
    contacted,
    converted,
    helped,
    invalidated,
    lost,
    merged,
    negotiating,
    nurtured,
    pooled,
    qualified,
    recycled,
    released,
    reopened,
    transferred,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows

handed_off = LeadHandedOff(lead_id=LEAD, call_id=CallId(UUID(int=9)), from_=ANN)
EVE = StaffId("eve")


def board(*told: Any) -> PoolLead:
    """One event a day, from 1 March on."""
    found = rows(pool_board, *[(at(3, day), event) for day, event in enumerate(told, start=1)])
    (row,) = found
    assert isinstance(row, PoolLead)
    return row


def waits(row: PoolLead) -> dict[StaffId, Instant]:
    return dict(zip(row.cooling, row.cools_until, strict=True))


# In and out


def test_a_lead_is_on_the_board_of_its_pool_with_what_is_known_of_it() -> None:
    assert board(captured, pooled) == PoolLead(
        lead_id=LEAD,
        source="ads",
        channel="form",
        captured_at=at(3, 1),
        campaign="spring",
        phones=("+86138****8000",),
        phone_ids=(HOME.identity_id,),
        amount=Decimal("10.50"),
        currency="CNY",
        pool_id=NORTH,
        entered_at=at(3, 2),
        claimable_from=at(3, 26),
        reason="new",
    )


@pytest.mark.parametrize("taking", [claimed, assigned], ids=["claimed", "assigned"])
def test_it_leaves_when_somebody_gets_it(taking: Any) -> None:
    row = board(captured, pooled, taking)
    assert (row.pool_id, row.entered_at, row.claimable_from) == (None, None, None)
    assert (row.owner_id, row.previous_owner) == (taking.owner, None)


def test_it_comes_back_when_it_is_given_back_or_taken_back() -> None:
    row = board(captured, pooled, claimed, released)
    assert (row.pool_id, row.entered_at, row.claimable_from) == (SOUTH, at(3, 4), at(4, 1))
    assert (row.reason, row.released, row.recycled) == ("voluntary-return", 1, 0)
    row = board(captured, pooled, claimed, recycled, claimed, recycled)
    assert (row.pool_id, row.reason, row.released, row.recycled) == (NORTH, "no-follow-up", 0, 2)


def test_an_edit_does_not_begin_its_stay_anew() -> None:
    again = replace(pooled, claimable_from=at(3, 28))
    row = board(captured, pooled, contacted, again)
    assert (row.entered_at, row.claimable_from) == (at(3, 2), at(3, 28))
    elsewhere = board(captured, pooled, replace(pooled, pool_id=SOUTH))
    assert (elsewhere.pool_id, elsewhere.entered_at) == (SOUTH, at(3, 3))


def test_what_is_closed_is_off_the_board_and_what_is_opened_again_still_known() -> None:
    for closing in (lost, invalidated):
        row = board(captured, pooled, closing)
        assert (row.pool_id, row.entered_at, row.status) == (None, None, closing.to)
        row = board(captured, pooled, closing, reopened, pooled)
        assert (row.pool_id, row.entered_at, row.status) == (NORTH, at(3, 5), "new")
    for final in (converted, merged):
        assert rows(pool_board, captured, pooled, final) == []
    assert rows(pool_board, pooled, claimed) == []


# Whose it was


def test_the_previous_owner_is_who_held_it_and_not_who_took_it_away() -> None:
    assert board(captured, pooled, claimed, released).previous_owner == ANN
    assert board(captured, pooled, claimed, recycled).previous_owner == ANN
    assert board(captured, pooled, claimed, transferred).previous_owner == ANN
    assert board(captured, pooled, claimed, transferred, replace(released, from_=BOB)).previous_owner == BOB
    assert board(captured, pooled, claimed, handed_off, pooled).previous_owner == ANN
    assert board(captured, pooled, claimed, lost, reopened, pooled).previous_owner == ANN
    assert board(captured, pooled, handed_off).previous_owner is None


def test_who_held_it_before_waits_as_long_as_any_says() -> None:
    assert waits(board(captured, pooled, claimed, released)) == {ANN: at(4, 8)}
    given = replace(transferred, cools_until=at(4, 20))
    later = replace(recycled, previous_owner=BOB, cools_until=at(4, 12))
    assert waits(board(captured, pooled, claimed, given, later)) == {ANN: at(4, 20), BOB: at(4, 12)}
    sooner = replace(released, cools_until=at(4, 2))
    assert waits(board(captured, pooled, claimed, recycled, claimed, sooner)) == {ANN: at(4, 12)}
    for closing in (lost, invalidated):
        closed = replace(closing, cools_until=at(4, 9))
        assert waits(board(captured, pooled, claimed, closed, reopened, pooled)) == {ANN: at(4, 9)}
        assert waits(board(captured, pooled, closed, reopened, pooled)) == {}
    assert waits(board(captured, pooled, claimed, transferred)) == {}


def test_cooling_comes_along_with_an_identity() -> None:
    cooling = {EVE: at(4, 3)}
    assert waits(board(replace(captured, cooling=cooling), pooled)) == cooling
    assert waits(board(captured, pooled, LeadCorrected(lead_id=LEAD, corrects=1, cooling=cooling))) == cooling
    absorbed = LeadAbsorbed(lead_id=LEAD, absorbed=OTHER, identities={}, cooling=cooling)
    assert waits(board(captured, pooled, claimed, released, absorbed)) == {ANN: at(4, 8), **cooling}


def test_to_be_told_once_more_is_no_change() -> None:
    back = replace(transferred, from_=BOB, to=ANN)
    assert board(captured, pooled, claimed, claimed, back) == board(captured, pooled, claimed)
    assert board(captured, captured) == board(captured)


# What it is


def test_it_is_as_it_was_corrected() -> None:
    wrong = LeadCorrected(
        lead_id=LEAD,
        corrects=1,
        source="fair",
        channel="visit",
        campaign="autumn",
        product_line="sofas",
        requested_amount=TWENTY,
        identities_added=(OFFICE,),
        identities_removed=(HOME.identity_id,),
    )
    row = board(captured, pooled, wrong)
    assert (row.source, row.channel, row.campaign, row.product_line) == ("fair", "visit", "autumn", "sofas")
    assert (row.amount, row.currency, row.phones) == (Decimal(20), "CNY", ("+86139****9000",))
    assert board(captured, pooled, LeadCorrected(lead_id=LEAD, corrects=1)) == board(captured, pooled)


def test_how_far_it_had_come_and_what_it_seems_to_be_worth() -> None:
    scored = LeadScored(lead_id=LEAD, score=80, grade="A", model_version="1")
    row = board(captured, pooled, scored, claimed, contacted, qualified, released)
    assert (row.score, row.grade, row.status, row.amount) == (80, "A", "qualified", Decimal(20))
    assert board(captured, contacted, qualified, negotiating).status == "negotiating"
    assert board(captured, contacted, qualified, nurtured, back_in_touch).status == "contacting"
    assert board(captured, contacted, qualified, nurtured).status == "nurturing"


@pytest.mark.parametrize(
    "told",
    [
        (captured,),
        (captured, pooled),
        (captured, pooled, claimed, helped),
        (captured, pooled, claimed, helped, transferred),
        (captured, pooled, claimed, helped, released),
        (captured, pooled, claimed, handed_off),
        (captured, pooled, claimed, lost),
        (captured, pooled, lost),
        (captured, pooled, lost, reopened),
    ],
)
def test_it_is_seen_by_whoever_may_see_the_lead(told: tuple[Any, ...]) -> None:
    assert leads.holding is not None
    row, held = board(*told), leads.holding(leads.fold(LEAD, told))
    assert held is not None
    assert row.owner_id == held.owner
    lies_in = row.pool_id or (row.formerly or "").removeprefix("pool/")
    assert lies_in == (held.pool_id if held.pooled else (row.formerly or ""))
    if held.formerly is not None:
        assert row.formerly == f"staff/{held.formerly}"
    assert dict(zip(row.collaborators, row.collaborating_until, strict=True)) == (held.workers or {})


# In the database


@pytest.fixture
def told(views: Views) -> Views:
    """Ann must wait for the first until 8 April, and has the third; nobody has had the second."""
    third = LeadId(UUID(int=103))
    other = replace(pooled, lead_id=OTHER, pool_id=SOUTH, claimable_from=at(3, 1))
    held = [replace(each, lead_id=third) for each in (captured, pooled, claimed)]
    views.put(pool_board, *rows(pool_board, captured, pooled, claimed, released, another, other, *held))
    members = (OrgPath("south"),)
    views.put(pool_directory, PublicPool(pool_id=SOUTH, name="South", members=members))
    return views


def numbers(found: Any) -> list[int]:
    return [row["lead_id"].int for row in found]


@pytest.mark.slow
def test_only_what_lies_in_a_pool_is_listed(told: Views) -> None:
    assert numbers(told.list(pool_board)) == [101, 102]
    assert numbers(told.list(pool_board, Filter("previous_owner", "eq", "ann"))) == [101]
    assert numbers(told.list(pool_board, Filter("claimable", "eq", True), sort="-claimable_from")) == [101, 102]


@pytest.mark.slow
def test_who_must_wait_is_told_as_long_as_he_must(told: Views) -> None:
    """NOW is 1 April."""
    first, second = told.list(pool_board)
    assert (first["cooling_now"], second["cooling_now"]) == (["ann"], [])
    assert numbers(told.list(pool_board, Filter("cooling_now", "has", "ann"))) == [101]
    (first, _) = told.run(page(pool_board, Listing(at(4, 8), None)))
    assert (first["cooling"], first["cooling_now"]) == (["ann"], [])


@pytest.mark.slow
@pytest.mark.parametrize(("who", "wanted"), [("ann", at(4, 8)), ("bob", None)])
def test_each_is_told_his_own_cool_down(told: Views, who: str, wanted: Instant | None) -> None:
    reach = Reach(Actor(kind="user", id=who, role="sales", org_path=OrgPath("south/team-1")), Scope.OWN)
    found = told.run(page(pool_board, Listing(NOW, reach, sort="my_cool_down")))
    assert [row["my_cool_down"] for row in found] == [wanted, None]
    free = told.run(page(pool_board, Listing(NOW, reach, [Filter("my_cool_down", "null", True)])))
    assert len(free) == (1 if wanted else 2)
    system = Reach(Actor(kind="service", id=who, role="service_account"), Scope.ALL)
    assert [row["my_cool_down"] for row in told.run(page(pool_board, Listing(NOW, system)))] == [None, None]


@pytest.mark.slow
def test_it_is_found_by_the_end_of_a_number(told: Views) -> None:
    assert numbers(told.list(pool_board, search="13900009000")) == [102]
