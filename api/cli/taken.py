"""Rows of a view as they are taken away: for people, for spreadsheets, for programs and for analysis."""

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from api.cli.say import records
from consumers.at import Moment
from projections.columns import sql_type
from projections.projection import Projection
from projections.query import told

Rows = Sequence[Sequence[Any]]


def in_table(view: Projection, when: Moment, columns: Sequence[str], rows: Rows) -> None:
    print(f"{view.name} at position {when.position:,}, as of {when.now.isoformat()}: {len(rows):,} rows")
    records(columns, [[None if each is None else text(each) for each in row] for row in rows])


def in_csv(columns: Sequence[str], rows: Rows) -> None:
    """An empty cell is no value; what is several values is a JSON array."""
    written = csv.writer(sys.stdout, lineterminator="\n")
    written.writerow(columns)
    written.writerows([None if each is None else text(each) for each in row] for row in rows)


def text(found: object) -> str:
    match found:
        case bool():
            return "true" if found else "false"
        case datetime():
            return found.isoformat()
        case list() | dict():
            return to_json(found).decode()
        case _:
            return str(found)


def in_json(view: Projection, when: Moment, columns: Sequence[str], rows: Rows) -> None:
    """A document with a row in each line, its values as the API has them."""
    told = to_json({"view": view.name, "position": when.position, "now": when.now, "occurred": when.occurred}).decode()
    print(f'{told[:-1]},"rows":[')
    for number, row in enumerate(rows, 1):
        print(to_json(dict(zip(columns, row, strict=True))).decode() + ("," if number < len(rows) else ""))
    print("]}")


# Parquet


def parquet_is_there() -> Any:
    """Raises ModuleNotFoundError, which says what to install."""
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Parquet comes with lifeledger[parquet], which is not installed") from None
    return pyarrow


def in_parquet(view: Projection, when: Moment, rows: Rows, output: Path) -> None:
    """Typed columns; an amount has as many decimals as the column needs, and the file says what it is of."""
    arrow = parquet_is_there()
    kinds = sql_types(view)
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    arrays = [array(arrow, kind, values) for kind, values in zip(kinds.values(), columns, strict=True)]
    of = {"view": view.name, "position": str(when.position), "as of": when.now.isoformat()}
    if when.occurred is not None:
        of["occurred by"] = when.occurred.isoformat()
    table = arrow.table(dict(zip(kinds, arrays, strict=True))).replace_schema_metadata(of)
    arrow.parquet.write_table(table, output)


def sql_types(view: Projection) -> Mapping[str, str]:
    return {each.name: each.type for each in told(view)} | {
        name: sql_type(kind)[0] for name, (kind, _) in view.computed.items()
    }


def array(arrow: Any, kind: str, values: Sequence[Any]) -> Any:
    item = kind.removesuffix("[]")
    if item == "uuid":
        values = [strings(each) for each in values]
    if item == "numeric":
        found = arrow.array(values)
        of_nothing = (arrow.null(), arrow.list_(arrow.null()))
        return found.cast(arrow_type(arrow, kind)) if found.type in of_nothing else found
    return arrow.array(values, arrow_type(arrow, kind))


def strings(found: Any) -> Any:
    if isinstance(found, list):
        return [strings(each) for each in found]
    return None if found is None else str(found)


def arrow_type(arrow: Any, kind: str) -> Any:
    if kind.endswith("[]"):
        return arrow.list_(arrow_type(arrow, kind.removesuffix("[]")))
    return {
        "uuid": arrow.string(),
        "text": arrow.string(),
        "boolean": arrow.bool_(),
        "bigint": arrow.int64(),
        "double precision": arrow.float64(),
        "numeric": arrow.decimal128(38, 2),
        "timestamptz": arrow.timestamp("us", "UTC"),
        "date": arrow.date32(),
    }[kind]
