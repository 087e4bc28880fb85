"""OCEL 2.0 as JSON: one document, an event or an object in each line.

https://www.ocel-standard.org/specification/formats/json
"""

import shutil
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from pydantic_core import to_json

from consumers.export.attributes import instant
from consumers.export.objects import NAMES
from consumers.export.ocel_sqlite import Tables, attributes_of
from consumers.export.states import ATTRIBUTES
from consumers.export.told import Entry

KINDS = {name: kind for kind, name in NAMES.items()}


class Lines:
    """Items of an array, one in a line, as they come."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.count = 0

    def add(self, item: Mapping[str, Any]) -> None:
        self.file.write((b",\n" if self.count else b"") + to_json(item))
        self.count += 1


def event(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.type,
        "time": instant(entry.at),
        "attributes": [{"name": name, "value": value} for name, value in entry.attributes.items()],
        "relationships": [{"objectId": found, "qualifier": how} for found, _, how in entry.objects],
    }


def write(file: IO[bytes], tables: Tables, events: Path, event_types: Iterator[str]) -> None:
    """The document, of objects that lie in tables and of events that lie in a file."""
    told = [declared(each, attributes_of(each)) for each in event_types]
    file.write(b'{"eventTypes":' + to_json(told))
    kinds = [name for (name,) in tables.connection.execute("SELECT ocel_type FROM object_map_type ORDER BY 1")]
    file.write(b',\n"objectTypes":' + to_json([declared(name, ATTRIBUTES[KINDS[name]]) for name in kinds]))
    file.write(b',\n"objects":[\n')
    lines = Lines(file)
    for name in kinds:
        for each in objects(tables, name):
            lines.add(each)
    file.write(b'\n],\n"events":[\n')
    with events.open("rb") as found:
        shutil.copyfileobj(found, file)
    file.write(b"\n]}\n")


def declared(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": each, "type": type_} for each, type_ in attributes.items()]}


def objects(tables: Tables, name: str) -> Iterator[dict[str, Any]]:
    """All of a type, with all that is known of each; SQLite brings them together on disk, where they are many."""
    attributes = ATTRIBUTES[KINDS[name]]
    related = (
        "SELECT ocel_id, ocel_target_id, object_object.ocel_qualifier FROM object"
        " JOIN object_object ON ocel_source_id = ocel_id WHERE ocel_type = ? ORDER BY ocel_id"
    )
    relations = groupby(tables.connection.execute(related, [name]), key=lambda row: row[0])
    waiting = next(relations, None)
    rows = tables.connection.execute(f"SELECT * FROM object_{name} ORDER BY ocel_id, rowid")
    for found, changes in groupby(rows, key=lambda row: row[0]):
        told = [change(row, attributes) for row in changes if row[2] is not None]
        of_it: list[dict[str, str]] = []
        if waiting is not None and waiting[0] == found:
            of_it = [{"objectId": target, "qualifier": how} for _, target, how in waiting[1]]
            waiting = next(relations, None)
        yield {"id": found, "type": name, "attributes": told, "relationships": of_it}


def change(row: tuple[Any, ...], attributes: Mapping[str, str]) -> dict[str, Any]:
    value = row[3 + list(attributes).index(row[2])]
    return {"name": row[2], "time": row[1], "value": bool(value) if attributes[row[2]] == "boolean" else value}
