"""Who does what one process does at a time. It stands beside the ledger.

Whoever takes over opens an epoch, and nothing is moved but in the last one: who was frozen and comes back finds that
out by the first thing that it tries to move. It is let go when its connection ends, or when it has said nothing for
as long as its lease.
"""

from datetime import timedelta
from time import monotonic
from typing import Any, ClassVar, Self

import psycopg
from psycopg.rows import TupleRow

LEASE = 30.0  # Seconds. Longer than Kafka is waited for: only who does not run at all has nothing to say.

# Whose connection has ended has no lock any more, and is not waited for.
TAKE = """
UPDATE ledger.tenures SET epoch = epoch + 1, until = clock_timestamp() + %(lease)s, seen_at = clock_timestamp(),
    waits_for = NULL
WHERE name = %(name)s AND (until < clock_timestamp() OR pg_try_advisory_lock(lock, epoch::integer))
RETURNING epoch, pg_try_advisory_lock(lock, epoch::integer)
"""
OURS = """
WITH ours AS (
    UPDATE ledger.tenures SET until = clock_timestamp() + %(lease)s, seen_at = clock_timestamp(), waits_for = %(waits)s
    WHERE name = %(tenure)s AND epoch = %(epoch)s RETURNING epoch
)
"""

Connection = psycopg.Connection[TupleRow]


class Deposed(Exception):
    """Somebody else is it by now, from where we have come to."""


class Tenure:
    """The time in which it is us, over one connection."""

    name: ClassVar[str]

    def __init__(self, connection: Connection, epoch: int, lease: float, begun: float) -> None:
        self.connection = connection
        self.epoch = epoch
        self.lease = lease
        self.said_at = begun

    @classmethod
    def take(cls, connection: Connection, lease: float = LEASE) -> Self | None:
        """None where it is somebody else."""
        begun = monotonic()
        given = {"name": cls.name, "lease": timedelta(seconds=lease)}
        found = connection.execute(TAKE, given).fetchone()
        return None if found is None else cls(connection, int(found[0]), lease, begun)

    def is_over(self) -> bool:
        """Somebody else may have taken over: not to be known without asking."""
        return self.is_older(self.lease)

    def is_older(self, seconds: float) -> bool:
        """We have said nothing for so long."""
        return monotonic() > self.said_at + seconds

    def renew(self, waits_for: str | None = None) -> None:
        """Say that we are there. Raises Deposed."""
        self.say("SELECT epoch FROM ours", 1, waits_for)

    def say(self, statement: str, rows: int, waits_for: str | None = None, **given: Any) -> None:
        """What moves so many rows if it is us, which `ours` has a row for. Raises Deposed."""
        now = monotonic()
        given |= {"tenure": self.name, "epoch": self.epoch, "lease": timedelta(seconds=self.lease), "waits": waits_for}
        if len(self.connection.execute((OURS + statement).encode(), given).fetchall()) != rows:
            raise Deposed(f"epoch {self.epoch} is over")
        self.said_at = now
