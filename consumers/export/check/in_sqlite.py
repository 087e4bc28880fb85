"""What is wrong with an object-centric log in SQLite: its tables and columns, the values in them, and the log itself.

https://www.ocel-standard.org/specification/formats/sqlite
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from consumers.export.check.log import faults_of_log
from consumers.export.check.times import EARLIEST, Times, instant
from domain.values import Instant

TABLES = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
}
FIRST = {"event": ("ocel_id", "ocel_time"), "object": ("ocel_id", "ocel_time", "ocel_changed_field")}
"""The columns that a table of a type has before its attributes."""


def faults_of_sqlite(path: Path, now: Instant) -> Iterator[str]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            yield from faults(connection, now)
        except sqlite3.DatabaseError as wrong:
            yield f"{path.name} is no database that SQLite can read: {wrong}"


def faults(connection: sqlite3.Connection, now: Instant) -> Iterator[str]:
    there = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    lacking = list(missing(connection, there, TABLES))
    yield from lacking
    if lacking:
        return
    times = Times(now)
    yield from faults_of_log(connection)
    known = {*TABLES}
    for what in ("event", "object"):
        for type_, table in mapped(connection, what):
            known.add(table)
            lacking = list(missing(connection, there, {table: FIRST[what]}))
            yield from lacking
            if not lacking:
                yield from of_type(connection, what, type_, table)
                yield from values(connection, what, type_, table, times)
        shared = f"SELECT ocel_type_map FROM {what}_map_type GROUP BY 1 HAVING count(*) > 1"
        for (name,) in connection.execute(shared):
            yield f"several types have the table {what}_{name}"
    for name in there:
        if name not in known and not name.startswith("sqlite_"):
            yield f"table {name} is of no declared type"
    yield from times.at_the_end()


def mapped(connection: sqlite3.Connection, what: str) -> list[tuple[str, str]]:
    """The types, and the tables that they have."""
    rows = connection.execute(f"SELECT ocel_type, ocel_type_map FROM {what}_map_type ORDER BY 1")
    return [(type_, f"{what}_{name}") for type_, name in rows]


def missing(connection: sqlite3.Connection, there: list[str], wanted: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for table, columns in wanted.items():
        if table not in there:
            yield f"there is no table {table}"
            continue
        found = columns_of(connection, table)
        for column in columns:
            if column not in found:
                yield f"table {table} has no column {column}"


def columns_of(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    found = connection.execute("SELECT name, type FROM pragma_table_info(?)", [table])
    return {name: type_.upper() for name, type_ in found}


def of_type(connection: sqlite3.Connection, what: str, type_: str, table: str) -> Iterator[str]:
    """Whatever is of the type has its row, or rows, in its table, and nothing else has."""
    quoted = f'"{table}"'
    alien = (
        f"SELECT ocel_id FROM {quoted} WHERE ocel_id IS NULL OR ocel_id NOT IN"
        f" (SELECT ocel_id FROM {what} WHERE ocel_type = ? AND ocel_id IS NOT NULL)"
    )
    for (found,) in connection.execute(alien, [type_]):
        yield f"table {table} tells of {found!r}, which is no {what} of type {type_!r}"
    untold = (
        f"SELECT ocel_id FROM {what} WHERE ocel_type = ? AND ocel_id NOT IN"
        f" (SELECT ocel_id FROM {quoted} WHERE ocel_id IS NOT NULL)"
    )
    for (found,) in connection.execute(untold, [type_]):
        yield f"{what} {found!r} has no row in {table}"
    first = "" if what == "event" else " WHERE ocel_changed_field IS NULL"
    twice = f"SELECT ocel_id, count(*) FROM {quoted}{first} GROUP BY 1 HAVING count(*) > 1"
    for found, count in connection.execute(twice):
        yield f"{what} {found!r} has {count} rows in {table}" + (" that change nothing" if first else "")


def values(connection: sqlite3.Connection, what: str, type_: str, table: str, times: Times) -> Iterator[str]:
    """Row by row: its time, and its attributes, which are of the types of their columns."""
    columns = columns_of(connection, table)
    for name, kind in columns.items():
        if name not in FIRST[what] and kind not in CHECKS:
            yield f"{what} type {type_!r}: attribute {name!r} is of the unknown type {kind!r}"
    found = connection.execute(f'SELECT * FROM "{table}"')
    names = [each[0] for each in found.description]
    attributes = [(nth, name, columns[name]) for nth, name in enumerate(names) if name not in FIRST[what]]
    who, when = names.index("ocel_id"), names.index("ocel_time")
    changed = names.index("ocel_changed_field") if what == "object" else None
    for row in found:
        thing = f"{what} {row[who]!r}"
        if changed is None:
            yield from times.event(thing, row[when])
        elif row[changed] is not None:
            yield from times.change(f"{thing}, change of {row[changed]!r}", row[when])
            yield from change(thing, row[changed], row, attributes)
        else:
            yield from first_row(thing, row[when], times)
        for nth, name, kind in attributes:
            value = row[nth]
            if value is not None and kind in CHECKS and not CHECKS[kind](value):
                yield f"{thing}, attribute {name!r}: {value!r} is no {kind}"


def first_row(thing: str, text: object, times: Times) -> Iterator[str]:
    """It says what was so from the beginning of time, or from when it came about."""
    try:
        beginning = instant(text) == EARLIEST
    except ValueError:
        beginning = False
    if not beginning:
        yield from times.change(thing, text)


def change(thing: str, field: str, row: tuple[Any, ...], attributes: list[tuple[int, str, str]]) -> Iterator[str]:
    filled = [name for nth, name, _ in attributes if row[nth] is not None]
    if field not in [name for _, name, _ in attributes]:
        yield f"{thing} changes {field!r}, which is no attribute of its type"
    elif field not in filled:
        yield f"{thing} changes {field!r}, and does not say into what"
    for name in filled:
        if name != field:
            yield f"{thing} changes {field!r}, and says something of {name!r}"


def is_time(value: object) -> bool:
    try:
        instant(value)
    except ValueError:
        return False
    return True


CHECKS = {
    "TEXT": lambda value: isinstance(value, str),
    "INTEGER": lambda value: isinstance(value, int),
    "REAL": lambda value: isinstance(value, int | float),
    "BOOLEAN": lambda value: value in (0, 1),
    "TIMESTAMP": is_time,
}
"""By the type of a column, whether a value is of it; SQLite itself takes any value in any column."""
