"""Who looks after a customer."""

from typing import Literal

from domain.customer.dossier import Access, OwnerRole
from domain.values import (
    CustomerId,
    Instant,
    StaffId,
    fact,
    value,
)


@value
class Passed:
    """Somebody who was thought of, and why it was not he."""

    staff_id: StaffId
    because: Literal["departed", "other-organisation", "farther", "away", "has-more", "refused"]


@value
class OwnerChoice:
    """How a rule came to somebody: who was thought of, as seen at a position."""

    rule_id: str
    seen_at: int
    passed: tuple[Passed, ...] = ()


@fact("customer.assigned")
class CustomerAssigned:
    """`choice` says why him, where a rule has looked for somebody."""

    customer_id: CustomerId
    owner: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.transferred")
class CustomerTransferred:
    """`choice` says why it was he, where a rule has found him."""

    customer_id: CustomerId
    from_: StaffId
    to: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.released")
class CustomerReleased:
    """`choice` says why nobody else has him, where a rule has looked for somebody."""

    customer_id: CustomerId
    from_: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.collaborator-added")
class CustomerCollaboratorAdded:
    customer_id: CustomerId
    staff_id: StaffId
    access: Access
    until: Instant | None = None


OwnerEvent = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded
