"""What a fit has found, and how far it is to be trusted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize

from domain.values import value
from projections.churn.fits.histories import Floats

Kind = Literal["bg-nbd", "pareto-nbd", "gamma-gamma"]
Total = Callable[[Floats], tuple[float, Floats]]
"""Of parameters, the logarithm of the likelihood of all customers, and its gradient."""

SMALLEST, LARGEST = 1e-5, 1e6  # Of a parameter, where time, or money, is measured in its own mean.
LOWEST, HIGHEST = float(np.log(SMALLEST)), float(np.log(LARGEST))
FLAT = 1e-6  # The gradient at a maximum, for a customer and by the logarithm of a parameter, is not above that.
ROUNDS = 400  # From each start; where there is a maximum, it takes some twenty.


@value
class Window:
    """The first and the last day of what was looked at."""

    first: date
    last: date


@value
class Fitted:
    """The likeliest parameters. `log_likelihood` is that of all customers, in time and money as they were given.

    `gradient` is the largest derivative that is left, for a customer and by the logarithm of a parameter. Where a fit
    has not converged `because` says why, and nothing should be built on it.
    """

    kind: Kind
    parameters: Mapping[str, float]
    log_likelihood: float
    customers: int
    window: Window | None
    unit: int | None  # Days, where time is a part of it.
    currency: str | None = None
    iterations: int
    converged: bool
    gradient: float
    because: str | None = None

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(self.parameters.values())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Likeliest:
    """The best that was found from several starts."""

    parameters: Floats
    log_likelihood: float
    iterations: int
    gradient: float
    because: str | None


def likeliest(total: Total, starts: tuple[tuple[float, ...], ...], customers: int) -> Likeliest:
    """The parameters, all positive, under which all customers together are likeliest.

    L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995) over the logarithms of the parameters, from each of the starts; what is best
    of them is gone on with until it is flat. Where it lies on the border of what is looked through, or is not flat, it
    has not converged.
    """

    def less(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        found, gradient = total(parameters)
        return -found / customers, -gradient * parameters / customers

    iterations, best, lowest = 0, np.log(starts[0]), np.inf
    for start in (*starts, None):
        # It is enough to know which start leads highest, and the best is gone on with.
        done = searched(less, best, 1.0) if start is None else searched(less, np.log(start), 1e3)
        iterations += int(done.nit)
        if done.fun < lowest:
            best, lowest = np.asarray(done.x, dtype=np.float64), float(done.fun)
    _, gradient = less(best)
    steepest = float(np.abs(gradient).max())
    return Likeliest(
        parameters=np.exp(best),
        log_likelihood=-lowest * customers,
        iterations=iterations,
        gradient=steepest,
        because=not_ended(best, steepest),
    )


def searched(less: Callable[[Floats], tuple[float, Floats]], begin: Floats, near: float) -> Any:
    """From one start, to so many times the least that floating point tells apart."""
    return minimize(
        less,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, HIGHEST)] * len(begin),
        options={
            "maxiter": ROUNDS,
            "maxfun": 10 * ROUNDS,
            "ftol": 1e-15 * near,
            "gtol": FLAT / 100 * near,
            "maxcor": 20,
        },
    )


def not_ended(logs: Floats, steepest: float) -> str | None:
    if np.any((logs <= LOWEST) | (logs >= HIGHEST)):
        return "the likelihood grows up to the border of what is looked through"
    return "the likelihood is not flat where the search has ended" if steepest > FLAT else None
