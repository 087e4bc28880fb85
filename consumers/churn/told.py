"""What the report tells: rows of the tables of churn as of a day, the curves, and which models were asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]


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
    `since` is the day with which the quadrants are compared. `customers_at_risk` are all of them, `at_risk` the first.
    """

    day: date
    position: int
    version: str
    cohorts: Rows = ()
    labels: Rows = ()
    quadrants: Rows = ()
    migration: Rows = ()
    since: date | None = None
    curves: Sequence[Curve] = ()
    p_value: float | None = None
    at_risk: Rows = ()
    customers_at_risk: int = 0
    winbacks: Rows = ()
    models: Rows = ()
    left_out: Rows = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Parts that cannot be told, and why."""
