"""How a table is filled all at once: without looking for garbage meanwhile, and by COPY."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from consumers.lines import copy_rows
from consumers.session import Cursor, RowRefused, apart, may_refuse
from projections import sql
from projections.folding import MOST_PARKED, Key, Table, rows_in
from projections.projection import Projection


def copy(cursor: Cursor, view: Projection, build: int, table: Table, *, frozen: bool) -> None:
    """All rows of a view in memory, into a new table; frozen where it was made in the same transaction. Raises
    RowRefused.
    """
    with may_refuse():
        copy_rows(cursor, sql.copy(view, build, frozen=frozen), table.rows(), view)


def copy_taken(cursor: Cursor, view: Projection, build: int, table: Table) -> set[Key]:
    """All rows but those of keys of which one is refused, which are these: found by halves. Raises RowRefused where
    there are too many.
    """
    refused: set[Key] = set()
    left = [list(table.states)]
    while left:
        keys = left.pop()
        try:
            with apart(cursor), may_refuse():
                rows = (row for key in keys for row in rows_in(table.states[key]))
                copy_rows(cursor, sql.copy(view, build, frozen=False), rows, view)
        except RowRefused:
            if len(keys) > 1:
                left += [keys[: len(keys) // 2], keys[len(keys) // 2 :]]
            elif len(refused) >= MOST_PARKED:
                raise
            else:
                refused.update(keys)
    return refused


@contextmanager
def unhindered() -> Iterator[None]:
    """No garbage collection: a fold makes no cycles, and every collection would look at all rows."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
