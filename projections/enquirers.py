"""Enquirers: who is behind each phone number, address or account, as a lead that is open, and as a customer.

The value itself is nowhere here; whoever has one finds its identity by a fingerprint.
"""

from domain.identity import (
    IdentityAttributed,
    IdentityDetached,
    IdentityKind,
    IdentityReassigned,
    IdentityReattributed,
    IdentityReleased,
    IdentityReserved,
)
from domain.values import CustomerId, IdentityId, Instant, LeadId
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class Enquirer(Scoped):
    """`lead_id` is the open lead that has the identity, `last_lead_id` the last one that had, and `customer_id` whose
    it is. `since` when it came to be known.
    """

    identity_id: IdentityId
    kind: IdentityKind
    since: Instant
    lead_id: LeadId | None = None
    last_lead_id: LeadId | None = None
    customer_id: CustomerId | None = None


@projection(
    "enquirers",
    key=("identity_id",),
    version=1,
    listed="lead_id IS NOT NULL OR customer_id IS NOT NULL",
    through="""lead_id IN (SELECT lead_id FROM views.sales_worklist WHERE :reach)
        OR customer_id IN (SELECT customer_id FROM views.customers WHERE :reach)""",
    computed={"subject_id": (str, "'identity/' || identity_id")},
    sorts=("since",),
    filters=("identity_id", "kind", "since", "lead_id", "last_lead_id", "customer_id"),
    sought_by=("lead_id", "customer_id"),
)
def enquirers(
    row: Enquirer | None,
    event: IdentityReserved
    | IdentityReassigned
    | IdentityReleased
    | IdentityAttributed
    | IdentityReattributed
    | IdentityDetached,
    at: Instant,
) -> Enquirer | None:
    if row is None:
        if not isinstance(event, IdentityReserved | IdentityAttributed):
            return None
        row = Enquirer(identity_id=event.identity_id, kind=event.kind, since=at)
    match event:
        case IdentityReserved(lead_id=lead_id) | IdentityReassigned(to=lead_id):
            return replace(row, lead_id=lead_id, last_lead_id=lead_id)
        case IdentityReleased():
            return replace(row, lead_id=None)
        case IdentityAttributed(customer_id=customer_id) | IdentityReattributed(to=customer_id):
            return replace(row, customer_id=customer_id)
        case IdentityDetached():
            return replace(row, customer_id=None)
