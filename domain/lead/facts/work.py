"""What is done about a lead, and what becomes of it."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from domain.identity import Cooling, IdentityKind
from domain.money import Money
from domain.values import (
    CustomerId,
    IdentityId,
    Instant,
    LeadId,
    OrderId,
    Personal,
    fact,
)

Status = Literal["new", "contacting", "nurturing", "qualified", "negotiating", "converted", "lost", "invalid", "merged"]


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


WorkEvent = (
    FollowUpLogged
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
