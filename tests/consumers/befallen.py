"""Workers that follow a ledger, and what befalls them: one is killed, one stops, and one works without a lease."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

import consumers.advance
from consumers import projector
from consumers.projector import Projector
from consumers.session import Session
from consumers.tracking import Fenced
from projections.projection import Projection
from tests.consumers.house import House, Worker
from tests.faults.dying import WORKER
from tests.faults.planted import dying

NEVER = 10**9  # Events that a view would have to be behind to be rebuilt instead of followed.


class WithoutLease(Session):
    """One who takes every view for his own, so that what he reads is folded by another one as well."""

    def take(self, lease: str) -> bool:  # noqa: ARG002 - any.
        return True

    def give_back(self, lease: str) -> None:
        pass


@dataclass
class Befallen:
    """What has happened on the way, for whoever doubts that anything did.

    `killed` is how far the views had come when a worker was killed, `shares` are the views that two workers had by
    their leases, and `twice` those of which a batch was folded twice and written once.
    """

    killed: list[int] = field(default_factory=list)
    shares: Sequence[set[str]] = field(default_factory=lambda: (set(), set()))
    twice: set[str] = field(default_factory=set)


def follow(house: House, views: Sequence[Projection], batch: int, seed: int) -> Befallen:
    """Bring the views up to the end of the ledger; what is left behind is picked up by whoever is there."""
    found, chance = Befallen(), Random(seed)

    def positions() -> list[int]:
        return [each.position for each in projector.status(views, house.ledger, house.url)]

    def shared() -> bool:
        for share, worker in zip(found.shares, pair, strict=True):
            share.update(worker.follows)
        return set.union(*found.shares) == {view.name for view in views}

    def advance(session: Session, place: Any, *rest: Any) -> None:
        try:
            committing(session, place, *rest)
        except Fenced:
            found.twice.add(place.view.name)
            raise

    committing = consumers.advance.advance
    last = house.ledger.last_position()
    with patch.object(projector, "FAR", NEVER), patch.object(projector, "advance", advance):
        point, passes = chance.choice([*WORKER][:-1]), chance.randint(20, 80)
        with dying(house.url, point, passes, "worker") as process:
            house.wait(lambda: any(positions()), "to begin")
            pair = [house.worker(batch, views), house.worker(batch, views)]
            assert process.wait(120) == -signal.SIGKILL, point
        found.killed = positions()
        careless = Projector(views, house.ledger, house.url, house.url, batch=batch)
        careless.session = WithoutLease(house.url, "careless")
        house.end.callback(Worker(careless).stop)
        house.wait(shared, "to share the views")
        house.wait(lambda: max(positions()) > last / 2, "to be half-way")
        pair[0].stop()
        house.worker(batch, views)
        house.caught_up(*views)
        house.end.close()
    return found
