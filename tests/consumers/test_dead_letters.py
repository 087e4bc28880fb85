"""Dead letters, on a real PostgreSQL: who is concerned by a poison event waits, in order, and nobody else."""

import time
from contextlib import ExitStack
from dataclasses import replace as changed
from random import Random
from unittest.mock import patch
from uuid import UUID
from zlib import crc32

import psycopg
import pytest

from consumers.dead_letters import skipped
from consumers.rollback import drop_kept
from consumers.tracking import Fenced
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from projections import audit_trail, funnel, sales_worklist
from projections.folding import FoldFailed
from tests.consumers.hand import OTHERS, due_now, hand, healed, of_lead, positions
from tests.consumers.histories import LEADS, any_history
from tests.consumers.house import House, poisoned, talks
from tests.consumers.telling import tell
from tests.projections.leads import (
    LEAD,
    OTHER,
    captured,
    contacted,
    lost,
    qualified,
    talked,
)
from tests.projections.test_projection import onboarded, people, published

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.


def sick(event: object) -> bool:
    """One event in nine, always the same ones."""
    return crc32(repr(event).encode()) % 9 == 0


# Parking


def test_a_poison_event_parks_its_key_and_all_others_go_on(house: House) -> None:
    with poisoned(funnel, type(qualified), only=of_lead) as cured:
        house.worker()
        last = tell(house.ledger, captured, *OTHERS, contacted, qualified, changed(qualified, lead_id=OTHER), lost)
        house.caught_up()
        found = house.status(funnel)
        assert (found.position, found.dead_letters, found.error) == (last, 1, None)
        assert house.status(sales_worklist).dead_letters == 0
        assert positions(house) == {str(LEAD): 4, str(OTHER): 6}
        (letter,) = house.letters()
        assert (letter.view, letter.key, letter.position) == ("funnel", str(LEAD), 5)
        assert (letter.type, letter.waiting) == ("lead.qualified", 1)
        assert letter.error is not None
        assert letter.error.startswith("ValueError in tests/")
        assert "Lin" not in letter.error
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_nothing_of_what_an_event_says_is_kept_of_it(house: House) -> None:
    with poisoned(sales_worklist, type(captured)):
        house.worker()
        tell(house.ledger, captured, contacted)
        house.caught_up(sales_worklist)
        with psycopg.connect(house.url) as connection:
            kept = connection.execute("SELECT * FROM views.dead_letters").fetchall()
            kept += connection.execute("SELECT * FROM views.queued").fetchall()
    assert len(kept) == 2
    assert "Lin" not in repr(kept)
    assert "13800008000" not in repr(kept)


@pytest.mark.parametrize("number", [0, *(pytest.param(number, marks=pytest.mark.deep) for number in range(1, 20))])
def test_what_is_parked_equals_a_rebuild_and_healed_too(house: House, seed: int, number: int) -> None:
    chance = Random(seed + number)
    with ExitStack() as end:
        cures = [end.enter_context(poisoned(view, only=sick)) for view in house.views]
        workers = [house.worker(batch=chance.choice([1, 3, 50])) for _ in range(2)]
        for _ in range(4):
            tell(house.ledger, *any_history(chance, chance.randint(20, 60)), onboarded("zoe"), published("north"))
        house.caught_up()
        for each in workers:
            each.stop()
        parked = {(each.view, each.key, each.position, each.waiting) for each in house.letters()}
        assert {view for view, *_ in parked} >= {"funnel", "sales_worklist"}
        house.must_equal_a_rebuild()
        assert {(each.view, each.key, each.position, each.waiting) for each in house.letters()} == parked
        for cured in cures:
            cured.set()
        due_now(house)
        house.worker()
        healed(house)
        house.must_equal_a_rebuild()


def test_what_finds_rows_by_a_column_waits_for_whoever_does_not_go_on(house: House) -> None:
    """Whether it concerns him is seen when his own events are folded: until then he has no row to be found."""
    with poisoned(people, type(onboarded("ann")), only=lambda event: event.staff_id == "ann") as cured:
        house.worker(views=[people])
        tell(house.ledger, onboarded("ann"), onboarded("bob"), onboarded("sue", "south"), published("north"))
        house.caught_up(people)
        assert [row[2] for row in map(eval, house.rows(people))] == [1, 0]
        (letter,) = house.letters(people)
        assert (letter.key, letter.position, letter.waiting) == ("ann", 1, 1)
        tell(house.ledger, published("south"))
        cured.set()
        healed(house, people)
    assert [row[2] for row in map(eval, house.rows(people))] == [1, 1, 1]
    house.must_equal_a_rebuild(people)


