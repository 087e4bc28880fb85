"""A model that was recorded is the model that was fitted, to the last digit."""

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng

from consumers.churn import models
from consumers.churn.calibration import calibration
from consumers.churn.learned import must_have_converged
from consumers.churn.models import AsOf, code, fit_of, of_fit, of_score, quality_of, score_of
from consumers.churn.refused import NotConverged
from domain.churn_model import ChurnModelFitted
from domain.errors import Invalid
from domain.values import ChurnModelId
from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.fitted import Fitted, Window
from projections.churn.fits.histories import histories, spending
from projections.churn.score.examples import Features, Labels, examples, features
from projections.churn.score.learning import Learned, learn, score
from tests.spec import START, given, pat

WINDOW = Window(first=date(2025, 1, 1), last=date(2026, 3, 1))
STANDARD = ChurnModelId("standard")
AS_OF = AsOf(position=77, recorded_by=START)


def recorded(command: object) -> ChurnModelFitted:
    """Through JSON, and out of the ledger."""
    (written,) = given().when(command, by=pat).recorded
    assert isinstance(written.event, ChurnModelFitted)
    return written.event


def fitted(model: ModuleType) -> Fitted:
    draw = default_rng(1)
    often = draw.poisson(draw.gamma(0.8, 3, 300))
    last = np.where(often > 0, np.minimum(often + draw.integers(0, 300, 300), 400), 0)
    found: Fitted = model.fit(histories(often, last, last + draw.integers(1, 100, 300)), WINDOW)
    return found


@pytest.mark.parametrize("model", [bg_nbd, pareto_nbd])
def test_a_fit_comes_back_as_it_was(model: ModuleType) -> None:
    found = fitted(model)
    event = recorded(of_fit(found, STANDARD, AS_OF, code(), "piano"))
    assert fit_of(event) == found
    assert (event.seen.position, event.seen.recorded_by, event.product_line) == (77, START, "piano")


def test_so_does_spending_and_a_search_that_has_not_ended() -> None:
    draw = default_rng(2)
    spent = spending(1 + draw.poisson(2, 100), draw.integers(100, 90_000, 100), "CNY")
    found = gamma_gamma.fit(spent, WINDOW)
    lost = replace(found, converged=False, because="the likelihood is not flat where the search has ended")
    for each in (found, lost):
        assert fit_of(recorded(of_fit(each, STANDARD, AS_OF, code()))) == each
    with pytest.raises(Invalid, match="from which day to which it was looked is not known"):
        of_fit(replace(found, window=None), STANDARD, AS_OF, code())


def population() -> tuple[Features, Labels]:
    draw = default_rng(3)
    names, figures = [f"c{nth}" for nth in range(1_000)], draw.normal(size=(2, 1_000))
    known = features(date(2025, 11, 1), names, {"one": figures[0], "two": figures[1] * 1e-7})
    left = dict(zip(names, (draw.random(1_000) < 1 / (1 + np.exp(-figures[0]))).tolist(), strict=True))
    return known, Labels(after=date(2025, 11, 1), until=date(2026, 1, 30), left=left)


def learned(way: Any) -> Learned:
    return learn(examples(*population(), 5), way, 5)


def test_a_score_is_the_same_by_the_weights_that_were_recorded() -> None:
    found, (known, _) = learned("logistic"), population()
    event = recorded(of_score(found, STANDARD, AS_OF, code()))
    again, now = score_of(event), replace(known, as_of=found.until)
    assert (score(again, now) == score(found, now)).all()
    assert (again.weights, again.intercept, again.quality) == (found.weights, found.intercept, found.quality)
    assert (again.days, again.seed, again.as_of, again.until) == (90, 5, found.as_of, found.until)
    with pytest.raises(Invalid, match="a logistic is no model of buying"):
        fit_of(event)


def test_of_trees_there_is_the_digest() -> None:
    found = learned("boosted-trees")
    event = recorded(of_score(found, STANDARD, AS_OF, code()))
    assert event.learned is not None
    assert event.learned.digest == found.digest == learned("boosted-trees").digest
    assert quality_of(event.learned.quality) == found.quality
    with pytest.raises(Invalid, match="a boosted-trees is not recorded with its weights"):
        score_of(event)


def test_the_code_is_known_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, root = code(), Path(models.__file__).parents[2]
    assert before == code()
    for package in models.PACKAGES:
        shutil.copytree(root / package.replace(".", "/"), tmp_path / package)
    for module in models.MODULES:
        package = module.rpartition(".")[0]
        (tmp_path / package).mkdir(exist_ok=True)
        shutil.copy(root / f"{module.replace('.', '/')}.py", tmp_path / package)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / package)
    assert code() == before
    found = {before.fingerprint}
    within = ("fits/bg_nbd.py", "tables/features.py", "facts/purchases.py", "score/learning.py")
    for changed in (*(f"projections.churn.{each}" for each in within), "projections/funnel.py", "domain/money.py"):
        with (tmp_path / changed).open("a") as file:
            file.write("# changed\n")
        assert code().fingerprint not in found, changed
        found.add(code().fingerprint)


def test_a_search_for_weights_that_has_not_ended_is_recorded_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.churn.score.learning.STEPS", 2)
    with pytest.warns(match="failed to converge"):
        found = learned("logistic")
    assert not found.converged
    event = recorded(of_score(found, STANDARD, AS_OF, code()))
    assert not event.search.converged
    assert event.search.because == "after 2 steps the search for the weights was still going on"
    assert score_of(event).because == event.search.because
    with pytest.raises(NotConverged, match="standard@1 has not converged: after 2 steps"):
        must_have_converged(event)


def test_how_well_it_tells_is_told_by_tenths_and_without_what_others_have_named_otherwise() -> None:
    found = learned("logistic")
    event = recorded(of_score(found, STANDARD, AS_OF, code()))
    assert event.learned is not None
    others = {"part_x.lift": Decimal(1), "lift": Decimal(1), "part_0.lift": Decimal(1), "brier": Decimal("nan")}
    told = calibration({**event.learned.quality, **others})
    assert told["auc"] == found.quality.auc
    assert told["brier"] is None
    assert [(row["customers"], row["came"], row["lift"]) for row in told["tenths"]] == [
        (part.customers, part.seen, part.lift) for part in found.quality.parts
    ]
    assert quality_of({**event.learned.quality, **others}).parts == found.quality.parts
