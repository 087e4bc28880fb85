"""How a table is filled all at once: without looking for garbage meanwhile, and by COPY."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from consumers.lines import Lines
from consumers.session import Cursor
from projections import sql
from projections.folding import Table
from projections.projection import Projection


def copy(cursor: Cursor, view: Projection, build: int, table: Table, *, frozen: bool) -> None:
    """All rows of a view in memory, into a new table; frozen where it was made in the same transaction."""
    cursor.copy_expert(sql.copy(view, build, frozen=frozen), Lines(table.rows(), view))  # type: ignore[arg-type]  # It reads.


@contextmanager
def unhindered() -> Iterator[None]:
    """No garbage collection: a fold makes no cycles, and every collection would look at all rows."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