@pytest.mark.parametrize("skipping", [False, True])
def test_where_each_event_has_rows_of_its_own_one_is_parked_and_nothing_waits_for_it(
    house: House, *, skipping: bool
) -> None:
    with poisoned(audit_trail, type(qualified), only=of_lead) as cured:
        house.worker(views=[audit_trail])
        last = tell(house.ledger, captured, contacted, qualified, *OTHERS, changed(qualified, lead_id=OTHER), lost)
        house.caught_up(audit_trail)
        (letter,) = house.letters()
        assert (letter.key, letter.position, letter.type, letter.waiting) == ("3", 3, "lead.qualified", 0)
        everything = {str(position) for position in range(1, last + 1)}
        assert positions(house, audit_trail).keys() == everything - {"3"}
        if skipping:
            with hand(house, audit_trail) as somebody:
                assert somebody.skip(3) == 3
                healed(house, audit_trail)
                assert [each.key for each in skipped(somebody.session, [audit_trail])] == ["3"]
        cured.set()
        healed(house, audit_trail)
        assert positions(house, audit_trail).keys() == everything - ({"3"} if skipping else set())
    house.must_equal_a_rebuild(audit_trail)


def test_where_too_many_keys_do_not_go_on_the_view_stands_still(house: House) -> None:
    tell(house.ledger, *[changed(captured, lead_id=lead) for lead in LEADS])
    with poisoned(funnel, type(captured)) as cured, patch("projections.folding.MOST_PARKED", 3):
        with pytest.raises(FoldFailed):
            house.rebuild(funnel)
        house.worker(views=[funnel])
        house.wait(lambda: house.status(funnel).state == "failing")
        found = house.status(funnel)
        assert (found.position, found.dead_letters) == (3, 3)
        assert "ValueError at position 4" in (found.error or "")
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_where_nothing_is_parked_nobody_is_asked(house: House) -> None:
    with patch("consumers.advance.keys_aside", side_effect=AssertionError("somebody was asked")):
        house.worker(batch=3)
        tell(house.ledger, captured, contacted, *OTHERS, qualified)
        house.caught_up()
    assert not house.letters()


# Builds


def left(house: House, table: str) -> int:
    with psycopg.connect(house.url) as connection:
        return len(connection.execute(f"SELECT FROM views.{table}".encode()).fetchall())


def test_dead_letters_end_with_their_build(house: House) -> None:
    tell(house.ledger, captured, contacted)
    with hand(house) as somebody:
        with poisoned(funnel, type(captured)):
            somebody.read(0, 2)
            house.rebuild(funnel)
            (letter,) = house.letters()
            assert (letter.position, letter.waiting) == (1, 1)
        with pytest.raises(Fenced):
            somebody.retry()
        house.rebuild(funnel)
    assert not house.letters()
    assert (left(house, "dead_letters"), left(house, "queued")) == (1, 1), "of the one that answered before"
    drop_kept(funnel, house.url)
    assert (left(house, "dead_letters"), left(house, "queued")) == (0, 0)


def test_what_a_policy_remembers_is_not_parked(house: House) -> None:
    tell(house.ledger, captured)
    with poisoned(funnel, type(captured)), pytest.raises(FoldFailed):
        house.rebuild(funnel, parks=False)
    assert not house.letters()


# Workers


def test_a_worker_that_has_lost_its_lease_parks_nothing(house: House) -> None:
    tell(house.ledger, captured, *OTHERS, contacted, qualified)
    with hand(house) as slow, hand(house) as quick:
        quick.read(0, 3)
        before = house.rows(funnel)
        with poisoned(funnel, type(contacted)), pytest.raises(Fenced):
            slow.read(0, 5)
        assert not house.letters()
        assert house.rows(funnel) == before
        with poisoned(funnel, type(contacted), only=of_lead):
            quick.read(3, 5)
        (letter,) = house.letters()
        assert (letter.position, letter.waiting) == (4, 1)
        with pytest.raises(Fenced):
            slow.read(0, 5)
        assert house.letters() == [letter]


def test_a_worker_takes_over_what_another_has_parked(house: House) -> None:
    with poisoned(funnel, type(contacted)) as cured:
        first = house.worker(views=[funnel])
        tell(house.ledger, captured, contacted)
        house.caught_up(funnel)
        first.stop()
        house.worker(views=[funnel])
        tell(house.ledger, qualified, lost)
        house.caught_up(funnel)
        (letter,) = house.letters()
        assert (letter.position, letter.waiting) == (2, 2)
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_a_worker_and_a_hand_try_again_at_the_same_time(house: House) -> None:
    """Whoever comes second finds nothing to do, and nothing is folded twice."""
    many = [changed(talked, lead_id=lead) for lead in LEADS] * 5
    with poisoned(talks, FollowUpLogged) as cured:
        house.worker(views=[talks], batch=7)
        tell(house.ledger, *many)
        house.caught_up(talks)
        assert len(house.letters()) == len(LEADS)
        cured.set()
        with hand(house, talks) as somebody:
            while house.letters():
                for lead in LEADS:
                    somebody.retry(lead.int)
                tell(house.ledger, *many)
        house.caught_up(talks)
    rows = {row[0]: row[1] for row in map(eval, house.rows(talks))}
    assert len({*rows.values()}) == 1
    house.must_equal_a_rebuild(talks)


def test_a_stopped_worker_leaves_the_rest_of_the_retries(house: House) -> None:
    with poisoned(talks, FollowUpLogged):
        worker = house.worker(views=[talks])
        tell(house.ledger, *[changed(talked, lead_id=LeadId(UUID(int=number))) for number in range(200)])
        house.caught_up(talks)
        begun = time.monotonic()
        worker.stop()
        assert time.monotonic() - begun < 5
    assert len(house.letters()) == 200
