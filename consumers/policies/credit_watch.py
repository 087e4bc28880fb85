"""Credit guard, about customers: who has used most of his credit is told of, and who pays too late gets no more."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.customer.credit import LiftCreditHold, PlaceCreditHold, RaiseCreditAlert
from commands.order.receivables import WatchReceivables
from consumers.process import Process
from domain.customer.dossier import OVERDUE
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditLevelChanged,
    CreditReleased,
    CreditReserved,
)
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.order.facts import InvoiceOverdue, OverdueSettled
from domain.values import CustomerId, Instant, OrderId
from ledger.envelope import Recorded
from projections.deadlines import Deadline
from projections.projection import projection
from projections.rows import Row, replace, table

# Most of it is used


@table
class Used(Row):
    """How much of his credit a customer has used, and whether that has been told."""

    customer_id: CustomerId
    exposure: Decimal = Decimal(0)
    limit: Decimal | None = None
    percent: int = 100
    told: bool = False

    @property
    def is_much(self) -> bool:
        return self.limit is not None and self.exposure > 0 and self.limit * self.percent <= self.exposure * 100


@projection("credit_guard_used", key=("customer_id",), version=1, scoped=False)
def used(
    row: Used | None,
    event: CreditLevelChanged
    | CreditReserved
    | CreditReleased
    | CreditAlertRaised
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored,
) -> Used:
    row = row or Used(customer_id=event.customer_id)
    match event:
        case CreditLevelChanged(limit=limit, alert_percent=percent):
            return replace(row, limit=limit.amount, percent=percent, told=False)
        case CreditReserved(exposure=exposure):
            return replace(row, exposure=exposure.amount)
        case CreditReleased(amount=amount):
            return replace(row, exposure=row.exposure - amount.amount, told=False)
        case CreditAlertRaised():
            return replace(row, told=True)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            credit = event.kept.credit
            reserved = sum((each.amount for each in credit.reservations.values()), Decimal(0))
            if credit.line is None:
                return replace(row, exposure=reserved, limit=None, told=False)
            line = credit.line
            return replace(
                row, exposure=reserved, limit=line.limit.amount, percent=line.alert_percent, told=credit.alerted
            )


credit_alerts = Process("credit-guard", used)


@credit_alerts.reacts
def tell_who_has_used_most(
    event: CreditLevelChanged | CreditReserved | CustomersMerged, row: Used | None
) -> Iterator[RaiseCreditAlert]:
    after = used.evolve(row, event)
    if after.is_much and not after.told:
        yield RaiseCreditAlert(customer_id=event.customer_id)


# Paid too late


@table
class Late(Row):
    """The invoices of a customer that have been overdue for too long. The first of them is why nothing is reserved."""

    customer_id: CustomerId
    orders: tuple[OrderId, ...] = ()
    numbers: tuple[str, ...] = ()
    due: tuple[Instant, ...] = ()


@projection("credit_guard_late", key=("customer_id",), version=1, scoped=False)
def late(row: Late | None, event: InvoiceOverdue | OverdueSettled | CreditHoldLifted, recorded: Recorded) -> Late:
    row = row or Late(customer_id=event.customer_id)
    match event:
        case InvoiceOverdue(order_id=order_id, number=number, due=due):
            return replace(row, orders=(*row.orders, order_id), numbers=(*row.numbers, number), due=(*row.due, due))
        case OverdueSettled(order_id=order_id, number=number):
            kept = [nth for nth, each in enumerate(invoices(row)) if each != (order_id, number)]
            return replace(
                row,
                orders=tuple(row.orders[nth] for nth in kept),
                numbers=tuple(row.numbers[nth] for nth in kept),
                due=tuple(row.due[nth] for nth in kept),
            )
        case CreditHoldLifted(reason="overdue") if recorded.actor.kind == "user":
            return Late(customer_id=row.customer_id)  # Somebody has decided that these are no reason.
        case _:
            return row


def invoices(row: Late) -> list[tuple[OrderId, str]]:
    return list(zip(row.orders, row.numbers, strict=True))


credit_holds = Process("credit-guard", late)


@credit_holds.when_due("overdue")
def look_at_what_is_owed(deadline: Deadline) -> WatchReceivables:
    return WatchReceivables(order_id=OrderId(UUID(deadline.subject_id.removeprefix("order/"))))


@credit_holds.reacts
def stop_who_pays_too_late(event: InvoiceOverdue) -> PlaceCreditHold:
    return PlaceCreditHold(customer_id=event.customer_id, reason=OVERDUE, invoice_no=event.number, due_at=event.due)


@credit_holds.reacts
def let_go_on_who_has_paid(event: OverdueSettled, row: Late | None, recorded: Recorded) -> Iterator[Any]:
    """And stop him for the next invoice that is still overdue, if there is one."""
    if row is None or invoices(row)[:1] != [(event.order_id, event.number)]:
        return
    yield LiftCreditHold(customer_id=event.customer_id)
    yield from stop_for_the_first(late.evolve(row, event, recorded))


@credit_holds.reacts
def stop_him_all_the_same(event: CreditHoldLifted, row: Late | None) -> Iterator[PlaceCreditHold]:
    """What somebody had stopped for another reason goes on, and there are invoices that nobody has forgiven."""
    if row is not None and event.reason != OVERDUE:
        yield from stop_for_the_first(row)


def stop_for_the_first(row: Late) -> Iterator[PlaceCreditHold]:
    if row.numbers:
        yield PlaceCreditHold(customer_id=row.customer_id, reason=OVERDUE, invoice_no=row.numbers[0], due_at=row.due[0])
