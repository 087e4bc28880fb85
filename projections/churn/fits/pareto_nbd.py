"""Pareto/NBD: customers buy at a rate of their own, and leave at a rate of their own, at any time.

D. C. Schmittlein, D. G. Morrison and R. Colombo, Counting your customers: who are they and what will they do next?,
Management Science 33 (1987); P. S. Fader and B. G. S. Hardie, A note on deriving the Pareto/NBD model and related
expressions (2005). Purchases are a Poisson process of rate λ ~ gamma(r, α), a life is exponential of rate
μ ~ gamma(s, β). x, t_x and T are as Histories has them.

The likelihood is usually written with a difference of two hypergeometric functions, which are of the same size where
t_x is near to T, overflow where x is large, and need two formulas, for α above and below β. Here it is the integral
from which these come, over the time τ at which somebody may have left: ∫ (α+τ)^-(r+x) (β+τ)^-(s+1) dτ from t_x to T.
Its integrand is positive and falls, so that nothing is lost in it.
"""

import numpy as np
from scipy.special import digamma, expit, gammaln, logsumexp

from projections.churn.fits.fitted import Fitted, Window, likeliest
from projections.churn.fits.histories import Floats, Histories, must_be_enough

NAMES = ("r", "alpha", "s", "beta")
STARTS = ((0.5, 0.5, 0.5, 0.5), (1.0, 0.3, 1.0, 2.0), (0.3, 0.1, 0.2, 0.1), (2.0, 1.0, 3.0, 10.0))  # In mean T.
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(40)  # Of Gauss and Legendre, over -1 to 1.
FALLEN = 45.0  # By that the integrand's logarithm has fallen where nothing more comes of it: e^-45 is 3e-20.
STEP = 20_000  # Rows at a time, which bounds the memory.


def log_likelihood(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> Floats:
    """Of each row, as the note has it, with the integral as it stands there before it is solved."""
    r, alpha, s, beta = parameters
    here, gone = here_and_gone(parameters, x, t_x, t)
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(shared + np.logaddexp(here, gone))


def here_and_gone(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> tuple[Floats, Floats]:
    """The logarithms of the two ways in which it comes to that: alive at T, or gone at some time after t_x."""
    r, alpha, s, beta = parameters
    here = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    gone = [logsumexp(each[-1], axis=0) for each in integrands(parameters, x, t_x, t)]
    return here, np.log(s) + np.concatenate(gone)


def integrands(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> list[tuple[Floats, Floats, Floats]]:
    """For some rows at a time: of each point of time α + τ and β + τ, and the logarithm of its part in the integral.

    The points are chosen for the logarithm of the smaller of the two, over which the integrand falls smoothly; and none
    are spent where it has fallen to nothing.
    """
    r, alpha, s, beta = parameters
    low, found = min(alpha, beta), []
    for begin in range(0, max(len(x), 1), STEP):
        part = slice(begin, begin + STEP)
        first, power = t_x[part], r + x[part]
        by_buying = (alpha + first) * np.expm1(np.minimum(FALLEN / power, 500.0))
        by_leaving = (beta + first) * np.expm1(min(FALLEN / (s + 1), 500.0))
        reach = np.minimum(t[part] - first, np.minimum(by_buying, by_leaving))
        width = np.log1p(reach / (low + first)) / 2
        with np.errstate(divide="ignore"):  # Nothing is the integral over no time.
            log_width = np.log(width)
        ratio = np.exp((1 + POINTS[:, None]) * width)  # Of low + τ to low + t_x.
        since = (low + first) * (ratio - 1)
        a, b = alpha + first + since, beta + first + since
        fall = -power * np.log(a) - (s + 1) * np.log(b)
        found.append((a, b, fall + np.log((low + first) * ratio) + log_width + np.log(WEIGHTS)[:, None]))
    return found


def total(parameters: Floats, found: Histories, scale: float) -> tuple[float, Floats]:
    """The logarithm of the likelihood of all, and its gradient; time is measured in `scale` days."""
    r, alpha, s, beta = parameters
    weights, x, t_x, t = found.weights, found.x, found.last / scale, found.observed / scale
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    here = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    value, late = 0.0, np.zeros(4)  # Of the integrand's logarithm, the derivatives by all four, but for their sign.
    for begin, (a, b, parts) in zip(range(0, len(x), STEP), integrands(parameters, x, t_x, t), strict=True):
        part = slice(begin, begin + STEP)
        gone = np.log(s) + logsumexp(parts, axis=0)
        both = np.logaddexp(here[part], gone)
        value += float(weights[part] @ both)
        stay = weights[part] * np.exp(here[part] - both)
        left = weights[part] * np.exp(parts + np.log(s) - both)  # How many of them have left at each point of time.
        power = r + x[part]
        late += (
            stay @ np.log(alpha + t[part]) + float((left * np.log(a)).sum()),
            stay @ (power / (alpha + t[part])) + float((left * (power / a)).sum()),
            stay @ np.log(beta + t[part]) + float((left * (np.log(b) - 1 / s)).sum()),
            stay @ (s / (beta + t[part])) + float((left * ((s + 1) / b)).sum()),
        )
    many = float(weights.sum())
    own = np.array(
        [
            weights @ (digamma(r + x) - digamma(r)) + many * np.log(alpha),
            many * r / alpha,
            many * np.log(beta),
            many * s / beta,
        ]
    )
    return float(weights @ shared) + value, own - late


def fit(found: Histories, window: Window | None = None) -> Fitted:
    """The likeliest r, α, s and β; α and β are in units of time. Refused is what no such model can be fitted to."""
    must_be_enough(found)
    scale = float(found.observed @ found.weights) / found.customers
    best = likeliest(lambda parameters: total(parameters, found, scale), STARTS, found.customers)
    parameters = best.parameters * (1, scale / found.unit, 1, scale / found.unit)
    return Fitted(
        kind="pareto-nbd",
        parameters=dict(zip(NAMES, map(float, parameters), strict=True)),
        log_likelihood=total(parameters, found, float(found.unit))[0],
        customers=found.customers,
        window=window,
        unit=found.unit,
        iterations=best.iterations,
        converged=best.because is None,
        gradient=best.gradient,
        because=best.because,
    )


def alive(parameters: Floats, found: Histories) -> Floats:
    """The probability that each customer has not left by T."""
    here, gone = here_and_gone(parameters, found.x, found.t_x, found.t)
    return found.of_each(np.asarray(expit(here - gone)))


def expected(parameters: Floats, found: Histories, ahead: float) -> Floats:
    """How often each customer is expected to buy in the `ahead` units of time after T, as the note has it, where
    s = 1 is no exception.
    """
    r, alpha, s, beta = parameters
    here, gone = here_and_gone(parameters, found.x, found.t_x, found.t)
    longer = np.log1p(ahead / (beta + found.t))
    lived = (beta + found.t) * (longer if s == 1 else -np.expm1((1 - s) * longer) / (s - 1))
    return found.of_each(np.asarray(expit(here - gone)) * (r + found.x) / (alpha + found.t) * lived)
