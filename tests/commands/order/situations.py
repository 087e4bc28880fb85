"""The situations that specs of orders begin in, named once."""

from decimal import Decimal
from uuid import UUID

from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditReserved
from domain.customer.facts.person import CustomerCreated
from domain.money import Money
from domain.order.facts import (
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
    OrderRequested,
    PaymentReceived,
    SalesCreditAttributed,
)
from domain.values import CustomerId, OrderId
from tests.spec import ANN, BOB, day

ORDER, SPARE_ORDER = (OrderId(UUID(int=number)) for number in (0x0DE, 0x20DE))
CUSTOMER, SPOUSE = (CustomerId(UUID(int=number)) for number in (0xC, 0xD))
RESERVATION, OTHER_RESERVATION = (UUID(int=number) for number in (0x5E7, 0x25E7))


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


def euro(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def lines(amount: str) -> tuple[Line, ...]:
    """One piece at that price."""
    return (Line(product="course-1", quantity=1, unit_price=cny(amount)),)


LINES = (
    Line(product="course-1", quantity=2, unit_price=cny("40.00")),
    Line(product="book-7", quantity=3, unit_price=cny("10.00"), discount=cny("10.00")),
)
HUNDRED = cny("100.00")

# How far it has come

requested = OrderRequested(order_id=ORDER, customer_id=CUSTOMER, lines=LINES, amount=HUNDRED, salesperson=ANN)
authorised = OrderAuthorised(order_id=ORDER, from_="requested", amount=HUNDRED, reservation=RESERVATION)
refused = OrderRefused(order_id=ORDER, from_="requested", reason="credit-limit")
taken = OrderPlaced(
    order_id=ORDER, customer_id=CUSTOMER, lines=LINES, amount=HUNDRED, salesperson=ANN, from_="authorised"
)
fulfilled = OrderFulfilled(order_id=ORDER, from_="placed")
completed = OrderCompleted(order_id=ORDER, from_="fulfilled")
cancelled = OrderCancelled(order_id=ORDER, from_="placed")
bought = OrderPlaced(order_id=ORDER, customer_id=CUSTOMER, lines=LINES, amount=HUNDRED)  # In the shop, by himself.

# What its customer has reserved for it


def credit_for(amount: str, order_id: OrderId = ORDER, customer_id: CustomerId = CUSTOMER) -> CreditReserved:
    return CreditReserved(customer_id=customer_id, order_id=order_id, amount=cny(amount), exposure=cny(amount))


him = CustomerCreated(customer_id=CUSTOMER, customer_type="individual", profile=Profile())
on_credit = (him, credit_for("100.00"))

# What is paid of it


def received(amount: str, payment: str = "p-1") -> PaymentReceived:
    return PaymentReceived(order_id=ORDER, payment=payment, amount=cny(amount))


whole = OrderPaid(order_id=ORDER, from_="unpaid", to="paid", paid=HUNDRED, amount=HUNDRED)
part = OrderPaid(order_id=ORDER, from_="unpaid", to="part_paid", paid=cny("30"), amount=HUNDRED)
given_back = OrderRefunded(
    order_id=ORDER, from_="not_refunded", to="refunded", refund="r-1", amount=HUNDRED, refunded=HUNDRED
)
invoice = InvoiceIssued(order_id=ORDER, number="I-1", amount=HUNDRED, due=day(4, 30))

placed = (requested, authorised, taken)
paid = (received("100.00"), whole)
attributed = (
    SalesCreditAttributed(order_id=ORDER, staff_id=ANN, share=Decimal(70), amount=cny("70.00")),
    SalesCreditAttributed(order_id=ORDER, staff_id=BOB, share=Decimal(30), amount=cny("30.00")),
)

WAYS: dict[str, tuple[object, ...]] = {
    "requested": (requested,),
    "authorised": (requested, authorised),
    "refused": (requested, refused),
    "placed": placed,
    "fulfilled": (*placed, *paid, fulfilled),
    "completed": (*placed, *paid, fulfilled, completed),
    "cancelled": (*placed, cancelled),
}
