"""The report: all that is told of churn as of a day, in one piece, and why where something cannot be told."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from consumers.churn.curves import curves
from consumers.churn.engines import computed
from consumers.churn.estimates import Model, estimates
from consumers.churn.questions import Question
from consumers.churn.tables import MADE
from consumers.churn.told import Report, Rows
from domain.errors import Refused
from projections.churn.fits.lifetime import Horizon
from projections.churn.fits.winning_back import uplift
from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.reasons import reasons
from projections.churn.tables.shapes import Facts, day_of

MOST = 200  # Customers at risk that are listed; all of them are in the table of that name.
BACK = 90  # Days before, with which the quadrants are compared, unless another day is named.
MOST_STRATA = 6  # As many lines can be told apart; the others are told in figures.
WHOLE = 10_000


def report(
    facts: Facts,
    *,
    position: int,
    version: str,
    models: Sequence[Model] = (),
    by: str | None = None,
    since: date | None = None,
    most: int = MOST,
) -> Report:
    """`by` are the groups whose curves are drawn, and `most` how many customers at risk are listed."""
    missing: dict[str, str] = {}

    def rows(part: str, made: Callable[[], Rows]) -> Rows:
        try:
            found = made()
        except Refused as refused:
            missing[part] = str(refused)
            return ()
        if not found:
            missing[part] = NOTHING[part]
        return found

    def counted(name: str, asked: Question = Question()) -> Rows:  # noqa: B008 - a value.
        return list(computed(MADE[name](facts, asked)).to_pylist())

    before = since or day_of(facts.day - BACK)
    drawn: list[Any] = []
    test = None
    try:
        drawn, test = [*(found := curves(facts, by))[0]], found[1]
    except Refused as refused:
        missing["survival"] = str(refused)
    risky = rows("at_risk", lambda: leaving(facts, models))
    return Report(
        day=day_of(facts.day),
        position=position,
        version=version,
        cohorts=rows("cohorts", lambda: counted("cohorts")),
        labels=rows("labels", lambda: counted("labels")),
        quadrants=rows("quadrants", lambda: counted("quadrant-counts")),
        migration=rows("migration", lambda: counted("migration", Question(since=before))),
        since=before,
        curves=largest(drawn),
        p_value=None if test is None else test.chance,
        at_risk=risky[:most],
        customers_at_risk=len({row["customer_id"] for row in risky}),
        winbacks=rows("winbacks", lambda: [with_interval(row, alone) for row, alone in beside(counted("winbacks"))]),
        models=rows("models", lambda: [on_record(model) for model in models]),
        left_out=counted("left-out"),
        missing=missing,
    )


NOTHING: Mapping[str, str] = {
    "at_risk": "nobody is at risk",
    "cohorts": "nobody has bought by that day",
    "labels": "nobody has bought by that day",
    "quadrants": "there are no customers by that day",
    "migration": "there were no customers on either day",
    "winbacks": "nobody has lapsed by that day",
    "models": "no model is on record; `lifeledger churn fit` makes one",
}


def leaving(facts: Facts, models: Sequence[Model]) -> Rows:
    """Who is thought to be leaving, with his reasons and their figures; who is worth most stands first."""
    guessed = facts_of(facts, estimates(facts, models, Horizon())) if models else None
    found = computed(at_risk(facts, guessed)).to_pylist()
    why: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in computed(reasons(facts)).to_pylist():
        why.setdefault((row["customer_id"], row["product_line"]), []).append(row)
    told = [{**ESTIMATED, **row, **dates(row), "reasons": of_all(row, why)} for row in found]
    return sorted(told, key=lambda row: (-(row["clv"] or 0), -(row["spent"] or 0), row["customer_id"]))


ESTIMATED: Mapping[str, Any] = dict.fromkeys(("p_alive", "expected", "clv", "clv_currency", "model"))


def facts_of(facts: Facts, table: Any) -> Any:
    """The table of Arrow in the engine in which the facts are."""
    return facts.purchases.get_backend().create_table("estimates", table, overwrite=True)


def dates(row: Mapping[str, Any]) -> Mapping[str, Any]:
    days = {name: day for name, day in row.items() if name.endswith("_day")}
    return {name: None if day is None else day_of(day) for name, day in days.items()}


def of_all(row: Mapping[str, Any], why: Mapping[tuple[str, str], list[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """In the order in which the table has their codes."""
    order = row["reasons"].split()
    return sorted(why[row["customer_id"], row["product_line"]], key=lambda each: order.index(each["code"]))


def largest(drawn: Sequence[Any]) -> Sequence[Any]:
    return sorted(drawn, key=lambda curve: -curve.customers)[:MOST_STRATA]


def beside(rows: Rows) -> list[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Each campaign beside those whom nobody contacted."""
    alone = next((row for row in rows if not row["contacted"]), None)
    return [(row, alone) for row in sorted(rows, key=lambda row: (row["contacted"], row["campaign"]))]


def with_interval(row: Mapping[str, Any], alone: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not row["contacted"] or alone is None or not row["decided"] or not alone["decided"]:
        return {**row, "low": None, "high": None}
    found = uplift((row["back"], row["decided"]), (alone["back"], alone["decided"]))
    return {**row, "low": round(found.low * WHOLE), "high": round(found.high * WHOLE)}


def on_record(model: Model) -> Mapping[str, Any]:
    fitted, window = model.fitted, model.fitted.window
    return {
        "model": model.name,
        "kind": fitted.kind,
        "first": None if window is None else window.first,
        "last": None if window is None else window.last,
        "customers": fitted.customers,
        "log_likelihood": fitted.log_likelihood,
        "parameters": fitted.parameters,
        "code": model.code,
    }
