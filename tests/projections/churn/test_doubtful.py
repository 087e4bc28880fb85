"""What the tables of churn say of the doubtful: ties, limits, two currencies, and who is gone."""

from typing import Any

import pytest

from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.counted import left_out
from projections.churn.tables.durations import durations
from projections.churn.tables.features import features, labels
from projections.churn.tables.histories import histories, holdout
from projections.churn.tables.quadrants import Thresholds, quadrants, usual
from projections.churn.tables.reasons import reasons
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import day_of, month_named, month_number, number_of
from projections.churn.tables.signals import signals
from projections.churn.tables.winbacks import outcomes, winbacks
from tests.projections.churn.any_facts import (
    TODAY,
    Told,
    bought,
    customer,
    did,
    rows_of,
    terms,
    told,
)

LIMITS = Thresholds(version="1", aov={"CNY": 250, "EUR": 5_000}, frequency=3, days=400)


def test_purchases_of_one_day_are_one_in_how_often_and_all_in_how_much() -> None:
    (row,) = rows_of(histories(told(bought("li", 1), bought("li", 9, 30), bought("li", 9, 12), day=10).on_duckdb()))
    assert (row["repeats"], row["last"], row["observed"], row["spent"], row["currency"]) == (1, 8, 9, 42, "CNY")


def test_two_currencies_are_never_added() -> None:
    facts = told(bought("li", 1), bought("li", 9), bought("li", 9, currency="EUR"), day=10).on_duckdb()
    (row,) = rows_of(histories(facts))
    assert (row["repeats"], row["spent"], row["currency"]) == (1, None, None)
    assert [(row["currency"], row["monetary"]) for row in rows_of(rfm(facts))] == [("CNY", 200), ("EUR", 100)]
    assert [(row["currency"], row["spent"]) for row in rows_of(usual(facts))] == [("CNY", 200), ("EUR", 100)]
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


def test_of_whom_nothing_was_told_yet_is_not_left_out_silently() -> None:
    """Orders of before were brought in with their days, and customers with that of today."""
    facts = Told(
        TODAY, purchases=[bought("li", TODAY), bought("li", TODAY - 9), bought("wu", TODAY + 1)], terms=terms()
    )
    there = facts.on_duckdb()
    assert rows_of(rfm(there)) == []
    assert {row["size"] for row in rows_of(cohorts(there))} == {1}
    assert sorted(rows_of(left_out(there.purchases, there.customers, TODAY)), key=str) == [
        {"reason": "later", "purchases": 1, "customers": 1},
        {"reason": "unknown", "purchases": 2, "customers": 1},
    ]


@pytest.mark.slow
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


@pytest.mark.slow
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


# What cannot be compared is not


def test_amounts_are_compared_with_those_of_their_own_currency() -> None:
    """A thousand yen are not more than a hundred dollars."""
    rows = [bought(f"y{number}", TODAY, 1_000, currency="JPY") for number in range(3)]
    rows += [bought("d1", TODAY, 300, currency="USD"), bought("d2", TODAY, 100, currency="USD")]
    rows += [bought("both", TODAY, 1_000, currency="JPY"), bought("both", TODAY, 200, currency="USD")]
    shares = {row["customer_id"]: row["spent_share"] for row in rows_of(features(told(*rows).on_duckdb()))}
    assert shares == {"y0": 100, "y1": 100, "y2": 100, "d1": 150, "d2": 50, "both": 200}


def test_what_is_beside_the_mean_does_not_depend_on_the_unit() -> None:
    def shares(unit: int) -> list[Any]:
        rows = [bought("li", TODAY, 300 * unit), bought("wu", TODAY, 500 * unit), bought("ma", TODAY, 0)]
        return [(row["customer_id"], row["spent_share"]) for row in rows_of(features(told(*rows).on_duckdb()))]

    assert shares(1) == shares(10**12) == [("li", 112), ("ma", 0), ("wu", 187)]
    assert rows_of(features(told(bought("li", TODAY, 0)).on_duckdb()))[0]["spent_share"] == 0


def test_what_models_expect_is_beside_the_mean_of_its_currency() -> None:
    import ibis

    facts = told(*(bought(who, TODAY - 100) for who in ("li", "wu", "ma"))).on_duckdb()
    worth = {"li": (30, "USD"), "wu": (9_000, "JPY"), "gone": (10, "USD"), "ma": (None, None)}
    line = {"product_line": "", "p_alive": 0.5, "expected": 1.0, "model": "m-1"}
    rows = [{"customer_id": who, "clv": clv, "clv_currency": of, **line} for who, (clv, of) in worth.items()]
    found = {row["customer_id"]: row["clv_share"] for row in rows_of(at_risk(facts, ibis.memtable(rows)))}
    assert found == {"li": 150, "wu": 100, "ma": None}


# Who answers, and who is gone


@pytest.mark.parametrize(
    ("answer", "told_of"),
    [
        ([], [3, 90]),
        ([did("li", "visit", TODAY - 1)], None),
        ([did("li", "learning", TODAY - 1)], None),
        ([did("li", "visit", TODAY - 60)], [3, 60]),
        ([did("li", "visit", TODAY - 20)], None),
        ([did("li", "ticket", TODAY - 1)], [3, 90]),
        ([did("li", "visit", TODAY + 1)], [3, 90]),
    ],
)
def test_who_was_seen_since_we_came_is_answering(answer: Any, told_of: Any) -> None:
    ours = [did("li", "contact", TODAY - age) for age in (50, 20, 10)]
    facts = told(bought("li", TODAY - 90), activity=[*ours, *answer]).on_duckdb()
    found = [[row["figure"], row["against"]] for row in rows_of(reasons(facts)) if row["code"] == "not-answering"]
    assert found == ([] if told_of is None else [told_of])


def test_who_bought_of_another_line_is_answering() -> None:
    ours = [did("li", "contact", TODAY - age) for age in (50, 20, 10)]
    rows = [bought("li", TODAY - 800, product_line="piano"), bought("li", TODAY - 5)]
    codes = {row["code"] for row in rows_of(reasons(told(*rows, activity=ours).on_duckdb()))}
    assert "not-answering" not in codes


@pytest.mark.parametrize(
    ("closed", "gone", "pending"),
    [(1_060, 1, 0), (1_100, 1, 0), (1_269, 1, 0), (1_270, 0, 0), (None, 0, 0), (1_301, 0, 0)],
)
def test_who_was_shut_before_his_time_was_up_is_gone(closed: int | None, gone: int, pending: int) -> None:
    """He lapsed on day 1,060, and has time until day 1,270."""
    facts = told(bought("li", 1_000), customers=[customer("li", closed_day=closed)], day=1_300).on_duckdb()
    (row,) = rows_of(winbacks(facts))
    assert (row["gone"], row["pending"], row["back"]) == (gone, pending, 0)
    (row,) = rows_of(outcomes(winbacks(facts)))
    assert (row["lapsed"], row["gone"], row["decided"], row["rate"]) == (1, gone, 1 - gone, None if gone else 0)


def test_who_was_shut_before_he_lapsed_has_not_lapsed() -> None:
    facts = told(bought("li", 1_000), customers=[customer("li", closed_day=1_059)], day=1_300).on_duckdb()
    assert rows_of(winbacks(facts)) == []
