"""The custody of customers: who looks after each of them, in which role; merging and unmerging change that too."""

from typing import Any

from domain.customer.dossier import ROLES, Access, Dossier, OwnerRole
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCreated
from domain.values import Instant, StaffId
from ledger.envelope import Recorded
from projections.custody_ledger.row import Custody, Ledger, Method, changed, contacted, holder
from projections.rows import replace

LET_IN: dict[Access, int] = {"work": 0, "read": -1}  # The rows that keep who was.
Joined = CustomersMerged | CustomerUnmerged | CustomerRestored


def of_customers(
    rows: Ledger,
    event: CustomerCreated
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | TouchpointRecorded,
    recorded: Recorded,
) -> Ledger:
    match event:
        case CustomerCreated():
            return rows or tuple(
                Custody(subject_id=recorded.stream, ordinal=ordinal, since=recorded.occurred_at, method="assign")
                for ordinal in sorted(LET_IN.values())
            )
        case TouchpointRecorded():
            return contacted(rows)
        case CustomerCollaboratorAdded(staff_id=staff_id, access=access, until=until):
            others = {each: {who: end for who, end in let_in(rows, each).items() if who != staff_id} for each in LET_IN}
            return seen(with_let_in(rows, {**others, access: others[access] | {staff_id: until}}))
        case CustomersMerged(kept=kept) | CustomerUnmerged(kept=kept) | CustomerRestored(kept=kept):
            method: Method = "merge" if isinstance(event, CustomersMerged) else "unmerge"
            return seen(with_let_in(owned(rows, kept, recorded, method), helpers(kept)))
        case _:
            return seen(handed_on(rows, event, recorded))


def handed_on(
    rows: Ledger, event: CustomerAssigned | CustomerTransferred | CustomerReleased, recorded: Recorded
) -> Ledger:
    """In one role; what is told once more changes nothing."""
    role, had = event.role, holder(rows, event.role)
    told: dict[str, Any] = {"role": role, "rule_id": None if event.choice is None else event.choice.rule_id}
    match event:
        case CustomerAssigned(owner=owner) | CustomerTransferred(to=owner) if owner == had:
            return rows
        case CustomerAssigned(owner=owner):
            return changed(rows, recorded, "assign", from_owner=had, to_owner=owner, **told)
        case CustomerTransferred(from_=before, to=owner):
            return changed(rows, recorded, "transfer", from_owner=before, to_owner=owner, **told)
        case CustomerReleased(from_=before):
            left = changed(rows, recorded, "release", from_owner=before, **told)
            return tuple(replace(row, formerly=f"staff/{before}") if row.ordinal == 0 else row for row in left)


def owned(rows: Ledger, kept: Dossier, recorded: Recorded, method: Method) -> Ledger:
    """Where two have become one, or two again, somebody else may look after him."""
    for role in ROLES:
        before, after = holder(rows, role), kept.owners.get(role)
        if before != after:
            rows = changed(rows, recorded, method, role=role, from_owner=before, to_owner=after)
    return rows


# Who sees it


def let_in(rows: Ledger, access: Access) -> dict[StaffId, Instant | None]:
    keeper = next((row for row in rows if row.ordinal == LET_IN[access]), None)
    return {} if keeper is None else dict(zip(keeper.collaborators, keeper.collaborating_until, strict=True))


def helpers(kept: Dossier) -> dict[Access, dict[StaffId, Instant | None]]:
    return {
        access: {who: helper.until for who, helper in kept.collaborators.items() if helper.access == access}
        for access in LET_IN
    }


def with_let_in(rows: Ledger, people: dict[Access, dict[StaffId, Instant | None]]) -> Ledger:
    kept = {LET_IN[access]: several for access, several in people.items()}
    return tuple(beside(row, kept[row.ordinal]) if row.ordinal in kept else row for row in rows)


def beside(row: Custody, several: dict[StaffId, Instant | None]) -> Custody:
    return replace(row, collaborators=tuple(several), collaborating_until=tuple(several.values()))


def seen(rows: Ledger) -> Ledger:
    """He is his whose role comes first; who has another, or was let in, sees him too. Where nobody looks after him, who
    was let in to read alone does not any more, and he is the business of whom he had last.
    """
    owners: dict[OwnerRole, StaffId] = {role: who for role in ROLES if (who := holder(rows, role)) is not None}
    owner = next(iter(owners.values()), None)
    last = next((row.formerly for row in rows if row.ordinal == 0), None)
    reading = let_in(rows, "read") if owner is not None else {}
    access = reading | {who: None for who in owners.values() if who != owner} | let_in(rows, "work")
    whose: dict[str, Any] = {"owner_id": owner, "formerly": last if owner is None else None}
    return tuple(beside(replace(row, **whose), access) if row.ordinal > 0 else row for row in rows)
