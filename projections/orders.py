"""Orders: what was ordered by whom, how far it has come, what is paid of it, and whose success it is."""

from decimal import Decimal
from typing import Any

from domain.customer.facts.merging import CustomerRestored
from domain.money import Money
from domain.order.amounts import refund_status
from domain.order.facts import (
    CustodyBasis,
    InvoiceIssued,
    Line,
    OrderAuthorised,
    OrderCancelled,
    OrderCompleted,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    OrderStatus,
    Payment,
    PaymentReceived,
    Refund,
    SalesCreditAttributed,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, LeadId, OrderId, StaffId
from ledger.envelope import Recorded
from projections.buying import goes_with
from projections.figures import Summary
from projections.projection import projection
from projections.rows import replace, table
from projections.sold import Sold, come, sold


@table
class OrderRow(Sold):
    """One order. Its instants are those of the last time; `paid_at` since when all of it is paid.

    `customer_id` is who bought, though he may have become another since. `credited` are those whose success it is, in
    `shares` of 100. `ordered_by` is who told of it first, as in user/ann or service/shop.
    """

    order_id: OrderId
    customer_id: CustomerId
    status: OrderStatus
    currency: str
    amount: Decimal
    lines: int
    products: tuple[str, ...]
    payment: Payment = "unpaid"
    refund: Refund = "not_refunded"
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    co_buyers: tuple[CustomerId, ...] = ()
    invoices: tuple[str, ...] = ()
    credited: tuple[StaffId, ...] = ()
    shares: tuple[Decimal, ...] = ()
    custody_basis: CustodyBasis | None = None
    custody_staff_id: StaffId | None = None
    custody_lead_id: LeadId | None = None
    ordered_by: str | None = None
    requested_at: Instant | None = None
    placed_at: Instant | None = None
    paid_at: Instant | None = None
    completed_at: Instant | None = None


StatusEvent = (
    OrderAuthorised
    | OrderRefused
    | OrderPlaced
    | OrderRepriced
    | OrderFulfilled
    | OrderCompleted
    | OrderCancelled
    | OrderReopened
)
MoneyEvent = PaymentReceived | OrderPaid | OrderRefunded | InvoiceIssued
FACETS = (
    "status",
    "payment",
    "refund",
    "customer_id",
    "owner_id",
    "custody_basis",
    "custody_staff_id",
    "currency",
)


@projection(
    "orders",
    key=("order_id",),
    version=2,
    computed={
        "subject_id": (str, "'order/' || order_id"),
        "net": (Decimal, "paid - refunded"),
        "unpaid": (Decimal, "greatest(amount - paid, 0)"),
    },
    summaries={
        "totals": Summary(
            by=("status", "currency"),
            facets=FACETS,
            apart=("currency",),
            figures={
                "orders": "count(*)",
                "amount": "sum(amount)",
                "paid": "sum(paid)",
                "refunded": "sum(refunded)",
                "net": "sum(paid - refunded)",
            },
        )
    },
    sorts=("requested_at", "placed_at", "paid_at", "completed_at", "amount", "paid", "refunded", "net", "unpaid"),
    filters=(
        "order_id",
        *FACETS,
        "amount",
        "paid",
        "refunded",
        "lines",
        "products",
        "co_buyers",
        "invoices",
        "credited",
        "custody_lead_id",
        "ordered_by",
        "requested_at",
        "placed_at",
        "paid_at",
        "completed_at",
    ),
)
def orders(
    row: OrderRow | None,
    event: OrderRequested
    | StatusEvent
    | MoneyEvent
    | SalesCreditAttributed
    | SalesCreditReversed
    | SalesCustodyNoted
    | CustomerRestored,
    recorded: Recorded,
) -> OrderRow | None:
    match row, event:
        case None, OrderRequested() | OrderPlaced():
            return begun(event, recorded)
        case None, _:
            return None
        case _, OrderRequested():
            return row
        case _, PaymentReceived() | OrderPaid() | OrderRefunded() | InvoiceIssued():
            return with_money(row, event, recorded.occurred_at)
        case _, SalesCreditAttributed() | SalesCreditReversed():
            return with_credit(row, event)
        case _, SalesCustodyNoted(basis=basis, staff_id=staff_id, lead_id=lead_id):
            noted = replace(row, custody_basis=basis, custody_staff_id=staff_id, custody_lead_id=lead_id)
            return sold(noted, event)
        case _, CustomerRestored(customer_id=customer_id):
            return replace(row, customer_id=customer_id) if goes_with(event, row.order_id) else row
        case _:
            return with_status(row, event, recorded.occurred_at)


@orders.finds_by("customer_id")
def of_whom_he_had_become(event: CustomerRestored) -> CustomerId:
    """What was bought while the two were one, and is the other's after all."""
    return event.out_of


def begun(event: OrderRequested | OrderPlaced, recorded: Recorded) -> OrderRow:
    made = OrderRow(
        order_id=event.order_id,
        customer_id=event.customer_id,
        status=event.to,
        currency=event.amount.currency,
        co_buyers=event.co_buyers,
        ordered_by=f"{recorded.actor.kind}/{recorded.actor.id}",
        **ordered(event.lines, event.amount),
    )
    at = recorded.occurred_at
    requested = isinstance(event, OrderRequested)
    return come(replace(made, requested_at=at) if requested else replace(made, placed_at=at), event)


def ordered(lines: tuple[Line, ...], amount: Money) -> dict[str, Any]:
    products = tuple(dict.fromkeys(line.product for line in lines))
    return {"amount": amount.amount, "lines": len(lines), "products": products}


def with_status(row: OrderRow, event: StatusEvent, at: Instant) -> OrderRow:
    match event:
        case OrderRepriced(lines=lines, amount=amount, to=to):
            return replace(row, status=to, **ordered(lines, amount))
        case _ if event.from_ == event.to:
            return row  # Imported, and told once more.
        case OrderPlaced(lines=lines, amount=amount, co_buyers=co_buyers):
            return replace(row, status="placed", placed_at=at, co_buyers=co_buyers, **ordered(lines, amount))
        case OrderCompleted(to=to):
            return replace(row, status=to, completed_at=at)
        case _:
            return replace(row, status=event.to)


def with_money(row: OrderRow, event: MoneyEvent, at: Instant) -> OrderRow:
    match event:
        case PaymentReceived(amount=amount):
            return with_refund(row, row.paid + amount.amount, row.refunded)
        case OrderRefunded(refunded=refunded):
            return with_refund(row, row.paid, refunded.amount)
        case OrderPaid(to="paid"):
            return replace(row, payment="paid", paid_at=at)
        case OrderPaid(to=to):
            return replace(row, payment=to, paid_at=None)
        case InvoiceIssued(number=number):
            return replace(row, invoices=(*row.invoices, number))


def with_refund(row: OrderRow, paid: Decimal, refunded: Decimal) -> OrderRow:
    status = refund_status(*(Money(amount=each, currency=row.currency) for each in (paid, refunded)))
    return replace(row, paid=paid, refunded=refunded, refund=status)


def with_credit(row: OrderRow, event: SalesCreditAttributed | SalesCreditReversed) -> OrderRow:
    """Who has a share. A refund takes of the amounts, and leaves the shares as they are."""
    if isinstance(event, SalesCreditReversed) and event.refund is not None:
        return row
    shares = {who: share for who, share in zip(row.credited, row.shares, strict=True) if who != event.staff_id}
    if isinstance(event, SalesCreditAttributed):
        shares[event.staff_id] = event.share
        row = sold(row, event)
    return replace(row, credited=tuple(sorted(shares)), shares=tuple(shares[who] for who in sorted(shares)))
