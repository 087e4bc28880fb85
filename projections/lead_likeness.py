"""Lead likeness: what each open lead looks like, and under which keys it is found by whoever looks like it.

Phones, addresses and names stand here as they are: how far apart two numbers are, no mask and no fingerprint tells. So
the view is for policies alone, has no address, and keeps of a lead that has ended, or whose customer has been erased,
nothing.
"""

from collections.abc import Iterable
from typing import Any

from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import PersonalDataErased
from domain.identity import IdentityKind, IdentityLink
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.facts.work import LeadConverted, LeadInvalidated, LeadLost, LeadMerged, LeadQualified, LeadReopened
from domain.likeness import COMPARED, Look, keys
from domain.values import CustomerId, Erased, IdentityId, LeadId, OrgPath
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class LeadLook(Row):
    """Of each open lead one row that tells what it looks like, under the key that `own_key` makes, and one for each
    key under which it is found, which tells nothing else.
    """

    lead_id: LeadId
    key: str
    name: str | None = None
    identity_ids: tuple[IdentityId, ...] | None = None
    kinds: tuple[IdentityKind, ...] | None = None
    told: tuple[str, ...] | None = None
    territory: OrgPath | None = None
    customer_id: CustomerId | None = None

    def look(self) -> Look:
        return Look(
            name=self.name,
            identities=tuple(zip(self.kinds or (), self.told or (), strict=True)),
            territory=self.territory,
            customer_id=self.customer_id,
        )


def own_key(lead_id: LeadId) -> str:
    return f"lead {lead_id}"


Rows = tuple[LeadLook, ...]


@projection(
    "lead_likeness",
    key=("lead_id",),
    rows_by=("key",),
    version=1,
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
    | LeadReopened
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged
    | CustomerAbsorbed
    | PersonalDataErased,
) -> tuple[LeadLook, ...]:
    own = next((row for row in rows if row.key == own_key(row.lead_id)), None)
    match event:
        case LeadCaptured(lead_id=lead_id):
            return rows or found_by((), captured(event, lead_id))
        case LeadReopened(lead_id=lead_id):  # What has been forgotten of it is not known again before it is told again.
            return rows or (LeadLook(lead_id=lead_id, key=own_key(lead_id)),)
        case LeadLost() | LeadInvalidated() | LeadConverted() | LeadMerged() | PersonalDataErased():
            return ()
        case _ if own is None:
            return rows
        case LeadCorrected():
            return found_by(rows, corrected(own, event))
        case LeadQualified(customer_id=customer_id):
            return rows if customer_id is None else found_by(rows, replace(own, customer_id=customer_id))
        case CustomerAbsorbed(into=into):
            return found_by(rows, replace(own, customer_id=into))


@lead_likeness.finds_by("customer_id")
def leads_of(event: CustomerAbsorbed | PersonalDataErased) -> CustomerId:
    return event.customer_id


def found_by(rows: Rows, own: LeadLook) -> Rows:
    """The row, and those of its keys; what is there already stays as it is."""
    known = {row.key: row for row in rows}
    wanted = keys(own.look())
    return (own, *(known.get(key) or LeadLook(lead_id=own.lead_id, key=key) for key in wanted))


def captured(event: LeadCaptured, lead_id: LeadId) -> LeadLook:
    row = LeadLook(
        lead_id=lead_id,
        key=own_key(lead_id),
        name=readable(event.name),
        territory=event.territory,
        customer_id=event.customer_id,
    )
    return replace(row, **identified(compared(event.identities)))


def corrected(own: LeadLook, event: LeadCorrected) -> LeadLook:
    """Only what the correction names is changed."""
    before = zip(own.identity_ids or (), own.kinds or (), own.told or (), strict=True)
    now = {identity_id: (kind, told) for identity_id, kind, told in before} | compared(event.identities_added)
    kept = {each: held for each, held in now.items() if each not in event.identities_removed}
    return replace(
        own,
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
