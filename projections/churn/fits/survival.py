"""How long customers stay: of all who were there for so long, the share that has not left, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, ndtri

from projections.churn.fits.histories import Floats, Ints
from projections.churn.fits.refusals import DatesInTheFuture, TooFewCustomers

SURE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """The share that has not left, from each time on at which somebody has; before the first it is 1.

    `at_risk` were there until then, of whom `left` have left then, and `censored` were seen no longer than until then:
    those count as having been there on that very day. `error` is the standard error of the share; where nobody is left
    over, there is none. The plain band is the share and so many errors to both sides, cut at 0 and 1; the other is that
    of the logarithm of -log of the share, which keeps within 0 and 1 by itself.
    """

    times: Ints
    at_risk: Ints
    left: Ints
    censored: Ints
    share: Floats
    error: Floats
    low: Floats
    high: Floats
    low_log_log: Floats
    high_log_log: Floats
    customers: int
    until: int  # The longest that anybody was seen.

    @property
    def median(self) -> int | None:
        """The first time at which no more than a half is left; None where that was not seen."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> int | None:
        below = np.flatnonzero(self.share <= share + 1e-12)
        return int(self.times[below[0]]) if len(below) else None

    def at(self, times: ArrayLike) -> Floats:
        """The share at any times; beyond the longest that was seen it is not a number, unless nobody is left."""
        asked = np.asarray(times)
        found = np.append(1.0, self.share)[np.searchsorted(self.times, asked, side="right")]
        return np.where((asked > self.until) & (found > 0), np.nan, found)


def kaplan_meier(durations: ArrayLike, left: ArrayLike, *, sure: float = SURE) -> Curve:
    """Of customers, one a row: after how many days they left, or until when they were seen and had not.

    E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958). The error is that
    of M. Greenwood (1926); the second band that of J. D. Kalbfleisch and R. L. Prentice, The statistical analysis of
    failure time data (1980).
    """
    days, gone = proper(durations, left)
    every, inverse = np.unique(days, return_inverse=True)
    leaving = np.bincount(inverse, weights=gone, minlength=len(every)).astype(np.int64)
    until_then = np.bincount(inverse, minlength=len(every)).astype(np.int64)
    there = until_then[::-1].cumsum()[::-1]
    some = leaving > 0
    at_risk, d = there[some], leaving[some]
    share = np.cumprod(1 - d / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):  # Where nobody is left over, there is no error.
        summed = np.cumsum(d / (at_risk * (at_risk - d)))
        error = np.where(share > 0, share * np.sqrt(summed), np.nan)
        width = float(ndtri(0.5 + sure / 2)) * np.sqrt(summed) / np.log(share)
        low, high = share ** np.exp(-width), share ** np.exp(width)
    margin = float(ndtri(0.5 + sure / 2)) * error
    return Curve(
        times=every[some],
        at_risk=at_risk,
        left=d,
        censored=between(until_then - leaving, some),
        share=share,
        error=error,
        low=np.maximum(share - margin, 0.0),
        high=np.minimum(share + margin, 1.0),
        low_log_log=np.where(share > 0, low, np.nan),
        high_log_log=np.where(share > 0, high, np.nan),
        customers=len(days),
        until=int(every[-1]),
    )


def proper(durations: ArrayLike, left: ArrayLike) -> tuple[Ints, Ints]:
    days, gone = np.asarray(durations, dtype=np.int64), np.asarray(left, dtype=bool).astype(np.int64)
    if not len(days):
        raise TooFewCustomers(customers=0, needed=1)
    if early := int(np.count_nonzero(days < 0)):
        raise DatesInTheFuture(customers=early)
    return days, gone


def between(censored: Ints, some: NDArray[np.bool_]) -> Ints:
    """Who was last seen from each of these times on, and before the next."""
    which = np.cumsum(some) - 1
    return np.bincount(which[which >= 0], weights=censored[which >= 0], minlength=int(some.sum())).astype(np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRank:
    """Whether the strata leave alike: how many have left of each, how many would have if they did, and the chance of
    such a difference, or a greater one, if they do.
    """

    strata: tuple[str, ...]
    left: tuple[int, ...]
    awaited: tuple[float, ...]
    chi_squared: float
    degrees: int
    chance: float


def by_stratum(
    durations: ArrayLike, left: ArrayLike, strata: Sequence[str], *, sure: float = SURE
) -> Mapping[str, Curve]:
    """A curve of each stratum, in the order of their names."""
    days, gone = proper(durations, left)
    of = np.asarray(strata, dtype=str)
    return {str(name): kaplan_meier(days[of == name], gone[of == name], sure=sure) for name in np.unique(of)}


def log_rank(durations: ArrayLike, left: ArrayLike, strata: Sequence[str]) -> LogRank:
    """The test of N. Mantel (1966) and of R. Peto and J. Peto, Asymptotically efficient rank invariant test procedures,
    JRSS A 135 (1972).

    The variance is hypergeometric, so that those who leave on one day need no order. Refused is a single stratum.
    """
    days, gone = proper(durations, left)
    names, of = np.unique(np.asarray(strata, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise TooFewCustomers(customers=len(names), needed=2)
    times = np.unique(days[gone == 1])
    left_then, there = np.zeros((2, len(names), len(times)))
    for nth in range(len(names)):
        own = np.sort(days[of == nth])
        there[nth] = len(own) - np.searchsorted(own, times, side="left")
        own_left = np.sort(days[(of == nth) & (gone == 1)])
        left_then[nth] = np.searchsorted(own_left, times, "right") - np.searchsorted(own_left, times, "left")
    d, n = left_then.sum(axis=0), there.sum(axis=0)
    shares = there / n
    awaited = (shares * d).sum(axis=1)
    spread = d * (n - d) / np.maximum(n - 1, 1)
    variance = np.diag((spread * shares).sum(axis=1)) - (spread * shares) @ shares.T
    over = left_then.sum(axis=1) - awaited
    degrees = len(names) - 1
    chi_squared = float(over @ np.linalg.pinv(variance) @ over)
    return LogRank(
        strata=tuple(map(str, names)),
        left=tuple(int(each) for each in left_then.sum(axis=1)),
        awaited=tuple(float(each) for each in awaited),
        chi_squared=chi_squared,
        degrees=degrees,
        chance=float(gammaincc(degrees / 2, chi_squared / 2)),
    )
