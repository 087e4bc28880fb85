"""The sales worklist, told as specs."""

from dataclasses import replace
from typing import Any

import pytest

from domain.lead.facts.custody import ProtectionExtended, ProtectionExtensionGranted
from domain.lead.facts.intake import LeadCorrected, LeadScored
from domain.lead.facts.work import NextActionScheduled
from domain.values import Erased, IdentityId
from projections.masking import masked
from projections.sales_worklist import SalesLead, sales_worklist
from tests.projections.leads import (
    ANN,
    BOB,
    HOME,
    LEAD,
    NORTH,
    OFFICE,
    OTHER,
    SOUTH,
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
    link,
    lost,
    lost_again,
    merged,
    negotiating,
    nurtured,
    pooled,
    qualified,
    quoted_again,
    recycled,
    released,
    reopened,
    talked,
    touched,
    transferred,
    tried,
)
from tests.projections.spec import rows


def row(*told: Any, erased: Erased | None = None) -> SalesLead:
    (found,) = rows(sales_worklist, *told, erased=erased)
    assert isinstance(found, SalesLead)
    return found


def test_a_captured_lead_is_a_name_card_that_nobody_holds() -> None:
    assert row((at(3, 25), captured)) == SalesLead(
        lead_id=LEAD,
        source="ads",
        channel="form",
        captured_at=at(3, 25),
        campaign="spring",
        phones=("+86138****8000",),
        phone_ids=(HOME.identity_id,),
        amount=captured.requested_amount.amount if captured.requested_amount else None,
        currency="CNY",
    )


def test_each_lead_has_its_own_row() -> None:
    assert [each.lead_id for each in rows(sales_worklist, captured, another)] == [LEAD, OTHER]


def test_what_happens_to_a_lead_that_was_never_captured_makes_no_row() -> None:
    assert rows(sales_worklist, pooled, claimed, talked, lost, reopened) == []


def test_a_touch_changes_nothing_here() -> None:
    assert row(captured, touched) == row(captured)


def test_a_row_says_which_event_changed_it_last() -> None:
    assert row(captured, touched, pooled).as_of_position == 3
    assert [each.as_of_position for each in rows(sales_worklist, captured, another, pooled)] == [3, 2]


def test_a_score_counts_until_the_next() -> None:
    scores = [LeadScored(lead_id=LEAD, score=score, grade="A", model_version="1") for score in (40, 70)]
    assert row(captured, *scores).score == 70


def test_a_pool_offers_it_from_an_instant() -> None:
    found = row(captured, pooled)
    assert (found.owner_id, found.pool_id, found.claimable_from) == (None, NORTH, at(3, 26))


def test_whoever_claims_it_holds_it_to_its_limits() -> None:
    found = row(captured, pooled, claimed)
    assert (found.owner_id, found.pool_id, found.claimable_from) == (ANN, None, None)
    assert (found.first_contact_due, found.protect_until, found.hard_limit) == (at(3, 27), at(4, 5), at(4, 15))


def test_assigned_is_held_too() -> None:
    found = row(captured, assigned)
    assert (found.owner_id, found.protect_until, found.hard_limit) == (BOB, at(4, 6), at(4, 16))


def test_a_transfer_keeps_both_limits() -> None:
    found = row(captured, pooled, claimed, transferred)
    assert (found.owner_id, found.protect_until, found.hard_limit) == (BOB, at(4, 5), at(4, 15))
    assert found.first_contact_due == at(3, 27)


def test_who_gets_it_has_somebody_to_reach() -> None:
    handed = replace(transferred, first_contact_due=at(3, 29))
    assert row(captured, pooled, claimed, contacted, handed).first_contact_due == at(3, 29)
    assert row(captured, pooled, claimed, handed, contacted).first_contact_due is None


@pytest.mark.parametrize(("back", "pool"), [(released, SOUTH), (recycled, NORTH)])
def test_given_back_it_is_offered_without_limits_or_collaborators(back: Any, pool: str) -> None:
    found = row(captured, pooled, claimed, helped, back)
    assert (found.owner_id, found.pool_id, found.claimable_from) == (None, pool, back.claimable_from)
    assert (found.first_contact_due, found.protect_until, found.hard_limit) == (None, None, None)
    assert (found.collaborators, found.collaborating_until) == ((), ())


def test_a_collaborator_has_access_until_an_instant_and_the_last_word_counts() -> None:
    for_good = replace(helped, until=None)
    assert row(captured, pooled, claimed, helped).collaborating_until == (at(4, 2),)
    found = row(captured, pooled, claimed, helped, for_good)
    assert (found.collaborators, found.collaborating_until) == ((BOB,), (None,))


def test_every_follow_up_is_an_attempt_and_only_an_effective_one_a_contact() -> None:
    found = row(captured, pooled, claimed, (at(3, 26), tried))
    assert (found.attempts, found.last_effective_contact, found.first_contact_due) == (1, None, at(3, 27))
    found = row(captured, pooled, claimed, (at(3, 26), tried), (at(3, 27), talked))
    assert (found.attempts, found.last_effective_contact, found.first_contact_due) == (2, at(3, 27), None)


def test_protection_is_extended_and_only_a_grant_moves_the_hard_limit() -> None:
    extended = ProtectionExtended(lead_id=LEAD, until=at(4, 8))
    granted = ProtectionExtensionGranted(lead_id=LEAD, until=at(5, 1), by=BOB)
    within = ProtectionExtensionGranted(lead_id=LEAD, until=at(4, 10), by=BOB)
    held = (captured, pooled, claimed)
    assert (row(*held, extended).protect_until, row(*held, extended).hard_limit) == (at(4, 8), at(4, 15))
    assert (row(*held, granted).protect_until, row(*held, granted).hard_limit) == (at(5, 1), at(5, 1))
    assert (row(*held, within).protect_until, row(*held, within).hard_limit) == (at(4, 10), at(4, 15))


