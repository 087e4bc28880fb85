"""How well a score tells who leaves: of customers from whom nothing was learned."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.values import value
from projections.churn.score.examples import Bools, Floats

PARTS = 10


@value
class Part:
    """A tenth of the customers, from the highest score down: what was expected of them, and what came.

    `lift` is how many times as many have left of them as of all, `caught` which share of all who left is among these
    and those above.
    """

    customers: int
    left: int
    expected: float
    seen: float
    lift: float
    caught: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """`auc` is the chance that of two customers the one who leaves has the higher score; `brier` the mean square of
    what the score was wrong by, and `brier_of_all` that of saying the same of everybody. The `parts` show whether as
    many leave as the score says.
    """

    customers: int
    left: int
    auc: float
    brier: float
    brier_of_all: float
    parts: tuple[Part, ...]


def quality(scores: Floats, left: Bools) -> Quality:
    """Of customers in the order of their ids, by which those of one score are told apart.

    AUC as J. A. Hanley and B. J. McNeil, Radiology 143 (1982), have it, equal scores counting half; G. W. Brier,
    Monthly Weather Review 78 (1950).
    """
    gone, rate = int(left.sum()), float(left.mean())
    return Quality(
        customers=len(left),
        left=gone,
        auc=auc(scores, left),
        brier=float(np.mean((scores - left) ** 2)),
        brier_of_all=rate * (1 - rate),
        parts=tuple(parts(scores, left)),
    )


def auc(scores: Floats, left: Bools) -> float:
    """By the sum of the ranks of those who leave; not a number where all leave, or all stay."""
    gone, stayed = int(left.sum()), int((~left).sum())
    if not gone or not stayed:
        return float("nan")
    _, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return float((ranks[left].sum() - gone * (gone + 1) / 2) / (gone * stayed))


def parts(scores: Floats, left: Bools) -> Iterator[Part]:
    order = np.argsort(-scores, kind="stable")
    caught, gone, rate = 0, max(int(left.sum()), 1), float(left.mean())
    for some in np.array_split(order, min(PARTS, len(order))):
        caught += int(left[some].sum())
        yield Part(
            customers=len(some),
            left=int(left[some].sum()),
            expected=float(scores[some].mean()),
            seen=float(left[some].mean()),
            lift=float(left[some].mean()) / rate if rate else 0.0,
            caught=caught / gone,
        )
