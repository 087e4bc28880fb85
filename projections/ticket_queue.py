"""The ticket queue: each ticket, who has it, what is promised for it next, and how much time there still is."""

from decimal import Decimal
from typing import Any

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import PersonalDataErased
from domain.sla import Priority
from domain.sla_policy import Grade
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaMet,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
    SlaWarned,
)
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified, TicketOpened
from domain.ticket.facts.status import (
    TicketClosed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.terms import Status
from domain.ticket.facts.work import (
    AcknowledgementSent,
    AgentReplied,
    CustomerReplied,
    EscalationVacated,
    TicketAssigned,
    TicketEscalated,
)
from domain.values import CustomerId, Instant, OrderId, OrgPath, PolicyId, StaffId, TicketId
from ledger.envelope import Recorded
from projections.becoming import became, known_as
from projections.figures import Figure, Summary, counted
from projections.personal import erased, forgotten, readable
from projections.projection import projection
from projections.rows import PersonalText, replace, table
from projections.ticket_clocks import LEFT, Promised, ticked
from projections.ticket_custody import held


@table
class QueuedTicket(Promised):
    """`priority` is what impact and urgency come to. What was merged into another stays, unlisted."""

    ticket_id: TicketId
    subject: PersonalText | None
    type: str
    category: str
    priority: Priority
    channel: str
    opened_at: Instant
    status: Status = "new"
    seriousness: str | None = None
    impact: Grade | None = None
    urgency: Grade | None = None
    team: OrgPath | None = None
    policy_id: PolicyId | None = None  # None is history that nobody has adopted.
    order_id: OrderId | None = None
    follows: TicketId | None = None
    merged_into: TicketId | None = None
    escalation_level: int = 0
    escalated_to: StaffId | None = None  # Who was called in last, as long as he works here.
    reopens: int = 0
    waits_until: Instant | None = None
    pending_reason: str | None = None  # Why it waits, from the catalog of that name.
    acknowledged_at: Instant | None = None
    customer_replied_at: Instant | None = None
    agent_replied_at: Instant | None = None  # To the customer: a note among colleagues is no reply.
    resolution_code: str | None = None
    resolved_at: Instant | None = None
    closed_at: Instant | None = None


WEIGHT = "CASE priority WHEN 'urgent' THEN 4 WHEN 'high' THEN 3 WHEN 'normal' THEN 2 ELSE 1 END"

FACETS = (
    "owner_id",
    "team",
    "status",
    "type",
    "category",
    "seriousness",
    "priority",
    "channel",
    "policy_id",
    "metric",
    "escalation_level",
    "escalated_to",
)
ACTIVE = ("status.in", "new,open,pending_customer,pending_third_party")

IN_HAND = Summary(
    by=("team", "owner_id"),
    facets=FACETS,
    figures={
        "tickets": "count(*)",
        "active": counted(ACTIVE),
        "new": counted(("status", "new")),
        "waiting": counted(("status.in", "pending_customer,pending_third_party")),
        "urgent": counted(("priority", "urgent"), ACTIVE),
        "overdue": Figure("count(*) FILTER (WHERE due_at < :now)", where=(("due_at.lt", "+0m"),)),
        "breached": counted(("breached", "true"), ACTIVE),
        "escalated": counted(("escalation_level.gt", "0"), ACTIVE),
        "reopened": counted(("reopens.gt", "0")),
    },
)


@projection(
    "ticket_queue",
    key=("ticket_id",),
    version=2,
    prompt=True,
    opens=("subject",),
    listed="merged_into IS NULL",
    computed={
        "subject_id": (str, "'ticket/' || ticket_id"),
        "weight": (int, WEIGHT),
        "business_minutes_left": (Decimal, f"round(({LEFT}) / 60, 1)"),
    },
    summaries={"in_hand": IN_HAND},
    sorts=(
        "due_at",
        "business_minutes_left",
        "weight",
        "opened_at",
        "customer_replied_at",
        "agent_replied_at",
        "resolved_at",
        "closed_at",
        "escalation_level",
        "reopens",
        "waits_until",
    ),
    filters=(
        "ticket_id",
        "customer_id",
        *FACETS,
        "impact",
        "urgency",
        "order_id",
        "follows",
        "due_at",
        "paused",
        "warned",
        "breached",
        "reopens",
        "waits_until",
        "pending_reason",
        "acknowledged_at",
        "customer_replied_at",
        "agent_replied_at",
        "resolution_code",
        "opened_at",
        "resolved_at",
        "closed_at",
    ),
    search=("subject",),
)
def ticket_queue(
    row: QueuedTicket | None,
    event: TicketOpened
    | TicketClassified
    | PriorityChanged
    | TicketAdopted
    | TicketAssigned
    | CustomerReplied
    | AgentReplied
    | AcknowledgementSent
    | TicketEscalated
    | EscalationVacated
    | TicketPended
    | TicketResumed
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | SlaApplied
    | SlaPaused
    | SlaResumed
    | SlaRebased
    | SlaWarned
    | SlaMet
    | SlaBreached
    | SlaStopped
    | CustomerAbsorbed
    | CustomerRestored
    | PersonalDataErased,
    recorded: Recorded,
) -> QueuedTicket | None:
    at = recorded.occurred_at
    if row is None:
        return opened(event, at) if isinstance(event, TicketOpened) else None
    match event:
        case TicketOpened():
            return row
        case TicketClassified(type=kind, category=category, seriousness=seriousness):
            return replace(row, type=kind, category=category, seriousness=seriousness or row.seriousness)
        case PriorityChanged(to=to, impact=impact, urgency=urgency):
            return replace(row, priority=to, impact=impact, urgency=urgency)
        case TicketAdopted(policy_id=policy_id):
            return replace(row, policy_id=policy_id)
        case AgentReplied(public=public):
            return replace(row, agent_replied_at=at) if public else row
        case AcknowledgementSent():
            return replace(row, acknowledged_at=row.acknowledged_at or at)
        case TicketAssigned(team=team, to=to):
            return held(row, event, team=team, status=to)
        case TicketEscalated(level=level, to=called):
            return held(row, event, escalation_level=max(level, row.escalation_level), escalated_to=called)
        case EscalationVacated(staff_id=gone):
            return held(row, event, escalated_to=None if row.escalated_to == gone else row.escalated_to)
        case CustomerAbsorbed() | CustomerRestored():
            return became(row, event)
        case PersonalDataErased():
            return forgotten(row, recorded)
        case (
            SlaApplied()
            | SlaPaused()
            | SlaResumed()
            | SlaRebased()
            | SlaWarned()
            | SlaMet()
            | SlaBreached()
            | SlaStopped()
        ):
            return ticked(row, event)
        case TicketReopened():
            return held(row, event, **entered(row, event, at))
        case _:
            return replace(row, **entered(row, event, at))


@ticket_queue.finds_by("customer_id")
def whose(event: CustomerAbsorbed | CustomerRestored | PersonalDataErased) -> tuple[CustomerId, ...]:
    return known_as(event)


def opened(event: TicketOpened, at: Instant) -> QueuedTicket:
    return QueuedTicket(
        ticket_id=event.ticket_id,
        customer_id=event.customer_id,
        subject=readable(event.subject),
        type=event.type,
        category=event.category,
        priority=event.priority,
        channel=event.channel,
        opened_at=at,
        policy_id=event.policy_id,
        order_id=event.order_id,
        follows=event.follows,
        **erased(event.subject),
    )


StatusEvent = (
    CustomerReplied
    | TicketPended
    | TicketResumed
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
)


NO_WAIT = {"waits_until": None, "pending_reason": None}


def entered(row: QueuedTicket, event: StatusEvent, at: Instant) -> dict[str, Any]:
    """The columns that say where it has come."""
    match event:
        case CustomerReplied(to=to):
            return {"status": to, "customer_replied_at": at, **({} if to == row.status else NO_WAIT)}
        case TicketPended(to=to, until=until, reason=reason):
            return {"status": to, "waits_until": until, "pending_reason": reason}
        case TicketResumed(to=to) | TicketRejected(to=to):
            return {"status": to, **NO_WAIT}
        case TicketResolved() if row.resolved_at is not None:
            return {}  # Imported, and told once more.
        case TicketResolved(to=to, code=code):
            return {"status": to, "resolution_code": code, "resolved_at": at, **NO_WAIT}
        case TicketClosed(to=to):
            return {"status": to, "closed_at": row.closed_at or at}
        case TicketReopened(to=to, n=n):
            nothing = dict.fromkeys(("resolution_code", "resolved_at", "closed_at"))
            return {"status": to, "reopens": n, **nothing, **NO_WAIT}
        case TicketMerged(to=to, into=into):
            return {"status": to, "merged_into": into, **NO_WAIT}
