"""The report: all that is told of churn as of a day, in one piece, and why where something cannot be told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from consumers.at import TooManyRows
from consumers.churn.calibration import calibration
from consumers.churn.curves import curves
from consumers.churn.engines import computed
from consumers.churn.estimates import Model
from consumers.churn.extras import needed
from consumers.churn.leaving import leaving
from consumers.churn.on_record import name_of
from consumers.churn.over_time import Earlier
from consumers.churn.questions import Question
from consumers.churn.tables import MADE, then_and_now
from consumers.churn.told import Report, Rows, Why, why
from domain.churn_model import ChurnModelFitted
from domain.errors import Refused
from projections.churn.fits.winning_back import uplift
from projections.churn.tables.reasons import reasons
from projections.churn.tables.shapes import WHOLE, Facts, day_of, number_of

T = TypeVar("T")
MOST = 200  # Customers at risk that are listed; all of them are in the table of that name.
BACK = 90  # Days before, with which the quadrants are compared, unless another day is named.
MOST_STRATA = 6  # As many lines can be told apart; of the others it is said how many they are.

NOTHING: Mapping[str, str] = {
    "at_risk": "nobody-at-risk",
    "cohorts": "nobody-bought",
    "labels": "nobody-bought",
    "quadrants": "no-customers",
    "migration": "no-customers-on-either-day",
    "winbacks": "nobody-lapsed",
    "models": "no-model-on-record",
}
"""Why a part has no rows, by the codes for which the page has sentences."""
TOO_LONG = "ledger-too-long"  # To be read while somebody waits.
TOO_MANY = "too-many-rows"  # To be kept in memory as of several days.


@dataclass(slots=True)
class Parts:
    """Parts as they are made; what cannot be told is `missing`."""

    missing: dict[str, Why] = field(default_factory=dict)

    def made(self, part: str, made: Callable[[], T]) -> T | None:
        try:
            return made()
        except Refused as refused:
            self.missing[part] = why(refused)
            return None

    def rows(self, part: str, made: Callable[[], Rows]) -> Rows:
        found = self.made(part, made)
        if found is not None and not found:
            self.missing.setdefault(part, Why(code=NOTHING[part]))
        return found or ()


def report(
    facts: Facts,
    earlier: Earlier | None,
    *,
    position: int,
    version: str,
    models: Sequence[Model] = (),
    learned: Sequence[ChurnModelFitted] = (),
    by: str | None = None,
    since: date | None = None,
    most: int = MOST,
) -> Report:
    """`by` are the groups whose curves are drawn, and `most` how many customers at risk are listed. By `models` it is
    told what is expected of them; of those that have `learned` who leaves, how well they tell it. Where there is
    nobody to tell of `earlier` days, all but these are told.
    """
    parts = Parts()
    before = since or day_of(max(facts.day - BACK, number_of(date.min)))
    drawn, test = parts.made("survival", lambda: curves(facts, by)) or ((), None)
    moved, monthly = moves_of(facts, earlier, before, parts)
    risky, customers = parts.made("at_risk", lambda: listed(facts, models, most, parts)) or ((), 0)
    if not models and not learned:
        parts.missing.pop("estimates", None)  # That there is no model is said of the models.
    return Report(
        day=day_of(facts.day),
        position=position,
        version=version,
        cohorts=parts.rows("cohorts", lambda: counted(facts, "cohorts")),
        labels=parts.rows("labels", lambda: counted(facts, "labels")),
        quadrants=parts.rows("quadrants", lambda: counted(facts, "quadrant-counts")),
        migration=moved,
        series=monthly,
        since=before,
        curves=(largest := largest_first(drawn))[:MOST_STRATA],
        not_drawn=[curve.customers for curve in largest[MOST_STRATA:]],
        p_value=None if test is None else test.chance,
        at_risk=parts.rows("at_risk", lambda: risky),
        customers_at_risk=customers,
        winbacks=parts.rows("winbacks", lambda: with_intervals(counted(facts, "winbacks"))),
        models=parts.rows("models", lambda: [*map(on_record, models), *map(that_learned, learned)]),
        calibrations=[calibrated(event) for event in learned],
        left_out=counted(facts, "left-out"),
        missing=parts.missing,
    )


def moves_of(facts: Facts, earlier: Earlier | None, since: date, parts: Parts) -> tuple[Rows, Rows]:
    """Who moved since a day, and how many were where at months' ends."""
    if earlier is None:
        parts.missing["migration"] = Why(code=TOO_LONG)
        return (), ()
    try:
        found = parts.made("migration", lambda: then_and_now(facts, earlier, since))
    except TooManyRows:
        found, parts.missing["migration"] = None, Why(code=TOO_MANY)
    if found is None:
        return (), ()
    moved, monthly = found
    return parts.rows("migration", moved.to_pylist), monthly.to_pylist()


