"""BG/NBD fitted to a million customers, over evaluating its likelihood once on every row."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.random import Generator, default_rng
from scipy.special import gammaln

from projections.churn.fits import bg_nbd
from projections.churn.fits.histories import Floats, Ints, histories

CUSTOMERS = 1_000_000
DAYS, NEW = 7 * 78, 7 * 26  # How long it is looked, and in which days they buy for the first time.
PARAMETERS = (0.243, 4.414, 0.793, 2.426)  # Of CDNOW's customers; time in weeks.


def fitting(rounds: int, customers: int = CUSTOMERS) -> tuple[float, str]:
    """How many evaluations on the rows a fit is worth, the reading of rows into histories included."""
    x, t_x, t = bought(default_rng(1), customers)
    weeks = (x.astype(np.float64), t_x / 7, t / 7)
    fits, evaluations = [], []
    for _ in range(rounds):
        evaluations.append(timed(lambda: row_by_row(np.array(PARAMETERS), *weeks)))
        fits.append(timed(lambda: bg_nbd.fit(histories(x, t_x, t))))
    ratios = [fit / one for fit, one in zip(fits, evaluations, strict=True)]
    found = bg_nbd.fit(histories(x, t_x, t))
    near = ", ".join(f"{each:.3f}" for each in found.values)
    assert found.converged
    told = f"{median(fits):.2f} s / {median(evaluations):.3f} s; {near}; {', '.join(f'{each:.2f}' for each in ratios)}"
    return median(ratios), told


def timed(done: Callable[[], object]) -> float:
    begin = time.perf_counter()
    done()
    return time.perf_counter() - begin


def row_by_row(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> float:
    """As somebody writes it who has the paper before him and every customer in a row."""
    r, alpha, a, b = parameters
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    third = -(r + x) * np.log(alpha + t)
    fourth = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    return float((first + second + np.logaddexp(third, fourth)).sum())


def bought(draw: Generator, customers: int) -> tuple[Ints, Ints, Ints]:
    """Customers who buy as the model says, in whole days: several purchases of a day are one."""
    r, alpha, a, b = PARAMETERS
    rates, gone = draw.gamma(r, 1 / alpha, customers), draw.beta(a, b, customers)
    seen = DAYS - draw.integers(0, NEW, customers)
    now, days = np.zeros(customers), np.zeros((2, customers), dtype=np.int64)
    here = np.arange(customers)
    while len(here):
        now[here] += 7 * draw.exponential(1 / rates[here])
        here = here[now[here] < seen[here]]
        day = now[here].astype(np.int64)
        later = day > days[1, here]
        days[0, here] += later
        days[1, here] = day
        here = here[draw.random(len(here)) >= gone[here]]
    return days[0], days[1], seen
