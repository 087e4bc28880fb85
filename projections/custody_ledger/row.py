"""What a change of custody is, and how one follows another."""

from typing import Any, Literal

from domain.actor import ActorKind
from domain.customer.dossier import OwnerRole
from domain.values import Instant, OrgPath, PoolId, StaffId
from ledger.envelope import Recorded
from projections.rows import Scoped, replace, table

Method = Literal[
    "pool",
    "claim",
    "assign",
    "dispatch",
    "import",
    "transfer",
    "release",
    "recycle",
    "hand-off",
    "departure",
    "take-back",
    "reopen",
    "merge",
    "unmerge",
    "converted",
    "lost",
    "invalid",
    "merged",
]
DEPARTED = "owner-departed"


@table
class Custody(Scoped):
    """One stay of a subject with somebody, in a pool, or with nobody: whose it was `from_owner` and is from `since` on,
    `until` the next. Of a customer each `role` has its own. `contacts` are the effective ones while it lasted: what
    reached the person of a lead, the answers to a ticket, the touchpoints of a customer.

    Rows of ordinal 0 and below are not listed: they are the subject itself, and keep who is let in.
    """

    subject_id: str
    ordinal: int
    since: Instant
    method: Method
    role: OwnerRole | None = None
    from_owner: StaffId | None = None
    to_owner: StaffId | None = None
    pool: PoolId | None = None
    team: OrgPath | None = None
    until: Instant | None = None
    reason: str | None = None
    decided_by_kind: ActorKind | None = None
    decided_by: str | None = None
    decided_by_name: str | None = None
    decided_by_org: OrgPath | None = None
    on_behalf_of: str | None = None
    rule_id: str | None = None
    rule_number: int | None = None
    policy_version: str | None = None
    imported: bool = False
    contacts: int = 0


Ledger = tuple[Custody, ...]
SCOPE = ("owner_id", "pool_id", "formerly", "collaborators", "collaborating_until")


def now(rows: Ledger, role: OwnerRole | None = None) -> Custody | None:
    """The stay that lasts."""
    return next((row for row in reversed(rows) if row.ordinal > 0 and row.role == role and row.until is None), None)


def holder(rows: Ledger, role: OwnerRole | None = None) -> StaffId | None:
    last = now(rows, role)
    return None if last is None else last.to_owner


def changed(rows: Ledger, recorded: Recorded, method: Method, **told: Any) -> Ledger:
    """One stay ends, and the next begins: `told` says whose it was and is, and why. It is seen as the others are."""
    last = now(rows, told.get("role"))
    reason = told.pop("reason", None) or (None if recorded.reason is None else recorded.reason.code)
    actor = recorded.actor
    new = Custody(
        subject_id=recorded.stream,
        ordinal=1 + max((row.ordinal for row in rows), default=0),
        since=recorded.occurred_at,
        method="departure" if reason == DEPARTED else method,
        reason=reason,
        decided_by_kind=actor.kind,
        decided_by=actor.id,
        decided_by_name=actor.name,
        decided_by_org=actor.org_path,
        on_behalf_of=recorded.on_behalf_of,
        policy_version=recorded.policy_version,
        imported=recorded.imported,
        **told,
        **({name: getattr(rows[-1], name) for name in SCOPE} if rows else {}),
    )
    ended = (replace(row, until=recorded.occurred_at) if row is last else row for row in rows)
    return (*ended, new)


def contacted(rows: Ledger) -> Ledger:
    """One effective contact more, of whoever has it."""
    return tuple(
        replace(row, contacts=row.contacts + 1) if row.until is None and row.to_owner is not None else row
        for row in rows
    )
