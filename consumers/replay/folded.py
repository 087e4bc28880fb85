"""What a fold came to, key by key: as rows, as Arrow, and as a table in a notebook."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from consumers.replay.columns import arrow_is_there
from domain.values import Erased
from ledger.envelope import Recorded
from projections.folding import Table

SHOWN = 20  # Rows in a notebook.


@dataclass(frozen=True)
class Folded:
    """Its rows by column, in the order in which the keys came."""

    columns: tuple[str, ...]
    states: Mapping[Any, Any]
    records: tuple[Mapping[str, Any], ...]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, key: Any) -> Any:
        """What the fold came to for a key."""
        return self.states[key]

    def to_arrow(self) -> Any:
        """A pyarrow Table; what has no type of its own there is JSON."""
        arrow = arrow_is_there()
        return arrow.table({name: [in_column(each.get(name)) for each in self.records] for name in self.columns})

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        lines = (
            "".join(f"<td>{escape(text(each.get(name)))}</td>" for name in self.columns)
            for each in self.records[:SHOWN]
        )
        more = f"<p>{len(self):,} rows</p>" if len(self) > SHOWN else ""
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>{more}"


def text(found: Any) -> str:
    match found:
        case None | Erased():
            return ""
        case datetime():
            return found.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(found)


def in_column(found: Any) -> Any:
    match found:
        case None | bool() | int() | float() | str() | datetime() | Decimal():
            return found
        case UUID():
            return str(found)
        case list() | tuple():
            return [in_column(each) for each in found]
        case Erased():
            return None
        case _:
            return to_json(found).decode()


def rows_of(table: Table) -> Folded:
    """The rows of a view."""
    names = tuple(each.name for each in table.view.columns)
    records = tuple({name: getattr(row, name) for name in names} for row in table.rows())
    return Folded(names, table.states, records)


def folded_by(
    function: Callable[..., Any], events: Iterable[Recorded], by: Callable[[Recorded], Any], initial: Any
) -> Folded:
    """What a function makes of the events of each key. A third parameter is given the envelope."""
    enveloped = len(inspect.signature(function).parameters) > 2
    states: dict[Any, Any] = {}
    for recorded in events:
        key = by(recorded)
        before = states.get(key, initial)
        after = function(before, recorded.event, recorded) if enveloped else function(before, recorded.event)
        if after is None:
            states.pop(key, None)
        else:
            states[key] = after
    records = tuple({"key": key} | columns_of(state) for key, state in states.items())
    names = tuple(dict.fromkeys(["key", *(name for each in records for name in each)]))
    return Folded(names, states, records)


def columns_of(state: Any) -> dict[str, Any]:
    """A value or a mapping has a column for each of its fields; all else is one."""
    if is_dataclass(state) and not isinstance(state, type):
        return {field.name: getattr(state, field.name) for field in fields(state)}
    return dict(state) if isinstance(state, Mapping) else {"value": state}
