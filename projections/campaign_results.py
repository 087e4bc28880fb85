"""Campaign results: what each campaign has cost at each source, which leads it brought, and what those have paid.

Revenue is that of the orders with which its leads were converted, less what went back, whenever that was; what a
customer buys later is nobody's campaign's. Who may not see everything sees all the cost beside his own leads.
"""
# ruff: noqa: S608 - the names of our own columns are all that is put into it.

from datetime import UTC, date
from decimal import Decimal

from domain.campaign import CampaignCostRecorded
from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.facts.work import (
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    Status,
)
from domain.order.facts import OrderPlaced, OrderRefunded, OrderRequested, PaymentReceived
from domain.values import CustomerId, Instant, LeadId, OrderId
from projections.custody import CustodyEvent, let_go, moved
from projections.figures import Figure, Summary, with_a
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class CampaignRow(Scoped):
    """A lead, or what a campaign has cost at a source in a month, or, beside those, what an order has brought.

    `part` tells rows of one subject apart. `cohort` is the first day of the month, in UTC, in which the lead was
    captured or the money was spent. `days` are those that the `costs` in the same places are of.
    """

    subject_id: str
    part: str = ""
    campaign: str | None = None
    source: str | None = None
    cohort: date | None = None
    currency: str | None = None
    cost: Decimal | None = None
    days: tuple[date, ...] = ()
    costs: tuple[Decimal, ...] = ()
    lead_id: LeadId | None = None
    status: Status | None = None
    qualified_at: Instant | None = None
    converted_at: Instant | None = None
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    paid: Decimal | None = None


Parts = tuple[CampaignRow, ...]


def of_order(column: str) -> str:
    """Of the order with which a lead was converted."""
    return f"(SELECT sold.{column} FROM :rows AS sold WHERE sold.subject_id = 'order/' || each.order_id)"


def in_each_currency(figure: str, having: str) -> str:
    """Of the amounts of all rows together: currencies are not added to one another."""
    costs, paid = "array_agg(each.cost)", f"array_agg({of_order('paid')})"
    currencies = f"array_agg(coalesce(each.currency, {of_order('currency')}))"
    return f"""(SELECT jsonb_object_agg(currency, ({figure})::text) FROM
        (SELECT currency, sum(cost) AS cost, sum(paid) AS paid
        FROM unnest({currencies}, {costs}, {paid}) AS given (currency, cost, paid)
        WHERE currency IS NOT NULL GROUP BY currency) AS totals WHERE {having})"""


FIGURES: dict[str, str | Figure] = {
    "cost": in_each_currency("cost", "cost IS NOT NULL"),
    "leads": with_a("lead_id"),
    "qualified": with_a("qualified_at"),
    "converted": with_a("converted_at"),
    "revenue": in_each_currency("paid", "paid IS NOT NULL"),
    "roi": in_each_currency("round((coalesce(paid, 0) - cost) / cost, 4)", "cost > 0"),
}


@projection(
    "campaign_results",
    key=("subject_id",),
    rows_by=("part",),
    version=1,
    listed="NOT starts_with(subject_id, 'order/')",
    computed={"revenue": (Decimal, of_order("paid")), "revenue_currency": (str, of_order("currency"))},
    summaries={
        "campaigns": Summary(
            by=("source", "campaign"),
            facets=("source", "campaign", "cohort"),
            figures=FIGURES,
        )
    },
    search=("campaign", "source"),
    sorts=("cohort", "cost", "qualified_at", "converted_at", "revenue"),
    filters=(
        "subject_id",
        "campaign",
        "source",
        "cohort",
        "currency",
        "cost",
        "lead_id",
        "status",
        "owner_id",
        "pool_id",
        "qualified_at",
        "converted_at",
        "customer_id",
        "order_id",
    ),
)
def campaign_results(
    rows: Parts,
    event: CampaignCostRecorded
    | LeadCaptured
    | LeadCorrected
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadConverted
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadMerged
    | CustodyEvent
    | OrderRequested
    | OrderPlaced
    | PaymentReceived
    | OrderRefunded,
    at: Instant,
) -> Parts:
    match event:
        case CampaignCostRecorded():
            return spent(rows, event)
        case LeadCaptured():
            return rows or (captured(event, at),)
        case OrderRequested() | OrderPlaced():
            currency = event.amount.currency
            return rows or (CampaignRow(subject_id=f"order/{event.order_id}", currency=currency),)
        case PaymentReceived(amount=amount):
            return tuple(replace(row, paid=(row.paid or Decimal(0)) + amount.amount) for row in rows)
        case OrderRefunded(amount=amount):
            return tuple(replace(row, paid=(row.paid or Decimal(0)) - amount.amount) for row in rows)
        case _:
            return tuple(gone_on(row, event, at) for row in rows)


def spent(rows: Parts, event: CampaignCostRecorded) -> Parts:
    """The cost of a day takes the place of what was said of it before."""
    cohort = event.day.replace(day=1)
    part = f"{event.source}/{cohort:%Y-%m}"
    others = tuple(row for row in rows if row.part != part)
    before = next((row for row in rows if row.part == part), None)
    days = {} if before is None else dict(zip(before.days, before.costs, strict=True))
    days[event.day] = event.cost.amount
    now = CampaignRow(
        subject_id=f"campaign/{event.campaign_id}",
        part=part,
        campaign=event.campaign_id,
        source=event.source,
        cohort=cohort,
        currency=event.cost.currency,
        cost=sum(days.values(), Decimal(0)),
        days=tuple(days),
        costs=tuple(days.values()),
    )
    return (*others, now)


def captured(event: LeadCaptured, at: Instant) -> CampaignRow:
    return CampaignRow(
        subject_id=f"lead/{event.lead_id}",
        lead_id=event.lead_id,
        campaign=event.campaign,
        source=event.source,
        cohort=at.astimezone(UTC).date().replace(day=1),
        status="new",
    )


def gone_on(
    row: CampaignRow,
    event: LeadCorrected
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadConverted
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadMerged
    | CustodyEvent,
    at: Instant,
) -> CampaignRow:
    match event:
        case LeadCorrected(source=source, campaign=campaign):
            return replace(row, source=source or row.source, campaign=campaign or row.campaign)
        case LeadQualified(to=status):
            return replace(row, status=status, qualified_at=row.qualified_at or at)
        case LeadConverted(to=status, customer_id=customer_id, order_id=order_id):
            known = replace(row, status=status, converted_at=row.converted_at or at, customer_id=customer_id)
            return let_go(known, order_id=order_id or row.order_id)
        case LeadLost(to=status) | LeadInvalidated(to=status) | LeadMerged(to=status):
            return let_go(row, status=status)
        case LeadContacted() | LeadNegotiating() | LeadNurtured() | LeadReopened():
            return replace(row, status=event.to)
        case (
            LeadPooled()
            | LeadAssigned()
            | LeadClaimed()
            | LeadTransferred()
            | LeadReleased()
            | LeadRecycled()
            | LeadHandedOff()
            | CollaboratorAdded()
        ):
            return moved(row, event)
