"""How far it has come with a customer, and what it is seen by: his orders, and that he comes by himself."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from commands.customer.customers import customers, detached, identities_freed, stopped_for
from commands.lead.leads import reason_given
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.dossier import Ahead, PaidOrder
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    Direction,
    TouchpointRecorded,
)
from domain.customer.facts.terms import Status
from domain.customer.lapse import after, ahead_of, ends_by, lapses_at, orders_paid, window_ends_at
from domain.customer.refusals import NothingShowsIt, NotToBeShut, NotYetDue
from domain.customer.states import (
    NAMES,
    Active,
    Churned,
    Closed,
    Dormant,
    Lifecycle,
    New,
    Open,
    Prospect,
    last_order,
)
from domain.errors import Invalid, NotAllowed, NotNow, require, said
from domain.identity import Identity, IdentityDetached
from domain.lifecycle_policy import STANDARD, AnyLifecyclePolicy, LifecyclePolicy
from domain.values import CustomerId, IdentityId, Instant, OrderId, PolicyId, replace, value

MAY_BECOME: Mapping[Status, tuple[type[Lifecycle], ...]] = {
    "prospect": (New,),
    "new": (Prospect,),
    "active": (New, Dormant, Churned),
    "dormant": (New, Active),
    "churned": (Dormant,),
    "closed": (Prospect, New, Active, Dormant, Churned),
}


@value
class ChangeCustomerStatus:
    """A person says why; a program is believed when the orders show it and the time has come. `campaign` is what has
    won a lost customer back.
    """

    customer_id: CustomerId
    to: Status
    campaign: str | None = None


def lifecycle_policy() -> PolicyId:
    return STANDARD


def identities_if_closing(command: ChangeCustomerStatus, customer: Open | Closed) -> list[IdentityId]:
    return identities_freed(customer) if command.to == "closed" and isinstance(customer, Open) else []


@customers.decides(Action.CLOSE, policy=lifecycle_policy, identities=identities_if_closing)
def change_status(
    command: ChangeCustomerStatus,
    customer: Open | Closed,
    policy: AnyLifecyclePolicy,
    identities: Mapping[IdentityId, Identity],
    asked: Asked,
) -> Iterator[CustomerStatusChanged | CustomerWonBack | IdentityDetached]:
    """Change how far it has come with a customer: within the table, and when it is due. To shut one is a person's."""
    to = command.to
    if isinstance(customer, Closed):
        if not (asked.imported and to == "closed"):
            raise NotNow(found="Closed", wanted=("Open",))
        yield CustomerStatusChanged(customer_id=command.customer_id, from_="closed", to="closed")
        return
    before = NAMES[type(customer.lifecycle)]
    if asked.imported and before == to:
        ahead = ahead_of(to, customer.dossier)
        yield CustomerStatusChanged(customer_id=command.customer_id, from_=before, to=to, ahead=ahead)
        return
    require(customer.lifecycle, *MAY_BECOME[to])
    if to == "closed" and not asked.imported and (stopped := stopped_for(customer)):
        raise NotToBeShut(because=stopped)
    due = None
    if asked.person is not None:
        reason_given(asked)
    elif not asked.imported:
        due = due_since(to, customer, policy, asked)
    ahead = ahead_of(to, customer.dossier)
    if asked.person is not None and not asked.imported:
        ahead = after(ahead, asked.at)
    if isinstance(customer.lifecycle, Churned) and to == "active":
        yield replace(won_back(command, customer, customer.lifecycle, asked), ahead=ahead)
    else:
        yield CustomerStatusChanged(customer_id=command.customer_id, from_=before, to=to, due_at=due, ahead=ahead)
    yield from detached(identities.values(), command.customer_id)


def won_back(command: ChangeCustomerStatus, customer: Open, churned: Churned, asked: Asked) -> CustomerWonBack:
    back = last_order(customer.dossier)
    if back is None or back == churned.last_order:
        back = asked.at
    lapsed = None if churned.last_order is None else max((back - churned.last_order).days, 0)
    return CustomerWonBack(
        customer_id=command.customer_id,
        campaign=command.campaign and coded("campaign", command.campaign),
        days_lapsed=lapsed,
    )


def due_since(to: Status, customer: Open, policy: AnyLifecyclePolicy, asked: Asked) -> Instant | None:
    """What a program asks for, checked against the orders; since when it was due, where that is a question of time."""
    paid = orders_paid(customer.dossier)
    match to:
        case "new":
            must_show(to, "no order is paid", so=bool(paid))
            return None
        case "prospect":
            must_show(to, "an order is paid, and not refunded", so=not paid)
            return None
        case "active":
            return active_since(customer, require(policy, LifecyclePolicy), paid, asked)
        case "dormant" | "churned":
            due = lapses_at(customer.dossier, require(policy, LifecyclePolicy), to)
            must_show(to, "no order is known", so=due is not None)
            assert due is not None
            must_be_past(to, due, asked)
            return due
        case "closed":
            raise NotAllowed(
                action=Action.CLOSE, because=f"only a person shuts a customer, and {asked.actor.id} is none"
            )


