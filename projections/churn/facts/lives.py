"""How far each customer has come with us: his status and since when, what he is worth, and what stands in the way.

Nothing here is personal, so there is nothing to forget: who was erased is a number that belongs to nobody.
"""

from domain.customer.dossier import CustomerType, Dossier, Segment
from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced
from domain.customer.facts.lifecycle import CustomerStatusChanged, CustomerWonBack
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerRegistered
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked, ContactRoleChanged, ContactUnlinked, ValueSegmentChanged
from domain.customer.facts.terms import Status
from domain.values import ContactId, CustomerId, Instant, LeadId
from projections.looked_after import LookedAfter, looked_after
from projections.projection import projection
from projections.rows import replace, table


@table
class CustomerLife(LookedAfter):
    """`status` since `status_since`; `risk_since` is when he became dormant, as long as he is that or lost. `became` is
    whom he has become by a merge, `closed_at` when he was shut or erased, `erased_at` the latter alone. `held_since` is
    when a credit hold was placed that stands, `lead_id` the lead by which he came.
    """

    customer_id: CustomerId
    type: CustomerType
    created_at: Instant
    lead_id: LeadId | None = None
    status: Status = "prospect"
    status_since: Instant
    registered_at: Instant | None = None
    risk_since: Instant | None = None
    segment: Segment | None = None
    held_since: Instant | None = None
    primary_contact: ContactId | None = None
    became: CustomerId | None = None
    closed_at: Instant | None = None
    erased_at: Instant | None = None


ContactEvent = ContactLinked | ContactUnlinked | ContactRoleChanged
Handed = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded
Went = CustomerAbsorbed | PersonalDataErased
Joined = CustomersMerged | CustomerUnmerged | CustomerRestored
LaterEvent = (
    CustomerCorrected
    | CustomerRegistered
    | CustomerStatusChanged
    | CustomerWonBack
    | Handed
    | ContactEvent
    | CreditHoldPlaced
    | CreditHoldLifted
    | ValueSegmentChanged
    | Joined
    | Went
)


@projection(
    "customer_lives",
    key=("customer_id",),
    version=1,
    listed="became IS NULL AND erased_at IS NULL",
    computed={"subject_id": (str, "'customer/' || customer_id")},
    sorts=("created_at", "status_since", "risk_since"),
    filters=(
        "customer_id",
        "type",
        "status",
        "status_since",
        "risk_since",
        "segment",
        "held_since",
        "created_at",
        "owner_id",
    ),
)
def customer_lives(
    row: CustomerLife | None,
    event: CustomerCreated | LaterEvent,
    at: Instant,
) -> CustomerLife | None:
    if not isinstance(event, CustomerCreated):
        return None if row is None else later(row, event, at)
    return row or CustomerLife(
        customer_id=event.customer_id,
        type=event.customer_type,
        created_at=at,
        lead_id=event.lead_id,
        status_since=at,
    )


def later(row: CustomerLife, event: LaterEvent, at: Instant) -> CustomerLife:
    match event:
        case CustomerCorrected(customer_type=corrected):
            return replace(row, type=corrected or row.type)
        case CustomerRegistered():
            return replace(row, registered_at=row.registered_at or at)
        case CustomerStatusChanged(to=status) | CustomerWonBack(to=status):
            return in_status(row, status, at)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            return looked_after(row, event)
        case ContactLinked() | ContactUnlinked() | ContactRoleChanged():
            return reached_through(row, event)
        case CreditHoldPlaced():
            return replace(row, held_since=at)
        case CreditHoldLifted():
            return replace(row, held_since=None)
        case ValueSegmentChanged(to=segment):
            return replace(row, segment=segment)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            return joined(row, event, at)
        case CustomerAbsorbed(into=into):
            return replace(in_status(row, "closed", at), became=into)
        case PersonalDataErased():
            return replace(in_status(row, "closed", at), erased_at=at)


def in_status(row: CustomerLife, status: Status, at: Instant) -> CustomerLife:
    """Who is told again where he is, has been there all the time."""
    if status == row.status:
        return row
    risk = (row.risk_since or at) if status in {"dormant", "churned"} else None
    closed = at if status == "closed" else None
    return replace(row, status=status, status_since=at, risk_since=risk, closed_at=closed)


def reached_through(row: CustomerLife, event: ContactEvent) -> CustomerLife:
    if isinstance(event, ContactLinked | ContactRoleChanged) and event.primary:
        return replace(row, primary_contact=event.contact_id)
    return replace(row, primary_contact=None) if row.primary_contact == event.contact_id else row


def joined(row: CustomerLife, event: Joined, at: Instant) -> CustomerLife:
    """What two who are one have from now on, or one who is himself again."""
    kept: Dossier = event.kept
    primary = next((contact_id for contact_id, contact in kept.contacts.items() if contact.primary), None)
    held = None if kept.credit.hold is None else row.held_since or at
    row = replace(looked_after(row, event), primary_contact=primary, held_since=held, segment=kept.segment, became=None)
    return in_status(row, event.to, at)
