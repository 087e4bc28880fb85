"""The tables of churn against the same counted by hand, on facts drawn by lot."""

from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.counted import left_out
from projections.churn.tables.durations import durations
from projections.churn.tables.features import features
from projections.churn.tables.histories import histories
from projections.churn.tables.quadrants import Thresholds, migration, moves, quadrants, series
from projections.churn.tables.reasons import CODES, reasons
from projections.churn.tables.rfm import rfm
from projections.churn.tables.signals import signals
from projections.churn.tables.winbacks import outcomes, winbacks
from tests.projections.churn import plainly, plainly_told
from tests.projections.churn.any_facts import Told, any_facts, in_order, rows_of

LIMITS = Thresholds(version="1", aov={"CNY": 250, "EUR": 5_000}, frequency=3, days=400)
seeds = st.integers(0, 2**32)


def several(test: Any) -> Any:
    """On a few facts drawn by lot; a seed is not shrunk."""
    return pytest.mark.slow(settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.generate))(test))


def drawn(seed: int) -> Told:
    return any_facts(Random(seed), customers=40)


# Against the same by hand


@several
@given(seeds)
def test_rfm_cohorts_and_what_was_left_out_are_what_is_counted_by_hand(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    assert rows_of(left_out(facts.purchases, facts.customers, facts.day)) == in_order(plainly.left_out(told))
    for per in ([], ["product_line"]):
        assert rows_of(rfm(facts, per)) == in_order(plainly.rfm(told, per))
        assert rows_of(cohorts(facts, per)) == in_order(plainly.cohorts(told, per))


@several
@given(seeds)
def test_histories_and_durations_are_what_is_counted_by_hand(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    for per in ([], ["product_line"]):
        assert rows_of(histories(facts, per)) == in_order(plainly.histories(told, per))
    assert rows_of(durations(facts)) == in_order(plainly.durations(told, "first-purchase", by_line=False))
    found = rows_of(durations(facts, "registration", by_line=True))
    assert found == in_order(plainly.durations(told, "registration", by_line=True))


@several
@given(seeds)
def test_quadrants_and_their_migration_are_what_is_counted_by_hand(seed: int) -> None:
    told = drawn(seed)
    facts, before = told.on_duckdb(), Told(told.day - 200, told.purchases, told.customers, told.activity, told.terms)
    earlier = before.on_duckdb()
    given_limits = (dict(LIMITS.aov), LIMITS.frequency, LIMITS.days)
    then, now = (plainly.quadrants(each, *given_limits) for each in (before, told))
    assert rows_of(quadrants(facts, LIMITS)) == in_order(now)
    both = [quadrants(Told(each.day, told.purchases, told.customers, [], told.terms).on_duckdb(), LIMITS)
            for each in (before, told)]  # fmt: skip
    assert rows_of(quadrants(earlier, LIMITS)) == in_order(then)
    one = facts.purchases.get_backend()
    first, second = (one.create_table(name, each.to_pyarrow()) for name, each in zip("ab", both, strict=True))
    assert rows_of(migration(first, second)) == in_order(plainly.migration(then, now))
    days = {before.day: (first, then), told.day: (second, now)}
    tables, by_hand = ({day: pair[nth] for day, pair in days.items()} for nth in (0, 1))
    assert rows_of(series(tables)) == in_order(plainly.series(by_hand))
    when = {"since_day": before.day, "day": told.day}
    assert rows_of(moves(tables)) == in_order([row | when for row in plainly.migration(then, now)])


@several
@given(seeds)
def test_signals_reasons_winbacks_and_features_are_what_is_counted_by_hand(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    assert rows_of(signals(facts)) == in_order(plainly_told.signals(told))
    assert rows_of(reasons(facts)) == in_order(plainly_told.reasons(told))
    assert rows_of(features(facts)) == in_order(plainly_told.features(told))
    found = plainly.winbacks(told, 30, 180)
    assert rows_of(winbacks(facts)) == in_order(found)
    assert rows_of(outcomes(winbacks(facts))) == in_order(plainly.outcomes(found))


@several
@given(seeds)
def test_at_risk_is_who_has_a_reason_with_all_of_his_reasons(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    why = plainly.of_each(plainly_told.reasons(told), "customer_id", "product_line")
    found = {(row["customer_id"], row["product_line"]): row for row in rows_of(at_risk(facts))}
    assert found.keys() == why.keys()
    for key, row in found.items():
        codes = {each["code"] for each in why[key]}
        assert row["reasons"] == " ".join(code for code in CODES if code in codes)
        assert row["count"] == len(why[key])


@several
@given(seeds)
def test_the_sums_of_all_cohorts_are_the_totals(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    every = rows_of(cohorts(facts))
    for (currency,), rows in plainly.of_each(plainly.settled(told), "currency").items():
        of_it = [row for row in every if row["currency"] == currency]
        assert sum(row["revenue"] for row in of_it) == sum(row["net"] for row in rows)
        assert sum(row["size"] for row in of_it if row["nth"] == 0) == len({row["customer_id"] for row in rows})
        assert all(row["customers"] == row["size"] for row in of_it if row["nth"] == 0)


@several
@given(seeds, st.integers(1, 400))
def test_what_comes_later_changes_no_table(seed: int, days: int) -> None:
    """Purchases and deeds of after the day are there, or are not."""
    told = drawn(seed)
    before = Told(told.day - days, told.purchases, told.customers, told.activity, told.terms)
    known = Told(before.day, plainly.settled(before), told.customers, [], told.terms)
    known.activity = [row for row in told.activity if row["day"] <= before.day]
    refunded = [row for row in told.purchases if row["why"] and row["day"] <= before.day]
    known.purchases += refunded
    with_later, without = before.on_duckdb(), known.on_duckdb()
    for table in (rfm, cohorts, histories, durations, signals, reasons, winbacks, features):
        assert rows_of(table(with_later)) == rows_of(table(without)), table.__name__
