"""Connections to the views, in threads of their own, so that no reader keeps a writer waiting."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any, TypeVar

import psycopg2
import psycopg2.errors
import psycopg2.extras

from api.problems import ViewNotBuilt
from ledger.inbox import Topic
from ledger.relayed import Relaying, relaying
from ledger.store import Unavailable
from ledger.stored_inbox import waiting
from projections.sql import STATEMENT_SECONDS

T = TypeVar("T")

CONNECT_SECONDS = 5
LAGS = (
    "SELECT name, position, coalesce((SELECT extract(epoch FROM now() - recorded_at) FROM ledger.stored_events"
    " WHERE notification_id > position ORDER BY notification_id LIMIT 1), 0)::float FROM views.tracking"
)
DEAD_LETTERS = (
    "SELECT name, (SELECT count(*) FROM views.dead_letters AS letter WHERE (letter.view, letter.build) = (name,"
    " tracking.build)) FROM views.tracking"
)
AMISS = (
    "SELECT name, (SELECT count(*) FROM views.amiss WHERE (view, amiss.build) = (name, tracking.build))"
    " FROM views.tracking"
)
UNSEALED = (
    "SELECT log, last - coalesce((SELECT max(size) FROM ledger.checkpoints AS each WHERE each.log = logs.log), 0)"
    " FROM (SELECT 'events', coalesce(max(notification_id), 0) FROM ledger.stored_events"
    " UNION ALL SELECT 'commands', coalesce(max(number), 0) FROM ledger.commands) AS logs (log, last)"
)


class ViewReader:
    """Asks the views, in threads that have a connection each; never more at once than there are threads."""

    def __init__(self, url: str, size: int) -> None:
        self.url = url
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="views")
        self.own = local()

    async def run(self, ask: Callable[[Any], T]) -> T:
        """One read, in one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.read, ask)

    def read(self, ask: Callable[[Any], T]) -> T:
        """Once more if the connection turns out to be gone. Raises Unavailable."""
        for last in (False, True):
            try:
                with self.connection() as connection, connection.cursor() as asking:
                    return ask(asking)
            except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName):
                raise ViewNotBuilt from None
            except psycopg2.errors.QueryCanceled:
                raise Unavailable(f"the views took longer than {STATEMENT_SECONDS} s") from None
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as gone:
                self.own.connection = None
                if last:
                    raise Unavailable(str(gone)) from gone
        raise AssertionError

    def connection(self) -> Any:
        if getattr(self.own, "connection", None) is None:
            options = f"-c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC"
            connection = psycopg2.connect(self.url, connect_timeout=CONNECT_SECONDS, options=options)
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            psycopg2.extras.register_uuid(conn_or_curs=connection)  # type: ignore[no-untyped-call]
            self.own.connection = connection
        return self.own.connection

    def lags(self) -> Mapping[str, tuple[int, float]]:
        """How far each view has come, and for how many seconds what it lacks has been there."""

        def ask(asking: Any) -> dict[str, tuple[int, float]]:
            asking.execute(LAGS)
            return {name: (position, seconds) for name, position, seconds in asking.fetchall()}

        return self.threads.submit(self.read, ask).result()

    def dead_letters(self) -> Mapping[str, int]:
        """How many keys of each view do not go on."""

        def ask(asking: Any) -> dict[str, int]:
            asking.execute(DEAD_LETTERS)
            return dict(asking.fetchall())

        return self.threads.submit(self.read, ask).result()

    def amiss(self) -> Mapping[str, int]:
        """1 for each view that is not fed from Kafka, though it should be."""

        def ask(asking: Any) -> dict[str, int]:
            asking.execute(AMISS)
            return dict(asking.fetchall())

        return self.threads.submit(self.read, ask).result()

    def unrecorded(self) -> int:
        """How many groups are not recorded any more."""

        def ask(asking: Any) -> int:
            asking.execute("SELECT count(*) FROM views.unrecorded")
            return int(asking.fetchone()[0])

        return self.threads.submit(self.read, ask).result()

    def unsealed(self) -> Mapping[str, int]:
        """How many rows of each log nobody has signed yet."""

        def ask(asking: Any) -> dict[str, int]:
            asking.execute(UNSEALED)
            return dict(asking.fetchall())

        return self.threads.submit(self.read, ask).result()

    def relaying(self) -> Relaying | None:
        """How far the ledger is in Kafka; None where nobody ever brought it there."""
        return self.threads.submit(self.read, relaying).result()

    def waiting(self) -> list[Topic]:
        """Of each topic that is taken in, what does not go on and what has not been read yet."""
        return self.threads.submit(self.read, waiting).result()

    def close(self) -> None:
        self.threads.shutdown()
