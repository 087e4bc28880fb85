"""What a customer may owe: levels and limits, what is reserved for his orders, holds and exceptions."""

from collections.abc import Iterator
from datetime import timedelta

from commands.credit_policy import of_some_size
from commands.customer.customers import customers
from commands.lead.leads import reason_given
from commands.people import in_person, must_work_here
from commands.pool import LARGEST
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.credit_policy import STANDARD, CreditPolicy
from domain.customer.dossier import OVERDUE, Credit, CreditLine
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditLevelChanged,
    CreditOverrideGranted,
    CreditRefused,
    CreditReleased,
    CreditReserved,
    Refusal,
)
from domain.customer.refusals import EnoughCreditLeft, NotYetOverdue, OwnRequest
from domain.customer.states import Closed, Open
from domain.errors import Invalid, NotAllowed, NotNow
from domain.money import MixedCurrencies, Money
from domain.staff import Staff
from domain.values import CustomerId, Instant, OrderId, PolicyId, StaffId, value


def line_of(credit: Credit) -> CreditLine:
    if credit.line is None:
        raise NotNow(found="NoCredit", wanted=("CreditLine",))
    return credit.line


# Levels


@value
class SetCreditLevel:
    customer_id: CustomerId
    level: str


def credit_policy() -> PolicyId:
    return STANDARD


@customers.decides(Action.CREDIT, policy=credit_policy)
def set_credit_level(command: SetCreditLevel, customer: Open, policy: CreditPolicy, asked: Asked) -> CreditLevelChanged:
    """Give a customer a level of the credit policy. What is reserved stays, even where the new limit is lower."""
    reason_given(asked)
    credit = customer.dossier.credit
    level = next((each for each in policy.levels if each.code == command.level), None)
    if level is None:
        codes = ", ".join(each.code for each in policy.levels) or "nothing"
        raise Invalid(field="level", because=f"the policy offers {codes}")
    for reserved in credit.reservations.values():
        if reserved.currency != level.limit.currency and not asked.imported:
            raise MixedCurrencies(one=reserved.currency, other=level.limit.currency)
    return CreditLevelChanged(
        customer_id=command.customer_id,
        from_=None if credit.line is None else credit.line.level,
        to=level.code,
        limit=level.limit,
        terms=level.terms,
        alert_percent=policy.alert_percent,
        overdue_days=policy.overdue_days,
        max_quantity=level.max_quantity,
    )


# Holds


@value
class PlaceCreditHold:
    """`reason` is a code. An invoice that is overdue is named with the date on which it was due."""

    customer_id: CustomerId
    reason: str
    invoice_no: str | None = None
    due_at: Instant | None = None


@customers.decides(Action.CREDIT)
def place_credit_hold(command: PlaceCreditHold, customer: Open, asked: Asked) -> CreditHoldPlaced:
    """Reserve nothing more for a customer: a program shows an overdue invoice, a person decides."""
    line = line_of(customer.dossier.credit)
    if customer.dossier.credit.hold is not None and not asked.imported:
        raise NotNow(found="CreditHold", wanted=("CreditLine",))
    reason = coded("reason", command.reason)
    if reason == OVERDUE and not asked.imported:
        must_be_overdue(command, line, asked)
    elif asked.person is None and not asked.imported:
        raise NotAllowed(action=Action.CREDIT, because=f"{asked.actor.id} is no person, and shows no overdue invoice")
    return CreditHoldPlaced(
        customer_id=command.customer_id,
        reason=reason,
        invoice_no=command.invoice_no and coded("invoice_no", command.invoice_no),
        due_at=command.due_at,
    )


def must_be_overdue(command: PlaceCreditHold, line: CreditLine, asked: Asked) -> None:
    """By more days than the level allows."""
    if command.invoice_no is None or command.due_at is None:
        raise Invalid(field="invoice_no", because="name the invoice, and when it was due")
    if command.due_at > asked.at:
        raise NotYetOverdue(due_at=command.due_at, from_=command.due_at)
    grace = timedelta(days=line.overdue_days)
    if asked.at - command.due_at <= grace:
        raise NotYetOverdue(due_at=command.due_at, from_=command.due_at + grace)


@value
class LiftCreditHold:
    customer_id: CustomerId


@customers.decides(Action.CREDIT)
def lift_credit_hold(command: LiftCreditHold, customer: Open, asked: Asked) -> CreditHoldLifted:
    """Reserve again. What a person has stopped, a person lets go on; a program lifts what an invoice has stopped."""
    hold = customer.dossier.credit.hold
    if hold is None:
        raise NotNow(found="CreditLine", wanted=("CreditHold",))
    if not hold.is_of_an_invoice and not asked.imported:
        in_person(asked, Action.CREDIT)
    if asked.person is not None:
        reason_given(asked)
    return CreditHoldLifted(customer_id=command.customer_id, reason=hold.reason)


# Reservations


