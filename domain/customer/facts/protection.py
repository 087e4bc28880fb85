"""What stands in the way of business with a customer, or of forgetting him, and what binds us to him."""

from collections.abc import Iterator
from typing import Literal

from domain.customer.facts.terms import Status
from domain.values import (
    CustomerId,
    IdentityId,
    Instant,
    fact,
)


@fact("customer.risk-flag-raised")
class RiskFlagRaised:
    customer_id: CustomerId
    flag: str


@fact("customer.risk-flag-cleared")
class RiskFlagCleared:
    customer_id: CustomerId
    flag: str


@fact("customer.legal-hold-placed")
class LegalHoldPlaced:
    customer_id: CustomerId
    matter: str


@fact("customer.legal-hold-lifted")
class LegalHoldLifted:
    customer_id: CustomerId
    matter: str


@fact("customer.contract-recorded")
class ContractRecorded:
    """`contract` is its number in the system that keeps it. Told again, another end takes the place of the first."""

    customer_id: CustomerId
    contract: str
    until: Instant


@fact("customer.contract-ended")
class ContractEnded:
    """Before its time, or when it had come."""

    customer_id: CustomerId
    contract: str


def himself(event: "PersonalDataErased") -> Iterator[str]:
    """The streams in which he is spoken of as himself, under whichever id he was known."""
    for customer_id in (event.customer_id, *event.absorbed):
        yield f"customer/{customer_id}"
    for identity_id in event.identities:
        yield f"identity/{identity_id}"


@fact("customer.personal-data-erased", forgets=himself)
class PersonalDataErased:
    """`absorbed` are the customers that were merged into this one: they are the same person. `identities` were theirs,
    and are nobody else's: whatever else is known under one of them is about the same person too.
    """

    customer_id: CustomerId
    from_: Status
    absorbed: tuple[CustomerId, ...] = ()
    to: Literal["closed"] = "closed"
    identities: tuple[IdentityId, ...] = ()


ProtectionEvent = (
    RiskFlagRaised
    | RiskFlagCleared
    | LegalHoldPlaced
    | LegalHoldLifted
    | ContractRecorded
    | ContractEnded
    | PersonalDataErased
)
