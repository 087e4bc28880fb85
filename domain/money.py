"""An amount of money in one currency."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self

from domain.errors import Refused, refusal
from domain.values import replace, value

# ISO 4217 minor units, where they are not two.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
MOST_DIGITS = 18
CURRENCY = re.compile(r"[A-Z]{3}")


@refusal
class MixedCurrencies(Refused):
    """Amounts in two currencies are neither added nor compared."""

    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other} are two currencies; there is no rate between them here"


@value
class Money:
    """An exact amount; the currency is an ISO 4217 code, and fixes how many decimal places there are.

    It may be of a currency that is no more, or that was written down wrongly: what was stored is read. Of what somebody
    asks for now, `commands/currencies.py` knows more.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency code")
        if not self.amount.is_finite():
            raise ValueError("an amount is a finite number")
        _, digits, exponent = self.amount.as_tuple()
        assert isinstance(exponent, int)
        if -exponent > DIGITS.get(self.currency, 2):
            raise ValueError(f"{self.currency} has {DIGITS.get(self.currency, 2)} decimal places")
        if len(digits) + max(exponent, 0) > MOST_DIGITS:
            raise ValueError(f"an amount has at most {MOST_DIGITS} digits")

    def __add__(self, other: Self) -> Self:
        """Refused with MixedCurrencies, as all arithmetic and order between two currencies."""
        return replace(self, amount=self.amount + self.same(other))

    def __sub__(self, other: Self) -> Self:
        return replace(self, amount=self.amount - self.same(other))

    def __neg__(self) -> Self:
        return replace(self, amount=-self.amount)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self.same(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self.same(other)

    def __gt__(self, other: Self) -> bool:
        return self.amount > self.same(other)

    def __ge__(self, other: Self) -> bool:
        return self.amount >= self.same(other)

    def same(self, other: Self) -> Decimal:
        """The other's amount, when it is in this currency."""
        if other.currency != self.currency:
            raise MixedCurrencies(one=self.currency, other=other.currency)
        return other.amount

    @property
    def nothing(self) -> Self:
        """None of this currency."""
        return replace(self, amount=Decimal(0))

    def part(self, share: Decimal) -> Self:
        """A share of it, 1 is all, in whole smallest units; what is half of one goes to the even neighbour."""
        unit = Decimal(1).scaleb(-DIGITS.get(self.currency, 2))
        return replace(self, amount=(self.amount * share).quantize(unit, ROUND_HALF_EVEN))


def split(whole: Money, shares: tuple[Decimal, ...]) -> tuple[Money, ...]:
    """The whole in these shares, which add up to 1, so that the parts add up to it: the last takes the remainder."""
    assert sum(shares) == 1, "shares add up to one"
    parts = tuple(whole.part(share) for share in shares[:-1])
    return (*parts, sum_of(whole, tuple(-part for part in parts)))


def sum_of(first: Money, rest: tuple[Money, ...]) -> Money:
    for each in rest:
        first += each
    return first
