"""Credit guard: no order is authorised on credit that is not reserved for it, and what is over is free again."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.customer.credit import ReleaseCredit, ReserveCredit
from commands.order.progress import AuthoriseOrder, RefuseOrder
from commands.order.receivables import WatchReceivables
from consumers.process import Process
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
    """What an order needs of its customer's credit.

    `customer_id` is who answers for it now, `formerly` who did before two became one; `on_credit`: some has been asked
    for it, and not been given back.
    """

    order_id: OrderId
    customer_id: CustomerId
    formerly: tuple[CustomerId, ...]
    status: str
    edition: int
    amount: Decimal
    paid: Decimal  # Less what went back.
    currency: str
    pieces: int
    on_credit: bool
    invoiced: bool

    @property
    def owed(self) -> Money:
        return Money(amount=max(self.amount - self.paid, Decimal(0)), currency=self.currency)


@projection("credit_guard_orders", key=("order_id",), version=3, scoped=False)
def guarded(
    row: Guarded | None,
    event: OrderRequested
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
    | CreditReserved
    | CreditRefused
    | CreditLevelChanged
    | CustomerAbsorbed
    | CustomerRestored
    | RiskFlagCleared,
) -> Guarded | None:
    match row, event:
        case None, OrderRequested() | OrderPlaced():
            return begun(event)
        case None, _:
            return None  # Credit was reserved for an order that nobody has told of.
        case Guarded(), OrderPlaced(lines=lines, amount=amount):
            return replace(row, status=event.to, amount=amount.amount, pieces=pieces(lines))
        case Guarded(), OrderRepriced(lines=lines, amount=amount, to=to):
            asked = row.on_credit or to == "requested"
            repriced = replace(row, status=to, amount=amount.amount, pieces=pieces(lines), on_credit=asked)
            return replace(repriced, edition=row.edition + 1)
        case Guarded(), OrderReopened():
            return replace(row, status=event.to, edition=row.edition + 1, on_credit=True)
        case Guarded(), OrderAuthorised():
            return replace(row, status=event.to)
        case Guarded(), OrderRefused() | OrderCancelled():
            return replace(row, status=event.to, on_credit=False)
        case Guarded(), PaymentReceived(amount=amount):
            return replace(row, paid=row.paid + amount.amount)
        case Guarded(), OrderRefunded(amount=amount, to=to):
            return replace(row, paid=row.paid - amount.amount, on_credit=row.on_credit and to != "refunded")
        case Guarded(), InvoiceIssued():
            return replace(row, invoiced=True)
        case Guarded(), CustomerAbsorbed(customer_id=customer_id, into=into):
            return replace(row, customer_id=into, formerly=(*row.formerly, customer_id))
        case Guarded(formerly=formerly), CustomerRestored(customer_id=customer_id) if goes_back(row, event):
            others = tuple(each for each in (*formerly, row.customer_id) if each != customer_id)
            return replace(row, customer_id=customer_id, formerly=others)
        case _:
            return row


@guarded.finds_by("customer_id")
def who_answers_for_it(event: CustomerAbsorbed | CreditLevelChanged | RiskFlagCleared) -> CustomerId:
    return event.customer_id


def goes_back(row: Guarded, event: CustomerRestored) -> bool:
    """It was his before the two became one, or has been named as his since."""
    return event.customer_id in row.formerly or row.order_id in event.orders


@guarded.finds_by("customer_id")
def who_had_become_another(event: CustomerRestored) -> CustomerId:
    return event.out_of


def begun(event: OrderRequested | OrderPlaced) -> Guarded:
    return Guarded(
        order_id=event.order_id,
        customer_id=event.customer_id,
        formerly=(),
        status=event.to,
        edition=1,
        amount=event.amount.amount,
        paid=Decimal(0),
        currency=event.amount.currency,
        pieces=pieces(event.lines),
        on_credit=isinstance(event, OrderRequested),
        invoiced=False,
    )


credit_guard = Process("credit-guard", guarded)


# Reserved before it is authorised


@credit_guard.reacts
def reserve_before_authorising(event: OrderRequested | OrderReopened, row: Guarded | None) -> Iterator[Any]:
    after = guarded.evolve(row, event)
    if after is None:
        return
    yield from reserve(after)
    if after.invoiced:
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def reserve_what_it_costs_now(event: OrderRepriced | OrderPlaced, row: Guarded | None) -> Iterator[Any]:
    """Dearer, it needs more; cheaper, what is too much is free for others."""
    after = guarded.evolve(row, event)
    if row is None or after is None or not after.on_credit:
        return
    freed = row.owed - after.owed
    if freed.amount > 0 and after.status != "requested":  # Whatever holds him, he owes so much less.
        yield from release(after, freed if after.owed.amount else None)
    elif isinstance(event, OrderRepriced) or freed.amount:
        yield from reserve(after)
        if not after.owed.amount:
            yield from release(after)


def reserve(order: Guarded) -> Iterator[ReserveCredit | AuthoriseOrder]:
    """What is paid already, or costs nothing, needs none."""
    if order.owed.amount:
        yield ReserveCredit(
            customer_id=order.customer_id, order_id=order.order_id, amount=order.owed, quantity=order.pieces
        )
    elif order.status == "requested":
        yield authorise(order)


def authorise(order: Guarded, reservation: UUID | None = None, answers: CustomerId | None = None) -> AuthoriseOrder:
    return AuthoriseOrder(
        order_id=order.order_id,
        amount=Money(amount=order.amount, currency=order.currency),
        reservation=reservation,
        edition=order.edition,
        answers=answers,
    )


@credit_guard.reacts
def authorise_what_is_reserved(
    event: CreditReserved, row: Guarded | None, recorded: Recorded
) -> Iterator[AuthoriseOrder]:
    """As far as it covers what the order costs; a dearer one has a reservation of its own under way."""
    if row is None or row.status != "requested" or event.amount.amount < row.owed.amount:
        return
    yield authorise(row, recorded.event_id, event.customer_id)


@credit_guard.reacts
def refuse_what_is_not_reserved(event: CreditRefused, row: Guarded | None) -> Iterator[RefuseOrder]:
    """What is held for a risk waits until a person has cleared that."""
    if row is not None and row.status == "requested" and event.because != "risk-flag":
        yield RefuseOrder(order_id=event.order_id, reason=event.because, edition=row.edition)


@credit_guard.reacts
def ask_again_for_what_was_held(event: RiskFlagCleared, row: Guarded) -> Iterator[Any]:
    """Where another flag is up still, it goes on waiting."""
    del event
    if row.status == "requested" and row.on_credit:
        yield from reserve(row)


# Free again


@credit_guard.reacts
def release_what_is_not_needed(
    event: OrderCancelled | OrderRefused | OrderRefunded, row: Guarded | None
) -> Iterator[Any]:
    after = guarded.evolve(row, event)
    if row is None or after is None:
        return
    if row.on_credit and not after.on_credit:
        yield from release(row)
    if row.invoiced:
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def release_what_is_paid(event: PaymentReceived, row: Guarded | None) -> Iterator[Any]:
    after = guarded.evolve(row, event)
    if row is None or after is None:
        return
    freed = row.owed - after.owed
    if row.on_credit and freed.amount:
        yield from release(row, freed if after.owed.amount else None)
    if row.status == "requested" and not after.owed.amount:
        yield authorise(after)
    if row.invoiced:
        yield WatchReceivables(order_id=event.order_id)


def release(order: Guarded, amount: Money | None = None) -> Iterator[ReleaseCredit]:
    """Whoever has reserved something for it gives it back; who has not, has nothing to say to that."""
    for customer_id in (*order.formerly, order.customer_id):
        yield ReleaseCredit(customer_id=customer_id, order_id=order.order_id, amount=amount)


# What becomes overdue


@credit_guard.reacts
def look_after_what_is_owed(event: InvoiceIssued | OrderAdopted, row: Guarded | None) -> Iterator[Any]:
    if row is None:
        return
    if isinstance(event, OrderAdopted) and row.status == "requested":
        yield from reserve(row)
    if row.invoiced or isinstance(event, InvoiceIssued):
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def look_again_under_other_terms(event: CreditLevelChanged, row: Guarded) -> Iterator[WatchReceivables]:
    del event
    if row.invoiced:
        yield WatchReceivables(order_id=row.order_id)


@credit_guard.reacts
def ask_who_answers_for_it_now(event: CustomerAbsorbed | CustomerRestored, row: Guarded) -> Iterator[Any]:
    """What was asked of the one who is another now was refused, and is asked once more."""
    after = guarded.evolve(row, event)
    if after is None or after.customer_id == row.customer_id:
        return
    if after.status == "requested" and after.on_credit:
        yield from reserve(after)
    if after.invoiced:
        yield WatchReceivables(order_id=after.order_id, customer_id=after.customer_id)
