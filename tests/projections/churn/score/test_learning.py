"""What a score learns, that it does not know the future, and that it says how good it is."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng

from domain.errors import Invalid
from projections.churn.score.examples import Features, Labels, examples, features
from projections.churn.score.learning import Learned, Way, by_weights, learn, score
from projections.churn.score.refusals import (
    KnowsTheFuture,
    NoFigure,
    OtherFeatures,
    ScoredTooEarly,
    TooSmallAPopulation,
)
from tests.projections.churn.score.population import DAYS, NAMES, NOW, THEN, population

WAYS: list[Way] = ["logistic", "boosted-trees"]


def learned(way: Way, seed: int = 1, customers: int = 3_000) -> Learned:
    known, labels, _ = population(seed, customers)
    return learn(examples(known, labels, seed), way, seed)


def as_of(day: date, known: Features) -> Features:
    return features(day, known.customers, {name: known.figures[:, nth] for nth, name in enumerate(known.names)})


# What is learned


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_who_leaves_is_told_nearly_as_well_as_it_can_be(way: Way) -> None:
    known, labels, chances = population(1)
    of = examples(known, labels, 1)
    found = learn(of, way, 1)
    own = score(found, as_of(NOW, known))
    assert np.corrcoef(own, chances)[0, 1] > (0.98 if way == "logistic" else 0.9)
    assert 0.75 < found.quality.auc < 0.9
    assert found.quality.brier < found.quality.brier_of_all
    assert found.days == DAYS
    assert found.quality.customers == of.held_out.sum()
    assert found.customers == (~of.held_out).sum()
    assert 0.25 < of.held_out.mean() < 0.35


def test_a_logistic_score_is_reckoned_again_from_what_is_recorded() -> None:
    found = learned("logistic")
    known, _, _ = population(2, 500)
    kept = json.loads(json.dumps([[each.centre, each.scale, each.weight] for each in found.weights]))
    total = found.intercept + ((known.figures - [each[0] for each in kept]) / [each[1] for each in kept]) @ [
        each[2] for each in kept
    ]
    assert score(found, as_of(NOW, known)) == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-12)
    assert [each.feature for each in found.weights] == list(NAMES)
    inactive, buys, complaints, constant = (each.weight / each.scale for each in found.weights)
    assert [inactive, buys, complaints] == pytest.approx([0.02, -0.25, 1.5], rel=0.35)
    assert constant == 0


def test_a_weight_counts_from_the_centre() -> None:
    found = learned("logistic")
    centre = np.array([[each.centre for each in found.weights]])
    assert found.intercept is not None
    assert by_weights(found.weights, found.intercept, centre) == pytest.approx(1 / (1 + np.exp(-found.intercept)))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_same_comes_of_the_same_whatever_the_order_and_in_another_process(way: Way) -> None:
    found, known = learned(way), population(1)[0]
    shuffled, labels, _ = population(1)
    order = default_rng(5).permutation(len(shuffled.customers))
    other = features(
        THEN,
        [shuffled.customers[nth] for nth in order],
        {name: shuffled.figures[order, nth] for nth, name in enumerate(shuffled.names)},
    )
    again = learn(examples(other, labels, 1), way, 1)
    assert (again.weights, again.intercept, again.digest) == (found.weights, found.intercept, found.digest)
    assert again.quality == found.quality
    assert (score(again, as_of(NOW, known)) == score(found, as_of(NOW, known))).all()
    code = f"from tests.projections.churn.score.test_learning import learned; print(repr(learned({way!r}).quality))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == repr(found.quality)


def test_another_seed_holds_out_others() -> None:
    known, labels, _ = population(1)
    one, two = (examples(known, labels, seed).held_out for seed in (1, 2))
    assert (one != two).any()
    few = examples(*population(1, 1_500)[:2], 1)
    assert few.held_out.mean() == pytest.approx(0.3, abs=0.05)


def test_who_is_held_out_depends_on_nobody_else() -> None:
    known, labels, _ = population(1)
    half = known.customers[::2]
    fewer = features(THEN, half, {name: known.figures[::2, nth] for nth, name in enumerate(known.names)})
    assert (examples(fewer, labels, 1).held_out == examples(known, labels, 1).held_out[::2]).all()


# The future


def test_what_is_learned_from_does_not_know_what_is_to_be_learned() -> None:
    known, labels, _ = population(1)
    for late in (THEN + timedelta(1), NOW):
        with pytest.raises(KnowsTheFuture, match="labels tell of days after 2026-03-31"):
            examples(as_of(late, known), labels, 1)
    with pytest.raises(Invalid, match="they begin on the day after that of the features, 2026-03-30"):
        examples(as_of(THEN - timedelta(1), known), labels, 1)
    with pytest.raises(Invalid, match="they tell of a day or more"):
        examples(known, replace(labels, until=THEN), 1)


def test_nobody_is_scored_as_of_a_day_of_which_the_model_knows_what_followed() -> None:
    found, known = learned("logistic"), population(1)[0]
    with pytest.raises(ScoredTooEarly, match="it has learned what happened until 2026-06-29"):
        score(found, as_of(NOW - timedelta(1), known))
    assert len(score(found, as_of(NOW, known))) == 3_000


def test_what_came_after_the_labels_changes_nothing() -> None:
    """Later labels are not asked for, and of customers who have come since no features are known."""
    known, labels, _ = population(1)
    since = Labels(after=THEN, until=NOW, left={**labels.left, "came-later": True})
    first, then = (learn(examples(known, each, 1), "logistic", 1) for each in (labels, since))
    assert first.weights == then.weights
    assert first.quality == then.quality


def test_who_has_no_label_is_left_out_and_counted() -> None:
    known, labels, _ = population(1)
    some = dict(list(labels.left.items())[100:])
    of = examples(known, replace(labels, left=some), 1)
    assert of.unlabelled == 100
    assert len(of.left) == len(of.features.customers) == len(of.features.figures) == 2_900


# What nothing is learned from


@pytest.mark.parametrize(("customers", "left"), [(199, 60), (400, 49), (400, 351), (0, 0)])
def test_of_too_few_nothing_is_learned_and_it_says_how_many_it_takes(customers: int, left: int) -> None:
    names = [f"{nth:04}" for nth in range(customers)]
    known = features(THEN, names, {"inactive": np.arange(customers)})
    labels = Labels(after=THEN, until=NOW, left={name: nth < left for nth, name in enumerate(names)})
    with pytest.raises(TooSmallAPopulation, match="this takes 200, and 50 of each") as no:
        examples(known, labels, 1)
    assert (no.value.customers, no.value.left, no.value.stayed) == (customers, left, customers - left)


def test_the_more_features_the_more_customers_it_takes() -> None:
    names = [f"{nth:04}" for nth in range(300)]
    labels = Labels(after=THEN, until=NOW, left={name: nth < 69 for nth, name in enumerate(names)})
    columns = {f"f{nth}": np.arange(300) for nth in range(7)}
    with pytest.raises(TooSmallAPopulation, match="and 70 of each"):
        examples(features(THEN, names, columns), labels, 1)
    columns.pop("f6")
    assert len(examples(features(THEN, names, columns), labels, 1).left) == 300


@pytest.mark.parametrize("none", [np.nan, np.inf, -np.inf])
def test_a_figure_is_one(none: float) -> None:
    with pytest.raises(NoFigure, match="inactive is no finite number of 1 customers"):
        features(THEN, ["a", "b"], {"buys": [1, 2], "inactive": [3.0, none]})
    with pytest.raises(Invalid, match="a customer stands in it twice"):
        features(THEN, ["a", "a"], {"buys": [1, 2]})


def test_a_model_scores_by_its_own_features() -> None:
    found = learned("logistic")
    with pytest.raises(OtherFeatures, match=r"it has learned from inactive, buys.* and is given buys"):
        score(found, features(NOW, ["a"], {"buys": [1]}))


def test_where_the_extra_is_missing_it_says_which(monkeypatch: Any) -> None:
    of = examples(*population(1)[:2], 1)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ModuleNotFoundError, match=r"comes with lifeledger\[score\], which is not installed"):
        learn(of, "logistic", 1)
