"""What somebody asks for is in a currency of today; what was stored, or is told of the past, may have had others."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from domain.currency import ACTIVE
from domain.errors import Invalid
from domain.money import Money
from domain.values import outside_name


def must_be_current(command: Any) -> None:
    """Refuses, with Invalid, an amount in what is no currency, or is one no more."""
    if not mentions_money(command.__class__):
        return
    for where, amount in amounts("", command):
        if amount.currency not in ACTIVE:
            raise Invalid(field=where, because=f"{amount.currency} is no currency of today (ISO 4217)")


def amounts(where: str, found: object) -> Iterator[tuple[str, Money]]:
    """All amounts in a value, each with the place where it is."""
    match found:
        case Money():
            yield where, found
        case tuple():
            for nth, each in enumerate(found):
                yield from amounts(f"{where}/{nth}", each)
        case _ if is_dataclass(found):
            for field in fields(found):
                name = outside_name(field.name)
                yield from amounts(f"{where}/{name}" if where else name, getattr(found, field.name))
        case _:
            pass


@cache
def mentions_money(kind: Any) -> bool:
    """Whether there may be an amount in values of a type: most commands have none, and are not looked through."""
    if kind is Money:
        return True
    inside = get_type_hints(kind).values() if is_dataclass(kind) else get_args(kind)
    return any(mentions_money(each) for each in inside)
