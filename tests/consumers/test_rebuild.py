"""Rebuilds and other versions, on a real PostgreSQL: readers see a whole view at any moment, and lose nothing."""

import time
from contextlib import closing
from datetime import UTC, datetime
from random import Random
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import psycopg2
import pytest

from api.asking import position_of, told
from api.viewing import ViewReader
from consumers import projector
from consumers.projector import ViewStatus
from consumers.rebuild import AlreadyRebuilding, Progress, Rebuild, Stopped
from consumers.session import ReadsUnavailable, Session
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from projections import funnel, sales_worklist, sql
from projections.folding import FoldFailed
from projections.projection import projection
from projections.query import Listing, page
from projections.rows import Row, table
from tests.consumers.histories import any_history
from tests.consumers.house import PATIENCE, House, bewildered, talks
from tests.consumers.telling import tell
from tests.projections.leads import captured, contacted, qualified, talked

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

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


def test_whoever_has_asked_how_far_a_view_has_come_reads_the_build_that_has_come_so_far(house: House) -> None:
    """What the last step of a swap folds is not in the snapshot of who began to read before that."""
    tell(house.ledger, captured)
    house.worker(views=[sales_worklist])
    house.caught_up(sales_worklist)
    reader = ViewReader(house.url, 1)
    seen: list[tuple[int, list[int]]] = []

    class Raced(Rebuild):
        def swap_now(self) -> None:
            if seen:
                super().swap_now()
                return
            tell(house.ledger, contacted)
            house.caught_up(sales_worklist)
            failed: list[ReadsUnavailable] = []

            def ask(asking: Any) -> tuple[int, list[int]]:
                position = position_of(asking, sales_worklist)
                try:
                    Rebuild.swap_now(self)
                except ReadsUnavailable as waiting:
                    failed.append(waiting)
                found = told(asking, page(sales_worklist, Listing(datetime.now(UTC), None)))
                return position, [row["as_of_position"] for row in found]

            seen.append(reader.read(ask))
            if failed:
                raise failed[0]

    Raced(sales_worklist, house.ledger, house.url, house.url).run()
    reader.close()
    assert seen == [(2, [2])]
    assert len(house.rows(sales_worklist)) == 1


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
    assert len(house.tables(sales_worklist)) == 2, "the one that answers, and the one before"


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
    with bewildered(funnel, LeadCaptured), pytest.raises(FoldFailed):
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
    assert len(house.tables(talks)) == 2, "the former one is kept"


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
        house.wait(lambda: all(each.state == "live" for each in house.statuses(house.views)))
        house.caught_up()
    house.must_equal_a_rebuild()


def test_a_rebuild_at_the_start_that_fails_is_told_and_tried_again(house: House) -> None:
    tell(house.ledger, captured, talked)
    with bewildered(talks, FollowUpLogged) as cured, patch.object(projector, "FAR", 1):
        house.worker(views=[talks])
        house.wait(lambda: "ValueError" in (house.status(talks).error or ""))
        cured.set()
        house.caught_up(talks)
        assert house.status(talks).error is None
