"""Credit guard: no order is authorised on credit that is not reserved for it, and what is over is free again."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from commands.customer.credit import ReleaseCredit, ReserveCredit
from commands.order.progress import AuthoriseOrder, RefuseOrder
from commands.order.receivables import WatchReceivables
from consumers.policies.guarded_orders import Buying, Guarded, guarded, whose
from consumers.process import Process
from domain.customer.facts.credit import CreditLevelChanged, CreditRefused, CreditReserved
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import RiskFlagCleared
from domain.money import Money
from domain.order.facts import (
    InvoiceIssued,
    OrderAdopted,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    PaymentReceived,
)
from domain.values import CustomerId
from ledger.envelope import Recorded

credit_guard = Process("credit-guard", guarded)


# Reserved before it is authorised


@credit_guard.reacts
def reserve_before_authorising(
    event: OrderRequested | OrderReopened, rows: Buying, recorded: Recorded
) -> Iterator[Any]:
    after = whose(guarded.evolve(rows, event, recorded))
    if after is None:
        return
    yield from reserve(after)
    if after.invoiced:
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def reserve_what_it_costs_now(event: OrderRepriced | OrderPlaced, rows: Buying, recorded: Recorded) -> Iterator[Any]:
    """Dearer, it needs more; cheaper, what is too much is free for others."""
    row, after = whose(rows), whose(guarded.evolve(rows, event, recorded))
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
def authorise_what_is_reserved(event: CreditReserved, rows: Buying, recorded: Recorded) -> Iterator[AuthoriseOrder]:
    """As far as it covers what the order costs; a dearer one has a reservation of its own under way."""
    row = whose(rows)
    if row is None or row.status != "requested" or event.amount.amount < row.owed.amount:
        return
    yield authorise(row, recorded.event_id, event.customer_id)


@credit_guard.reacts
def refuse_what_is_not_reserved(event: CreditRefused, rows: Buying) -> Iterator[RefuseOrder]:
    """What is held for a risk waits until a person has cleared that."""
    row = whose(rows)
    if row is not None and row.status == "requested" and event.because != "risk-flag":
        yield RefuseOrder(order_id=event.order_id, reason=event.because, edition=row.edition)


@credit_guard.reacts
def ask_again_for_what_was_held(event: RiskFlagCleared, rows: Buying) -> Iterator[Any]:
    """Where another flag is up still, it goes on waiting; what is history is over."""
    del event
    row = whose(rows)
    if row is not None and row.live and row.status == "requested" and row.on_credit:
        yield from reserve(row)


# Free again


@credit_guard.reacts
def release_what_is_not_needed(
    event: OrderCancelled | OrderRefused | OrderRefunded, rows: Buying, recorded: Recorded
) -> Iterator[Any]:
    row, after = whose(rows), whose(guarded.evolve(rows, event, recorded))
    if row is None or after is None:
        return
    if row.on_credit and not after.on_credit:
        yield from release(row)
    if row.invoiced:
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def release_what_is_paid(event: PaymentReceived, rows: Buying, recorded: Recorded) -> Iterator[Any]:
    row, after = whose(rows), whose(guarded.evolve(rows, event, recorded))
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
def look_after_what_is_owed(event: InvoiceIssued | OrderAdopted, rows: Buying) -> Iterator[Any]:
    row = whose(rows)
    if row is None:
        return
    if isinstance(event, OrderAdopted) and row.status == "requested":
        yield from reserve(row)
    if row.invoiced or isinstance(event, InvoiceIssued):
        yield WatchReceivables(order_id=event.order_id)


@credit_guard.reacts
def look_again_under_other_terms(event: CreditLevelChanged, rows: Buying) -> Iterator[WatchReceivables]:
    row = whose(rows)
    if row is not None and row.live and row.customer_id == event.customer_id and row.invoiced:
        yield WatchReceivables(order_id=row.order_id)


@credit_guard.reacts
def ask_who_answers_for_it_now(
    event: CustomerAbsorbed | CustomerRestored, rows: Buying, recorded: Recorded
) -> Iterator[Any]:
    """What was asked of the one who is another now was refused, and is asked once more. What waited for a flag may be
    rid of it, whoever of those who buy it was parted from whom.
    """
    row, after = whose(rows), whose(guarded.evolve(rows, event, recorded))
    if row is None or after is None or not row.live:
        return
    is_anothers = after.customer_id != row.customer_id
    if after.status == "requested" and after.on_credit and (is_anothers or isinstance(event, CustomerRestored)):
        yield from reserve(after)
    if after.invoiced and is_anothers:
        yield WatchReceivables(order_id=after.order_id, customer_id=after.customer_id)
