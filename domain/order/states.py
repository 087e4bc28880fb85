"""The states of an order, and how a fact changes them.

How far it has come, and the money that has come and gone, are independent of each other.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from domain.errors import ImpossibleHistory
from domain.money import Money
from domain.order.ageing import Receivable
from domain.order.amounts import payment_status, pieces, refund_status
from domain.order.facts import (
    Buyers,
    CustodyBasis,
    InvoiceIssued,
    InvoiceOverdue,
    Line,
    OrderAdopted,
    OrderAuthorised,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    OrderStatus,
    OverdueSettled,
    Payment,
    PaymentReceived,
    ReceivablesWatched,
    Refund,
    SalesCreditAttributed,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, LeadId, StaffId, replace, value

# States of the status


@value
class Requested: ...


@value
class Authorised:
    amount: Money
    pieces: int


@value
class Declined:
    """Credit was refused."""


@value
class Placed: ...


@value
class Fulfilled: ...


@value
class Completed: ...


@value
class Cancelled: ...


Status = Requested | Authorised | Declined | Placed | Fulfilled | Completed | Cancelled

NAMES: dict[type, OrderStatus] = {
    Requested: "requested",
    Authorised: "authorised",
    Declined: "refused",
    Placed: "placed",
    Fulfilled: "fulfilled",
    Completed: "completed",
    Cancelled: "cancelled",
}


# States of the order


@value
class Credit:
    """What somebody is credited with."""

    share: Decimal
    amount: Money
    lead_id: LeadId | None = None


@value
class Custody:
    """Whose the customer was when the order came."""

    basis: CustodyBasis
    staff_id: StaffId | None = None
    lead_id: LeadId | None = None


@value
class Watch:
    """Who answers for its invoices, when the next will have been overdue for too long, and which have."""

    customer_id: CustomerId
    hold_at: Instant | None = None
    overdue: frozenset[str] = frozenset()


@value
class Unrequested: ...


@value
class Order:
    customer_id: CustomerId
    status: Status
    lines: tuple[Line, ...]
    amount: Money
    co_buyers: tuple[CustomerId, ...]
    salesperson: StaffId | None
    came_as: Buyers | None = None  # Under which names, where these are others' by now.
    cycle: int = 1
    edition: int = 1  # Each new price, and each new beginning, is another.
    reservations: frozenset[UUID] = frozenset()  # That it has been authorised on.
    paid: Money
    refunded: Money
    payments: Mapping[str, Money]
    refunds: Mapping[str, Money]
    invoices: Mapping[str, Receivable]  # As they were issued.
    credits: Mapping[StaffId, Credit]
    watch: Watch | None = None
    custody: Custody | None = None
    shared_by: frozenset[StaffId] = frozenset()  # Who ever was named in it, by its custody, or with a credit.


AnyOrder = Unrequested | Order


def payment_of(order: Order) -> Payment:
    return payment_status(order.amount, order.paid, order.payments)


def refund_of(order: Order) -> Refund:
    return refund_status(order.paid, order.refunded)


def evolve(order: AnyOrder, event: OrderEvent) -> AnyOrder:
    match order, event:
        case Unrequested(), OrderRequested():
            return begun(event, Requested())
        case Unrequested(), OrderPlaced(from_=None):
            return begun(event, Placed())
        case Order(), PaymentReceived() | OrderPaid() | OrderRefunded() | InvoiceIssued():
            return evolve_money(order, event)
        case Order(), SalesCreditAttributed() | SalesCreditReversed():
            return evolve_credits(order, event)
        case Order(), ReceivablesWatched() | InvoiceOverdue() | OverdueSettled():
            return replace(order, watch=evolve_watch(order.watch or Watch(customer_id=order.customer_id), event))
        case Order(), SalesCustodyNoted(basis=basis, staff_id=staff_id, lead_id=lead_id):
            noted = replace(order, custody=Custody(basis=basis, staff_id=staff_id, lead_id=lead_id))
            return noted if staff_id is None else replace(noted, shared_by=order.shared_by | {staff_id})
        case Order(), OrderAdopted():
            return order
        case Order(), _:
            return evolve_status(order, order.status, event)
        case _:
            raise ImpossibleHistory(order, event)


def begun(event: OrderRequested | OrderPlaced, status: Status) -> Order:
    return Order(
        customer_id=event.customer_id,
        status=status,
        lines=event.lines,
        amount=event.amount,
        co_buyers=event.co_buyers,
        salesperson=event.salesperson,
        came_as=event.came_as,
        paid=event.amount.nothing,
        refunded=event.amount.nothing,
        payments={},
        refunds={},
        invoices={},
        credits={},
        shared_by=frozenset() if event.salesperson is None else frozenset({event.salesperson}),
    )


def evolve_status(order: Order, status: Status, event: OrderEvent) -> Order:
    match status, event:
        case Requested(), OrderAuthorised(amount=amount, reservation=reservation):
            used = order.reservations if reservation is None else order.reservations | {reservation}
            return replace(order, status=Authorised(amount=amount, pieces=pieces(order.lines)), reservations=used)
        case Requested(), OrderRefused():
            return replace(order, status=Declined())
        case Authorised(), OrderPlaced():
            placed = replace(order, status=Placed(), lines=event.lines, amount=event.amount)
            return replace(placed, co_buyers=event.co_buyers, came_as=event.came_as)
        case Requested() | Authorised() | Placed(), OrderRepriced(lines=lines, amount=amount, to=to):
            repriced = replace(order, lines=lines, amount=amount, edition=order.edition + 1)
            return replace(repriced, status=Requested() if to == "requested" else within(status, amount, lines))
        case Placed(), OrderFulfilled():
            return replace(order, status=Fulfilled())
        case Fulfilled(), OrderCompleted():
            return replace(order, status=Completed())
        case Requested() | Authorised() | Placed(), OrderCancelled():
            return replace(order, status=Cancelled())
        case Declined() | Cancelled(), OrderReopened(cycle=cycle):
            return replace(order, status=Requested(), cycle=cycle, edition=order.edition + 1)
        case (
            (Authorised(), OrderAuthorised())
            | (Declined(), OrderRefused())
            | (Placed(), OrderPlaced())
            | (Fulfilled(), OrderFulfilled())
            | (Completed(), OrderCompleted())
            | (Cancelled(), OrderCancelled())
        ):
            return order  # Imported, and told once more.
        case _:
            raise ImpossibleHistory(order, event)


def within(status: Status, amount: Money, lines: tuple[Line, ...]) -> Status:
    """An authorisation becomes smaller with the order; so does the credit that it rests on."""
    if isinstance(status, Authorised):
        return Authorised(amount=min(amount, status.amount), pieces=min(pieces(lines), status.pieces))
    return status


def evolve_money(order: Order, event: PaymentReceived | OrderPaid | OrderRefunded | InvoiceIssued) -> Order:
    match event:
        case PaymentReceived(payment=payment, amount=amount):
            return replace(order, paid=order.paid + amount, payments={**order.payments, payment: amount})
        case OrderPaid():
            return order  # It follows from the payments and the price.
        case OrderRefunded(refund=refund, amount=amount):
            return replace(order, refunded=order.refunded + amount, refunds={**order.refunds, refund: amount})
        case InvoiceIssued(number=number, amount=amount, due=due):
            issued = Receivable(number=number, due=due, amount=amount)
            return replace(order, invoices={**order.invoices, number: issued})


def evolve_watch(watch: Watch, event: ReceivablesWatched | InvoiceOverdue | OverdueSettled) -> Watch:
    match event:
        case ReceivablesWatched(customer_id=customer_id, hold_at=hold_at):
            return replace(watch, customer_id=customer_id, hold_at=hold_at)
        case InvoiceOverdue(number=number):
            return replace(watch, overdue=watch.overdue | {number})
        case OverdueSettled(number=number):
            return replace(watch, overdue=watch.overdue - {number})


def evolve_credits(order: Order, event: SalesCreditAttributed | SalesCreditReversed) -> Order:
    held = order.credits.get(event.staff_id)
    match held, event:
        case None, SalesCreditAttributed(staff_id=staff_id, share=share, amount=amount, lead_id=lead_id):
            credit = Credit(share=share, amount=amount, lead_id=lead_id)
            shared_by = order.shared_by | {staff_id}
            return replace(order, credits={**order.credits, staff_id: credit}, shared_by=shared_by)
        case Credit(amount=before), SalesCreditAttributed(staff_id=staff_id, amount=amount):
            return replace(order, credits={**order.credits, staff_id: replace(held, amount=before + amount)})
        case Credit(), SalesCreditReversed(staff_id=staff_id, refund=None):
            return replace(order, credits={who: found for who, found in order.credits.items() if who != staff_id})
        case Credit(amount=before), SalesCreditReversed(staff_id=staff_id, amount=amount):
            return replace(order, credits={**order.credits, staff_id: replace(held, amount=before - amount)})
        case _:
            raise ImpossibleHistory(order, event)
