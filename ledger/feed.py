"""Reads the ledger by position, in batches, and waits for more."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

import psycopg

from ledger.connection import PatientConnection
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.store import Unavailable

POLL_SECONDS = 1.0
SPAN = 100_000  # Positions that are looked through at once: rare types are sought for a long time otherwise.


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of some types up to a position. Beyond the last event there may be others, of other types."""

    events: Sequence[Recorded]
    until: int


class Waker:
    """Wakes on the ledger's NOTIFY, and once a second in any case; reconnects by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def wait(self, stop: Event, seconds: float = POLL_SECONDS) -> None:
        """Return when something was written, when the time is over, or soon after `stop`."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = PatientConnection.connect(self.url, autocommit=True, connect_timeout=2)
                self.connection.execute("LISTEN stored_events")
                return  # What was written before we listened is found by looking.
            for _ in self.connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error:
            self.close()
            stop.wait(seconds)

    def close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None


def stretches(
    ledger: Ledger, waker: Waker, after: int, stop: Event, *, types: Sequence[str] = (), limit: int = 1_000
) -> Iterator[Stretch]:
    """Every stretch of the ledger after a position, for ever, until `stop` is set.

    A stretch without events tells that there is nothing new of these types up to its end.
    """
    while not stop.is_set():
        try:
            last = ledger.last_position()
            until = min(last, after + SPAN)
            events = ledger.events(after, limit, types=types, until=until) if until > after else ()
        except Unavailable:
            waker.close()
            stop.wait(POLL_SECONDS / 4)
            continue
        after = events[-1].position if len(events) == limit else max(until, after)
        yield Stretch(events, after)
        if after >= last:
            waker.wait(stop)
