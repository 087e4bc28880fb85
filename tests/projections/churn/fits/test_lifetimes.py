"""The package lifetimes as an oracle: the same likelihood reached, and the same said of every customer."""

from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter
from lifetimes.utils import ConvergenceError
from numpy.random import default_rng

from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.histories import Floats, histories, spending
from projections.churn.fits.lifetime import YEAR, Horizon, lifetime_value
from tests.projections.churn.fits.simulated import buyers, spenders

SAMPLES = [*range(5), *(pytest.param(nth, marks=pytest.mark.deep) for nth in range(5, 50))]
OTHER = {bg_nbd: BetaGeoFitter, pareto_nbd: ParetoNBDFitter}
MODELS = [pytest.param(bg_nbd, id="bg-nbd"), pytest.param(pareto_nbd, id="pareto-nbd")]
MONTHLY = 0.01


def fitter(model: ModuleType, x: Floats, t_x: Floats, t: Floats) -> Any:
    """Where its search ends nowhere, or where a formula of its fails on the way, it has found nothing."""
    with suppress(ConvergenceError, RuntimeWarning):
        return OTHER[model]().fit(x, t_x, t)
    return OTHER[model]()


@pytest.mark.slow
@pytest.mark.parametrize("nth", SAMPLES)
@pytest.mark.parametrize("model", MODELS)
def test_what_they_find_is_no_likelier_and_what_they_say_is_the_same(model: ModuleType, nth: int, seed: int) -> None:
    bought = buyers(default_rng([seed, nth]), 150, "bg-nbd" if model is bg_nbd else "pareto-nbd")
    found, (x, t_x, t) = histories(*bought.rows), bought.weeks
    own, other = model.fit(found), fitter(model, x, t_x, t)
    if hasattr(other, "params_"):
        theirs = model.log_likelihood(other.params_.to_numpy(), x, t_x, t).sum()
        assert own.log_likelihood > theirs - 1e-4
    other.params_ = pd.Series(own.parameters)
    with np.errstate(all="ignore"):
        here = other.conditional_probability_alive(x, t_x, t)
        until = {
            at: other.conditional_expected_number_of_purchases_up_to_time(at, x, t_x, t) for at in (1.0, 26.0, 104.0)
        }
    agree(model.alive(np.array(own.values), found), here)
    for ahead, expected in until.items():
        agree(model.expected(np.array(own.values), found, ahead), expected)


def agree(own: Floats, theirs: Floats) -> None:
    """Where theirs is a number: it is none where both of its hypergeometric functions are beyond all numbers."""
    known = np.isfinite(theirs)
    assert np.isfinite(own).all()
    assert own[known] == pytest.approx(theirs[known], rel=1e-5, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("nth", SAMPLES)
def test_nor_is_their_spending(nth: int, seed: int) -> None:
    spent = spenders(default_rng([seed, nth]), 150)
    own = gamma_gamma.fit(found := spending(spent.repeats, spent.spent, "CNY"))
    other, x = GammaGammaFitter(), spent.repeats.astype(float)
    with suppress(ConvergenceError):
        other.fit(spent.repeats, spent.mean)
        theirs = gamma_gamma.log_likelihood(other.params_.to_numpy(), x, spent.mean).sum()
        assert own.log_likelihood > theirs - 1e-4
    other.params_ = pd.Series(own.parameters)
    expected = other.conditional_expected_average_profit(spent.repeats, spent.mean)
    assert gamma_gamma.expected_spending(np.array(own.values), found) == pytest.approx(expected, rel=1e-9)


def test_and_so_is_what_customers_are_worth(seed: int) -> None:
    bought = buyers(default_rng(seed), 100, "bg-nbd")
    x, t_x, t = (pd.Series(each) for each in bought.weeks)
    own = bg_nbd.fit(found := histories(*bought.rows))
    other, at_model = BetaGeoFitter(), GammaGammaFitter()
    other.params_, other.predict = (
        pd.Series(own.parameters),
        other.conditional_expected_number_of_purchases_up_to_time,
    )
    spent = np.linspace(10, 200, 100)
    at_model.params_ = pd.Series({"p": 6.0, "q": 4.0, "v": 15.0})
    theirs = at_model.customer_lifetime_value(other, x, t_x, t, spent, time=12, discount_rate=MONTHLY, freq="W")
    month = 4.345 * 7  # As long as a month is there.
    horizon = Horizon(periods=12, days=month, discount=(1 + MONTHLY) ** (YEAR / month) - 1)
    mean = at_model.conditional_expected_average_profit(x, spent)
    assert lifetime_value(own, found, np.asarray(mean), horizon) == pytest.approx(theirs.to_numpy(), rel=1e-6)
