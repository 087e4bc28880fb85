"""What dispatch looks at: the published rules, and the leads that wait."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.dispatch_rule import Conditions, DispatchRule, DispatchRulePublished, DispatchTerms, FirstResponse, LeadSeen
from domain.lead.facts.custody import (
    DispatchDecided,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
)
from domain.lead.facts.intake import LeadAdopted, LeadCaptured, LeadCorrected
from domain.lead.facts.work import LeadAbsorbed, LeadConverted, LeadLost, LeadReopened
from domain.money import Money
from domain.values import CalendarId, CallId, CustomerId, LeadId, OrgPath, PolicyId, PoolId, StaffId
from projections.dispatch_queue import HAND_OFF, QueuedLead, dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.projection import Projection
from projections.sales_worklist import sales_worklist
from tests.projections.leads import LEAD
from tests.projections.spec import MINUTE, START, rows

ANN, BOB, NORTH, WEB = StaffId("ann"), StaffId("bob"), PoolId("north"), PolicyId("web")


def yuan(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


# Rules

FULL = DispatchTerms(
    conditions=Conditions(
        sources=("web",),
        channels=("form",),
        campaigns=("spring",),
        product_lines=("tea",),
        kinds=("new", "winback"),
        customer_types=("merchant",),
        territories=(OrgPath("north"),),
        amount_from=yuan(1),
        amount_below=yuan(9),
    ),
    priority=7,
    skills=("tea",),
    territories=(OrgPath("north/harbin"),),
    strategy="least_loaded",
    weights={ANN: 3, BOB: 0},
    not_to_who_failed=False,
    first_response=FirstResponse(calendar_id=CalendarId("office"), minutes=15),
)


@pytest.mark.parametrize(
    "terms",
    [
        FULL,
        DispatchTerms(),
        DispatchTerms(weights={}),
        DispatchTerms(conditions=Conditions(amount_below=yuan(9))),
        DispatchTerms(conditions=Conditions(amount_from=yuan(9))),
    ],
)
@pytest.mark.parametrize("retired", [True, False])
def test_a_rule_is_read_as_it_was_published(terms: DispatchTerms, retired: bool) -> None:
    first = DispatchRulePublished(rule_id=WEB, number=1, name="Web", pool_id=NORTH, terms=FULL)
    last = replace(first, number=2, terms=terms, retired=retired)
    (row,) = rows(dispatch_rules, first, last)
    assert row.name == "Web"
    assert row.rule() == DispatchRule(rule_id=WEB, number=2, pool_id=NORTH, terms=terms, retired=retired)


# Leads that wait

captured = LeadCaptured(
    lead_id=LEAD,
    source="web",
    channel="form",
    identities=(),
    campaign="spring",
    product_line="tea",
    requested_amount=yuan(5),
    territory=OrgPath("north/harbin"),
)
in_vain = DispatchDecided(lead_id=LEAD, rule_id=WEB, rule_number=1, seen_at=1, pool_id=NORTH)
pooled = LeadPooled(lead_id=LEAD, pool_id=NORTH, reason="nobody-eligible", claimable_from=START)
TERMS: dict[str, Any] = {
    "first_contact_due": START,
    "protect_until": START,
    "hard_limit": START,
    "extension_days": 3,
    "time_zone": "Asia/Shanghai",
}
assigned = LeadAssigned(lead_id=LEAD, owner=ANN, method="dispatch", pool_id=NORTH, **TERMS)
claimed = LeadClaimed(lead_id=LEAD, owner=BOB, pool_id=NORTH, **TERMS)
recycled = LeadRecycled(
    lead_id=LEAD,
    previous_owner=ANN,
    pool_id=NORTH,
    reason="no-follow-up",
    claimable_from=START,
    cools_until=START,
)
released = LeadReleased(
    lead_id=LEAD, from_=BOB, pool_id=NORTH, reason="voluntary-return", claimable_from=START, cools_until=START
)
lost = LeadLost(lead_id=LEAD, from_="new", reason="price")


def queued(*told: object) -> QueuedLead:
    (row,) = rows(dispatch_queue, *told)
    assert isinstance(row, QueuedLead)
    return row


def test_a_lead_waits_from_when_it_came() -> None:
    row = queued(captured)
    assert (row.waiting, row.waiting_since, row.waits_at, row.rule_id) == (True, START, 1, None)
    assert row.seen() == LeadSeen(
        source="web",
        channel="form",
        campaign="spring",
        product_line="tea",
        amount=yuan(5),
        territory=OrgPath("north/harbin"),
    )
    assert queued(replace(captured, requested_amount=None)).seen().amount is None


def test_what_is_corrected_is_seen_as_it_is_now() -> None:
    row = queued(captured, LeadCorrected(lead_id=LEAD, corrects=1, source="fair", territory=OrgPath("south")))
    assert (row.source, row.territory, row.campaign, row.amount) == ("fair", OrgPath("south"), "spring", Decimal(5))
    row = queued(captured, LeadCorrected(lead_id=LEAD, corrects=1, requested_amount=yuan(8), campaign="may"))
    assert (row.source, row.campaign, row.amount, row.currency) == ("web", "may", Decimal(8), "CNY")


def test_looked_for_in_vain_it_waits_where_the_rule_has_put_it() -> None:
    row = queued(captured, in_vain, pooled, in_vain)
    assert (row.waiting, row.waits_at, row.rule_id, row.pool_id) == (True, 1, WEB, NORTH)


def test_it_waits_no_longer_when_somebody_has_it_or_has_decided_about_it() -> None:
    for event in (assigned, claimed, lost):
        row = queued(captured, in_vain, pooled, event)
        assert (row.waiting, row.waiting_since, row.waits_at, row.rule_id) == (False, None, None, None)
    assert not queued(captured, replace(pooled, reason="new")).waiting
    assert rows(dispatch_queue, captured, LeadConverted(lead_id=LEAD, from_="new", customer_id=CustomerId(LEAD))) == []


def test_taken_from_who_did_not_work_on_it_it_waits_again_for_somebody_else() -> None:
    row = queued(captured, assigned, recycled)
    assert (row.waiting, row.waits_at, row.failed, row.pool_id) == (True, 3, (ANN,), NORTH)
    row = queued(captured, assigned, recycled, assigned, recycled, claimed, released)
    assert (row.waiting, row.failed) == (False, (ANN, BOB))
    row = queued(captured, assigned, replace(recycled, reason="owner-departed"))
    assert (row.waiting, row.failed) == (False, ())


def test_reopened_it_waits_again() -> None:
    row = queued(captured, assigned, lost, LeadReopened(lead_id=LEAD, from_="lost", cycle=2))
    assert (row.waiting, row.waiting_since, row.open, row.formerly) == (True, START + 3 * MINUTE, True, "staff/ann")


def test_handed_off_it_waits_for_those_whom_a_rule_for_that_chooses() -> None:
    off = LeadHandedOff(lead_id=LEAD, call_id=CallId(UUID(int=7)), from_=ANN)
    row = queued(captured, assigned, off)
    assert (row.waiting, row.waits_at, row.owner_id, row.formerly, row.failed) == (True, 3, None, "staff/ann", ())
    assert row.seen().channel == HAND_OFF
    row = queued(captured, replace(pooled, reason="new"), replace(off, from_=None))
    assert (row.waiting, row.pool_id, row.formerly) == (True, NORTH, None)
    reopened = LeadReopened(lead_id=LEAD, from_="lost", cycle=2)
    assert queued(captured, assigned, off, lost, reopened).seen().channel == "form"


def test_adopted_it_waits_if_nobody_has_it() -> None:
    adopted = LeadAdopted(lead_id=LEAD)
    loose = replace(pooled, reason="new")
    assert not queued(captured, loose, adopted).waiting
    assert not queued(captured, assigned, adopted).waiting
    assert queued(captured, adopted).waits_at == 1


@pytest.mark.parametrize("view", [dispatch_queue, sales_worklist])
def test_a_lead_into_which_another_was_merged_is_its_customer_s(view: Projection) -> None:
    li, wu = (CustomerId(UUID(int=number)) for number in (0xC1, 0xC2))
    nobodys = replace(captured, customer_id=None)
    merged = LeadAbsorbed(lead_id=LEAD, absorbed=LeadId(UUID(int=9)), identities={}, customer_id=li)
    for known in (merged, replace(merged, customer_id=None)):
        (row,) = rows(view, nobodys, merged, known)
        assert row.customer_id == li
    (row,) = rows(view, nobodys, replace(merged, customer_id=wu), merged)
    assert row.customer_id == wu
