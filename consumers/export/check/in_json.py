"""What is wrong with an object-centric log in JSON: its form, the values in it, and the log itself.

It is read piece by piece, twice: what is declared may stand behind what is of it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from consumers.export.check.in_sqlite import is_time
from consumers.export.check.log import faults_of_log
from consumers.export.check.pieces import NotJson, Pieces
from consumers.export.check.times import Times
from domain.values import Instant

ARRAYS = ("eventTypes", "objectTypes", "events", "objects")
TABLES = """
PRAGMA cache_size = -64000; PRAGMA temp_store = FILE; PRAGMA journal_mode = OFF;
CREATE TABLE event (ocel_id, ocel_type); CREATE TABLE object (ocel_id, ocel_type);
CREATE TABLE event_map_type (ocel_type); CREATE TABLE object_map_type (ocel_type);
CREATE TABLE event_object (ocel_event_id, ocel_object_id, ocel_qualifier);
CREATE TABLE object_object (ocel_source_id, ocel_target_id, ocel_qualifier);
"""
CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "time": is_time,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
Declared = dict[str, dict[str, str]]
"""The attributes of each type, and the types of those."""


def faults_of_json(path: Path, now: Instant) -> Iterator[str]:
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as connection:  # On disk, where it is much.
            connection.executescript(TABLES)
            connection.execute("BEGIN")
            yield from Document(path, connection, Times(now)).faults()
    except NotJson as wrong:
        yield f"{path.name}: {wrong}"


class Document:
    def __init__(self, path: Path, connection: sqlite3.Connection, times: Times) -> None:
        self.path, self.connection, self.times = path, connection, times
        self.types: dict[str, Declared] = {"event": {}, "object": {}}

    def faults(self) -> Iterator[str]:
        found: list[str] = []
        for array, place, item in Pieces(self.path, found.append):
            if array in ("eventTypes", "objectTypes"):
                yield from self.declare(array.removesuffix("Types"), place, item)
        for name in ARRAYS:
            if name not in found:
                yield f"{self.path.name} has no {name}"
        for name in dict.fromkeys(found):
            if name not in ARRAYS:
                yield f"{self.path.name} has {name!r}, which is nothing of OCEL"
            elif found.count(name) > 1:
                yield f"{self.path.name} has {name} more than once"
        for array, place, item in Pieces(self.path, lambda _: None):
            if array in ("events", "objects"):
                yield from self.thing(array.removesuffix("s"), place, item)
        yield from faults_of_log(self.connection)
        yield from self.times.at_the_end()

    def declare(self, what: str, place: str, item: Any) -> Iterator[str]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            yield f"{place} is no type with a name"
            return
        name = item["name"]
        self.connection.execute(f"INSERT INTO {what}_map_type VALUES (?)", [name])
        yield from unknown(f"{what} type {name!r}", item, "name", "attributes")
        attributes = self.types[what].setdefault(name, {})
        for each in listed(item, "attributes"):
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                yield f"{what} type {name!r}: {each!r} is no attribute with a name"
            elif each.get("type") not in CHECKS:
                yield f"{what} type {name!r}: attribute {each['name']!r} is of the unknown type {each.get('type')!r}"
            elif each["name"] in attributes:
                yield f"{what} type {name!r}: attribute {each['name']!r} is declared twice"
            else:
                attributes[each["name"]] = each["type"]

    def thing(self, what: str, place: str, item: Any) -> Iterator[str]:
        """An event or an object."""
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not isinstance(item.get("type"), str):
            yield f"{place} is no {what} with an id and a type"
            return
        name, type_ = item["id"], item["type"]
        thing = f"{what} {name!r}"
        self.connection.execute(f"INSERT INTO {what} VALUES (?, ?)", [name, type_])
        known = ("id", "type", "attributes", "relationships", *(["time"] if what == "event" else []))
        yield from unknown(thing, item, *known)
        for key in ("attributes", "relationships"):
            if not isinstance(item.get(key, []), list):
                yield f"{thing}: its {key} are no array"
        if what == "event":
            yield from self.times.event(thing, item.get("time"))
        attributes = self.types[what].get(type_)
        told: set[str] = set()
        for each in listed(item, "attributes"):
            yield from self.attribute(what, thing, each, attributes)
            named = str(each.get("name")) if isinstance(each, dict) else ""
            if what == "event" and named in told:
                yield f"{thing}, attribute {named!r}: it is told twice"
            told.add(named)
        yield from self.relations(what, thing, name, item)

    def attribute(self, what: str, thing: str, found: Any, declared: dict[str, str] | None) -> Iterator[str]:
        if not isinstance(found, dict) or not isinstance(found.get("name"), str) or "value" not in found:
            yield f"{thing}: {found!r} is no attribute with a name and a value"
            return
        where = f"{thing}, attribute {found['name']!r}"
        yield from unknown(where, found, "name", "value", *(["time"] if what == "object" else []))
        if what == "object":
            yield from self.times.change(where, found.get("time"))
        if declared is None:
            return
        type_ = declared.get(found["name"])
        if type_ is None:
            yield f"{where} is not declared for its type"
        elif not CHECKS[type_](found["value"]):
            yield f"{where}: {found['value']!r} is no {type_}"

    def relations(self, what: str, thing: str, name: str, item: dict[str, Any]) -> Iterator[str]:
        rows = []
        for each in listed(item, "relationships"):
            if isinstance(each, dict) and isinstance(each.get("objectId"), str | None):
                yield from unknown(f"{thing}, a relation", each, "objectId", "qualifier")
                qualifier = each.get("qualifier")
                rows.append((name, each.get("objectId"), qualifier if isinstance(qualifier, str) else None))
            else:
                yield f"{thing}: {each!r} is no relation to an object"
        self.connection.executemany(f"INSERT INTO {what}_object VALUES (?, ?, ?)", rows)


def listed(item: dict[str, Any], key: str) -> list[Any]:
    found = item.get(key, [])
    return found if isinstance(found, list) else []


def unknown(thing: str, item: dict[str, Any], *known: str) -> Iterator[str]:
    for key in item:
        if key not in known:
            yield f"{thing} has {key!r}, which is nothing of OCEL"
