"""The models once more, row by row as the papers have them, and searches of another kind for what is likeliest."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, differential_evolution, minimize
from scipy.special import betaln, gammaln, hyp2f1

Floats = NDArray[np.float64]
BORDERS = (1e-4, 1e4)


def bg_nbd(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> float:
    r, alpha, a, b = parameters
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    here = betaln(a, b + x) - (r + x) * np.log(alpha + t)
    gone = np.full(len(x), -np.inf)
    back = x > 0
    gone[back] = betaln(a + 1, b + x[back] - 1) - (r + x[back]) * np.log(alpha + t_x[back])
    return float((shared + np.logaddexp(here, gone)).sum())


def pareto_nbd(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> float:
    """With hypergeometric functions, of which one is less than the other: in logarithms, and nothing where it fails."""
    r, alpha, s, beta = parameters
    power, more = r + s + x, max(alpha, beta)
    second = np.full(len(x), s + 1) if alpha >= beta else r + x

    def part(time: Floats) -> Floats:
        series = hyp2f1(power, second, power + 1, abs(alpha - beta) / (more + time))
        return np.asarray(np.log(series) - power * np.log(more + time))

    with np.errstate(all="ignore"):
        first, then = part(t_x), part(t)
        gone = first + np.log(-np.expm1(np.minimum(then - first, 0)))
        here = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        found = float((shared + np.logaddexp(here, np.log(s / power) + gone)).sum())
    return found if np.isfinite(found) else -1e9


def gamma_gamma(parameters: Floats, x: Floats, m: Floats) -> float:
    p, q, v = parameters
    found = -betaln(p * x, q) + q * np.log(v / (v + m * x)) + p * x * np.log(m * x / (v + m * x)) - np.log(m)
    return float(found.sum())


def likeliest(likelihood: Callable[[Floats], float], number: int, seed: int) -> float:
    """By differential evolution (Storn & Price 1997), and by Nelder and Mead's simplex for as long as that helps."""

    def less(logs: Floats) -> float:
        return -likelihood(np.exp(logs))

    wide = Bounds([-3.0] * number, [5.0] * number)
    begun = differential_evolution(less, wide, rng=seed, popsize=10, maxiter=60, tol=1e-6, polish=False)
    border = Bounds(np.log([BORDERS[0]] * number), np.log([BORDERS[1]] * number))
    place, best = begun.x, float(begun.fun)
    while True:
        options = {"maxiter": 4_000, "maxfev": 4_000, "xatol": 1e-7, "fatol": 1e-9}
        done: Any = minimize(less, place, method="Nelder-Mead", bounds=border, options=options)  # type: ignore[call-overload]
        if done.fun > best - 1e-5:
            return -min(best, float(done.fun))
        place, best = done.x, float(done.fun)
