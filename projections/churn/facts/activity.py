"""What customers do beside buying, and what we do about them: what a reason for leaving can be told from."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Literal

from domain.customer.facts.approaches import CustomerApproached
from domain.customer.facts.lifecycle import CustomerStatusChanged, CustomerWonBack, LearningNoted, TouchpointRecorded
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketClosed, TicketMerged, TicketRejected, TicketReopened, TicketResolved
from domain.ticket.facts.work import CsatRecorded
from domain.values import CustomerId, Instant
from projections.inspectable import COMPLAINT, utc_day
from projections.projection import projection, together
from projections.rows import Scoped, replace, table

QUARTER = timedelta(minutes=15)  # Every time zone begins its days on a quarter of an hour of UTC.
LOW = 2  # A score of satisfaction, of 5, from which on a customer is asked what went wrong.

ActivityKind = Literal[
    "visit",  # he came to us
    "contact",  # we came to him
    "learning",
    "complaint",
    "ticket",
    "low-csat",
    "dormant",
    "churned",
    "winback",  # a lead was opened to win him back
    "upsell",
    "won-back",
]


@table
class CustomerActivity(Scoped):
    """So many `times` on one day of UTC, at `last_at` for the last time. What belongs to a ticket is under that ticket,
    which was open until `ended_at`. `code` is a channel, a course, a type of ticket, a campaign or a score.

    `quarters` are the quarters of an hour of that day in which it was, from 0 to 95, and `counts` how often in each: on
    which day of the house it was, is told by these.

    `customer_id` is who it was, though he may have become another since.
    """

    subject_id: str
    kind: ActivityKind
    day: str
    code: str
    customer_id: CustomerId
    last_at: Instant
    quarters: tuple[int, ...]
    counts: tuple[int, ...] = (1,)
    times: int = 1
    ended_at: Instant | None = None

    def by_quarter(self) -> Iterator[tuple[Instant, int]]:
        """An instant of each quarter of an hour in which it was, and how often it was then."""
        midnight = self.last_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for quarter, count in zip(self.quarters, self.counts, strict=True):
            yield midnight + quarter * QUARTER, count


Activities = tuple[CustomerActivity, ...]
CustomerEvent = TouchpointRecorded | LearningNoted | CustomerStatusChanged | CustomerWonBack | CustomerApproached
TicketEvent = (
    TicketOpened
    | TicketClassified
    | TicketResolved
    | TicketClosed
    | TicketRejected
    | TicketMerged
    | TicketReopened
    | CsatRecorded
)


def of_customers(rows: Activities, event: CustomerEvent, at: Instant) -> Activities:
    told = what(event, at)
    if told is None:
        return rows
    kind, code, when = told
    made = CustomerActivity(
        subject_id=f"customer/{event.customer_id}",
        kind=kind,
        day=utc_day(when),
        code=code,
        customer_id=event.customer_id,
        last_at=when,
        quarters=(quarter_of(when),),
    )
    return counted(rows, made)


def what(event: CustomerEvent, at: Instant) -> tuple[ActivityKind, str, Instant] | None:
    match event:
        case TouchpointRecorded(channel=channel, active_at=None):
            return "contact", channel, at
        case TouchpointRecorded(channel=channel, active_at=came):
            return "visit", channel, came or at
        case LearningNoted(course=course, learned_at=learned_at):
            return "learning", course, learned_at
        case CustomerStatusChanged(from_=before, to=status) if before != status and status in {"dormant", "churned"}:
            return ("dormant" if status == "dormant" else "churned"), "", at
        case CustomerStatusChanged():
            return None
        case CustomerWonBack(campaign=campaign):
            return "won-back", campaign or "", at
        case CustomerApproached(kind=kind, campaign=campaign):
            return kind, campaign, at


def of_tickets(rows: Activities, event: TicketEvent, at: Instant) -> Activities:
    match event:
        case TicketOpened(customer_id=customer_id, type=kind):
            ticket = CustomerActivity(
                subject_id=f"ticket/{event.ticket_id}",
                kind=kind_of(kind),
                day=utc_day(at),
                code=kind,
                customer_id=customer_id,
                last_at=at,
                quarters=(quarter_of(at),),
            )
            return rows or (ticket,)
        case _ if not rows:
            return rows
        case CsatRecorded(score=score, low=low):
            if score > LOW and not low:
                return rows
            poor = replace(rows[0], kind="low-csat", day=utc_day(at), code=str(score), last_at=at, ended_at=at, times=1)
            return counted(rows, replace(poor, quarters=(quarter_of(at),), counts=(1,)))
        case _:
            return tuple(row if row.kind == "low-csat" else ticket_after(row, event, at) for row in rows)


def ticket_after(row: CustomerActivity, event: TicketEvent, at: Instant) -> CustomerActivity:
    match event:
        case TicketClassified(type=kind):
            return replace(row, kind=kind_of(kind), code=kind)
        case TicketReopened():
            return replace(row, ended_at=None)
        case _:
            return replace(row, ended_at=row.ended_at or at)


def kind_of(ticket_type: str) -> ActivityKind:
    return "complaint" if ticket_type == COMPLAINT else "ticket"


def counted(rows: Activities, made: CustomerActivity) -> Activities:
    """One more of a day, or the first."""
    for number, row in enumerate(rows):
        if (row.kind, row.day, row.code) == (made.kind, made.day, made.code):
            again = together_with(row, made)
            return (*rows[:number], again, *rows[number + 1 :])
    return (*rows, made)


def together_with(row: CustomerActivity, made: CustomerActivity) -> CustomerActivity:
    times = dict(zip(row.quarters, row.counts, strict=True))
    for quarter, count in zip(made.quarters, made.counts, strict=True):
        times[quarter] = times.get(quarter, 0) + count
    return replace(
        row,
        times=row.times + made.times,
        last_at=max(row.last_at, made.last_at),
        quarters=tuple(sorted(times)),
        counts=tuple(times[quarter] for quarter in sorted(times)),
    )


def quarter_of(at: Instant) -> int:
    utc = at.astimezone(UTC)
    return utc.hour * 4 + utc.minute // 15


customer_activity = projection(
    "customer_activity",
    key=("subject_id",),
    rows_by=("kind", "day", "code"),
    version=2,
    through="customer_id IN (SELECT customer_id FROM views.customers WHERE :reach)",
    sorts=("day", "last_at", "times"),
    filters=("subject_id", "customer_id", "kind", "day", "code", "last_at", "ended_at", "times"),
)(together(of_customers, of_tickets))
