"""What does not fit into memory is folded in shares of the keys: the same rows, and never more at a time than fit."""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from api.demo.history import write
from consumers.filling import unhindered
from consumers.policies import POLICIES
from consumers.shares import Share, concerning, fold_in_shares
from domain.lead.facts.custody import LeadAssigned, LeadClaimed, LeadReleased
from domain.staff import StaffDeparted, StaffMoved
from domain.values import LeadId, StaffId, stream_named
from projections import VIEWS, funnel, revenue, sales_worklist, status_time
from projections.folding import FoldFailed, Table, Told
from projections.projection import Projection, projection
from projections.rows import Row, table
from projections.rows import replace as replace_row
from tests.consumers.histories import ORGS, STAFF, any_history
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.projections.leads import assigned, at, captured, claimed, contacted, qualified

MEMORIES = tuple({process.memory.name: process.memory for process in POLICIES}.values())
BATCH = 10


def in_batches(told: Sequence[Told]) -> Iterator[Sequence[Told]]:
    for start in range(0, len(told), BATCH):
        yield told[start : start + BATCH]


def in_shares(view: Projection, told: Sequence[Told], most: int) -> list[list[Row]]:
    """The rows of each pass."""
    passes: list[list[Row]] = []
    fold_in_shares(
        view, lambda: in_batches(told), told[-1][0], most, lambda table: passes.append([*table.rows()]), lambda _: None
    )
    return passes


def at_once(view: Projection, told: Sequence[Told]) -> list[Row]:
    table = Table(view, remember=False)
    table.fold(told)
    return [*table.rows()]


def placed(view: Projection, rows: Sequence[Row]) -> list[tuple[str, Row, int]]:
    return sorted((str(view.place_of(row)), row, row.as_of_position) for row in rows)


def history(view: Projection, seed: int, events: int) -> list[Told]:
    told = any_history(Random(seed), events)
    return [(position, when, event) for position, (when, event) in enumerate(told, 1) if type(event) in view.reads]


def leads(number: int) -> list[Told]:
    """Each is captured, contacted and qualified, all of them side by side."""
    told = [
        replace(event, lead_id=LeadId(UUID(int=each)))
        for event in (captured, contacted, qualified)
        for each in range(number)
    ]
    return [(position, at(3, 1), event) for position, event in enumerate(told, 1)]


@table
class Held(Row):
    lead_id: LeadId
    staff_id: StaffId
    moves: int


@projection("held", key=("lead_id",), version=1, scoped=False)
def held(
    row: Held | None, event: LeadAssigned | LeadClaimed | LeadReleased | StaffMoved | StaffDeparted
) -> Held | None:
    """Who holds what; an event about a person finds all that he holds, and nothing else."""
    match event:
        case LeadAssigned(lead_id=lead_id, owner=owner) | LeadClaimed(lead_id=lead_id, owner=owner):
            return Held(lead_id=lead_id, staff_id=owner, moves=0)
        case LeadReleased() | StaffDeparted():
            return None
        case StaffMoved():
            assert row is not None, "only what is there is found"
            return replace_row(row, moves=row.moves + 1)


@held.finds_by("staff_id")
def whose(event: StaffMoved | StaffDeparted) -> StaffId:
    return event.staff_id


def test_events_that_find_their_rows_find_them_in_every_share(seed: int) -> None:
    chance = Random(seed)
    owned = [
        replace(event, lead_id=LeadId(UUID(int=number)), owner=chance.choice(STAFF))
        for event in (assigned, claimed)
        for number in range(60)
    ]
    moved = [StaffMoved(staff_id=each, role="sales", from_=ORGS[0], to=ORGS[1]) for each in STAFF]
    events = [*owned, *moved, *owned[:30], *moved, StaffDeparted(staff_id=STAFF[0]), *moved]
    told: list[Told] = [(position, at(3, 1), event) for position, event in enumerate(events, 1)]
    rows = at_once(held, told)
    assert len({row.__dict__["moves"] for row in rows}) > 1
    for most in (1, 7, 30):
        passes = in_shares(held, told, most)
        assert len(passes) > 1
        assert placed(held, [row for each in passes for row in each]) == placed(held, rows)


