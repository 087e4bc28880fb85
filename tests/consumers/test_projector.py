"""The runner, on a real PostgreSQL: whatever happens, a view is what its fold makes of the ledger."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from dataclasses import replace as changed
from random import Random
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import psycopg
import psycopg2
import pytest

from commands.service import open_ledger
from consumers import projector
from consumers.advance import Source, advance
from consumers.projector import Projector, ViewStatus
from consumers.rebuild import AlreadyRebuilding, Progress, Rebuild, Stopped
from consumers.session import ReadsUnavailable, Session
from consumers.tracking import Fenced, Place, ensure, prepare
from domain.lead.facts import FollowUpLogged, LeadCaptured
from domain.values import LeadId
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Wire
from ledger.store import Unavailable
from projections import VIEWS, funnel, sales_worklist, sql, staff_directory, status_time
from projections.folding import FoldFailed
from projections.projection import Projection, projection
from projections.rows import Row, table
from tests.consumers.histories import LEADS, any_history
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.projections.leads import captured, contacted, converted, lost, pooled, qualified, talked, touched
from tests.projections.test_projection import onboarded, people, published

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

PATIENCE = 30.0


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

    def status(self, view: Projection | None = None) -> ViewStatus:
        wanted = view or self.views[0]
        (found,) = projector.status([wanted], self.ledger, self.url)
        return found

    def wait(self, until: Callable[[], object], why: str = "") -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, (why, projector.status(self.views, self.ledger, self.url))
            time.sleep(0.02)

    def caught_up(self, *views: Projection) -> None:
        last = self.ledger.last_position()
        self.wait(lambda: all(self.status(view).position >= last for view in views or self.views), "to catch up")

    def rows(self, view: Projection) -> list[str]:
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {sql.shown(view)}")
            return sorted(map(repr, cursor.fetchall()))

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


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    ledger = open_ledger(database_url, MASTER)
    found = House(database_url, ledger)
    with patch.object(projector, "LEASE_SECONDS", 0.1), patch.object(projector, "REST_SECONDS", 0.05), found.end:
        yield found
    ledger.close()


# Live equals rebuilt


@pytest.mark.parametrize("times", [pytest.param(3, id="3"), pytest.param(40, id="40", marks=pytest.mark.deep)])
def test_views_equal_a_rebuild_after_any_history(house: House, seed: int, times: int) -> None:
    chance = Random(seed)
    for _ in range(times):
        worker = house.worker(batch=chance.choice([1, 2, 7, 50]))
        for _ in range(4):
            tell(house.ledger, *any_history(chance, chance.randint(1, 60)))
            time.sleep(chance.random() / 10)
        if chance.random() < 0.5:
            house.caught_up()
        worker.stop()
    house.worker()
    house.caught_up()
    assert all(house.rows(view) for view in house.views)
    house.must_equal_a_rebuild()


def test_two_workers_share_the_views_and_none_is_written_twice(house: House, seed: int) -> None:
    chance = Random(seed)
    first, second = house.worker(batch=3), house.worker(batch=5)
    for _ in range(10):
        tell(house.ledger, *any_history(chance, 30))
    house.caught_up()
    assert first.follows | second.follows == {view.name for view in house.views}
    assert not first.follows & second.follows
    assert first.follows
    assert second.follows
    second.stop()
    house.wait(lambda: first.follows == {view.name for view in house.views}, "to take over what the other kept")
    tell(house.ledger, *any_history(chance, 30))
    house.caught_up()
    house.must_equal_a_rebuild()


def test_a_worker_whose_connection_is_cut_goes_on(house: House, seed: int) -> None:
    chance = Random(seed)
    house.worker(batch=5)
    for _ in range(6):
        tell_at_last(house.ledger, *any_history(chance, 40))
        with psycopg.connect(house.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database() AND random() < 0.7"
            )
    house.wait(lambda: answers(house), "to be connected again")
    house.caught_up()
    house.must_equal_a_rebuild()


def tell_at_last(ledger: Ledger, *told: Any) -> None:
    while True:
        try:
            tell(ledger, *told)
        except Unavailable:
            continue
        return


def answers(house: House) -> bool:
    with suppress(Exception):
        return house.status().lag_events == 0
    return False


def test_a_worker_that_has_lost_its_lease_cannot_write(house: House) -> None:
    """It may have read and folded; what it then writes is refused."""
    tell(house.ledger, captured, contacted)
    slow, quick = Session(house.url, "slow"), Session(house.url, "quick")
    prepare(slow)
    wire = Wire(house.url)
    source = Source(house.ledger, wire, sales_worklist)
    found = ensure(slow, sales_worklist)
    behind = Place(sales_worklist, found.build, 0)
    advance(quick, Place(sales_worklist, found.build, 0), source.read(0, 1, 10), 1)
    before = house.rows(sales_worklist)
    with pytest.raises(Fenced):
        advance(slow, behind, source.read(0, 2, 10), 2)
    assert house.rows(sales_worklist) == before
    assert house.status(sales_worklist).position == 1
    for each in (slow, quick, wire):
        each.close()


def test_a_stopped_worker_has_finished_what_it_began(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 300))
    worker = house.worker(batch=10)
    house.wait(lambda: house.status(sales_worklist).position > 0)
    worker.stop()
    assert house.status(sales_worklist).state == "stopped"
    house.worker()
    house.caught_up()
    house.must_equal_a_rebuild(sales_worklist)


def test_positions_move_over_what_a_view_does_not_read(house: House) -> None:
    house.worker()
    last = tell(house.ledger, captured, touched, touched)
    house.caught_up()
    assert {house.status(view).position for view in house.views} == {last}
    assert house.status(staff_directory).lag_seconds == 0.0


# When a fold fails


@contextmanager
def poisoned(view: Projection, on: type, message: str = "Lin Li") -> Iterator[Event]:
    """A fold that fails at events of one class, until it is cured; its message is nobody else's business."""
    cured, evolve = Event(), view.evolve

    def evil(row: Any, event: Any, *rest: Any) -> Any:
        if isinstance(event, on) and not cured.is_set():
            raise ValueError(message)
        return evolve(row, event, *rest)

    object.__setattr__(view, "evolve", evil)
    try:
        yield cured
    finally:
        object.__setattr__(view, "evolve", evolve)


