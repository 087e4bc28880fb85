"""Rows of a table as commands, or as the problem why one is none; whoever brings the table in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydantic_core import from_json, to_json

from api.answers import refused_line
from api.lines import Lines
from api.problems import Fault
from api.sheet.layout import Layout
from api.sheet.records import Record, records
from api.sheet.rows import Rows
from commands.ask import Ask


@dataclass(frozen=True, slots=True)
class Read:
    """One line: where it stands, how it stands there, and its command, or the problem that it is no command."""

    number: int
    raw: bytes
    ask: Ask | None
    problem: bytes = b""


def below_the_header(file: BinaryIO, layout: Layout, longest: int) -> Iterator[Record]:
    """The rows that are not empty."""
    every = (row for row in records(file, layout.encoding, layout.separator, longest) if not row.empty)
    next(every, None)
    yield from every


def read_row(row: Record, lines: Lines, rows: Rows, trace_id: str) -> Read:
    """A row becomes a line, and goes the way of all lines from then on."""
    raw = as_it_stood(row.text)
    lines.command_id = None
    try:
        ask = lines.ask(to_json(rows.line(row)))
    except Fault as fault:
        return Read(row.number, raw, None, refused_line(row.number, lines.command_id, fault, trace_id))
    return Read(row.number, raw, ask)


def as_it_stood(text: str) -> bytes:
    """The bytes of a row, those too that are none of its encoding; what nothing can write is written out."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def told(row: Read, layout: Layout) -> list[tuple[str, str]]:
    """What is wrong with a row that is no command, and in which column."""
    problem = layout.with_columns(from_json(row.problem))["problem"]
    return faults(problem)


def faults(problem: dict[str, object]) -> list[tuple[str, str]]:
    """The same of a problem in which the columns have been named."""
    errors = problem.get("errors") or [{"detail": problem["detail"]}]
    assert isinstance(errors, list)
    return [(each.get("column", ""), each["detail"]) for each in errors]
