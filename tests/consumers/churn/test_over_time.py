"""Quadrants of earlier days are what they were on these days: what happens later moves nobody there."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from consumers.churn.asking import facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.over_time import month_ends, quadrants_of_days, then
from consumers.churn.questions import Question
from consumers.churn.reading import Extract
from consumers.churn.tables import table, then_and_now
from consumers.replay import Replay
from domain.values import OrderId
from projections.churn.tables.quadrants import Thresholds, quadrants
from projections.churn.tables.shapes import day_of, number_of
from tests.consumers.churn.selling import IMPORTED, imported, selling
from tests.projections.churn.any_facts import in_order
from tests.projections.trade import START, Trade
from tests.servers import Server

pytestmark = pytest.mark.slow  # A history by all rules, on a real database.

LIMITS = {"CNY": 30_000, "EUR": 30_000, "JPY": 300, "KWD": 300_000}
OFTEN = 3
NAMES = ("migration", "quadrant-series", "quadrant-moves")
FIRST = START.date() + timedelta(days=20)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def trade(postgres: Server, prepared: str, seed: int) -> Iterator[Trade]:
    with selling(postgres, prepared, f"churn_then_{os.getpid()}", seed) as trade:
        yield trade


@contextmanager
def facts_read(trade: Trade, day: date, as_of: int | None) -> Iterator[tuple[Replay, Extract, Any]]:
    with Replay(trade.house.url) as replay, duckdb() as engine:
        found = facts_of_day(replay, trade.now, day, as_of=as_of)
        yield replay, found, facts_of(engine, found)


def asked(trade: Trade, name: str, day: date, as_of: int | None = None, since: date = FIRST) -> Rows:
    with facts_read(trade, day, as_of) as (replay, found, facts):
        question = Question(since=since, thresholds=LIMITS, often=OFTEN)
        return in_order(table(facts, name, question, partial(then, replay, found)).to_pylist())


def later_things(trade: Trade) -> None:
    """Customers become one and two, money goes back, orders are called off and placed again."""
    trade.now += timedelta(days=2)
    while not trade.merged:
        trade.two_become_one()
    for _ in range(8):
        trade.now += timedelta(hours=3)
        for happens in (trade.two_become_one, trade.money_goes_back, trade.order_is_called_off, trade.order_is_paid):
            happens()


def test_quadrants_of_earlier_days_are_those_of_the_facts_of_these_days(trade: Trade) -> None:
    today, limits = trade.now.date(), Thresholds(version="1", aov=LIMITS, frequency=OFTEN)
    days = [*month_ends(FIRST, today), START.date(), FIRST, today - timedelta(days=1)]
    position = trade.house.ledger.last_position()
    with facts_read(trade, today, position) as (replay, found, facts):
        with quadrants_of_days(facts, limits, then(replay, found, days)) as told:
            assert [*told] == [*map(number_of, sorted({*days, today}))]
            rows = {day_of(day): in_order(computed(each).to_pylist()) for day, each in told.items()}
        left = facts.purchases.get_backend().raw_sql("SELECT table_name FROM information_schema.tables").fetchall()
        assert len(left) == len(found.tables), "nothing but the facts"
    for day, found_then in rows.items():
        with facts_read(trade, day, position) as (_, _, of_day):
            assert found_then == in_order(computed(quadrants(of_day, limits)).to_pylist()), day
    assert len({str(each) for each in rows.values()}) > 3


def test_whoever_is_in_a_quadrant_stayed_there_or_came(trade: Trade) -> None:
    today = trade.now.date()
    moves, series = (asked(trade, name, today) for name in ("quadrant-moves", "quadrant-series"))
    came, went, were = Counter[Any](), Counter[Any](), Counter[Any]()
    for row in moves:
        came[row["day"], row["currency"], row["became"]] += row["customers"]
        went[row["since_day"], row["currency"], row["was"]] += row["customers"]
    for row in series:
        were[row["day"], row["currency"], row["segment"]] += row["customers"]
    days = sorted({row["day"] for row in series})
    assert [*map(day_of, days)] == [*month_ends(FIRST, today), today]
    for (day, currency, segment), customers in were.items():
        if day != days[0]:
            assert came[day, currency, segment] == customers
        if day != days[-1] and segment != "A":  # Who buys in two currencies leaves A for both.
            assert went[day, currency, segment] == customers
    assert any(row["was"] and row["was"] != row["became"] for row in moves), "somebody has moved"


def test_what_happens_later_changes_no_table_of_a_day(trade: Trade) -> None:
    today, position = trade.now.date(), trade.house.ledger.last_position()
    before = {name: asked(trade, name, today, position) for name in NAMES}
    assert before == {name: asked(trade, name, today) for name in NAMES}
    later_things(trade)
    assert before == {name: asked(trade, name, today) for name in NAMES}, "it happened after the day"
    migrated = asked(trade, "migration", trade.now.date(), since=today)
    counts: Counter[Any] = Counter()
    for row in asked(trade, "quadrant-series", today):
        counts[row["currency"], row["segment"]] += row["customers"] * (row["day"] == number_of(today))
    assert any(row["was"] and not row["became"] for row in migrated), "somebody was merged meanwhile"
    for (currency, segment), customers in counts.items():
        if segment != "A":
            was = [row for row in migrated if (row["currency"], row["was"]) == (currency, segment)]
            assert sum(row["customers"] for row in was) == customers, "each is where he was on that day"
    imported(trade, OrderId(UUID(int=0xF01)), datetime(2026, 1, 22, tzinfo=UTC))
    assert before == {name: asked(trade, name, today, position) for name in NAMES}, "it was not known by then"
    late = {name: asked(trade, name, today) for name in NAMES}
    assert all(late[name] != before[name] for name in NAMES), f"{IMPORTED} had bought by then, as is known now"


def test_the_report_reads_earlier_days_once_and_tells_what_the_tables_tell(trade: Trade) -> None:
    today, since = trade.now.date(), FIRST + timedelta(days=5)
    reads = []
    with facts_read(trade, today, None) as (replay, found, facts):

        def earlier(days: Any) -> Any:
            reads.append(days)
            return then(replay, found, days)

        moved, monthly = (each.to_pylist() for each in then_and_now(facts, earlier, since))
        usual = Question(since=since)
        assert in_order(moved) == in_order(table(facts, "migration", usual, earlier).to_pylist())
        assert in_order(monthly) == in_order(table(facts, "quadrant-series", Question(), earlier).to_pylist())
    assert len(reads) == 3


@pytest.mark.parametrize(
    ("since", "day", "ends"),
    [
        (date(2026, 1, 31), date(2026, 3, 31), ["2026-01-31", "2026-02-28"]),
        (date(2026, 2, 1), date(2026, 4, 1), ["2026-02-28", "2026-03-31"]),
        (date(2026, 3, 2), date(2026, 3, 30), []),
        (None, date(2024, 3, 1), [f"2023-{month:02}" for month in range(3, 13)] + ["2024-01-31", "2024-02-29"]),
        (None, date(1, 2, 3), []),
    ],
)
def test_months_end_before_the_day(since: date | None, day: date, ends: list[str]) -> None:
    found = [each.isoformat() for each in month_ends(since, day)]
    assert len(found) == len(ends)
    assert all(each.startswith(end) for each, end in zip(found, ends, strict=True))
