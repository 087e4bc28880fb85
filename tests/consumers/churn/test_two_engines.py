"""One expression, two engines: every table of whole numbers comes to the same on DuckDB and on Spark."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import ibis
import pytest

from consumers.churn import folder
from consumers.churn.engines import LOCAL, computed, duckdb, facts_of_folder, spark
from consumers.churn.reading import Extract
from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.counted import left_out
from projections.churn.tables.durations import durations
from projections.churn.tables.features import features, labels
from projections.churn.tables.histories import histories, holdout
from projections.churn.tables.quadrants import Thresholds, migration, moves, quadrants, series, usual
from projections.churn.tables.reasons import reasons
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import Facts, day_of
from projections.churn.tables.signals import WHOSE, signals, spent
from projections.churn.tables.winbacks import outcomes, winbacks
from tests.projections.churn.any_facts import SHAPES, any_facts, in_order

LIMITS = Thresholds(version="1", aov={"CNY": 250, "EUR": 5_000}, frequency=3, days=400)
LINE = ["product_line"]
# It does not live long enough to be made quick.
QUICK = LOCAL | {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
EARLIER = 200  # Days.
TABLES: Mapping[str, Callable[[Facts], Any]] = {
    "left out": lambda facts: left_out(facts.purchases, facts.customers, facts.day),
    "rfm": rfm,
    "rfm by product line": lambda facts: rfm(facts, LINE),
    "quadrants": lambda facts: quadrants(facts, LIMITS),
    "usual": usual,
    "migration": lambda facts: migration(quadrants(then(facts), LIMITS), quadrants(facts, LIMITS)),
    "series": lambda facts: series(of_days(facts)),
    "moves": lambda facts: moves(of_days(facts)),
    "cohorts": cohorts,
    "cohorts by product line": lambda facts: cohorts(facts, LINE),
    "durations": durations,
    "durations by product line": lambda facts: durations(facts, "registration", by_line=True),
    "histories": histories,
    "histories by product line": lambda facts: histories(facts, LINE),
    "holdout": lambda facts: holdout(facts.purchases, histories(then(facts)), facts.day - EARLIER, facts.day),
    "signals": signals,
    "reasons": reasons,
    "at risk": at_risk,
    "at risk with estimates": lambda facts: at_risk(facts, guessed(facts)).drop("p_alive", "expected"),
    "winbacks": winbacks,
    "outcomes": lambda facts: outcomes(winbacks(facts)),
    "features": features,
    "labels": lambda facts: labels(features(then(facts)), facts.purchases, facts.day - EARLIER, facts.day),
}


def guessed(facts: Facts) -> Any:
    """As if some model said of each what he has spent."""
    found = spent(facts)
    chance = {name: ibis.literal(0.5) for name in ("p_alive", "expected")}
    return found.select(*WHOSE, clv=found.spent, clv_currency=found.currency, model=ibis.literal("m-1"), **chance)


def of_days(facts: Facts) -> Mapping[int, Any]:
    return {each.day: quadrants(each, LIMITS) for each in (then(then(facts)), then(facts), facts)}


def then(facts: Facts) -> Facts:
    return Facts(
        day=facts.day - EARLIER,
        purchases=facts.purchases,
        customers=facts.customers,
        activity=facts.activity,
        terms=facts.terms,
    )


@dataclass
class Both:
    one: Facts
    other: Facts


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Both]:
    """The same folder of Parquet, read by both."""
    if shutil.which("java") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Java here, and Spark runs in it")
        pytest.skip("needs Java, in which Spark runs")
    told = any_facts(Random(seed), customers=300)
    tables = {name: told.arrow(name) for name in SHAPES}
    facts = Extract(position=1, occurred=None, day=day_of(told.day), zone="UTC", tables=tables)
    path = tmp_path_factory.mktemp("facts")
    folder.write(facts, path)
    with duckdb() as first, spark(QUICK) as second:
        yield Both(facts_of_folder(first, path), facts_of_folder(second, path))


@pytest.mark.slow
# What Spark's Python leaves to be collected.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_on_both(both: Both, name: str) -> None:
    first, second = (computed(TABLES[name](facts)) for facts in (both.one, both.other))
    assert first.num_rows > 0
    assert first.column_names == second.column_names
    assert {str(each) for each in first.schema.types} <= {"int64", "string"}
    assert in_order(first.to_pylist()) == in_order(second.to_pylist())
