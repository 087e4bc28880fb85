"""Revenue: what has come in for each order, and what went back, month by month; and who is to be left out of it."""

from decimal import Decimal
from typing import Literal

from domain.customer.facts.lifecycle import CustomerOrderNoted, CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged
from domain.customer.facts.person import CustomerAdopted, CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.month import month_at
from domain.order.facts import (
    OrderPlaced,
    OrderRefunded,
    OrderRequested,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, OrderId
from ledger.envelope import Recorded
from projections.buying import goes_with
from projections.projection import projection
from projections.rows import Row, replace, table
from projections.sold import Sold, come, sold


@table
class OrderRevenue(Sold):
    """What was paid for an order in one month of UTC, and what went back, which is less than nothing: how much, and at
    which instants. An order's amounts are of one currency.

    `customer_id` is who bought, though he may have become another since.
    """

    order_id: OrderId
    month: str
    customer_id: CustomerId
    currency: str
    amounts: tuple[Decimal, ...] = ()
    at: tuple[Instant, ...] = ()


Months = tuple[OrderRevenue, ...]


@projection(
    "revenue",
    key=("order_id",),
    rows_by=("month",),
    version=3,
    listed="cardinality(amounts) > 0",
    sought_by=("month",),
    computed={
        "subject_id": (str, "'order/' || order_id"),
        "net": (Decimal, "(SELECT coalesce(sum(amount), 0) FROM unnest(amounts) AS amount)"),
    },
    sorts=("month", "net"),
    filters=("order_id", "customer_id", "month", "currency", "owner_id"),
)
def revenue(
    rows: Months,
    event: OrderRequested
    | OrderPlaced
    | PaymentReceived
    | OrderRefunded
    | SalesCustodyNoted
    | SalesCreditAttributed
    | CustomerRestored,
    at: Instant,
) -> Months:
    match event:
        case OrderRequested() | OrderPlaced() if not rows:
            bought = OrderRevenue(
                order_id=event.order_id,
                month=month_at(at, "UTC"),
                customer_id=event.customer_id,
                currency=event.amount.currency,
            )
            return (come(bought, event),)
        case PaymentReceived(amount=amount):
            return moved(rows, amount.amount, at)
        case OrderRefunded(amount=amount):
            return moved(rows, -amount.amount, at)
        case SalesCustodyNoted() | SalesCreditAttributed():
            return tuple(sold(row, event) for row in rows)
        case CustomerRestored(customer_id=customer_id):
            if not any(goes_with(event, row.order_id) for row in rows):
                return rows
            return tuple(replace(row, customer_id=customer_id) for row in rows)
        case _:
            return rows


@revenue.finds_by("customer_id")
def of_whom_he_had_become(event: CustomerRestored) -> CustomerId:
    """What was bought while the two were one, and is the other's after all."""
    return event.out_of


def moved(rows: Months, amount: Decimal, at: Instant) -> Months:
    """With so much more in the month in which it was."""
    month = month_at(at, "UTC")
    if not any(row.month == month for row in rows):
        rows = (*rows, *(replace(row, month=month, amounts=(), at=()) for row in rows[:1]))
    return tuple(
        replace(row, amounts=(*row.amounts, amount), at=(*row.at, at)) if row.month == month else row for row in rows
    )


# Who is left out

Apart = Literal["history", "closed", "merged"]


@table
class CustomerApart(Row):
    """Why no policy comes to a customer by itself: he is known from history alone, is shut or erased, or has become
    another, and whom.
    """

    customer_id: CustomerId
    why: Apart
    into: CustomerId | None = None


@projection(
    "customers_apart",
    key=("customer_id",),
    version=1,
    scoped=False,
    reserved=True,
    sought_by=("why",),
    filters=("customer_id", "why", "into"),
)
def customers_apart(
    row: CustomerApart | None,
    event: CustomerCreated
    | CustomerAdopted
    | CustomerOrderNoted
    | CustomerStatusChanged
    | CustomerAbsorbed
    | CustomerRestored
    | CustomersMerged
    | PersonalDataErased,
    recorded: Recorded,
) -> CustomerApart | None:
    match event:
        case CustomerCreated() | CustomerRestored() if recorded.imported:
            return CustomerApart(customer_id=event.customer_id, why="history")
        case CustomerAbsorbed(into=into):
            return CustomerApart(customer_id=event.customer_id, why="merged", into=into)
        case CustomerStatusChanged(to="closed") | PersonalDataErased():
            return CustomerApart(customer_id=event.customer_id, why="closed")
        case CustomerRestored():
            return None
        case _ if row is not None and row.why == "history" and not recorded.imported:
            return None
        case _:
            return row
