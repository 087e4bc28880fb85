"""A view at any moment is what a replay that was cut there comes to: every view, every cut, in both senses of time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import psycopg2
import pytest

from api.demo.history import write
from commands.service import open_ledger
from consumers.at import NoSuchMoment, TooManyRows, fill, fold, moment, understood
from consumers.session import Session, rows
from domain.lead.facts.intake import LeadCaptured
from domain.values import LeadId
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import VIEWS, lead_likeness, sales_worklist, sql, status_time
from projections.personal import erased, readable
from projections.projection import Projection, projection
from projections.rows import OfPerson, PersonalText, table
from tests.consumers.cuts import must_agree_at_every_position
from tests.consumers.histories import any_history
from tests.consumers.house import ALL, House
from tests.consumers.naive import Values, after_each, events, in_order, naively, values
from tests.consumers.telling import tell
from tests.consumers.untold import UNTOLD
from tests.memory import MASTER
from tests.projections.leads import another, at, captured, contacted, qualified
from tests.servers import Server

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@dataclass
class Past:
    """A ledger, what is in it, and a session in which its moments are looked at."""

    url: str
    ledger: Ledger
    told: Sequence[Recorded]
    wire: Wire
    session: Session

    def rows(self, view: Projection, as_of: int | datetime | None, occurred: datetime | None = None) -> list[Values]:
        when = moment(self.ledger, as_of, occurred, NOW)
        with self.session.transaction() as cursor:
            cursor.execute(sql.drop_of_moment(when.table(view)))
            fill(cursor, view, when, fold(self.ledger, self.wire, view, when))
            cursor.execute(f"SELECT {sql.names(view.columns)} FROM {sql.of_moment(when.table(view))}")
            found = in_order(values(view, row, row.as_of_position) for row in rows(cursor, view))
            cursor.execute(sql.drop_of_moment(when.table(view)))
        return found

    @property
    def last(self) -> int:
        return self.told[-1].position


def past(url: str) -> Iterator[Past]:
    with closing(open_ledger(url, MASTER)) as ledger:
        yield from of_ledger(url, ledger)


def of_ledger(url: str, ledger: Ledger) -> Iterator[Past]:
    with closing(Wire(url)) as wire, closing(Session(url, "test")) as session:
        yield Past(url, ledger, list(events(ledger)), wire, session)


@pytest.fixture(scope="module")
def company(postgres: Server, prepared: str) -> Iterator[Past]:
    """Three weeks of everything: leads, customers, orders, tickets, calls and inspections."""
    name = f"as_of_company_{os.getpid()}"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    with closing(open_ledger(url, MASTER)) as ledger:
        write(ledger, NOON, 3)
        tell(ledger, *UNTOLD, start=NOON)
        yield from of_ledger(url, ledger)
    postgres.drop_database(name)


@pytest.fixture
def anything(database_url: str, seed: int) -> Iterator[Past]:
    """Events that are recorded late, some of them later than others that happened after them."""
    chance = Random(seed)
    late = [(when, event, when + timedelta(hours=chance.randrange(200))) for when, event in any_history(chance, 400)]
    with closing(open_ledger(database_url, MASTER)) as ledger:
        tell(ledger, *late)
    yield from past(database_url)


MANY = [2, pytest.param(20, marks=pytest.mark.deep)]


def some_of(past: Past, many: int, seed: int) -> list[int]:
    """Positions by lot, the one before each, and both ends."""
    drawn = Random(seed).sample(range(1, past.last + 1), many)
    return [0, *sorted({*drawn, *(each - 1 for each in drawn)}), past.last]


# Positions


@pytest.mark.parametrize("many", MANY)
def test_a_view_at_a_position_is_what_a_replay_that_was_cut_there_comes_to(
    company: Past, anything: Past, many: int, seed: int
) -> None:
    for past in (company, anything):
        positions = some_of(past, many, seed)
        for view in ALL:
            expected = after_each(view, past.told, positions)
            for position in positions:
                assert past.rows(view, position) == expected[position], f"{view.name} at {position}"


def test_every_view_has_rows_at_some_moment_of_it(company: Past) -> None:
    now_and_then = [*range(0, company.last, 20), company.last]
    assert [view.name for view in VIEWS if not any(after_each(view, company.told, now_and_then).values())] == []


@pytest.mark.parametrize("many", [0, pytest.param(1, marks=pytest.mark.deep)])
def test_every_view_agrees_at_every_cut(company: Past, anything: Past, many: int) -> None:
    """Of the company, which has more to tell, in the deep run."""
    for past in (anything, company)[: 1 + many]:
        for view in ALL:
            must_agree_at_every_position(past.ledger, past.wire, view, past.told)


def test_at_the_end_of_the_ledger_it_is_the_view_that_answers_and_that_is_built_anew(house: House) -> None:
    house.worker(200)
    write(house.ledger, NOON, 1)
    house.caught_up()
    for then in of_ledger(house.url, house.ledger):
        for view in house.views:
            with then.session.transaction() as cursor:
                cursor.execute(f"SELECT {sql.names(view.columns)} FROM {sql.shown(view)}")
                live = in_order(values(view, row, row.as_of_position) for row in rows(cursor, view))
            assert then.rows(view, None) == then.rows(view, NOW) == live, view.name
    house.must_equal_a_rebuild()


# Times


@pytest.mark.parametrize("many", MANY)
def test_what_had_happened_by_a_time_is_folded_in_the_order_of_the_ledger(
    company: Past, anything: Past, many: int, seed: int
) -> None:
    chance = Random(seed)
    for past in (company, anything):
        for occurred in [each.occurred_at for each in chance.sample(past.told, many)]:
            happened = [each for each in past.told if each.occurred_at <= occurred]
            for view in ALL:
                found = past.rows(view, None, occurred)
                assert found == naively(view, happened), f"{view.name} by {occurred}"


def test_both_together_are_what_was_known_then_of_what_had_happened_by_then(anything: Past, seed: int) -> None:
    position, occurred = 300, anything.told[200].occurred_at
    known = [each for each in anything.told if each.position <= position and each.occurred_at <= occurred]
    assert 0 < len(known) < 300
    for view in (sales_worklist, *ALL[-2:]):
        assert anything.rows(view, position, occurred) == naively(view, known)


def test_a_recorded_time_is_the_prefix_before_what_was_recorded_later(anything: Past, seed: int) -> None:
    for each in Random(seed).sample(anything.told, 20):
        later = [other.position for other in anything.told if other.recorded_at > each.recorded_at]
        prefix = later[0] - 1 if later else anything.last
        found = moment(anything.ledger, each.recorded_at, None, NOW)
        assert (found.position, found.now) == (prefix, each.recorded_at)
        assert found.position <= moment(anything.ledger, each.recorded_at, None, NOW, most=prefix).position
        assert moment(anything.ledger, each.recorded_at, None, NOW, most=1).position <= 2


def test_the_present_of_a_moment_is_its_own_time(anything: Past) -> None:
    each = anything.told[99]
    assert moment(anything.ledger, each.position, None, NOW).now == each.recorded_at
    assert moment(anything.ledger, None, at(3, 4), NOW).now == at(3, 4)
    assert moment(anything.ledger, 7, at(3, 4), NOW).now == at(3, 4)
    assert moment(anything.ledger, None, None, NOW).now == NOW


def test_before_the_first_event_every_view_is_empty(anything: Past) -> None:
    long_ago = at(1, 1)
    for view in ALL:
        assert anything.rows(view, 0) == anything.rows(view, long_ago) == anything.rows(view, None, long_ago) == []


def test_what_is_no_moment_of_the_ledger_is_told(anything: Past) -> None:
    with pytest.raises(NoSuchMoment, match="the ledger ends at position 400, before 401"):
        moment(anything.ledger, 401, None, NOW)
    with pytest.raises(NoSuchMoment, match="the ledger ends at position 400"):
        moment(anything.ledger, 2**70, None, NOW)
    to_come = max(NOW, anything.told[-1].recorded_at) + timedelta(days=1)
    with pytest.raises(NoSuchMoment, match="is still to come") as told:
        moment(anything.ledger, to_come, None, NOW)
    assert told.value.of == "as_of"
    for as_of in (None, 7, NOW):
        with pytest.raises(NoSuchMoment, match="is still to come") as told:
            moment(anything.ledger, as_of, to_come, NOW)
        assert told.value.of == "as_of_occurred"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-01T09:00:00", "no time zone"),
        ("2026-03-01", "no time zone"),
        ("yesterday", "is no time and no position"),
        ("-1", "is no time and no position: say 812, or "),
        ("1.5", "is no time"),
        ("5.0", "is no time"),
        ("2026-03-01T09:00:00+08:00\0", "is no time"),
        ("2026-03-01\x0009:00:00+08:00", "is no time"),
        ("٣", "is no time"),
        ("", "is no time"),
        ("0001-01-01T00:00:00+08:00", "is no time"),
        ("9" * 5_000, "is no time"),
    ],
)
def test_a_moment_that_cannot_be_understood_is_told(text: str, told: str) -> None:
    with pytest.raises(NoSuchMoment, match=told):
        understood(text)


def test_a_moment_is_a_position_or_a_time_with_its_zone() -> None:
    assert understood("0") == 0
    assert understood("0012") == 12
    assert understood("2026-03-01T09:00:00+08:00") == understood("2026-03-01T01:00:00Z") == at(3, 1, 1)


def test_a_view_with_too_many_rows_is_told(company: Past) -> None:
    with pytest.raises(TooManyRows, match="sales_worklist has more than 2 rows at position"):
        fold(company.ledger, company.wire, sales_worklist, moment(company.ledger, None, None, NOW), most=2)


# Erasure


@table
class Named(OfPerson):
    lead_id: LeadId
    name: PersonalText | None = None


@projection("named", key=("lead_id",), version=1, opens=("name",), scoped=False)
def named(row: Named | None, event: LeadCaptured) -> Named:
    return row or Named(lead_id=event.lead_id, name=readable(event.name), **erased(event.name))


def destroy_key(url: str, subject: str, on: datetime, by: str) -> None:
    destroyed = (
        "UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = %s, erased_by = %s,"
        " erased_at = (SELECT max(notification_id) FROM ledger.stored_events) WHERE subject = %s"
    )
    with psycopg.connect(url) as connection:
        assert connection.execute(destroyed, (on, by, subject)).rowcount == 1


def test_who_has_been_erased_is_so_at_every_moment_before_it(house: House) -> None:
    tell(house.ledger, captured, another, contacted, qualified)
    for then in of_ledger(house.url, house.ledger):
        house.ledger.history(f"lead/{captured.lead_id}")  # The key is at hand in this process, and stays there.
        known: list[Any] = [then.rows(named, 1), then.rows(sales_worklist, 1), then.rows(lead_likeness, 1)]
        assert all("Lin" in repr(known[which]) for which in (0, 2))
        assert "+86138****8000" in repr(known[1])
        destroy_key(house.url, f"lead/{captured.lead_id}", at(4, 1), "dpo")
        for moment_asked in ((1, None), (3, None), (None, None), (at(3, 1), None), (None, at(3, 1, 1))):
            [lin] = [each for each in then.rows(named, *moment_asked) if captured.lead_id in each]
            columns = dict(zip([each.name for each in named.columns], lin, strict=True))
            assert (columns["name"], columns["erased_on"], columns["erased_by"]) == (None, at(4, 1), "dpo")
            shown = repr([then.rows(view, *moment_asked) for view in (sales_worklist, lead_likeness)])
            assert "Lin" not in shown
            assert "8000" not in shown
        assert "9000" in repr(then.rows(sales_worklist, 4)), "of others nothing is lost"


def test_who_has_been_erased_by_another_process_is_so_in_what_is_built_anew(house: House) -> None:
    tell(house.ledger, captured)
    house.ledger.history(f"lead/{captured.lead_id}")  # The key is at hand in this process, and stays there.
    house.rebuild(sales_worklist)
    assert "+86138****8000" in repr(house.rows(sales_worklist))
    destroy_key(house.url, f"lead/{captured.lead_id}", at(4, 1), "dpo")
    house.rebuild(sales_worklist)
    assert "8000" not in repr(house.rows(sales_worklist))


# What nothing may be left of


def test_a_look_at_the_past_leaves_nothing_behind(company: Past) -> None:
    company.rows(sales_worklist, 100)
    company.session.close()
    with closing(psycopg2.connect(company.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'at\\_%'")
        assert cursor.fetchone() == (0,)


def test_the_rows_of_different_moments_are_not_mixed_up() -> None:
    tables = {
        when.table(view)
        for view in VIEWS
        for when in (moment_of(1), moment_of(2), moment_of(2, at(3, 1)), moment_of(2, at(3, 2)))
    }
    assert len(tables) == 4 * len(VIEWS)
    assert moment_of(2, at(3, 1)).table(sales_worklist) in tables


def moment_of(position: int, occurred: datetime | None = None) -> Any:
    from consumers.at import Moment

    return Moment(position, NOW, occurred)


def test_of_a_view_whose_keys_have_many_rows_it_is_these_that_are_counted(anything: Past) -> None:
    when = moment(anything.ledger, None, None, NOW)
    keys = len(fold(anything.ledger, anything.wire, status_time, when).states)
    with pytest.raises(TooManyRows):
        fold(anything.ledger, anything.wire, status_time, when, most=keys)
