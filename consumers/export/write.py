"""The four forms of an export, each written event by event, and there when it is whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from consumers.export import flat, ocel_json, xes
from consumers.export.ocel_sqlite import Tables
from consumers.export.told import Entry, History
from consumers.export.whole import whole

Tell = Callable[[str, int], object]
"""Hears what is being done, and up to which position."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a file has: events, or in a flat file rows of them, and objects, or cases. Of the ledger it has everything
    up to a position but what is about no object of it.
    """

    events: int
    objects: int
    until: int


def ocel(history: History, path: Path, tell: Tell) -> Written:
    """As SQLite or as JSON, as the file is named."""
    with whole(path) as made:
        return in_json(history, made, tell) if path.suffix == ".json" else in_sqlite(history, made, tell)


def in_sqlite(history: History, made: Path, tell: Tell) -> Written:
    with Tables(made) as tables:
        events = 0
        for entries in read(history, None, tell):
            tables.add(entries)
            events += len(entries)
        tell("finishing", history.until)
        tables.finish()
        return Written(events, tables.count("object"), history.until)


def in_json(history: History, made: Path, tell: Tell) -> Written:
    """The objects wait on disk until all that is known of each is together; so do the events, which come after them."""
    events, objects = made.with_name("events"), made.with_name("objects")
    with Tables(objects, events=False) as tables:
        types: dict[str, None] = {}
        with events.open("wb") as file:
            lines = ocel_json.Lines(file)
            for entries in read(history, None, tell):
                tables.add(entries)
                for each in entries:
                    types[each.type] = None
                    lines.add(ocel_json.event(each))
        tell("writing", history.until)
        tables.finish()
        with made.open("wb") as file:
            ocel_json.write(file, tables, events, iter(sorted(types)))
        return Written(lines.count, tables.count("object"), history.until)


def in_xes(history: History, kind: str, path: Path, tell: Tell) -> Written:
    with whole(path) as made, xes.Steps(made.with_name("steps"), kind) as steps:
        events = sum(steps.add(entries) for entries in read(history, kind, tell))
        tell("writing", history.until)
        with made.open("w", encoding="utf-8", newline="") as file:
            return Written(events, xes.write(file, kind, steps.traces()), history.until)


def in_csv(history: History, kind: str, path: Path, tell: Tell) -> Written:
    """In the order of the ledger."""
    events = 0
    with whole(path) as made, made.open("w", encoding="utf-8", newline="") as file:
        written = flat.writer(file)
        for entries in read(history, kind, tell):
            for each in entries:
                for row in flat.rows(each, kind):
                    written.writerow(row)
                    events += 1
    return Written(events, 0, history.until)


def read(history: History, kind: str | None, tell: Tell) -> Iterator[list[Entry]]:
    for position, entries in history.entries(kind):
        yield entries
        tell("reading", position)
