"""Ageing (账龄): how old the money is that customers owe."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from domain.money import Money
from domain.values import Instant, value


@value
class Receivable:
    """What is open of one invoice."""

    number: str
    due: Instant
    amount: Money


@value
class Ageing:
    """By whole days since it was due. What is not due yet is no day old, and stands in the first column."""

    to_30: Money
    to_60: Money
    to_90: Money
    beyond: Money


def days_overdue(due: Instant, at: Instant) -> int:
    """Whole days of 24 hours; 0 when it is not due yet, and on the first day."""
    return max((at - due) // timedelta(days=1), 0)


def still_open(invoices: Iterable[Receivable], paid: Money) -> tuple[Receivable, ...]:
    """What is open of the invoices of one order: what was paid settles the one that was due first.

    Refused with MixedCurrencies, where they are not in the currency of the payments.
    """
    left, found = paid, []
    for each in sorted(invoices, key=lambda invoice: (invoice.due, invoice.number)):
        settled = min(left, each.amount)
        left -= settled
        if settled < each.amount:
            found.append(Receivable(number=each.number, due=each.due, amount=each.amount - settled))
    return tuple(found)


def ageing(receivables: Iterable[Receivable], currency: str, at: Instant) -> Ageing:
    """What is open at an instant, in the columns 0–30, 31–60, 61–90 and more than 90 days.

    Refused with MixedCurrencies, where one of them is not in that currency.
    """
    columns = [Money(amount=Decimal(0), currency=currency)] * 4
    for each in receivables:
        days = days_overdue(each.due, at)
        column = sum(days > last for last in (30, 60, 90))
        columns[column] += each.amount
    to_30, to_60, to_90, beyond = columns
    return Ageing(to_30=to_30, to_60=to_60, to_90=to_90, beyond=beyond)
