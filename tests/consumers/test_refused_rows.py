"""Rows that the database does not take, on a real PostgreSQL: whose row it is waits, and nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from psycopg2.errors import ProgramLimitExceeded

from consumers.session import RowRefused
from domain.values import LeadId
from projections import funnel, sql
from projections.projection import Projection
from tests.consumers.hand import OTHERS, hand, positions
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.projections.leads import (
    LEAD,
    OTHER,
    captured,
    claimed,
    contacted,
    lost,
    qualified,
    reopened,
    talked,
    touched,
)
from tests.projections.test_projection import onboarded, people, published

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

REFUSED = {
    "text": (changed(lost, lead_id=OTHER, reason="NUL\0"), "ValueError in"),
    "check": (changed(lost, lead_id=OTHER, reason="forbidden"), "CheckViolation 23514 in"),
    "number": (changed(lost, lead_id=OTHER, reason="nothing"), "DivisionByZero 22012 in"),
    "endless": (changed(lost, lead_id=OTHER, reason="endless"), "ProgramLimitExceeded 54000 in"),
}


@contextmanager
def table_with(view: Projection, *statements: str) -> Iterator[None]:
    """A table that takes less than the view's declaration says, in every build of it."""
    made = sql.create_indexes

    def indexes(wanted: Projection, build: int) -> list[str]:
        own = [each.format(sql.table(wanted, build)) for each in statements] if wanted is view else []
        return [*made(wanted, build), *own]

    with patch("projections.sql.create_indexes", indexes):
        yield


LONG = " || ".join(f"md5(lost_reason || {number})" for number in range(100))
TAKES_LESS = (
    "ALTER TABLE {0} ADD CHECK (lost_reason <> 'forbidden')",
    "CREATE INDEX ON {0} ((1 / (CASE lost_reason WHEN 'nothing' THEN 0 ELSE 1 END)))",
    f"CREATE INDEX ON {{0}} ((CASE lost_reason WHEN 'endless' THEN {LONG} END))",
)


@pytest.mark.parametrize("number", [1, 1_000])
@pytest.mark.parametrize("which", REFUSED)
def test_an_event_whose_row_the_table_refuses_parks_its_key_and_all_others_go_on(
    house: House, which: str, number: int
) -> None:
    """Among few rows, which are inserted, and among many, which are copied."""
    refused, why = REFUSED[which]
    with table_with(funnel, *TAKES_LESS):
        many = [changed(captured, lead_id=LeadId(UUID(int=1_000 + each))) for each in range(30)]
        tell(house.ledger, captured, *OTHERS, *many, refused, contacted)
        last = tell(house.ledger, changed(touched, lead_id=OTHER), lost)
        house.worker(views=[funnel], batch=number)
        house.caught_up(funnel)
        found = house.status(funnel)
        assert (found.position, found.dead_letters, found.error) == (last, 1, None)
        (letter,) = house.letters(funnel)
        assert (letter.key, letter.position, letter.type, letter.waiting) == (str(OTHER), 34, "lead.lost", 1)
        assert (letter.error or "").startswith(why)
        come = positions(house)
        assert (come[str(LEAD)], come[str(OTHER)], len(come)) == (last, 3, 32)


def test_of_several_keys_of_an_event_those_alone_are_parked_whose_rows_are_refused(house: House) -> None:
    with table_with(people, "ALTER TABLE {0} ADD CHECK (staff_id <> 'bob' OR seen < 1)"):
        house.worker(views=[people])
        tell(house.ledger, onboarded("ann"), onboarded("bob"), published("north"), onboarded("sue"))
        house.caught_up(people)
        (letter,) = house.letters(people)
        assert (letter.key, letter.position, letter.waiting) == ("bob", 3, 0)
        tell(house.ledger, published("north"))
        house.caught_up(people)
        assert [row[::2] for row in map(eval, house.rows(people))] == [("ann", 2), ("bob", 0), ("sue", 1)]


@pytest.mark.parametrize("most", [1_000_000, 1])
def test_a_rebuild_parks_whose_row_is_refused_where_a_worker_does(house: House, most: int) -> None:
    tell(house.ledger, captured, *OTHERS, REFUSED["text"][0], contacted)
    last = tell(house.ledger, changed(touched, lead_id=OTHER), qualified)
    house.worker(views=[funnel], batch=1)
    house.caught_up(funnel)
    parked, live = house.letters(funnel), house.rows(funnel)
    house.rebuild(funnel, most=most)
    (was,), (now_is,) = parked, house.letters(funnel)
    assert (now_is.key, now_is.position, now_is.waiting) == (was.key, was.position, was.waiting) == (str(OTHER), 4, 1)
    assert house.rows(funnel) == live
    assert positions(house) == {str(LEAD): last, str(OTHER): 3}


def test_whose_row_is_refused_goes_on_where_what_comes_later_mends_it(house: House) -> None:
    """What is written is refused, and what waits is written when all of it is folded."""
    with hand(house) as somebody:
        last = tell(house.ledger, *OTHERS, REFUSED["text"][0])
        somebody.read(0, last)
        assert [letter.position for letter in house.letters(funnel)] == [3]
        end = tell(house.ledger, changed(reopened, lead_id=OTHER))
        somebody.read(last, end)
        assert somebody.retry(OTHER.int) == 2
    assert not house.letters()
    house.must_equal_a_rebuild(funnel)


def test_a_rebuild_parks_whose_row_is_refused_while_it_catches_up(house: House) -> None:
    tell(house.ledger, captured, *OTHERS)

    def meanwhile(_: object) -> bool:
        tell(house.ledger, REFUSED["text"][0], contacted)
        house.worker(views=[funnel])
        house.caught_up(funnel)
        return True

    tell(house.ledger, changed(talked, lead_id=OTHER))
    house.rebuild(funnel, judge=meanwhile)
    (letter,) = house.letters(funnel)
    assert (letter.key, letter.position) == (str(OTHER), 5)
    assert positions(house)[str(LEAD)] == 6


def test_a_row_that_is_not_written_has_not_changed_hands(house: House) -> None:
    last = tell(house.ledger, captured, *OTHERS, changed(claimed, lead_id=OTHER), claimed, REFUSED["text"][0], lost)
    with hand(house) as somebody:
        somebody.read(0, 5)
        somebody.read(5, last)
    with psycopg.connect(house.url) as connection:
        gone = connection.execute("SELECT key, position FROM views.gone WHERE view = 'funnel' AND position > 5")
        assert gone.fetchall() == [([str(LEAD)], last)]


def test_a_rebuild_in_which_an_index_does_not_take_a_row_fails_and_says_why(house: House) -> None:
    """It is made when the rows are there, and does not tell which it is."""
    tell(house.ledger, captured, *OTHERS, REFUSED["endless"][0])
    with table_with(funnel, *TAKES_LESS), pytest.raises(ProgramLimitExceeded):
        house.rebuild(funnel)
    assert house.tables(funnel) == ["funnel_v1"], "the view that answers is as it was"


def test_what_a_policy_remembers_stands_still_where_a_row_is_refused(house: House) -> None:
    tell(house.ledger, captured, changed(lost, reason="NUL\0"))
    with pytest.raises(RowRefused):
        house.rebuild(funnel, parks=False)
