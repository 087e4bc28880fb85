"""What is wrong with the ids, types and relations of an object-centric log, which lie in tables, whatever its form.

Nothing is held in memory: SQLite looks the ids up in an index, of its own where the file has none, on disk.
"""

import sqlite3
from collections.abc import Collection, Iterator
from typing import Any

from consumers.export.objects import qualifiers
from consumers.export.states import relations


def faults_of_log(connection: sqlite3.Connection) -> Iterator[str]:
    for what in ("event", "object"):
        yield from ids(connection, what)
        yield from types(connection, what)
    concerns = (("ocel_event_id", "event"), ("ocel_object_id", "object"))
    yield from related(connection, "event_object", concerns, qualifiers())
    among = (("ocel_source_id", "object"), ("ocel_target_id", "object"))
    yield from related(connection, "object_object", among, relations())
    told_of = "SELECT ocel_event_id FROM event_object WHERE ocel_event_id IS NOT NULL"
    for (found,) in connection.execute(f"SELECT ocel_id FROM event WHERE ocel_id NOT IN ({told_of})"):
        yield f"event {found!r} has no object"


def ids(connection: sqlite3.Connection, what: str) -> Iterator[str]:
    for found, type_ in connection.execute(f"SELECT ocel_id, ocel_type FROM {what} WHERE {empty('ocel_id')}"):
        yield f"an {what} of type {type_!r} has the id {found!r}"
    twice = f"SELECT ocel_id, count(*) FROM {what} GROUP BY ocel_id HAVING count(*) > 1"
    for found, count in connection.execute(twice):
        yield f"{what} {found!r} is there {count} times"


def types(connection: sqlite3.Connection, what: str) -> Iterator[str]:
    undeclared = (
        f"SELECT ocel_id, ocel_type FROM {what} WHERE ocel_type IS NULL OR ocel_type NOT IN"
        f" (SELECT ocel_type FROM {what}_map_type WHERE ocel_type IS NOT NULL)"
    )
    for found, type_ in connection.execute(undeclared):
        yield f"{what} {found!r} is of type {type_!r}, which is not declared"
    twice = f"SELECT ocel_type, count(*) FROM {what}_map_type GROUP BY ocel_type HAVING count(*) > 1"
    for type_, count in connection.execute(twice):
        yield f"{what} type {type_!r} is declared {count} times"
    for (type_,) in connection.execute(f"SELECT ocel_type FROM {what}_map_type WHERE {empty('ocel_type')}"):
        yield f"{what} type {type_!r} is no name"


def related(
    connection: sqlite3.Connection, table: str, ends: tuple[tuple[str, str], ...], known: Collection[str]
) -> Iterator[str]:
    """Of relations between two: both are there, the qualifier is one that there is, and each is told once."""
    (one, _), (other, _) = ends
    rows = f"SELECT {one}, {other}, ocel_qualifier FROM {table}"
    for nth, (column, of) in enumerate(ends):
        there = f"SELECT ocel_id FROM {of} WHERE ocel_id IS NOT NULL"
        for row in connection.execute(f"{rows} WHERE {column} IS NULL OR {column} NOT IN ({there})"):
            yield f"{told(table, row)}: there is no {of} {row[nth]!r}"
    twice = f"{rows} GROUP BY {one}, {other}, ocel_qualifier HAVING count(*) > 1"
    for row in connection.execute(twice):
        yield f"{told(table, row)}: it is told more than once"
    marks = ", ".join("?" * len(known))
    unknown = f"{rows} WHERE ocel_qualifier IS NULL OR ocel_qualifier NOT IN ({marks})"
    for row in connection.execute(unknown, sorted(known)):
        yield f"{told(table, row)}: the qualifier {row[2]!r} is unknown"


def told(table: str, row: tuple[Any, ...]) -> str:
    whose = "event" if table == "event_object" else "object"
    return f"{whose} {row[0]!r}, its relation to {row[1]!r} as {row[2]!r}"


def empty(column: str) -> str:
    return f"{column} IS NULL OR trim({column}) = ''"
