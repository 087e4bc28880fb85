"""What is learned of who leaves: by logistic regression, which can be reckoned by hand, or by boosted trees."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from domain.errors import Invalid
from domain.values import value
from projections.churn.score.examples import Examples, Features, Floats
from projections.churn.score.quality import Quality, quality
from projections.churn.score.refusals import OtherFeatures, ScoredTooEarly

Way = Literal["logistic", "boosted-trees"]
STEPS = 1_000  # Of the search for weights, at most.
PENALTY = 1.0  # One over scikit-learn's C, of the squared weights of standardised features.
TREES: Mapping[str, float] = {"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 20}


@value
class Weight:
    """What a feature counts: `weight` for each `scale` that it is above `centre`."""

    feature: str
    centre: float
    scale: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Learned:
    """A score of who leaves within `days`, learned from customers as they were on `as_of` and what they did `until`.

    The weights are all of a logistic model; boosted trees are known by a digest of what they say of all from whom they
    have learned, and are learned again, the same, from the same. Where the search for the weights has not come to an
    end `because` says why, and nothing should be built on them.
    """

    way: Way
    parameters: Mapping[str, float]
    names: tuple[str, ...]
    days: int
    as_of: date
    until: date
    seed: int
    customers: int
    weights: tuple[Weight, ...] = ()
    intercept: float | None = None
    trees: Any = None
    digest: str | None = None
    iterations: int
    converged: bool = True
    because: str | None = None
    quality: Quality


def scikit_learn() -> Any:
    """Raises ModuleNotFoundError, which says what to install."""
    try:
        import sklearn.ensemble  # noqa: PLC0415 - it is optional, and takes its time.
        import sklearn.linear_model  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ModuleNotFoundError("A churn score comes with lifeledger[score], which is not installed") from None
    return sklearn


def one_thread() -> AbstractContextManager[Any]:
    scikit_learn()
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - it comes with scikit-learn.

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def learn(of: Examples, way: Way, seed: int) -> Learned:
    """Learn from those who are not held out, and see how well it tells of those who are. The same comes of the same."""
    from_, left = of.features.figures[~of.held_out], of.left[~of.held_out]
    for some in (left, of.left[of.held_out]):
        if some.all() or not some.any():
            raise Invalid(field="seed", because="it holds out all who leave, or all who stay, or none of them")
    made = logistic(of, from_, left) if way == "logistic" else boosted(from_, left, seed)
    held = said(made, of.features.figures[of.held_out])
    return Learned(
        way=way,
        names=of.features.names,
        days=of.days,
        as_of=of.features.as_of,
        until=of.until,
        seed=seed,
        customers=len(left),
        quality=quality(held, of.left[of.held_out]),
        **made,
    )


def logistic(of: Examples, figures: Floats, left: Any) -> dict[str, Any]:
    """Over standardised features, so that a weight tells how much a feature matters; a constant one has no weight."""
    centre, scale = figures.mean(axis=0), figures.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    model = scikit_learn().linear_model.LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=STEPS)
    model.fit((figures - centre) / scale, left)
    ended = int(model.n_iter_[0]) < STEPS
    found = zip(of.features.names, centre, scale, model.coef_[0], strict=True)
    return {
        "parameters": {"penalty": PENALTY},
        "weights": tuple(
            Weight(feature=name, centre=float(mean), scale=float(wide), weight=float(weight))
            for name, mean, wide, weight in found
        ),
        "intercept": float(model.intercept_[0]),
        "iterations": int(model.n_iter_[0]),
        "converged": ended,
        "because": None if ended else f"after {STEPS} steps the search for the weights was still going on",
    }


def boosted(figures: Floats, left: Any, seed: int) -> dict[str, Any]:
    """J. H. Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29 (2001).

    In one thread: sums of the same figures are the same everywhere, and where others work as well nobody waits for one.
    """
    kind = scikit_learn().ensemble.HistGradientBoostingClassifier
    with one_thread():
        trees = kind(**TREES, early_stopping=False, random_state=seed % 2**32).fit(figures, left)
        scores = trees.predict_proba(figures)[:, 1]
    return {
        "parameters": dict(TREES),
        "trees": trees,
        "digest": sha256(np.ascontiguousarray(scores, dtype="<f8").tobytes()).hexdigest(),
        "iterations": int(trees.n_iter_),
    }


def score(learned: Learned, features: Features) -> Floats:
    """The probability that each customer leaves within so many days of the day of the features.

    Refused are other features than it has learned from, and a day before the end of what it has learned: it would know
    the future of those whom it scores.
    """
    if features.names != learned.names:
        raise OtherFeatures(given=features.names, learned=learned.names)
    if features.as_of < learned.until:
        raise ScoredTooEarly(features_as_of=features.as_of, learned_until=learned.until)
    return said({"weights": learned.weights, "intercept": learned.intercept, "trees": learned.trees}, features.figures)


def said(made: Mapping[str, Any], figures: Floats) -> Floats:
    if (trees := made.get("trees")) is not None:
        with one_thread():
            return np.asarray(trees.predict_proba(figures)[:, 1])
    return by_weights(made["weights"], made["intercept"], figures)


def by_weights(weights: tuple[Weight, ...], intercept: float, figures: Floats) -> Floats:
    """As anybody can reckon it who has the weights."""
    total = np.full(len(figures), intercept)
    for nth, each in enumerate(weights):
        total += each.weight * ((figures[:, nth] - each.centre) / each.scale)
    return np.asarray(np.exp(-np.logaddexp(0.0, -total)))
