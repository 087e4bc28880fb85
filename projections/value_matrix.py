"""The value matrix: what an order of each customer comes to, how often he orders, and which segment that makes."""

from decimal import Decimal
from typing import Any

from domain.customer.dossier import Dossier, Segment
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.revenue import Standing
from domain.values import CustomerId, Instant
from projections.figures import Summary
from projections.looked_after import LookedAfter, looked_after
from projections.projection import projection
from projections.rows import replace, table


@table
class CustomerValue(LookedAfter):
    """`aov` is the average order value, `frequency` how many orders there were in the period of the thresholds, and
    `previous` the segment before. Whoever came into his by a merge has it without figures until he is valued anew.

    A customer without a segment, or who is none any more, is not listed.
    """

    customer_id: CustomerId
    segment: Segment | None = None
    previous: Segment | None = None
    changed_at: Instant | None = None
    aov: Decimal | None = None
    currency: str | None = None
    frequency: int | None = None
    thresholds_version: str | None = None
    standing: Standing = "usual"
    gone: bool = False


FACETS = ("segment", "previous", "currency", "standing", "thresholds_version", "owner_id")

SUMMARY = Summary(
    by=("segment", "currency"),
    facets=FACETS,
    figures={
        "customers": "count(*)",
        "average_frequency": "round(avg(frequency), 2)",
        # Currencies are not added to one another.
        "average_order": "CASE WHEN count(DISTINCT currency) = 1 THEN round(avg(aov), 2) END",
    },
)


@projection(
    "value_matrix",
    key=("customer_id",),
    version=1,
    listed="segment IS NOT NULL AND NOT gone",
    computed={"subject_id": (str, "'customer/' || customer_id")},
    summaries={"segments": SUMMARY},
    sorts=("segment", "aov", "frequency", "changed_at"),
    filters=("customer_id", *FACETS, "aov", "frequency", "changed_at"),
)
def value_matrix(
    row: CustomerValue | None,
    event: CustomerCreated
    | ValueSegmentChanged
    | RevenueStandingChanged
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded
    | CustomersMerged
    | CustomerUnmerged
    | CustomerAbsorbed
    | CustomerRestored
    | CustomerStatusChanged
    | PersonalDataErased,
    at: Instant,
) -> CustomerValue | None:
    if row is None:
        return CustomerValue(customer_id=event.customer_id) if isinstance(event, CustomerCreated) else None
    match event:
        case ValueSegmentChanged():
            return valued(row, event, at)
        case RevenueStandingChanged(to=standing):
            return replace(row, standing=standing)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            return looked_after(row, event)
        case CustomersMerged(kept=kept) | CustomerUnmerged(kept=kept) | CustomerRestored(kept=kept):
            return looked_after(replace(as_kept(row, kept, at), gone=False), event)
        case CustomerAbsorbed() | CustomerStatusChanged(to="closed") | PersonalDataErased():
            return replace(row, gone=True)
        case CustomerCreated() | CustomerStatusChanged():
            return row


def valued(row: CustomerValue, event: ValueSegmentChanged, at: Instant) -> CustomerValue:
    """Told once more of the same segment, he has been in it all the time."""
    figures: dict[str, Any] = {"aov": event.aov.amount, "currency": event.aov.currency, "frequency": event.frequency}
    figures["thresholds_version"] = event.thresholds_version
    if event.to == row.segment:
        return replace(row, **figures)
    return replace(row, segment=event.to, previous=event.from_ or row.segment, changed_at=at, **figures)


def as_kept(row: CustomerValue, kept: Dossier, at: Instant) -> CustomerValue:
    row = replace(row, standing=kept.standing)
    if kept.segment == row.segment:
        return row
    unknown: dict[str, Any] = dict.fromkeys(("aov", "currency", "frequency", "thresholds_version"))
    return replace(row, segment=kept.segment, previous=row.segment, changed_at=at, **unknown)
