"""Who looks after a customer and who helps, in every row about him: as `commands.customer` says whose he is."""

from typing import TypeVar

from domain.customer.dossier import ROLES, Access, Dossier, OwnerRole
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.values import Instant, StaffId
from projections.rows import Scoped, replace, table


@table
class OfCustomer(Scoped):
    """A row about a customer. His `owners` each have the role in the same place, his `helpers` an access and its end.

    From these follows who has him in hand (`owner_id`): the primary owner, else who stands in for one. All others who
    look after him, and who was let in to work, see him beside the owner and, when there is none any more, beside the
    last one; who was let in to read, beside an owner only.
    """

    owner_roles: tuple[OwnerRole, ...] = ()
    owners: tuple[StaffId, ...] = ()
    helpers: tuple[StaffId, ...] = ()
    access: tuple[Access, ...] = ()
    access_until: tuple[Instant | None, ...] = ()
    last_owner: StaffId | None = None


R = TypeVar("R", bound=OfCustomer)
CustodyEvent = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded


def moved(row: R, event: CustodyEvent) -> R:
    owners = dict(zip(row.owner_roles, row.owners, strict=True))
    match event:
        case CustomerAssigned(role=role, owner=owner) | CustomerTransferred(role=role, to=owner):
            owners[role] = owner
            return looked_after(row, owners)
        case CustomerReleased(role=role, from_=owner):
            owners.pop(role, None)
            return looked_after(replace(row, last_owner=owner), owners)
        case CustomerCollaboratorAdded(staff_id=staff_id, access=access, until=until):
            return looked_after(helped(row, known_helpers(row) | {staff_id: (access, until)}), owners)


def as_in(row: R, kept: Dossier) -> R:
    """After a merge, or when one is undone."""
    helpers: Helpers = {staff_id: (helper.access, helper.until) for staff_id, helper in kept.collaborators.items()}
    return looked_after(helped(row, helpers), dict(kept.owners))


Helpers = dict[StaffId, tuple[Access, Instant | None]]


def known_helpers(row: OfCustomer) -> Helpers:
    several = zip(row.helpers, row.access, row.access_until, strict=True)
    return {helper: (access, until) for helper, access, until in several}


def helped(row: R, helpers: Helpers) -> R:
    return replace(
        row,
        helpers=tuple(helpers),
        access=tuple(access for access, _ in helpers.values()),
        access_until=tuple(until for _, until in helpers.values()),
    )


def looked_after(row: R, owners: dict[OwnerRole, StaffId]) -> R:
    in_hand = next((owners[role] for role in ROLES if role in owners), None)
    let_in: dict[StaffId, Instant | None] = {each: None for each in owners.values() if each != in_hand}
    readers: dict[StaffId, Instant | None] = {}
    for helper, access, until in zip(row.helpers, row.access, row.access_until, strict=True):
        if access == "work":
            let_in[helper] = until
        elif in_hand is not None:
            readers[helper] = until
    seeing = readers | let_in
    formerly = None if in_hand is not None or row.last_owner is None else f"staff/{row.last_owner}"
    return replace(
        row,
        owner_roles=tuple(owners),
        owners=tuple(owners.values()),
        owner_id=in_hand,
        formerly=formerly,
        collaborators=tuple(seeing),
        collaborating_until=tuple(seeing.values()),
    )
