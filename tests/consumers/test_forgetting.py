"""Whose rows show somebody who is forgotten: they become what a rebuild would make of them, and no others change."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace as changed
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest

from commands.service import open_ledger
from consumers import forgetting
from consumers.projector import Projector
from consumers.rebuild import Rebuild
from consumers.rollback import NothingKept, roll_back
from consumers.session import ReadsUnavailable
from consumers.tracking import prepare
from domain.erasure import MoreForgotten
from domain.identity import IdentityLink
from domain.values import IdentityId, LeadId
from projections import VIEWS, lead_likeness, pool_board, sales_worklist
from projections.projection import Projection
from tests.consumers.house import House, poisoned
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.projections.leads import (
    CUSTOMER,
    LEAD,
    OTHER,
    another,
    captured,
    claimed,
    contacted,
    pooled,
    qualified,
)

pytestmark = pytest.mark.slow  # On a real database.

SHOWING = [view for view in VIEWS if view.opens]
gone = MoreForgotten(customer_id=CUSTOMER, subjects=(f"lead/{LEAD}",))
story = (captured, another, pooled, claimed, changed(pooled, lead_id=OTHER), contacted)


@contextmanager
def projector(house: House, *views: Projection, batch: int = 1_000) -> Iterator[Projector]:
    """A worker that is told when to work."""
    made = Projector(views, house.ledger, house.url, house.url, batch=batch)
    prepare(made.session)
    with ExitStack() as end:
        for close in (made.let_go, made.wire.close, made.waker.close, made.rebuilds.shutdown):
            end.callback(close)
        yield made


def work(worker: Projector) -> None:
    while worker.round() or len(worker.following) < len(worker.views):
        pass


def shown(house: House, *views: Projection) -> str:
    return "\n".join(row for view in views for row in house.rows(view))


def test_who_is_forgotten_is_so_in_every_view_and_all_others_stay(house: House) -> None:
    house.worker(batch=2)
    tell(house.ledger, *story)
    house.caught_up()
    assert "8000" in shown(house, sales_worklist)
    assert "Lin" in shown(house, lead_likeness)
    beside = [row for view in SHOWING for row in house.rows(view) if str(LEAD) not in row]
    tell(house.ledger, gone)
    house.caught_up()
    assert "8000" not in shown(house, *SHOWING)
    assert "Lin" not in shown(house, *SHOWING)
    assert [row for view in SHOWING for row in house.rows(view) if str(LEAD) not in row] == beside
    assert str(LEAD) in shown(house, sales_worklist), "that there was somebody is not forgotten"
    house.must_equal_a_rebuild()


def test_whatever_comes_in_one_batch_with_it(house: House) -> None:
    for together in (1, 2, 3, 1_000):
        with projector(house, *SHOWING, batch=together) as worker:
            tell(house.ledger, *story, gone, qualified) if together == 1 else tell(house.ledger, contacted, gone)
            work(worker)
    assert "8000" not in shown(house, *SHOWING)
    house.must_equal_a_rebuild(*SHOWING)


def test_a_worker_that_has_his_key_at_hand_forgets_it(house: House) -> None:
    with projector(house, *SHOWING) as worker:
        tell(house.ledger, *story)
        work(worker)
        house.ledger.history(f"lead/{LEAD}")
        house.ledger.keys.looks_at = float("inf")  # It would not look by itself for a long time.
        with closing(open_ledger(house.url, MASTER)) as elsewhere:
            tell(elsewhere, gone)
        work(worker)
    assert "8000" not in shown(house, *SHOWING)


def test_a_worker_that_dies_while_it_forgets_has_done_nothing_and_another_goes_on(house: House) -> None:
    for name in ("touched", "write", "changed_late"):
        tell(house.ledger, *story) if name == "touched" else None
        with projector(house, sales_worklist) as worker:
            work(worker)
            link = IdentityLink(identity_id=IdentityId(UUID(int=1)), kind="phone", value="+8613800008000")
            lead = LeadId(UUID(int=sum(map(ord, name))))
            tell(house.ledger, changed(captured, lead_id=lead, identities=(link,)))
            work(worker)
            before, last = house.rows(sales_worklist), house.status(sales_worklist).position
            tell(house.ledger, changed(gone, subjects=(f"lead/{lead}",)))
            with patch.object(forgetting, name, side_effect=ReadsUnavailable), pytest.raises(ReadsUnavailable):
                work(worker)
            assert (house.rows(sales_worklist), house.status(sales_worklist).position) == (before, last)
        with projector(house, sales_worklist) as another_one:
            work(another_one)
        assert not [row for row in house.rows(sales_worklist) if str(lead) in row and "8000" in row]
    house.must_equal_a_rebuild(sales_worklist)


def test_of_many_as_of_few(house: House) -> None:
    """Where so many are sought that no text tells their events from others, all are read."""
    tell(house.ledger, *story, gone)
    with patch.object(forgetting, "MOST_NAMES", 0), patch.object(forgetting, "PAGE", 2):
        with projector(house, *SHOWING) as worker:
            work(worker)
        assert "8000" not in shown(house, *SHOWING)
        house.must_equal_a_rebuild(*SHOWING)


def test_who_follows_a_list_loads_it_anew(house: House) -> None:
    """What has gone out of a row has come with no event of its own, and its position is as before."""
    tell(house.ledger, *story)
    with projector(house, sales_worklist, pool_board) as worker:
        work(worker)
        before = since(house)
        tell(house.ledger, gone)
        work(worker)
    assert since(house)["sales_worklist"] > house.ledger.last_position() > before.get("sales_worklist", 0)


def since(house: House) -> dict[str, int]:
    with psycopg.connect(house.url) as connection:
        return dict(connection.execute("SELECT name, since FROM views.told").fetchall())


def test_a_key_that_does_not_go_on_does_not_go_on_and_forgets_all_the_same(house: House) -> None:
    poison = poisoned(sales_worklist, type(contacted), only=lambda event: event.lead_id == LEAD)
    with poison as cured, projector(house, sales_worklist) as worker:
        tell(house.ledger, *story, qualified)
        work(worker)
        (letter,) = house.letters(sales_worklist)
        tell(house.ledger, gone)
        work(worker)
        (after,) = house.letters(sales_worklist)
        assert (after.key, after.position, after.waiting) == (letter.key, letter.position, letter.waiting)
        assert "8000" not in shown(house, sales_worklist)
        cured.set()
        with psycopg.connect(house.url) as connection:
            connection.execute("UPDATE views.dead_letters SET retry_at = now()")
        worker.retries_at = 0.0
        work(worker)
    assert house.letters(sales_worklist) == []
    house.must_equal_a_rebuild(sales_worklist)


def test_a_key_that_can_go_on_by_now_goes_on(house: House) -> None:
    """It is folded from the start, and nothing waits for it any more."""
    poison = poisoned(sales_worklist, type(contacted), only=lambda event: event.lead_id == LEAD)
    with poison as cured, projector(house, sales_worklist) as worker:
        tell(house.ledger, *story, qualified)
        work(worker)
        worker.retries_at = float("inf")
        cured.set()
        tell(house.ledger, gone)
        work(worker)
        assert house.letters(sales_worklist) == []
        assert not worker.following["sales_worklist"].place.parked
    house.must_equal_a_rebuild(sales_worklist)


# What is kept of before


def test_nothing_is_kept_that_still_shows_him(house: House) -> None:
    tell(house.ledger, *story)
    with projector(house, sales_worklist) as worker:
        work(worker)
        house.rebuild(sales_worklist)
        with psycopg.connect(house.url) as connection:
            connection.execute("CREATE TABLE views.sales_worklist_v9 AS TABLE views.sales_worklist")  # Of one killed.
        assert len(house.tables(sales_worklist)) == 3
        work(worker)
        tell(house.ledger, gone)
        work(worker)
    assert house.tables(sales_worklist) == ["sales_worklist_v2"]
    with pytest.raises(NothingKept):
        roll_back(sales_worklist, house.url)


def test_a_build_that_is_under_way_forgets_as_well(house: House) -> None:
    """It was folded before, and is put in place afterwards."""
    tell(house.ledger, *story)

    class Slow(Rebuild):
        def filled(self, reached: int) -> None:
            super().filled(reached)
            tell(house.ledger, gone)

    with projector(house, sales_worklist) as worker:
        work(worker)
        Slow(sales_worklist, house.ledger, house.url, house.url).run()
        work(worker)
    assert "8000" not in shown(house, sales_worklist)
    house.must_equal_a_rebuild(sales_worklist)


def test_personal_values_come_by_events_that_name_their_row() -> None:
    """Where they come by others, the rows are found that these find now, and the one of which they are."""
    from commands.service import codec

    shapes = codec().by_class

    def finding(view: Projection) -> Sequence[str]:
        return [kind.__name__ for kind in view.lookups if any(path[0] in view.opens for path in shapes[kind].personal)]

    found: dict[str, Any] = {view.name: finding(view) for view in SHOWING if finding(view)}
    assert found == {"customers": ["CustomerRestored"], "lead_likeness": ["CustomerCreated"]}