def counted(facts: Facts, name: str, asked: Question = Question()) -> Rows:  # noqa: B008 - a value.
    return list(computed(MADE[name](facts, asked)).to_pylist())


def listed(facts: Facts, models: Sequence[Model], most: int, parts: Parts) -> tuple[Rows, int]:
    """The first so many who are thought to be leaving, with his reasons and their figures: who is worth most stands
    first. And how many customers there are in all: of a million, those who are not listed stay in columns of Arrow.
    """
    found = leaving(facts, models)
    if found.refused is not None:
        parts.missing["estimates"] = why(found.refused)
    first = most_worth(found.rows).slice(0, most).to_pylist()
    told_why: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    every = reasons(facts)
    of_them = every.filter(every.customer_id.isin(sorted({row["customer_id"] for row in first}) or [""]))
    for row in computed(of_them).to_pylist():
        told_why.setdefault((row["customer_id"], row["product_line"]), []).append(row)
    told = [{**row, **dates(row), "reasons": of_all(row, told_why)} for row in first]
    return told, len(found.rows["customer_id"].unique())


def most_worth(rows: Any) -> Any:
    """In the order of hundredths of the mean of all customers in the same currency, so that yen are not compared with
    euros: of what is expected of him, or, where no model says that, of what he has spent.
    """
    worth = needed("pyarrow.compute").coalesce(rows["clv_share"], rows["spent_share"])
    order = [("worth", "descending"), ("customer_id", "ascending"), ("product_line", "ascending")]
    return rows.append_column("worth", worth).sort_by(order).drop_columns(["worth"])


def dates(row: Mapping[str, Any]) -> Mapping[str, Any]:
    days = {name: day for name, day in row.items() if name.endswith("_day")}
    return {name: None if day is None else day_of(day) for name, day in days.items()}


def of_all(row: Mapping[str, Any], why: Mapping[tuple[str, str], list[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """In the order in which the table has their codes."""
    order = row["reasons"].split()
    return sorted(why[row["customer_id"], row["product_line"]], key=lambda each: order.index(each["code"]))


def largest_first(drawn: Sequence[Any]) -> Sequence[Any]:
    return sorted(drawn, key=lambda curve: -curve.customers)


def beside(rows: Rows) -> list[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Each campaign beside those whom nobody contacted."""
    alone = next((row for row in rows if not row["contacted"]), None)
    return [(row, alone) for row in sorted(rows, key=lambda row: (row["contacted"], row["campaign"]))]


def with_interval(row: Mapping[str, Any], alone: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not row["contacted"] or alone is None or not row["decided"] or not alone["decided"]:
        return {**row, "low": None, "high": None}
    found = uplift((row["back"], row["decided"]), (alone["back"], alone["decided"]))
    return {**row, "low": round(found.low * WHOLE), "high": round(found.high * WHOLE)}


def with_intervals(rows: Rows) -> Rows:
    return [with_interval(row, alone) for row, alone in beside(rows)]


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


def that_learned(event: ChurnModelFitted) -> Mapping[str, Any]:
    """It has neither a likelihood nor parameters that say anything to a reader: how well it tells stands apart."""
    return {
        "model": name_of(event),
        "kind": event.kind,
        "first": event.seen.first,
        "last": event.seen.last,
        "customers": event.seen.customers,
        "log_likelihood": None,
        "parameters": {},
        "code": event.code.version,
    }


def calibrated(event: ChurnModelFitted) -> Mapping[str, Any]:
    assert event.learned is not None, "a model that learns is recorded with what it has learned"
    return {"model": name_of(event), "days": event.learned.days, **calibration(event.learned.quality)}
