"""How an order comes, how far it gets, and how it begins again."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from commands.becoming import who_answers, who_is_now
from commands.order.buying import (
    Known,
    by_now,
    for_another,
    is_named,
    loses_it,
    must_decide_over,
    named_in,
    seller,
    together,
    who_buys,
)
from commands.order.orders import charged, ordered, orders, owed, paid_otherwise, status_before
from commands.risk import must_not_be_held
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.states import Customer
from domain.customer.states import Open as OpenCustomer
from domain.errors import Invalid
from domain.money import Money
from domain.order.amounts import pieces, same_currency
from domain.order.facts import (
    Buyers,
    Line,
    OrderAdopted,
    OrderAuthorised,
    OrderCancelled,
    OrderCompleted,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
)
from domain.order.refusals import (
    AnotherEdition,
    BeyondAuthorised,
    FullyRefunded,
    MoreThanAuthorised,
    NotReserved,
    ReservationSpent,
    StillOwed,
)
from domain.order.states import (
    Authorised,
    Cancelled,
    Completed,
    Declined,
    Fulfilled,
    Order,
    Placed,
    Requested,
    Unrequested,
    refund_of,
)
from domain.signature import consulted
from domain.staff import Staff
from domain.values import CustomerId, OrderId, StaffId, replace, value


@value
class RequestOrder:
    """Without a salesperson, it is that of whoever asks; the lines make the amount."""

    order_id: OrderId
    customer_id: CustomerId
    lines: tuple[Line, ...]
    co_buyers: tuple[CustomerId, ...] = ()
    salesperson: StaffId | None = None


@consulted
def named_to_buy(command: RequestOrder) -> list[CustomerId]:
    return [command.customer_id, *command.co_buyers]


@consulted
def who_loses_it(
    command: RequestOrder,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> list[StaffId]:
    """Whose success it would have been, where it is to be another's; where it were nobody's, who is named."""
    if command.salesperson is None or not for_another(command.salesperson, asked):
        return []
    return [loses_it(command.customer_id, {**customers, **survivors}) or command.salesperson]


@orders.decides(Action.CAPTURE, customers=named_to_buy, survivors=who_answers, staff=who_loses_it)
def request(
    command: RequestOrder,
    _: Unrequested,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> OrderRequested:
    """Ask for an order to be authorised and placed. A manager names another where the customer's owner is his."""
    salesperson = seller(command.salesperson, asked)
    must_decide_over(staff, asked)
    named = together(command.customer_id, command.co_buyers)
    now = by_now(named, {**customers, **survivors})
    return OrderRequested(
        order_id=command.order_id,
        customer_id=now.customer_id,
        lines=command.lines,
        amount=ordered(command.lines),
        co_buyers=now.co_buyers,
        salesperson=salesperson,
        came_as=None if now == named else named,
    )


@value
class AuthoriseOrder:
    """`reservation` is the id of the event by which the customer's credit was set aside for it, `amount` how much.

    `edition` is that of the order for which it was set aside, to be sure that it is still the same. What is paid
    already, or costs nothing, needs no reservation. `answers` is whose credit it is, where it is not the customer's of
    the order: two were separated since, and it was named as the other's.
    """

    order_id: OrderId
    amount: Money
    reservation: UUID | None = None
    answers: CustomerId | None = None
    edition: int | None = None


@consulted
def who_buys_on_credit(command: AuthoriseOrder, order: Unrequested | Order) -> list[CustomerId]:
    return [*who_buys(order), *([] if command.answers is None else [command.answers])]


