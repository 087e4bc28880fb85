"""A rebuild is compared with the view that answers before it takes its place: row for row, at one position."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread

import psycopg
import pytest

from consumers.comparing import Compared, Difference
from consumers.rebuild import Progress, Rebuild
from consumers.session import Cursor
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from projections import funnel, lead_likeness, sales_worklist, sql, status_time
from projections.projection import Projection, projection
from projections.rows import Row, table
from tests.consumers.histories import any_history
from tests.consumers.house import House, talks
from tests.consumers.telling import tell
from tests.projections.leads import captured, talked

pytestmark = pytest.mark.slow


@pytest.fixture
def kept_up(house: House, seed: int) -> House:
    """With views that are at the end of a history, and no worker any more."""
    tell(house.ledger, *any_history(Random(seed), 600))
    worker = house.worker()
    house.caught_up()
    worker.stop()
    return house


def verified(house: House, view: Projection, *, swap: bool = False) -> Compared:
    seen: list[Compared] = []

    def judge(compared: Compared) -> bool:
        seen.append(compared)
        return swap

    house.rebuild(view, judge=judge)
    (found,) = seen
    return found


def by_hand(house: House, view: Projection, statement: str) -> None:
    """Something is done to the table that answers, which no event has said."""
    with psycopg.connect(house.url) as connection:
        ((build,),) = connection.execute("SELECT build FROM views.tracking WHERE name = %s", [view.name]).fetchall()
        changed = connection.execute(statement.format(sql.table(view, build)).encode())
        assert changed.rowcount == 1


def unchanged(house: House, view: Projection, do: Callable[[], object]) -> None:
    before, tables = house.rows(view), house.tables(view)
    do()
    assert (house.rows(view), house.tables(view)) == (before, tables)
    assert house.status(view).rebuild is None


def test_a_view_that_is_right_is_as_its_rebuild(kept_up: House) -> None:
    for view in kept_up.views:
        found = verified(kept_up, view)
        assert found.differing == 0, view.name
        assert (found.columns, found.apart, found.first) == ({}, (), ())
        assert found.same == len(kept_up.rows(view))
        assert found.position == kept_up.ledger.last_position()
        assert found.answering == found.version == view.version
    assert len(kept_up.rows(funnel)) > 5


ONE = "(SELECT min(lead_id::text)::uuid FROM {0})"


def test_a_row_that_was_changed_is_found_with_the_columns_that_differ(kept_up: House) -> None:
    by_hand(
        kept_up,
        funnel,
        f"UPDATE {{0}} SET source = 'Lin Li', as_of_position = as_of_position + 1 WHERE lead_id = {ONE}",
    )
    found = verified(kept_up, funnel)
    assert (found.different, found.only_answering, found.only_new) == (1, 0, 0)
    assert found.columns == {"source": 1, "as_of_position": 1}
    (row,) = found.first
    assert (row.where, row.columns, [*row.key]) == ("in both", ("source", "as_of_position"), ["lead_id"])
    assert found.same == len(kept_up.rows(funnel)) - 1
    assert "Lin Li" not in repr(found)


def test_null_differs_from_a_value(kept_up: House) -> None:
    by_hand(kept_up, funnel, f"UPDATE {{0}} SET owner_id = NULL, pool_id = 'nowhere' WHERE lead_id = {ONE}")
    assert verified(kept_up, funnel).columns.keys() >= {"pool_id"}


def test_a_row_that_is_missing_is_found(kept_up: House) -> None:
    by_hand(kept_up, funnel, f"DELETE FROM {{0}} WHERE lead_id = {ONE}")
    found = verified(kept_up, funnel)
    assert (found.different, found.only_answering, found.only_new) == (0, 0, 1)
    assert [(row.where, row.columns) for row in found.first] == [("only in the new build", ())]


def test_a_row_too_many_is_found_where_a_key_has_many(kept_up: House) -> None:
    columns = ", ".join(each.quoted for each in status_time.columns if each.name != "ordinal")
    by_hand(
        kept_up,
        status_time,
        f"INSERT INTO {{0}} (ordinal, {columns}) SELECT 999, {columns} FROM {{0}} ORDER BY subject_id, ordinal LIMIT 1",
    )
    found = verified(kept_up, status_time)
    assert (found.different, found.only_answering, found.only_new) == (0, 1, 0)
    (row,) = found.first
    assert row.where == "only in the one that answers"
    assert row.key["ordinal"] == "999"


def test_of_many_differences_all_are_counted_and_the_first_are_named(kept_up: House) -> None:
    with psycopg.connect(kept_up.url) as connection:
        ((build,),) = connection.execute("SELECT build FROM views.tracking WHERE name = 'status_time'").fetchall()
        connection.execute(f"UPDATE {sql.table(status_time, build)} SET as_of_position = 0".encode())
    found = verified(kept_up, status_time)
    assert found.differing == found.different == len(kept_up.rows(status_time)) > 10
    assert found.columns == {"as_of_position": found.different}
    assert len(found.first) == 10


def test_what_is_judged_unfit_is_thrown_away_and_nothing_is_swapped(kept_up: House) -> None:
    by_hand(kept_up, funnel, f"DELETE FROM {{0}} WHERE lead_id = {ONE}")
    unchanged(kept_up, funnel, lambda: verified(kept_up, funnel))
    verified(kept_up, funnel, swap=True)
    assert verified(kept_up, funnel).differing == 0


def test_what_fails_to_be_judged_leaves_the_view_as_it_was(kept_up: House) -> None:
    def judge(_: Compared) -> bool:
        raise ZeroDivisionError

    def rebuild() -> None:
        with pytest.raises(ZeroDivisionError):
            kept_up.rebuild(funnel, judge=judge)

    unchanged(kept_up, funnel, rebuild)


def test_a_view_that_is_behind_is_compared_where_it_is_and_swapped_at_the_end(kept_up: House, seed: int) -> None:
    behind = kept_up.ledger.last_position()
    last = tell(kept_up.ledger, *any_history(Random(seed + 1), 700))
    told: list[Progress] = []
    found: list[Compared] = []
    kept_up.rebuild(funnel, judge=lambda compared: not found.append(compared), report=told.append)  # type: ignore[func-returns-value]
    assert (found[0].position, found[0].differing) == (behind, 0)
    assert kept_up.status(funnel).position == last
    assert (told[-1].phase, told[-1].lag) == ("done", 0)


def test_both_are_at_one_position_while_others_write(house: House, seed: int) -> None:
    chance, done = Random(seed), Event()
    tell(house.ledger, *any_history(chance, 200))
    house.worker(7, [sales_worklist, lead_likeness])
    house.caught_up(sales_worklist, lead_likeness)

    @contextmanager
    def writing() -> Iterator[None]:
        def write() -> None:
            while not done.is_set():
                tell(house.ledger, *any_history(chance, 20))

        writer = Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            done.set()
            writer.join()

    class Slow(Rebuild):
        """The view that answers has moved on before both are compared, and moves on while they are."""

        def compared(self) -> Compared:
            self.wait_behind(house.status(self.view).position)
            return super().compared()

        def reach(self, cursor: Cursor, position: int) -> None:
            super().reach(cursor, position)
            if self.judge is not None:
                self.wait_behind(position)

        def wait_behind(self, position: int) -> None:
            house.wait(lambda: house.status(self.view).position > position + 20)

    found: list[Compared] = []
    with writing():
        for view in (sales_worklist, lead_likeness):
            judge = lambda compared: not found.append(compared)  # type: ignore[func-returns-value]  # noqa: E731
            Slow(view, house.ledger, house.url, house.url, judge=judge).run()
    assert [each.differing for each in found] == [0, 0]


# Other versions


@table
class OldTalk(Row):
    lead_id: LeadId
    talks: int
    mood: str


@projection("talks", key=("lead_id",), version=0, scoped=False)
def older_talks(row: OldTalk | None, event: FollowUpLogged) -> OldTalk:
    return OldTalk(lead_id=event.lead_id, talks=7, mood="well")


@table
class OneTalk(Row):
    lead_id: LeadId
    number: int


@projection("talks", key=("lead_id",), rows_by=("number",), version=0, scoped=False)
def each_talk(rows: tuple[OneTalk, ...], event: FollowUpLogged) -> tuple[OneTalk, ...]:
    return (*rows, OneTalk(lead_id=event.lead_id, number=len(rows)))


def test_another_version_is_compared_in_what_both_have(house: House) -> None:
    old = house.worker(views=[older_talks])
    tell(house.ledger, captured, talked, talked)
    house.caught_up(older_talks)
    old.stop()
    found = verified(house, talks)
    assert (found.answering, found.version) == (0, 1)
    assert (found.same, found.different, found.columns) == (0, 1, {"talks": 1})
    assert found.apart == ("mood", "said_by")
    assert found.first == (Difference({"lead_id": str(talked.lead_id)}, "in both", ("talks",)),)


def test_rows_under_another_key_are_counted_and_not_matched(house: House) -> None:
    old = house.worker(views=[each_talk])
    tell(house.ledger, captured, talked, talked)
    house.caught_up(each_talk)
    old.stop()
    found = verified(house, talks)
    assert (found.only_answering, found.only_new, found.same, found.first) == (2, 1, 0, ())


def test_the_one_that_is_not_there_yet_is_as_a_rebuild_of_nothing(house: House) -> None:
    tell(house.ledger, captured, talked)
    found = verified(house, talks)
    assert (found.position, found.same, found.differing) == (0, 0, 0)
