"""What an import of a table would do: its first rows as commands, and what cannot be read."""

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter
from pydantic_core import to_json

from api.cli.reading import Order, chunks
from api.cli.say import Failure, document, table
from api.sheet.layout import Layout
from api.sheet.reading import Read, told
from commands.ask import Ask

FIRST = 5
MOST = 20  # Problems that are told, and row numbers for each.


def preview(name: Path, file: BinaryIO, order: Order, layout: Layout, *, json: bool) -> None:
    """Read the whole file and tell; raises Failure when a row cannot be read."""
    first: list[Read] = []
    problems: dict[tuple[str, str], list[int]] = {}
    counts = Counter[str]()
    for row in (row for chunk in chunks(file, order) for row in chunk.lines):
        counts["rows"] += 1
        if row.ask is None:
            counts["unreadable"] += 1
            for problem in told(row, layout):
                problems.setdefault(problem, []).append(row.number)
        elif len(first) < FIRST:
            first.append(row)
    found = {
        "history": layout.history,
        "encoding": layout.encoding,
        "separator": layout.separator,
        "columns": layout.columns,
        "values": {**layout.values, **{f"custom/{field}": given for field, given in layout.custom.items()}},
        "unmapped": layout.unmapped,
        "first": [line(row.ask) for row in first if row.ask is not None],
        "rows": counts["rows"],
        "unreadable": counts["unreadable"],
        "problems": [
            {"column": column, "detail": detail, "rows": len(numbers), "first": numbers[:MOST]}
            for (column, detail), numbers in islice(problems.items(), MOST)
        ],
    }
    if json:
        document(found)
    else:
        show(name, found, [row.number for row in first])
    if counts["unreadable"]:
        raise Failure(f"{counts['unreadable']:,} of {counts['rows']:,} rows cannot be read")


def line(ask: Ask) -> dict[str, Any]:
    """A command as it would stand in a line of its own."""
    data = TypeAdapter(type(ask.command)).dump_python(ask.command, mode="json", by_alias=True, exclude_defaults=True)
    found: dict[str, Any] = {"command": type(ask.command).__name__, "id": str(ask.command_id), "data": data}
    if ask.occurred_at is not None:
        found["occurred_at"] = ask.occurred_at.isoformat()
    if ask.source is not None:
        found["source"] = {"system": ask.source.system, "message_id": ask.source.message_id}
    return found


def show(name: Path, found: Mapping[str, Any], numbers: list[int]) -> None:
    kind = "history" if found["history"] else "new leads"
    separator = {"\t": "tabs"}.get(found["separator"], found["separator"])
    encoding = found["encoding"].removesuffix("-sig").upper()
    print(f"{name}: {kind}, {found['rows']:,} rows, written in {encoding}, separated by {separator}\n")
    columns = [(field, ", ".join(names)) for field, names in found["columns"].items()]
    same = [(field, f"always {text}") for field, text in found["values"].items() if field not in found["columns"]]
    table(("field", "column"), [*columns, *same])
    print(f"\nnot mapped: {', '.join(found['unmapped']) or 'none'}\n")
    for number, each in zip(numbers, found["first"], strict=True):
        print(f"row {number}: {to_json(each).decode()}")
    for each in found["problems"]:
        where = ", ".join(map(str, each["first"])) + (" …" if each["rows"] > len(each["first"]) else "")
        print(f"{each['column'] or 'the row'}: {each['detail']}; {each['rows']:,} of them: row {where}")
