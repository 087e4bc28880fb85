"""What billing and the shop tell of an order's money: invoices, payments and refunds, each by its own number."""

from collections.abc import Iterator

from commands.order.credit import credited, reversed_
from commands.order.orders import charged, orders, paid_otherwise, status_before
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.errors import Invalid
from domain.money import Money
from domain.order.ageing import Receivable
from domain.order.amounts import LARGEST, refund_status, same_currency
from domain.order.facts import (
    InvoiceIssued,
    OrderPaid,
    OrderRefunded,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCreditReversed,
)
from domain.order.refusals import RefundBeyondPaid, ToldDifferently
from domain.order.states import Completed, Fulfilled, Order, Placed, refund_of
from domain.values import Instant, OrderId, value


def more_than_nothing(order: Order, amount: Money) -> Money:
    if amount.amount <= 0:
        raise Invalid(field="amount", because="this is more than nothing")
    return same_currency(order.amount, charged(amount, "amount"))


@value
class RecordPayment:
    """`payment` is its number in the system that took it."""

    order_id: OrderId
    payment: str
    amount: Money


@orders.decides(Action.MIRROR)
def record_payment(
    command: RecordPayment, order: Order
) -> Iterator[PaymentReceived | OrderPaid | SalesCreditAttributed]:
    """Money has come for an order, whatever has become of it; only what costs nothing is paid with nothing."""
    free = order.amount == order.amount.nothing == same_currency(order.amount, command.amount)
    amount = command.amount if free else more_than_nothing(order, command.amount)
    known = order.payments.get(coded("payment", command.payment))
    if known is not None:
        if known != amount:
            raise ToldDifferently(number=command.payment, amount=known)
        return
    if order.paid.amount + amount.amount > LARGEST:
        raise Invalid(field="amount", because=f"all payments come to at most {LARGEST:f}")
    yield PaymentReceived(order_id=command.order_id, payment=command.payment, amount=amount)
    payments = {**order.payments, command.payment: amount}
    yield from paid_otherwise(command.order_id, order, paid=order.paid + amount, payments=payments)
    yield from credited(command.order_id, order, amount)


@value
class RefundOrder:
    """`refund` is its number in the system that paid it back."""

    order_id: OrderId
    refund: str
    amount: Money


@orders.decides(Action.MIRROR)
def refund(command: RefundOrder, order: Order) -> Iterator[OrderRefunded | SalesCreditReversed]:
    """Money has gone back, part or all of what was paid; sales credit goes back in proportion."""
    amount = more_than_nothing(order, command.amount)
    known = order.refunds.get(coded("refund", command.refund))
    if known is not None:
        if known != amount:
            raise ToldDifferently(number=command.refund, amount=known)
        return
    refunded = order.refunded.amount + amount.amount
    if refunded > order.paid.amount:
        raise RefundBeyondPaid(amount=amount, paid=order.paid, refunded=order.refunded)
    yield OrderRefunded(
        order_id=command.order_id,
        from_=refund_of(order),
        to=refund_status(order.paid, order.refunded + amount),
        refund=command.refund,
        amount=amount,
        refunded=order.refunded + amount,
    )
    yield from reversed_(command.order_id, order, amount, command.refund)


@value
class IssueInvoice:
    order_id: OrderId
    number: str
    amount: Money
    due: Instant


@orders.decides(Action.MIRROR)
def issue_invoice(command: IssueInvoice, order: Order, asked: Asked) -> InvoiceIssued | None:
    """Billing has asked for money, due at an instant."""
    status_before(order, asked, Placed, Fulfilled, Completed)
    amount = more_than_nothing(order, command.amount)
    known = order.invoices.get(coded("number", command.number))
    if known is not None:
        if known != Receivable(number=command.number, due=command.due, amount=amount):
            raise ToldDifferently(number=command.number, amount=known.amount)
        return None
    return InvoiceIssued(order_id=command.order_id, number=command.number, amount=amount, due=command.due)
