"""Events as Hypothesis makes them: of any class, with whatever its fields may hold."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from domain.money import Money

PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8"), max_size=20),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    timedelta: st.timedeltas(timedelta(-400), timedelta(400)),
    Decimal: st.decimals(-(10**9), 10**9, allow_nan=False) | st.just(Decimal("1E+3")),
    Money: st.builds(
        Money, amount=st.decimals(-(10**9), 10**9, places=2), currency=st.sampled_from(["CNY", "USD", "EUR"])
    ),
    NoneType: st.none(),
}


def anything(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, NewType):
        return anything(annotation.__supertype__)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Annotated:
        return anything(arguments[0])
    if origin in (Union, UnionType):
        return st.one_of(*map(anything, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is Mapping:
        return st.dictionaries(anything(arguments[0]), anything(arguments[1]), max_size=3)
    if origin is tuple:
        return st.lists(anything(arguments[0]), max_size=3).map(tuple)
    assert is_dataclass(annotation), annotation
    return events(annotation)  # type: ignore[arg-type]  # A class, and none of its values.


def events(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls, include_extras=True)
    given = {field.name: anything(hints[field.name]) for field in fields(cls)}
    needed = {field.name for field in fields(cls) if field.default is MISSING}
    some = {name: how for name, how in given.items() if name in needed}
    more = {name: how for name, how in given.items() if name not in needed}
    return st.fixed_dictionaries(some, optional=more).map(lambda found: cls(**found))
