"""A view as it is kept up, as of now, and rebuilt: compared row for row in the database, positions included."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from commands.service import open_ledger
from consumers.at import Moment, fill, fold, moment
from consumers.session import Cursor, Session
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import VIEWS, sql
from projections.folding import Table
from projections.projection import Projection
from tests.memory import MASTER

SHOWN = 3  # Rows of those that only one side has.


def must_agree(ledger: Ledger, url: str, views: Sequence[Projection], rebuild: Callable[[Projection], object]) -> None:
    """The rows that answer are those of the moment that is now, and so are those that have taken their place."""
    with closing(Wire(url)) as wire, closing(Session(url, "three ways")) as session:
        now = moment(ledger, None, None, datetime.now(UTC))
        for view in views:
            with beside(session, view, now, fold(ledger, wire, view, now)) as as_of_now:
                assert differing(session, view, as_of_now) == [], f"{view.name}: live, as of now"
                rebuild(view)
                assert differing(session, view, as_of_now) == [], f"{view.name}: rebuilt, as of now"


@contextmanager
def beside(session: Session, view: Projection, at: Moment, rows: Table) -> Iterator[str]:
    """A table with these rows, for as long as they are to be compared with others."""
    name = at.table(view)
    with session.transaction() as cursor:
        fill(cursor, view, at, rows)
    yield sql.of_moment(name)
    with session.transaction() as cursor:
        cursor.execute(sql.drop_of_moment(name))


def differing(session: Session, view: Projection, other: str) -> list[tuple[str, str]]:
    """Some of the rows that only the view has, or only another table; every column as it is written."""
    columns = sql.names(view.columns)
    here, there = (f"SELECT ROW({columns})::text FROM {table}" for table in (sql.shown(view), other))
    with session.transaction() as cursor:
        cursor.execute(
            f"(SELECT 'only here', * FROM ({here} EXCEPT ALL {there}) AS more LIMIT {SHOWN})"
            f" UNION ALL (SELECT 'only there', * FROM ({there} EXCEPT ALL {here}) AS less LIMIT {SHOWN})"
        )
        return cursor.fetchall()


def contents(url: str, views: Sequence[Projection]) -> dict[str, str]:
    """A fingerprint of all that is in each view, positions included."""
    with closing(Session(url, "contents")) as session, session.transaction() as cursor:
        return {view.name: content(cursor, view, sql.shown(view)) for view in views}


def content(cursor: Cursor, view: Projection, table: str) -> str:
    """How many rows there are, and two sums over them, which depend on every column as it is written."""
    cursor.execute(
        "SELECT format('%s rows: %s %s', count(*), sum(hashtextextended(written, 1)::numeric),"
        " sum(hashtextextended(written, 2)::numeric))"
        f" FROM (SELECT ROW({sql.names(view.columns)})::text AS written FROM {table} OFFSET 0) AS each"
    )
    ((found,),) = cursor.fetchall()
    return str(found)


def as_of_now(url: str, name: str) -> tuple[str, str]:
    """The fingerprint of what a view comes to, folded for the moment that is now; by name, as processes are told it."""
    (view,) = (each for each in VIEWS if each.name == name)
    ledger, wire, session = open_ledger(url, MASTER), Wire(url), Session(url, name)
    with closing(ledger), closing(wire), closing(session):
        now = moment(ledger, None, None, datetime.now(UTC))
        table = fold(ledger, wire, view, now)
        with beside(session, view, now, table) as filled, session.transaction() as cursor:
            return name, content(cursor, view, filled)
