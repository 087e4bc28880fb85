"""The table of the business: what may become of an order, what is asked for it, and what is recorded then."""

from dataclasses import replace

from commands.order.progress import (
    AuthoriseOrder,
    CancelOrder,
    CompleteOrder,
    FulfilOrder,
    PlaceOrder,
    RefuseOrder,
    ReopenOrder,
    RepriceOrder,
    RequestOrder,
)
from domain.order.facts import (
    OrderAuthorised,
    OrderCancelled,
    OrderCompleted,
    OrderFulfilled,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderStatus,
)
from tests.commands.order.situations import CUSTOMER, HUNDRED, LINES, ORDER, OTHER_RESERVATION, cny, lines, taken

request = RequestOrder(order_id=ORDER, customer_id=CUSTOMER, lines=LINES)
authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=OTHER_RESERVATION)
place = PlaceOrder(order_id=ORDER)

TABLE: dict[OrderStatus, set[str]] = {
    "requested": {"authorised", "refused", "cancelled", "repriced"},
    "authorised": {"placed", "cancelled", "repriced"},
    "refused": {"reopened"},
    "placed": {"fulfilled", "cancelled", "repriced"},
    "fulfilled": {"completed"},
    "completed": set(),
    "cancelled": {"reopened"},
}
COMMANDS: dict[str, object] = {
    "requested": request,
    "authorised": authorise,
    "refused": RefuseOrder(order_id=ORDER, reason="credit-limit"),
    "placed": place,
    "repriced": RepriceOrder(order_id=ORDER, lines=lines("100")),
    "fulfilled": FulfilOrder(order_id=ORDER),
    "completed": CompleteOrder(order_id=ORDER),
    "cancelled": CancelOrder(order_id=ORDER),
    "reopened": ReopenOrder(order_id=ORDER),
}


def outcome(before: OrderStatus, after: str) -> object:
    match after:
        case "authorised":
            return OrderAuthorised(order_id=ORDER, from_=before, amount=HUNDRED, reservation=OTHER_RESERVATION)
        case "refused":
            return OrderRefused(order_id=ORDER, from_=before, reason="credit-limit")
        case "placed":
            return replace(taken, from_=before)
        case "repriced":
            return OrderRepriced(
                order_id=ORDER, from_=before, to=before, lines=lines("100"), before=HUNDRED, amount=cny("100")
            )
        case "fulfilled":
            return OrderFulfilled(order_id=ORDER, from_=before)
        case "completed":
            return OrderCompleted(order_id=ORDER, from_=before)
        case "cancelled":
            return OrderCancelled(order_id=ORDER, from_=before)
        case _:
            return OrderReopened(order_id=ORDER, from_=before, cycle=2)