def test_a_view_stands_still_where_its_fold_fails_and_the_others_go_on(house: House) -> None:
    with poisoned(funnel, type(qualified)) as cured:
        house.worker()
        last = tell(house.ledger, captured, pooled, contacted, qualified, touched)
        house.wait(lambda: house.status(funnel).state == "failing", "to fail")
        house.caught_up(*(view for view in house.views if view is not funnel))
        found = house.status(funnel)
        assert found.position == 3, "everything before it has been folded"
        assert found.lag_events == 2
        assert found.error is not None
        assert "ValueError at position 4" in found.error
        assert "Lin" not in found.error
        assert found.retry_at is not None
        assert len(house.rows(funnel)) == 1
        cured.set()
        house.caught_up(funnel)
        assert house.status(funnel).error is None
        assert house.status(funnel).position == last
        house.must_equal_a_rebuild(funnel)


def test_a_worker_that_comes_later_finds_the_same_failure(house: House) -> None:
    with poisoned(funnel, type(qualified)):
        first = house.worker()
        tell(house.ledger, captured, contacted, qualified)
        house.wait(lambda: house.status(funnel).state == "failing")
        first.stop()
        house.worker()
        house.wait(lambda: "position 3" in (house.status(funnel).error or ""))
        assert house.status(funnel).position == 2


def test_a_row_that_the_database_refuses_is_a_failure_too(house: House) -> None:
    house.worker()
    tell(
        house.ledger,
        *[changed(captured, lead_id=lead) for lead in LEADS],
        changed(lost, lead_id=LEADS[0], reason="NUL\0"),
        touched,
    )
    house.wait(lambda: house.status(funnel).state == "failing")
    assert house.status(funnel).position == len(LEADS)
    house.caught_up(sales_worklist, status_time)


def test_an_event_that_cannot_be_read_is_a_failure_too(house: House) -> None:
    tell(house.ledger, captured, contacted, qualified)
    with psycopg.connect(house.url) as connection:
        connection.execute("GRANT UPDATE ON ledger.stored_events TO CURRENT_USER")
        connection.execute("UPDATE ledger.stored_events SET state = '{}' WHERE notification_id = 2")
    house.worker()
    house.wait(lambda: house.status(funnel).state == "failing")
    assert house.status(funnel).position == 1
    assert "position 2" in (house.status(funnel).error or "")
    house.caught_up(staff_directory, talks)


# Rebuilds


