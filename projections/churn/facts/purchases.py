"""Purchases: what was paid in full, when, by whom as he now is, of which product line, and what of it went back."""

from decimal import Decimal

from domain.customer.facts.lifecycle import CustomerClockStarted, CustomerOrderNoted
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.order.facts import (
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, OrderId
from projections.buying import goes_with
from projections.projection import projection
from projections.rows import replace, table
from projections.sold import Sold, come, sold


@table
class Purchase(Sold):
    """One order. `paid_at` is when all of it was paid for the first time; a price that rises later moves nothing.
    `paid` and `refunded` are what has come in and gone back so far. One that is `off` was cancelled or refused.

    `customer_id` is who has it as customers are merged now, and `formerly_of` those whose it was before, one merged
    into the next. `product_line` is the one whose terms the lifecycle clock applied; where it has not looked
    (`line_known` is false, as in imported history), the `products` say which it will be.
    """

    order_id: OrderId
    customer_id: CustomerId
    currency: str
    products: tuple[str, ...]
    formerly_of: tuple[CustomerId, ...] = ()
    product_line: str | None = None
    line_known: bool = False
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    paid_at: Instant | None = None
    off: bool = False


OrderEvent = (
    OrderRequested
    | OrderPlaced
    | OrderRepriced
    | OrderRefused
    | OrderCancelled
    | OrderReopened
    | PaymentReceived
    | OrderPaid
    | OrderRefunded
)


@projection(
    "purchases",
    key=("order_id",),
    version=1,
    listed="paid_at IS NOT NULL AND NOT off AND (refunded = 0 OR refunded < paid)",
    computed={"subject_id": (str, "'order/' || order_id"), "net": (Decimal, "paid - refunded")},
    sorts=("paid_at", "paid", "refunded", "net"),
    filters=("order_id", "customer_id", "product_line", "products", "currency", "owner_id", "paid_at", "paid", "net"),
)
def purchases(
    row: Purchase | None,
    event: OrderEvent
    | SalesCustodyNoted
    | SalesCreditAttributed
    | CustomerOrderNoted
    | CustomerClockStarted
    | CustomerAbsorbed
    | CustomerRestored,
    at: Instant,
) -> Purchase | None:
    match event:
        case OrderRequested() | OrderPlaced() if row is None:
            begun = Purchase(
                order_id=event.order_id, customer_id=event.customer_id, currency=event.amount.currency, products=()
            )
            return ordered(come(begun, event), event, at)
        case _ if row is None:
            return None
        case SalesCustodyNoted() | SalesCreditAttributed():
            return sold(row, event)
        case CustomerOrderNoted(product_line=line, ends=ends):
            return replace(row, product_line=line, line_known=line is not None or ends is not None)
        case CustomerClockStarted(orders=orders):
            lines = [each.product_line for each in orders if each.order_id == row.order_id]
            return replace(row, product_line=lines[0], line_known=True) if lines else row
        case CustomerAbsorbed(customer_id=customer_id, into=into):
            return replace(row, customer_id=into, formerly_of=(*row.formerly_of, customer_id))
        case CustomerRestored():
            return parted(row, event)
        case _:
            return ordered(row, event, at)


@purchases.finds_by("customer_id")
def of_whom_it_is(event: CustomerAbsorbed | CustomerClockStarted) -> CustomerId:
    return event.customer_id


@purchases.finds_by("customer_id")
def of_whom_he_had_become(event: CustomerRestored) -> CustomerId:
    return event.out_of


def ordered(row: Purchase, event: OrderEvent, at: Instant) -> Purchase:
    match event:
        case OrderRequested(lines=lines) | OrderPlaced(lines=lines) | OrderRepriced(lines=lines):
            off = row.off and isinstance(event, OrderRepriced)
            return replace(row, products=tuple(dict.fromkeys(line.product for line in lines)), off=off)
        case OrderRefused() | OrderCancelled():
            return replace(row, off=True)
        case OrderReopened():
            return replace(row, off=False)
        case PaymentReceived(amount=amount):
            return replace(row, paid=row.paid + amount.amount)
        case OrderPaid(to="paid") if row.paid_at is None:
            return replace(row, paid_at=at)
        case OrderPaid():
            return row
        case OrderRefunded(refunded=refunded):
            return replace(row, refunded=refunded.amount)


def parted(row: Purchase, event: CustomerRestored) -> Purchase:
    """What was his before goes back to him, and so does what was named since."""
    if event.customer_id in row.formerly_of:
        before = row.formerly_of[: row.formerly_of.index(event.customer_id)]
        return replace(row, customer_id=event.customer_id, formerly_of=before)
    if goes_with(event, row.order_id):
        return replace(row, customer_id=event.customer_id, formerly_of=())
    return row
