"""Receivables: what is open of each invoice, who answers for it, and how old the debt is."""

from decimal import Decimal

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.money import Money
from domain.order.ageing import Receivable, still_open
from domain.order.amounts import refund_status
from domain.order.facts import (
    InvoiceIssued,
    InvoiceOverdue,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    OrderRequested,
    OverdueSettled,
    PaymentReceived,
    ReceivablesWatched,
    SalesCreditAttributed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, OrderId
from projections.buying import goes_with
from projections.figures import Figure, Summary
from projections.projection import projection
from projections.rows import replace, table
from projections.sold import Sold, come, sold

ORDER = ""  # In place of a number: the row in which an order waits for its first invoice.


@table
class OpenInvoice(Sold):
    """One invoice. A payment names no invoice: what is paid of an order settles the one that was due first.

    `customer_id` is who answers for it; `through` are those who have become one another up to him, the first of them
    first. `paid`, `refunded` and `called_off` are of the whole order. `overdue_since`: for longer than the credit level
    of the customer allows, as far as somebody has looked; `hold_at` when to look again.
    """

    order_id: OrderId
    number: str
    customer_id: CustomerId
    currency: str
    through: tuple[CustomerId, ...] = ()
    amount: Decimal = Decimal(0)
    open: Decimal = Decimal(0)
    due: Instant | None = None
    issued_at: Instant | None = None
    settled_at: Instant | None = None
    overdue_since: Instant | None = None
    hold_at: Instant | None = None
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    called_off: bool = False


Invoices = tuple[OpenInvoice, ...]


def aged(first: int, last: int | None) -> str:
    """What is open and has been due for so many whole days of 24 hours; what is not due yet is no day old."""
    since = "TRUE" if first == 0 else f":now - due >= interval '{first * 24} hours'"
    until = "TRUE" if last is None else f":now - due < interval '{(last + 1) * 24} hours'"
    return f"CASE WHEN {since} AND {until} THEN open ELSE 0 END"


BUCKETS = {
    "to_30": aged(0, 30),
    "to_60": aged(31, 60),
    "to_90": aged(61, 90),
    "beyond": aged(91, None),
}


@projection(
    "receivables",
    key=("order_id",),
    rows_by=("number",),
    version=2,
    listed=f"number <> '{ORDER}'",
    computed={
        "subject_id": (str, "'order/' || order_id"),
        "days_overdue": (int, "greatest(floor(extract(epoch FROM :now - due) / 86400), 0)::bigint"),
        **{bucket: (Decimal, sql) for bucket, sql in BUCKETS.items()},
    },
    summaries={
        "ageing": Summary(
            by=("customer_id", "currency"),
            facets=("customer_id", "owner_id", "currency"),
            apart=("currency",),
            among=Figure("open > 0", where=(("open.gt", "0"),)),
            figures={
                "invoices": "count(*)",
                "open": "sum(open)",
                **{bucket: f"sum({sql})" for bucket, sql in BUCKETS.items()},
            },
        )
    },
    search=("number",),
    sorts=("due", "issued_at", "settled_at", "open", "amount", "days_overdue"),
    filters=(
        "order_id",
        "number",
        "customer_id",
        "owner_id",
        "currency",
        "amount",
        "open",
        "due",
        "issued_at",
        "settled_at",
        "overdue_since",
        "hold_at",
        "called_off",
    ),
)
def receivables(
    rows: Invoices,
    event: OrderRequested
    | OrderPlaced
    | OrderCancelled
    | OrderReopened
    | InvoiceIssued
    | PaymentReceived
    | OrderRefunded
    | ReceivablesWatched
    | InvoiceOverdue
    | OverdueSettled
    | SalesCustodyNoted
    | SalesCreditAttributed
    | CustomerAbsorbed
    | CustomerRestored,
    at: Instant,
) -> Invoices:
    match event:
        case OrderRequested() | OrderPlaced():
            return rows or (ordered(event),)
        case OrderCancelled() | OrderReopened():
            called_off = isinstance(event, OrderCancelled)
            return settled(tuple(replace(row, called_off=called_off) for row in rows), at)
        case InvoiceIssued():
            return settled(issued(rows, event, at), at)
        case PaymentReceived(amount=amount):
            return settled(tuple(replace(row, paid=row.paid + amount.amount) for row in rows), at)
        case OrderRefunded(refunded=refunded):
            return settled(tuple(replace(row, refunded=refunded.amount) for row in rows), at)
        case ReceivablesWatched(customer_id=customer_id, hold_at=hold_at):
            return tuple(replace(row, customer_id=customer_id, hold_at=hold_at) for row in rows)
        case InvoiceOverdue(number=number):
            return tuple(replace(row, overdue_since=at) if row.number == number else row for row in rows)
        case OverdueSettled(number=number):
            return tuple(replace(row, overdue_since=None) if row.number == number else row for row in rows)
        case SalesCustodyNoted() | SalesCreditAttributed():
            return tuple(sold(row, event) for row in rows)
        case CustomerAbsorbed(customer_id=customer_id, into=into):
            return tuple(replace(row, customer_id=into, through=(*row.through, customer_id)) for row in rows)
        case CustomerRestored():
            return tuple(parted(row, event) for row in rows)


@receivables.finds_by("customer_id")
def who_becomes_another(event: CustomerAbsorbed) -> CustomerId:
    return event.customer_id


@receivables.finds_by("customer_id")
def who_had_become_another(event: CustomerRestored) -> CustomerId:
    return event.out_of


def ordered(event: OrderRequested | OrderPlaced) -> OpenInvoice:
    made = OpenInvoice(
        order_id=event.order_id,
        number=ORDER,
        customer_id=event.customer_id,
        currency=event.amount.currency,
    )
    return come(made, event)


def issued(rows: Invoices, event: InvoiceIssued, at: Instant) -> Invoices:
    """Beside what is known of the order; an order that nobody has told of has no invoices."""
    amount = event.amount.amount
    made = (replace(row, number=event.number, amount=amount, due=event.due, issued_at=at) for row in rows[:1])
    return (*rows, *made)


def settled(rows: Invoices, at: Instant) -> Invoices:
    """With what is open of each. Of an order that was called off, or whose money has all gone back, nothing is."""
    if not rows:
        return rows
    order, currency = rows[0], rows[0].currency
    paid, refunded = (Money(amount=each, currency=currency) for each in (order.paid, order.refunded))
    known = [
        Receivable(number=row.number, due=row.due, amount=Money(amount=row.amount, currency=currency))
        for row in rows
        if row.due is not None
    ]
    owed = () if order.called_off or refund_status(paid, refunded) == "refunded" else still_open(known, paid)
    left = {each.number: each.amount.amount for each in owed}
    return tuple(with_open(row, left.get(row.number, Decimal(0)), at) for row in rows)


def with_open(row: OpenInvoice, left: Decimal, at: Instant) -> OpenInvoice:
    if row.number == ORDER or (left == row.open and (left or row.settled_at is not None)):
        return row
    return replace(row, open=left, settled_at=None if left else at)


def parted(row: OpenInvoice, event: CustomerRestored) -> OpenInvoice:
    """Back to who is himself again, where it came by him, or goes with him all the same."""
    if event.customer_id in row.through:
        through = row.through[: row.through.index(event.customer_id)]
        return replace(row, customer_id=event.customer_id, through=through)
    if goes_with(event, row.order_id):
        return replace(row, customer_id=event.customer_id)
    return row
