"""The runner, on a real PostgreSQL: whatever happens, a view is what its fold makes of the ledger."""

import time
from contextlib import closing, suppress
from dataclasses import replace as changed
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from commands.service import open_ledger
from consumers import projector, session
from consumers.advance import advance, step
from consumers.session import ReadsUnavailable, Session
from consumers.source import Source
from consumers.tracking import Fenced, Place, ensure, prepare
from domain.customer.facts.protection import PersonalDataErased
from domain.values import CustomerId, LeadId
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Wire
from ledger.store import Unavailable
from projections import customers_apart, funnel, lead_likeness, sales_worklist, staff_directory, status_time
from tests.consumers.histories import any_history
from tests.consumers.house import House, bewildered, talks
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.projections.customer_cards import created
from tests.projections.leads import (
    CUSTOMER,
    OTHER,
    another,
    captured,
    claimed,
    contacted,
    converted,
    lost,
    pooled,
    qualified,
    talked,
    touched,
)
from tests.projections.test_projection import onboarded, people, published

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

NEWCOMERS = [
    *[changed(each, lead_id=LeadId(UUID(int=99))) for each in (captured, pooled, claimed)],
    *[changed(each, lead_id=LeadId(UUID(int=98))) for each in (captured, converted)],
    onboarded("zoe"),
    created,
]
UNTOLD = (customers_apart,)  # Nobody here is closed, merged or brought in from elsewhere, so nobody is set apart.

# Live equals rebuilt


@pytest.mark.parametrize("times", [pytest.param(3, id="3"), pytest.param(40, id="40", marks=pytest.mark.deep)])
def test_views_equal_a_rebuild_after_any_history(house: House, seed: int, times: int) -> None:
    chance = Random(seed)
    for _ in range(times):
        worker = house.worker(batch=chance.choice([1, 2, 7, 50]))
        for _ in range(4):
            tell(house.ledger, *any_history(chance, chance.randint(1, 60), forgets=0.03))
            time.sleep(chance.random() / 10)
        if chance.random() < 0.5:
            house.caught_up()
        worker.stop()
    tell(house.ledger, *NEWCOMERS)  # However the others have ended, every view has somebody to tell of.
    house.worker()
    house.caught_up()
    told = {type(each.event) for each in house.ledger.events(0, 100_000)}
    known = [view for view in house.views if view not in UNTOLD]
    silent = [view.name for view in known if told & {*view.reads} and not house.rows(view)]
    assert not silent
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
        tell_at_last(house.ledger, *any_history(chance, 40, forgets=0.03))
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
    advance(quick, Place(sales_worklist, found.build, 0), source, source.read(0, 1, 10), 1)
    before = house.rows(sales_worklist)
    with pytest.raises(Fenced):
        advance(slow, behind, source, source.read(0, 2, 10), 2)
    assert house.rows(sales_worklist) == before
    assert house.status(sales_worklist).position == 1
    for each in (slow, quick, wire):
        each.close()


def test_a_stopped_worker_has_finished_what_it_began(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 300))
    worker = house.worker(batch=10)
    house.wait(lambda: house.status(sales_worklist).position > 0)
    worker.stop()
    house.wait(lambda: house.status(sales_worklist).state == "stopped", "until the server has seen that it is gone")
    house.worker()
    house.caught_up()
    house.must_equal_a_rebuild(sales_worklist)


def test_positions_move_over_what_a_view_does_not_read(house: House) -> None:
    house.worker()
    last = tell(house.ledger, captured, touched, touched)
    house.caught_up()
    assert {each.position for each in house.statuses(house.views)} == {last}
    assert house.status(staff_directory).lag_seconds == 0.0


# When nobody knows whom an event concerns; what is known to concern somebody is parked with him (test_dead_letters.py)


def test_a_view_stands_still_where_it_finds_nobody_and_the_others_go_on(house: House) -> None:
    with bewildered(funnel, type(qualified)) as cured:
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
    with bewildered(funnel, type(qualified)):
        first = house.worker()
        tell(house.ledger, captured, contacted, qualified)
        house.wait(lambda: house.status(funnel).state == "failing")
        first.stop()
        house.worker()
        house.wait(lambda: "position 3" in (house.status(funnel).error or ""))
        assert house.status(funnel).position == 2


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
    house.wait(lambda: house.status(funnel).state == "stopped", "until the server has seen that it is gone")


