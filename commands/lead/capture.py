"""How a lead comes, how it is corrected, and how two that are one become one."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from commands.becoming import who_answers
from commands.lead.absorbing import Brought, brought_along
from commands.lead.leads import cooling, cools_until, identities_of, leads, not_negative, owner_of, pool_left
from commands.risk import must_not_be_held, whose, whose_lead
from domain.access import Action
from domain.actor import Asked
from domain.agent_book import AgentBook, SlotReleased
from domain.catalog import LEAD_FIELDS, Catalog, CustomValue, checked
from domain.customer.states import Customer
from domain.errors import Invalid, require, said
from domain.identity import (
    Cooling,
    HeldBy,
    Identifier,
    Identity,
    IdentityLink,
    IdentityReassigned,
    IdentityReleased,
    IdentityReserved,
    Unheld,
    latest,
    normalised,
)
from domain.lead.facts.custody import LeadRecycled
from domain.lead.facts.intake import LeadAdopted, LeadCaptured, LeadCorrected, LeadKind
from domain.lead.facts.work import LeadAbsorbed, LeadMerged
from domain.lead.refusals import AlreadyKnown, NotTheSame
from domain.lead.states import NAMES, Closed, Converted, Merged, Open, Uncaptured, cooled
from domain.money import Money
from domain.pool import Pool
from domain.signature import consulted
from domain.staff import Employed, Staff, proper
from domain.values import CatalogId, CustomerId, IdentityId, Instant, LeadId, OrgPath, PoolId, StaffId, value

if TYPE_CHECKING:
    from commands.lead.intake import ReceiveEnquiry


def lead_fields() -> CatalogId:
    return LEAD_FIELDS


def unheld(identity: Identity, identifier: Identifier | IdentityLink) -> Unheld:
    """One open lead per identity: the other is told which one has it."""
    if isinstance(identity, HeldBy):
        raise AlreadyKnown(kind=identifier.kind, held_by=identity.lead_id)
    return identity


def waits(identities: Iterable[Identity], asked: Asked) -> Cooling | None:
    """Who must still wait, because he held what these identities belonged to before."""
    before = latest(*(each.cooling for each in identities if isinstance(each, Unheld))) or {}
    return {person: until for person, until in before.items() if asked.at < until} or None


def link(identity: Identity, identifier: Identifier) -> IdentityLink:
    return IdentityLink(
        identity_id=identity.identity_id,
        kind=identifier.kind,
        value=identifier.value,
        system=identifier.system,
    )


@value
class CaptureLead:
    lead_id: LeadId
    source: str
    channel: str
    identities: tuple[Identifier, ...]
    campaign: str | None = None
    name: str | None = None
    product_line: str | None = None
    kind: LeadKind = "new"
    requested_amount: Money | None = None
    custom: Mapping[str, CustomValue] | None = None
    territory: OrgPath | None = None


def identifiers(command: CaptureLead) -> list[Identifier]:
    """Each once, in the one spelling that can be compared."""
    if not command.identities:
        raise Invalid(field="identities", because="a lead has at least one: phone, email, wechat or external")
    return list(dict.fromkeys(map(normalised, command.identities)))


@leads.decides(Action.CAPTURE, identities=identifiers, fields=lead_fields)
def capture(
    command: CaptureLead, _: Uncaptured, identities: Mapping[Identifier, Identity], fields: Catalog, asked: Asked
) -> Iterator[LeadCaptured | IdentityReserved]:
    """Capture a lead that nobody knows yet."""
    values = checked(fields, command.custom or {})
    for identifier, identity in identities.items():
        unheld(identity, identifier)
    yield from new_lead(command, identities, values, asked)


def new_lead(
    command: "CaptureLead | ReceiveEnquiry",
    identities: Mapping[Identifier, Identity],
    values: tuple[Mapping[str, CustomValue], Mapping[str, CustomValue]],
    asked: Asked,
    customer_id: CustomerId | None = None,
    looked_after_by: StaffId | None = None,
) -> Iterator[LeadCaptured | IdentityReserved]:
    """The lead that it becomes, which has those identities from now on; personal values are the second of the two."""
    custom, personal = values
    yield LeadCaptured(
        lead_id=command.lead_id,
        source=said("source", command.source),
        channel=said("channel", command.channel),
        identities=tuple(link(identity, identifier) for identifier, identity in identities.items()),
        campaign=command.campaign,
        name=command.name,
        product_line=command.product_line,
        kind=command.kind,
        requested_amount=command.requested_amount and not_negative(command.requested_amount, "requested_amount"),
        custom=custom or None,
        personal_custom=personal or None,
        cooling=waits(identities.values(), asked),
        territory=command.territory and proper(command.territory, "territory"),
        customer_id=customer_id,
        looked_after_by=looked_after_by,
    )
    for identifier, identity in identities.items():
        yield IdentityReserved(identity_id=identity.identity_id, kind=identifier.kind, lead_id=command.lead_id)


@value
class CorrectLead:
    """`corrects` is the version of the event that was wrong; only what is given is corrected."""

    lead_id: LeadId
    corrects: int
    source: str | None = None
    channel: str | None = None
    identities: tuple[Identifier, ...] | None = None
    campaign: str | None = None
    name: str | None = None
    product_line: str | None = None
    requested_amount: Money | None = None
    custom: Mapping[str, CustomValue] | None = None
    territory: OrgPath | None = None


def corrected_identifiers(command: CorrectLead, lead: Open | Closed | Converted | Merged) -> list[Identifier]:
    if command.identities is None:
        return []
    require(lead, Open)
    if not command.identities:
        raise Invalid(field="identities", because="a lead keeps at least one")
    return list(dict.fromkeys(map(normalised, command.identities)))


def present_identities(command: CorrectLead, lead: Open | Closed | Converted | Merged) -> list[IdentityId]:
    return list(lead.identities) if command.identities is not None and isinstance(lead, Open) else []


def taken_away(given: Mapping[Identifier, Identity], present: Mapping[IdentityId, Identity]) -> tuple[IdentityId, ...]:
    kept = {identity.identity_id for identity in given.values()}
    return tuple(each for each in present if each not in kept)


@consulted
def whose_are_taken_away(
    given: Mapping[Identifier, Identity], present: Mapping[IdentityId, Identity]
) -> list[CustomerId]:
    return list(dict.fromkeys(whose(None, (present[each] for each in taken_away(given, present)))))


@leads.decides(
    Action.CLOSE,
    given=corrected_identifiers,
    present=present_identities,
    customers=whose_are_taken_away,
    survivors=who_answers,
    pools=pool_left,
    fields=lead_fields,
)
def correct(
    command: CorrectLead,
    lead: Open | Closed | Converted | Merged,
    given: Mapping[Identifier, Identity],
    present: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    pools: Mapping[PoolId, Pool],
    fields: Catalog,
    asked: Asked,
) -> Iterator[LeadCorrected | IdentityReserved | IdentityReleased]:
    """Correct what was captured wrongly; the wrong fact stays readable, and the correction names it. By whom a lead is
    held is not corrected away.
    """
    must_not_be_held(customers, survivors, asked)
    left = cooled(lead, cooling(pools, asked.at)) if isinstance(lead, Open) else None
    if not 1 <= command.corrects <= asked.version:
        raise Invalid(field="corrects", because=f"the lead has versions 1 to {asked.version}")
    if all(getattr(command, field.name) is None for field in dataclasses.fields(command) if field.default is None):
        raise Invalid(field="corrects", because="say what is right instead")
    custom: dict[str, CustomValue] = {}
    personal: dict[str, CustomValue] = {}
    if command.custom is not None:
        custom, personal = checked(fields, command.custom, complete=False)
    added = {each: identity for each, identity in given.items() if identity.identity_id not in present}
    removed = taken_away(given, present)
    for identifier, identity in added.items():
        unheld(identity, identifier)
    yield LeadCorrected(
        lead_id=command.lead_id,
        corrects=command.corrects,
        source=said("source", command.source),
        channel=said("channel", command.channel),
        campaign=command.campaign,
        name=command.name,
        product_line=command.product_line,
        requested_amount=command.requested_amount and not_negative(command.requested_amount, "requested_amount"),
        identities_added=tuple(link(identity, identifier) for identifier, identity in added.items()),
        identities_removed=removed,
        custom=custom or None,
        personal_custom=personal or None,
        cooling=waits(added.values(), asked),
        territory=command.territory and proper(command.territory, "territory"),
    )
    for identifier, identity in added.items():
        yield IdentityReserved(identity_id=identity.identity_id, kind=identifier.kind, lead_id=command.lead_id)
    for gone in removed:
        yield IdentityReleased(identity_id=gone, lead_id=command.lead_id, cooling=left)


@value
class MergeLead:
    """`identity` is the one that both have: the surviving lead must hold it."""

    lead_id: LeadId
    into: LeadId
    identity: Identifier


def survivor_of(command: MergeLead) -> LeadId:
    if command.into == command.lead_id:
        raise Invalid(field="into", because="a lead is not merged into itself")
    return command.into


def shared_identity(command: MergeLead) -> Identifier:
    return normalised(command.identity)


@leads.decides(
    Action.MERGE,
    survivor=survivor_of,
    shared=shared_identity,
    identities=identities_of,
    customers=whose_lead,
    survivors=who_answers,
    books=owner_of,
    pools=pool_left,
)
def merge(
    command: MergeLead,
    lead: Open,
    survivor: Open,
    shared: Identity,
    identities: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    books: Mapping[StaffId, AgentBook],
    pools: Mapping[PoolId, Pool],
    asked: Asked,
) -> Iterator[LeadMerged | LeadAbsorbed | Brought | IdentityReassigned | SlotReleased]:
    """Merge a lead into the one that holds the same identity; the survivor answers for all of them. A held one is not
    merged: the survivor may be another customer's.
    """
    must_not_be_held(customers, survivors, asked)
    if not (isinstance(shared, HeldBy) and shared.lead_id == command.into):
        raise NotTheSame(kind=command.identity.kind, into=command.into)
    yield LeadMerged(lead_id=command.lead_id, from_=NAMES[type(lead.status)], into=command.into)
    yield LeadAbsorbed(
        lead_id=command.into,
        absorbed=command.lead_id,
        identities=lead.identities,
        cooling=cooled(lead, cooling(pools, asked.at)),
        customer_id=lead.customer_id,
    )
    yield from brought_along(lead, survivor, command.into, asked)
    for identity_id in identities:
        yield IdentityReassigned(identity_id=identity_id, from_=command.lead_id, to=command.into)
    for owner in books:
        yield SlotReleased(staff_id=owner, lead_id=command.lead_id)


@value
class AdoptLead:
    lead_id: LeadId


@leads.decides(Action.IMPORT, pools=pool_left, staff=owner_of, books=owner_of)
def adopt(
    command: AdoptLead,
    lead: Open,
    pools: Mapping[PoolId, Pool],
    staff: Mapping[StaffId, Staff],
    books: Mapping[StaffId, AgentBook],
    asked: Asked,
) -> Iterator[LeadAdopted | LeadRecycled | SlotReleased]:
    """Take an imported lead into live work: from now on its deadlines run and policies see it. Who does not work here
    has no lead: it lies in the pool that he had it from.
    """
    del books
    yield LeadAdopted(lead_id=command.lead_id)
    for (owner, person), pool in zip(staff.items(), pools.values(), strict=True):
        if not isinstance(person, Employed):
            yield from taken_back(command.lead_id, owner, pool, asked.at)


def taken_back(lead_id: LeadId, owner: StaffId, pool: Pool, at: Instant) -> Iterator[LeadRecycled | SlotReleased]:
    yield LeadRecycled(
        lead_id=lead_id,
        previous_owner=owner,
        pool_id=pool.pool_id,
        reason="owner-departed",
        claimable_from=at,
        cools_until=cools_until(pool, at),
    )
    yield SlotReleased(staff_id=owner, lead_id=lead_id)
