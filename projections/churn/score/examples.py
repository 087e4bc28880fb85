"""How customers were on a day, and whether they had left some time later: what a score is learned from.

Both arrive apart, each with its dates, so that nobody can put into the one what only the other may know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.errors import Invalid
from projections.churn.score.refusals import KnowsTheFuture, NoFigure, TooSmallAPopulation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CUSTOMERS = 200
OF_EACH = 50
A_FEATURE = 10  # P. Peduzzi et al., Journal of Clinical Epidemiology 49 (1996): of the rarer kind, for each feature.
HELD_OUT = 0.3
BITS = 64


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Features:
    """What was known of customers at the end of a day, one a row and one feature a column, in the order of ids."""

    as_of: date
    customers: tuple[str, ...]
    names: tuple[str, ...]
    figures: Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Labels:
    """Which customers left in the days that follow `after`, up to and with `until`."""

    after: date
    until: date
    left: Mapping[str, bool]

    @property
    def days(self) -> int:
        return (self.until - self.after).days


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Examples:
    """Customers of whom both is known; `unlabelled` have features alone, and are left out. Some are held out, to see
    how well is told of them what was learned of the others.
    """

    features: Features
    left: Bools
    held_out: Bools
    days: int
    until: date
    unlabelled: int


def features(as_of: date, customers: Sequence[str], columns: Mapping[str, ArrayLike]) -> Features:
    """Columns of figures as of the end of a day. Refused, with NoFigure, is what is not finite."""
    if len(set(customers)) < len(customers):
        raise Invalid(field="customers", because="a customer stands in it twice")
    order = sorted(range(len(customers)), key=lambda nth: customers[nth])
    names = tuple(columns)
    figures = np.empty((len(customers), len(names)))
    for nth, (name, column) in enumerate(columns.items()):
        figures[:, nth] = np.asarray(column, dtype=np.float64)[order]
        if none := int(np.count_nonzero(~np.isfinite(figures[:, nth]))):
            raise NoFigure(feature=name, customers=none)
    return Features(as_of=as_of, customers=tuple(customers[nth] for nth in order), names=names, figures=figures)


def examples(known: Features, labels: Labels, seed: int) -> Examples:
    """Put together what was known of customers, and whether they left after that.

    Refused is a window of labels that does not begin after the day of the features, with KnowsTheFuture, and too few
    customers, with TooSmallAPopulation.
    """
    if labels.after < known.as_of:
        raise KnowsTheFuture(features_as_of=known.as_of, labels_after=labels.after)
    if labels.after > known.as_of:
        raise Invalid(field="labels", because=f"they begin on the day after that of the features, {known.as_of}")
    if labels.until <= labels.after:
        raise Invalid(field="labels", because="they tell of a day or more")
    some = np.array([each in labels.left for each in known.customers], dtype=bool)
    customers = tuple(each for each in known.customers if each in labels.left)
    left = np.array([labels.left[each] for each in customers], dtype=bool)
    must_be_enough(left, len(known.names))
    return Examples(
        features=Features(as_of=known.as_of, customers=customers, names=known.names, figures=known.figures[some]),
        left=left,
        held_out=np.array([chance(seed, each) < HELD_OUT for each in customers]),
        days=labels.days,
        until=labels.until,
        unlabelled=int(np.count_nonzero(~some)),
    )


def must_be_enough(left: Bools, names: int) -> None:
    gone, stayed, each = int(left.sum()), int((~left).sum()), max(OF_EACH, A_FEATURE * names)
    if len(left) < CUSTOMERS or min(gone, stayed) < each:
        raise TooSmallAPopulation(customers=len(left), left=gone, stayed=stayed, needed=CUSTOMERS, needed_of_each=each)


def chance(seed: int, customer: str) -> float:
    """Between 0 and 1, of a keyed hash (BLAKE2b, RFC 7693): who is held out depends on nobody else."""
    found = blake2b(customer.encode(), key=str(seed).encode(), digest_size=BITS // 8).digest()
    return int.from_bytes(found, "big") / 2.0**BITS
