"""Who looks after a customer, or did so last, in every row about him: as the customer himself is seen."""

from typing import Any, TypeVar

from domain.customer.dossier import ROLES, OwnerRole
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.values import Instant, StaffId
from projections.rows import Scoped, replace, table


@table
class LookedAfter(Scoped):
    """A row about a customer. The owner is who has him in hand: the first role that somebody has. Who has another, or
    was let in, sees it too. `owners` are in the order of `roles`.
    """

    roles: tuple[str, ...] = ()
    owners: tuple[StaffId, ...] = ()
    let_in: tuple[StaffId, ...] = ()
    let_in_until: tuple[Instant | None, ...] = ()
    last_owner: StaffId | None = None


R = TypeVar("R", bound=LookedAfter)
Moved = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded
Joined = CustomersMerged | CustomerUnmerged | CustomerRestored


def looked_after(row: R, event: Moved | Joined) -> R:
    """The row after a change of who looks after him."""
    owners: dict[Any, StaffId] = dict(zip(row.roles, row.owners, strict=True))
    helpers = dict(zip(row.let_in, row.let_in_until, strict=True))
    match event:
        case CustomerAssigned(role=role, owner=owner) | CustomerTransferred(role=role, to=owner):
            return seen_by(row, owners | {role: owner}, helpers)
        case CustomerReleased(role=role, from_=owner):
            left = {each: who for each, who in owners.items() if each != role}
            return seen_by(replace(row, last_owner=owner), left, helpers)
        case CustomerCollaboratorAdded(staff_id=staff_id, until=until):
            return seen_by(row, owners, helpers | {staff_id: until})
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            kept = event.kept
            return seen_by(row, dict(kept.owners), {who: each.until for who, each in kept.collaborators.items()})


def seen_by(row: R, owners: dict[OwnerRole, StaffId], helpers: dict[StaffId, Instant | None]) -> R:
    roles = tuple(role for role in ROLES if role in owners)
    owner = owners[roles[0]] if roles else None
    access = {who: None for who in owners.values() if who != owner} | helpers
    return replace(
        row,
        owner_id=owner,
        formerly=f"staff/{row.last_owner}" if owner is None and row.last_owner is not None else None,
        collaborators=tuple(access),
        collaborating_until=tuple(access.values()),
        roles=roles,
        owners=tuple(owners[role] for role in roles),
        let_in=tuple(helpers),
        let_in_until=tuple(helpers.values()),
    )