def test_readers_see_the_whole_view_at_any_moment_of_a_rebuild(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 400))
    house.worker()
    house.caught_up()
    expected = {view.name: len(house.rows(view)) for view in house.views}
    done, wrong, reads = Event(), [], [0]

    def read() -> None:
        with closing(psycopg2.connect(house.url)) as connection, connection.cursor() as cursor:
            while not done.is_set():
                for view in house.views:
                    cursor.execute(f"SELECT count(*) FROM {sql.shown(view)}")
                    ((rows,),) = cursor.fetchall()
                    connection.commit()
                    reads[0] += 1
                    if rows != expected[view.name]:
                        wrong.append((view.name, rows))

    readers = [Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    for _ in range(3):
        house.must_equal_a_rebuild()
    done.set()
    for each in readers:
        each.join()
    assert wrong == []
    assert reads[0] > 100


def test_what_is_written_during_a_rebuild_is_not_lost(house: House, seed: int) -> None:
    chance = Random(seed)
    tell(house.ledger, *any_history(chance, 100))
    house.worker(batch=5)
    house.caught_up(sales_worklist)

    class Interrupted(Rebuild):
        """Between any two steps, others write."""

        def fill(self) -> None:
            super().fill()
            tell(house.ledger, *any_history(chance, 30))

        def swap_now(self) -> None:
            tell(house.ledger, *any_history(chance, 30))
            house.caught_up(sales_worklist)
            super().swap_now()

    Interrupted(sales_worklist, house.ledger, house.url, house.url).run()
    tell(house.ledger, *any_history(chance, 30))
    house.caught_up(sales_worklist)
    house.must_equal_a_rebuild(sales_worklist)


def test_a_view_never_goes_back(house: House, seed: int) -> None:
    """Who was told position N may rely on it, whichever build answers."""
    chance = Random(seed)
    house.worker(batch=5)
    done, seen = Event(), [0]

    def watch() -> None:
        with closing(psycopg2.connect(house.url)) as connection, connection.cursor() as cursor:
            while not done.is_set():
                cursor.execute(sql.POSITION, [sales_worklist.name])
                found = cursor.fetchone()
                connection.commit()
                seen.append(-1 if found is None else found[0])

    tell(house.ledger, *any_history(chance, 50))
    house.caught_up(sales_worklist)
    watcher = Thread(target=watch)
    watcher.start()
    for _ in range(3):
        tell(house.ledger, *any_history(chance, 50))
        house.rebuild(sales_worklist)
    done.set()
    watcher.join()
    assert seen == sorted(seen)


def test_a_long_reader_delays_the_swap_and_nothing_else(house: House) -> None:
    tell(house.ledger, captured)
    house.worker()
    house.caught_up()
    with closing(psycopg2.connect(house.url)) as reader, reader.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {sql.shown(sales_worklist)}")
        rebuild = Thread(target=house.rebuild, args=(sales_worklist,))
        rebuild.start()
        time.sleep(1.5)
        assert rebuild.is_alive()
        tell(house.ledger, contacted)
        house.caught_up(sales_worklist)
        reader.rollback()
        rebuild.join(PATIENCE)
    house.must_equal_a_rebuild(sales_worklist)
    assert len(house.tables(sales_worklist)) == 1


def test_a_rebuild_that_does_not_fit_into_memory_goes_on_in_batches(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 900))
    house.worker()
    house.caught_up()
    for view in house.views:
        live = house.rows(view)
        with patch.object(projector, "BATCH", 1), patch("ledger.scan.AHEAD", 50), patch("consumers.rebuild.NEAR", 10):
            house.rebuild(view, most=2)
        assert house.rows(view) == live, view.name


def test_a_rebuild_says_how_far_it_has_come(house: House, seed: int) -> None:
    last = tell(house.ledger, *any_history(Random(seed), 1_200))
    said: list[Progress] = []
    during: list[ViewStatus] = []

    def report(progress: Progress) -> None:
        said.append(progress)
        during.append(house.status(sales_worklist))

    with patch("consumers.rebuild.REPORT_SECONDS", 0.0):
        house.rebuild(sales_worklist, report=report)
    assert [each.phase for each in said][-2:] == ["copied", "done"]
    assert said[-1].done == said[-1].total == last
    assert said[-1].lag == 0
    assert said[0].phase == "folding"
    assert said[0].eta is not None
    assert during[0].state == "building"
    assert during[0].rebuild is not None
    assert during[0].rebuild.position == said[0].done
    assert during[-1].rebuild is None
    assert house.status(sales_worklist).position == last


def test_only_one_rebuilds_a_view_at_a_time(house: House) -> None:
    tell(house.ledger, captured)
    other = Session(house.url, "other")
    assert other.take(f"build {funnel.name}")
    with pytest.raises(AlreadyRebuilding):
        house.rebuild(funnel)
    other.close()
    house.rebuild(funnel)


def test_a_rebuild_that_fails_or_is_stopped_leaves_the_view_as_it_was(house: House) -> None:
    house.worker()
    tell(house.ledger, captured, contacted, qualified)
    house.caught_up()
    before = house.rows(funnel)
    with poisoned(funnel, LeadCaptured), pytest.raises(FoldFailed):
        house.rebuild(funnel)
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        house.rebuild(funnel, stop=stop)
    assert house.rows(funnel) == before
    assert len(house.tables(funnel)) == 1
    assert house.status(funnel).rebuild is None