def test_rows_are_found_by_a_column_in_the_database_too(house: House) -> None:
    house.worker(batch=1)
    tell(house.ledger, onboarded("ann"), onboarded("bob"), onboarded("sue", "south"))
    house.caught_up(people)
    tell(house.ledger, published("north"), published("south"), published("north"))
    house.caught_up(people)
    assert [row[2] for row in map(eval, house.rows(people))] == [2, 2, 1]


def test_rows_are_found_by_any_of_several_values_in_the_database_too(house: House) -> None:
    house.worker(batch=1)
    tell(house.ledger, captured, another, contacted, changed(qualified, customer_id=CUSTOMER))
    house.caught_up(lead_likeness)
    assert len({row[0] for row in map(eval, house.rows(lead_likeness))}) == 2
    survivor = CustomerId(UUID(int=202))
    tell(house.ledger, PersonalDataErased(customer_id=survivor, from_="prospect", absorbed=(CUSTOMER,)))
    house.caught_up(lead_likeness)
    assert {row[0] for row in map(eval, house.rows(lead_likeness))} == {str(OTHER)}


def test_a_view_without_a_row_for_a_key_deletes_it(house: House) -> None:
    house.worker(batch=2)
    tell(house.ledger, captured, contacted, qualified)
    house.caught_up()
    assert len(house.rows(sales_worklist)) == 1
    tell(house.ledger, changed(converted, from_="qualified"))
    house.caught_up()
    assert house.rows(sales_worklist) == []


def test_two_steps_in_one_transaction_come_to_the_same_as_in_two(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a rebuild takes them that is far behind when it swaps: what the first has copied, the second must not."""
    monkeypatch.setattr(session, "FEW", 0)
    tell(house.ledger, captured, another, changed(lost, from_="new"), touched)
    with closing(Session(house.url, "steps")) as ours, closing(Wire(house.url)) as wire:
        prepare(ours)
        source, place = Source(house.ledger, wire, sales_worklist), Place(sales_worklist, 0, 0)
        place.build = ensure(ours, sales_worklist).build
        with ours.transaction() as cursor:
            for until in (2, 4):
                step(cursor, place, source, source.read(place.position, until, 10), until)
                place.position = until
    house.must_equal_a_rebuild(sales_worklist)


@pytest.mark.parametrize("prompt", [True, False])
def test_a_view_for_which_people_wait_has_turns_between_those_of_others(
    house: House, monkeypatch: pytest.MonkeyPatch, *, prompt: bool
) -> None:
    """Something happens while another view is folded: who waits sees it before that round is over."""
    monkeypatch.setattr(projector, "PROMPT_SECONDS", 0.0)
    happens = [talked]

    def interrupted(row: Any, event: Any, at: Any) -> Any:
        if happens:
            tell(house.ledger, happens.pop())
        return funnel.evolve(row, event, at)

    worklist = changed(sales_worklist, prompt=prompt)
    views = (changed(funnel, evolve=interrupted), worklist, status_time)
    worker = projector.Projector(views, house.ledger, house.url, house.url)
    prepare(worker.session)
    while len(worker.following) < len(views):
        worker.round()
    tell(house.ledger, captured)
    worker.round()
    assert not happens
    behind = house.status(worklist).lag_events
    assert (behind, house.status(status_time).lag_events) == (0 if prompt else 1, 1)
    worker.let_go()
    worker.wire.close()
    worker.waker.close()
    worker.rebuilds.shutdown()


def test_a_view_that_was_told_between_turns_is_not_taken_back_behind_that(house: House) -> None:
    """When its own turn came, nothing had happened for it; the end of the round is not where it stands by then."""
    happens = [talked]

    def interrupted(row: Any, event: Any) -> Any:
        if happens:
            tell(house.ledger, happens.pop())
            worker.prompt_again_at = 0.0
        return staff_directory.evolve(row, event)

    views = (sales_worklist, changed(staff_directory, evolve=interrupted), status_time)
    worker = projector.Projector(views, house.ledger, house.url, house.url)
    prepare(worker.session)
    tell(house.ledger, captured, contacted)
    while len(worker.following) < len(views) or worker.round():
        worker.round()
    last = tell(house.ledger, onboarded("ann"))
    worker.prompt_again_at = float("inf")
    worker.round()
    assert not happens
    assert house.status(sales_worklist).position == last + 1
    worker.round()
    house.must_equal_a_rebuild(sales_worklist)
    worker.let_go()
    worker.wire.close()
    worker.waker.close()
    worker.rebuilds.shutdown()


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
