"""What the messages of all providers are made of: texts that say something, names, codes, and times that have come."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, TypeVar, dataclass_transform
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from commands.decider import LONGEST_KEY
from consumers.inbound.channel import Unreadable
from domain.catalog import CODE
from domain.currency import ACTIVE
from domain.money import DIGITS, Money
from domain.values import LONGEST_TEXT, outside_name

T = TypeVar("T")

DRIFT = timedelta(minutes=5)  # Between two clocks of one provider.
LONGEST_NAME = 128
LONG_TEXT = 1_000_000
WHOLE = re.compile(r"-?[0-9]{1,19}")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def words(cls: type[T]) -> type[T]:
    """What a provider says, in its own terms. Fields that are not named are let pass; blanks around a text are not; and
    a number may stand for a text, since many a system writes its numbers so.
    """
    cls.__pydantic_config__ = {  # type: ignore[attr-defined]  # Read where messages come in; a plain dict here.
        "extra": "ignore",
        "alias_generator": outside_name,
        "coerce_numbers_to_str": True,
        "str_strip_whitespace": True,
        "str_max_length": LONGEST_TEXT,
    }
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


# Kinds of fields


def given(said: object) -> object:
    return None if isinstance(said, str) and not said.strip() else said


Perhaps = Annotated[T | None, BeforeValidator(given)]
"""What may be missing. Many a system says so by an empty text."""


def printable(name: str) -> str:
    if not normalize("NFKC", name).isprintable():
        raise ValueError("this has characters that cannot be read")
    return name


def storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("this has a character that no database keeps")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(printable)]
"""What somebody or something is called in another system."""

Login = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\s/]+$"), AfterValidator(printable)
]
"""What somebody who works here logs in by."""

Code = Annotated[str, StringConstraints(max_length=64, pattern=f"^{CODE.pattern}$")]
"""A word for machines, as our own codes are written."""

Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(storable)]
"""What somebody has written."""

Long = Annotated[str, StringConstraints(min_length=1, max_length=LONG_TEXT), AfterValidator(storable)]
"""The same, of which as much is kept as there is room for (`shortened`)."""


def whole(found: object) -> object:
    if isinstance(found, bool | float) or (isinstance(found, str) and not WHOLE.fullmatch(found)):
        raise ValueError("this is a whole number")
    return found


Whole = BeforeValidator(whole)
"""Beside `int`: a whole number, as one or as its digits. True is none, and what has a point may be in another unit."""


def of_today(currency: str) -> str:
    if currency not in ACTIVE:
        raise ValueError("this is no currency of today (ISO 4217)")
    return currency


Currency = Annotated[str, StringConstraints(to_upper=True, min_length=3, max_length=3), AfterValidator(of_today)]


# What is made of them


def has_come(at: datetime, sent_at: datetime) -> bool:
    """Whether something that is told was so by the time that it was told."""
    return at <= sent_at + DRIFT


def meant(by: Mapping[str, T], said: str, field: str) -> T:
    """What a word of theirs is among ours, where something rests on it. Raises Unreadable where it is not known."""
    if said not in by:
        raise Unreadable(f"{field}: this is none of {', '.join(by)}")
    return by[said]


def as_code(said: str | None) -> str | None:
    """A text as a code, where it can be one."""
    return said if said is not None and CODE.fullmatch(said) else None


def as_id(said: str | None) -> str | None:
    """A name of something as it is one here: without blanks and slashes, however it is spelt."""
    found = "-".join("".join(each if each.isprintable() else " " for each in said or "").replace("/", " ").split())
    return found[:LONGEST_KEY] or None


def shortened(*said: str | None) -> str | None:
    """What is said, each in lines of its own, as far as there is room."""
    text = "\n".join(each for each in said if each)
    return f"{text[: LONGEST_TEXT - 1]}…" if len(text) > LONGEST_TEXT else text or None


def rounded(amount: str | float | Decimal | None, currency: str | None) -> Money | None:
    """What somebody writes of money, in the smallest units of a currency of today; None where it cannot be an amount.

    Halves go to the even unit, as in all arithmetic with money.
    """
    code = (currency or "").upper()
    if amount is None or code not in ACTIVE:
        return None
    try:
        exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-DIGITS.get(code, 2)), ROUND_HALF_EVEN)
        return Money(amount=exact, currency=code) if exact >= 0 else None
    except (InvalidOperation, ValueError):
        return None
