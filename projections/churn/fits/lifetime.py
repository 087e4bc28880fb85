"""What customers are worth: what they are expected to buy, at what they are expected to spend, as money of today."""

from collections.abc import Callable

import numpy as np

from domain.values import value
from projections.churn.fits import bg_nbd, pareto_nbd
from projections.churn.fits.fitted import Fitted
from projections.churn.fits.histories import Floats, Histories

YEAR = 365.25  # Days.
Expected = Callable[[Floats, Histories, float], Floats]
EXPECTED: dict[str, Expected] = {"bg-nbd": bg_nbd.expected, "pareto-nbd": pareto_nbd.expected}
ALIVE: dict[str, Callable[[Floats, Histories], Floats]] = {"bg-nbd": bg_nbd.alive, "pareto-nbd": pareto_nbd.alive}


@value
class Horizon:
    """How far is looked ahead, in so many periods of so many days, and what a year's waiting takes off an amount.

    `discount` is a share: with 0.1, what comes in a year is worth 1/1.1 of what comes now.
    """

    periods: int = 12
    days: float = YEAR / 12
    discount: float = 0.1


def alive(model: Fitted, found: Histories) -> Floats:
    """The probability that each customer still buys."""
    return ALIVE[model.kind](np.array(model.values), found)


def expected(model: Fitted, found: Histories, days: float) -> Floats:
    """How often each customer is expected to buy in so many days from now on."""
    assert found.unit == model.unit, "histories are measured as those were that the model was fitted to"
    return EXPECTED[model.kind](np.array(model.values), found, days / found.unit)


def lifetime_value(model: Fitted, found: Histories, spending: Floats, horizon: Horizon) -> Floats:
    """What each customer is worth, in the unit of `spending`, which is what he is expected to spend on a day.

    What is bought in a period is paid at its end, and worth less by (1 + discount) to the power of the years until
    then: P. S. Fader, B. G. S. Hardie and K. L. Lee, RFM and CLV, Journal of Marketing Research 42 (2005), in steps.
    """
    worth, before = np.zeros(found.customers), np.zeros(found.customers)
    for period in range(1, horizon.periods + 1):
        days = period * horizon.days
        until = expected(model, found, days)
        worth += (until - before) / (1 + horizon.discount) ** (days / YEAR)
        before = until
    return worth * spending
