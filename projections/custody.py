"""Who holds a lead, or which pool offers it, in every row about it."""

from typing import TypeVar

from domain.lead.facts import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from projections.rows import Scoped, replace

R = TypeVar("R", bound=Scoped)

CustodyEvent = (
    LeadPooled | LeadAssigned | LeadClaimed | LeadTransferred | LeadReleased | LeadRecycled | CollaboratorAdded
)


def moved(row: R, event: CustodyEvent) -> R:
    """The row after a change of custody."""
    match event:
        case LeadClaimed(owner=owner) | LeadAssigned(owner=owner) | LeadTransferred(to=owner):
            return replace(row, owner_id=owner, pool_id=None, formerly=None)
        case LeadPooled(pool_id=pool_id) | LeadReleased(pool_id=pool_id) | LeadRecycled(pool_id=pool_id):
            return replace(row, owner_id=None, pool_id=pool_id, formerly=None, collaborators=(), collaborating_until=())
        case CollaboratorAdded(staff_id=staff_id, until=until):
            access = dict(zip(row.collaborators, row.collaborating_until, strict=True)) | {staff_id: until}
            return replace(row, collaborators=tuple(access), collaborating_until=tuple(access.values()))


def let_go(row: R) -> R:
    """The row of a lead that is closed: nobody holds it any more, or works on it."""
    if row.owner_id is None and row.pool_id is None:
        return row
    formerly = f"pool/{row.pool_id}" if row.owner_id is None else f"staff/{row.owner_id}"
    return replace(row, owner_id=None, pool_id=None, formerly=formerly, collaborators=(), collaborating_until=())
