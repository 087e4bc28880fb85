"""BG/NBD: customers buy at a rate of their own until, after one of their purchases, they have bought for the last time.

P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers" the easy way: an alternative to the Pareto/NBD
model, Marketing Science 24 (2005). While alive a customer buys as a Poisson process of rate λ ~ gamma(r, α); after each
purchase he is gone with probability p ~ beta(a, b). x, t_x and T are as Histories has them.
"""

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1, log_expit

from projections.churn.fits.fitted import Fitted, Window, likeliest
from projections.churn.fits.histories import Floats, Histories, must_be_enough

NAMES = ("r", "alpha", "a", "b")
STARTS = ((0.5, 0.5, 1.0, 2.0), (0.2, 0.1, 0.5, 5.0), (2.0, 1.0, 0.3, 0.3), (1.0, 3.0, 5.0, 20.0))  # α in mean T.
POLE, LARGE = 1e-4, 200.0  # So near to its poles, and beyond such parameters, the expectation is an integral.
POINTS, FALLEN, STEP = 2_000, 45.0, 1_000
SMALL = -40.0  # The logarithm of what is lost beside 1.


def log_likelihood(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> Floats:
    """Of each row, as equation 6 of the paper has it."""
    r, alpha, a, b = parameters
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
    here, gone = here_and_gone(parameters, x, t_x, t)
    return np.asarray(buying + staying + np.logaddexp(here, gone))


def here_and_gone(parameters: Floats, x: Floats, t_x: Floats, t: Floats) -> tuple[Floats, Floats]:
    """The logarithms of the two ways in which it comes to that: still here at T, or gone after the last purchase."""
    r, alpha, a, b = parameters
    here = -(r + x) * np.log(alpha + t)
    back = x > 0
    odds = np.log(a) - np.log(np.where(back, b + x - 1, 1.0))
    return here, np.where(back, odds - (r + x) * np.log(alpha + t_x), -np.inf)


def total(parameters: Floats, found: Histories, scale: float) -> tuple[float, Floats]:
    """The logarithm of the likelihood of all, and its gradient; time is measured in `scale` days.

    Days and counts are whole and few, so that their logarithms and gammas are made once each.
    """
    r, alpha, a, b = parameters
    weights, x, back = found.weights, found.repeats, found.repeats > 0
    days = alpha + np.arange(int(found.observed.max()) + 1) / scale
    logs, inverse = np.log(days), 1 / days
    counts = np.arange(int(x.max()) + 1, dtype=np.float64)
    of = np.bincount(x, weights=weights, minlength=len(counts))  # Customers of each count.
    many = of.sum()
    here = -(r + x) * logs[found.observed]
    gone = np.full(len(x), -np.inf)
    beyond = np.log(a) - np.log(b + np.maximum(counts, 1.0) - 1)
    gone[back] = beyond[x[back]] - (r + x[back]) * logs[found.last[back]]
    value = np.logaddexp(here, gone)
    left = weights * np.exp(gone - value)  # How many of them are gone.
    stay = weights - left
    shared = (
        gammaln(r + counts)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        - gammaln(a + b + counts)
        + gammaln(b + counts)
        - gammaln(b)
    )
    of_left = np.bincount(x, weights=left, minlength=len(counts))
    both = digamma(a + b) - digamma(a + b + counts)
    late = stay @ logs[found.observed] + left @ logs[found.last]
    slow = (stay * (r + x)) @ inverse[found.observed] + (left * (r + x)) @ inverse[found.last]
    gradient = np.array(
        [
            of @ (digamma(r + counts) - digamma(r)) + many * np.log(alpha) - late,
            many * r / alpha - slow,
            of @ both + of_left.sum() / a,
            of @ (both + digamma(b + counts) - digamma(b)) - of_left @ (1 / (b + np.maximum(counts, 1.0) - 1)),
        ]
    )
    return float(of @ shared + weights @ value), gradient


def fit(found: Histories, window: Window | None = None) -> Fitted:
    """The likeliest r, α, a and b; α is in units of time. Refused is what no such model can be fitted to."""
    must_be_enough(found)
    scale = float(found.observed @ found.weights) / found.customers
    best = likeliest(lambda parameters: total(parameters, found, scale), STARTS, found.customers)
    parameters = best.parameters * (1, scale / found.unit, 1, 1)
    return Fitted(
        kind="bg-nbd",
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
    """The probability that each customer still buys at T: who has bought once only does, in this model.

    P. S. Fader and B. G. S. Hardie, Computing P(alive) using the BG/NBD model (2008).
    """
    here, gone = here_and_gone(parameters, found.x, found.t_x, found.t)
    return found.of_each(np.asarray(expit(here - gone)))


def expected(parameters: Floats, found: Histories, ahead: float) -> Floats:
    """How often each customer is expected to buy in the `ahead` units of time after T: equation 10 of the paper."""
    here, gone = here_and_gone(parameters, found.x, found.t_x, found.t)
    while_alive = staying(parameters, found.x, found.t, ahead)
    return found.of_each(np.asarray(expit(here - gone)) * while_alive)


def staying(parameters: Floats, x: Floats, t: Floats, ahead: float) -> Floats:
    """How often somebody is expected to buy in the time after T who is alive then.

    The hypergeometric function is taken after Euler's transformation (DLMF 15.8.1), where it does not overflow for who
    has bought often. Near the removable poles, at a = 1 and a + b = 1, near those of its continuation to 1, where r - a
    is whole, and where the parameters are so large that the function is of no use, it is the integral from which it
    comes.
    """
    if ahead == 0:
        return np.zeros(len(x))
    r, alpha, a, b = parameters
    poles = (a - 1, a + b - 1, r - a - round(r - a))
    if min(map(abs, poles)) < POLE or max(parameters) > LARGE:
        return np.concatenate([over_dropouts(parameters, x[part], t[part], ahead) for part in parts(len(x))])
    whole = a + b + x - 1
    z = ahead / (alpha + t + ahead)
    series = hyp2f1(a + b - 1 - r, a - 1, whole, z)
    return np.asarray(whole / (a - 1) * (1 - (1 - z) ** (a - 1) * series))


def over_dropouts(parameters: Floats, x: Floats, t: Floats, ahead: float) -> Floats:
    """The mean of (1 - e^-λpt) / p over λ ~ gamma(r + x, α + T) and p ~ beta(a, b + x).

    By the trapezoidal rule over the logit of p, which for a function that falls like that to both sides is exact but
    for what rounding takes (Trefethen & Weideman, SIAM Review 56, 2014).
    """
    r, alpha, a, b = parameters
    middle, spread = np.log(a / (b + x)), 12 * np.sqrt(1 / a + 1 / (b + x))
    low, high = middle - spread - FALLEN / a, middle + spread + FALLEN / (b + x)
    step = (high - low) / POINTS
    logits = low + step * np.arange(POINTS + 1)[:, None]
    log_p, log_q = log_expit(logits), log_expit(-logits)
    log_bought = log_gone(np.log(r + x) + log_log1p(log_p + np.log(ahead / (alpha + t))))
    return np.asarray(np.exp(log_bought + (a - 1) * log_p + (b + x) * log_q - betaln(a, b + x)).sum(axis=0) * step)


def log_log1p(log: Floats) -> Floats:
    """log(log(1 + e^log)), which is `log` itself where e^log is as good as nothing."""
    return np.where(log < SMALL, log, np.log(np.logaddexp(0, np.maximum(log, SMALL))))


def log_gone(log: Floats) -> Floats:
    """log(1 - e^-e^log), likewise."""
    return np.where(log < SMALL, log, np.log(-np.expm1(-np.exp(np.maximum(log, SMALL)))))


def parts(rows: int) -> list[slice]:
    """Some rows at a time, which bounds the memory."""
    return [slice(begin, begin + STEP) for begin in range(0, max(rows, 1), STEP)]
