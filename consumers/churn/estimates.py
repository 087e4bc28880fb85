"""What models say of each customer: whether he is one still, how often he will buy, and what that is worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from consumers.churn.engines import computed
from consumers.churn.refused import NoSuchCurrency, NotConverged
from domain.money import DIGITS
from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.fitted import Fitted, Kind, Window
from projections.churn.fits.histories import WEEK, Floats, Histories, Spending, spending
from projections.churn.fits.histories import histories as told_once
from projections.churn.fits.lifetime import Horizon, alive, expected, lifetime_value
from projections.churn.tables.counted import present
from projections.churn.tables.histories import histories
from projections.churn.tables.shapes import ESTIMATES, Facts, day_of

BUYING: tuple[Kind, ...] = ("bg-nbd", "pareto-nbd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fit by the name under which it is on record. With a product line it is of that line alone."""

    name: str
    fitted: Fitted
    product_line: str | None = None
    code: str = ""
    """The version of lifeledger by which it was fitted."""


def fit(facts: Facts, kind: Kind, product_line: str | None = None, currency: str | None = None) -> Fitted:
    """The likeliest parameters for all customers, each as often as there are product lines that he buys of; or for
    those of one line. Gamma-Gamma takes one currency, which is named where there are several.

    Raises what refusals of projections.churn.fits there are, and NotConverged.
    """
    return fit_to(bought(facts), facts.day, kind, product_line, currency)


def bought(facts: Facts) -> Any:
    """To what models are fitted: rows that need no engine any more."""
    return computed(histories(facts, ["product_line"]))


def fit_to(rows: Any, day: int, kind: Kind, product_line: str | None, currency: str | None) -> Fitted:
    """As `fit` does, to what was bought by a day."""
    rows = of_line(rows, product_line)
    window = seen(rows, day)
    if kind == "gamma-gamma":
        found = gamma_gamma.fit(spendings(rows, currency), window, minor=minor(currency_of(rows, currency)))
    else:
        module = bg_nbd if kind == "bg-nbd" else pareto_nbd
        found = module.fit(buying(rows), window)
    if not found.converged:
        raise NotConverged(kind=kind, because=found.because or "")
    return found


def of_line(rows: Any, product_line: str | None) -> Any:
    return rows if product_line is None else rows.filter(pa.compute.equal(rows["product_line"], product_line))


def seen(rows: Any, day: int) -> Window | None:
    first = pa.compute.min(rows["first_day"]).as_py()
    return None if first is None else Window(first=day_of(first), last=day_of(day))


def buying(rows: Any, unit: int | None = None) -> Histories:
    """In units of so many days, as the model has them that reads them; otherwise in weeks."""
    return told_once(*(rows[name].to_numpy() for name in ("repeats", "last", "observed")), unit=unit or WEEK)


def spendings(rows: Any, currency: str | None = None) -> Spending:
    """Of those who paid in one currency; who paid in several is in none."""
    one = rows.filter(pa.compute.is_valid(rows["currency"]))
    if currency is not None:
        own = one.filter(pa.compute.equal(one["currency"], currency))
        if not own.num_rows:
            raise NoSuchCurrency(currency=currency, others=currencies(one))
        one = own
    named = currency or currencies(one) or ("",)
    return spending(one["repeats"].to_numpy(), one["spent"].to_numpy(), named)


def currencies(rows: Any) -> tuple[str, ...]:
    """Of those who came back."""
    back = rows.filter(pa.compute.greater(rows["repeats"], 0))
    return tuple(sorted(each for each in pa.compute.unique(back["currency"]).to_pylist() if each is not None))


def currency_of(rows: Any, currency: str | None) -> str:
    return currency or (*currencies(rows), "")[0]


def minor(currency: str) -> int:
    """Of how many smallest units one is made."""
    return int(10 ** DIGITS.get(currency, 2))


# What is expected of each customer


def estimates(facts: Facts, models: Sequence[Model], horizon: Horizon) -> Any:
    """A row for each customer who is one still and product line, as ESTIMATES: by the model of his line, or else by the
    one of all.

    `clv` is null where there is no model of what is spent in his currency; then his own mean would be all there is.
    """
    rows = computed(present(histories(facts, ["product_line"]), facts.customers, facts.day))
    parts = [part for line in lines(rows) if (part := of_one_line(of_line(rows, line), line, models, horizon))]
    columns = {name: [each for part in parts for each in part[name]] for name in ESTIMATES}
    types = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([(name, types[kind.rstrip("?")]) for name, kind in ESTIMATES.items()])
    return pa.table(columns, schema=schema)


def lines(rows: Any) -> list[str]:
    return sorted(pa.compute.unique(rows["product_line"]).to_pylist())


def of_one_line(rows: Any, line: str, models: Sequence[Model], horizon: Horizon) -> Mapping[str, Any] | None:
    model = best(models, BUYING, line)
    if model is None:
        return None
    found = buying(rows, model.fitted.unit)
    ahead = horizon.periods * horizon.days
    worth, names = values(rows, line, model, models, horizon)
    amount = [None if np.isnan(each) else round(each) for each in worth]
    return {
        "customer_id": rows["customer_id"].to_pylist(),
        "product_line": [line] * rows.num_rows,
        "p_alive": alive(model.fitted, found),
        "expected": expected(model.fitted, found, ahead),
        "clv": amount,
        "clv_currency": [
            None if each is None else currency
            for each, currency in zip(amount, rows["currency"].to_pylist(), strict=True)
        ],
        "model": ["+".join([model.name, *([name] if name else [])]) for name in names],
    }


def values(rows: Any, line: str, model: Model, models: Sequence[Model], horizon: Horizon) -> tuple[Floats, list[str]]:
    """In smallest units, of each row; and by which model of what is spent."""
    worth, names = np.full(rows.num_rows, np.nan), [""] * rows.num_rows
    each_currency = rows["currency"].to_numpy(zero_copy_only=False)
    for currency in sorted({each for each in each_currency if each is not None}):
        spent = best([each for each in models if each.fitted.currency == currency], ("gamma-gamma",), line)
        if spent is None:
            continue
        own = np.flatnonzero(each_currency == currency)
        part = rows.take(pa.array(own))
        paid, units = spending(part["repeats"].to_numpy(), part["spent"].to_numpy(), currency), minor(currency)
        each = gamma_gamma.expected_spending(np.array(spent.fitted.values), paid, minor=units) * units
        worth[own] = lifetime_value(model.fitted, buying(part, model.fitted.unit), each, horizon)
        for place in own:
            names[place] = spent.name
    return worth, names


def best(models: Iterable[Model], kinds: Sequence[Kind], line: str) -> Model | None:
    """Of the line itself, or else of all; the first that was named."""
    fitting = [each for each in models if each.fitted.kind in kinds and each.product_line in {None, line}]
    return min(fitting, key=lambda each: each.product_line is None, default=None)
