"""The lifecycle clock: how far it has come with a customer follows from what he pays, and from how long he does not."""

from uuid import UUID

from commands.customer.lifecycle import ChangeCustomerStatus, RecordCustomerOrder, RecordCustomerRefund
from consumers.process import FirstOf, Process
from domain.customer.facts.approaches import CustomerApproached
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.terms import Status
from domain.order.facts import (
    OrderAdopted,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRepriced,
    OrderRequested,
    PaymentReceived,
)
from domain.values import CustomerId, Instant, OrderId
from ledger.envelope import Recorded
from projections.deadlines import Deadline
from projections.projection import projection
from projections.rows import Row, replace, table

# What is paid is noted on the customer


@table
class Purchase(Row):
    """Whose an order is, what is bought, and when that, its price or its payment changed last. `customers` are those
    whose it has been, one merged into the next; one whose it was named later was his from the beginning.
    """

    order_id: OrderId
    customer_id: CustomerId
    customers: tuple[CustomerId, ...]
    products: tuple[str, ...]
    at: Instant
    paid: bool = False


@projection("lifecycle_purchases", key=("order_id",), version=2, scoped=False)
def purchases(
    row: Purchase | None,
    event: OrderRequested
    | OrderPlaced
    | OrderRepriced
    | PaymentReceived
    | OrderPaid
    | OrderRefunded
    | OrderAdopted
    | CustomersMerged
    | CustomerUnmerged,
    at: Instant,
) -> Purchase | None:
    match row, event:
        case None, OrderRequested() | OrderPlaced():
            whose = event.customer_id
            products = tuple(dict.fromkeys(line.product for line in event.lines))
            return Purchase(order_id=event.order_id, customer_id=whose, customers=(whose,), products=products, at=at)
        case Purchase(), OrderPlaced(lines=lines) | OrderRepriced(lines=lines):
            return replace(row, products=tuple(dict.fromkeys(line.product for line in lines)), at=at)
        case Purchase(), PaymentReceived():
            return replace(row, at=at)
        case Purchase(), OrderPaid(to=to):
            return replace(row, paid=to == "paid")
        case Purchase(), OrderRefunded(to="refunded"):
            return replace(row, paid=False)
        case Purchase(customers=customers), CustomersMerged(customer_id=survivor):
            return replace(row, customer_id=survivor, customers=(*customers, survivor))
        case Purchase(customers=customers), CustomerUnmerged(absorbed=absorbed) if absorbed in customers:
            before = customers[: customers.index(absorbed) + 1]
            return replace(row, customer_id=absorbed, customers=before)
        case Purchase(order_id=order_id), CustomerUnmerged(absorbed=absorbed, orders=named) if order_id in named:
            return replace(row, customer_id=absorbed, customers=(absorbed,))
        case _:
            return row


@purchases.finds_by("customer_id")
def of_the_absorbed(event: CustomersMerged) -> CustomerId:
    return event.absorbed


@purchases.finds_by("customer_id")
def of_the_survivor(event: CustomerUnmerged) -> CustomerId:
    return event.customer_id


noting = Process("lifecycle", purchases)


@noting.reacts
def note_what_is_paid(event: OrderPaid, row: Purchase | None) -> RecordCustomerOrder | None:
    """What is paid, or cheaper, in the same moment makes it paid."""
    if row is None or event.to != "paid":
        return None
    return RecordCustomerOrder(
        customer_id=row.customer_id, order_id=event.order_id, paid_at=row.at, products=row.products
    )


@noting.reacts
def note_what_was_paid_in_history(event: OrderAdopted, row: Purchase | None) -> RecordCustomerOrder | None:
    """As of when it was paid; what was given back since is not noted."""
    if row is None or not row.paid:
        return None
    return RecordCustomerOrder(
        customer_id=row.customer_id, order_id=event.order_id, paid_at=row.at, products=row.products
    )


@noting.reacts
def note_what_is_given_back(event: OrderRefunded, row: Purchase | None) -> RecordCustomerRefund | None:
    if row is None or event.to != "refunded":
        return None
    return RecordCustomerRefund(customer_id=row.customer_id, order_id=event.order_id)


# What is noted makes him new, active, or a prospect again; what is due makes him dormant, and lost


@table
class Stage(Row):
    """How far it has come with a customer, and what we have come to him with since he bought last. He is `back` when
    he has bought while dormant or lost, and no terms could say what comes of that.
    """

    customer_id: CustomerId
    status: Status
    campaign: str | None = None
    back: bool = False


@projection("lifecycle_stages", key=("customer_id",), version=2, scoped=False)
def stages(
    row: Stage | None,
    event: CustomerCreated
    | CustomerOrderNoted
    | CustomerRefundNoted
    | CustomerClockStarted
    | CustomerStatusChanged
    | CustomerWonBack
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed
    | PersonalDataErased
    | CustomerApproached,
    recorded: Recorded,
) -> Stage | None:
    match event:
        case CustomerCreated(customer_id=customer_id):
            return Stage(customer_id=customer_id, status="prospect")
        case CustomerOrderNoted(ends=None) if row is not None and not recorded.imported:
            return replace(row, back=row.status in ("dormant", "churned"))
        case CustomerOrderNoted() | CustomerRefundNoted() | CustomerClockStarted():
            return row
        case CustomerApproached(kind=kind):
            return replace(row, campaign=event.campaign) if row is not None and kind == "winback" else row
        case CustomerAbsorbed() | PersonalDataErased():
            return None
        case _ if event.to == "closed":
            return None
        case _:
            campaign = row.campaign if row is not None and event.to in ("dormant", "churned") else None
            return Stage(customer_id=event.customer_id, status=event.to, campaign=campaign)


lifecycle = Process("lifecycle", stages)


@lifecycle.reacts
def go_on_with_who_has_bought(event: CustomerOrderNoted, row: Stage | None) -> FirstOf | ChangeCustomerStatus | None:
    """The first order makes him new, another one active. Where two come together, the second may find him new."""
    if row is None or row.status == "active":
        return None
    active = ChangeCustomerStatus(customer_id=event.customer_id, to="active", campaign=row.campaign)
    if row.status == "prospect":
        return FirstOf((ChangeCustomerStatus(customer_id=event.customer_id, to="new"), active))
    return active


@lifecycle.reacts
def go_on_when_terms_say_what_he_has_bought(
    event: CustomerClockStarted, row: Stage | None
) -> ChangeCustomerStatus | None:
    """What could not be decided when he bought: that another order made him active."""
    if row is None or not (row.back or (row.status == "new" and len(event.orders) > 1)):
        return None
    return ChangeCustomerStatus(customer_id=event.customer_id, to="active", campaign=row.campaign)


@lifecycle.reacts
def begin_again_with_whose_only_order_was_refunded(
    event: CustomerRefundNoted, row: Stage | None
) -> ChangeCustomerStatus | None:
    if row is None or row.status not in ("prospect", "new"):
        return None
    return ChangeCustomerStatus(customer_id=event.customer_id, to="prospect")


STATUS: dict[str, Status] = {"active": "active", "dormant": "dormant", "churned": "churned"}


@lifecycle.when_due("active", "dormant", "churned")
def change_what_is_due(deadline: Deadline) -> ChangeCustomerStatus:
    return ChangeCustomerStatus(customer_id=customer_of(deadline), to=STATUS[deadline.kind])


def customer_of(deadline: Deadline) -> CustomerId:
    return CustomerId(UUID(deadline.subject_id.removeprefix("customer/")))
