"""How often customers have come back, how long they were seen, and what they spent: what the models are fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from projections.churn.fits.refusals import (
    AllOnOneDay,
    DatesInTheFuture,
    NegativeAmounts,
    NobodyCameBack,
    NoSuchHistory,
    SeveralCurrencies,
    TooFewCustomers,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7
FEWEST = 2  # Of one customer any model fits.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Histories:
    """Histories of buying that differ, and how many customers have each.

    `repeats` are the days after the first on which something was bought, `last` the days from the first of them to the
    last, `observed` the days from the first to the end of what is looked at. `which` says of each customer, in the
    order in which they were given, which of these histories is his. Models reckon in units of `unit` days.
    """

    repeats: Ints
    last: Ints
    observed: Ints
    weights: Ints
    which: Ints
    unit: int = WEEK

    @property
    def customers(self) -> int:
        return len(self.which)

    @property
    def x(self) -> Floats:
        return self.repeats.astype(np.float64)

    @property
    def t_x(self) -> Floats:
        return self.last / self.unit

    @property
    def t(self) -> Floats:
        return self.observed / self.unit

    def of_each(self, found: Floats) -> Floats:
        """What was found of each history, as that of each customer."""
        return found[self.which]


def histories(repeats: ArrayLike, last: ArrayLike, observed: ArrayLike, *, unit: int = WEEK) -> Histories:
    """The histories of customers, one a row: equal ones are told once. All are whole days.

    Refused are days after the end, and histories that nobody can have; whether there are enough to fit a model to, the
    fit says.
    """
    x, t_x, t = (np.asarray(each, dtype=np.int64) for each in (repeats, last, observed))
    must_be_possible(x, t_x, t)
    if not len(x):
        return Histories(repeats=x, last=t_x, observed=t, weights=x, which=x, unit=unit)
    span = int(t.max()) + 1
    key, which, weights = np.unique((x * span + t_x) * span + t, return_inverse=True, return_counts=True)
    return Histories(
        repeats=key // (span * span),
        last=key // span % span,
        observed=key % span,
        weights=weights.astype(np.int64),
        which=which.astype(np.int64),
        unit=unit,
    )


def must_be_possible(x: Ints, t_x: Ints, t: Ints) -> None:
    if late := int(np.count_nonzero((t_x > t) | (t < 0))):
        raise DatesInTheFuture(customers=late)
    for odd, because in (
        ((x < 0) | (t_x < 0), "something is less than nothing"),
        ((x == 0) & (t_x > 0), "the last purchase is not the first, and nothing was bought again"),
        (x > t_x, "more was bought again than there are days for it, and those of one day count once"),
    ):
        if several := int(np.count_nonzero(odd)):
            raise NoSuchHistory(customers=several, because=because)


def must_be_enough(found: Histories) -> None:
    """Refuses what no model of buying again can be fitted to."""
    if found.customers < FEWEST:
        raise TooFewCustomers(customers=found.customers, needed=FEWEST)
    if not found.repeats.any():
        if found.observed.min() == found.observed.max():
            raise AllOnOneDay(customers=found.customers)
        raise NobodyCameBack(customers=found.customers)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spending:
    """What customers who came back have spent on the days of their coming back, in minor units of one currency.

    `which` says of each customer, in the order in which they were given, which row is his; -1 is none. Who has spent
    nothing on all of these days is left out, for of a mean of nothing the model has no density, and so is who has paid
    in several currencies; `nothing` and `mixed` count them.
    """

    repeats: Ints
    spent: Ints
    weights: Ints
    which: Ints
    currency: str
    nothing: int
    mixed: int

    @property
    def customers(self) -> int:
        return int(self.weights.sum())

    @property
    def x(self) -> Floats:
        return self.repeats.astype(np.float64)

    @property
    def mean(self) -> Floats:
        """What was spent on a day, on average."""
        return self.spent / self.repeats

    def of_each(self, found: Floats, otherwise: float) -> Floats:
        """What was found of each row, as that of each customer, and what holds of those who have none."""
        return np.where(self.which < 0, otherwise, np.append(found, otherwise)[self.which])


def spending(
    repeats: ArrayLike, spent: ArrayLike | Sequence[int | None], currency: str | Sequence[str | None]
) -> Spending:
    """What customers have spent, one a row, in minor units: `spent` is the sum of the days of `repeats`.

    `currency` is the one of all, or that of each row, None where that customer has paid in several. Refused are several
    among the others, and less than nothing.
    """
    x = np.asarray(repeats, dtype=np.int64)
    of_each = [currency] * len(x) if isinstance(currency, str) else currency
    single = np.array([isinstance(each, str) for each in of_each], dtype=bool)
    several = sorted({each for each in of_each if isinstance(each, str)})
    if len(several) != 1:
        raise SeveralCurrencies(currencies=tuple(several))
    total = np.where(single, np.asarray(spent, dtype=object), 0).astype(np.int64)
    if less := int(np.count_nonzero(total < 0)):
        raise NegativeAmounts(customers=less)
    counts = (x > 0) & (total > 0)
    pairs = np.stack([x[counts], total[counts]])
    rows, inverse, weights = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    which = np.full(len(x), -1, dtype=np.int64)
    which[counts] = inverse.reshape(-1)
    return Spending(
        repeats=rows[0],
        spent=rows[1],
        weights=weights.astype(np.int64),
        which=which,
        currency=several[0],
        nothing=int(np.count_nonzero(single & (x > 0) & (total == 0))),
        mixed=int(np.count_nonzero(~single)),
    )
