"""What is said of a customer is said by the model of his line and currency, and by no other; and in the report."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random

import pytest

from consumers.at import TooManyRows
from consumers.churn.curves import curves
from consumers.churn.estimates import Model, estimates, fit
from consumers.churn.learned import one_that_learned
from consumers.churn.on_record import chosen
from consumers.churn.over_time import Then
from consumers.churn.questions import OFFERED, Question
from consumers.churn.refused import FittedToLater, NoModel, NoSuchCurrency, NoSuchModel, NotConverged, ToldAlone
from consumers.churn.report import report
from consumers.churn.tables import estimated, table
from domain.churn_model import ChurnModelFitted, Code, Search, Seen, Trained
from domain.errors import Invalid, Refused
from domain.values import ChurnModelId, replace
from projections.churn.fits.fitted import Fitted, Kind, Window
from projections.churn.fits.lifetime import Horizon
from projections.churn.fits.refusals import NobodyCameBack, NoSuchHistory, SeveralCurrencies, TooFewCustomers
from projections.churn.tables.shapes import ESTIMATES, Facts, number_of
from tests.consumers.churn.before import always
from tests.projections.churn.any_facts import Told, any_facts, bought, customer

PARAMETERS = {
    "bg-nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "gamma-gamma": {"p": 6.25, "q": 3.74, "v": 15.44},
}


def fitted(kind: Kind, currency: str | None = None) -> Fitted:
    return Fitted(
        kind=kind,
        parameters=PARAMETERS[kind],
        log_likelihood=-1.0,
        customers=9,
        window=Window(first=date(1997, 1, 1), last=date(1997, 9, 30)),
        unit=None if kind == "gamma-gamma" else 7,
        currency=currency,
        iterations=1,
        converged=True,
        gradient=0.0,
    )


ALL = Model(name="all@1", fitted=fitted("bg-nbd"))
PIANOS = Model(name="pianos@2", fitted=fitted("bg-nbd"), product_line="piano")
YUAN = Model(name="yuan@1", fitted=fitted("gamma-gamma", "CNY"))

SHOP = Told(
    day=400,
    purchases=[
        *(bought("c-1", day, 20_000) for day in (10, 40, 90, 200)),
        *(bought("c-1", day, 900_000, product_line="piano") for day in (50, 300)),
        *(bought("c-2", day, 1_000, currency="USD") for day in (10, 380)),
        bought("c-3", 70, 5_000),
    ],
    customers=[customer(each) for each in ("c-1", "c-2", "c-3")],
    terms=[
        {"product_line": "", "dormant_days": 60, "churned_days": 120},
        {"product_line": "piano", "dormant_days": 700, "churned_days": 1_100},
    ],
)


def said(facts: Facts, *models: Model) -> dict[tuple[str, str], dict[str, object]]:
    found = estimates(facts, models, Horizon())
    assert found.column_names == [*ESTIMATES]
    return {(row["customer_id"], row["product_line"]): row for row in found.to_pylist()}


def test_a_line_is_judged_by_its_own_model_and_the_others_by_that_of_all() -> None:
    rows = said(SHOP.on_duckdb(), ALL, PIANOS, YUAN)
    assert {whose: row["model"] for whose, row in rows.items()} == {
        ("c-1", ""): "all@1+yuan@1",
        ("c-1", "piano"): "pianos@2+yuan@1",
        ("c-2", ""): "all@1",
        ("c-3", ""): "all@1+yuan@1",
    }
    assert [*said(SHOP.on_duckdb(), PIANOS)] == [("c-1", "piano")], "of other lines it says nothing"


def test_what_somebody_is_worth_is_said_in_the_currency_in_which_he_paid_or_not_at_all() -> None:
    rows = said(SHOP.on_duckdb(), ALL, YUAN)
    assert (rows["c-2", ""]["clv"], rows["c-2", ""]["clv_currency"]) == (None, None)
    assert rows["c-1", "piano"]["clv_currency"] == "CNY"
    assert rows["c-1", "piano"]["clv"] > rows["c-1", ""]["clv"] > 0  # type: ignore[operator]
    bare = said(SHOP.on_duckdb(), ALL)
    assert all(row["clv"] is None for row in bare.values())
    assert bare["c-1", ""]["p_alive"] == rows["c-1", ""]["p_alive"]


def test_who_was_silent_for_longer_is_less_likely_to_be_there() -> None:
    rows = said(SHOP.on_duckdb(), ALL)
    assert rows["c-1", ""]["p_alive"] < rows["c-2", ""]["p_alive"]  # type: ignore[operator]
    assert rows["c-3", ""]["p_alive"] == 1.0, "who has bought once, says the model"


def test_what_no_model_can_be_fitted_to_is_refused_by_its_name() -> None:
    for facts, refused in (
        (Told(day=400), TooFewCustomers),
        (Told(day=400, purchases=[bought("c-1", 10), bought("c-2", 11)], terms=SHOP.terms), NobodyCameBack),
    ):
        with pytest.raises(refused):
            fit(facts.on_duckdb(), "bg-nbd")
    with pytest.raises(SeveralCurrencies):
        fit(SHOP.on_duckdb(), "gamma-gamma")
    with pytest.raises(NoSuchCurrency, match="nobody came back and paid in EUR; there is CNY, USD"):
        fit(SHOP.on_duckdb(), "gamma-gamma", currency="EUR")
    alike = [bought(f"c-{number}", day) for number in range(9) for day in range(10, 400, 10)]
    with pytest.raises(NotConverged, match="bg-nbd has not converged: the likelihood grows up to the border"):
        fit(Told(day=400, purchases=alike, terms=SHOP.terms).on_duckdb(), "bg-nbd")


@pytest.mark.slow
def test_the_report_has_all_of_it_and_says_what_it_cannot_tell() -> None:
    told = report(SHOP.on_duckdb(), always(SHOP), position=7, version="0.1.0", models=[ALL, YUAN])
    assert (told.customers_at_risk, told.position) == (2, 7)
    assert told.at_risk[0]["customer_id"] == "c-1"
    assert all(row["reasons"] for row in told.at_risk)
    assert (
        told.missing == {"winbacks": told.missing.get("winbacks")} if "winbacks" in told.missing else not told.missing
    )
    nothing = report(Told(day=400, terms=SHOP.terms).on_duckdb(), None, position=0, version="0.1.0")
    parts = {"at_risk", "cohorts", "labels", "quadrants", "migration", "winbacks", "models", "survival"}
    assert nothing.missing.keys() == parts
    assert all(nothing.missing.values())
    first = report(Told(day=number_of(date(1, 1, 9))).on_duckdb(), None, position=0, version="0.1.0")
    assert first.since == date(1, 1, 1), "before that there was no day"


def test_where_earlier_days_do_not_fit_into_memory_the_report_says_so_and_all_else_is_told() -> None:
    def earlier(_: object) -> Then:
        raise TooManyRows("purchases has more than 5,000,000 rows at position 9")

    told = report(SHOP.on_duckdb(), earlier, position=7, version="0.1.0", models=[ALL, YUAN])
    assert told.missing["migration"].code == "too-many-rows"
    assert (told.migration, told.series) == ((), ())
    assert told.at_risk
    assert told.quadrants


def at_risk(*models: Model) -> tuple[dict[tuple[str, str], dict[str, object]], tuple[str, ...], Refused | None]:
    found = estimated(SHOP.on_duckdb(), "at-risk", Question(), models)
    return {(r["customer_id"], r["product_line"]): r for r in found.rows.to_pylist()}, found.models, found.refused


@pytest.mark.slow
def test_customers_at_risk_have_what_models_say_of_them_as_the_report_has_it() -> None:
    rows, models, refused = at_risk(ALL, PIANOS, YUAN)
    assert (models, refused) == (("all@1", "yuan@1"), None)
    by_all = said(SHOP.on_duckdb(), ALL, PIANOS, YUAN)
    told = report(SHOP.on_duckdb(), None, position=7, version="0.1.0", models=[ALL, PIANOS, YUAN]).at_risk
    assert {(row["customer_id"], row["product_line"]) for row in told} == rows.keys()
    for row in told:
        whose = row["customer_id"], row["product_line"]
        for name in ("p_alive", "expected", "clv", "clv_currency", "model"):
            assert row[name] == rows[whose][name] == by_all[whose][name]


@pytest.mark.slow
def test_of_whom_no_model_says_anything_it_is_null_and_all_else_is_told() -> None:
    bare, models, refused = at_risk()
    assert (models, type(refused)) == ((), NoModel)
    assert bare
    assert all(row[name] is None for row in bare.values() for name in ("p_alive", "expected", "clv", "model"))
    known, _, _ = at_risk(ALL)
    assert [row["reasons"] for row in known.values()] == [bare[whose]["reasons"] for whose in known]
    only_pianos, models, refused = at_risk(PIANOS)
    assert (models, refused) == ((), None), "it says something, and of nobody who is at risk"
    assert only_pianos.keys() == bare.keys()


@pytest.mark.slow
def test_where_models_cannot_be_used_it_is_said_and_all_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object, models: Sequence[Model], __: Horizon) -> object:
        if models:
            raise NoSuchHistory(customers=2, because="the last purchase is later than the end")
        return estimates(SHOP.on_duckdb(), (), Horizon())

    monkeypatch.setattr("consumers.churn.leaving.estimates", refuses)
    rows, models, refused = at_risk(ALL)
    assert (models, type(refused)) == ((), NoSuchHistory)
    assert all(row["model"] is None and row["reasons"] for row in rows.values())
    told = report(SHOP.on_duckdb(), None, position=7, version="0.1.0", models=[ALL])
    assert told.missing["estimates"].code == "no-such-history"
    assert len(told.at_risk) == len(rows)


@pytest.mark.slow
def test_a_report_has_how_well_a_model_tells_who_leaves() -> None:
    learned = Trained(days=90, seed=1, digest="0f" * 32, quality={"auc": Decimal("0.8"), "part_1.seen": Decimal("0.7")})
    event = replace(record_of(3, date(1970, 12, 31)), kind="boosted-trees", learned=learned)
    told = report(SHOP.on_duckdb(), None, position=7, version="0.1.0", learned=[event])
    assert "models" not in told.missing
    assert told.missing["estimates"].code == "no-model", "it says nothing of what they buy"
    assert [row["model"] for row in told.models] == ["all@3"]
    (row,) = told.calibrations
    assert (row["model"], row["days"], row["auc"], row["brier"]) == ("all@3", 90, 0.8, None)
    assert row["tenths"][0]["came"] == 0.7


def test_who_leaves_is_told_by_one_model() -> None:
    learned = Trained(days=90, seed=1, digest="0f" * 32, quality={})
    buying, leaving = record_of(1, date(1997, 6, 30)), replace(record_of(2, date(1997, 6, 30)), learned=learned)
    leaving = replace(leaving, kind="boosted-trees")
    assert one_that_learned([buying], named=True) is None
    assert one_that_learned([buying, leaving], named=False) is None, "what is expected of customers goes before"
    assert one_that_learned([leaving], named=False) == one_that_learned([leaving], named=True) == leaving
    for several, named in (([buying, leaving], True), ([leaving, leaving], False)):
        with pytest.raises(ToldAlone, match="say which, of all@"):
            one_that_learned(several, named=named)


@pytest.mark.slow
@pytest.mark.parametrize("name", OFFERED)
def test_every_table_that_is_offered_can_be_made(name: str, seed: int) -> None:
    told = any_facts(Random(seed), 40)
    facts = told.on_duckdb()
    asked = Question(since=date(1970, 6, 1)) if OFFERED[name].compares else Question()
    assert table(facts, name, asked, always(told)).num_rows > 0
    if OFFERED[name].by:
        assert "product_line" in table(facts, name, Question(by="product_line"), always(told)).column_names


@pytest.mark.parametrize(
    ("name", "asked", "field"),
    [
        ("winbacks", Question(by="product_line"), "by"),
        ("rfm", Question(by="owner_id"), "by"),
        ("rfm", Question(since=date(1970, 1, 2)), "since"),
        ("migration", Question(), "since"),
        ("migration", Question(since=date(2999, 1, 1)), "since"),
        ("quadrant-series", Question(since=date(2999, 1, 1)), "since"),
        ("quadrant-moves", Question(since=date(1960, 1, 1)), "since"),
        ("cohorts", Question(often=2), "threshold"),
    ],
)
def test_a_question_that_means_nothing_to_a_table_is_refused(name: str, asked: Question, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        table(SHOP.on_duckdb(), name, asked, always(SHOP))
    assert refused.value.field == field


def test_who_was_shut_meanwhile_has_moved_to_nowhere() -> None:
    shut = [customer("c-1"), customer("c-2", closed_day=300), customer("c-3")]
    told = Told(day=400, purchases=SHOP.purchases, customers=shut, terms=SHOP.terms)
    before = Told(day=400, purchases=SHOP.purchases, customers=[customer(f"c-{number}") for number in (1, 2, 3)])
    rows = table(told.on_duckdb(), "migration", Question(since=date(1970, 4, 11)), always(before)).to_pylist()
    assert {(row["currency"], row["became"]) for row in rows if row["was"] and not row["became"]} == {("USD", "")}


def test_who_is_shut_is_scored_by_nobody() -> None:
    shut = [customer("c-1"), customer("c-2", closed_day=300), customer("c-3")]
    told = Told(day=400, purchases=SHOP.purchases, customers=shut, terms=SHOP.terms)
    assert {who for who, _ in said(told.on_duckdb(), ALL)} == {"c-1", "c-3"}


@pytest.mark.slow
def test_amounts_of_different_currencies_stand_in_no_order() -> None:
    """Whoever has spent most of his own currency stands first, and not who has spent most yen."""
    rows = [bought(f"y{number}", 10, 90_000 + number, currency="JPY") for number in range(3)]
    rows += [bought("u1", 10, 100, currency="USD"), bought("u2", 10, 900, currency="USD")]
    customers = [customer(row["customer_id"]) for row in rows]
    told = Told(day=400, purchases=rows, customers=customers, terms=SHOP.terms)
    listed = [row["customer_id"] for row in report(told.on_duckdb(), None, position=0, version="0.1.0").at_risk]
    assert listed == ["u2", "y1", "y2", "y0", "u1"]
    few = report(told.on_duckdb(), None, position=0, version="0.1.0", most=2)
    assert [row["customer_id"] for row in few.at_risk] == listed[:2], "who is worth most, of all"
    assert [reason["customer_id"] for row in few.at_risk for reason in row["reasons"]] == listed[:2]
    assert few.customers_at_risk == 5
    assert "at_risk" not in few.missing


@pytest.mark.slow
def test_of_more_groups_than_can_be_told_apart_it_is_said_who_is_not_drawn() -> None:
    rows = [bought(f"{line}-{nth}", 10) for line in range(9) for nth in range(10 - line)]
    customers = [customer(row["customer_id"], channel=f"at-{row['customer_id'][0]}") for row in rows]
    told = Told(day=400, purchases=rows, customers=customers, terms=SHOP.terms)
    found = report(told.on_duckdb(), None, position=0, version="0.1.0", by="channel")
    assert [curve.customers for curve in found.curves] == [10, 9, 8, 7, 6, 5]
    assert [*found.not_drawn] == [4, 3, 2]


def test_a_model_in_other_units_of_time_says_the_same() -> None:
    parameters = {"r": 0.243, "alpha": 4.414 * 7, "a": 0.793, "b": 2.426}
    days = Model(name="days@1", fitted=replace(fitted("bg-nbd"), parameters=parameters, unit=1))
    by_weeks, by_days = (said(SHOP.on_duckdb(), model) for model in (ALL, days))
    for whose, row in by_weeks.items():
        assert by_days[whose]["p_alive"] == pytest.approx(row["p_alive"])
        assert by_days[whose]["expected"] == pytest.approx(row["expected"])


def record_of(number: int, until: date) -> ChurnModelFitted:
    return ChurnModelFitted(
        model_id=ChurnModelId("all"),
        number=number,
        kind="bg-nbd",
        parameters={name: Decimal(str(found)) for name, found in PARAMETERS["bg-nbd"].items()},
        seen=Seen(customers=9, first=date(1997, 1, 1), last=until, position=7),
        search=Search(iterations=1, converged=True),
        code=Code(version="0.1.0", fingerprint="0f" * 32),
    )


def test_a_score_of_a_day_is_by_no_model_that_knows_what_came_after_it() -> None:
    told = [record_of(1, date(1997, 6, 30)), record_of(2, date(1997, 9, 30))]
    day = date(1997, 8, 1)

    def numbers(*names: str, day: date = day) -> list[int]:
        return [event.number for event in chosen(lambda _: told, names, 7, day)]

    assert numbers() == [1]
    assert numbers(day=date(1997, 9, 30)) == [2]
    assert numbers("all@1") == [1]
    for named in ("all", "all@2"):
        with pytest.raises(FittedToLater, match="all@2 was fitted to what happened up to 1997-09-30"):
            numbers(named)
    with pytest.raises(NoSuchModel, match="there is no model other; on record are all@1, all@2"):
        numbers("other")


def test_curves_are_of_all_or_of_each_group_and_then_compared() -> None:
    (one,), test = curves(SHOP.on_duckdb())
    assert (one.name, one.customers, test) == ("", 3, None)
    several, test = curves(SHOP.on_duckdb(), "product_line")
    assert {curve.name: curve.customers for curve in several} == {"": 3, "piano": 1}
    assert test is not None
    assert 0 <= test.chance <= 1
