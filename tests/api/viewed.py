"""The tables of the views, filled by hand, as a worker would fill them, and a house that reads them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import psycopg2.extras

from api.as_of import Moments
from api.viewing import ViewReader
from commands.service import WriteSide
from projections import VIEWS, sql
from projections.columns import columns
from projections.projection import Projection
from projections.rows import Row
from tests.api.house import House
from tests.memory import MASTER


@contextmanager
def viewed(url: str) -> Iterator[House]:
    """People and a pool, over a database."""
    with House.opened(WriteSide.open(url, MASTER)) as house:
        service = house.app.service
        service.views, service.moments = ViewReader(url, 2), Moments(url, service.write.ledger, 1_000)
        try:
            yield house.settle()
        finally:
            service.moments.close()
            service.views.close()
            service.views = service.moments = None


class Views:
    def __init__(self, url: str) -> None:
        self.url = url

    def build(self) -> None:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as doing:
            doing.execute("CREATE SCHEMA IF NOT EXISTS views")
            doing.execute(sql.TRACKING)
            for view in VIEWS:
                for statement in (
                    sql.create_table(view, 1),
                    *sql.create_indexes(view, 1),
                    *sql.show(view, 1),
                ):
                    doing.execute(statement)
                tracking = "INSERT INTO views.tracking (name, version, fingerprint, build, position)"
                doing.execute(f"{tracking} VALUES (%s, 1, '', 1, 0)", (view.name,))

    def put(self, view: Projection, *rows: Row, position: int = 0) -> None:
        statement, template = sql.upsert(view, 1)
        values = [
            [
                list(found) if isinstance(found := getattr(row, column.name), tuple) else found
                for column in columns(view.row)
            ]
            for row in rows
        ]
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as doing:
            psycopg2.extras.register_uuid(conn_or_curs=doing)  # type: ignore[no-untyped-call]
            psycopg2.extras.execute_values(doing, statement, values, template)
            doing.execute("UPDATE views.tracking SET position = %s WHERE name = %s", (position, view.name))
