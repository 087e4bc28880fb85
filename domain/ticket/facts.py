"""What can happen to a ticket."""

from datetime import date, timedelta
from typing import Literal

from domain.contact.facts import Channel
from domain.sla import Deadlines, Metric, PendKind, Priority, Promise, StopReason
from domain.sla_policy import Grade
from domain.values import (
    CalendarId,
    CatalogId,
    CustomerId,
    Instant,
    OrderId,
    OrgPath,
    Personal,
    PolicyId,
    StaffId,
    TicketId,
    fact,
    value,
)

Status = Literal["new", "open", "pending_customer", "pending_third_party", "resolved", "closed", "rejected", "merged"]
Pending = Literal["pending_customer", "pending_third_party"]
AssignMethod = Literal["assign", "dispatch", "take-back"]
LeftOutReason = Literal[
    "unavailable",
    "team",
    "skill",
    "had-it",  # It was taken from him.
    "capacity",
    "outweighed",  # Somebody else has less in hand.
    "refused",  # He was chosen first, and by then could not be given it any more.
]
Trigger = Literal["by-hand", "breach", "overdue", "departed"]
PassedOverReason = Literal[
    "has-it",
    "too-near",  # No higher than who has been called in already.
    "away",
    "further-up",
    "another-first",
    "refused",  # Chosen first, and by then no more to be had.
]

CATEGORIES = CatalogId("ticket-categories")
RESOLUTION_CODES = CatalogId("resolution-codes")
PENDING_REASONS = CatalogId("pending-reasons")
REJECTION_REASONS = CatalogId("rejection-reasons")
RETURN_REASONS = CatalogId("return-reasons")

PENDING: dict[PendKind, Pending] = {"customer": "pending_customer", "third_party": "pending_third_party"}


# Facts: how it comes, and what it is about


@fact("ticket.opened")
class TicketOpened:
    """`policy_id` is the policy whose clocks run for it; history has none until it is adopted."""

    ticket_id: TicketId
    customer_id: CustomerId
    type: str
    category: str
    priority: Priority
    channel: str
    subject: Personal[str]
    order_id: OrderId | None = None
    follows: TicketId | None = None
    policy_id: PolicyId | None = None
    to: Literal["new"] = "new"


@fact("ticket.classified")
class TicketClassified:
    ticket_id: TicketId
    type: str
    category: str
    seriousness: str | None = None


@fact("ticket.priority-changed")
class PriorityChanged:
    ticket_id: TicketId
    from_: Priority
    to: Priority
    impact: Grade | None = None
    urgency: Grade | None = None


@fact("ticket.adopted")
class TicketAdopted:
    """Imported history becomes a live subject: from now on its clocks run, and for what is solved the days in which it
    can be reopened, and after which it closes by itself.
    """

    ticket_id: TicketId
    policy_id: PolicyId
    reopen_until: Instant | None = None
    close_at: Instant | None = None


# Facts of work


@fact("ticket.assigned")
class TicketAssigned:
    """Nobody as the agent: it lies with the team, taken back from who has left or by who decides."""

    ticket_id: TicketId
    from_: Status
    to: Status
    agent: StaffId | None = None
    team: OrgPath | None = None
    previous_agent: StaffId | None = None
    method: AssignMethod = "assign"
    rule_id: str | None = None
    why: Literal["owner-departed"] | None = None


@value
class TicketLeftOut:
    """Somebody who was considered and does not get the ticket, and the first reason that speaks against it."""

    staff_id: StaffId
    reason: LeftOutReason


@fact("ticket.dispatch-decided")
class TicketDispatchDecided:
    """Why somebody gets it, under which version of its policy, on what was known at a position; or nobody."""

    ticket_id: TicketId
    policy_id: PolicyId
    policy_number: int
    seen_at: int
    skills: tuple[str, ...] = ()
    chosen: StaffId | None = None
    left_out: tuple[TicketLeftOut, ...] = ()


@fact("ticket.customer-replied")
class CustomerReplied:
    ticket_id: TicketId
    from_: Status
    to: Status
    message: Personal[str] | None = None


@fact("ticket.agent-replied")
class AgentReplied:
    """Not public, it is a note among colleagues."""

    ticket_id: TicketId
    public: bool
    message: Personal[str] | None = None


@fact("ticket.acknowledgement-sent")
class AcknowledgementSent:
    ticket_id: TicketId
    channel: str


@fact("ticket.warranty-checked")
class WarrantyChecked:
    ticket_id: TicketId
    covered: bool
    until: date | None = None
    order_id: OrderId | None = None


@fact("ticket.return-requested")
class ReturnRequested:
    ticket_id: TicketId
    order_id: OrderId
    reason: str


@value
class PassedOver:
    """Somebody above the ticket who might have been called in, and the first reason why he is not."""

    staff_id: StaffId
    reason: PassedOverReason


@fact("ticket.escalated")
class TicketEscalated:
    """Where a policy has looked for somebody it says who stood at hand, at `seen_at` in the ledger. To nobody, where
    there was nobody. `in_place_of` is who was called in before, and has left.
    """

    ticket_id: TicketId
    level: int
    trigger: Trigger
    to: StaffId | None = None
    metric: Metric | None = None
    seen_at: int | None = None
    passed_over: tuple[PassedOver, ...] = ()
    in_place_of: StaffId | None = None


@fact("ticket.escalation-vacated")
class EscalationVacated:
    """Who was called in last because a promise is broken has left, and it still is: the next in line is to come."""

    ticket_id: TicketId
    metric: Metric
    level: int
    staff_id: StaffId


