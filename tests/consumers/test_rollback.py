"""The build of a view that answered before can be put back at once, and no worker puts the other one in again."""

import time
from contextlib import closing
from random import Random
from threading import Thread
from typing import Any
from unittest.mock import patch

import psycopg
import psycopg2
import pytest
from structlog.testing import capture_logs

from consumers import projector
from consumers.rebuild import AlreadyRebuilding, Rebuild
from consumers.rollback import NothingKept, RolledBack, drop_kept, roll_back
from consumers.session import ReadsUnavailable, Session
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from projections import funnel, lead_likeness, sql
from projections.folding import FoldFailed
from projections.projection import Projection, projection
from projections.rows import Row, table
from tests.consumers.histories import any_history
from tests.consumers.house import PATIENCE, House, bewildered
from tests.consumers.telling import tell
from tests.projections.leads import captured, contacted, qualified, talked

pytestmark = pytest.mark.slow


@table
class Once(Row):
    lead_id: LeadId
    talks: int


@table
class Twice(Row):
    lead_id: LeadId
    doubled: int


@projection("talk_count", key=("lead_id",), version=1, scoped=False)
def first(row: Once | None, event: FollowUpLogged) -> Once:
    return Once(lead_id=event.lead_id, talks=1 + (0 if row is None else row.talks))


@projection("talk_count", key=("lead_id",), version=2, scoped=False)
def second(row: Twice | None, event: FollowUpLogged) -> Twice:
    return Twice(lead_id=event.lead_id, doubled=2 + (0 if row is None else row.doubled))


@projection("talk_count", key=("lead_id",), version=3, scoped=False)
def third(row: Once | None, event: FollowUpLogged) -> Once:
    return Once(lead_id=event.lead_id, talks=100 + (0 if row is None else row.talks))


def figures(house: House) -> list[tuple[Any, ...]]:
    with psycopg.connect(house.url) as connection:
        return [row[1:2] for row in connection.execute("SELECT * FROM views.talk_count").fetchall()]


def followed(house: House, view: Projection) -> None:
    worker = house.worker(views=[view])
    house.wait(lambda: house.status(view).state == "live", f"version {view.version} to be live")
    house.caught_up(view)
    worker.stop()


def is_left_alone(house: House, view: Projection) -> None:
    before, rows = house.status(view), figures(house)
    with capture_logs() as said:
        worker = house.worker(views=[view])
        house.wait(lambda: any("another version" in each["event"] for each in said), "the worker to say so")
        time.sleep(0.3)
        assert not worker.follows
    worker.stop()
    after = house.status(view)
    assert (after.version, after.position, figures(house)) == (before.version, before.position, rows)


@pytest.fixture
def swapped(house: House) -> House:
    """The second version answers, and the first did until now, two talks ago."""
    tell(house.ledger, captured, talked)
    followed(house, first)
    tell(house.ledger, talked, talked)
    followed(house, second)
    assert figures(house) == [(6,)]
    return house


def test_the_former_rows_are_there_at_once_and_catch_up(swapped: House) -> None:
    last = swapped.ledger.last_position()
    assert roll_back(first, swapped.url) == RolledBack(1, 2, 2, last)
    assert figures(swapped) == [(1,)]
    found = swapped.status(first)
    assert (found.version, found.position, found.state) == (1, 2, "stopped")
    followed(swapped, first)
    assert figures(swapped) == [(3,)]


def test_a_worker_of_the_version_that_was_given_up_leaves_the_view_alone(swapped: House) -> None:
    swapped.worker(views=[second])
    swapped.caught_up(second)
    roll_back(second, swapped.url)  # Whichever version of the service is asked.
    tell(swapped.ledger, talked)
    is_left_alone(swapped, second)
    assert figures(swapped) == [(1,)]
    followed(swapped, first)
    assert figures(swapped) == [(4,)]
    is_left_alone(swapped, second)


def test_a_later_version_takes_its_place_as_ever(swapped: House) -> None:
    roll_back(first, swapped.url)
    followed(swapped, third)
    assert figures(swapped) == [(300,)]
    is_left_alone(swapped, second)


def test_who_is_given_up_answers_again_when_a_rebuild_is_asked_for(swapped: House) -> None:
    roll_back(first, swapped.url)
    swapped.rebuild(second)
    tell(swapped.ledger, talked)
    followed(swapped, second)
    assert figures(swapped) == [(8,)]
    swapped.rebuild(first)
    followed(swapped, second)
    assert figures(swapped) == [(8,)], "nobody has given it up any more"


def test_a_rebuild_of_the_former_version_does_not_bring_the_other_back(swapped: House) -> None:
    roll_back(first, swapped.url)
    swapped.rebuild(first)
    assert figures(swapped) == [(3,)]
    is_left_alone(swapped, second)


def test_rolled_back_twice_it_is_as_it_was(swapped: House) -> None:
    roll_back(first, swapped.url)
    roll_back(first, swapped.url)
    assert figures(swapped) == [(6,)]
    tell(swapped.ledger, talked)
    followed(swapped, second)
    assert figures(swapped) == [(8,)]


