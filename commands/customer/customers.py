"""The decider of customers, and what its rules share."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from commands.decider import Decider, Holding
from domain.actor import Asked
from domain.catalog import Catalog, chosen, coded
from domain.customer.dossier import ROLES, Access, Dossier, Profile
from domain.customer.facts import CustomerEvent
from domain.customer.refusals import HasBeenMerged, KnownCustomer
from domain.customer.states import Absorbed, Customer, Open, Uncreated, evolve
from domain.errors import said
from domain.identity import (
    Identifier,
    Identity,
    IdentityAttributed,
    IdentityDetached,
    IdentityLink,
    IdentityReattributed,
)
from domain.values import ContactId, CustomerId, IdentityId, Instant, StaffId, value


def holding(customer: Customer) -> Holding | None:
    """The primary owner has him in hand, or who stands in for one; who has another role there, or was let in, helps."""
    match customer:
        case Uncreated():
            return None
        case Open():
            found = customer
        case _:
            found = customer.was
    dossier = found.dossier
    owner = in_hand(dossier)
    workers = {each: None for each in dossier.owners.values() if each != owner} | let_in(dossier, "work")
    return Holding(
        owner=owner,
        formerly=found.last_owner if owner is None else None,
        workers=workers,
        readers=let_in(dossier, "read"),
    )


def in_hand(dossier: Dossier) -> StaffId | None:
    """Whose the customer is: the primary owner's; where there is none, the first's who has another role."""
    return next((dossier.owners[role] for role in ROLES if role in dossier.owners), None)


def let_in(dossier: Dossier, access: Access) -> dict[StaffId, Instant | None]:
    return {person: helper.until for person, helper in dossier.collaborators.items() if helper.access == access}


def elsewhere(customer: Customer) -> None:
    """Whoever asks for an absorbed customer is sent to the survivor."""
    if isinstance(customer, Absorbed):
        raise HasBeenMerged(into=customer.into)


def primary_contacts(customer: Customer) -> list[ContactId]:
    """Whom to talk to there; of who is no more, whom one talked to."""
    if isinstance(customer, Uncreated):
        return []
    found = customer if isinstance(customer, Open) else customer.was
    return [contact_id for contact_id, contact in found.dossier.contacts.items() if contact.primary]


customers = Decider[Customer, CustomerEvent](
    name="customer",
    plural="customers",
    id_field="customer_id",
    key=UUID,
    initial=lambda _: Uncreated(),
    evolve=evolve,
    holding=holding,
    elsewhere=elsewhere,
)


# Identities: one customer each


def must_be_nobody_elses(identities: Mapping[Identifier, Identity], customer_id: CustomerId) -> None:
    for identifier, identity in identities.items():
        if identity.customer_id not in {None, customer_id}:
            assert identity.customer_id is not None
            raise KnownCustomer(kind=identifier.kind, customer_id=identity.customer_id)


def link(identity: Identity, identifier: Identifier) -> IdentityLink:
    return IdentityLink(
        identity_id=identity.identity_id, kind=identifier.kind, value=identifier.value, system=identifier.system
    )


def attributed(identities: Mapping[Identifier, Identity], customer_id: CustomerId) -> Iterator[IdentityAttributed]:
    for identifier, identity in identities.items():
        yield IdentityAttributed(identity_id=identity.identity_id, kind=identifier.kind, customer_id=customer_id)


def detached(identities: Iterable[Identity], customer_id: CustomerId) -> Iterator[IdentityDetached]:
    """The person behind them may be somebody else's customer from now on, or ours once more."""
    for identity in identities:
        if identity.customer_id == customer_id:
            yield IdentityDetached(identity_id=identity.identity_id, customer_id=customer_id)


def reattributed(
    identities: Iterable[Identity], before: CustomerId, after: CustomerId
) -> Iterator[IdentityReattributed]:
    for identity in identities:
        if identity.customer_id == before:
            yield IdentityReattributed(identity_id=identity.identity_id, from_=before, to=after)


def identities_of(customer: Open) -> list[IdentityId]:
    return list(customer.dossier.identities)


def identities_freed(customer: Open) -> list[IdentityId]:
    """What is anybody's again when he is shut: nothing, while a risk flag is up."""
    return [] if customer.dossier.risk_flags else identities_of(customer)


# What several rules ask


def stopped_for(customer: Open) -> tuple[str, ...]:
    """What only those clear away who decide about credit."""
    hold = customer.dossier.credit.hold
    return customer.dossier.risk_flags if hold is None else (*customer.dossier.risk_flags, hold.reason)


@value
class GivenProfile:
    """What somebody tells of the person: what he likes, why he buys, and whom he buys for."""

    name: str | None = None
    preferences: str | None = None
    motive: str | None = None
    family: str | None = None


def told(profile: GivenProfile) -> Profile:
    """What is told, none of it blank."""
    return Profile(
        name=said("profile/name", profile.name),
        preferences=said("profile/preferences", profile.preferences),
        motive=said("profile/motive", profile.motive),
        family=said("profile/family", profile.family),
    )


def code_of(catalog: Catalog, code: str, field: str, asked: Asked) -> str:
    """A code that can be chosen; history may have had others."""
    return coded(field, code) if asked.imported else chosen(catalog, code, field)
