"""OCEL 2.0 as SQLite: a table for each type of events and of objects, and the relations among them.

https://www.ocel-standard.org/specification/formats/sqlite
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from consumers.export.attributes import ENVELOPE, instant, of_event
from consumers.export.objects import FACTS, NAMES
from consumers.export.states import ATTRIBUTES
from consumers.export.told import Entry

CACHE_KILOBYTES = 64_000
BEGINNING = "1970-01-01T00:00:00.000000+00:00"  # When an object has its first row, as the specification has it.
COLUMNS = {"string": "TEXT", "time": "TIMESTAMP", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN"}
PRAGMAS = (
    "journal_mode = OFF",  # A file that is not whole is thrown away.
    "synchronous = OFF",
    f"cache_size = -{CACHE_KILOBYTES}",
    "temp_store = FILE",
)
TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT UNIQUE);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT UNIQUE);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (
    ocel_event_id TEXT REFERENCES event (ocel_id), ocel_object_id TEXT REFERENCES object (ocel_id),
    ocel_qualifier TEXT, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier)
) WITHOUT ROWID;
CREATE TABLE object_object (
    ocel_source_id TEXT REFERENCES object (ocel_id), ocel_target_id TEXT REFERENCES object (ocel_id),
    ocel_qualifier TEXT, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier)
) WITHOUT ROWID;
"""
OBJECT = "INSERT OR IGNORE INTO object VALUES (?, ?)"
OBJECT_OBJECT = "INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)"
Row = Sequence[Any]


def mapped(type_: str) -> str:
    """The name of a type's table: lead.follow-up-logged is in event_LeadFollowUpLogged."""
    return "".join(part.capitalize() for part in re.split(r"[^0-9a-z]", type_))


KINDS = {name: kind for kind, name in FACTS.items()}


@cache
def attributes_of(type_: str) -> Mapping[str, str]:
    """What a type of events has, with the types of that."""
    own = of_event(KINDS[type_], type_.partition(".")[0])
    return {each.name: each.type for each in (*ENVELOPE, *own)}


class Tables:
    """A log in the making; what is not needed in `events` is left out. Memory: the cache, and a batch."""

    def __init__(self, path: Path, *, events: bool = True) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.events = events
        self.event_types: dict[str, Collection[str]] = {}
        self.changes: dict[tuple[str, str], str] = {}
        for pragma in PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.executescript(TABLES)
        self.connection.execute("BEGIN")
        for kind, name in NAMES.items():
            self.connection.execute("INSERT INTO object_map_type VALUES (?, ?)", [name, name])
            columns = ["ocel_id TEXT", "ocel_time TIMESTAMP", "ocel_changed_field TEXT", *typed(ATTRIBUTES[kind])]
            self.connection.execute(f"CREATE TABLE object_{name} ({', '.join(columns)})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()

    def add(self, entries: Iterable[Entry]) -> None:
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        for each in entries:
            for found, kind, qualifier in each.objects:
                rows[OBJECT].append((found, NAMES[kind]))
                if self.events:
                    rows["INSERT INTO event_object VALUES (?, ?, ?)"].append((each.id, found, qualifier))
            rows[OBJECT_OBJECT] += each.related
            for found, kind, name, value in each.stated:
                rows[self.change(kind, name)].append((found, instant(each.at), name, value))
            if self.events:
                names = self.declared(each.type)
                rows["INSERT INTO event VALUES (?, ?)"].append((each.id, each.type))
                rows[f"INSERT INTO event_{mapped(each.type)} VALUES (?, ?{', ?' * len(names)})"].append(
                    (each.id, instant(each.at), *map(each.attributes.get, names))
                )
        for statement, given in rows.items():
            self.connection.executemany(statement, given)

    def change(self, kind: str, name: str) -> str:
        """How a change of an attribute is inserted."""
        found = self.changes.get((kind, name))
        if found is None:
            columns = f'ocel_id, ocel_time, ocel_changed_field, "{name}"'
            found = f"INSERT INTO object_{NAMES[kind]} ({columns}) VALUES (?, ?, ?, ?)"
            self.changes[kind, name] = found
        return found

    def declared(self, type_: str) -> Collection[str]:
        """The names of the attributes of a type that has its table."""
        names = self.event_types.get(type_)
        if names is None:
            found = attributes_of(type_)
            names = self.event_types[type_] = found.keys()
            self.connection.execute("INSERT INTO event_map_type VALUES (?, ?)", [type_, mapped(type_)])
            columns = ["ocel_id TEXT PRIMARY KEY REFERENCES event (ocel_id)", "ocel_time TIMESTAMP", *typed(found)]
            self.connection.execute(f"CREATE TABLE event_{mapped(type_)} ({', '.join(columns)})")
        return names

    def finish(self) -> None:
        """Every object gets the row that all have, and types of which there is none go."""
        for name in NAMES.values():
            found = self.connection.execute("SELECT 1 FROM object WHERE ocel_type = ? LIMIT 1", [name]).fetchone()
            if found is None:
                self.connection.execute("DELETE FROM object_map_type WHERE ocel_type = ?", [name])
                self.connection.execute(f"DROP TABLE object_{name}")
            else:
                self.connection.execute(
                    f"INSERT INTO object_{name} (ocel_id, ocel_time) SELECT ocel_id, ? FROM object WHERE ocel_type = ?",
                    [BEGINNING, name],
                )
        self.connection.execute("COMMIT")

    def count(self, table: str) -> int:
        (found,) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(found)


def typed(attributes: Mapping[str, str]) -> list[str]:
    return [f'"{name}" {COLUMNS[type_]}' for name, type_ in attributes.items()]
