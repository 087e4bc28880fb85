"""The tables of churn against the same counted by hand, on facts drawn by lot; and what they say of the doubtful."""

from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.counted import left_out
from projections.churn.tables.durations import durations
from projections.churn.tables.features import features, labels
from projections.churn.tables.histories import histories, holdout
from projections.churn.tables.quadrants import Thresholds, migration, quadrants, usual
from projections.churn.tables.reasons import CODES, reasons
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import day_of, month_named, month_number, number_of
from projections.churn.tables.signals import signals
from projections.churn.tables.winbacks import outcomes, winbacks
from tests.projections.churn import plainly
from tests.projections.churn.any_facts import Told, any_facts, bought, customer, did, in_order, rows_of, terms

LIMITS = Thresholds(version="1", aov={"CNY": 250, "EUR": 5_000}, frequency=3, days=400)
TODAY = 20_000
seeds = st.integers(0, 2**32)


def several(test: Any) -> Any:
    """On a few facts drawn by lot; a seed is not shrunk."""
    return pytest.mark.slow(settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.generate))(test))


def told(*rows: Any, customers: Any = (), activity: Any = (), day: int = TODAY) -> Told:
    known = {row["customer_id"]: row for row in customers}
    others = [customer(who) for who in {row["customer_id"]: 0 for row in rows} if who not in known]
    return Told(day, list(rows), [*known.values(), *others], list(activity), terms())


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


