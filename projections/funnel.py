"""The funnel: how far each lead has come, and when; and the figures of a cohort of leads from a source."""

from datetime import UTC, date
from decimal import Decimal

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
from domain.lead.facts.intake import LeadCaptured, LeadCorrected, LeadKind, TouchRecorded
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
from domain.money import Money
from domain.values import Instant, LeadId
from projections.custody import let_go, moved
from projections.figures import Figure, Summary, counted, with_a
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class Journey(Scoped):
    """A lead's way through the funnel. The instants are those at which it first came there; `status` is where it is."""

    lead_id: LeadId
    cohort: date  # The first day of the month in which it was captured, in UTC.
    source: str
    channel: str
    captured_at: Instant
    kind: LeadKind = "new"
    campaign: str | None = None
    product_line: str | None = None
    status: Status = "new"
    cycle: int = 1
    repeats: int = 0  # Imported events that told what was so already, further quotes among them.
    touches: tuple[str, ...] = ()  # The channels of its touches, each once, in the order of the first.
    lost_reason: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    probability: int | None = None  # Of 100, and when it is to be won: as it was said when it was last qualified.
    close_date: date | None = None
    contacting_at: Instant | None = None
    qualified_at: Instant | None = None
    negotiating_at: Instant | None = None
    converted_at: Instant | None = None
    lost_at: Instant | None = None
    invalid_at: Instant | None = None


def median_days(begin: str, end: str) -> str:
    """Of those that came from one point to the other. Who was told to be there before took no time."""
    days = f"greatest(extract(epoch FROM {end} - {begin}) / 86400, 0)"
    return f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {days}) FILTER (WHERE {end} - {begin} IS NOT NULL)"


CLOSED: tuple[Status, ...] = ("converted", "lost", "invalid", "merged")
STILL_OPEN = Figure(
    f"status NOT IN ({', '.join(map(repr, CLOSED))})", where=tuple(("status.ne", each) for each in CLOSED)
)


FACETS = ("cohort", "source", "channel", "campaign", "product_line", "kind", "owner_id", "status", "lost_reason")

SUMMARY = Summary(
    by=("cohort", "source"),
    facets=FACETS,
    figures={
        "entered": "count(*)",
        "contacting": with_a("contacting_at"),
        "qualified": with_a("qualified_at"),
        "negotiating": with_a("negotiating_at"),
        "converted": counted(("status", "converted")),
        "lost": counted(("status", "lost")),
        "invalid": counted(("status", "invalid")),
        "merged": counted(("status", "merged")),
        "open": Figure(f"count(*) FILTER (WHERE {STILL_OPEN.sql})", where=STILL_OPEN.where),
        "conversion": "round(count(*) FILTER (WHERE status = 'converted')::numeric / nullif(count(*), 0), 4)",
        "days_to_contact": median_days("captured_at", "contacting_at"),
        "days_to_qualify": median_days("contacting_at", "qualified_at"),
        "days_to_negotiate": median_days("qualified_at", "negotiating_at"),
        "days_to_convert": median_days("negotiating_at", "converted_at"),
        # Currencies are not added to one another.
        "amounts": "(SELECT jsonb_object_agg(currency, total::text) FROM (SELECT currency, sum(amount) AS total"
        " FROM unnest(array_agg(each.currency), array_agg(each.amount)) AS given (currency, amount)"
        " WHERE amount IS NOT NULL GROUP BY currency) AS totals)",
    },
)

FORECAST = Summary(
    by=("close_month", "owner_id", "status", "currency"),
    facets=(*FACETS, "close_month", "currency"),
    apart=("currency",),
    among=STILL_OPEN,
    figures={
        "leads": "count(*)",
        "amount": "sum(amount)",
        "weighted": "sum(amount * probability) / 100",
        "unweighted": "sum(amount) FILTER (WHERE probability IS NULL)",  # Of which nobody has said how likely it is.
    },
)


@projection(
    "funnel",
    key=("lead_id",),
    version=3,
    computed={
        "subject_id": (str, "'lead/' || lead_id"),
        "weighted": (Decimal, "amount * probability / 100"),
        "close_month": (date, "date_trunc('month', close_date)::date"),
    },
    summaries={"stages": SUMMARY, "forecast": FORECAST},
    sorts=("captured_at", "converted_at", "lost_at", "amount", "weighted", "close_date", "cohort"),
    filters=(
        "lead_id",
        *FACETS,
        "pool_id",
        "cycle",
        "repeats",
        "touches",
        "amount",
        "currency",
        "probability",
        "close_date",
        "captured_at",
        "contacting_at",
        "qualified_at",
        "negotiating_at",
        "converted_at",
        "lost_at",
        "invalid_at",
    ),
)
def funnel(
    row: Journey | None,
    event: LeadCaptured
    | TouchRecorded
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadConverted
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadMerged
    | LeadCorrected
    | LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded,
    at: Instant,
) -> Journey | None:
    if row is None:
        return captured(event, at) if isinstance(event, LeadCaptured) else None
    match event:
        case TouchRecorded(channel=channel):
            return row if channel in row.touches else replace(row, touches=(*row.touches, channel))
        case LeadContacted():
            return replace(came(row, event), contacting_at=row.contacting_at or at)
        case LeadQualified(amount=amount):
            foreseen = replace(row, probability=event.probability, close_date=event.close_date)
            return replace(priced(came(foreseen, event), amount), qualified_at=row.qualified_at or at)
        case LeadNegotiating(amount=amount):
            return replace(priced(came(row, event), amount), negotiating_at=row.negotiating_at or at)
        case LeadNurtured():
            return came(row, event)
        case LeadConverted():
            return replace(let_go(came(row, event)), converted_at=row.converted_at or at)
        case LeadLost(reason=reason):
            return replace(let_go(came(row, event)), lost_at=row.lost_at or at, lost_reason=reason)
        case LeadInvalidated():
            return replace(let_go(came(row, event)), invalid_at=row.invalid_at or at)
        case LeadReopened(cycle=cycle):
            return replace(came(row, event), cycle=cycle, lost_reason=None)
        case LeadMerged():
            return let_go(came(row, event))
        case LeadCorrected():
            return corrected(row, event)
        case LeadCaptured():
            return row
        case _:
            return moved(row, event)


StatusEvent = (
    LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadConverted
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadMerged
)


def came(row: Journey, event: StatusEvent) -> Journey:
    """The row at its new status, or, when it was there already, with one repeat more."""
    if event.from_ == event.to:
        return replace(row, repeats=row.repeats + 1)
    return replace(row, status=event.to)


def captured(event: LeadCaptured, at: Instant) -> Journey:
    asked = event.requested_amount
    return Journey(
        lead_id=event.lead_id,
        cohort=at.astimezone(UTC).date().replace(day=1),
        source=event.source,
        channel=event.channel,
        captured_at=at,
        kind=event.kind,
        campaign=event.campaign,
        product_line=event.product_line,
        amount=None if asked is None else asked.amount,
        currency=None if asked is None else asked.currency,
    )


def corrected(row: Journey, event: LeadCorrected) -> Journey:
    """Only what the correction names is changed."""
    row = replace(
        row,
        source=event.source or row.source,
        channel=event.channel or row.channel,
        campaign=event.campaign or row.campaign,
        product_line=event.product_line or row.product_line,
    )
    return row if event.requested_amount is None else priced(row, event.requested_amount)


def priced(row: Journey, amount: Money) -> Journey:
    return replace(row, amount=amount.amount, currency=amount.currency)