PLAIN = [view for view in (*VIEWS, *MEMORIES) if view.tells != "all"]


@pytest.mark.parametrize("view", PLAIN, ids=lambda view: view.name)
def test_shares_have_the_rows_that_one_pass_has(view: Projection, seed: int) -> None:
    told = history(view, seed, 1_500)
    if told:
        passes = in_shares(view, told, 3)
        assert placed(view, [row for each in passes for row in each]) == placed(view, at_once(view, told))


def test_what_fits_is_folded_in_one_pass(seed: int) -> None:
    told = history(funnel, seed, 300)
    rows = at_once(funnel, told)
    assert len(in_shares(funnel, told, len(rows))) == 1
    assert len(in_shares(funnel, told, len(rows) - 1)) > 1


def test_no_pass_keeps_more_than_fits_and_none_is_idle() -> None:
    passes = in_shares(sales_worklist, leads(2_000), 100)
    assert sum(map(len, passes)) == 2_000
    assert max(map(len, passes)) <= 100
    assert min(map(len, passes)) >= 20
    assert 20 <= len(passes) <= 64


def test_where_a_key_has_many_rows_they_are_all_counted() -> None:
    told = leads(50)
    rows = at_once(status_time, told)
    assert len(rows) > 50
    passes = in_shares(status_time, told, 20)
    assert max(map(len, passes)) <= 20
    assert placed(status_time, [row for each in passes for row in each]) == placed(status_time, rows)


def test_the_rows_of_one_key_stay_together_however_many() -> None:
    passes = in_shares(status_time, leads(1), 0)
    assert [len(each) for each in passes] == [len(at_once(status_time, leads(1)))]


def test_shares_part_all_keys(seed: int) -> None:
    chance, shares = Random(seed), [Share()]
    for _ in range(40):
        shares.extend(shares.pop(chance.randrange(len(shares))).halves())
    for key in (*range(100), "lead/1", (7, "a"), "安", ("ann", 1, None)):
        assert sum(share.has(key) for share in shares) == 1


@pytest.mark.slow
def test_memory_is_bounded_by_what_fits_and_not_by_what_there_is() -> None:
    told = leads(12_000)
    peaks = {}
    for most in (len(told), 1_000):
        tracemalloc.start()
        with unhindered():
            fold_in_shares(sales_worklist, lambda: in_batches(told), told[-1][0], most, lambda _: None, lambda _: None)
        peaks[most] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[1_000] < peaks[len(told)] / 6, peaks


def test_how_far_it_has_come_ends_at_the_end() -> None:
    told, said = leads(500), [0]
    fold_in_shares(funnel, lambda: in_batches(told), told[-1][0], 40, lambda _: None, said.append)
    assert max(said) == said[-1] == told[-1][0]
    assert said[-1] > said[len(said) // 2] > said[1]


def test_an_event_whose_key_cannot_be_found_is_told() -> None:
    nameless = object.__new__(type(captured))
    with pytest.raises(FoldFailed) as failed:
        list(concerning(Share(0, 2), funnel, [(7, at(3, 1), nameless)]))
    assert failed.value.position == 7
    assert stream_named(type(captured))(captured).startswith("lead/")


# On a real ledger


@pytest.mark.slow
def test_a_rebuild_in_shares_makes_the_rows_of_any_history(house: House, seed: int) -> None:
    tell(house.ledger, *any_history(Random(seed), 900))
    house.worker()
    house.caught_up()
    for view in house.views:
        live = house.rows(view)
        house.rebuild(view, most=2)
        assert house.rows(view) == live, view.name


@pytest.mark.slow
def test_a_rebuild_in_shares_makes_the_rows_of_a_company_that_works(house: House) -> None:
    views = {view.name: view for view in (*house.views, *MEMORIES)}.values()
    house.worker(200, [*views])
    write(house.ledger, datetime(2026, 3, 12, 4, tzinfo=UTC), 3)
    house.caught_up(*views)
    assert len(house.rows(revenue)) > 10
    for view in views:
        live = house.rows(view)
        house.rebuild(view, most=max(len(live) // 5, 1))
        assert house.rows(view) == live, view.name
