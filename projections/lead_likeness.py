"""Lead likeness: what each open lead looks like, and under which keys it is found by whoever looks like it.

Phones, addresses and names stand here as they are: how far apart two numbers are, no mask and no fingerprint tells. So
the view is for policies alone, has no address, and tells nothing of a lead that has ended, or whose person has been
erased. Whose it is, it is found by: what was said of it, and whose its identities are or were; merged or not, who is
forgotten is forgotten here. Of what may be reopened that alone is kept, which are ids.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.identity import IdentityDetached, IdentityKind, IdentityLink
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.facts.work import (
    LeadAbsorbed,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadQualified,
    LeadReopened,
)
from domain.likeness import COMPARED, Look, keys
from domain.values import CustomerId, Erased, IdentityId, LeadId, OrgPath
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class LeadLook(Row):
    """Of each open lead one row that tells what it looks like, under the key that `own_key` makes, and one for each
    key under which it is found, which tells nothing else. Those by which events find it have it in `about` too.

    `whose` is the customer of whom it is said to be, and whom he has become since; `links` are all its identities, and
    `once` of whom it was said to be before, or whose an identity was before that was nobody's.
    """

    lead_id: LeadId
    key: str
    about: str | None = None
    name: str | None = None
    identity_ids: tuple[IdentityId, ...] | None = None
    kinds: tuple[IdentityKind, ...] | None = None
    told: tuple[str, ...] | None = None
    territory: OrgPath | None = None
    whose: tuple[CustomerId, ...] | None = None
    links: tuple[IdentityId, ...] | None = None
    once: tuple[CustomerId, ...] | None = None

    @property
    def customer_id(self) -> CustomerId | None:
        return self.whose[-1] if self.whose else None

    def look(self) -> Look:
        return Look(
            name=self.name,
            identities=tuple(zip(self.kinds or (), self.told or (), strict=True)),
            territory=self.territory,
            customer_id=self.customer_id,
        )


OWN, OF_CUSTOMER, OF_IDENTITY = "lead ", "customer ", "identity "


def own_key(lead_id: LeadId | None) -> str:
    return f"{OWN}{lead_id}"


def of_customer(customer_id: CustomerId) -> str:
    return f"{OF_CUSTOMER}{customer_id}"


def of_identity(identity_id: IdentityId) -> str:
    return f"{OF_IDENTITY}{identity_id}"


Rows = tuple[LeadLook, ...]


@projection(
    "lead_likeness",
    key=("lead_id",),
    rows_by=("key",),
    version=2,
    opens=("name", "identities", "identities_added"),
    scoped=False,
    inward=True,
    sought_by=("key",),
)
def lead_likeness(
    rows: tuple[LeadLook, ...],
    event: LeadCaptured
    | LeadCorrected
    | LeadQualified
    | LeadAbsorbed
    | LeadReopened
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged
    | CustomerCreated
    | CustomerAbsorbed
    | CustomerRestored
    | IdentityDetached
    | PersonalDataErased,
) -> tuple[LeadLook, ...]:
    own = next((row for row in rows if row.key.startswith(OWN)), None)
    match event:
        case LeadCaptured(lead_id=lead_id):
            return rows or found_by((), captured(event, lead_id))
        case LeadReopened(lead_id=lead_id):  # What has been forgotten of it is not known again before it is told again.
            return rows if own is not None else found_by(rows, reopened(rows, lead_id))
        case LeadConverted() | LeadMerged() | PersonalDataErased():
            return ()
        case IdentityDetached(customer_id=customer_id) if own is None:
            return was_his(rows, customer_id)
        case _ if own is None:
            return rows
        case LeadLost() | LeadInvalidated():
            return found_again_by(rows, own)
        case LeadCorrected():
            return found_by(rows, corrected(own, event))
        case LeadAbsorbed(identities=identities):
            links = tuple(dict.fromkeys((*(own.links or ()), *identities)))
            return told_of(rows, replace(said_of(own, event.customer_id, first=True), links=links))
        case LeadQualified(customer_id=customer_id):
            return rows if customer_id is None else told_of(rows, said_of(own, customer_id))
        case CustomerCreated(customer_id=customer_id):
            return told_of(rows, said_of(own, customer_id, first=True))
        case CustomerAbsorbed(customer_id=customer_id, into=into):
            return told_of(rows, replace(own, whose=became(own.whose, customer_id, into)))
        case CustomerRestored(customer_id=customer_id):
            return told_of(rows, replace(own, whose=himself_again(own.whose, customer_id)))
        case IdentityDetached(customer_id=customer_id):
            return told_of(rows, once_of(own, customer_id))


@lead_likeness.finds_by("about")
def leads_of(event: CustomerAbsorbed | CustomerRestored) -> str:
    return of_customer(event.customer_id)


@lead_likeness.finds_by("about")
def leads_with(event: IdentityDetached) -> str:
    return of_identity(event.identity_id)


@lead_likeness.finds_by("about")
def lead_that_he_was(event: CustomerCreated) -> str:
    return own_key(event.lead_id)


@lead_likeness.finds_by("about")
def whatever_is_about(event: PersonalDataErased) -> tuple[str, ...]:
    """Him, those whom he had absorbed, or anybody under one of his identities."""
    return (*map(of_customer, (event.customer_id, *event.absorbed)), *map(of_identity, event.identities))


def found_by(rows: Rows, own: LeadLook) -> Rows:
    """The row, and those of its keys; what is there already stays as it is."""
    return (own, *kept(rows, own, {**dict.fromkeys(keys(own.look())), **about(own, own.whose or ())}))


def told_of(rows: Rows, own: LeadLook) -> Rows:
    """As `found_by`, where what it looks like has not changed."""
    looks = (row for row in rows if row.about is None)
    return (own, *looks, *kept(rows, own, about(own, own.whose or ())))


def found_again_by(rows: Rows, own: LeadLook) -> Rows:
    """What has ended and may be reopened: of whom it was said to be, and whose its identities are or were."""
    return tuple(kept(rows, own, about(own, (own.whose or ())[:1])))


def about(own: LeadLook, whose: Iterable[CustomerId]) -> dict[str, str]:
    named = (*map(of_customer, (*whose, *(own.once or ()))), *map(of_identity, own.links or ()))
    return dict(zip(named, named, strict=True))


def kept(rows: Rows, own: LeadLook, wanted: Mapping[str, str | None]) -> Iterator[LeadLook]:
    known = {row.key: row for row in rows}
    for key, about in wanted.items():
        yield known.get(key) or LeadLook(lead_id=own.lead_id, key=key, about=about)


def was_his(rows: Rows, customer_id: CustomerId) -> Rows:
    """An identity was a customer's, and is nobody's now; also of what has ended."""
    key = of_customer(customer_id)
    lead_id = rows[0].lead_id
    return rows if any(row.key == key for row in rows) else (*rows, LeadLook(lead_id=lead_id, key=key, about=key))


def reopened(rows: Rows, lead_id: LeadId) -> LeadLook:
    """With what it was found again by. Which of several customers it is said to be of, nobody knows any more."""
    links = [row.key.removeprefix(OF_IDENTITY) for row in rows if row.key.startswith(OF_IDENTITY)]
    once = [row.key.removeprefix(OF_CUSTOMER) for row in rows if row.key.startswith(OF_CUSTOMER)]
    return LeadLook(
        lead_id=lead_id,
        key=own_key(lead_id),
        about=own_key(lead_id),
        links=tuple(IdentityId(UUID(each)) for each in links) or None,
        once=tuple(CustomerId(UUID(each)) for each in once) or None,
    )


# Whose it is

Whose = tuple[CustomerId, ...] | None


def said_of(own: LeadLook, customer_id: CustomerId | None, *, first: bool = False) -> LeadLook:
    """It is said to be of a customer; what comes `first` alone counts where another is known already."""
    if customer_id is None or customer_id == own.customer_id or (first and own.whose):
        return own
    return replace(once_of(own, *(own.whose or ())[:1]), whose=(customer_id,))


def once_of(own: LeadLook, *customers: CustomerId) -> LeadLook:
    return replace(own, once=tuple(dict.fromkeys((*(own.once or ()), *customers))) or None)


def became(whose: Whose, customer_id: CustomerId, into: CustomerId) -> Whose:
    return (*whose, into) if whose and whose[-1] == customer_id else whose


def himself_again(whose: Whose, customer_id: CustomerId) -> Whose:
    return whose[: whose.index(customer_id) + 1] if whose and customer_id in whose else whose


# What it looks like


def captured(event: LeadCaptured, lead_id: LeadId) -> LeadLook:
    row = LeadLook(
        lead_id=lead_id,
        key=own_key(lead_id),
        about=own_key(lead_id),
        name=readable(event.name),
        territory=event.territory,
        whose=None if event.customer_id is None else (event.customer_id,),
        links=tuple(link.identity_id for link in event.identities) or None,
    )
    return replace(row, **identified(compared(event.identities)))


def corrected(own: LeadLook, event: LeadCorrected) -> LeadLook:
    """Only what the correction names is changed."""
    before = zip(own.identity_ids or (), own.kinds or (), own.told or (), strict=True)
    now = {identity_id: (kind, told) for identity_id, kind, told in before} | compared(event.identities_added)
    kept = {each: held for each, held in now.items() if each not in event.identities_removed}
    links = (*(own.links or ()), *(link.identity_id for link in event.identities_added))
    return replace(
        own,
        links=tuple(each for each in dict.fromkeys(links) if each not in event.identities_removed),
        name=readable(event.name) or own.name,
        territory=event.territory or own.territory,
        **identified(kept),
    )


Held = dict[IdentityId, tuple[IdentityKind, str]]


def compared(links: Iterable[IdentityLink]) -> Held:
    """Those of a kind that is compared, and that have not been erased."""
    readables = ((link, readable(link.value)) for link in links if link.kind in COMPARED)
    return {link.identity_id: (link.kind, told) for link, told in readables if told is not None}


def identified(held: Held) -> dict[str, Any]:
    kinds, told = zip(*held.values(), strict=True) if held else ((), ())
    return {"identity_ids": tuple(held), "kinds": kinds, "told": told}


def readable(found: str | Erased | None) -> str | None:
    return None if isinstance(found, Erased) else found
