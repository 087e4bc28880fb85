"""Who looks after a customer, or did so last, in every row about him: as the customer himself is seen."""

from collections.abc import Mapping
from typing import TypeVar

from domain.customer.dossier import ROLES, Access, Collaboration, OwnerRole
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
    was let in, sees it too; who was let in to read alone, only as long as there is an owner. `owners` are in the order
    of `roles`.
    """

    roles: tuple[OwnerRole, ...] = ()
    owners: tuple[StaffId, ...] = ()
    let_in: tuple[StaffId, ...] = ()
    let_in_access: tuple[Access, ...] = ()
    let_in_until: tuple[Instant | None, ...] = ()
    last_owner: StaffId | None = None


R = TypeVar("R", bound=LookedAfter)
Moved = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded
Joined = CustomersMerged | CustomerUnmerged | CustomerRestored
Helpers = Mapping[StaffId, Collaboration]


def looked_after(row: R, event: Moved | Joined) -> R:
    """The row after a change of who looks after him."""
    owners = dict(zip(row.roles, row.owners, strict=True))
    match event:
        case CustomerAssigned(role=role, owner=owner) | CustomerTransferred(role=role, to=owner):
            return seen_by(row, owners | {role: owner}, helpers_of(row))
        case CustomerReleased(role=role, from_=owner):
            left = {each: who for each, who in owners.items() if each != role}
            return seen_by(replace(row, last_owner=owner), left, helpers_of(row))
        case CustomerCollaboratorAdded(staff_id=staff_id, access=access, until=until):
            added = {staff_id: Collaboration(access=access, until=until)}
            return seen_by(row, owners, helpers_of(row) | added)
        case CustomersMerged(kept=kept) | CustomerUnmerged(kept=kept) | CustomerRestored(kept=kept):
            return seen_by(row, kept.owners, kept.collaborators)


def helpers_of(row: LookedAfter) -> dict[StaffId, Collaboration]:
    several = zip(row.let_in, row.let_in_access, row.let_in_until, strict=True)
    return {who: Collaboration(access=access, until=until) for who, access, until in several}


def seen_by(row: R, owners: Mapping[OwnerRole, StaffId], helpers: Helpers) -> R:
    roles = tuple(role for role in ROLES if role in owners)
    owner = owners[roles[0]] if roles else None
    beside: dict[StaffId, Instant | None] = {who: None for who in owners.values() if who != owner}
    work = {who: helper.until for who, helper in helpers.items() if helper.access == "work"}
    read = {who: helper.until for who, helper in helpers.items() if helper.access == "read" and owner is not None}
    access = read | beside | work
    return replace(
        row,
        owner_id=owner,
        formerly=f"staff/{row.last_owner}" if owner is None and row.last_owner is not None else None,
        collaborators=tuple(access),
        collaborating_until=tuple(access.values()),
        roles=roles,
        owners=tuple(owners[role] for role in roles),
        let_in=tuple(helpers),
        let_in_access=tuple(helper.access for helper in helpers.values()),
        let_in_until=tuple(helper.until for helper in helpers.values()),
    )
