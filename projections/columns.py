"""The columns of a row class: their PostgreSQL types, and how values travel to and from them."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.signature import members
from domain.values import PERSONAL
from projections.rows import OfPerson, Row, Scoped

TYPES: dict[Any, str] = {
    UUID: "uuid",
    str: "text",
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    Decimal: "numeric",
    datetime: "timestamptz",
    date: "date",
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    nullable: bool
    personal: bool = False

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def many(self) -> bool:
        return self.type.endswith("[]")


def quoted(name: str) -> str:
    """An identifier; some good words for columns are PostgreSQL's own."""
    assert '"' not in name
    return f'"{name}"'


def columns(row: type[Row]) -> tuple[Column, ...]:
    """Those that the class itself names, then those that many rows have, and last what every row carries."""
    hints = get_type_hints(row, include_extras=True)
    last = [each.name for each in fields(Row)]
    shared = next((each for each in (OfPerson, Scoped) if issubclass(row, each)), Row)
    common = [each.name for each in fields(shared) if each.name not in last]
    own = [each.name for each in fields(row) if each.name not in {*common, *last}]
    return tuple(Column(name, *sql_type(hints[name]), is_personal(hints[name])) for name in (*own, *common, *last))


def is_personal(annotation: Any) -> bool:
    """Whether it is marked so, or the items of an array are."""
    if get_origin(annotation) is Annotated:
        return PERSONAL in get_args(annotation)[1:]
    return any(is_personal(each) for each in get_args(annotation))


def sql_type(annotation: Any) -> tuple[str, bool]:
    """The type of a column, and whether it may be NULL. A tuple is an array; its items may be NULL in any case."""
    kinds = [kind for kind in members(annotation) if kind is not NoneType]
    assert len(kinds) == 1, f"a column has one type, not {annotation}"
    (kind,) = kinds
    if get_origin(kind) is Annotated:
        return sql_type(get_args(kind)[0])[0], NoneType in members(annotation)
    kind = getattr(kind, "__supertype__", kind)
    nullable = NoneType in members(annotation)
    if get_origin(kind) is Literal:
        assert all(isinstance(each, str) for each in get_args(kind)), f"{kind} is not text"
        return "text", nullable
    if get_origin(kind) is tuple:
        inner, dots = get_args(kind)
        assert dots is ..., f"{kind} has no array type"
        return f"{sql_type(inner)[0]}[]", nullable
    assert kind in TYPES, f"a column cannot be of {annotation}"
    return TYPES[kind], nullable
