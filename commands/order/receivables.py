"""What is overdue of an order, and for longer than the credit level of its customer allows."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from commands.order.orders import orders
from domain.access import Action
from domain.actor import Asked
from domain.customer.states import Open
from domain.order.ageing import Receivable, still_open
from domain.order.facts import InvoiceOverdue, OverdueSettled, ReceivablesWatched
from domain.order.states import Cancelled, Order, Watch, refund_of
from domain.values import CustomerId, OrderId, value


@value
class WatchReceivables:
    """`customer_id` is who answers for the order now, where that is another than before: two have become one."""

    order_id: OrderId
    customer_id: CustomerId | None = None


def debtor(command: WatchReceivables, order: Order) -> CustomerId:
    return command.customer_id or watch_of(order).customer_id


def watch_of(order: Order) -> Watch:
    return order.watch or Watch(customer_id=order.customer_id)


@orders.decides(Action.CREDIT, customer=debtor)
def watch_receivables(
    command: WatchReceivables, order: Order, customer: Open, asked: Asked
) -> Iterator[ReceivablesWatched | InvoiceOverdue | OverdueSettled]:
    """Say which of its invoices have come to be overdue for too long, which are no longer, and when to look again."""
    watch, now = watch_of(order), debtor(command, order)
    line = customer.dossier.credit.line
    open_now = {each.number: each for each in owed(order)} if line else {}
    told = watch.overdue & open_now.keys() if watch.customer_id == now else frozenset[str]()
    for number in sorted(watch.overdue - told):
        yield OverdueSettled(order_id=command.order_id, customer_id=watch.customer_id, number=number)
    next_at: datetime | None = None
    for each in open_now.values():
        if each.number in told or line is None:
            continue
        last = each.due + timedelta(days=line.overdue_days)
        if asked.at > last:
            yield InvoiceOverdue(order_id=command.order_id, customer_id=now, number=each.number, due=each.due)
        else:
            first = last + timedelta.resolution  # Overdue for so many days is not yet for more.
            next_at = first if next_at is None else min(first, next_at)
    if (now, next_at) != (watch.customer_id, watch.hold_at):
        yield ReceivablesWatched(order_id=command.order_id, customer_id=now, hold_at=next_at)


def owed(order: Order) -> tuple[Receivable, ...]:
    """What is open of its invoices; nothing of an order that was called off, or whose money has all gone back."""
    if isinstance(order.status, Cancelled) or refund_of(order) == "refunded":
        return ()
    return still_open(order.invoices.values(), order.paid)