@fact("ticket.knowledge-case-proposed")
class KnowledgeCaseProposed:
    ticket_id: TicketId
    code: str
    summary: Personal[str]


@fact("ticket.survey-requested")
class SurveyRequested:
    """By which channels the customer's contact does not mind to be asked; None where there was nobody to know it of."""

    ticket_id: TicketId
    cycle: int
    channels: tuple[Channel, ...] | None = None


@fact("ticket.csat-recorded")
class CsatRecorded:
    """Of whose work, and whether it is low under the policy of the ticket, is copied in."""

    ticket_id: TicketId
    cycle: int
    score: int
    comment: Personal[str] | None = None
    agent: StaffId | None = None
    low: bool = False


@fact("ticket.reopen-offered")
class ReopenOffered:
    """The customer was not content in that cycle, and may have it begun again until then; None is not limited."""

    ticket_id: TicketId
    customer_id: CustomerId
    cycle: int
    until: Instant | None = None


# Facts of status


@fact("ticket.pended")
class TicketPended:
    ticket_id: TicketId
    from_: Status
    to: Pending
    kind: PendKind
    reason: str
    until: Instant | None = None


@fact("ticket.resumed")
class TicketResumed:
    ticket_id: TicketId
    from_: Status
    to: Literal["open"] = "open"


@fact("ticket.resolved")
class TicketResolved:
    """Until when it may be reopened, and when it closes by itself, is copied in; None is not limited."""

    ticket_id: TicketId
    from_: Status
    code: str
    reopen_until: Instant | None = None
    close_at: Instant | None = None
    to: Literal["resolved"] = "resolved"


@fact("ticket.closed")
class TicketClosed:
    ticket_id: TicketId
    from_: Status
    automatic: bool
    to: Literal["closed"] = "closed"


@fact("ticket.reopened")
class TicketReopened:
    """For the n-th time. It comes back to the agent who had it, while he works here."""

    ticket_id: TicketId
    from_: Status
    n: int
    agent: StaffId | None = None
    to: Literal["open"] = "open"


@fact("ticket.rejected")
class TicketRejected:
    ticket_id: TicketId
    from_: Status
    reason: str
    to: Literal["rejected"] = "rejected"


@fact("ticket.merged")
class TicketMerged:
    ticket_id: TicketId
    from_: Status
    into: TicketId
    to: Literal["merged"] = "merged"


@fact("ticket.absorbed")
class TicketAbsorbed:
    """The other side of a merge."""

    ticket_id: TicketId
    absorbed: TicketId


# Facts of its clocks. Durations are working time; what was running counts under the version that had been pinned.


@fact("ticket.sla-applied")
class SlaApplied:
    ticket_id: TicketId
    metric: Metric
    promise: Promise
    calendar_id: CalendarId
    calendar_version: int
    since: Instant
    deadlines: Deadlines


@fact("ticket.sla-paused")
class SlaPaused:
    ticket_id: TicketId
    metric: Metric
    since: Instant
    elapsed: timedelta


@fact("ticket.sla-resumed")
class SlaResumed:
    """What is left is laid out anew, on the version of the calendar that is pinned from here on."""

    ticket_id: TicketId
    metric: Metric
    since: Instant
    elapsed: timedelta
    paused: timedelta
    calendar_version: int
    deadlines: Deadlines


@fact("ticket.sla-rebased")
class SlaRebased:
    """Another promise for what has elapsed so far. A clock that stands still has no deadlines, and stands still."""

    ticket_id: TicketId
    metric: Metric
    promise: Promise
    calendar_id: CalendarId
    calendar_version: int
    since: Instant
    elapsed: timedelta
    paused: timedelta
    deadlines: Deadlines | None = None


@fact("ticket.sla-warned")
class SlaWarned:
    ticket_id: TicketId
    metric: Metric
    percent: int


@fact("ticket.sla-met")
class SlaMet:
    """In time. What comes late is stopped, and stays a breach."""

    ticket_id: TicketId
    metric: Metric
    elapsed: timedelta
    paused: timedelta


@fact("ticket.sla-breached")
class SlaBreached:
    ticket_id: TicketId
    metric: Metric
    due_at: Instant


@fact("ticket.sla-overrun")
class SlaOverrun:
    """The breach lasts: so much of the target has gone by beyond it."""

    ticket_id: TicketId
    metric: Metric
    percent: int


@fact("ticket.sla-stopped")
class SlaStopped:
    """It ends without having been met."""

    ticket_id: TicketId
    metric: Metric
    elapsed: timedelta
    paused: timedelta
    why: StopReason


SlaEvent = SlaApplied | SlaPaused | SlaResumed | SlaRebased | SlaWarned | SlaMet | SlaBreached | SlaOverrun | SlaStopped

TicketEvent = (
    TicketOpened
    | TicketClassified
    | PriorityChanged
    | TicketAdopted
    | TicketAssigned
    | TicketDispatchDecided
    | CustomerReplied
    | AgentReplied
    | AcknowledgementSent
    | WarrantyChecked
    | ReturnRequested
    | TicketEscalated
    | EscalationVacated
    | KnowledgeCaseProposed
    | SurveyRequested
    | CsatRecorded
    | ReopenOffered
    | TicketPended
    | TicketResumed
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | TicketAbsorbed
    | SlaApplied
    | SlaPaused
    | SlaResumed
    | SlaRebased
    | SlaWarned
    | SlaMet
    | SlaBreached
    | SlaOverrun
    | SlaStopped
)
