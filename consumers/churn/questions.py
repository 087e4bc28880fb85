"""Which tables of churn can be asked for, by the names that people and programs use, and what can be asked of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from domain.churn_model import ModelKind
from domain.errors import Invalid
from domain.money import CURRENCY, DIGITS

Grain = Literal["house", "customers"]
LINES = ("product_line",)
MOST_MONTHS = 60  # Whose ends are told at once.
MOST_UNITS = 10**15  # Of an amount, as of a purchase.


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a table is to be counted. `by` is a further column by which customers are told apart, `since` the day with
    which a table compares, or in whose month one begins that goes from month to month. Of `thresholds`, amounts are in
    smallest units of each currency, and `often` is a number of orders in a year; without them, what is usual is the
    threshold.
    """

    by: str | None = None
    since: date | None = None
    thresholds: Mapping[str, int] | None = None
    often: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model is to be fitted, and to what. `days` and `seed` are of what is learned: within how many days somebody
    leaves, and by which is drawn who is held out.
    """

    kind: ModelKind
    product_line: str | None = None
    currency: str | None = None
    days: int = 90
    seed: int = 1

    @property
    def name(self) -> str:
        """What the model is called, unless somebody says otherwise: by what it is of."""
        parts = (self.kind, self.product_line, (self.currency or "").lower())
        return "-".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A table that can be asked for. `grain` says whether a row is about a customer or about the house, `by` what
    `Question.by` may be; `compares`: there is to be a day before; `monthly`: it begins some months before; `valued`: it
    is by thresholds; `estimated`: it has what models on record say of each customer.
    """

    what: str
    grain: Grain
    by: tuple[str, ...] = ()
    compares: bool = False
    monthly: bool = False
    valued: bool = False
    estimated: bool = False


OFFERED: Mapping[str, Offer] = {
    "rfm": Offer(what="recency, frequency and money of each customer", grain="customers", by=LINES),
    "labels": Offer(what="how many customers have each label of RFM", grain="house", by=LINES),
    "cohorts": Offer(what="of those who came in a month, who came back", grain="house", by=LINES),
    "durations": Offer(what="how long each customer stayed", grain="customers", by=LINES),
    "quadrants": Offer(what="what each customer is worth, A to E", grain="customers", valued=True),
    "quadrant-counts": Offer(what="how many customers are in each quadrant", grain="house", valued=True),
    "migration": Offer(what="who moved between quadrants since a day", grain="house", compares=True, valued=True),
    "quadrant-series": Offer(
        what="who is in each quadrant at each month's end", grain="house", monthly=True, valued=True
    ),
    "quadrant-moves": Offer(what="who moved between quadrants in each month", grain="house", monthly=True, valued=True),
    "at-risk": Offer(what="who is thought to be leaving, and why", grain="customers", estimated=True),
    "reasons": Offer(what="each reason to think so, with its figures", grain="customers"),
    "winbacks": Offer(what="who came back, contacted and not", grain="house"),
    "histories": Offer(what="histories of buying, as models read them", grain="customers"),
    "left-out": Offer(what="what is in no table, and why", grain="house"),
}


def must_fit(name: str, asked: Question, day: date) -> None:
    """Raises Invalid where a question means nothing to a table, or lacks what it needs; it is never passed over."""
    offer = OFFERED[name]
    if asked.by is not None and asked.by not in offer.by:
        raise Invalid(field="by", because=f"may be {' or '.join(offer.by)}" if offer.by else f"means nothing to {name}")
    if not offer.valued and (asked.thresholds is not None or asked.often is not None):
        raise Invalid(field="threshold", because=f"means nothing to {name}")
    if asked.since is not None and not (offer.compares or offer.monthly):
        raise Invalid(field="since", because=f"means nothing to {name}")
    if offer.monthly and asked.since is not None:
        must_be_some_months(asked.since, day)
    if offer.compares and (asked.since is None or asked.since >= day):
        raise Invalid(field="since", because=f"must be a day before {day}")


def must_be_some_months(since: date, day: date) -> None:
    """Raises Invalid for more months than are told at once, or for none."""
    if since >= day:
        raise Invalid(field="since", because=f"must be a day before {day}")
    if (day.year - since.year) * 12 + day.month - since.month > MOST_MONTHS:
        raise Invalid(field="since", because=f"must be within {MOST_MONTHS} months before {day}")


def limits(told: Iterable[str]) -> Mapping[str, int] | None:
    """CNY=500, USD=80 as amounts in smallest units; None, if there is nothing. Raises Invalid."""
    return dict(map(limit, told)) or None


def limit(told: str) -> tuple[str, int]:
    currency, _, amount = told.partition("=")
    try:
        units = Decimal(amount).scaleb(DIGITS.get(currency, 2))
    except ArithmeticError:
        units = Decimal("nan")
    if CURRENCY.fullmatch(currency) is None or not units.is_finite() or not 0 < units <= MOST_UNITS or units % 1:
        raise Invalid(field="threshold", because=f"{told!r} is no amount: say CNY=500")
    return currency, int(units)
