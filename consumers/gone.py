"""What rows cannot tell any more: that one is gone, and who could see it before it changed hands. Kept for a while, so
that whoever follows a list is told what has left it.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from psycopg2 import extras

from consumers.session import Cursor, Session
from projections import sql
from projections.folding import Table, rows_in
from projections.projection import Projection
from projections.query import written
from projections.rows import Row, Scoped

KEPT_HOURS = 24
HOLDING = ("owner_id", "pool_id", "formerly", "collaborators", "collaborating_until")
held = attrgetter(*HOLDING)


def keep_what_left(cursor: Cursor, view: Projection, table: Table, until: int) -> None:
    """In the transaction of the rows, which brings the view to a position."""
    values = []
    for before, after in left(table):
        key = [written(getattr(before, name)) for name in view.primary_key]
        holding: Any = held(before) if isinstance(before, Scoped) else (None, None, None, (), ())
        owner, pool, formerly, collaborators, until_when = holding
        position = until if after is None else after.as_of_position
        values.append((view.name, key, position, owner, pool, formerly, list(collaborators), list(until_when)))
    if values:
        extras.execute_values(cursor, sql.KEEP_GONE, values, sql.KEEP_GONE_TEMPLATE)


def left(table: Table) -> Iterator[tuple[Row, Row | None]]:
    """Rows as they were, with what they are now, of those that are gone or held otherwise."""
    assert table.before is not None, "what was before has not been remembered"
    scoped, place_of = table.view.scoped, table.view.place_of
    for key, before in table.before.items():
        now = {place_of(row): row for row in rows_in(table.states.get(key))}
        for row in rows_in(before):
            after = now.get(place_of(row))
            if after is None or (scoped and after is not row and held(after) != held(row)):
                yield row, after


def changed_late(cursor: Cursor, view: Projection, table: Table) -> None:
    """In the transaction of rows that followers have passed, of positions before the one where the view is: they load
    what they follow anew.
    """
    if not view.inward and any(table.changes()):
        cursor.execute(sql.TOLD_LATE, [view.name])


def forget_what_left(session: Session) -> None:
    """What is older than is kept; each view then says since when all its changes can be told."""
    with session.transaction() as cursor:
        cursor.execute(sql.FORGET_GONE, [KEPT_HOURS])
