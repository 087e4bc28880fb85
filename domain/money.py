"""An amount of money in one currency."""

import re
from decimal import Decimal

from domain.values import value

# ISO 4217 minor units, where they are not two.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
MOST_DIGITS = 18
CURRENCY = re.compile(r"[A-Z]{3}")


@value
class Money:
    """An exact amount; the currency is an ISO 4217 code, and fixes how many decimal places there are."""

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
