"""Rows as comma-separated values (RFC 4180, UTF-8) that a spreadsheet can open without being told to do anything."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import to_json, to_jsonable_python

MEDIA_TYPE = "text/csv; charset=utf-8"
# What a spreadsheet takes for the beginning of a formula. The apostrophe before it is what an import takes off again.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A line for each row."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([cell(row[name]) for name in columns] for row in rows)
    return out.getvalue().encode()


def header(columns: Sequence[str]) -> bytes:
    return lines(columns, [dict(zip(columns, columns, strict=True))])


def cell(value: Any) -> Any:
    """As in JSON, where there is no value nothing; what has several values is JSON itself."""
    match value:
        case None:
            return ""
        case bool() | list() | tuple() | dict():
            return to_json(value).decode()
        case str():
            return f"'{value}" if value.startswith(FORMULA) else value
        case _:
            return to_jsonable_python(value)
