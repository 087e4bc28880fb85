"""The write side put together: the ledger, the executor, and the one writer that they share in a process."""

import gc
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Self

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from ledger.codec import Codec
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.recorder import Recorder, datastore
from ledger.writer import GroupWriter, Loop


def server_clock() -> datetime:
    """The time that counts: this server's."""
    return datetime.now(UTC)


def calm_collector() -> None:
    """For a process that does little else: values have no cycles, and to look for some among a hundred thousand cached
    ones, again and again, takes a fifth of its time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@cache
def codec() -> Codec:
    """Knows every event of every aggregate."""
    return Codec(event for decider in DECIDERS for event in decider.events)


def open_ledger(url: str, master_key: bytes, *, keys: int = 50_000, pool_size: int = 4) -> Ledger:
    """The ledger in a database, for whoever reads it."""
    rows = Recorder(datastore(url, pool_size=pool_size))
    rows.note_root(master_key)
    return Ledger(rows, codec(), Keys(master_key, rows, size=keys))


@dataclass(frozen=True)
class WriteSide:
    """What a process needs to take commands."""

    ledger: Ledger
    executor: Executor
    writer: GroupWriter[Ask, Outcome]

    @classmethod
    def open(
        cls,
        url: str,
        master_key: bytes,
        *,
        queue: int = 4096,
        cache: int = 100_000,
        keys: int = 50_000,
        pool_size: int = 4,
        patience: float = 10.0,
        home: Loop | None = None,
    ) -> Self:
        """`patience` is how many seconds the database may be away before callers are told so, `home` the event loop of
        those who ask, if there is one.
        """
        ledger = open_ledger(url, master_key, keys=keys, pool_size=pool_size)
        executor = Executor(DECIDERS, ledger, clock=server_clock, cache=cache, patience=patience)
        return cls(ledger, executor, GroupWriter(executor.steps, home=home, bound=queue))

    def close(self) -> None:
        """Finish what is waiting, then let go of the database."""
        self.writer.close()
        self.ledger.close()

    async def aclose(self) -> None:
        """The same, from the event loop that it was opened in."""
        await self.writer.aclose()
        self.ledger.close()