def active_since(customer: Open, policy: LifecyclePolicy, paid: list[Instant], asked: Asked) -> Instant | None:
    dossier = customer.dossier
    match customer.lifecycle:
        case New():
            if len(paid) > 1:
                return None
            end = window_ends_at(dossier, policy)
            came = dossier.active_at
            must_show("active", "no order is paid", so=end is not None)
            assert end is not None
            must_be_past("active", end, asked)
            must_show("active", "nothing came after the first order", so=came is not None and came > paid[0])
            return end
        case Churned(last_order=before):
            must_show("active", "no order came since", so=bool(paid) and (before is None or paid[-1] > before))
            return None
        case _:
            due = lapses_at(dossier, policy, "dormant")
            must_show("active", "no order came lately", so=due is not None and asked.at < due)
            return None


def must_show(to: Status, because: str, *, so: bool) -> None:
    if not so:
        raise NothingShowsIt(to=to, because=because)


def must_be_past(to: Status, due: Instant, asked: Asked) -> None:
    if asked.at < due:
        raise NotYetDue(to=to, due_at=due)


# What it is seen by

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


@value
class RecordCustomerOrder:
    """`products` are the codes of what was bought; where no product line is named, they tell which one it counts by."""

    customer_id: CustomerId
    order_id: OrderId
    paid_at: Instant
    product_line: str | None = None
    products: tuple[str, ...] = ()


@customers.decides(Action.MIRROR, policy=lifecycle_policy)
def record_order(
    command: RecordCustomerOrder, customer: Open, policy: AnyLifecyclePolicy, asked: Asked
) -> CustomerOrderNoted | None:
    """Note that an order was paid: by this the lifecycle is reckoned."""
    if not EARLIEST <= command.paid_at <= asked.at:
        raise Invalid(field="paid_at", because=f"what was paid lies between {EARLIEST.year} and now")
    if command.order_id in customer.dossier.orders:
        return None  # Asking twice is not an error.
    line = command.product_line and coded("product_line", command.product_line)
    ends = None
    if isinstance(policy, LifecyclePolicy):
        line = line or policy.slowest(command.products)
        ends = ends_by(policy, command.paid_at, line)
    products = command.products if ends is None else ()
    order = PaidOrder(paid_at=command.paid_at, product_line=line, ends=ends, products=products)
    return CustomerOrderNoted(
        customer_id=command.customer_id,
        order_id=command.order_id,
        paid_at=command.paid_at,
        product_line=line,
        ends=ends,
        ahead=ahead_with(customer, command.order_id, order),
        products=products,
    )


def ahead_with(customer: Open, order_id: OrderId, order: PaidOrder) -> Ahead | None:
    dossier = customer.dossier
    return ahead_of(NAMES[type(customer.lifecycle)], replace(dossier, orders={**dossier.orders, order_id: order}))


@value
class RecordCustomerRefund:
    customer_id: CustomerId
    order_id: OrderId


@customers.decides(Action.MIRROR)
def record_refund(command: RecordCustomerRefund, customer: Open | Closed) -> CustomerRefundNoted | None:
    """Note that all of an order was refunded: it counts no more."""
    found = customer.was if isinstance(customer, Closed) else customer
    order = found.dossier.orders.get(command.order_id)
    if order is None:
        raise Invalid(field="order_id", because="no such order was noted here")
    if order.refunded:
        return None
    ahead = None
    if isinstance(customer, Open):
        ahead = ahead_with(customer, command.order_id, replace(order, refunded=True))
    return CustomerRefundNoted(customer_id=command.customer_id, order_id=command.order_id, ahead=ahead)


@value
class RecordTouchpoint:
    """`direction` says who came to whom: what is inbound shows that the customer is active."""

    customer_id: CustomerId
    channel: str
    direction: Direction
    ref: str | None = None
    note: str | None = None


@customers.decides(Action.WORK)
def record_touchpoint(command: RecordTouchpoint, customer: Open | Closed, asked: Asked) -> TouchpointRecorded:
    """Record that the customer met us, or we him, wherever it was."""
    came = asked.at if command.direction == "inbound" else None
    return TouchpointRecorded(
        customer_id=command.customer_id,
        channel=coded("channel", command.channel),
        direction=command.direction,
        ref=said("ref", command.ref),
        note=said("note", command.note),
        active_at=came,
        ahead=None if came is None else ahead_of_new(customer, came),
    )


def ahead_of_new(customer: Open | Closed, came: Instant) -> Ahead | None:
    """Of one who is new, that he is active when his window has ended; for all others it is no news that he came."""
    if not (isinstance(customer, Open) and isinstance(customer.lifecycle, New)):
        return None
    return ahead_of("new", replace(customer.dossier, active_at=max(came, customer.dossier.active_at or came)))
