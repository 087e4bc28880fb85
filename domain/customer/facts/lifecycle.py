"""What becomes of a customer, and what shows it."""

from typing import Literal

from domain.customer.dossier import Ahead, Ends
from domain.customer.facts.terms import Status
from domain.values import (
    CustomerId,
    Instant,
    OrderId,
    Personal,
    fact,
    value,
)

Direction = Literal["inbound", "outbound"]


@fact("customer.status-changed")
class CustomerStatusChanged:
    """`due_at`: since when it was due, where a clock asked for it; `ahead`: what it has to ask for next."""

    customer_id: CustomerId
    from_: Status
    to: Status
    due_at: Instant | None = None
    ahead: Ahead | None = None


@fact("customer.won-back")
class CustomerWonBack:
    """`days_lapsed` without an order, where the last one is known."""

    customer_id: CustomerId
    from_: Literal["churned"] = "churned"
    to: Literal["active"] = "active"
    campaign: str | None = None
    days_lapsed: int | None = None
    ahead: Ahead | None = None


@fact("customer.order-noted")
class CustomerOrderNoted:
    """A paid order, as far as the lifecycle needs to know, and by when it will have been too long ago: what is
    published later does not change that. Where no terms say so yet it has no `ends`, and tells the `products` by which
    they will.
    """

    customer_id: CustomerId
    order_id: OrderId
    paid_at: Instant
    product_line: str | None = None
    ends: Ends | None = None
    ahead: Ahead | None = None
    products: tuple[str, ...] = ()


@value
class OrderTerms:
    """The product line that an order counts by, and what it brings by its terms."""

    order_id: OrderId
    ends: Ends
    product_line: str | None = None


@fact("customer.clock-started")
class CustomerClockStarted:
    """His orders that came before any terms were published count from now on, by the terms of version `number`; what
    other orders bring stays as it is. `ahead`: what the clock has to ask for by all of them.
    """

    customer_id: CustomerId
    number: int
    orders: tuple[OrderTerms, ...]
    ahead: Ahead | None = None


@fact("customer.refund-noted")
class CustomerRefundNoted:
    """An order was refunded, all of it."""

    customer_id: CustomerId
    order_id: OrderId
    ahead: Ahead | None = None


@fact("customer.touchpoint-recorded")
class TouchpointRecorded:
    """`active_at`: when he came, where it was he who did; `ahead`, where that is something else from now on."""

    customer_id: CustomerId
    channel: str
    direction: Direction
    ref: str | None = None
    note: Personal[str] | None = None
    active_at: Instant | None = None
    ahead: Ahead | None = None


@fact("customer.learning-noted")
class LearningNoted:
    """He was there and learned: so many lessons of a course were done then, `of` how many, where that is known."""

    customer_id: CustomerId
    course: str
    done: int
    learned_at: Instant
    of: int | None = None
    ahead: Ahead | None = None


LifecycleEvent = (
    CustomerStatusChanged
    | CustomerWonBack
    | CustomerOrderNoted
    | CustomerClockStarted
    | CustomerRefundNoted
    | TouchpointRecorded
    | LearningNoted
)
