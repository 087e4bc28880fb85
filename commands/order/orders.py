"""The decider of orders, and what its rules share."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from commands.decider import Decider, Holding
from domain.actor import Asked
from domain.catalog import coded
from domain.errors import Invalid, require
from domain.money import Money
from domain.order.amounts import LARGEST, gross, net, same_currency
from domain.order.facts import Line, OrderEvent, OrderPaid, OrderStatus
from domain.order.states import NAMES, AnyOrder, Order, Status, Unrequested, evolve, payment_of
from domain.values import OrderId, replace


def holding(order: AnyOrder) -> Holding | None:
    """An order is his by whose custody it came, else its salesperson's; without either it is every manager's. Who is
    named in it works on it beside him, and whoever was once credited with it, or had that custody, goes on seeing it.
    """
    if not isinstance(order, Order):
        return None
    seller = order.salesperson
    noted = None if order.custody is None else order.custody.staff_id
    owner = noted or seller
    return Holding(
        owner=owner,
        workers={} if seller in (None, owner) else {seller: None},
        sharers=order.shared_by - {owner},
    )


orders = Decider[AnyOrder, OrderEvent](
    name="order",
    plural="orders",
    id_field="order_id",
    key=UUID,
    initial=lambda _: Unrequested(),
    evolve=evolve,
    holding=holding,
)

MOST = 1_000_000  # Pieces on one line.


def ordered(lines: tuple[Line, ...]) -> Money:
    """What the lines come to. Refused with Invalid, or MixedCurrencies, when that makes no sense."""
    if not lines:
        raise Invalid(field="lines", because="an order has at least one")
    total = Decimal(0)
    for nth, line in enumerate(lines):
        coded(f"lines/{nth}/product", line.product)
        if not 0 < line.quantity <= MOST:
            raise Invalid(field=f"lines/{nth}/quantity", because=f"this is 1 to {MOST}")
        same_currency(lines[0].unit_price, charged(line.unit_price, f"lines/{nth}/unit_price"))
        if line.discount is not None:
            same_currency(line.unit_price, charged(line.discount, f"lines/{nth}/discount"))
            if line.discount.amount > gross(line):
                raise Invalid(field=f"lines/{nth}/discount", because="this is more than the line comes to")
        total += net(line)
    if total > LARGEST:
        raise Invalid(field="lines", because=f"an order comes to at most {LARGEST:f}")
    return Money(amount=total, currency=lines[0].unit_price.currency)


def charged(amount: Money, field: str) -> Money:
    if not 0 <= amount.amount <= LARGEST:
        raise Invalid(field=field, because=f"this is 0 to {LARGEST:f}")
    return amount


def status_before(order: Order, asked: Asked, *wanted: type[Status], to: type[Status] | None = None) -> OrderStatus:
    """The status that a change starts from. An imported line may repeat the present one."""
    repeated = (to,) if to and asked.imported else ()
    return NAMES[type(require(order.status, *wanted, *repeated))]


def owed(order: Order, amount: Money) -> Money:
    """What would be owed of an amount, after what has been paid and not gone back."""
    left = amount - order.paid + order.refunded
    return max(left, left.nothing)


def paid_otherwise(order_id: OrderId, before: Order, **changes: object) -> Iterator[OrderPaid]:
    """What a change of the price, or of what is paid, makes of the payment as a whole."""
    after = replace(before, **changes)
    if payment_of(after) != payment_of(before):
        yield OrderPaid(
            order_id=order_id, from_=payment_of(before), to=payment_of(after), paid=after.paid, amount=after.amount
        )
