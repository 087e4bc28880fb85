"""How good a score is: as scikit-learn has it, and what holds of all tenths."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from projections.churn.score.quality import auc, quality

scored = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=20, max_size=80).filter(
    lambda rows: 0 < sum(left for _, left in rows) < len(rows)
)


@drawn(scored)
def test_it_is_what_scikit_learn_says(rows: list[tuple[int, bool]]) -> None:
    scores, left = np.array([each / 20 for each, _ in rows]), np.array([left for _, left in rows])
    found = quality(scores, left)
    assert found.auc == pytest.approx(roc_auc_score(left, scores))
    assert found.brier == pytest.approx(brier_score_loss(left, scores))
    assert found.brier_of_all == pytest.approx(brier_score_loss(left, np.full(len(left), left.mean())))


@drawn(scored)
def test_the_tenths_add_up(rows: list[tuple[int, bool]]) -> None:
    scores, left = np.array([each / 20 for each, _ in rows]), np.array([left for _, left in rows])
    found = quality(scores, left)
    assert len(found.parts) == 10
    assert sum(part.customers for part in found.parts) == found.customers == len(rows)
    assert sum(part.left for part in found.parts) == found.left == left.sum()
    assert max(part.customers for part in found.parts) - min(part.customers for part in found.parts) <= 1
    assert sum(part.expected * part.customers for part in found.parts) == pytest.approx(scores.sum())
    assert (np.diff([part.expected for part in found.parts]) <= 1e-12).all()
    assert (np.diff([part.caught for part in found.parts]) >= 0).all()
    assert found.parts[-1].caught == 1
    assert sum(part.lift * part.customers for part in found.parts) / len(rows) == pytest.approx(1)


def test_known_figures() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.54, 0.53, 0.52, 0.51, 0.505])
    left = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    assert auc(scores, left) == 18 / 24
    found = quality(scores, left)
    assert [found.parts[0].lift, found.parts[0].caught] == pytest.approx([10 / 6, 1 / 6])
    assert np.isnan(auc(scores, np.ones(10, dtype=bool)))


def test_a_score_by_chance_tells_nothing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    assert auc(draw.random(20_000), draw.random(20_000) < 0.3) == pytest.approx(0.5, abs=0.02)
    assert auc(np.zeros(100), np.arange(100) < 30) == 0.5