def test_who_comes_to_an_offer_has_reached_the_person() -> None:
    for offer in (qualified, negotiating):
        found = row(captured, claimed, (at(3, 27), offer))
        assert (found.last_effective_contact, found.first_contact_due) == (at(3, 27), None)


def test_qualified_it_is_an_opportunity_and_stays_one() -> None:
    found = row(captured, contacted, qualified)
    assert (found.status, found.stage, found.amount) == ("qualified", "opportunity", qualified.amount.amount)
    later = row(captured, contacted, qualified, nurtured, back_in_touch)
    assert (later.status, later.stage) == ("contacting", "opportunity")


def test_the_last_quote_is_the_amount() -> None:
    found = row(captured, contacted, qualified, negotiating, quoted_again)
    assert (found.status, found.amount) == ("negotiating", quoted_again.amount.amount)


def test_of_the_next_action_only_the_instant_is_kept() -> None:
    planned = NextActionScheduled(lead_id=LEAD, at=at(4, 1), what="call her mother")
    found = row(captured, planned)
    assert found.next_action_at == at(4, 1)
    assert "mother" not in repr(found)


@pytest.mark.parametrize("closed", [lost, invalidated])
def test_a_closed_lead_is_kept_by_nobody(closed: Any) -> None:
    found = row(captured, pooled, claimed, helped, closed)
    assert found.status == closed.to
    assert (found.owner_id, found.pool_id, found.protect_until, found.collaborators) == (None, None, None, ())


@pytest.mark.parametrize("closed", [lost, invalidated])
def test_what_nobody_has_any_more_says_whose_it_was(closed: Any) -> None:
    assert row(captured, pooled, claimed, helped, closed).formerly == f"staff/{ANN}"
    assert row(captured, pooled, claimed, closed, reopened).formerly == f"staff/{ANN}"
    assert row(captured, pooled, closed).formerly == f"pool/{NORTH}"
    assert row(captured, closed).formerly is None
    assert row(captured, pooled, claimed, closed, reopened, pooled).formerly is None
    assert row(captured, pooled, claimed, closed, reopened, assigned).formerly is None
    assert row(captured, pooled, claimed, released).formerly is None


def test_to_hear_again_who_holds_it_changes_nothing() -> None:
    later = replace(claimed, first_contact_due=at(4, 4), protect_until=at(4, 13), hard_limit=at(4, 23))
    assert row(captured, pooled, claimed, contacted, later) == row(captured, pooled, claimed, contacted)


def test_to_hear_again_that_it_was_lost_changes_nothing() -> None:
    assert row(captured, contacted, lost, lost_again) == row(captured, contacted, lost)


def test_reopened_it_begins_again_as_what_it_was_captured_as() -> None:
    found = row(captured, contacted, qualified, tried, lost, reopened)
    assert (found.status, found.stage, found.cycle, found.attempts) == ("new", "name_card", 2, 0)
    assert (found.source, found.phones) == ("ads", ("+86138****8000",))


@pytest.mark.parametrize("ended", [converted, merged])
def test_converted_or_merged_it_leaves_the_worklist_for_good(ended: Any) -> None:
    assert rows(sales_worklist, captured, ended) == []
    assert (
        rows(sales_worklist, captured, ended, touched, LeadScored(lead_id=LEAD, score=1, grade="A", model_version="1"))
        == []
    )


def test_a_correction_changes_what_it_names_and_nothing_else() -> None:
    corrected = LeadCorrected(lead_id=LEAD, corrects=1, source="fair", requested_amount=qualified.amount, name="Lin Li")
    found, before = row(captured, corrected), row(captured)
    assert (found.source, found.amount) == ("fair", qualified.amount.amount)
    assert (found.channel, found.campaign, found.phones) == (before.channel, before.campaign, before.phones)


def test_a_corrected_phone_takes_the_place_of_the_wrong_one() -> None:
    corrected = LeadCorrected(
        lead_id=LEAD, corrects=1, identities_added=(OFFICE,), identities_removed=(HOME.identity_id,)
    )
    assert row(captured, corrected).phones == ("+86139****9000",)
    removed = LeadCorrected(lead_id=LEAD, corrects=2, identities_removed=(IdentityId(OFFICE.identity_id),))
    assert row(captured, corrected, removed).phones == ()


def test_no_personal_value_is_in_a_row_but_masked() -> None:
    found = repr(row(captured, pooled, claimed, talked, touched))
    assert not [each for each in ("Lin", "lin@example.org", "8613800008000", "offer", "prices") if each in found]


def test_after_an_erasure_there_is_a_row_without_phones() -> None:
    gone = Erased(on=at(5, 1), by="law")
    found = row(captured, contacted, erased=gone)
    assert (found.phones, found.phone_ids, found.status) == ((), (), "contacting")
    erased_before = replace(captured, identities=(replace(HOME, value=gone), link(4, "+4930123456")))
    assert row(erased_before).phones == ("+49****3456",)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+8613800008000", "+86138****8000"),
        ("+4915112345678", "+49151****5678"),
        ("+861234567890123", "+86123******0123"),
        ("+4930123456", "+49****3456"),
        ("+49301234", "+****1234"),
        ("+4930123", "+493****"),
        ("12345", "1****"),
        ("123", "***"),
        ("", ""),
    ],
)
def test_at_least_four_digits_of_a_phone_are_hidden(phone: str, shown: str) -> None:
    assert masked(phone) == shown
