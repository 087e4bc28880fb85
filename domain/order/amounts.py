"""What the lines of an order come to, what is paid and refunded of it, and how a sum is divided among people."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from itertools import accumulate, pairwise

from domain.money import DIGITS, MixedCurrencies, Money
from domain.order.facts import Line, Payment, Refund
from domain.values import replace

LARGEST = Decimal(10) ** 13  # Of any currency: what two such amounts come to is still an amount.


def gross(line: Line) -> Decimal:
    return line.quantity * line.unit_price.amount


def pieces(lines: tuple[Line, ...]) -> int:
    """How many there are of all that is ordered: what a limit of quantity counts."""
    return sum(line.quantity for line in lines)


def net(line: Line) -> Decimal:
    return gross(line) - (Decimal(0) if line.discount is None else line.discount.amount)


def same_currency(one: Money, other: Money) -> Money:
    """The other amount, when both are of one currency; refused with MixedCurrencies otherwise."""
    if one.currency != other.currency:
        raise MixedCurrencies(one=one.currency, other=other.currency)
    return other


def payment_status(amount: Money, paid: Money, payments: Collection[str]) -> Payment:
    """Even an order that costs nothing is paid only when that has been said."""
    if not payments:
        return "unpaid"
    return "paid" if paid >= amount else "part_paid"


def refund_status(paid: Money, refunded: Money) -> Refund:
    if refunded == refunded.nothing:
        return "not_refunded"
    return "refunded" if refunded == paid else "part_refunded"


def divided(whole: Money, weights: Sequence[Decimal]) -> tuple[Money, ...]:
    """The whole in proportion to the weights, which are not all nought. The parts add up to it, none is less than
    nothing, and where the weights are amounts that come to no less than the whole, no part is more than its weight.

    Each part lies between two sums of the weights, rounded down to whole smallest units; to round each part by itself
    would leave the last with a remainder, which may be less than nothing.
    """
    places = max([DIGITS.get(whole.currency, 2), *(-exponent(each) for each in weights)])
    scaled = [int(each.scaleb(places)) for each in weights]
    sums = [0, *accumulate(scaled)]
    digits = DIGITS.get(whole.currency, 2)
    units = int(whole.amount.scaleb(digits))
    cuts = [units * each // sums[-1] for each in sums]
    return tuple(replace(whole, amount=Decimal(after - before).scaleb(-digits)) for before, after in pairwise(cuts))


def exponent(number: Decimal) -> int:
    found = number.as_tuple().exponent
    assert isinstance(found, int), "weights are finite"
    return found
