"""One table of leads that somebody has sent: how it is laid out, and its rows, some at a time, as what they ask."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from api.lines import Lines
from api.problems import TooManyRows
from api.service import Service
from api.sheet.layout import FIELDS, Layout, lacking, laid_out, must_suffice, typed
from api.sheet.reading import Read, below_the_header, read_row
from api.sheet.records import Record
from api.sheet.rows import Rows
from api.sheet.unfit import Fault, Unfit, unfit
from api.sheet.uploaded import Uploaded, from_unfit, printable
from domain.actor import Actor
from domain.catalog import LEAD_FIELDS, Catalog

MOST_ROWS = 20_000
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the table, and what it asks."""

    record: Record
    read: Read


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and lines count what they have seen: a table is gone through once."""

    sent: Uploaded
    layout: Layout
    longest: int

    def records(self) -> Iterator[Record]:
        return below_the_header(self.sent.opened(), self.layout, self.longest)

    def count(self) -> int:
        """How many rows there are. Raises TooManyRows, or InvalidRequest where they cannot be read at all."""
        try:
            found = sum(1 for _ in islice(self.records(), MOST_ROWS + 1))
        except UnicodeError:
            raise from_unfit(unreadable(self.layout)) from None
        if found > MOST_ROWS:
            raise TooManyRows(limit=MOST_ROWS)
        return found

    def rows(self, service: Service, who: Actor, trace_id: str) -> Iterator[Row]:
        """Each as a command of who sends them.

        New leads without a key are his own, so that whoever sends the same table after him hears whose they are; what
        has a key, and history, is the same for everybody.
        """
        everybody = self.layout.history or "key" in self.layout.columns
        whose = b"" if everybody else f"{who.kind}:{who.id}\0".encode()

        def digest(kind: str, body: bytes) -> bytes:
            return service.write.ledger.digest(kind, whose + body)

        lines, rows = Lines(service.forms, who, digest), Rows(self.layout, self.longest, digest)
        for record in self.records():
            yield Row(record, read_row(record, lines, rows, trace_id))


def unreadable(layout: Layout) -> Unfit:
    return Unfit([Fault(f"{layout.encoding!r} is not how it is written", ("encoding",))])


def table_of(service: Service, sent: Uploaded, *, enough: bool) -> Table:
    """How a table is to be read; with `enough` its columns have to be those of leads. Raises InvalidRequest."""
    longest = int(service.settings.max_body)
    try:
        if not sent.raw.strip():
            raise unfit("it has no rows")
        layout = typed(laid_out(sent.opened, sent.told, None, longest), lead_fields(service))
        if enough:
            must_suffice(layout)
    except Unfit as no:
        raise from_unfit(no) from None
    return Table(sent, layout, longest)


def lead_fields(service: Service) -> Catalog:
    found = service.write.executor.state(f"catalog/{LEAD_FIELDS}").state
    assert isinstance(found, Catalog)
    return found


# What is told of it


def layout_told(layout: Layout) -> dict[str, Any]:
    return {
        "encoding": layout.encoding,
        "separator": layout.separator,
        "history": layout.history,
        "header": [*map(printable, layout.header)],
        "columns": {name: [*map(printable, columns)] for name, columns in layout.columns.items()},
        "values": {**layout.values, **{f"custom/{name}": given for name, given in layout.custom.items()}},
        "unmapped": [*map(printable, layout.unmapped)],
        "lacking": [*map(printable, lacking(layout))],
    }


def looked_at(service: Service, sent: Uploaded) -> dict[str, Any]:
    """The columns of a table, what is guessed of them, its first rows, and what they might be."""
    table = table_of(service, sent, enough=False)
    rows = table.count()
    return {
        "layout": layout_told(table.layout),
        "rows": rows,
        "sample": [cells_told(each) for each in islice(table.records(), SAMPLE)],
        "fields": [*FIELDS],
        "custom": [custom_told(each) for each in lead_fields(service).fields],
    }


def custom_told(field: Any) -> Mapping[str, Any]:
    return {
        "field": f"custom/{field.name}",
        "type": field.type,
        "required": field.required,
        "personal": field.personal,
        "choices": [*field.choices],
    }


def cells_told(record: Record) -> dict[str, Any]:
    cells: Sequence[str] = record.cells or (record.text,)
    return {"row": record.number, "cells": [*map(printable, cells)]}
