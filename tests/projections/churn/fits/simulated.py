"""Customers who buy as the models say, by lot."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
DAYS = 7 * 78
NEW = 7 * 26  # The days in which they buy for the first time.


@dataclass(frozen=True)
class Buyers:
    repeats: Ints
    last: Ints
    observed: Ints

    @property
    def rows(self) -> tuple[Ints, Ints, Ints]:
        return self.repeats, self.last, self.observed

    @property
    def weeks(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        return self.repeats.astype(float), self.last / 7, self.observed / 7


def buyers(chance: Generator, customers: int, gone: str) -> Buyers:
    """With parameters drawn as well: gone after a purchase ("bg-nbd"), or at any time ("pareto-nbd")."""
    r, alpha = chance.uniform(0.3, 2.5), chance.uniform(3, 15)
    rates = chance.gamma(r, 1 / alpha, customers)  # A week.
    observed = DAYS - chance.integers(0, NEW, customers)
    if gone == "bg-nbd":
        dropout = chance.beta(chance.uniform(0.5, 2), chance.uniform(1.5, 6), customers)
        lives = np.full(customers, np.inf)
    else:
        dropout = np.zeros(customers)
        lives = chance.exponential(1 / chance.gamma(chance.uniform(0.4, 2), 1 / chance.uniform(5, 20), customers))
    return buying(chance, rates, dropout, lives, observed)


def buying(
    chance: Generator, rates: NDArray[np.float64], dropout: NDArray[np.float64], lives: NDArray[np.float64], seen: Ints
) -> Buyers:
    found = np.zeros((2, len(rates)), dtype=np.int64)
    for nth, (rate, gone, life, days) in enumerate(zip(rates, dropout, lives, seen, strict=True)):
        until, now, bought = min(life, days / 7), 0.0, {0}
        while (now := now + chance.exponential(1 / rate)) < until:
            bought.add(int(now * 7))
            if chance.random() < gone:
                break
        found[:, nth] = len(bought) - 1, max(bought)
    return Buyers(found[0], found[1], seen)


@dataclass(frozen=True)
class Spenders:
    repeats: Ints
    spent: Ints  # Cents.

    @property
    def mean(self) -> NDArray[np.float64]:
        return self.spent / self.repeats / 100


def spenders(chance: Generator, customers: int) -> Spenders:
    p, q, v = chance.uniform(2, 8), chance.uniform(2.5, 6), chance.uniform(5, 40)
    repeats = 1 + chance.poisson(2, customers)
    spent = chance.gamma(p * repeats, 1 / chance.gamma(q, 1 / v, customers))
    return Spenders(repeats, np.maximum(1, np.rint(spent * 100)).astype(np.int64))
