"""How we come to a customer again."""

from typing import Literal

from domain.values import (
    ContactId,
    CustomerId,
    Instant,
    LeadId,
    fact,
)

ApproachKind = Literal["winback", "upsell"]
Dropped = Literal[
    "no-offer",
    "moved-on",
    "risk-flag",
    "open-lead",
    "no-contact",
    "do-not-contact",
    "consent-withdrawn",
    "consent-missing",
    "never-allowed",
]


@fact("customer.approached")
class CustomerApproached:
    """A lead was opened on him, and his contact's place for it is reserved."""

    customer_id: CustomerId
    lead_id: LeadId
    kind: ApproachKind
    contact_id: ContactId
    campaign: str


@fact("customer.approach-deferred")
class ApproachDeferred:
    """It would be too much now; it is tried again at `until`."""

    customer_id: CustomerId
    kind: ApproachKind
    contact_id: ContactId
    because: str
    until: Instant


@fact("customer.approach-dropped")
class ApproachDropped:
    """It is not to be, and is not tried again; `lead_id` is the open lead that there is already."""

    customer_id: CustomerId
    kind: ApproachKind
    because: Dropped
    lead_id: LeadId | None = None


ApproachEvent = CustomerApproached | ApproachDeferred | ApproachDropped
