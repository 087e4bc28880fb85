"""The sales worklist: every lead that is open, what it is about, who holds it until when, and what comes next."""

from decimal import Decimal
from typing import Any

from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.lead.facts.intake import LeadCaptured, LeadCorrected, LeadKind, LeadScored
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
from domain.values import CustomerId, IdentityId, Instant, LeadId
from projections.custody import let_go, moved
from projections.enquiry import as_captured, as_corrected, priced
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class SalesLead(Scoped):
    """A lead as the salesperson sees it. Lost and invalid ones stay, unlisted, because they may be reopened."""

    lead_id: LeadId
    source: str
    channel: str
    captured_at: Instant
    status: Status = "new"
    stage: Stage = "name_card"
    kind: LeadKind = "new"
    cycle: int = 1
    campaign: str | None = None
    product_line: str | None = None
    customer_id: CustomerId | None = None
    phones: tuple[str, ...] = ()
    phone_ids: tuple[IdentityId, ...] = ()
    score: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    attempts: int = 0
    last_effective_contact: Instant | None = None
    next_action_at: Instant | None = None
    claimable_from: Instant | None = None
    first_contact_due: Instant | None = None
    protect_until: Instant | None = None
    hard_limit: Instant | None = None


# 1 overdue, 2 about to be lost to the pool, 3 never reached, 4 the rest of what is held, 5 what nobody holds.
RANK = """CASE WHEN owner_id IS NULL THEN 5
    WHEN next_action_at <= :now OR first_contact_due <= :now THEN 1
    WHEN protect_until <= :now + interval '3 days' THEN 2
    WHEN first_contact_due IS NOT NULL THEN 3
    ELSE 4 END"""


@projection(
    "sales_worklist",
    key=("lead_id",),
    version=4,
    prompt=True,
    opens=("identities", "identities_added"),
    listed="status NOT IN ('lost', 'invalid')",
    computed={"subject_id": (str, "'lead/' || lead_id"), "rank": (int, RANK)},
    sought_by=("customer_id",),
    search=("phones", "campaign", "source"),
    sorts=(
        "rank",
        "protect_until",
        "next_action_at",
        "last_effective_contact",
        "captured_at",
        "score",
        "amount",
        "attempts",
    ),
    filters=(
        "lead_id",
        "owner_id",
        "pool_id",
        "status",
        "stage",
        "kind",
        "source",
        "channel",
        "campaign",
        "product_line",
        "customer_id",
        "phones",
        "score",
        "amount",
        "currency",
        "attempts",
        "captured_at",
        "last_effective_contact",
        "next_action_at",
        "protect_until",
        "hard_limit",
    ),
)
def sales_worklist(
    row: SalesLead | None,
    event: FollowUpLogged
    | LeadCaptured
    | LeadScored
    | LeadPooled
    | LeadClaimed
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadReopened
    | LeadMerged
    | LeadAbsorbed
    | LeadCorrected
    | NextActionScheduled
    | ProtectionExtended
    | ProtectionExtensionGranted
    | LeadAssigned
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded,
    at: Instant,
) -> SalesLead | None:
    if row is None:
        return SalesLead(**as_captured(event, at)) if isinstance(event, LeadCaptured) else None
    match event:
        case FollowUpLogged(effective=True):
            return replace(row, attempts=row.attempts + 1, **reached(at))
        case FollowUpLogged():
            return replace(row, attempts=row.attempts + 1)
        case LeadScored(score=score):
            return replace(row, score=score)
        case LeadPooled():
            return offered(row, event)
        case LeadClaimed() | LeadAssigned():
            return taken(row, event)
        case LeadContacted(to=status):
            return replace(row, status=status, **reached(at))
        case LeadQualified(amount=amount, to=status, customer_id=customer_id):
            known = customer_id or row.customer_id
            offer = {**priced(amount), **reached(at)}
            return replace(row, status=status, stage="opportunity", customer_id=known, **offer)
        case LeadAbsorbed(customer_id=customer_id):
            return replace(row, customer_id=row.customer_id or customer_id)
        case LeadNegotiating(amount=amount, to=status):
            return replace(row, status=status, **priced(amount), **reached(at))
        case LeadNurtured(to=status):
            return replace(row, status=status)
        case NextActionScheduled(at=next_action_at):
            return replace(row, next_action_at=next_action_at)
        case ProtectionExtended(until=until):
            return replace(row, protect_until=until)
        case ProtectionExtensionGranted(until=until):
            return replace(row, protect_until=until, hard_limit=max(until, row.hard_limit or until))
        case LeadLost(to=status) | LeadInvalidated(to=status):
            return let_go(row, status=status, claimable_from=None, **UNPROTECTED)
        case LeadReopened(cycle=cycle, to=status):
            return replace(row, status=status, cycle=cycle, stage="name_card", attempts=0, next_action_at=None)
        case LeadConverted() | LeadMerged():
            return None
        case LeadReleased() | LeadRecycled():
            return offered(row, event)
        case LeadHandedOff():
            return moved(row, event, **UNPROTECTED)
        case LeadTransferred(first_contact_due=due):
            return moved(row, event, **({} if due is None else {"first_contact_due": due}))
        case CollaboratorAdded():
            return moved(row, event)
        case LeadCorrected():
            return replace(row, **as_corrected(row, event))
        case LeadCaptured():
            return row


def reached(at: Instant) -> dict[str, Any]:
    """The person, by whoever has it."""
    return {"last_effective_contact": at, "first_contact_due": None}


UNPROTECTED: dict[str, Any] = {"first_contact_due": None, "protect_until": None, "hard_limit": None}


def offered(row: SalesLead, event: LeadPooled | LeadReleased | LeadRecycled) -> SalesLead:
    return moved(row, event, claimable_from=event.claimable_from, **UNPROTECTED)


def taken(row: SalesLead, event: LeadClaimed | LeadAssigned) -> SalesLead:
    if row.owner_id == event.owner:
        return row  # Imported, and told once more: the terms of the first time hold.
    return moved(
        row,
        event,
        claimable_from=None,
        first_contact_due=(isinstance(event, LeadAssigned) and event.first_response_due) or event.first_contact_due,
        protect_until=event.protect_until,
        hard_limit=event.hard_limit,
    )
