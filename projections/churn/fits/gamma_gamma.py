"""Gamma-Gamma: what a customer spends on a day varies around a mean of his own, and the means vary among customers.

P. S. Fader and B. G. S. Hardie, The gamma-gamma model of monetary value (2013). What is spent on a day is gamma(p, ν),
and ν ~ gamma(q, v); the mean of x days is m. How often somebody buys tells nothing of how much he spends.
"""

import numpy as np
from scipy.special import digamma, gammaln

from projections.churn.fits.fitted import Fitted, Window, likeliest
from projections.churn.fits.histories import FEWEST, Floats, Spending
from projections.churn.fits.refusals import TooFewCustomers

NAMES = ("p", "q", "v")
STARTS = ((5.0, 4.0, 0.5), (1.0, 2.0, 1.0), (20.0, 10.0, 0.5), (0.5, 1.5, 2.0))  # v in mean spendings.


def log_likelihood(parameters: Floats, x: Floats, m: Floats) -> Floats:
    """Of each row, as the note has it."""
    p, q, v = parameters
    spread = gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
    return np.asarray(spread + q * np.log(v) + p * x * np.log(m * x) - np.log(m) - (p * x + q) * np.log(v + m * x))


def total(parameters: Floats, found: Spending, scale: float) -> tuple[float, Floats]:
    """The logarithm of the likelihood of all, and its gradient; money is measured in `scale` minor units."""
    p, q, v = parameters
    weights, x, m = found.weights, found.x, found.mean / scale
    all_of_it = np.log(v + m * x)
    drawn = digamma(p * x + q)
    gradient = np.array(
        [
            weights @ (x * (drawn - digamma(p * x) + np.log(m * x) - all_of_it)),
            weights @ (drawn - digamma(q) + np.log(v) - all_of_it),
            weights @ (q / v - (p * x + q) / (v + m * x)),
        ]
    )
    return float(weights @ log_likelihood(parameters, x, m)), gradient


def fit(found: Spending, window: Window | None = None, *, minor: int = 100) -> Fitted:
    """The likeliest p, q and v; v is in the currency, of which `minor` minor units are one. Refused are too few."""
    if found.customers < FEWEST:
        raise TooFewCustomers(customers=found.customers, needed=FEWEST)
    scale = float(found.mean @ found.weights) / found.customers
    best = likeliest(lambda parameters: total(parameters, found, scale), STARTS, found.customers)
    parameters = best.parameters * (1, 1, scale / minor)
    return Fitted(
        kind="gamma-gamma",
        parameters=dict(zip(NAMES, map(float, parameters), strict=True)),
        log_likelihood=total(parameters, found, float(minor))[0],
        customers=found.customers,
        window=window,
        unit=None,
        currency=found.currency,
        iterations=best.iterations,
        converged=best.because is None,
        gradient=best.gradient,
        because=best.because,
    )


def expected_spending(parameters: Floats, found: Spending, *, minor: int = 100) -> Floats:
    """What each customer is expected to spend on a day, in the currency, as the note has it.

    It lies between his own mean and that of all, the nearer to his own the more often he has come. Who has not come
    back has the mean of all, p v / (q - 1), which there is only where q is above 1. Where means vary so much there may
    be none of a few days either, p x + q not being above 1: the formula would say less than nothing. What there is not
    is not a number.
    """
    p, q, v = parameters
    drawn = p * found.x + q - 1
    each = p * (v + found.mean / minor * found.x) / np.where(drawn > 0, drawn, np.nan)
    return found.of_each(each, float(p * v / (q - 1)) if q > 1 else float("nan"))
