"""billing.invoices.v1: what an order is billed for, what comes in for it, and what goes back.

Each is known by its number in billing, so that it does not matter in which order they are told: what rests on something
that has not been told yet waits for that, alone. A payment or refund that the shop tells of as well has the same number
there, and is one. When an invoice is overdue we know by ourselves; of what it asks for less, or asks for no more, an
order here knows nothing, and that comes to nothing.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from consumers.inbound.channel import Channel, Known, NotYet, Wanted
from consumers.inbound.whom import SHOP
from consumers.inbound.words import Code, Currency, Name, Perhaps, Whole, words
from domain.money import DIGITS, MOST_DIGITS, Money
from domain.order.states import Authorised, Order, Requested, Unrequested
from domain.values import Instant, OrderId

AnyMinor = Annotated[int, Field(ge=0, lt=10**MOST_DIGITS), Whole]
Minor = Annotated[int, Field(gt=0, lt=10**MOST_DIGITS), Whole]
"""An amount in the smallest unit of its currency: 12050 are 120.50 CNY, 12050 JPY and 12.050 KWD."""


@words
class InvoiceIssued:
    type: Literal["invoice.issued"]
    invoice_no: Code
    amount_minor: Minor
    currency: Currency
    due_at: Instant


@words
class OfBillingAlone:
    """No money has come or gone. What is overdue, and for how long, follows here from when it was due. What an order
    costs is for the shop to say: a claim that billing lowers, or gives up, stands here until the shop does.
    """

    type: Literal["invoice.overdue", "invoice.written_off", "credit_note.issued"]
    invoice_no: str | None = None


@words
class PaymentReceived:
    """Part of what is asked for, all of it, or too much: the money has come. Nothing comes for what costs nothing."""

    type: Literal["payment.received"]
    payment_no: Code
    amount_minor: AnyMinor
    currency: Currency


@words
class PaymentReversed:
    """A payment that bounced, or was charged back: its money has gone again."""

    type: Literal["payment.reversed"]
    reversal_no: Code
    amount_minor: Minor
    currency: Currency


@words
class RefundPaid:
    type: Literal["refund.paid"]
    refund_no: Code
    amount_minor: Minor
    currency: Currency


@words
class BillingMessage:
    """`order_no` is that of the shop, `reference` our id, where the order was requested here; `happened_at` is when it
    was booked.
    """

    id: Name
    order_no: Name
    reference: Perhaps[UUID] = None
    happened_at: Instant
    booking: Annotated[
        InvoiceIssued | OfBillingAlone | PaymentReceived | PaymentReversed | RefundPaid,
        Field(discriminator="type"),
    ]


def translate(message: BillingMessage, known: Known) -> Iterator[Wanted]:
    """Raises NotYet before the order is there, or is placed, or as much has been paid as goes back."""
    order_id = OrderId(message.reference or known.id_of("order", SHOP, message.order_no))
    booking = message.booking
    if isinstance(booking, OfBillingAlone):
        return
    order = known.state(f"order/{order_id}")
    if isinstance(order, Unrequested):
        raise NotYet("the shop has not told of this order yet")
    amount = money(booking.amount_minor, booking.currency)
    yield Wanted(command_of(booking, order_id, order, amount), message.happened_at)


def command_of(
    booking: InvoiceIssued | PaymentReceived | PaymentReversed | RefundPaid,
    order_id: OrderId,
    order: Order,
    amount: Money,
) -> IssueInvoice | RecordPayment | RefundOrder:
    match booking:
        case InvoiceIssued(invoice_no=number, due_at=due):
            if isinstance(order.status, Requested | Authorised):
                raise NotYet("this order is not placed yet")
            return IssueInvoice(order_id=order_id, number=number, amount=amount, due=due)
        case PaymentReceived(payment_no=number):
            return RecordPayment(order_id=order_id, payment=number, amount=amount)
        case PaymentReversed(reversal_no=number) | RefundPaid(refund_no=number):
            if number not in order.refunds and lacks(order, amount):
                raise NotYet("less has been paid than goes back")
            return RefundOrder(order_id=order_id, refund=number, amount=amount)


def money(minor: int, currency: str) -> Money:
    return Money(amount=Decimal(minor).scaleb(-DIGITS.get(currency, 2)), currency=currency)


def lacks(order: Order, amount: Money) -> bool:
    """Whether less has come, and not gone back, than that; of another currency nothing ever will."""
    return order.amount.currency == amount.currency and order.paid - order.refunded < amount


billing_invoices = Channel(
    topic="billing.invoices.v1",
    system="billing",
    message=BillingMessage,
    message_id=lambda message: message.id,
    order=None,
    translate=translate,
)
