"""What can happen to an order.

How far it has come, what is paid of it, and what is refunded are three questions; each has its own `from_` and `to`.
"""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.money import Money
from domain.values import CustomerId, Instant, LeadId, OrderId, StaffId, fact, value

OrderStatus = Literal["requested", "authorised", "refused", "placed", "fulfilled", "completed", "cancelled"]
Payment = Literal["unpaid", "part_paid", "paid"]
CustodyBasis = Literal["salesperson", "lead", "owner", "nobody"]  # The first that there is counts.
Refund = Literal["not_refunded", "part_refunded", "refunded"]


@value
class Line:
    """So many of a product at a price each, less a discount on the whole line."""

    product: str
    quantity: int
    unit_price: Money
    discount: Money | None = None


@value
class Buyers:
    """Who buys, and who buys together with him."""

    customer_id: CustomerId
    co_buyers: tuple[CustomerId, ...] = ()


# Facts: how far it has come. `came_as` says who was named, where one of those has become another since.


@fact("order.requested")
class OrderRequested:
    order_id: OrderId
    customer_id: CustomerId
    lines: tuple[Line, ...]
    amount: Money
    co_buyers: tuple[CustomerId, ...] = ()
    salesperson: StaffId | None = None
    to: Literal["requested"] = "requested"
    came_as: Buyers | None = None


@fact("order.authorised")
class OrderAuthorised:
    """`reservation` is the event by which the customer's credit was set aside; it carries one authorisation."""

    order_id: OrderId
    from_: OrderStatus
    amount: Money  # Up to which the order may be placed.
    reservation: UUID | None = None
    to: Literal["authorised"] = "authorised"


@fact("order.refused")
class OrderRefused:
    order_id: OrderId
    from_: OrderStatus
    reason: str
    to: Literal["refused"] = "refused"


@fact("order.placed")
class OrderPlaced:
    """Without `from_` it is the customer's own doing, in the shop."""

    order_id: OrderId
    customer_id: CustomerId
    lines: tuple[Line, ...]
    amount: Money
    co_buyers: tuple[CustomerId, ...] = ()
    salesperson: StaffId | None = None
    from_: OrderStatus | None = None
    to: Literal["placed"] = "placed"
    came_as: Buyers | None = None


@fact("order.repriced")
class OrderRepriced:
    """One that has become dearer is only requested again."""

    order_id: OrderId
    from_: OrderStatus
    to: OrderStatus
    lines: tuple[Line, ...]
    before: Money
    amount: Money


@fact("order.fulfilled")
class OrderFulfilled:
    order_id: OrderId
    from_: OrderStatus
    to: Literal["fulfilled"] = "fulfilled"


@fact("order.completed")
class OrderCompleted:
    order_id: OrderId
    from_: OrderStatus
    to: Literal["completed"] = "completed"


@fact("order.cancelled")
class OrderCancelled:
    order_id: OrderId
    from_: OrderStatus
    to: Literal["cancelled"] = "cancelled"


@fact("order.reopened")
class OrderReopened:
    order_id: OrderId
    from_: OrderStatus
    cycle: int
    to: Literal["requested"] = "requested"


@fact("order.adopted")
class OrderAdopted:
    """Imported history becomes a live subject."""

    order_id: OrderId


# Facts of money. Payments, refunds and invoices have numbers of the systems that they come from.


@fact("order.payment-received")
class PaymentReceived:
    order_id: OrderId
    payment: str
    amount: Money


@fact("order.paid")
class OrderPaid:
    """What is paid of it has come to another part; a new price may do that as well."""

    order_id: OrderId
    from_: Payment
    to: Payment
    paid: Money
    amount: Money


@fact("order.refunded")
class OrderRefunded:
    order_id: OrderId
    from_: Refund
    to: Refund
    refund: str
    amount: Money
    refunded: Money  # So far, this one included.


@fact("order.invoice-issued")
class InvoiceIssued:
    order_id: OrderId
    number: str
    amount: Money
    due: Instant


@fact("order.receivables-watched")
class ReceivablesWatched:
    """When the next of its open invoices will have been overdue for too long; never, where none can be.

    `customer_id` is who answers for them, and whose credit level says how long that is.
    """

    order_id: OrderId
    customer_id: CustomerId
    hold_at: Instant | None = None


@fact("order.invoice-overdue")
class InvoiceOverdue:
    """By more days than the credit level of the customer allows."""

    order_id: OrderId
    customer_id: CustomerId
    number: str
    due: Instant


@fact("order.overdue-settled")
class OverdueSettled:
    """An invoice that was overdue for too long is no longer: it is paid, or owed no more, or another answers for it."""

    order_id: OrderId
    customer_id: CustomerId
    number: str


@fact("order.sales-custody-noted")
class SalesCustodyNoted:
    """Whose the customer was when the order came, and by what; said again only where more is known.

    Nobody's is an order that the customer placed himself, and that no lead led to, while nobody looked after him.
    """

    order_id: OrderId
    basis: CustodyBasis
    staff_id: StaffId | None = None
    lead_id: LeadId | None = None


@fact("order.sales-credit-attributed")
class SalesCreditAttributed:
    """`amount` is his part of what has been paid. `lead_id` says by whose custody."""

    order_id: OrderId
    staff_id: StaffId
    share: Decimal  # Of 100.
    amount: Money
    lead_id: LeadId | None = None


@fact("order.sales-credit-reversed")
class SalesCreditReversed:
    """In proportion to a refund; or wholly, because the credit is shared out anew, and then there is no refund."""

    order_id: OrderId
    staff_id: StaffId
    amount: Money
    refund: str | None = None


OrderEvent = (
    OrderRequested
    | OrderAuthorised
    | OrderRefused
    | OrderPlaced
    | OrderRepriced
    | OrderFulfilled
    | OrderCompleted
    | OrderCancelled
    | OrderReopened
    | OrderAdopted
    | PaymentReceived
    | OrderPaid
    | OrderRefunded
    | InvoiceIssued
    | ReceivablesWatched
    | InvoiceOverdue
    | OverdueSettled
    | SalesCustodyNoted
    | SalesCreditAttributed
    | SalesCreditReversed
)
