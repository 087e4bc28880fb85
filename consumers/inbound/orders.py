"""What the shop tells of orders (shop.orders.v1): placed, repriced, paid, shipped, completed, cancelled, refunded.

Several programs of the shop send it, and what they send of one order may overtake each other; so no order is kept by a
key. What a message rests on, it says: a new price names the one before, a delivery what the order came to by then. It
waits until that is so.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import CancelOrder, CompleteOrder, FulfilOrder, PlaceOrder, RepriceOrder
from consumers.inbound.channel import Channel, Known, NotYet, Unreadable, Wanted
from consumers.inbound.whom import SHOP, account, customer_behind, must_be_known
from consumers.inbound.words import Currency, Name, Perhaps, Text, Whole, words
from domain.identity import Identifier
from domain.money import Money
from domain.order.facts import Line
from domain.order.states import Authorised, Fulfilled, Order, Placed, Requested
from domain.values import Instant, OrderId


@words
class ShopLine:
    """So many of an article at a price each, less a discount on the line."""

    article: Text
    quantity: Annotated[int, Whole]
    price: Decimal
    discount: Perhaps[Decimal] = None


@words
class Transfer:
    """Money that came or went back, by its number in the shop."""

    number: Name
    amount: Decimal


@words
class ShopOrder:
    """`order` is the shop's number, `reference` our id where it was requested here, `was` what the order came to before
    a new price, `total` what it comes to.
    """

    id: Name
    type: Literal["placed", "repriced", "paid", "shipped", "completed", "cancelled", "refunded"]
    order: Name
    at: Instant
    account: Perhaps[Name] = None
    reference: Perhaps[UUID] = None
    currency: Currency = "CNY"
    lines: tuple[ShopLine, ...] = ()
    was: Perhaps[Decimal] = None
    total: Perhaps[Decimal] = None
    transfer: Transfer | None = None


def translate(told: ShopOrder, known: Known) -> Iterator[Wanted]:
    order_id = OrderId(told.reference or known.id_of("order", SHOP, told.order))
    order = known.state(f"order/{order_id}")
    yield Wanted(command(told, order_id, order, known), occurred_at=told.at)


def command(told: ShopOrder, order_id: OrderId, order: Any, known: Known) -> Any:
    if told.type == "placed":
        buyer = None if told.account is None else must_be_known(customer_behind(known, account(told.account)))
        if not isinstance(order, Order) and buyer is None:
            raise Unreadable("account: who buys is missing")
        return PlaceOrder(order_id=order_id, customer_id=buyer, lines=lines(told) if told.lines else None)
    if not isinstance(order, Order):
        raise NotYet("the order has not been placed")
    match told.type:
        case "repriced":
            must_come_to(told.was, told, order)
            return RepriceOrder(order_id=order_id, lines=lines(told))
        case "paid":
            number, amount = transfer(told)
            return RecordPayment(order_id=order_id, payment=number, amount=amount)
        case "refunded":
            number, amount = transfer(told)
            if number not in order.refunds and amount.currency == order.paid.currency:
                must_be_paid(order.refunded + amount, order)
            return RefundOrder(order_id=order_id, refund=number, amount=amount)
        case "shipped":
            must_come_to(told.total, told, order)
            if isinstance(order.status, Requested | Authorised):
                raise NotYet("the order has not been placed again")
            return FulfilOrder(order_id=order_id)
        case "completed":
            if isinstance(order.status, Requested | Authorised | Placed):
                raise NotYet("the order has not been shipped")
            if isinstance(order.status, Fulfilled):
                must_be_paid(order.amount, order)
            return CompleteOrder(order_id=order_id)
        case "cancelled":
            must_come_to(told.total, told, order)
            return CancelOrder(order_id=order_id)


def must_come_to(total: Decimal | None, told: ShopOrder, order: Order) -> None:
    """What is told of an order at another price comes before its time; one that names no price is believed."""
    if total is not None and told.currency == order.amount.currency and total != order.amount.amount:
        raise NotYet("the order has another price")


def must_be_paid(amount: Money, order: Order) -> None:
    if order.paid < amount:
        raise NotYet("less has been paid")


def lines(told: ShopOrder) -> tuple[Line, ...]:
    if not told.lines:
        raise Unreadable("lines: missing")
    return tuple(
        Line(
            product=each.article,
            quantity=each.quantity,
            unit_price=money(f"lines/{nth}/price", each.price, told.currency),
            discount=None if each.discount is None else money(f"lines/{nth}/discount", each.discount, told.currency),
        )
        for nth, each in enumerate(told.lines)
    )


def transfer(told: ShopOrder) -> tuple[str, Money]:
    if told.transfer is None:
        raise Unreadable("transfer: missing")
    return told.transfer.number, money("transfer/amount", told.transfer.amount, told.currency)


def money(field: str, amount: Decimal, currency: str) -> Money:
    try:
        return Money(amount=amount, currency=currency)
    except ValueError:
        raise Unreadable(f"{field}: no amount of a currency") from None


def mentions(told: ShopOrder) -> Sequence[Identifier]:
    return () if told.account is None else (account(told.account),)


shop_orders = Channel(
    topic="shop.orders.v1",
    system=SHOP,
    message=ShopOrder,
    message_id=lambda told: told.id,
    order=None,
    translate=translate,
    mentions=mentions,
)
