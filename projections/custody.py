"""Who holds a lead, or which pool offers it, in every row about it."""

from typing import Any, TypeVar

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
from projections.rows import Scoped, replace

R = TypeVar("R", bound=Scoped)
NOBODY: dict[str, Any] = {"collaborators": (), "collaborating_until": ()}

CustodyEvent = (
    LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded
)


def moved(row: R, event: CustodyEvent, **further: Any) -> R:
    """The row after a change of custody, and of whatever else changes with it."""
    match event:
        case LeadClaimed(owner=owner) | LeadAssigned(owner=owner) | LeadTransferred(to=owner):
            return replace(row, owner_id=owner, pool_id=None, formerly=None, **further)
        case LeadPooled(pool_id=pool_id) | LeadReleased(pool_id=pool_id) | LeadRecycled(pool_id=pool_id):
            return replace(row, owner_id=None, pool_id=pool_id, formerly=None, **NOBODY, **further)
        case LeadHandedOff():  # Where it lies in a pool, it goes on lying there.
            return let_go(row, **further) if row.owner_id is not None else row
        case CollaboratorAdded(staff_id=staff_id, until=until):
            access = dict(zip(row.collaborators, row.collaborating_until, strict=True)) | {staff_id: until}
            many = {"collaborators": tuple(access), "collaborating_until": tuple(access.values())}
            return replace(row, **further | many)


def let_go(row: R, **further: Any) -> R:
    """The row of a lead that is closed: nobody holds it any more, or works on it."""
    if row.owner_id is None and row.pool_id is None:
        return replace(row, **further) if further else row
    formerly = f"pool/{row.pool_id}" if row.owner_id is None else f"staff/{row.owner_id}"
    return replace(row, owner_id=None, pool_id=None, formerly=formerly, **NOBODY, **further)
