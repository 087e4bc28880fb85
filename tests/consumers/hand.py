"""Somebody at the command line who looks after dead letters, beside the workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed

import psycopg

from consumers.advance import advance
from consumers.dead_letters import know_aside
from consumers.retry import place_of, retry, skip
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import ensure, prepare
from ledger.scan import Wire
from projections import funnel
from projections.folding import Key
from projections.projection import Projection
from tests.consumers.house import House
from tests.projections.leads import (
    LEAD,
    OTHER,
    another,
    contacted,
)

OTHERS = [another, changed(contacted, lead_id=OTHER)]


def of_lead(event: object) -> bool:
    return getattr(event, "lead_id", None) == LEAD


class Hand:
    """Somebody at the command line, beside the workers."""

    def __init__(self, house: House, view: Projection) -> None:
        self.session = Session(house.url, "hand")
        self.wire = Wire(house.url)
        prepare(self.session)
        ensure(self.session, view)
        self.place = place_of(self.session, view)
        self.source = Source(house.ledger, self.wire, view)

    def read(self, after: int, until: int) -> None:
        """As a worker does that keeps the view up."""
        with self.session.transaction() as cursor:
            know_aside(cursor, self.place)
        advance(self.session, self.place, self.source, self.source.read(after, until, 1_000), until)

    def retry(self, key: Key = LEAD.int) -> int:
        return retry(self.session, self.place, self.source, key).folded

    def skip(self, key: Key = LEAD.int, position: int | None = None) -> int:
        return skip(self.session, self.place, key, reason="never meant", by="ann", position=position)


@contextmanager
def hand(house: House, view: Projection = funnel) -> Iterator[Hand]:
    found = Hand(house, view)
    try:
        yield found
    finally:
        found.session.close()
        found.wire.close()


def positions(house: House, view: Projection = funnel) -> dict[str, int]:
    """How far each key has come, by the last event that changed it."""
    with psycopg.connect(house.url) as connection:
        return {
            str(key): position
            for key, position in connection.execute(
                f"SELECT {view.key[0]}, max(as_of_position) FROM views.{view.name} GROUP BY 1".encode()
            )
        }


def due_now(house: House) -> None:
    with psycopg.connect(house.url) as connection:
        connection.execute("UPDATE views.dead_letters SET retry_at = now()")


def healed(house: House, *views: Projection) -> None:
    house.caught_up(*views)
    house.wait(lambda: not house.letters(*views), "to heal")