@orders.decides(Action.CREDIT, customers=who_buys_on_credit, survivors=who_answers)
def authorise(
    command: AuthoriseOrder,
    order: Order,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> OrderAuthorised:
    """Let an order be placed up to an amount: what is not paid of it, on credit that has been reserved for it, once."""
    must_not_be_held(customers, survivors, asked)
    before = status_before(order, asked, Requested, to=Authorised)
    amount = same_currency(order.amount, charged(command.amount, "amount"))
    if not asked.imported:
        must_be_edition(command.edition, order)
        if amount < order.amount:
            raise BeyondAuthorised(amount=order.amount, authorised=amount)
        needed = owed(order, amount)
        if needed.amount:
            known = {**survivors, **customers}
            must_be_reserved(command, order, needed, known[who_is_now(command.answers or order.customer_id, known)])
    return OrderAuthorised(order_id=command.order_id, from_=before, amount=amount, reservation=command.reservation)


def must_be_reserved(command: AuthoriseOrder, order: Order, needed: Money, customer: Customer) -> None:
    """What will not be paid already is reserved with whoever answers for it: within his limit, or an exception."""
    if command.reservation is None:
        raise Invalid(field="reservation", because="an authorisation rests on credit that was reserved")
    if command.reservation in order.reservations:
        raise ReservationSpent(order_id=command.order_id)
    reservations = customer.dossier.credit.reservations if isinstance(customer, OpenCustomer) else {}
    reserved = reservations.get(command.order_id, needed.nothing)
    if reserved < needed:
        raise NotReserved(needed=needed, reserved=reserved)


@value
class RefuseOrder:
    """`reason` is a code, such as `credit-limit`; `edition` that of the order for which there is none."""

    order_id: OrderId
    reason: str
    edition: int | None = None


@orders.decides(Action.CREDIT)
def refuse(command: RefuseOrder, order: Order, asked: Asked) -> OrderRefused:
    """There is no credit for it."""
    must_be_edition(command.edition, order)
    return OrderRefused(
        order_id=command.order_id,
        from_=status_before(order, asked, Requested, to=Declined),
        reason=coded("reason", command.reason),
    )


def must_be_edition(edition: int | None, order: Order) -> None:
    """What was found out about credit holds for the order as it was then: not after a new price or a new beginning."""
    if edition not in (None, order.edition):
        raise AnotherEdition(edition=order.edition)


@value
class PlaceOrder:
    """What is not given is as it was requested. An order from nothing says who buys, and what."""

    order_id: OrderId
    customer_id: CustomerId | None = None
    lines: tuple[Line, ...] | None = None
    co_buyers: tuple[CustomerId, ...] | None = None
    salesperson: StaffId | None = None


@consulted
def who_buys_in_the_shop(command: PlaceOrder, order: Unrequested | Order) -> list[CustomerId]:
    said = () if command.customer_id is None else (command.customer_id,)
    return list(dict.fromkeys((*who_buys(order), *said, *(command.co_buyers or ()))))


@orders.decides(Action.MIRROR, customers=who_buys_in_the_shop, survivors=who_answers)
def place(
    command: PlaceOrder,
    order: Unrequested | Order,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> Iterator[OrderPlaced | OrderPaid]:
    """The shop has taken the order: one that was authorised, or one that the customer placed himself."""
    known = {**customers, **survivors}
    match order:
        case Unrequested():  # It has happened, whatever holds him.
            yield self_service(command, known, asked)
        case Order():
            must_not_be_held(customers, survivors, asked)
            yield from as_requested(command, order, known, asked)


def self_service(command: PlaceOrder, known: Known, asked: Asked) -> OrderPlaced:
    if command.customer_id is None:
        raise Invalid(field="customer_id", because="an order that nobody requested says who buys")
    if command.lines is None:
        raise Invalid(field="lines", because="an order that nobody requested says what is bought")
    named = together(command.customer_id, command.co_buyers or ())
    now = by_now(named, known)
    return OrderPlaced(
        order_id=command.order_id,
        customer_id=now.customer_id,
        lines=command.lines,
        amount=ordered(command.lines),
        co_buyers=now.co_buyers,
        salesperson=seller(command.salesperson, asked),
        came_as=None if now == named else named,
    )


def as_requested(command: PlaceOrder, order: Order, known: Known, asked: Asked) -> Iterator[OrderPlaced | OrderPaid]:
    before = status_before(order, asked, Authorised, to=Placed)
    if command.customer_id is not None and not is_named(command.customer_id, order, known):
        raise Invalid(field="customer_id", because="somebody else requested it")
    if command.salesperson not in (None, order.salesperson):
        raise Invalid(field="salesperson", because="it was requested by, or for, another")
    lines = order.lines if command.lines is None else command.lines
    amount = same_currency(order.amount, ordered(lines))
    if isinstance(order.status, Authorised) and not asked.imported:
        if amount > order.status.amount:
            raise BeyondAuthorised(amount=amount, authorised=order.status.amount)
        if pieces(lines) > order.status.pieces:
            raise MoreThanAuthorised(pieces=pieces(lines), authorised=order.status.pieces)
    named, now = named_in(order), Buyers(customer_id=order.customer_id, co_buyers=order.co_buyers)
    if command.co_buyers is not None:
        named = together(named.customer_id, command.co_buyers)
        now = replace(now, co_buyers=by_now(named, known).co_buyers)
    yield OrderPlaced(
        order_id=command.order_id,
        customer_id=now.customer_id,
        lines=lines,
        amount=amount,
        co_buyers=now.co_buyers,
        salesperson=order.salesperson,
        from_=before,
        came_as=None if now == named else named,
    )
    if before == "authorised":
        yield from paid_otherwise(command.order_id, order, amount=amount)


@value
class RepriceOrder:
    order_id: OrderId
    lines: tuple[Line, ...]


@orders.decides(Action.WORK)
def reprice(command: RepriceOrder, order: Order, asked: Asked) -> Iterator[OrderRepriced | OrderPaid]:
    """Change what is ordered, or its price; one that becomes dearer, or more, has to be authorised and placed again."""
    before = status_before(order, asked, Requested, Authorised, Placed)
    amount = same_currency(order.amount, ordered(command.lines))
    more = amount > order.amount or pieces(command.lines) > pieces(order.lines)
    yield OrderRepriced(
        order_id=command.order_id,
        from_=before,
        to="requested" if more and not asked.imported else before,
        lines=command.lines,
        before=order.amount,
        amount=amount,
    )
    yield from paid_otherwise(command.order_id, order, amount=amount)


@value
class FulfilOrder:
    order_id: OrderId


@orders.decides(Action.MIRROR)
def fulfil(command: FulfilOrder, order: Order, asked: Asked) -> OrderFulfilled:
    """What was ordered has been delivered, paid or not."""
    before = status_before(order, asked, Placed, to=Fulfilled)
    goes_on(order)
    return OrderFulfilled(order_id=command.order_id, from_=before)


@value
class CompleteOrder:
    order_id: OrderId


@orders.decides(Action.MIRROR)
def complete(command: CompleteOrder, order: Order, asked: Asked) -> OrderCompleted:
    """Delivered, and paid in full: there is nothing left to do."""
    before = status_before(order, asked, Fulfilled, to=Completed)
    if before == "fulfilled":
        goes_on(order)
        if order.paid < order.amount:
            raise StillOwed(amount=order.amount, paid=order.paid)
    return OrderCompleted(order_id=command.order_id, from_=before)


def goes_on(order: Order) -> None:
    if refund_of(order) == "refunded":
        raise FullyRefunded(refunded=order.refunded)


@value
class CancelOrder:
    order_id: OrderId


@orders.decides(Action.CLOSE)
def cancel(command: CancelOrder, order: Order, asked: Asked) -> OrderCancelled:
    """It is called off before it was delivered; what was paid is still to be refunded."""
    before = status_before(order, asked, Requested, Authorised, Placed, to=Cancelled)
    return OrderCancelled(order_id=command.order_id, from_=before)


@value
class ReopenOrder:
    order_id: OrderId


@orders.decides(Action.WORK)
def reopen(command: ReopenOrder, order: Order, asked: Asked) -> OrderReopened:
    """Ask once more for an order that was refused or cancelled: it needs a new authorisation."""
    return OrderReopened(
        order_id=command.order_id,
        from_=status_before(order, asked, Declined, Cancelled),
        cycle=order.cycle + 1,
    )


@value
class AdoptOrder:
    order_id: OrderId


@orders.decides(Action.IMPORT)
def adopt(command: AdoptOrder, _: Order) -> OrderAdopted:
    """Take an imported order into live work: from now on policies see it."""
    return OrderAdopted(order_id=command.order_id)
