"""XES (IEEE 1849-2016): for each object of a kind a trace of all events that concern it, in the order of their times.

The ledger is in the order in which things were recorded, so the events wait on disk until all of a trace are there.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from consumers.export.attributes import instant
from consumers.export.flat import cases
from consumers.export.ocel_sqlite import PRAGMAS, attributes_of
from consumers.export.told import Entry

NAMESPACE = "http://www.xes-standard.org/"
VERSION = "1849.2016"
EXTENSIONS = {
    "concept": ("Concept", "http://www.xes-standard.org/concept.xesext"),
    "lifecycle": ("Lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    "org": ("Organizational", "http://www.xes-standard.org/org.xesext"),
    "time": ("Time", "http://www.xes-standard.org/time.xesext"),
}
GLOBALS = {
    "trace": (("string", "concept:name", "unknown"),),
    "event": (
        ("string", "concept:name", "unknown"),
        ("string", "lifecycle:transition", "complete"),
        ("string", "org:resource", "unknown"),
        ("date", "time:timestamp", "1970-01-01T00:00:00.000000+00:00"),
    ),
}
CLASSIFIERS = {"Activity": "concept:name", "Resource": "org:resource"}
TYPES = {"string": "string", "time": "date", "integer": "int", "float": "float", "boolean": "boolean"}
OF_ENVELOPE = {"actor_role": "org:role", "actor_org": "org:group"}
IMPOSSIBLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # What XML 1.0 has no way to say.


class Steps:
    """The events of all traces, on disk. Memory: the cache of SQLite, which also sorts them on disk."""

    def __init__(self, path: Path, kind: str) -> None:
        self.kind = kind
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("CREATE TABLE step (trace TEXT, at TEXT, position INTEGER, told TEXT)")
        self.connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()

    def add(self, entries: Iterable[Entry]) -> int:
        rows = [
            (trace, instant(each.at), each.position, event(each, qualifiers))
            for each in entries
            for trace, qualifiers in cases(each, self.kind).items()
        ]
        self.connection.executemany("INSERT INTO step VALUES (?, ?, ?, ?)", rows)
        return len(rows)

    def traces(self) -> Iterator[tuple[str, Iterator[str]]]:
        found = self.connection.execute("SELECT trace, told FROM step ORDER BY trace, at, position")
        for name, steps in groupby(found, key=lambda row: row[0]):
            yield name, (told for _, told in steps)


def write(file: IO[str], kind: str, traces: Iterable[tuple[str, Iterator[str]]]) -> int:
    """The log; answers how many traces it has."""
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="{VERSION}" xes.features="" ')
    file.write(f'xmlns="{NAMESPACE}">\n')
    for prefix, (name, uri) in EXTENSIONS.items():
        file.write(f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n')
    for scope, given in GLOBALS.items():
        told = "".join(attribute(type_, key, value) for type_, key, value in given)
        file.write(f'<global scope="{scope}">{told}</global>\n')
    for name, keys in CLASSIFIERS.items():
        file.write(f'<classifier name="{name}" scope="event" keys="{keys}"/>\n')
    file.write(attribute("string", "concept:name", f"lifeledger {kind}") + "\n")
    count = 0
    for name, events in traces:
        file.write(f"<trace>{attribute('string', 'concept:name', name)}\n")
        file.writelines(events)
        file.write("</trace>\n")
        count += 1
    file.write("</log>\n")
    return count


def event(entry: Entry, qualifiers: Iterable[str]) -> str:
    given = (
        attribute("string", "concept:name", entry.type),
        attribute("string", "lifecycle:transition", "complete"),
        attribute("string", "org:resource", entry.resource),
        attribute("date", "time:timestamp", instant(entry.at)),
        attribute("string", "concerns_it_as", ", ".join(qualifiers)),
    )
    types = attributes_of(entry.type)
    own = (
        attribute(TYPES[types[name]], OF_ENVELOPE.get(name, name), in_xml(value))
        for name, value in entry.attributes.items()
    )
    return f"<event>{''.join(given)}{''.join(own)}</event>\n"


def in_xml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def attribute(type_: str, key: str, value: str) -> str:
    return f'<{type_} key="{said(key)}" value="{said(value)}"/>'


def said(text: str) -> str:
    text = escape(IMPOSSIBLE.sub("\ufffd", text))
    return text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
