"""Connections that give up: a server that hangs or a network that swallows packets must not hold us for ever.

Each limit covers what the others cannot see: the server ends what takes too long there, and whoever holds the lock and
has gone to sleep; the network ends what is not acknowledged; and where the server itself is frozen, we end it.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.generators import fetch
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

T = TypeVar("T")
R = TypeVar("R")

CONNECT_SECONDS = 5
LOCK_SECONDS = 5  # For the lock of the ledger; whoever waits longer is told to come back.
STATEMENT_SECONDS = 10
TRANSACTION_SECONDS = 10  # From the wish for the lock to the commit; then the server takes the lock back.
ANSWER_SECONDS = 20  # The longest that we wait for one answer.

NETWORK = {
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": ANSWER_SECONDS * 1000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
WRITING = (
    f"SET lock_timeout = '{LOCK_SECONDS}s'; SET statement_timeout = '{STATEMENT_SECONDS}s';"
    f" SET transaction_timeout = '{TRANSACTION_SECONDS}s';"
    # A plan that was made while a table was small is kept, and must be right for a large one; and what was read before
    # the lock was taken must not be all that is seen after it.
    " SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;"
    " SET default_transaction_isolation = 'read committed';"
    # What was acknowledged must be on disk, whatever the role or the database has been set to.
    " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


class PatientConnection(psycopg.Connection[R]):
    """Waits for every answer of the server, but not for ever: then it closes itself."""

    patience: float = ANSWER_SECONDS

    def wait(self, gen: Generator[Any, Any, T], *given: Any, **named: Any) -> T:
        try:
            return super().wait(in_time(gen, self.patience), *given, **named)
        except TimeoutError as silence:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server has not answered within {self.patience} s") from silence


def in_time(gen: Generator[Any, Any, T], seconds: float) -> Generator[Any, Any, T]:
    """The same generator of psycopg's, until it has been resumed for so long because nothing came."""
    heard = monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            wanted = gen.send(ready)
            if ready:
                heard = monotonic()
            elif monotonic() > heard + seconds:
                raise TimeoutError
    except StopIteration as last:
        return last.value  # type: ignore[no-any-return]


def result_of(connection: psycopg.Connection[Any]) -> PGresult:
    """The rows of the one statement that is under way."""
    result: PGresult | None = connection.wait(fetch(connection.pgconn))
    if result is None or result.status != ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError(connection.pgconn.get_error_message())
    connection.wait(fetch(connection.pgconn))  # That there is nothing more.
    return result
