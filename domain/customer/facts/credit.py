"""What a customer may owe."""

from typing import Literal

from domain.money import Money
from domain.values import (
    CustomerId,
    Instant,
    OrderId,
    StaffId,
    fact,
)

Refusal = Literal["no-credit", "on-hold", "risk-flag", "over-limit", "over-quantity"]


@fact("customer.credit-level-changed")
class CreditLevelChanged:
    """What the policy said of the level is copied in: what is published later does not hold for it."""

    customer_id: CustomerId
    to: str
    limit: Money
    terms: str
    alert_percent: int
    overdue_days: int
    max_quantity: int | None = None
    from_: str | None = None


@fact("customer.credit-hold-placed")
class CreditHoldPlaced:
    customer_id: CustomerId
    reason: str
    invoice_no: str | None = None
    due_at: Instant | None = None


@fact("customer.credit-hold-lifted")
class CreditHoldLifted:
    customer_id: CustomerId
    reason: str


@fact("customer.credit-reserved")
class CreditReserved:
    """`amount` takes the place of what was reserved for the order; `exposure` is all that is reserved with it."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    exposure: Money
    quantity: int | None = None


@fact("customer.credit-refused")
class CreditRefused:
    """`exposure` without this order, and what was `allowed` at the moment; what was reserved for it before, stays."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    because: Refusal
    exposure: Money
    allowed: Money | None = None
    quantity: int | None = None


@fact("customer.credit-released")
class CreditReleased:
    """`left` is what remains reserved for the order."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    left: Money | None = None


@fact("customer.credit-override-granted")
class CreditOverrideGranted:
    customer_id: CustomerId
    amount: Money
    until: Instant
    requested_by: StaffId
    by: StaffId


@fact("customer.credit-alert-raised")
class CreditAlertRaised:
    customer_id: CustomerId
    exposure: Money
    limit: Money
    percent: int


CreditEvent = (
    CreditLevelChanged
    | CreditHoldPlaced
    | CreditHoldLifted
    | CreditReserved
    | CreditRefused
    | CreditReleased
    | CreditOverrideGranted
    | CreditAlertRaised
)
