"""The tables of the views, filled by hand, as a worker would fill them; or a house with a worker that fills them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extras

from api.as_of import Moments
from api.proofs import Proofs
from api.viewing import ViewReader
from commands.service import WriteSide
from consumers.projector import Projector
from domain.values import LeadId, StaffId
from projections import VIEWS, sql
from projections.columns import columns
from projections.projection import Projection
from projections.rows import Row
from projections.sales_worklist import SalesLead
from tests.api.house import House
from tests.memory import MASTER

PATIENCE = 120.0  # On a machine at many times its load, too.
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def lead(number: int, **more: Any) -> SalesLead:
    """One of Ann's, whose score and position are its number."""
    given: dict[str, Any] = {
        "lead_id": LeadId(UUID(int=number)),
        "source": "ads",
        "channel": "web",
        "captured_at": NOON + timedelta(minutes=number),
        "owner_id": StaffId("ann"),
        "score": number,
        "as_of_position": number,
    }
    return SalesLead(**given | more)


@contextmanager
def viewed(url: str) -> Iterator[House]:
    """People and a pool, over a database."""
    with House.opened(WriteSide.open(url, MASTER)) as house:
        service = house.app.service
        service.views, service.moments = ViewReader(url, 2), Moments(url, service.write.ledger, 1_000)
        service.proofs = Proofs(url, service.write.ledger)
        try:
            yield house.settle()
        finally:
            service.proofs.close()
            service.moments.close()
            service.views.close()
            service.views = service.moments = service.proofs = None


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

    def put(self, view: Projection, *rows: Row, position: int = 0, alone: bool = False) -> None:
        """Rows, and how far the view is then; who sees what is known as far, unless the view is there `alone`."""
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
            if not alone:
                directories = "name IN ('staff_directory', 'pool_directory') AND position < %s"
                doing.execute(f"UPDATE views.tracking SET position = %s WHERE {directories}", (position, position))

    def park(self, view: Projection, *keys: str) -> None:
        """Let some keys not go on; those of an earlier build are not counted."""
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as doing:
            for build, key in ((0, "gone"), *((1, key) for key in keys)):
                doing.execute(
                    "INSERT INTO views.dead_letters (view, build, key, position, type, attempts, retry_at)"
                    " VALUES (%s, %s, %s, 1, 'lead.captured', 1, now())",
                    (view.name, build, [key]),
                )


@contextmanager
def kept_up(url: str) -> Iterator[House]:
    """A house on a real database, and a worker that keeps its views up."""
    with viewed(url) as house:
        stop = Event()
        worker = Thread(target=Projector(VIEWS, house.app.service.write.ledger, url, url).run, args=(stop,))
        worker.start()
        try:
            yield house
        finally:
            stop.set()
            worker.join(PATIENCE)
            assert not worker.is_alive()


def by_now(house: House, path: str, by: Mapping[str, str]) -> Any:
    """What is answered when the views have come as far as the ledger is now."""
    until = time.monotonic() + PATIENCE
    while (answer := house.get(path, by, read_after=str(house.position))).status_code == 503:
        assert time.monotonic() < until, answer.text
    return answer
