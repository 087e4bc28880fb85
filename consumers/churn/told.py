"""What the report tells: rows of the tables of churn as of a day, the curves, and which models were asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from domain.errors import Refused

Row = Mapping[str, Any]
Rows = Sequence[Row]
WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why something cannot be told: a `code`, for which whoever tells it has a sentence, with these figures in it."""

    code: str
    figures: Row = field(default_factory=dict)


def why(refused: Refused) -> Why:
    """The name of a refusal and what it says, without its sentence."""
    facts: Any = refused
    return Why(code=code_of(type(refused)), figures={each.name: getattr(facts, each.name) for each in fields(facts)})


def code_of(refusal: type[Refused]) -> str:
    return WORD.sub("-", refusal.__name__).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Of those who were still there just before a time, in days, so many left then; with the band around S(t)."""

    time: int
    at_risk: int
    events: int
    survival: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How long a group of customers stays. They were seen for `until` days at most; the `median` is in days, if half of
    them have left.
    """

    name: str
    customers: int
    until: int
    points: Sequence[Point]
    median: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`day` is the day whose end all of it is as of, and `position` that of the last event of the ledger that is in it.

    Rows are as the tables have them: shares in hundredths of a percent, amounts in smallest units, months as numbers.
    `since` is the day with which the quadrants are compared, `series` tells how many were in each at months' ends.
    `not_drawn` are the customers in each group that has no curve. `customers_at_risk` are all of them, `at_risk` the
    first. `calibrations` has, of each model that has learned who leaves, how well it tells that, and by tenths.
    """

    day: date
    position: int
    version: str
    cohorts: Rows = ()
    labels: Rows = ()
    quadrants: Rows = ()
    migration: Rows = ()
    series: Rows = ()
    since: date | None = None
    curves: Sequence[Curve] = ()
    not_drawn: Sequence[int] = ()
    p_value: float | None = None
    at_risk: Rows = ()
    customers_at_risk: int = 0
    winbacks: Rows = ()
    models: Rows = ()
    calibrations: Rows = ()
    left_out: Rows = ()
    missing: Mapping[str, Why] = field(default_factory=dict)
    """Parts that cannot be told, and why."""
