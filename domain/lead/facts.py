"""What can happen to a lead."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from domain.catalog import CustomValue
from domain.identity import Cooling, IdentityKind, IdentityLink
from domain.money import Money
from domain.values import (
    CallId,
    ContactId,
    CustomerId,
    IdentityId,
    Instant,
    LeadId,
    OrderId,
    OrgPath,
    Personal,
    PolicyId,
    PoolId,
    StaffId,
    fact,
    value,
)

LeadKind = Literal["new", "upsell", "winback"]
Status = Literal["new", "contacting", "nurturing", "qualified", "negotiating", "converted", "lost", "invalid", "merged"]
Stage = Literal["name_card", "opportunity"]  # 名片, 商机
AssignMethod = Literal["assign", "dispatch", "import"]
Access = Literal["read", "work"]
Attitude = Literal["supports", "neutral", "opposes", "unknown"]
RecycleReason = Literal[
    "no-first-contact",
    "no-follow-up",
    "no-opportunity",
    "hard-limit",
    "voluntary-return",
    "owner-departed",
    "manager-reclaim",
    "over-capacity",
]
NOT_WORKED_ON: frozenset[RecycleReason] = frozenset(
    {"no-first-contact", "no-follow-up", "no-opportunity", "hard-limit"}
)
Likeness = Literal[
    "named-together",  # One enquiry has identities of both.
    "noticed",  # By a person.
    "same-identity",
    "same-name-near-phone",
    "near-phone",
    "same-name-same-handle",
    "same-handle",
    "same-company",
    "same-name-same-territory",
]
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


# Facts: how it comes, and what is known of it


@fact("lead.captured")
class LeadCaptured:
    lead_id: LeadId
    source: str
    channel: str
    identities: tuple[IdentityLink, ...]
    campaign: str | None = None
    name: Personal[str] | None = None
    product_line: str | None = None
    kind: LeadKind = "new"
    requested_amount: Money | None = None
    custom: Mapping[str, CustomValue] | None = None
    personal_custom: Personal[Mapping[str, CustomValue]] | None = None
    cooling: Cooling | None = None  # Brought along by an identity that it had under another lead.
    territory: OrgPath | None = None  # The part of the organisation in whose area the person is.
    customer_id: CustomerId | None = None  # Whose identities these are already,
    looked_after_by: StaffId | None = None  # and who looks after him.


@fact("lead.corrected")
class LeadCorrected:
    """Only the fields that were wrong; `corrects` is the version of the event that said so."""

    lead_id: LeadId
    corrects: int
    source: str | None = None
    channel: str | None = None
    campaign: str | None = None
    name: Personal[str] | None = None
    product_line: str | None = None
    requested_amount: Money | None = None
    identities_added: tuple[IdentityLink, ...] = ()
    identities_removed: tuple[IdentityId, ...] = ()
    custom: Mapping[str, CustomValue] | None = None
    personal_custom: Personal[Mapping[str, CustomValue]] | None = None
    cooling: Cooling | None = None  # Brought along by an identity that it had under another lead.
    territory: OrgPath | None = None


@fact("lead.touch-recorded")
class TouchRecorded:
    lead_id: LeadId
    channel: str
    ref: str | None = None
    note: Personal[str] | None = None


@value
class Comparison:
    """By which rule two leads were found alike, as a view showed them at a position of the ledger, among how many that
    were compared with the one, and how many of those looked like it.
    """

    rule_id: PolicyId
    seen_at: int
    compared: int
    alike: int


@fact("lead.duplicate-suspected")
class DuplicateSuspected:
    """It may be the same as another: a person decides. `likeness` is 0 to 100, of what is named in `because`."""

    lead_id: LeadId
    of: LeadId
    likeness: int
    because: Likeness
    comparison: Comparison | None = None  # Where a rule has compared them.


@fact("lead.duplicate-dismissed")
class DuplicateDismissed:
    """A person has decided that they are two. They are not suspected again."""

    lead_id: LeadId
    of: LeadId


@fact("lead.scored")
class LeadScored:
    lead_id: LeadId
    score: int
    grade: str
    model_version: str


@fact("lead.contact-linked")
class LeadContactLinked:
    lead_id: LeadId
    contact_id: ContactId


@fact("lead.contact-attitude-recorded")
class ContactAttitudeRecorded:
    lead_id: LeadId
    contact_id: ContactId
    attitude: Attitude


@fact("lead.adopted")
class LeadAdopted:
    """Imported history becomes a live subject: from now on its deadlines run."""

    lead_id: LeadId


# Facts of custody


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


# Facts of work and status


@fact("lead.follow-up-logged")
class FollowUpLogged:
    lead_id: LeadId
    channel: str
    effective: bool
    note: Personal[str] | None = None


@fact("lead.next-action-scheduled")
class NextActionScheduled:
    lead_id: LeadId
    at: Instant
    what: Personal[str]


@fact("lead.contacted")
class LeadContacted:
    lead_id: LeadId
    from_: Status
    to: Literal["contacting"] = "contacting"


@fact("lead.qualified")
class LeadQualified:
    lead_id: LeadId
    from_: Status
    amount: Money
    probability: int | None = None
    close_date: date | None = None
    customer_id: CustomerId | None = None
    to: Literal["qualified"] = "qualified"


@fact("lead.negotiating")
class LeadNegotiating:
    lead_id: LeadId
    from_: Status
    quote_no: str
    amount: Money
    to: Literal["negotiating"] = "negotiating"


@fact("lead.nurtured")
class LeadNurtured:
    lead_id: LeadId
    from_: Status
    revisit_at: Instant
    to: Literal["nurturing"] = "nurturing"


@fact("lead.lost")
class LeadLost:
    lead_id: LeadId
    from_: Status
    reason: str
    competitor: Personal[str] | None = None
    cools_until: Instant | None = None  # For whoever held it.
    to: Literal["lost"] = "lost"


@fact("lead.invalidated")
class LeadInvalidated:
    lead_id: LeadId
    from_: Status
    reason: str
    cools_until: Instant | None = None
    to: Literal["invalid"] = "invalid"


@fact("lead.reopened")
class LeadReopened:
    lead_id: LeadId
    from_: Status
    cycle: int
    to: Literal["new"] = "new"


@fact("lead.converted")
class LeadConverted:
    lead_id: LeadId
    from_: Status
    customer_id: CustomerId
    order_id: OrderId | None = None
    to: Literal["converted"] = "converted"


@fact("lead.merged")
class LeadMerged:
    lead_id: LeadId
    from_: Status
    into: LeadId
    to: Literal["merged"] = "merged"


@fact("lead.absorbed")
class LeadAbsorbed:
    """The other side of a merge: this lead now answers for the identities of the absorbed one."""

    lead_id: LeadId
    absorbed: LeadId
    identities: Mapping[IdentityId, IdentityKind]
    cooling: Cooling | None = None
    customer_id: CustomerId | None = None  # Of the absorbed one; where the survivor knows of another, it keeps that.


LeadEvent = (
    LeadCaptured
    | LeadCorrected
    | TouchRecorded
    | DuplicateSuspected
    | DuplicateDismissed
    | LeadScored
    | LeadContactLinked
    | ContactAttitudeRecorded
    | LeadAdopted
    | LeadPooled
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
    | FollowUpLogged
    | NextActionScheduled
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadConverted
    | LeadMerged
    | LeadAbsorbed
)
