"""Solved cases: how tickets were solved, to be found by the words of customers and agents in Chinese and English."""

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import PersonalDataErased
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketClosed, TicketMerged, TicketRejected, TicketReopened, TicketResolved
from domain.ticket.facts.work import (
    AgentReplied,
    CsatRecorded,
    CustomerReplied,
    EscalationVacated,
    KnowledgeCaseProposed,
    ReturnRequested,
    TicketAssigned,
    TicketEscalated,
    WarrantyChecked,
)
from domain.values import CustomerId, Erased, Instant, OrderId, StaffId, TicketId
from ledger.envelope import Recorded
from projections import words
from projections.becoming import OfCustomer, became, known_as
from projections.figures import Summary, counted, with_a
from projections.personal import erased, forgotten, readable
from projections.projection import projection
from projections.rows import PersonalText, replace, table
from projections.ticket_custody import held


@table
class SolvedCase(OfCustomer):
    """What was asked and answered, without the notes of colleagues. `summary` is that of the knowledge case which
    somebody has proposed. A ticket that is not solved has a row too, unlisted and without words: its texts wait here.
    """

    ticket_id: TicketId
    type: str
    category: str
    channel: str
    opened_at: Instant
    subject: PersonalText | None
    asked: tuple[PersonalText, ...] = ()
    answered: tuple[PersonalText, ...] = ()
    summary: PersonalText | None = None
    order_id: OrderId | None = None
    return_reason: str | None = None
    under_warranty: bool | None = None
    code: str | None = None  # None while it is not solved.
    solved_at: Instant | None = None
    solved_by: StaffId | None = None
    closed_at: Instant | None = None
    reopens: int = 0
    csat: int | None = None  # Of the last cycle in which the customer said something.
    proposed_at: Instant | None = None
    words: tuple[PersonalText, ...] = ()


FACETS = ("code", "type", "category", "channel", "solved_by", "owner_id", "return_reason", "under_warranty", "csat")

OUTCOMES = Summary(
    by=("category", "code"),
    facets=FACETS,
    figures={
        "cases": "count(*)",
        "reopened": counted(("reopens.gt", "0")),
        "proposed": with_a("proposed_at"),
        "scored": with_a("csat"),
        "mean_csat": "round(avg(csat), 2)",
        "median_hours": "percentile_cont(0.5) WITHIN GROUP"
        " (ORDER BY greatest(extract(epoch FROM solved_at - opened_at) / 3600, 0))",
    },
)


@projection(
    "solved_cases",
    key=("ticket_id",),
    version=1,
    opens=("subject", "message", "summary"),
    listed="code IS NOT NULL",
    computed={"subject_id": (str, "'ticket/' || ticket_id")},
    summaries={"outcomes": OUTCOMES},
    sorts=("solved_at", "closed_at", "proposed_at", "csat", "reopens"),
    filters=(
        "ticket_id",
        "customer_id",
        *FACETS,
        "order_id",
        "reopens",
        "opened_at",
        "solved_at",
        "closed_at",
        "proposed_at",
    ),
    words="words",
)
def solved_cases(
    row: SolvedCase | None,
    event: TicketOpened
    | TicketClassified
    | TicketAssigned
    | TicketEscalated
    | EscalationVacated
    | CustomerReplied
    | AgentReplied
    | WarrantyChecked
    | ReturnRequested
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | KnowledgeCaseProposed
    | CsatRecorded
    | CustomerAbsorbed
    | CustomerRestored
    | PersonalDataErased,
    recorded: Recorded,
) -> SolvedCase | None:
    at = recorded.occurred_at
    if row is None:
        return opened(event, at) if isinstance(event, TicketOpened) else None
    match event:
        case TicketOpened():
            return row
        case TicketRejected() | TicketMerged():
            return None
        case TicketAssigned() | TicketEscalated() | EscalationVacated():
            return held(row, event)
        case TicketReopened(n=n):
            return held(
                row, event, reopens=n, words=(), **dict.fromkeys(("code", "solved_at", "solved_by", "closed_at"))
            )
        case TicketClosed():
            return replace(row, closed_at=row.closed_at or at)
        case CsatRecorded(score=score):
            return replace(row, csat=score)
        case WarrantyChecked(covered=covered):
            return replace(row, under_warranty=covered)
        case ReturnRequested(reason=reason):
            return findable(replace(row, return_reason=reason))
        case CustomerAbsorbed() | CustomerRestored():
            return became(row, event)
        case PersonalDataErased():
            return findable(forgotten(row, recorded))
        case _:
            return findable(worked_on(row, event, at))


@solved_cases.finds_by("customer_id")
def whose(event: CustomerAbsorbed | CustomerRestored | PersonalDataErased) -> tuple[CustomerId, ...]:
    return known_as(event)


def opened(event: TicketOpened, at: Instant) -> SolvedCase:
    return SolvedCase(
        ticket_id=event.ticket_id,
        customer_id=event.customer_id,
        type=event.type,
        category=event.category,
        channel=event.channel,
        opened_at=at,
        subject=readable(event.subject),
        order_id=event.order_id,
        **erased(event.subject),
    )


def worked_on(
    row: SolvedCase,
    event: TicketClassified | CustomerReplied | AgentReplied | TicketResolved | KnowledgeCaseProposed,
    at: Instant,
) -> SolvedCase:
    match event:
        case TicketClassified(type=kind, category=category):
            return replace(row, type=kind, category=category)
        case CustomerReplied(message=message):
            return replace(row, asked=said(row.asked, message), **erased(message))
        case AgentReplied(public=True, message=message):
            return replace(row, answered=said(row.answered, message), **erased(message))
        case AgentReplied():
            return row
        case TicketResolved() if row.code is not None:
            return row  # Imported, and told once more.
        case TicketResolved(code=code):
            return replace(row, code=code, solved_at=at, solved_by=row.owner_id)
        case KnowledgeCaseProposed(summary=summary):
            return replace(row, summary=readable(summary), proposed_at=at, **erased(summary))


def said(before: tuple[str, ...], message: str | Erased | None) -> tuple[str, ...]:
    text = readable(message)
    return before if text is None else (*before, text)


def findable(row: SolvedCase) -> SolvedCase:
    """By what was said, and by its codes, once it is solved."""
    if row.code is None:
        return row
    texts = (row.subject, *row.asked, *row.answered, row.summary)
    codes = (row.type, row.category, row.code, row.return_reason)
    return replace(row, words=words.words(*texts, *codes))
