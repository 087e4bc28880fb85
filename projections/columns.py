"""The columns of a row class: their PostgreSQL types, and how values travel to and from them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.signature import members
from projections.rows import Row, Scoped

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
    hints = get_type_hints(row)
    last = [each.name for each in fields(Row)]
    common = [each.name for each in fields(Scoped) if issubclass(row, Scoped) and each.name not in last]
    own = [each.name for each in fields(row) if each.name not in {*common, *last}]
    return tuple(Column(name, *sql_type(hints[name])) for name in (*own, *common, *last))


def sql_type(annotation: Any) -> tuple[str, bool]:
    """The type of a column, and whether it may be NULL. A tuple is an array; its items may be NULL in any case."""
    kinds = [kind for kind in members(annotation) if kind is not NoneType]
    assert len(kinds) == 1, f"a column has one type, not {annotation}"
    (kind,) = kinds
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


# Rows as text for COPY

SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copied(row: type[Row]) -> Callable[[Row], str]:
    """How a row is written as a line of COPY's text format."""
    writers = [(each.name, array if each.many else WRITERS.get(each.type, str)) for each in columns(row)]

    def line(found: Row) -> str:
        values = found.__dict__
        return "\t".join(["\\N" if (value := values[name]) is None else write(value) for name, write in writers]) + "\n"

    return line


def text(value: str) -> str:
    if "\0" in value:
        raise ValueError("PostgreSQL keeps no text with a NUL character in it")
    return value.translate(ESCAPED) if SPECIAL.search(value) else value


def array(value: tuple[Any, ...]) -> str:
    return text("{" + ",".join(map(item, value)) + "}") if value else "{}"


def item(value: Any) -> str:
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


WRITERS: dict[str, Callable[[Any], str]] = {
    "text": text,
    "uuid": lambda value: "%032x" % value.int,  # noqa: UP031 - half the time of its own text.
    "boolean": lambda value: "t" if value else "f",
}
