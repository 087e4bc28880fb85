"""How a column is compared, as an address and a group write it: understood, or told how it can be."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from api.parameters import wrong
from projections.columns import Column
from projections.projection import Projection
from projections.query import Filter
from projections.relative import relative

OPERATORS = ("eq", "ne", "in", "lt", "le", "gt", "ge", "null", "has")
DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
AS_DATED = "a date is written as 2026-03-01, and an instant as 2026-03-01T09:00:00+08:00"
MOST_DIGITS = 1_000  # Before the point or behind it: more than anybody means, and fewer than PostgreSQL knows.


def condition(view: Projection, parameter: str, text: str, now: datetime) -> Filter:
    """`status=new`, `amount.ge=1000`, `status.in=new,lost`, `owner_id.null=true`, `phones.has=…`, `due_at.le=3d`.

    Raises InvalidRequest.
    """
    name, _, operator = parameter.partition(".")
    if name not in view.filters or operator not in ("", *OPERATORS):
        raise wrong(parameter, f"{view.name} is filtered by {', '.join(view.filters)}, and by {', '.join(OPERATORS)}")
    column = view.told(name)

    def read(each: str) -> Any:
        found = relative(column, each, now)
        return compared(parameter, view, column, each) if found is None else found

    match operator or "eq":
        case "null":
            return Filter(name, "null", typed(parameter, bool, text))
        case "in":
            return Filter(name, "in", [read(each) for each in text.split(",")])
        case other:
            return Filter(name, other, read(text))  # type: ignore[arg-type]  # One of OPERATORS.


def compared(parameter: str, view: Projection, column: Column, text: str) -> Any:
    """A value of the column's, or of the items of an array. Raises InvalidRequest."""
    if column.type.startswith(("timestamptz", "date")) and not DATED.match(text):
        raise wrong(parameter, AS_DATED)  # Digits alone would be taken for seconds since 1970.
    return typed(parameter, item_type(view, column), text)


def item_type(view: Projection, column: Column) -> Any:
    """The Python type of a column's values, or of the items of an array."""
    computed, _ = view.computed.get(column.name, (None, ""))
    hint = computed or view.hints[column.name]
    return get_args(hint)[0] if column.many else hint


def typed(parameter: str, kind: Any, text: str) -> Any:
    """Raises InvalidRequest."""
    if "\0" in text:
        raise wrong(parameter, "a text has no NUL character")
    try:
        found = TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise wrong(parameter, error.errors()[0]["msg"]) from None
    match found:
        case int() if abs(found) >= 2**63:
            raise wrong(parameter, "this is larger than any number here")
        case float() if not isfinite(found):
            raise wrong(parameter, "this is no finite number")
        case Decimal() if abs(found.adjusted()) > MOST_DIGITS or len(found.as_tuple().digits) > MOST_DIGITS:
            raise wrong(parameter, "this has more digits than any number here")
        case datetime():
            try:
                return found.astimezone(UTC)  # Python knows stranger offsets than PostgreSQL does.
            except OverflowError:
                raise wrong(parameter, "this lies beyond all calendars") from None
        case _:
            pass
    return found
