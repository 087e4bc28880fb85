"""What the messages of several systems are made of: texts that say something, codes, and amounts in smallest units."""

import re
from decimal import Decimal
from typing import Annotated
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from domain.catalog import CODE
from domain.currency import ACTIVE
from domain.money import DIGITS, MOST_DIGITS, Money
from domain.values import LONGEST_TEXT

LONGEST_NAME = 128
DIGITS_ALONE = re.compile(r"-?[0-9]{1,19}")


def printable(name: str) -> str:
    if not normalize("NFKC", name).isprintable():
        raise ValueError("this has characters that cannot be read")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME),
    AfterValidator(printable),
]
"""What somebody or something is called in another system."""


def storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("this has a character that no database keeps")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT - LONGEST_NAME),
    AfterValidator(storable),
]
"""What somebody has written; what we write around it has room."""

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=f"^{CODE.pattern}$")]
"""A word for machines, as our own codes are written."""


def unsaid(found: object) -> object:
    return None if isinstance(found, str) and not found.strip() else found


Perhaps = BeforeValidator(unsaid)
"""Beside `| None`: many a system says nothing by an empty text."""


def is_code(word: str) -> bool:
    return CODE.fullmatch(word) is not None


def whole(found: object) -> object:
    """A whole number, as one or as its digits. True is none, and what has a point may be in another unit."""
    if isinstance(found, bool | float) or (isinstance(found, str) and not DIGITS_ALONE.fullmatch(found)):
        raise ValueError("this is a whole number")
    return found


def of_today(currency: str) -> str:
    if currency not in ACTIVE:
        raise ValueError("this is no currency of today (ISO 4217)")
    return currency


Count = Annotated[int, Field(ge=0), BeforeValidator(whole)]
"""How many; a number that comes as a text is one as well."""

AnyMinor = Annotated[int, Field(ge=0, lt=10**MOST_DIGITS), BeforeValidator(whole)]

Minor = Annotated[int, Field(gt=0, lt=10**MOST_DIGITS), BeforeValidator(whole)]
"""An amount in the smallest unit of its currency: 12050 are 120.50 CNY, 12050 JPY and 12.050 KWD."""

Currency = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, min_length=3, max_length=3),
    AfterValidator(of_today),
]


def money(minor: int, currency: str) -> Money:
    return Money(amount=Decimal(minor).scaleb(-DIGITS.get(currency, 2)), currency=currency)
