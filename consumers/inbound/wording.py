"""What the words of all providers have in common: texts that say something, times with their zone."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import BeforeValidator, StringConstraints, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from commands.decider import LONGEST_KEY
from consumers.inbound.channel import Unreadable
from domain.catalog import CODE
from domain.currency import ACTIVE
from domain.errors import Invalid
from domain.identity import Identifier, normalised
from domain.money import DIGITS, Money
from domain.values import LONGEST_TEXT, outside_name

T = TypeVar("T")

DRIFT = timedelta(minutes=5)  # Between two clocks of one provider.


@dataclass_transform(frozen_default=True, kw_only_default=True)
def words(cls: type[T]) -> type[T]:
    """What a provider says, in its own terms. Fields that are not named are let pass; blanks around a text are not."""
    cls.__pydantic_config__ = {  # type: ignore[attr-defined]  # Read where messages come in; a plain dict here.
        "extra": "ignore",
        "alias_generator": outside_name,
        "coerce_numbers_to_str": True,
        "str_strip_whitespace": True,
        "str_max_length": LONGEST_TEXT,
    }
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


def known(said: Any, read: Callable[[Any], Any]) -> Any:
    """A message of one of the kinds that there are; of another, that is all that is said of it."""
    try:
        return read(said)
    except ValidationError as wrong:
        if any(each["type"] == "union_tag_invalid" for each in wrong.errors(include_input=False)):
            raise PydanticCustomError("unknown_kind", "this is none of the kinds that are known here") from None
        raise


OF_A_KIND = WrapValidator(known)  # Beside a union that its `type` tells apart.


def given(said: object) -> object:
    """An empty text is none."""
    return None if isinstance(said, str) and not said.strip() else said


LONG_TEXT = 1_000_000

Long = Annotated[str, StringConstraints(max_length=LONG_TEXT)]  # Of which as much is kept as there is room for.
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]  # Of a thing, for machines.
Account = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\s/\p{C}]+$")
]  # Of who works here.
Perhaps = BeforeValidator(given)  # Beside `| None`: many a provider says nothing by an empty text.


def has_come(at: datetime, sent_at: datetime) -> bool:
    """Whether something that is told was so by the time that it was told."""
    return at <= sent_at + DRIFT


def as_code(said: str | None) -> str | None:
    """A text as a code, where it can be one."""
    return said if said is not None and CODE.fullmatch(said) else None


def known_by(*given: Identifier) -> tuple[Identifier, ...]:
    """Those by which somebody can be found, each once and in the one spelling."""
    found: dict[Identifier, None] = {}
    for each in given:
        with suppress(Invalid):
            found[normalised(each)] = None
    return tuple(found)


def meant(by: Mapping[str, T], said: str, field: str) -> T:
    """What a word of theirs is among ours, where something rests on it. Raises Unreadable where it is not known."""
    if said not in by:
        raise Unreadable(f"{field}: this is none of {', '.join(by)}")
    return by[said]


def as_id(said: str | None) -> str | None:
    """A name of something as it is one here: without blanks and slashes, however it is spelt."""
    found = "-".join("".join(each if each.isprintable() else " " for each in said or "").replace("/", " ").split())
    return found[:LONGEST_KEY] or None


def shortened(*said: str | None) -> str | None:
    """What is said, each in lines of its own, as far as there is room."""
    text = "\n".join(each for each in said if each)
    return f"{text[: LONGEST_TEXT - 1]}…" if len(text) > LONGEST_TEXT else text or None


def money(amount: str | float | Decimal | None, currency: str | None) -> Money | None:
    """An amount in a currency of today, in its smallest units; None where it cannot be one."""
    code = (currency or "").upper()
    if amount is None or code not in ACTIVE:
        return None
    try:
        exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-DIGITS.get(code, 2)), ROUND_HALF_EVEN)
        return Money(amount=exact, currency=code) if exact >= 0 else None
    except (InvalidOperation, ValueError):
        return None
