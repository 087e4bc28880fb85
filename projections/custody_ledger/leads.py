"""The custody of leads: from a pool to whoever claims or is given one, from one to another, and back."""

from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.work import FollowUpLogged, LeadConverted, LeadInvalidated, LeadLost, LeadMerged
from ledger.envelope import Recorded
from projections.custody import let_go, moved
from projections.custody_ledger.row import Ledger, changed, contacted, holder, now

Moved = LeadPooled | LeadAssigned | LeadClaimed | LeadTransferred | LeadReleased | LeadRecycled | LeadHandedOff


def of_leads(
    rows: Ledger,
    event: LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded
    | FollowUpLogged
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged,
    recorded: Recorded,
) -> Ledger:
    match event:
        case FollowUpLogged(effective=effective):
            return contacted(rows) if effective else rows
        case CollaboratorAdded():
            return tuple(moved(row, event) for row in rows)
        case LeadLost() | LeadInvalidated() | LeadConverted() | LeadMerged():
            return closed(rows, event, recorded)
        case _:
            return tuple(moved(row, event) for row in handed_on(rows, event, recorded))


def handed_on(rows: Ledger, event: Moved, recorded: Recorded) -> Ledger:
    """Whose it was is who held it, whoever has done this. What is told once more changes nothing."""
    last, before = now(rows), holder(rows)
    match event:
        case LeadPooled(pool_id=pool_id) if last is not None and before is None and last.pool == pool_id:
            return rows
        case LeadClaimed(owner=owner) | LeadAssigned(owner=owner) | LeadTransferred(to=owner) if owner == before:
            return rows
        case LeadHandedOff() if before is None:
            return rows
        case LeadPooled(pool_id=pool_id, reason=reason):
            return changed(rows, recorded, "pool", from_owner=before, pool=pool_id, reason=reason)
        case LeadClaimed(owner=owner):
            return changed(rows, recorded, "claim", from_owner=before, to_owner=owner)
        case LeadAssigned(owner=owner, method=method, rule_id=rule, rule_number=number):
            rules = {"rule_id": rule, "rule_number": number}
            return changed(rows, recorded, method, from_owner=before, to_owner=owner, **rules)
        case LeadTransferred(from_=before, to=owner):
            return changed(rows, recorded, "transfer", from_owner=before, to_owner=owner)
        case LeadReleased(from_=before, pool_id=pool_id, reason=reason):
            return changed(rows, recorded, "release", from_owner=before, pool=pool_id, reason=reason)
        case LeadRecycled(previous_owner=before, pool_id=pool_id, reason=reason, rule_id=rule):
            return changed(rows, recorded, "recycle", from_owner=before, pool=pool_id, reason=reason, rule_id=rule)
        case LeadHandedOff():
            return changed(rows, recorded, "hand-off", from_owner=before)


def closed(rows: Ledger, event: LeadLost | LeadInvalidated | LeadConverted | LeadMerged, recorded: Recorded) -> Ledger:
    """Nobody has a lead any more that is over."""
    last = now(rows)
    if last is None or (last.to_owner is None and last.pool is None):
        return rows
    reason = getattr(event, "reason", None)
    over = changed(rows, recorded, event.to, from_owner=last.to_owner, reason=reason)
    return tuple(map(let_go, over))
