"""SQL being put together for psycopg2, parameters in their places; text alone, for whoever has a connection."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, its parameters in order, and the columns that it answers with."""

    sql: str
    parameters: list[Any]
    columns: tuple[str, ...]


GIVEN = re.compile(":now|:reader")


@dataclass
class Text:
    """SQL being put together, with the parameters in the order of their places. `reader` is who reads, if a person."""

    now: datetime
    reader: str | None = None
    parts: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def add(self, sql: str, *parameters: Any) -> None:
        """`:now` and `:reader` may stand anywhere in the text, but not together with other parameters."""
        if found := GIVEN.findall(sql):
            assert not parameters, "the places of the parameters would not be known"
            parameters = tuple(self.now if each == ":now" else self.reader for each in found)
            sql = sql.replace(":now", "%s::timestamptz").replace(":reader", "%s::text")
        assert sql.count("%") == sql.count("%s") == len(parameters), f"{sql} has not {len(parameters)} places"
        self.parts.append(sql)
        self.parameters.extend(parameters)

    def statement(self, columns: tuple[str, ...]) -> Statement:
        return Statement(" ".join(self.parts), self.parameters, columns)
