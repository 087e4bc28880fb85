"""Figures over the rows of a list, made when reading, and the way back to the rows behind each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from projections.columns import quoted


@dataclass(frozen=True, slots=True)
class Figure:
    """SQL over a group of rows. Of one that counts rows, `where` is what the list is to be asked for to show just
    these, as in an address: `("status", "lost")`, `("contacting_at.null", "false")`.
    """

    sql: str
    where: tuple[tuple[str, str], ...] | None = None

    @property
    def is_count(self) -> bool:
        """Whether it is a number of rows, and no number of what they tell of."""
        return self.sql.startswith("count(") and "DISTINCT" not in self.sql


@dataclass(frozen=True)
class Summary:
    """Figures over the rows of a view, made when reading: SQL over its columns and `:now`.

    They are told by the columns in `by`, or by other `facets`, which may be computed, and always by those in `apart`
    too: amounts in two currencies are not added up. A list can be filtered by all of them. `among` tells which rows
    they are about; None is all. The rows that a figure counts are there for whoever asks where it says which these are;
    all are where it is `count(*)`.
    """

    by: tuple[str, ...]
    facets: tuple[str, ...]
    figures: Mapping[str, str | Figure]
    apart: tuple[str, ...] = ()
    among: Figure | None = None

    @cached_property
    def told(self) -> dict[str, Figure]:
        return {name: whole(each) if isinstance(each, str) else each for name, each in self.figures.items()}


def whole(sql: str) -> Figure:
    return Figure(sql, () if sql == "count(*)" else None)


def counted(*where: tuple[str, str]) -> Figure:
    """How many rows are as a list would be asked for them: `("status", "lost")`, `("reopens.gt", "0")`."""
    return Figure(f"count(*) FILTER (WHERE {' AND '.join(holds(*each) for each in where)})", where=where)


def with_a(column: str) -> Figure:
    """How many rows have a value in a column."""
    return counted((f"{column}.null", "false"))


def holds(parameter: str, text: str) -> str:
    """The condition in SQL; the texts are our own."""
    column, _, operator = parameter.partition(".")
    match operator:
        case "null":
            return f"{quoted(column)} IS {'' if text == 'true' else 'NOT '}NULL"
        case "in":
            return f"{quoted(column)} IN ({', '.join(map(literal, text.split(',')))})"
        case _:
            return f"{quoted(column)} {COMPARED[operator or 'eq']} {literal(text)}"


COMPARED = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def literal(text: str) -> str:
    assert "'" not in text, text
    return f"'{text}'"
