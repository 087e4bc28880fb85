"""Customers of whom it is known how they leave: by silence and complaints, and by chance."""

from datetime import date, timedelta

import numpy as np
from numpy.random import default_rng

from projections.churn.score.examples import Features, Floats, Labels, features

THEN, DAYS = date(2026, 3, 31), 90
NOW = THEN + timedelta(DAYS)
NAMES = ("inactive", "buys", "complaints_open", "constant")


def population(seed: int, customers: int = 3_000) -> tuple[Features, Labels, Floats]:
    """How they were, who left, and with which probability each did."""
    draw = default_rng(seed)
    inactive, buys = draw.exponential(60, customers).round(), 1 + draw.poisson(3, customers)
    complaints = draw.random(customers) < 0.1
    odds = -2 + 0.02 * inactive - 0.25 * buys + 1.5 * complaints
    chance = 1 / (1 + np.exp(-odds))
    names = [f"customer-{nth}" for nth in draw.permutation(customers)]
    known = features(
        THEN,
        names,
        {"inactive": inactive, "buys": buys, "complaints_open": complaints, "constant": np.ones(customers)},
    )
    left = dict(zip(names, (draw.random(customers) < chance).tolist(), strict=True))
    by_name = dict(zip(names, chance.tolist(), strict=True))
    return known, Labels(after=THEN, until=NOW, left=left), np.array([by_name[each] for each in known.customers])
