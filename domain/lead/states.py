"""The states of a lead, and how a fact changes them.

Status and custody are independent: how far the talk has come, and who may lead it.
"""

from collections.abc import Mapping
from typing import Literal

from domain.errors import ImpossibleHistory
from domain.identity import Cooling, IdentityKind, IdentityLink, latest
from domain.lead.facts import LeadEvent
from domain.lead.facts.custody import (
    CollaboratorAdded,
    DispatchDecided,
    ExemptionGround,
    LapseWarned,
    LeadAssigned,
    LeadClaimed,
    LeadExempted,
    LeadExemptionEnded,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.lead.facts.intake import (
    ContactAttitudeRecorded,
    DuplicateDismissed,
    DuplicateSuspected,
    LeadAdopted,
    LeadCaptured,
    LeadContactLinked,
    LeadCorrected,
    LeadScored,
    TouchRecorded,
)
from domain.lead.facts.terms import Stage
from domain.lead.facts.work import (
    FollowUpLogged,
    LeadAbsorbed,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    NextActionScheduled,
    Status,
)
from domain.values import CallId, ContactId, CustomerId, IdentityId, Instant, LeadId, PoolId, StaffId, replace, value

# States of the status


@value
class New: ...


@value
class Contacting: ...


@value
class Nurturing: ...


@value
class Qualified: ...


@value
class Negotiating: ...


OpenStatus = New | Contacting | Nurturing | Qualified | Negotiating

NAMES: dict[type, Status] = {
    New: "new",
    Contacting: "contacting",
    Nurturing: "nurturing",
    Qualified: "qualified",
    Negotiating: "negotiating",
}


# States of custody


@value
class Unassigned:
    """Nobody has it and no pool offers it: it has just come, or it is closed, or comes back. It stays the business of
    whoever had it last, or of the pool that it lay in or was taken from.
    """

    last_owner: StaffId | None = None
    last_pool: PoolId | None = None


@value
class Pooled:
    pool_id: PoolId
    claimable_from: Instant


@value
class Held:
    """Under the terms that the pool had when it began."""

    owner: StaffId
    pool_id: PoolId  # There it goes back.
    contacted: bool
    first_contact_due: Instant
    protect_until: Instant
    hard_limit: Instant
    extension_days: int
    time_zone: str
    warning_days: int = 3
    warned: bool = False  # Of the present expiry.
    first_response_due: Instant | None = None


Custody = Unassigned | Pooled | Held


def gone_from(custody: Custody) -> Unassigned:
    match custody:
        case Held(owner=owner, pool_id=pool_id):
            return Unassigned(last_owner=owner, last_pool=pool_id)
        case Pooled(pool_id=pool_id):
            return Unassigned(last_pool=pool_id)
        case Unassigned():
            return custody


# States of the lead


Doubt = Literal["noticed", "suspected", "dismissed"]
"""Of another lead: a person or a rule says that it may be the same, or a person that it is not."""


@value
class Uncaptured: ...


@value
class Open:
    status: OpenStatus
    custody: Custody
    identities: Mapping[IdentityId, IdentityKind]
    stage: Stage = "name_card"
    cycle: int = 1
    cooling: Cooling | None = None
    collaborators: Mapping[StaffId, CollaboratorAdded] | None = None
    contacts: frozenset[ContactId] = frozenset()
    customer_id: CustomerId | None = None  # As far as one is known before it is converted.
    exempt: Mapping[ExemptionGround, Instant | None] | None = None
    handed_off: CallId | None = None  # In this cycle, after that call.
    doubts: Mapping[LeadId, Doubt] | None = None


@value
class Closed:
    """Lost or invalid: nobody holds it, its identities are free, and it may be reopened."""

    status: Literal["lost", "invalid"]
    custody: Unassigned
    identities: Mapping[IdentityId, IdentityKind]
    cycle: int
    cooling: Cooling | None = None
    contacts: frozenset[ContactId] = frozenset()
    customer_id: CustomerId | None = None
    doubts: Mapping[LeadId, Doubt] | None = None


@value
class Converted:
    customer_id: CustomerId
    custody: Unassigned = Unassigned()


@value
class Merged:
    into: LeadId
    custody: Unassigned = Unassigned()


Lead = Uncaptured | Open | Closed | Converted | Merged


def evolve(lead: Lead, event: LeadEvent) -> Lead:
    match lead, event:
        case Uncaptured(), LeadCaptured(identities=identities):
            return Open(
                status=New(),
                custody=Unassigned(),
                identities=kinds(identities),
                cooling=event.cooling,
                customer_id=event.customer_id,
            )
        case Open(), _:
            return evolve_open(lead, event)
        case Closed(), LeadReopened(cycle=cycle):
            return Open(
                status=New(),
                custody=lead.custody,
                identities=lead.identities,
                cycle=cycle,
                cooling=lead.cooling,
                contacts=lead.contacts,
                customer_id=lead.customer_id,
                doubts=lead.doubts,
            )
        case (
            (Closed() | Converted() | Merged()),
            (TouchRecorded() | LeadCorrected() | LeadScored() | NextActionScheduled() | LeadAdopted()),
        ):
            return lead
        case Closed(status="lost"), LeadLost():
            return lead
        case Closed(status="invalid"), LeadInvalidated():
            return lead
        case Converted(), LeadConverted():
            return lead
        case _:
            raise ImpossibleHistory(lead, event)


def evolve_open(lead: Open, event: LeadEvent) -> Lead:
    match event:
        case LeadContacted():
            return replace(contacted(lead), status=Contacting())
        case LeadQualified(customer_id=customer_id):
            known = customer_id or lead.customer_id
            return replace(contacted(lead), status=Qualified(), stage="opportunity", customer_id=known)
        case LeadNegotiating():
            return replace(contacted(lead), status=Negotiating())
        case LeadNurtured():
            return replace(lead, status=Nurturing())
        case LeadLost(cools_until=until) | LeadInvalidated(cools_until=until):
            return Closed(
                status=event.to,
                custody=gone_from(lead.custody),
                identities=lead.identities,
                cycle=lead.cycle,
                cooling=cooled(lead, until),
                contacts=lead.contacts,
                customer_id=lead.customer_id,
                doubts=lead.doubts,
            )
        case LeadConverted(customer_id=customer_id):
            return Converted(customer_id=customer_id, custody=gone_from(lead.custody))
        case LeadMerged(into=into):
            return Merged(into=into, custody=gone_from(lead.custody))
        case LeadAbsorbed(identities=identities, cooling=cooling, customer_id=customer_id):
            return replace(
                lead,
                identities={**lead.identities, **identities},
                cooling=latest(lead.cooling, cooling),
                customer_id=lead.customer_id or customer_id,
            )
        case LeadCorrected(identities_added=added, identities_removed=removed):
            now = {**lead.identities, **kinds(added)}
            kept = {held: now[held] for held in now if held not in removed}
            return replace(lead, identities=kept, cooling=latest(lead.cooling, event.cooling))
        case LeadContactLinked(contact_id=contact_id):
            return replace(lead, contacts=lead.contacts | {contact_id})
        case CollaboratorAdded(staff_id=staff_id):
            return replace(lead, collaborators={**(lead.collaborators or {}), staff_id: event})
        case LeadExempted(ground=ground, until=until):
            return replace(lead, exempt={**(lead.exempt or {}), ground: until})
        case LeadExemptionEnded(ground=ended):
            left = {ground: until for ground, until in (lead.exempt or {}).items() if ground != ended}
            return replace(lead, exempt=left or None)
        case DuplicateSuspected(of=other, because=because):  # Until somebody has decided, they are two.
            doubt: Doubt = "noticed" if because == "noticed" else "suspected"
            return replace(lead, doubts={**(lead.doubts or {}), other: doubt})
        case DuplicateDismissed(of=other):
            return replace(lead, doubts={**(lead.doubts or {}), other: "dismissed"})
        case TouchRecorded() | LeadScored() | ContactAttitudeRecorded() | LeadAdopted() | NextActionScheduled():
            return lead
        case DispatchDecided():  # What follows from it is said by what follows it.
            return lead
        case LeadCaptured() | LeadReopened():
            raise ImpossibleHistory(lead, event)
        case _:
            return evolve_custody(lead, lead.custody, event)


def evolve_custody(lead: Open, custody: Custody, event: LeadEvent) -> Open:
    match custody, event:
        case Unassigned() | Pooled(), LeadPooled(pool_id=pool_id, claimable_from=claimable_from):
            return replace(lead, custody=Pooled(pool_id=pool_id, claimable_from=claimable_from))
        case Unassigned() | Pooled(), LeadClaimed() | LeadAssigned():
            held = Held(
                owner=event.owner,
                pool_id=event.pool_id,
                contacted=False,
                first_contact_due=event.first_contact_due,
                protect_until=event.protect_until,
                hard_limit=event.hard_limit,
                extension_days=event.extension_days,
                time_zone=event.time_zone,
                warning_days=event.warning_days,
                first_response_due=event.first_response_due if isinstance(event, LeadAssigned) else None,
            )
            return replace(lead, custody=held)
        case Held(owner=owner), LeadClaimed() | LeadAssigned() if event.owner == owner:
            return lead  # Imported, and told once more.
        case Held(owner=owner), LeadTransferred(to=to) if to == owner:
            return lead
        case Held(), LeadTransferred(to=to, cools_until=until):
            return replace(lead, custody=handed_over(custody, event), cooling=cooled(lead, until))
        case Held(), LeadReleased() | LeadRecycled():
            pooled = Pooled(pool_id=event.pool_id, claimable_from=event.claimable_from)
            return replace(lead, custody=pooled, cooling=cooled(lead, event.cools_until), collaborators=None)
        case _, LeadHandedOff(call_id=call_id) if isinstance(custody, Held):
            return replace(lead, custody=gone_from(custody), collaborators=None, handed_off=call_id)
        case _, LeadHandedOff(call_id=call_id):
            return replace(lead, handed_off=call_id)
        case Held(), ProtectionExtended(until=until):
            return replace(lead, custody=replace(custody, protect_until=until, warned=False))
        case Held(), LapseWarned():
            return replace(lead, custody=replace(custody, warned=True))
        case Held(hard_limit=hard_limit), ProtectionExtensionGranted(until=until):
            extended = replace(custody, protect_until=until, hard_limit=max(hard_limit, until), warned=False)
            return replace(lead, custody=extended)
        case _, FollowUpLogged(effective=effective):
            return contacted(lead) if effective else lead
        case _:
            raise ImpossibleHistory(lead, event)


def handed_over(held: Held, event: LeadTransferred) -> Held:
    """Both limits stay. Who gets it has to reach the person himself, and is warned himself."""
    if event.first_contact_due is None:
        return replace(held, owner=event.to, warned=False)
    return replace(
        held,
        owner=event.to,
        warned=False,
        contacted=False,
        first_contact_due=event.first_contact_due,
        first_response_due=None,
    )


def cooled(lead: Open, until: Instant | None) -> Cooling | None:
    """Who must wait and how long, when its holder holds it no more."""
    match lead.custody:
        case Held(owner=owner) if until is not None:
            return latest(lead.cooling, {owner: until})
        case _:
            return lead.cooling


def contacted(lead: Open) -> Open:
    """The holder, if there is one, has reached the person: with nobody else does one come to an offer."""
    match lead.custody:
        case Held(contacted=False):
            return replace(lead, custody=replace(lead.custody, contacted=True))
        case _:
            return lead


def kinds(links: tuple[IdentityLink, ...]) -> dict[IdentityId, IdentityKind]:
    return {link.identity_id: link.kind for link in links}
