"""What a fit finds: the likeliest parameters, whoever else looks for them, and whatever units and dates they are in."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from types import ModuleType

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.optimize import approx_fprime

from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.fitted import Fitted, Window
from projections.churn.fits.histories import Histories, histories, spending
from tests.projections.churn.fits import plain
from tests.projections.churn.fits.simulated import Buyers, buyers, spenders

SAMPLES = [*range(5), *(pytest.param(nth, marks=pytest.mark.deep) for nth in range(5, 50))]
MODELS = [pytest.param(bg_nbd, id="bg-nbd"), pytest.param(pareto_nbd, id="pareto-nbd")]
PLAIN = {bg_nbd: plain.bg_nbd, pareto_nbd: plain.pareto_nbd}
Floats = NDArray[np.float64]


def some(seed: int, nth: int, model: ModuleType, customers: int = 300) -> Buyers:
    return buyers(default_rng([seed, nth]), customers, "bg-nbd" if model is bg_nbd else "pareto-nbd")


def fitted(model: ModuleType, found: Histories, window: Window | None = None) -> Fitted:
    made = model.fit(found, window)
    assert isinstance(made, Fitted)
    return made


# The likeliest


@pytest.mark.slow
@pytest.mark.parametrize("nth", SAMPLES)
@pytest.mark.parametrize("model", MODELS)
def test_another_search_from_other_starts_on_every_row_finds_nothing_likelier(
    model: ModuleType, nth: int, seed: int
) -> None:
    """Where the likelihood has no maximum, the fit says so, and may have gone further than the other search can."""
    bought = some(seed, nth, model)
    found = fitted(model, histories(*bought.rows))
    likelihood: Callable[..., float] = PLAIN[model]
    other = plain.likeliest(lambda parameters: likelihood(parameters, *bought.weeks), 4, seed + nth)
    assert found.log_likelihood > other - 1e-3, found
    assert found.converged == (found.because is None)
    if found.converged:
        assert found.log_likelihood < other + 1e-3, found
        assert likelihood(np.array(found.values), *bought.weeks) == pytest.approx(found.log_likelihood, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("nth", SAMPLES)
def test_nor_is_other_spending_likelier(nth: int, seed: int) -> None:
    spent = spenders(default_rng([seed, nth]), 300)
    found = gamma_gamma.fit(spending(spent.repeats, spent.spent, "CNY"))
    x = spent.repeats.astype(float)
    assert plain.gamma_gamma(np.array(found.values), x, spent.mean) == pytest.approx(found.log_likelihood, abs=1e-6)
    other = plain.likeliest(lambda parameters: plain.gamma_gamma(parameters, x, spent.mean), 3, seed + nth)
    assert abs(found.log_likelihood - other) < 1e-3, found


def level(model: ModuleType, found: object, scale: float, parameters: Floats) -> float:
    reached, _ = model.total(parameters, found, scale)
    return float(reached)


@pytest.mark.parametrize("model", MODELS)
def test_the_gradient_is_that_of_the_likelihood(model: ModuleType, seed: int) -> None:
    found, chance = histories(*some(seed, 0, model, 60).rows), default_rng(seed)
    for _ in range(20):
        parameters = np.exp(chance.uniform(-2, 2, 4))
        by_steps = approx_fprime(parameters, partial(level, model, found, 30.0), 1e-7)
        assert model.total(parameters, found, 30.0)[1] == pytest.approx(by_steps, rel=1e-3, abs=1e-3)


def test_and_so_is_that_of_spending(seed: int) -> None:
    chance = default_rng(seed)
    spent = spenders(chance, 60)
    found = spending(spent.repeats, spent.spent, "CNY")
    for _ in range(20):
        parameters = np.exp(chance.uniform(-2, 2, 3))
        by_steps = approx_fprime(parameters, partial(level, gamma_gamma, found, 5_000.0), 1e-7)
        assert gamma_gamma.total(parameters, found, 5_000.0)[1] == pytest.approx(by_steps, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_a_fit_without_a_maximum_says_so(model: ModuleType) -> None:
    """All come as often and stay: the rates do not vary, and there is no end of how little they do."""
    found = fitted(model, histories([5] * 50, [35] * 50, [36] * 50))
    assert not found.converged
    assert found.because is not None
    assert "the likelihood" in found.because


# Grouped, shifted, scaled


@pytest.mark.parametrize("model", MODELS)
def test_equal_histories_are_told_once_and_count_as_often(model: ModuleType, seed: int) -> None:
    """Row by row, or each with a weight: it is the same likelihood."""
    bought = some(seed, 1, model, 2_000)
    found = histories(*bought.rows)
    assert len(found.repeats) == len(set(zip(*(each.tolist() for each in bought.rows), strict=True))) < 1_900
    assert found.weights.sum() == found.customers == 2_000
    for own, given in zip((found.repeats, found.last, found.observed), bought.rows, strict=True):
        assert np.array_equal(own[found.which], given)
    parameters = default_rng(seed).uniform(0.5, 5, 4)
    each = model.log_likelihood(parameters, *bought.weeks)
    assert model.total(parameters, found, 7.0)[0] == pytest.approx(each.sum(), rel=1e-12)
    assert PLAIN[model](parameters, *bought.weeks) == pytest.approx(each.sum(), rel=1e-9)


def seen(days: Mapping[str, set[date]], end: date) -> Histories:
    """What is seen of customers until a day, from the days on which they bought."""
    rows = [(len(own) - 1, (max(own) - min(own)).days, (end - min(own)).days) for own in days.values()]
    return histories(*zip(*rows, strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_other_dates_by_as_many_days_change_nothing(model: ModuleType, seed: int) -> None:
    chance, first, end = default_rng(seed), date(2024, 1, 1), date(2024, 12, 31)
    days: defaultdict[str, set[date]] = defaultdict(set)
    for customer in range(150):
        begun, often = int(chance.integers(0, 180)), 1 + chance.poisson(chance.gamma(0.6, 5))
        lived = min(chance.exponential(150), 364 - begun)
        for day in begun + chance.uniform(0, lived, often):
            days[str(customer)].add(first + timedelta(int(day)))
    before = fitted(model, seen(days, end), Window(first=first, last=end))
    for by in (timedelta(-400), timedelta(59), timedelta(10_000)):
        moved = {customer: {day + by for day in own} for customer, own in days.items()}
        after = fitted(model, seen(moved, end + by), Window(first=first + by, last=end + by))
        assert replace(after, window=before.window) == before
        assert after.window == Window(first=first + by, last=end + by)


@pytest.mark.parametrize("model", MODELS)
def test_time_in_days_scales_what_has_a_unit_of_time_and_nothing_else(model: ModuleType, seed: int) -> None:
    bought = some(seed, 2, model)
    weeks, days = fitted(model, histories(*bought.rows)), fitted(model, histories(*bought.rows, unit=1))
    by = [7 if name in {"alpha", "beta"} else 1 for name in weeks.parameters]
    assert days.values == pytest.approx(np.array(weeks.values) * by, rel=1e-6)
    shift = bought.repeats.sum() * np.log(7)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - shift, abs=1e-6)
    assert (weeks.unit, days.unit) == (7, 1)


@pytest.mark.parametrize("by", [3, 100, 10_000_000])
def test_other_amounts_by_a_factor_scale_v_alone(by: int, seed: int) -> None:
    spent = spenders(default_rng(seed), 300)
    before = gamma_gamma.fit(spending(spent.repeats, spent.spent, "CNY"))
    after = gamma_gamma.fit(spending(spent.repeats, spent.spent * by, "CNY"))
    assert after.values == pytest.approx(np.array(before.values) * (1, 1, by), rel=1e-6)
    assert after.log_likelihood == pytest.approx(before.log_likelihood - 300 * np.log(by), abs=1e-6)
    yen = gamma_gamma.fit(spending(spent.repeats, spent.spent, "JPY"), minor=1)
    assert yen.values == pytest.approx(np.array(before.values) * (1, 1, 100), rel=1e-6)
    assert (before.currency, yen.currency) == ("CNY", "JPY")


def test_the_order_of_customers_changes_nothing(seed: int) -> None:
    bought = some(seed, 3, bg_nbd)
    order = default_rng(seed).permutation(len(bought.repeats))
    assert fitted(bg_nbd, histories(*(each[order] for each in bought.rows))) == fitted(bg_nbd, histories(*bought.rows))
