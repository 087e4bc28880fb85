"""What a sample of calls is drawn from: the calls, and what makes one of them worth a look."""

from datetime import UTC

from domain.call.facts import CallConnected, CallDispositioned, CallEnded, CallLinked, CallRequested, Subject
from domain.order.facts import OrderPlaced, OrderRefunded, OrderRequested
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.work import CsatRecorded, ReturnRequested
from domain.values import CallId, CustomerId, Instant, OrderId, StaffId, TicketId
from projections.projection import projection
from projections.rows import Row, Scoped, replace, table

COMPLAINT = "complaint"  # The type of a ticket.


def utc_month(at: Instant) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def utc_day(at: Instant) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


@table
class InspectableCall(Scoped):
    """A call is its agent's who answered last, else his for whom it was requested. `month` is that of `at` in UTC."""

    call_id: CallId
    at: Instant
    month: str
    status: str | None = None
    agent: StaffId | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    talk_seconds: int | None = None
    disposition: str | None = None
    tickets: tuple[TicketId, ...] = ()
    customers: tuple[CustomerId, ...] = ()

    @property
    def seconds(self) -> int:
        """As the provider counts them, else between two instants that it told; 0 where neither is known."""
        if self.talk_seconds is not None:
            return self.talk_seconds
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(int((self.ended_at - self.answered_at).total_seconds()), 0)


@projection(
    "inspectable_calls",
    key=("call_id",),
    version=1,
    sorts=("at",),
    filters=("call_id", "month", "status", "agent", "disposition"),
    sought_by=("customers",),
)
def inspectable_calls(
    row: InspectableCall | None,
    event: CallRequested | CallConnected | CallEnded | CallDispositioned | CallLinked,
    at: Instant,
) -> InspectableCall:
    row = row or InspectableCall(call_id=event.call_id, at=at, month=utc_month(at))
    match event:
        case CallRequested(agent=agent, subject=subject, to=to):
            asked = row if row.agent is not None or agent is None else his(row, agent)
            return about(replace(asked, status=to), subject)
        case CallConnected(to=to):
            return answered(replace(row, status=to), event, event.at or at)
        case CallEnded(to=to, talk_seconds=seconds) if event.outcome == to:
            when = event.at or at
            begun = row.answered_at or when
            talked = row.talk_seconds if seconds is None else seconds
            return replace(row, status=to, ended_at=when, talk_seconds=talked, at=begun, month=utc_month(begun))
        case CallEnded(to=to):
            return replace(row, status=to)
        case CallDispositioned(code=code):
            return replace(row, disposition=code)
        case CallLinked(subject=subject):
            return about(row, subject)


def his(row: InspectableCall, agent: StaffId) -> InspectableCall:
    return replace(row, agent=agent, owner_id=agent)


def answered(row: InspectableCall, event: CallConnected, when: Instant) -> InspectableCall:
    """Messages come in any order: whoever answered last has it, and it began with the first answer."""
    first = when if row.answered_at is None else min(when, row.answered_at)
    is_last = row.answered_at is None or when >= row.answered_at
    found = row if event.agent is None or not is_last else his(row, event.agent)
    return replace(found, answered_at=first, at=first, month=utc_month(first))


def about(row: InspectableCall, subject: Subject | None) -> InspectableCall:
    match subject:
        case Subject(kind="ticket", id=found):
            return replace(row, tickets=tuple(dict.fromkeys((*row.tickets, TicketId(found)))))
        case Subject(kind="customer", id=found):
            return replace(row, customers=tuple(dict.fromkeys((*row.customers, CustomerId(found)))))
        case _:
            return row


# What makes a call worth a look


@table
class InspectableTicket(Scoped):
    """`csat` is the worst score of its cycles."""

    ticket_id: TicketId
    complaint: bool = False
    returned: bool = False
    csat: int | None = None
    order_id: OrderId | None = None


@projection(
    "inspectable_tickets",
    key=("ticket_id",),
    version=1,
    scoped=False,
    reserved=True,
    filters=("ticket_id", "complaint"),
)
def inspectable_tickets(
    row: InspectableTicket | None, event: TicketOpened | TicketClassified | CsatRecorded | ReturnRequested
) -> InspectableTicket:
    row = row or InspectableTicket(ticket_id=event.ticket_id)
    match event:
        case TicketOpened(type=kind, order_id=order_id):
            return replace(row, complaint=kind == COMPLAINT, order_id=order_id)
        case TicketClassified(type=kind):
            return replace(row, complaint=kind == COMPLAINT)
        case CsatRecorded(score=score):
            return replace(row, csat=score if row.csat is None else min(score, row.csat))
        case ReturnRequested():
            return replace(row, returned=True)


@table
class OrderRefund(Row):
    """`month` is that of its last refund, in UTC; `came_as` the name under which its customer is known elsewhere, where
    he had become another when it came.
    """

    order_id: OrderId
    customer_id: CustomerId
    came_as: CustomerId | None = None
    month: str | None = None
    refunded_at: Instant | None = None


@projection("order_refunds", key=("order_id",), version=2, scoped=False, reserved=True, filters=("order_id", "month"))
def order_refunds(
    row: OrderRefund | None, event: OrderRequested | OrderPlaced | OrderRefunded, at: Instant
) -> OrderRefund | None:
    match row, event:
        case None, OrderRequested() | OrderPlaced():
            named = None if event.came_as is None else event.came_as.customer_id
            return OrderRefund(order_id=event.order_id, customer_id=event.customer_id, came_as=named)
        case OrderRefund(), OrderRefunded():
            return replace(row, month=utc_month(at), refunded_at=at)
        case _:
            return row
