"""Campaign results: what a campaign has cost, whom it brought, and what those have paid."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.campaign import CampaignCostRecorded
from domain.lead.facts.custody import LeadHandedOff
from domain.lead.facts.intake import LeadCorrected
from domain.order.facts import OrderPlaced, OrderRefunded, OrderRequested, PaymentReceived
from domain.values import CallId, CampaignId, LeadId
from projections.campaign_results import CampaignRow, campaign_results
from projections.query import Filter, Listing, summary
from tests.commands.order.situations import LINES, ORDER, SPARE_ORDER, cny, euro
from tests.projections.leads import (
    ANN,
    BOB,
    CUSTOMER,
    LEAD,
    NORTH,
    another,
    assigned,
    at,
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

SPRING = CampaignId("spring")
cost = CampaignCostRecorded(campaign_id=SPRING, source="ads", day=date(2026, 3, 2), cost=cny("50.00"))
placed = OrderPlaced(order_id=ORDER, customer_id=CUSTOMER, lines=LINES, amount=cny("100.00"))
paid = PaymentReceived(order_id=ORDER, payment="p-1", amount=cny("100.00"))
back = OrderRefunded(
    order_id=ORDER, from_="not_refunded", to="part_refunded", refund="r", amount=cny("25.00"), refunded=cny("25.00")
)
sold = replace(converted, order_id=ORDER)


def lead(*told: Any) -> CampaignRow:
    (found,) = [row for row in rows(campaign_results, *told) if row.lead_id == LEAD]
    assert isinstance(found, CampaignRow)
    return found


def test_a_lead_counts_for_its_campaign_and_source_in_the_month_in_which_it_came() -> None:
    assert lead((at(3, 25), captured)) == CampaignRow(
        subject_id=f"lead/{LEAD}",
        lead_id=LEAD,
        campaign="spring",
        source="ads",
        cohort=date(2026, 3, 1),
        status="new",
    )
    row = lead(captured, LeadCorrected(lead_id=LEAD, corrects=1, campaign="autumn"))
    assert (row.campaign, row.source) == ("autumn", "ads")
    assert lead(captured, LeadCorrected(lead_id=LEAD, corrects=1, source="fair")).source == "fair"


def test_what_happens_to_a_lead_that_was_never_captured_is_no_row() -> None:
    assert rows(campaign_results, contacted, qualified, converted, pooled, paid, back) == []


def test_it_is_qualified_and_converted_the_first_time() -> None:
    steps = ((at(3, 1), captured), (at(3, 2), contacted), (at(3, 3), qualified), (at(3, 4), nurtured))
    row = lead(
        *steps, contacted, qualified, negotiating, (at(3, 9), sold), (at(3, 10), replace(sold, from_="converted"))
    )
    assert (row.status, row.qualified_at, row.converted_at) == ("converted", at(3, 3), at(3, 9))
    assert (row.customer_id, row.order_id) == (CUSTOMER, ORDER)
    later = lead(captured, sold, replace(converted, from_="converted"))
    assert later.order_id == ORDER


@pytest.mark.parametrize("end", [lost, invalidated, merged])
def test_its_end_is_told_and_nobody_holds_it_any_more(end: Any) -> None:
    row = lead(captured, claimed, end)
    assert (row.status, row.owner_id, row.formerly) == (end.to, None, "staff/ann")
    assert lead(captured, claimed, contacted, lost, reopened).status == "new"


def test_custody_moves_as_in_the_worklist() -> None:
    assert lead(captured, pooled).pool_id == NORTH
    assert lead(captured, pooled, claimed, helped).collaborators == (BOB,)
    assert lead(captured, pooled, claimed, transferred).owner_id == BOB
    assert lead(captured, assigned).owner_id == BOB
    assert lead(captured, claimed, released).owner_id is None
    assert lead(captured, claimed, recycled).pool_id == NORTH
    handed_off = LeadHandedOff(lead_id=LEAD, call_id=CallId(UUID(int=1)))
    assert lead(captured, claimed, handed_off).formerly == f"staff/{ANN}"


def test_a_day_costs_what_was_said_of_it_last() -> None:
    dearer = replace(cost, day=date(2026, 3, 3), cost=cny("8.00"))
    (row,) = rows(campaign_results, cost, dearer, replace(cost, cost=cny("45.00"), from_=cny("50.00")))
    assert (row.subject_id, row.campaign, row.source, row.cohort) == (
        "campaign/spring",
        SPRING,
        "ads",
        date(2026, 3, 1),
    )
    assert (row.cost, row.currency) == (Decimal(53), "CNY")
    assert dict(zip(row.days, row.costs, strict=True)) == {cost.day: Decimal(45), dearer.day: Decimal(8)}


def test_months_and_sources_are_told_apart() -> None:
    told = (cost, replace(cost, source="fair"), replace(cost, day=date(2026, 4, 1)))
    assert [(row.source, row.cohort) for row in rows(campaign_results, *told)] == [
        ("ads", date(2026, 3, 1)),
        ("ads", date(2026, 4, 1)),
        ("fair", date(2026, 3, 1)),
    ]


def test_what_an_order_has_brought_is_kept_beside() -> None:
    asked = OrderRequested(order_id=ORDER, customer_id=CUSTOMER, lines=LINES, amount=cny("100.00"))
    (row,) = rows(campaign_results, asked, placed, paid, back)
    assert (row.subject_id, row.currency, row.paid) == (f"order/{ORDER}", "CNY", Decimal(75))


# In the database


def put(views: Views, *told: Any) -> None:
    views.put(campaign_results, *rows(campaign_results, *told))


@pytest.mark.slow
@pytest.mark.parametrize("told", [(captured, sold, placed, paid, back), (placed, paid, captured, back, sold)])
def test_a_lead_has_brought_what_was_paid_for_its_order_whichever_was_first(views: Views, told: Any) -> None:
    put(views, *told)
    (row,) = views.list(campaign_results, Filter("campaign", "eq", "spring"), sort="-revenue")
    assert (row["revenue"], row["revenue_currency"]) == (Decimal(75), "CNY")


@pytest.mark.slow
def test_a_campaign_has_its_cost_its_leads_its_revenue_and_what_came_of_it(views: Views) -> None:
    third = replace(captured, lead_id=LeadId(UUID(int=103)))
    abroad = replace(captured, lead_id=LeadId(UUID(int=104)))
    euros = replace(placed, order_id=SPARE_ORDER, amount=euro("9.00"))
    put(
        views,
        *(captured, another, third, abroad, cost, replace(cost, day=date(2026, 3, 3), cost=cny("10.00"))),
        *(qualified, sold, placed, paid, back, replace(lost, lead_id=third.lead_id)),
        *(replace(converted, lead_id=abroad.lead_id, order_id=SPARE_ORDER), euros),
        replace(paid, order_id=SPARE_ORDER, amount=euro("9.00")),
    )
    found = {row["source"]: row for row in views.run(summary(campaign_results, "campaigns", Listing(NOW, None)))}
    assert dict(found["ads"]) == {
        "source": "ads",
        "campaign": "spring",
        "cost": {"CNY": "60.00"},
        "leads": 3,
        "qualified": 1,
        "converted": 2,
        "revenue": {"CNY": "75.00", "EUR": "9.00"},
        "roi": {"CNY": "0.2500"},
    }
    assert [found["fair"][name] for name in ("campaign", "cost", "leads", "revenue", "roi")] == [
        None,
        None,
        1,
        None,
        None,
    ]


@pytest.mark.slow
def test_a_campaign_that_sold_nothing_has_lost_all_that_it_cost(views: Views) -> None:
    put(views, cost, captured)
    (row,) = views.run(summary(campaign_results, "campaigns", Listing(NOW, None), ()))
    assert (row["cost"], row["leads"], row["revenue"], row["roi"]) == ({"CNY": "50.00"}, 1, None, {"CNY": "-1.0000"})


@pytest.mark.slow
def test_orders_that_no_lead_led_to_are_not_listed(views: Views) -> None:
    put(views, placed, paid)
    assert views.list(campaign_results) == []
    (row,) = views.run(summary(campaign_results, "campaigns", Listing(NOW, None), ()))
    assert (row["leads"], row["revenue"]) == (0, None)
