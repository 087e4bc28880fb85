"""The tables of churn that can be asked for, each counted by the engine in which the facts are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from consumers.churn.engines import computed
from consumers.churn.estimates import Model
from consumers.churn.leaving import Leaving, leaving
from consumers.churn.over_time import Earlier, month_ends, quadrants_of_days
from consumers.churn.questions import OFFERED, Question, must_fit
from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.counted import left_out
from projections.churn.tables.durations import durations
from projections.churn.tables.histories import histories
from projections.churn.tables.quadrants import Thresholds, moves, quadrants, series, usual
from projections.churn.tables.reasons import reasons
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import Facts, day_of, number_of
from projections.churn.tables.winbacks import outcomes, winbacks


def labels(facts: Facts, asked: Question) -> Any:
    """How many customers have each label, what they have paid, and after how many days, on average."""
    scored, per = rfm(facts, per_line(asked)), per_line(asked)
    return scored.group_by([*per, "currency", "label"]).agg(
        customers=scored.count(),
        monetary=scored.monetary.sum().cast("int64"),
        recency=(scored.recency.sum() // scored.count()).cast("int64"),
    )


def quadrant_counts(facts: Facts, asked: Question) -> Any:
    found = quadrants(facts, thresholds(facts, asked))
    sums = {name: found[name].sum().cast("int64") for name in ("orders", "spent")}
    return found.group_by(["currency", "segment"]).agg(customers=found.count(), **sums)


def thresholds(facts: Facts, asked: Question) -> Thresholds:
    """As they are given, or what is usual in the year up to the day: the mean order of each currency, and more orders
    than customers have on average.
    """
    found = computed(usual(facts)).to_pylist()
    aov = {row["currency"]: -(-row["spent"] // max(row["orders"], 1)) for row in found}
    orders, customers = (sum(row[name] for row in found) for name in ("orders", "customers"))
    often = orders // max(customers, 1) + 1
    return Thresholds(
        version="given" if asked.thresholds or asked.often else "usual",
        aov=aov if asked.thresholds is None else {**aov, **asked.thresholds},
        frequency=often if asked.often is None else asked.often,
    )


def per_line(asked: Question) -> tuple[str, ...]:
    return () if asked.by is None else (asked.by,)


MADE: Mapping[str, Callable[[Facts, Question], Any]] = {
    "rfm": lambda facts, asked: rfm(facts, per_line(asked)),
    "labels": labels,
    "cohorts": lambda facts, asked: cohorts(facts, per_line(asked)),
    "durations": lambda facts, asked: durations(facts, by_line=asked.by is not None),
    "quadrants": lambda facts, asked: quadrants(facts, thresholds(facts, asked)),
    "quadrant-counts": quadrant_counts,
    "at-risk": lambda facts, _: at_risk(facts),
    "reasons": lambda facts, _: reasons(facts),
    "winbacks": lambda facts, _: outcomes(winbacks(facts)),
    "histories": lambda facts, _: histories(facts, ["product_line"]),
    "left-out": lambda facts, _: left_out(facts.purchases, facts.customers, facts.day),
}

# Of the quadrants of several days, which are by the thresholds of the last one: otherwise customers would move who have
# not stirred.
OF_DAYS: Mapping[str, Callable[[Mapping[int, Any]], Any]] = {
    "migration": lambda found: moves(found).drop("since_day", "day"),
    "quadrant-series": series,
    "quadrant-moves": moves,
}

assert MADE.keys() | OF_DAYS.keys() == OFFERED.keys()


def estimated(facts: Facts, name: str, asked: Question, models: Sequence[Model]) -> Leaving:
    """A table that has what models say, and those models. Raises Invalid where the question does not fit it."""
    must_fit(name, asked, day_of(facts.day))
    assert OFFERED[name].estimated, "of the others models say nothing"
    return leaving(facts, models)


def table(facts: Facts, name: str, asked: Question, earlier: Earlier) -> Any:
    """A table, as rows of Arrow; `earlier` is asked where it tells of other days than that of the facts. Raises Invalid
    where the question does not fit it.
    """
    must_fit(name, asked, day_of(facts.day))
    if name in MADE:
        return computed(MADE[name](facts, asked))
    then = earlier(days_before(name, asked, day_of(facts.day)))
    with quadrants_of_days(facts, thresholds(facts, asked), then) as found:
        return computed(OF_DAYS[name](found))


def then_and_now(facts: Facts, earlier: Earlier, since: date) -> tuple[Any, Any]:
    """The migration since a day, and who was in each quadrant at the ends of the last twelve months: rows of Arrow of
    both, for which the earlier days are asked for once.
    """
    months = month_ends(None, day_of(facts.day))
    with quadrants_of_days(facts, thresholds(facts, Question()), earlier([since, *months])) as found:
        moved = {day: found[day] for day in (number_of(since), facts.day)}
        monthly = {day: found[day] for day in (*map(number_of, months), facts.day)}
        return computed(OF_DAYS["migration"](moved)), computed(OF_DAYS["quadrant-series"](monthly))


def days_before(name: str, asked: Question, day: date) -> list[date]:
    if OFFERED[name].monthly:
        return month_ends(asked.since, day)
    assert asked.since is not None, "the question was looked at"
    return [asked.since]
