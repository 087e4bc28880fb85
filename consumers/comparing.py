"""Compares two builds of a view row for row; of what differs it tells columns and keys, and nobody's values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from consumers.session import Cursor
from consumers.tracking import Tracked
from projections import sql
from projections.projection import Projection

FIRST = 10  # Rows that are named; all are counted.

Where = Literal["only in the one that answers", "only in the new build", "in both"]
WHERE: Mapping[str, Where] = {"old": "only in the one that answers", "new": "only in the new build", "both": "in both"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same in both: where it is, and in which columns it differs."""

    key: Mapping[str, str]
    where: Where
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The build that answers beside a new one, both at one position, over all columns that both have.

    `apart` are columns that only one of them has, or that are of another type there. Where these are of the key, no row
    of the one can be told to be one of the other.
    """

    position: int
    answering: int
    version: int
    same: int
    only_answering: int
    only_new: int
    different: int
    columns: Mapping[str, int]
    apart: tuple[str, ...]
    first: tuple[Difference, ...]

    @property
    def differing(self) -> int:
        """How many rows are not the same in both."""
        return self.only_answering + self.only_new + self.different


def compare(cursor: Cursor, view: Projection, answering: Tracked, build: int) -> Compared:
    """In a transaction that sees both at one position. `answering` and `version` are the versions of both."""
    old, new = columns(cursor, view, answering.build), columns(cursor, view, build)
    both = [name for name, kind in new.items() if old.get(name) == kind]
    apart = tuple(name for name in {**old, **new} if name not in both)
    versions = {"position": answering.position, "answering": answering.version, "version": view.version}
    if key(cursor, view, answering.build) != {*view.primary_key} or not {*view.primary_key} <= {*both}:
        counted = [size(cursor, view, each) for each in (answering.build, build)]
        return Compared(
            **versions,
            same=0,
            only_answering=counted[0],
            only_new=counted[1],
            different=0,
            columns={},
            apart=apart,
            first=(),
        )
    cursor.execute(sql.compare(view, answering.build, build, both))
    ((same, only_answering, only_new, different, *of_columns),) = cursor.fetchall()
    cursor.execute(sql.differences(view, answering.build, build, both, FIRST))
    return Compared(
        **versions,
        same=same,
        only_answering=only_answering,
        only_new=only_new,
        different=different,
        columns={name: count for name, count in zip(both, of_columns, strict=True) if count},
        apart=apart,
        first=tuple(difference(view, *found) for found in cursor.fetchall()),
    )


def difference(view: Projection, where: str, differing: list[str], *values: object) -> Difference:
    named = dict(zip(view.primary_key, map(str, values), strict=True))
    return Difference(named, WHERE[where], tuple(differing) if where == "both" else ())


def columns(cursor: Cursor, view: Projection, build: int) -> dict[str, str]:
    """The columns of a table as it is, which another version may have made, with their types."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [sql.table(view, build)],
    )
    return dict(cursor.fetchall())


def key(cursor: Cursor, view: Projection, build: int) -> set[str]:
    """The columns of its primary key."""
    cursor.execute(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
        " WHERE indisprimary AND indrelid = %s::regclass",
        [sql.table(view, build)],
    )
    return {name for (name,) in cursor.fetchall()}


def size(cursor: Cursor, view: Projection, build: int) -> int:
    cursor.execute(sql.size(view, build))
    return int(cursor.fetchall()[0][0])