@several
@given(seeds)
def test_signals_reasons_winbacks_and_features_are_what_is_counted_by_hand(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    assert rows_of(signals(facts)) == in_order(plainly.signals(told))
    assert rows_of(reasons(facts)) == in_order(plainly.reasons(told))
    assert rows_of(features(facts)) == in_order(plainly.features(told))
    found = plainly.winbacks(told, 30, 180)
    assert rows_of(winbacks(facts)) == in_order(found)
    assert rows_of(outcomes(winbacks(facts))) == in_order(plainly.outcomes(found))


@several
@given(seeds)
def test_at_risk_is_who_has_a_reason_with_all_of_his_reasons(seed: int) -> None:
    told = drawn(seed)
    facts = told.on_duckdb()
    why = plainly.of_each(plainly.reasons(told), "customer_id", "product_line")
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


# What they say of the doubtful


def test_purchases_of_one_day_are_one_in_how_often_and_all_in_how_much() -> None:
    (row,) = rows_of(histories(told(bought("li", 1), bought("li", 9, 30), bought("li", 9, 12), day=10).on_duckdb()))
    assert (row["repeats"], row["last"], row["observed"], row["spent"], row["currency"]) == (1, 8, 9, 42, "CNY")


def test_two_currencies_are_never_added() -> None:
    facts = told(bought("li", 1), bought("li", 9), bought("li", 9, currency="EUR"), day=10).on_duckdb()
    (row,) = rows_of(histories(facts))
    assert (row["repeats"], row["spent"], row["currency"]) == (1, None, None)
    assert [(row["currency"], row["monetary"]) for row in rows_of(rfm(facts))] == [("CNY", 200), ("EUR", 100)]
    assert [(row["currency"], row["spent"]) for row in rows_of(usual(facts))] == [("CNY", 200), ("EUR", 100)]
    assert [row["spent"] for row in rows_of(features(facts))] == [-1]
    assert [row["spent"] for row in rows_of(at_risk(told(
        bought("li", 1), bought("li", 2, currency="EUR"), day=999).on_duckdb()
    ))] == [None]  # fmt: skip


def test_who_is_gone_is_counted_and_not_listed() -> None:
    facts = told(bought("li", TODAY), customers=[customer("li", closed_day=TODAY)]).on_duckdb()
    assert [rows_of(table(facts)) for table in (rfm, signals, features)] == [[], [], []]
    assert [row["size"] for row in rows_of(cohorts(facts))] == [1]
    assert rows_of(left_out(facts.purchases, facts.customers, TODAY)) == [
        {"reason": "gone", "purchases": 1, "customers": 1}
    ]


def test_nobody_has_bought_anything() -> None:
    facts = told(customers=[customer("li")]).on_duckdb()
    for table in (rfm, cohorts, histories, durations, signals, reasons, winbacks, features, at_risk):
        assert rows_of(table(facts)) == [], table.__name__
    assert [row["segment"] for row in rows_of(quadrants(facts, LIMITS))] == ["A"]


def test_whoever_has_bought_as_much_as_another_is_in_the_same_fifth() -> None:
    facts = told(*(bought(f"c{number}", TODAY - 5) for number in range(50)), bought("late", TODAY)).on_duckdb()
    found = {row["customer_id"]: row for row in rows_of(rfm(facts))}
    assert {(row["r"], row["f"]) for who, row in found.items() if who != "late"} == {(1, 1)}
    assert found["late"]["r"] == 5


def test_he_is_missed_by_his_own_habit_before_the_terms_of_the_line_say_so() -> None:
    weekly = [bought("weekly", TODAY - 100 + 7 * week) for week in range(10)]
    piano = bought("pianist", TODAY - 690, product_line="piano")
    found = {row["customer_id"]: row for row in rows_of(signals(told(*weekly, piano).on_duckdb()))}
    assert (found["weekly"]["usual_gap"], found["weekly"]["due"], found["weekly"]["inactive"]) == (7, 14, 37)
    assert found["weekly"]["stage"] == "overdue"
    assert found["weekly"]["risk_day"] == TODAY - 37 + 14
    assert (found["pianist"]["stage"], found["pianist"]["risk_day"]) == ("usual", None)


def test_the_reasons_say_it_in_figures() -> None:
    weekly = [bought("li", TODAY - 100 + 7 * week) for week in range(10)]
    facts = told(
        *weekly,
        customers=[customer("li", held_day=TODAY - 3)],
        activity=[did("li", "complaint", TODAY - 4), did("li", "low-csat", TODAY - 4, code="2")],
    ).on_duckdb()
    assert {(row["code"], row["figure"], row["against"]) for row in rows_of(reasons(facts))} == {
        ("longer-than-usual", 37, 7), ("complaint-open", 4, 1), ("low-satisfaction", 2, 5), ("credit-hold", 3, 0),
    }  # fmt: skip
    (row,) = rows_of(at_risk(facts))
    assert row["reasons"] == "longer-than-usual complaint-open low-satisfaction credit-hold"


def test_it_is_told_whether_somebody_has_tried_to_win_him_back_since() -> None:
    tries = [did(who, "winback", TODAY - 50, code="spring") for who in ("li", "wu")]
    facts = told(bought("li", TODAY - 100), bought("wu", TODAY - 100), bought("wu", TODAY - 40, product_line="book"),
                 activity=tries).on_duckdb()  # fmt: skip
    found = {(row["customer_id"], row["product_line"]): row["winback_day"] for row in rows_of(at_risk(facts))}
    assert found == {("li", ""): TODAY - 50, ("wu", ""): TODAY - 50, ("wu", "book"): None}


def test_estimates_are_joined_where_there_are_any() -> None:
    facts = told(bought("li", TODAY - 100), bought("wu", TODAY - 100)).on_duckdb()
    import ibis

    one = {"customer_id": "li", "product_line": "", "p_alive": 0.25, "expected": 1.5, "clv": 7, "clv_currency": "CNY"}
    estimates = ibis.memtable([one | {"model": "m-1"}])
    found = {row["customer_id"]: row["p_alive"] for row in rows_of(at_risk(facts, estimates))}
    assert found == {"li": 0.25, "wu": None}


def test_lost_is_who_has_not_bought_for_all_terms_and_stays_so_in_survival() -> None:
    rows = [bought("li", 1_000), bought("li", 1_010, product_line="piano"), bought("li", 3_000)]
    (row,) = rows_of(durations(told(*rows, day=4_000).on_duckdb()))
    assert (row["event"], row["days"]) == (1, 10 + 1_100), "the piano's terms hold for him"
    (row,) = rows_of(durations(told(*rows, day=2_109).on_duckdb()))
    assert (row["event"], row["days"]) == (0, 1_109)


def test_who_comes_back_at_once_is_compared_with_nobody() -> None:
    lapse = 1_000 + 60
    rows = [bought("at-once", 1_000), bought("at-once", lapse + 5), bought("won", 1_000), bought("won", lapse + 90)]
    rows += [bought("alone", 1_000), bought("away", 1_000)]
    activity = [did("won", "winback", lapse + 2, code="spring"), did("away", "winback", lapse + 31, code="spring")]
    found = rows_of(outcomes(winbacks(told(*rows, activity=activity, day=lapse + 211).on_duckdb())))
    by = {row["campaign"]: row for row in found}
    assert (by["spring"]["lapsed"], by["spring"]["back"], by["spring"]["rate"]) == (1, 1, 10_000)
    assert (by[""]["early"], by[""]["decided"], by[""]["back"]) == (1, 2, 0), "too late is not contacted"
    assert by["spring"]["uplift"] == 10_000


@pytest.mark.parametrize(("after", "early", "back"), [(1, 1, 0), (30, 1, 0), (31, 0, 1), (210, 0, 1), (211, 0, 0)])
def test_who_is_early_or_back_is_so_to_the_last_day(after: int, early: int, back: int) -> None:
    lapse = 1_000 + 60
    found = rows_of(winbacks(told(bought("li", 1_000), bought("li", lapse + after), day=1_400).on_duckdb()))
    (row,) = [row for row in found if row["lapse_day"] == lapse]
    assert (row["early"], row["back"], row["pending"]) == (early, back, 0)


@pytest.mark.parametrize(("day", "pending"), [(1_060 + 209, 1), (1_060 + 210, 0)])
def test_who_may_still_come_back_is_pending(day: int, pending: int) -> None:
    (row,) = rows_of(winbacks(told(bought("li", 1_000), day=day).on_duckdb()))
    assert row["pending"] == pending


@pytest.mark.parametrize(("age", "recent", "earlier"), [(59, 1, 0), (60, 0, 1), (119, 0, 1), (120, 0, 0)])
def test_of_late_is_within_the_days_of_the_terms(age: int, recent: int, earlier: int) -> None:
    facts = told(bought("li", TODAY - 500), bought("li", TODAY - age)).on_duckdb()
    (row,) = rows_of(signals(facts))
    assert (row["recent"], row["earlier"]) == (recent, earlier)


@pytest.mark.parametrize(("age", "stage"), [(59, "usual"), (60, "dormant"), (119, "dormant"), (120, "lost")])
def test_the_stage_is_that_of_the_terms_from_their_day_on(age: int, stage: str) -> None:
    (row,) = rows_of(signals(told(bought("li", TODAY - age)).on_duckdb()))
    assert row["stage"] == stage


def test_what_came_after_is_told_of_those_who_were_known() -> None:
    later = told(bought("li", 5), bought("li", 20), bought("li", 20), bought("wu", 6), bought("new", 20), day=30)
    facts = Told(10, later.purchases, later.customers, [], terms()).on_duckdb()
    found = rows_of(holdout(facts.purchases, histories(facts), 10, 25))
    assert found == [{"customer_id": "li", "days": 1}, {"customer_id": "wu", "days": 0}]
    found = rows_of(labels(features(facts), facts.purchases, 10, 25))
    assert {row["customer_id"]: (row["bought"], row["left"]) for row in found} == {"li": (1, 0), "wu": (0, 1)}


def test_days_and_months_have_numbers() -> None:
    assert day_of(number_of(day_of(TODAY))) == day_of(TODAY)
    assert month_named(month_number(day_of(TODAY))) == f"{day_of(TODAY):%Y-%m}"


def test_what_is_measured_comes_to_what_is_written_by_hand() -> None:
    from tests.bench.churn_tables import tables

    slower, _ = tables(1, purchases=20_000, customers=500)
    assert slower > 0
