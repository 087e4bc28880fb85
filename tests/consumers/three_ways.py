"""A view as it is kept up, as of now, and rebuilt: compared row for row in the database, positions included."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from consumers.at import Moment, fill, fold, moment
from consumers.session import Cursor, Session
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import sql
from projections.folding import Table
from projections.projection import Projection

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


def contents(url: str, views: Sequence[Projection]) -> dict[str, str | None]:
    """A fingerprint of all that is in each view, positions included; None of one that has no rows."""
    with closing(Session(url, "contents")) as session, session.transaction() as cursor:
        return {view.name: content(cursor, view) for view in views}


def content(cursor: Cursor, view: Projection) -> str | None:
    cursor.execute(
        f"SELECT md5(string_agg(each::text, E'\\n' ORDER BY each::text COLLATE \"C\")) FROM {sql.shown(view)} AS each"
    )
    ((found,),) = cursor.fetchall()
    return None if found is None else str(found)