@value
class ReserveCredit:
    """Asked again for the same order, `amount` takes the place of what was reserved for it."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    quantity: int | None = None


@customers.decides(Action.MIRROR)
def reserve_credit(command: ReserveCredit, customer: Open, asked: Asked) -> CreditReserved | CreditRefused:
    """Reserve credit for an order, or record that there is not enough: the answer is kept with the customer."""
    credit = customer.dossier.credit
    amount = of_some_size(command.amount, "amount", nothing=False)
    if command.quantity is not None and not 0 < command.quantity <= LARGEST:
        raise Invalid(field="quantity", because=f"this is 1 to {LARGEST} pieces")
    before = credit.reservations.get(command.order_id, amount.nothing)
    if before.currency != amount.currency:
        raise MixedCurrencies(one=before.currency, other=amount.currency)
    others = credit.exposure(amount.currency) - before
    allowed = None if credit.line is None else credit.allowed(credit.line, asked.at)
    if not asked.imported and (because := objection(command, customer, others, before, allowed)) is not None:
        return CreditRefused(
            customer_id=command.customer_id,
            order_id=command.order_id,
            amount=amount,
            because=because,
            exposure=others,
            allowed=allowed,
            quantity=command.quantity,
        )
    return CreditReserved(
        customer_id=command.customer_id,
        order_id=command.order_id,
        amount=amount,
        exposure=others + amount,
        quantity=command.quantity,
    )


def objection(
    command: ReserveCredit, customer: Open, others: Money, before: Money, allowed: Money | None
) -> Refusal | None:
    """What there is to say against it. Less than is reserved for the order already can always be reserved."""
    dossier = customer.dossier
    line = dossier.credit.line
    if line is None or allowed is None:
        return "no-credit"
    if dossier.credit.hold is not None:
        return "on-hold"
    if dossier.risk_flags:
        return "risk-flag"
    if others + command.amount > allowed and command.amount > before:
        return "over-limit"
    if line.max_quantity is not None and (command.quantity or 0) > line.max_quantity:
        return "over-quantity"
    return None


@value
class ReleaseCredit:
    """`amount` of what is reserved for the order; without it, all."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money | None = None


@customers.decides(Action.MIRROR)
def release_credit(command: ReleaseCredit, customer: Open | Closed) -> CreditReleased | None:
    """An order is paid, cancelled or refunded, or part of it: so much is free again. Who is closed pays as well."""
    found = customer.was if isinstance(customer, Closed) else customer
    reserved = found.dossier.credit.reservations.get(command.order_id)
    if reserved is None:
        return None  # Nothing stands open for it: asking twice is not an error.
    amount = reserved if command.amount is None else of_some_size(command.amount, "amount", nothing=False)
    if amount > reserved:
        raise Invalid(field="amount", because=f"{reserved.amount} {reserved.currency} are reserved for it")
    left = reserved - amount
    return CreditReleased(
        customer_id=command.customer_id,
        order_id=command.order_id,
        amount=amount,
        left=left if left.amount else None,
    )


# Exceptions and alerts


@value
class OverrideCredit:
    """So much more than the limit, until then, because somebody asked for it."""

    customer_id: CustomerId
    amount: Money
    until: Instant
    requested_by: StaffId


def requester(command: OverrideCredit) -> StaffId:
    return command.requested_by


@customers.decides(Action.CREDIT, staff=requester)
def override_credit(command: OverrideCredit, customer: Open, staff: Staff, asked: Asked) -> CreditOverrideGranted:
    """Grant an exception from the limit: somebody else than who asks for it, and not for ever."""
    reason_given(asked)
    by = in_person(asked, Action.CREDIT)
    if by == command.requested_by:
        raise OwnRequest(staff_id=by)
    line = line_of(customer.dossier.credit)
    amount = of_some_size(command.amount, "amount", nothing=False)
    line.limit.same(amount)
    if not asked.imported:
        must_work_here(command.requested_by, staff)
        if command.until <= asked.at:
            raise Invalid(field="until", because="that has passed already")
    return CreditOverrideGranted(
        customer_id=command.customer_id,
        amount=amount,
        until=command.until,
        requested_by=command.requested_by,
        by=by,
    )


@value
class RaiseCreditAlert:
    customer_id: CustomerId


@customers.decides(Action.CREDIT)
def raise_credit_alert(command: RaiseCreditAlert, customer: Open) -> Iterator[CreditAlertRaised]:
    """Say that most of a limit is used; once, until it is used less or is another."""
    credit = customer.dossier.credit
    line = line_of(credit)
    exposure = credit.exposure(line.limit.currency)
    if exposure.amount * 100 < line.limit.amount * line.alert_percent or not exposure.amount:
        raise EnoughCreditLeft(exposure=exposure, limit=line.limit, percent=line.alert_percent)
    if not credit.alerted:
        yield CreditAlertRaised(
            customer_id=command.customer_id, exposure=exposure, limit=line.limit, percent=line.alert_percent
        )
