"""What policies see of the views: all of them as they are in one moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2

from consumers.session import Cursor, Session, rows
from domain.values import Instant
from projections import sql
from projections.projection import Projection


class NotThereYet(Exception):
    """A view has not come as far as somebody must see."""


class Sight:
    """Reads the views of one snapshot, each once."""

    def __init__(self, cursor: Cursor, now: Instant) -> None:
        self.cursor = cursor
        self.now = now
        self.known: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def position(self, view: Projection) -> int:
        self.ask(view, sql.POSITION, [view.name])
        found = self.cursor.fetchone()
        if found is None:
            raise NotThereYet(view.name)
        return int(found[0])

    def rows(self, view: Projection, *, at_most: int | None = None, **where: Any) -> tuple[Any, ...]:
        asked = (view.name, at_most, *sorted(where.items()))
        if asked not in self.known:
            self.ask(view, sql.look(view, tuple(where), at_most), list(where.values()))
            self.known[asked] = tuple(rows(self.cursor, view))
        return self.known[asked]

    def ask(self, view: Projection, statement: str, values: list[Any]) -> None:
        try:
            self.cursor.execute(statement, values)
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName) as missing:
            # No worker has made it yet.
            raise NotThereYet(view.name) from missing


@contextmanager
def sight(session: Session, views: Sequence[Projection], now: Instant, since: int) -> Iterator[Sight]:
    """The views as they are now. Raises NotThereYet where one of them is older than a position."""
    with session.transaction() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        seen = Sight(cursor, now)
        for view in views:
            seen.ask(view, sql.hold(view), [])
        for view in views:
            if seen.position(view) < since:
                raise NotThereYet(view.name)
        yield seen