def test_what_a_killed_rebuild_has_left_is_thrown_away(house: House) -> None:
    tell(house.ledger, captured)

    class Killed(Rebuild):
        def swap(self) -> None:
            raise KeyboardInterrupt

        def clean(self) -> None:
            if self.place.build == 0:
                super().clean()

    with pytest.raises(KeyboardInterrupt):
        Killed(funnel, house.ledger, house.url, house.url).run()
    assert len(house.tables(funnel)) == 2
    assert house.status(funnel).rebuild is None, "nobody is at it"
    house.rebuild(funnel)
    assert len(house.tables(funnel)) == 1


# Versions


@table
class OldTalk(Row):
    lead_id: LeadId
    talks: int


@projection("talks", key=("lead_id",), version=0, scoped=False)
def older_talks(row: OldTalk | None, event: FollowUpLogged) -> OldTalk:
    return OldTalk(lead_id=event.lead_id, talks=1 + (0 if row is None else row.talks))


def test_a_view_with_other_columns_is_rebuilt_at_the_start(house: House) -> None:
    old = house.worker(views=[older_talks])
    tell(house.ledger, captured, talked, talked)
    house.caught_up(older_talks)
    old.stop()
    assert house.status(talks).state == "other version"
    assert len(house.rows(older_talks)) == 1
    house.worker(views=[talks])
    house.wait(lambda: house.status(talks).state == "live", "to be rebuilt")
    house.caught_up(talks)
    assert "policy:tests at 3" in house.rows(talks)[0]
    assert len(house.tables(talks)) == 1


def test_an_older_worker_gives_way_and_does_not_build_back(house: House) -> None:
    old = house.worker(views=[older_talks])
    tell(house.ledger, captured, talked)
    house.caught_up(older_talks)
    house.rebuild(talks)
    last = tell(house.ledger, talked)
    house.wait(lambda: not old.follows, "the old one to notice")
    house.worker(views=[talks])
    house.wait(lambda: house.status(talks).position == last, "the new one to follow")
    again = house.worker(views=[older_talks])
    time.sleep(0.5)
    assert not again.follows
    assert house.status(talks).state == "live"


def test_a_new_view_of_a_long_ledger_is_built_at_once(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 200))
    with patch.object(projector, "FAR", 100):
        house.worker()
        house.wait(lambda: all(house.status(view).state == "live" for view in house.views))
        house.caught_up()
    house.must_equal_a_rebuild()


def test_a_rebuild_at_the_start_that_fails_is_told_and_tried_again(house: House) -> None:
    tell(house.ledger, captured, talked)
    with poisoned(talks, FollowUpLogged) as cured, patch.object(projector, "FAR", 1):
        house.worker(views=[talks])
        house.wait(lambda: "ValueError" in (house.status(talks).error or ""))
        cured.set()
        house.caught_up(talks)
        assert house.status(talks).error is None


# Status


def test_a_view_tells_how_it_is(house: House) -> None:
    tell(house.ledger, captured, contacted)
    before = house.status(funnel)
    assert (before.state, before.position, before.lag_events) == ("absent", 0, 2)
    assert before.lag_seconds > 0
    worker = house.worker()
    house.caught_up(funnel)
    assert house.status(funnel).state == "live"
    worker.stop()
    assert house.status(funnel).state == "stopped"


def test_rows_are_found_by_a_column_in_the_database_too(house: House) -> None:
    house.worker(batch=1)
    tell(house.ledger, onboarded("ann"), onboarded("bob"), onboarded("sue", "south"))
    house.caught_up(people)
    tell(house.ledger, published("north"), published("south"), published("north"))
    house.caught_up(people)
    assert [row[2] for row in map(eval, house.rows(people))] == [2, 2, 1]


def test_a_view_without_a_row_for_a_key_deletes_it(house: House) -> None:
    house.worker(batch=2)
    tell(house.ledger, captured, contacted, qualified)
    house.caught_up()
    assert len(house.rows(sales_worklist)) == 1
    tell(house.ledger, changed(converted, from_="qualified"))
    house.caught_up()
    assert house.rows(sales_worklist) == []


# Servers that die


@pytest.mark.faults
def test_views_survive_the_death_of_their_server(own_postgres: EmbeddedPostgres, seed: int) -> None:
    url, chance = own_postgres.url(), Random(seed)
    migrate(url)
    ledger = open_ledger(url, MASTER)
    house = House(url, ledger)
    with house.end:
        house.worker(batch=5)
        for _ in range(3):
            tell_at_last(ledger, *any_history(chance, 100))
            own_postgres.restart()
        house.wait(lambda: answers(house), "to be connected again")
        house.caught_up()
        house.must_equal_a_rebuild()
    ledger.close()


def test_a_read_database_that_does_not_answer_is_said(house: House) -> None:
    nowhere = house.url.replace("/test_", "/absent_")
    with pytest.raises(ReadsUnavailable):
        projector.status(house.views, house.ledger, nowhere)
