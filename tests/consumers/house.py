"""A ledger and workers that keep its views up, and what may be asked of them; views that only specs have."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import psycopg
import psycopg2

from consumers import projector
from consumers.dead_letters import DeadLetter, dead_letters
from consumers.projector import Projector, ViewStatus
from consumers.rebuild import Rebuild
from consumers.session import Session
from consumers.tracking import prepare
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from projections import VIEWS, sql
from projections.projection import Projection, projection
from projections.rows import Row, table
from tests.projections.test_projection import people

PATIENCE = 120.0  # On a machine at many times its load, too.


@table
class Talk(Row):
    lead_id: LeadId
    talks: int
    said_by: str


@projection("talks", key=("lead_id",), version=1, scoped=False)
def talks(row: Talk | None, event: FollowUpLogged, recorded: Recorded) -> Talk:
    """A view that is told the whole envelope."""
    by = f"{recorded.actor.kind}:{recorded.actor.id} at {recorded.version}"
    return Talk(lead_id=event.lead_id, talks=1 + (0 if row is None else row.talks), said_by=by)


ALL = (*VIEWS, people, talks)


@dataclass
class House:
    """A ledger, its views, and workers that keep them up."""

    url: str
    ledger: Ledger
    views: Sequence[Projection] = ALL
    end: ExitStack = field(default_factory=ExitStack)

    def worker(self, batch: int = 1_000, views: Sequence[Projection] | None = None) -> "Worker":
        worker = Worker(Projector(views or self.views, self.ledger, self.url, self.url, batch=batch))
        self.end.callback(worker.stop)
        return worker

    def statuses(self, views: Sequence[Projection]) -> list[ViewStatus]:
        return projector.status(views, self.ledger, self.url)

    def status(self, view: Projection | None = None) -> ViewStatus:
        (found,) = self.statuses([view or self.views[0]])
        return found

    def wait(self, until: Callable[[], object], why: str = "") -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, (why, self.statuses(self.views))
            time.sleep(0.02)

    def caught_up(self, *views: Projection) -> None:
        """All are looked at together, over one connection; one for each would take longer than what is waited for."""
        last, wanted = self.ledger.last_position(), {view.name for view in views or self.views}
        with closing(Session(self.url, "to catch up")) as session:
            prepare(session)
            self.wait(lambda: wanted <= there(session, last), "to catch up")

    def rows(self, view: Projection) -> list[str]:
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {sql.shown(view)}")
            return sorted(map(repr, cursor.fetchall()))

    def letters(self, *views: Projection) -> list[DeadLetter]:
        with closing(Session(self.url, "letters")) as session:
            return dead_letters(session, views or self.views)

    def rebuild(self, view: Projection, **given: Any) -> None:
        Rebuild(view, self.ledger, self.url, self.url, **given).run()

    def must_equal_a_rebuild(self, *views: Projection) -> None:
        for view in views or self.views:
            live = self.rows(view)
            self.rebuild(view)
            assert self.rows(view) == live, view.name

    def tables(self, view: Projection) -> list[str]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'views' AND tablename ~ %s",
                [f"^{view.name}_v[0-9]+$"],
            )
            return [name for (name,) in found.fetchall()]


def there(session: Session, position: int) -> set[str]:
    """The views that have come to a position."""
    with session.transaction() as cursor:
        cursor.execute("SELECT name FROM views.tracking WHERE position >= %s", [position])
        return {name for (name,) in cursor.fetchall()}


class Worker:
    def __init__(self, projector: Projector) -> None:
        self.projector = projector
        self.ended = Event()
        self.thread = Thread(target=projector.run, args=(self.ended,))
        self.thread.start()

    @property
    def follows(self) -> set[str]:
        return set(self.projector.following)

    def stop(self) -> None:
        self.ended.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@contextmanager
def poisoned(
    view: Projection, on: type = object, message: str = "Lin Li", *, only: Callable[[Any], bool] = lambda _: True
) -> Iterator[Event]:
    """A fold that fails at some events of one class, until it is cured; its message is nobody else's business."""
    cured, evolve = Event(), view.evolve

    def evil(row: Any, event: Any, *rest: Any) -> Any:
        if isinstance(event, on) and only(event) and not cured.is_set():
            raise ValueError(message)
        return evolve(row, event, *rest)

    object.__setattr__(view, "evolve", evil)
    try:
        yield cured
    finally:
        object.__setattr__(view, "evolve", evolve)


@contextmanager
def bewildered(view: Projection, on: type, message: str = "Lin Li") -> Iterator[Event]:
    """A view that does not know whom events of one class concern, until it is cured."""
    cured, find = Event(), view.finders[on]

    def lost(event: Any) -> Any:
        if not cured.is_set():
            raise ValueError(message)
        return find(event)

    view.finders[on] = lost
    try:
        yield cured
    finally:
        view.finders[on] = find
