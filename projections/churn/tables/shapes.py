"""What the tables of churn are made of: the facts as of a day, and the shape of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

EPOCH = date(1970, 1, 1)
WHOLE = 10_000  # Of which a share is told: hundredths of a percent.

# Column → type, as Ibis and Arrow call it; one with a `?` may be null.
PURCHASES: Mapping[str, str] = {
    "order_id": "string",
    "customer_id": "string",  # as customers are merged by then
    "product_line": "string",  # one that has terms of its own; empty for all others
    "currency": "string",
    "day": "int64",
    "month": "int64",
    "net": "int64",  # what was paid less what went back, in smallest units
    "refunded": "int64",
    "why": "string",  # empty for what counts; else why not
}
CUSTOMERS: Mapping[str, str] = {
    "customer_id": "string",
    "type": "string",
    "channel": "string",  # of the lead by which he came; empty where there was none
    "status": "string",
    "status_day": "int64",
    "created_day": "int64",
    "registered_day": "int64?",
    "risk_day": "int64?",
    "held_day": "int64?",
    "closed_day": "int64?",  # shut, erased, or merged into another
    "segment": "string",
    "owner_id": "string",
    "do_not_contact": "int64",
}
ACTIVITY: Mapping[str, str] = {
    "customer_id": "string",
    "kind": "string",
    "code": "string",
    "day": "int64",
    "times": "int64",
    "ended_day": "int64?",
}
TERMS: Mapping[str, str] = {
    "product_line": "string",  # each that there is a purchase of, and the empty one
    "dormant_days": "int64",
    "churned_days": "int64",
}
ESTIMATES: Mapping[str, str] = {
    "customer_id": "string",
    "product_line": "string",
    "p_alive": "float64",
    "expected": "float64",
    "clv": "int64?",
    "clv_currency": "string?",
    "model": "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts as of the end of a `day`, as tables of one engine."""

    day: int
    purchases: Any
    customers: Any
    activity: Any
    terms: Any


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + number)


def month_number(day: date) -> int:
    """Months since January of year 0."""
    return day.year * 12 + day.month - 1


def month_named(number: int) -> str:
    """As in 2026-03."""
    return f"{number // 12:04}-{number % 12 + 1:02}"
