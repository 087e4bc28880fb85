"""What is done about a ticket."""

from datetime import date
from typing import Literal

from domain.contact.facts import Channel, Unwished
from domain.sla import Metric
from domain.ticket.facts.terms import Status
from domain.values import (
    ContactId,
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
    """By which channels the customer's contact does not mind to be asked; None where there was nobody to know it of.
    `channel` is the one for which his place is reserved.
    """

    ticket_id: TicketId
    cycle: int
    channels: tuple[Channel, ...] | None = None
    channel: Channel | None = None


@fact("ticket.survey-deferred")
class SurveyDeferred:
    """It would be too much for that contact now; it is tried again at `until`."""

    ticket_id: TicketId
    cycle: int
    contact_id: ContactId
    because: str
    until: Instant


@fact("ticket.survey-dropped")
class SurveyDropped:
    """The customer is not asked in that cycle: nobody is to be, or not before the matter is over for good."""

    ticket_id: TicketId
    cycle: int
    because: Unwished | Literal["never-allowed", "too-late"]


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


WorkEvent = (
    TicketAssigned
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
    | SurveyDeferred
    | SurveyDropped
    | CsatRecorded
    | ReopenOffered
)
