"""What the credit guard remembers of an order: what it needs of its customer's credit, and whose flags may hold it."""

from decimal import Decimal

from domain.customer.facts.credit import CreditLevelChanged, CreditRefused, CreditReserved
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import RiskFlagCleared
from domain.money import Money
from domain.order.amounts import pieces
from domain.order.facts import (
    InvoiceIssued,
    OrderAdopted,
    OrderAuthorised,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    PaymentReceived,
)
from domain.values import CustomerId, OrderId
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class Guarded(Row):
    """An order, once for each who buys it, under each name by which it came.

    `named` is how he was named, `customer_id` who that is now. `through` are those who have become one another up to
    him, the first of them first; `formerly` is everybody else whose it ever was, of whom credit may have been asked.
    One of them `answers` for it: it goes on his credit. `on_credit`: some has been asked for it, and not been given
    back. It is `live` when something has been told of it that is no history.
    """

    order_id: OrderId
    named: CustomerId
    customer_id: CustomerId
    through: tuple[CustomerId, ...]
    formerly: tuple[CustomerId, ...]
    answers: bool
    status: str
    edition: int
    amount: Decimal
    paid: Decimal  # Less what went back.
    currency: str
    pieces: int
    on_credit: bool
    invoiced: bool
    live: bool

    @property
    def owed(self) -> Money:
        return Money(amount=max(self.amount - self.paid, Decimal(0)), currency=self.currency)


Buying = tuple[Guarded, ...]

ToldOfIt = (
    OrderRequested
    | OrderAuthorised
    | OrderRefused
    | OrderPlaced
    | OrderRepriced
    | OrderCancelled
    | OrderReopened
    | OrderAdopted
    | PaymentReceived
    | OrderRefunded
    | InvoiceIssued
)


def whose(rows: Buying) -> Guarded | None:
    """The order, with him who answers for it; None where nobody has told of it."""
    return next((row for row in rows if row.answers), None)


@projection("credit_guard_orders", key=("order_id",), rows_by=("named",), version=5, scoped=False)
def guarded(
    rows: Buying,
    event: ToldOfIt
    | CreditReserved
    | CreditRefused
    | CreditLevelChanged
    | CustomerAbsorbed
    | CustomerRestored
    | RiskFlagCleared,
    recorded: Recorded,
) -> Buying:
    """Credit may have been reserved for an order that nobody has told of: of that nothing is remembered."""
    match event:
        case OrderRequested() | OrderPlaced():
            first = whose(rows)
            return told(bought_by(event, rows, begun(event) if first is None else gone_on(first, event)), recorded)
        case CustomerAbsorbed(customer_id=customer_id):
            return tuple(merged(row, event) if row.customer_id == customer_id else row for row in rows)
        case CustomerRestored(out_of=survivor):
            return tuple(parted(row, event) if row.customer_id == survivor else row for row in rows)
        case CreditReserved() | CreditRefused() | CreditLevelChanged() | RiskFlagCleared():
            return rows
        case _:
            return told(tuple(gone_on(row, event) for row in rows), recorded)


@guarded.finds_by("customer_id")
def who_buys(event: CustomerAbsorbed | CreditLevelChanged | RiskFlagCleared) -> CustomerId:
    return event.customer_id


@guarded.finds_by("customer_id")
def who_had_become_another(event: CustomerRestored) -> CustomerId:
    return event.out_of


# What becomes of an order


def told(rows: Buying, recorded: Recorded) -> Buying:
    return rows if recorded.imported else tuple(row if row.live else replace(row, live=True) for row in rows)


def begun(event: OrderRequested | OrderPlaced) -> Guarded:
    return Guarded(
        order_id=event.order_id,
        named=event.customer_id,
        customer_id=event.customer_id,
        through=(),
        formerly=(),
        answers=True,
        status=event.to,
        edition=1,
        amount=event.amount.amount,
        paid=Decimal(0),
        currency=event.amount.currency,
        pieces=pieces(event.lines),
        on_credit=isinstance(event, OrderRequested),
        invoiced=False,
        live=False,
    )


def gone_on(row: Guarded, event: ToldOfIt) -> Guarded:
    match event:
        case OrderPlaced(lines=lines, amount=amount):
            return replace(row, status=event.to, amount=amount.amount, pieces=pieces(lines))
        case OrderRepriced(lines=lines, amount=amount, to=to):
            asked = row.on_credit or to == "requested"
            repriced = replace(row, status=to, amount=amount.amount, pieces=pieces(lines), on_credit=asked)
            return replace(repriced, edition=row.edition + 1)
        case OrderReopened():
            return replace(row, status=event.to, edition=row.edition + 1, on_credit=True)
        case OrderAuthorised():
            return replace(row, status=event.to)
        case OrderRefused() | OrderCancelled():
            return replace(row, status=event.to, on_credit=False)
        case PaymentReceived(amount=amount):
            return replace(row, paid=row.paid + amount.amount)
        case OrderRefunded(amount=amount, to=to):
            return replace(row, paid=row.paid - amount.amount, on_credit=row.on_credit and to != "refunded")
        case InvoiceIssued():
            return replace(row, invoiced=True)
        case _:
            return row


# Who buys it


def bought_by(event: OrderRequested | OrderPlaced, rows: Buying, order: Guarded) -> Buying:
    """Once for each name. Who was named before is still whom he has become since."""
    known = {row.named: row for row in rows}
    came_as = () if event.came_as is None else (event.came_as.customer_id, *event.came_as.co_buyers)
    names = dict.fromkeys(each for each in (*event.co_buyers, *came_as) if each != order.named)
    return (order, *(as_bought_by(each, known.get(each), order) for each in names))


def as_bought_by(named: CustomerId, known: Guarded | None, order: Guarded) -> Guarded:
    of = replace(order, named=named, answers=False)
    if known is None:
        return replace(of, customer_id=named, through=(), formerly=())
    return replace(of, customer_id=known.customer_id, through=known.through, formerly=known.formerly)


def merged(row: Guarded, event: CustomerAbsorbed) -> Guarded:
    return belonging(row, event.into, (*row.through, event.customer_id))


def parted(row: Guarded, event: CustomerRestored) -> Guarded:
    """It was his when the two became one, or has been named as his since."""
    customer_id = event.customer_id
    if customer_id in row.through:
        return belonging(row, customer_id, row.through[: row.through.index(customer_id)])
    if row.answers and row.order_id in event.orders:
        return belonging(row, customer_id, ())
    return row


def belonging(row: Guarded, customer_id: CustomerId, through: tuple[CustomerId, ...]) -> Guarded:
    """Whose it is now is not among those whose it was: what is given back is given back once."""
    formerly = tuple(each for each in (*row.formerly, row.customer_id) if each != customer_id)
    return replace(row, customer_id=customer_id, through=through, formerly=formerly)