def test_of_one_version_the_former_rows_are_followed_on(house: House, seed: int) -> None:
    """Its fold was wrong, and it was swapped in nevertheless: whoever has the right one goes on where it was."""
    tell(house.ledger, *any_history(Random(seed), 200))
    followed(house, funnel)
    right = house.rows(funnel)

    def wrong(row: Any, event: Any, *rest: Any) -> Any:
        return None

    evolve = funnel.evolve
    object.__setattr__(funnel, "evolve", wrong)
    try:
        house.rebuild(funnel)
    finally:
        object.__setattr__(funnel, "evolve", evolve)
    assert house.rows(funnel) == []
    roll_back(funnel, house.url)
    assert house.rows(funnel) == right
    tell(house.ledger, *any_history(Random(seed + 1), 50))
    followed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_a_worker_at_work_goes_on_with_the_former_build(house: House, seed: int) -> None:
    worker = house.worker(views=[funnel], batch=5)
    for number in range(4):
        tell(house.ledger, *any_history(Random(seed + number), 60))
        house.caught_up(funnel)
        house.rebuild(funnel)
        tell(house.ledger, *any_history(Random(seed + number + 100), 60))
        roll_back(funnel, house.url)
        house.caught_up(funnel)
        assert house.status(funnel).error is None
    house.wait(lambda: worker.follows, "it to be followed")
    house.must_equal_a_rebuild(funnel)


# What is kept


def test_one_build_of_each_view_is_kept(house: House) -> None:
    tell(house.ledger, captured, contacted)
    followed(house, funnel)
    assert len(house.tables(funnel)) == 1
    for _ in range(3):
        house.rebuild(funnel)
        assert len(house.tables(funnel)) == 2
    roll_back(funnel, house.url)
    assert len(house.tables(funnel)) == 2


def test_an_empty_view_at_the_start_of_the_ledger_is_not_worth_keeping(house: House) -> None:
    tell(house.ledger, captured)
    house.rebuild(funnel)
    assert len(house.tables(funnel)) == 1


def test_nothing_is_kept_of_what_is_masked_elsewhere(house: House) -> None:
    """What has been erased would live on in it."""
    tell(house.ledger, captured)
    followed(house, lead_likeness)
    house.rebuild(lead_likeness)
    assert len(house.tables(lead_likeness)) == 1
    with pytest.raises(NothingKept):
        roll_back(lead_likeness, house.url)


def test_nothing_is_kept_of_what_a_policy_remembers(house: House) -> None:
    """It would react again to what it has reacted to."""
    tell(house.ledger, captured)
    followed(house, funnel)
    house.rebuild(funnel, until=house.status(funnel).position)
    assert len(house.tables(funnel)) == 1


def test_where_nothing_is_kept_it_says_so_and_changes_nothing(house: House) -> None:
    with pytest.raises(NothingKept, match="no build of funnel is kept"):
        roll_back(funnel, house.url)
    tell(house.ledger, captured)
    followed(house, funnel)
    before = house.rows(funnel)
    with pytest.raises(NothingKept, match="no build of funnel is kept"):
        roll_back(funnel, house.url)
    with pytest.raises(NothingKept):
        drop_kept(funnel, house.url)
    assert house.rows(funnel) == before


def test_what_is_kept_can_be_dropped(swapped: House) -> None:
    drop_kept(second, swapped.url)
    assert len(swapped.tables(second)) == 1
    with pytest.raises(NothingKept):
        roll_back(second, swapped.url)
    assert figures(swapped) == [(6,)]


def test_a_table_that_somebody_has_dropped_is_not_kept(swapped: House) -> None:
    with psycopg.connect(swapped.url) as connection:
        connection.execute("DROP TABLE views.talk_count_v1")
    with pytest.raises(NothingKept):
        roll_back(second, swapped.url)


def test_a_rebuild_that_comes_to_nothing_leaves_what_is_kept(swapped: House) -> None:
    with bewildered(second, FollowUpLogged), pytest.raises(FoldFailed):
        swapped.rebuild(second)
    swapped.rebuild(second, judge=lambda _: False)
    roll_back(second, swapped.url)
    assert figures(swapped) == [(1,)]


# Others at the same time


def test_while_it_is_being_rebuilt_it_is_not_rolled_back(swapped: House) -> None:
    with closing(Session(swapped.url, "other")) as other:
        assert other.take(f"build {second.name}")
        for each in (roll_back, drop_kept):
            with pytest.raises(AlreadyRebuilding):
                each(second, swapped.url)
    roll_back(second, swapped.url)


def test_a_long_reader_delays_it_and_sees_a_whole_view(swapped: House) -> None:
    with closing(psycopg2.connect(swapped.url)) as reader, reader.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {sql.shown(second)}")
        rollback = Thread(target=roll_back, args=(second, swapped.url))
        rollback.start()
        time.sleep(1.5)
        assert rollback.is_alive()
        cursor.execute(f"SELECT doubled FROM {sql.shown(second)}")
        assert cursor.fetchall() == [(6,)]
        reader.rollback()
        rollback.join(PATIENCE)
    assert figures(swapped) == [(1,)]


def test_a_reader_who_never_lets_go_leaves_it_undone(swapped: House) -> None:
    with closing(psycopg2.connect(swapped.url)) as reader, reader.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {sql.shown(second)}")
        with patch("consumers.rebuild.SWAP_SECONDS", 0.5), pytest.raises(ReadsUnavailable):
            roll_back(second, swapped.url)
    assert figures(swapped) == [(6,)]
    assert swapped.status(second).version == 2
    roll_back(second, swapped.url)


def test_who_has_lost_his_lease_does_not_clear_away_the_build_of_another(house: House) -> None:
    tell(house.ledger, captured, qualified)
    other = Session(house.url, "other")

    class Lost(Rebuild):
        def catch_up(self) -> None:
            self.session.close()
            assert other.take(f"build {self.view.name}")
            raise ReadsUnavailable("gone")

    with closing(other):
        with pytest.raises(ReadsUnavailable):
            Lost(funnel, house.ledger, house.url, house.url).run()
        assert len(house.tables(funnel)) == 2
    house.rebuild(funnel)
    assert len(house.tables(funnel)) == 1


def test_status_tells_who_gave_it_up_that_it_is_of_another_version(swapped: House) -> None:
    roll_back(first, swapped.url)
    assert projector.status([second], swapped.ledger, swapped.url)[0].state == "other version"
