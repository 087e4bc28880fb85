"""Who has a lead, for how long, and why."""

from typing import Literal

from domain.lead.facts.terms import RecycleReason
from domain.values import (
    CallId,
    Instant,
    LeadId,
    PolicyId,
    PoolId,
    StaffId,
    fact,
    value,
)

AssignMethod = Literal["assign", "dispatch", "import"]
Access = Literal["read", "work"]
ExemptionGround = Literal["open-order", "key-account", "contract"]
LeftOutReason = Literal[
    "departed",
    "unavailable",
    "territory",
    "skill",
    "failed-before",
    "no-weight",
    "capacity",
    "outweighed",  # Somebody else's turn it was.
    "no-rule",
]


@fact("lead.pooled")
class LeadPooled:
    lead_id: LeadId
    pool_id: PoolId
    reason: str
    claimable_from: Instant


@value
class LeftOut:
    """Somebody who was considered and does not get the lead, and the first reason that speaks against it."""

    staff_id: StaffId
    reason: LeftOutReason


@fact("lead.dispatch-decided")
class DispatchDecided:
    """Why it goes to whom it goes, or to nobody, as a version of a rule saw it at a position of the ledger."""

    lead_id: LeadId
    rule_id: PolicyId
    rule_number: int
    seen_at: int
    chosen: StaffId | None = None
    pool_id: PoolId | None = None
    left_out: tuple[LeftOut, ...] = ()


@fact("lead.assigned")
class LeadAssigned:
    lead_id: LeadId
    owner: StaffId
    method: AssignMethod
    pool_id: PoolId
    first_contact_due: Instant
    protect_until: Instant
    hard_limit: Instant
    extension_days: int
    time_zone: str
    rule_id: str | None = None
    candidates: tuple[StaffId, ...] = ()
    warning_days: int = 3
    rule_number: int | None = None  # Of the published rule that chose him.
    first_response_due: Instant | None = None  # In working time, where the rule promises one.


@fact("lead.claimed")
class LeadClaimed:
    """The terms are copied in: those that are published later do not hold for this custody."""

    lead_id: LeadId
    owner: StaffId
    pool_id: PoolId
    first_contact_due: Instant
    protect_until: Instant
    hard_limit: Instant
    extension_days: int
    time_zone: str
    warning_days: int = 3


@fact("lead.transferred")
class LeadTransferred:
    lead_id: LeadId
    from_: StaffId
    to: StaffId
    cools_until: Instant | None = None  # For who has given it.
    first_contact_due: Instant | None = None  # By who has got it; in older ones the first contact stood as it was.


@fact("lead.released")
class LeadReleased:
    lead_id: LeadId
    from_: StaffId
    pool_id: PoolId
    reason: str
    claimable_from: Instant
    cools_until: Instant


@fact("lead.recycled")
class LeadRecycled:
    lead_id: LeadId
    previous_owner: StaffId
    pool_id: PoolId
    reason: RecycleReason
    claimable_from: Instant
    cools_until: Instant
    rule_id: str | None = None


@fact("lead.protection-extended")
class ProtectionExtended:
    lead_id: LeadId
    until: Instant


@fact("lead.protection-extension-granted")
class ProtectionExtensionGranted:
    lead_id: LeadId
    until: Instant
    by: StaffId


@fact("lead.lapse-warned")
class LapseWarned:
    """The protection is about to lapse, and the owner is told while there is time."""

    lead_id: LeadId
    owner: StaffId
    until: Instant


@fact("lead.handed-off")
class LeadHandedOff:
    """A call has found interest: whoever held it lets go, and field sales get it by a dispatch rule."""

    lead_id: LeadId
    call_id: CallId
    from_: StaffId | None = None


@fact("lead.exempted")
class LeadExempted:
    """Nobody takes it back for not being worked on, until the end, or until that is ended."""

    lead_id: LeadId
    ground: ExemptionGround
    until: Instant | None = None


@fact("lead.exemption-ended")
class LeadExemptionEnded:
    lead_id: LeadId
    ground: ExemptionGround


@fact("lead.collaborator-added")
class CollaboratorAdded:
    lead_id: LeadId
    staff_id: StaffId
    access: Access
    until: Instant | None = None


CustodyEvent = (
    LeadPooled
    | DispatchDecided
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | ProtectionExtended
    | ProtectionExtensionGranted
    | LapseWarned
    | LeadHandedOff
    | LeadExempted
    | LeadExemptionEnded
    | CollaboratorAdded
)
