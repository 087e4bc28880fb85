"""A value of any type, numbered: whatever has the same number belongs together."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.identity import Identifier
from domain.money import Money

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PLAIN: dict[Any, Any] = {
    bool: False,
    date: NOON.date(),
    datetime: NOON,
    Decimal: Decimal(1),
    float: 1.0,
    Money: Money(amount=Decimal(1), currency="CNY"),
    Identifier: Identifier(kind="email", value="li@example.cn"),
    object: "x",
    Any: "x",
}


def anything(hint: Any, number: int) -> Any:
    """Never None, where it may be something."""
    origin, arguments = get_origin(hint), get_args(hint)
    plain = getattr(hint, "__supertype__", hint)
    if hint in PLAIN or plain in PLAIN:
        return PLAIN.get(hint, PLAIN.get(plain))
    if plain is UUID:
        return UUID(int=number)
    if plain is str:
        return f"thing-{number}"
    if plain is int:
        return number
    if origin is Annotated:
        return anything(arguments[0], number)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return anything(next(each for each in arguments if each is not NoneType), number)
    if origin in (tuple, frozenset):
        return origin([anything(arguments[0], number)])
    if origin is Mapping:
        return {anything(arguments[0], number): anything(arguments[1], number)}
    return made(plain, number)


def made(kind: type, number: int, **given: Any) -> Any:
    """One of a class, with all that it must have."""
    hints = get_type_hints(kind, include_extras=True)
    needed = [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    return kind(**{name: anything(hints[name], number) for name in needed} | given)
