"""Customers (customer 360): who each of them is, how he stands with us, who looks after him, and whom to talk to."""

from datetime import datetime

from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced, CreditLevelChanged
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    LearningNoted,
    TouchpointRecorded,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import (
    CustomerCorrected,
    CustomerCreated,
    CustomerProfileUpdated,
    CustomerRegistered,
)
from domain.customer.facts.protection import (
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
    RiskFlagCleared,
    RiskFlagRaised,
)
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.lead.facts.work import LeadConverted
from domain.values import CustomerId
from ledger.envelope import Recorded
from projections.customers.card import CustomerCard
from projections.customers.merging import merged
from projections.customers.person import created, told_of
from projections.customers.standing import (
    bought,
    in_status,
    learned,
    of_learning,
    owing,
    reached_through,
    said,
    stopped,
    touched,
)
from projections.looked_after import looked_after
from projections.personal import forgotten
from projections.projection import projection
from projections.rows import replace

__all__ = ["CustomerCard", "customers"]


@projection(
    "customers",
    key=("customer_id",),
    version=1,
    opens=("profile", "kept", "identities", "identities_added", "note"),
    computed={
        "subject_id": (str, "'customer/' || customer_id"),
        "order_count": (int, "cardinality(orders)"),
        "first_order_at": (datetime, "(SELECT min(paid) FROM unnest(paid_at) AS paid)"),
        "days_without_order": (int, "extract(day FROM :now - last_order_at)::bigint"),
    },
    sorts=(
        "name",
        "created_at",
        "status_since",
        "segment",
        "order_count",
        "first_order_at",
        "last_order_at",
        "touched_at",
        "active_at",
        "days_without_order",
    ),
    filters=(
        "customer_id",
        "is_now",
        "type",
        "created_at",
        "status",
        "status_since",
        "registered",
        "segment",
        "standing",
        "credit_level",
        "credit_restricted",
        "hold_reason",
        "risk_flags",
        "legal_holds",
        "tags",
        "contact_ids",
        "primary_contact",
        "leads",
        "orders",
        "last_order_at",
        "touched_at",
        "touch_channel",
        "active_at",
        "courses",
        "owner_id",
        "owners",
        "erased_on",
    ),
    search=("name", "phones"),
)
def customers(
    row: CustomerCard | None,
    event: CustomerCreated
    | CustomerCorrected
    | CustomerProfileUpdated
    | CustomerRegistered
    | CustomerStatusChanged
    | CustomerWonBack
    | CustomerOrderNoted
    | CustomerRefundNoted
    | TouchpointRecorded
    | LearningNoted
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded
    | ContactLinked
    | ContactUnlinked
    | ContactRoleChanged
    | CreditLevelChanged
    | CreditHoldPlaced
    | CreditHoldLifted
    | RiskFlagRaised
    | RiskFlagCleared
    | LegalHoldPlaced
    | LegalHoldLifted
    | TagApplied
    | TagRemoved
    | ValueSegmentChanged
    | RevenueStandingChanged
    | LeadConverted
    | CustomersMerged
    | CustomerAbsorbed
    | CustomerUnmerged
    | CustomerRestored
    | PersonalDataErased,
    recorded: Recorded,
) -> CustomerCard | None:
    at = recorded.occurred_at
    if row is None:
        return created(event, at) if isinstance(event, CustomerCreated) else None
    match event:
        case CustomerCreated():
            return row
        case CustomerCorrected() | CustomerProfileUpdated() | CustomerRegistered():
            return told_of(row, event)
        case CustomerStatusChanged(to=status) | CustomerWonBack(to=status):
            return in_status(row, status, at)
        case CustomerOrderNoted() | CustomerRefundNoted():
            return bought(row, event)
        case TouchpointRecorded():
            return touched(row, event, at)
        case LearningNoted():
            return learned(row, event)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            return looked_after(row, event)
        case ContactLinked() | ContactUnlinked() | ContactRoleChanged():
            return reached_through(row, event)
        case CreditLevelChanged() | CreditHoldPlaced() | CreditHoldLifted():
            return owing(row, event)
        case RiskFlagRaised() | RiskFlagCleared() | LegalHoldPlaced() | LegalHoldLifted():
            return stopped(row, event)
        case TagApplied() | TagRemoved() | ValueSegmentChanged() | RevenueStandingChanged():
            return said(row, event)
        case LeadConverted(lead_id=lead_id):
            return replace(row, leads=tuple(dict.fromkeys((*row.leads, lead_id))))
        case CustomersMerged() | CustomerAbsorbed() | CustomerUnmerged() | CustomerRestored():
            return merged(row, event, at)
        case PersonalDataErased():
            gone = {"phones": (), "phone_ids": (), **of_learning({})}
            return in_status(forgotten(row, recorded, **gone), "closed", at)


@customers.finds_by("is_now")
def everybody_he_was(event: PersonalDataErased | CustomerAbsorbed) -> CustomerId:
    """Himself, and all who became him."""
    return event.customer_id


@customers.finds_by("is_now")
def everybody_he_had_become(event: CustomerRestored) -> CustomerId:
    return event.out_of
