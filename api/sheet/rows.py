"""Rows become lines: each the capture of one lead, under an id that the same row gets again."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from api.problems import BodyTooLarge, InvalidRequest
from api.sheet.cells import Unreadable, amount, bare, custom, digits, identified, instant, phones, plain
from api.sheet.layout import IDENTITIES, TEXTS, Layout, known_region
from api.sheet.records import Record
from domain.identity import Identifier
from ledger.envelope import custom_id

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """The cells of one row by column, and what has been found wrong with them."""

    layout: Layout
    cells: dict[str, str]
    errors: list[dict[str, str]] = field(default_factory=list)

    def all(self, name: str, read: Callable[[str], T]) -> list[T]:
        """What every column of a field says; empty cells say nothing."""
        found = []
        for column in self.layout.columns.get(name, ()):
            if text := self.cells.get(column):
                try:
                    found.append(read(text))
                except Unreadable as wrong:
                    self.wrong(column, str(wrong))
        return found

    def one(self, name: str, read: Callable[[str], T]) -> T | None:
        return next(iter(self.all(name, read)), None)

    def needed(self, name: str, read: Callable[[str], T]) -> T | None:
        """What the one column of a field says, which must not be empty; None too where no column has it."""
        columns = self.layout.columns.get(name, ())
        if columns and not self.cells.get(columns[0]):
            self.wrong(columns[0], f"{name} must not be empty")
        return self.one(name, read)

    def wrong(self, column: str, detail: str) -> None:
        if (error := {"column": column, "detail": detail}) not in self.errors:
            self.errors.append(error)


class Rows:
    """Makes lines of the rows of one file, in their order.

    A lead's id follows from its row's key, where a column has one, else from the row's cells and its ordinal among
    rows with the same. `fingerprint` is the ledger's keyed digest: a plain hash of a phone number could be guessed.
    """

    def __init__(self, layout: Layout, longest: int, fingerprint: Callable[[str, bytes], bytes]) -> None:
        self.layout = layout
        self.longest = longest
        self.fingerprint = fingerprint
        self.seen: Counter[bytes] = Counter()

    def line(self, record: Record) -> dict[str, Any]:
        """The line of a row. Raises a Fault that names each column that cannot be read."""
        if record.too_long:
            raise BodyTooLarge(limit=self.longest)
        row = self.row(record)
        key = row.needed("key", digits)
        data = {"lead_id": str(self.lead_id(record.cells, key)), **self.data(row)}
        line: dict[str, Any] = {"command": "CaptureLead", "data": data}
        if key is not None:
            line["source"] = {"system": self.layout.system, "message_id": key}
        if (at := row.needed("occurred_at", partial(instant, zone=self.layout.time_zone))) is not None:
            line["occurred_at"] = at
        if row.errors:
            raise InvalidRequest(errors=row.errors)
        return line

    def row(self, record: Record) -> Row:
        layout, cells = self.layout, record.cells
        row = Row(layout, dict(zip(layout.header, cells, strict=False)))
        if record.torn is not None:
            row.wrong(layout.named(record.torn), "a quote opens here that does not close where the cell ends")
        for place in range(len(layout.header), len(cells)):
            if cells[place]:
                row.wrong(layout.named(place), f"the header ends with {layout.header[-1]}, and this row goes on")
        for column, text in row.cells.items():
            if any("\ud800" <= each <= "\udfff" or each == "\ufffd" for each in text):
                row.wrong(column, f"this is not written in {layout.encoding}")
        if row.errors:
            raise InvalidRequest(errors=row.errors)
        return row

    def lead_id(self, cells: Sequence[str], key: str | None) -> Any:
        if key is not None:
            return custom_id(self.fingerprint("row", f"{self.layout.system}\0{key}".encode()))
        digest = self.fingerprint("row", "\0".join(cells).rstrip("\0").encode())[:16]
        self.seen[digest] += 1
        return custom_id(self.fingerprint("row", b"%b%d" % (digest, self.seen[digest])))

    def data(self, row: Row) -> dict[str, Any]:
        layout = self.layout
        data: dict[str, Any] = dict(layout.values)
        data |= {name: text for name in TEXTS if (text := row.one(name, plain))}
        data["identities"] = [
            {name: text for name in ("kind", "value", "system") if (text := getattr(each, name)) is not None}
            for each in identities(row)
        ]
        if wanted := row.one("requested_amount", amount):
            currency = row.one("currency", lambda text: bare(text).upper()) or layout.currency
            data["requested_amount"] = {"amount": wanted, "currency": currency}
            if not currency:
                row.wrong(layout.columns["requested_amount"][0], "an amount needs a currency, and there is none")
        own = {name: row.one(f"custom/{name}", partial(custom, kind)) for name, kind in layout.types.items()}
        if given := {**layout.custom, **{name: found for name, found in own.items() if found is not None}}:
            data["custom"] = given
        return data


def identities(row: Row) -> list[Identifier]:
    region = row.one("region", known_region) or row.layout.region
    found = [each for several in row.all("phone", partial(phones, region=region)) for each in several]
    found += row.all("email", lambda text: identified("email", bare(text)))
    found += row.all("wechat", lambda text: identified("wechat", bare(text)))
    found += row.all("external", lambda text: identified("external", digits(text), system=row.layout.system))
    if not found and not row.errors:
        for column in (column for kind in IDENTITIES for column in row.layout.columns.get(kind, ())):
            row.wrong(column, "this is empty, and nothing else tells whom the lead is about")
    return list(dict.fromkeys(found))
