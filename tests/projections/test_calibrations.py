"""Calibrations: who agrees with whom, on what; and nothing of it before it is revealed."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.quality.calibration import CalibrationRevealed, RevealedScore
from domain.quality.scoring import Scored
from domain.values import CalibrationId, OrgPath, StaffId
from projections.calibrations import (
    CalibratedItem,
    Calibration,
    CalibrationScore,
    calibration_items,
    calibration_scores,
    calibrations,
)
from projections.query import Filter, Listing, page, summary
from projections.scope import Reach
from tests.commands.quality.situations import (
    CALL,
    CARD,
    CLOSE,
    FAILED,
    FAIR,
    IDA,
    INA,
    ITEMS,
    IVO,
    POOR,
    ROUND,
    consensus,
    ina_scored,
    ivo_scored,
    marks,
    opened,
    revealed,
    worth,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import day

VIEWS = (calibrations, calibration_items, calibration_scores)
OF_THREE = replace(opened, participants=(INA, IVO, IDA))
BLIND = (opened, ina_scored, ivo_scored)
SHOWN = (*BLIND, revealed)
DONE = (*SHOWN, consensus)


def days(*told: object) -> list[tuple[datetime, object]]:
    return [(day(3, number), event) for number, event in enumerate(told, start=1)]


def as_a_whole(*told: object) -> Calibration:
    (row,) = rows(calibrations, *days(*told))
    assert isinstance(row, Calibration)
    return row


def items(*told: object) -> dict[str, CalibratedItem]:
    return {row.code: row for row in rows(calibration_items, *days(*told))}


def scores(*told: object) -> dict[StaffId, CalibrationScore]:
    return {row.inspector: row for row in rows(calibration_scores, *days(*told))}


def shown(**by: Scored) -> CalibrationRevealed:
    told = tuple(RevealedScore(inspector=StaffId(name), score=score) for name, score in by.items())
    return CalibrationRevealed(calibration_id=ROUND, scores=told)


# Blind


def test_it_is_known_who_is_still_to_score() -> None:
    assert as_a_whole(opened) == Calibration(
        calibration_id=ROUND,
        call_id=CALL,
        scorecard_id=CARD,
        scorecard_number=1,
        participants=(INA, IVO),
        still_to_score=(INA, IVO),
        opened_at=day(3, 1),
    )
    assert as_a_whole(*BLIND[:2]).still_to_score == (IVO,)
    assert as_a_whole(*BLIND).still_to_score == ()
    assert {name: row.scored_at for name, row in scores(*BLIND[:2]).items()} == {INA: day(3, 2), IVO: None}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_nothing_that_was_scored_is_shown_before_all_have(view: Any) -> None:
    """With the scores or without them, a row says the same but for when."""
    others = (opened, replace(ina_scored, score=CLOSE), replace(ivo_scored, score=FAILED))
    assert rows(view, *days(*BLIND)) == rows(view, *days(*others))
    assert view.opens == set()
    for row in rows(view, *days(*BLIND)):
        hidden = ("share", "kappa", "raw", "final", "auto_failed", "apart", "consensus", "revealed_at")
        assert not [name for name in hidden if getattr(row, name, None) is not None]


def test_what_is_scored_before_it_was_opened_is_nobodys() -> None:
    for view in VIEWS:
        assert rows(view, *BLIND[1:], revealed, consensus) == []


# Revealed


def test_how_far_they_agree_over_all_items() -> None:
    row = as_a_whole(*SHOWN)
    assert row.revealed_at == day(3, 4)
    assert row.share == Decimal("0.7500"), "of four items they agree on all but the need"
    # Ina says 1 three times and 0.5 once, Ivo 1 three times and 0 once: by chance 9 of 16 are the same.
    assert row.kappa == Decimal("0.4286")


def test_where_everybody_says_the_same_to_everything_there_is_no_kappa() -> None:
    best = worth("100.00", marks(need="1"))
    row = as_a_whole(*BLIND, shown(ina=best, ivo=best))
    assert (row.share, row.kappa) == (Decimal("1.0000"), None)


def test_of_three_each_pair_counts() -> None:
    told = (OF_THREE, *BLIND[1:], shown(ina=FAIR, ivo=POOR, ida=FAIR))
    assert as_a_whole(*told).share == Decimal("0.8333")
    found = items(*told)
    assert found["need"].share == Decimal("0.3333")
    assert found["close"].share == Decimal("1.0000")


def test_item_by_item() -> None:
    found = items(*SHOWN)
    assert [*found] == sorted(item.code for item in ITEMS)
    assert found["need"] == CalibratedItem(
        calibration_id=ROUND,
        code="need",
        call_id=CALL,
        scorecard_id=CARD,
        scorecard_number=1,
        weight=Decimal(50),
        kind="scale",
        auto_fail=False,
        zh="需求",
        en="Finds the need",
        revealed_at=day(3, 4),
        inspectors=(INA, IVO),
        attainments=(Decimal("0.5"), Decimal(0)),
        share=Decimal("0.0000"),
    )
    privacy = found["privacy"]
    assert (privacy.kind, privacy.auto_fail, privacy.share) == ("yes_no", True, Decimal("1.0000"))


def test_to_call_an_item_not_applicable_is_an_answer_too() -> None:
    skipped = worth("68.75", marks(greeting=None))
    found = items(*BLIND, shown(ina=FAIR, ivo=skipped))["greeting"]
    assert (found.attainments, found.share) == ((Decimal(1), None), Decimal("0.0000"))


def test_who_is_stricter_than_the_others() -> None:
    """Before there is a consensus, than the mean of all."""
    found = scores(*SHOWN)
    assert found[INA] == CalibrationScore(
        calibration_id=ROUND,
        inspector=INA,
        call_id=CALL,
        scorecard_id=CARD,
        scorecard_number=1,
        month="2026-03",
        scored_at=day(3, 2),
        revealed_at=day(3, 4),
        raw=FAIR.raw,
        final=FAIR.final,
        auto_failed=False,
        apart=Decimal("12.50"),
    )
    assert found[IVO].apart == Decimal("-12.50")


def test_who_left_before_he_had_scored_has_no_score() -> None:
    told = (OF_THREE, *BLIND[1:], revealed)
    found = scores(*told, consensus)
    assert (found[IDA].revealed_at, found[IDA].final, found[IDA].apart) == (None, None, None)
    assert as_a_whole(*told).still_to_score == (IDA,)


def test_one_score_agrees_with_nobody() -> None:
    """The other one was erased."""
    told = (*BLIND, shown(ina=FAIR))
    row = as_a_whole(*told)
    assert (row.share, row.kappa, row.revealed_at) == (None, None, day(3, 4))
    assert {each.share for each in items(*told).values()} == {None}
    assert scores(*told)[INA].apart == Decimal("0.00")
    assert as_a_whole(*BLIND, shown()).share is None


# Agreed on


def test_what_the_call_was_worth_as_they_see_it_together() -> None:
    row = as_a_whole(*DONE)
    assert (row.agreed_at, row.raw, row.final, row.auto_failed) == (day(3, 5), CLOSE.raw, CLOSE.final, False)
    assert {code: each.consensus for code, each in items(*DONE).items()} == {
        mark.code: mark.attainment for mark in CLOSE.items
    }
    assert {each.agreed_at for each in items(*DONE).values()} == {day(3, 5)}
    found = scores(*DONE)
    assert (found[INA].apart, found[IVO].apart) == (Decimal("-5.00"), Decimal("-30.00"))


# In the database


@pytest.fixture
def told(views: Views) -> Views:
    second = CalibrationId(UUID(int=2))
    others = [
        replace(each, calibration_id=second)
        for each in (OF_THREE, ina_scored, shown(ina=FAIR, ivo=POOR, ida=FAIR), consensus)
    ]
    open_still = replace(opened, calibration_id=CalibrationId(UUID(int=3)))
    for view in VIEWS:
        views.put(view, *rows(view, *DONE, *others, open_still))
    return views


@pytest.mark.slow
def test_bias_of_each_inspector_over_all_calibrations(told: Views) -> None:
    found = told.run(summary(calibration_scores, "bias", Listing(NOW, None)))
    assert [tuple(row[key] for key in ("inspector", "n", "bias", "lowest", "highest")) for row in found] == [
        ("ida", 1, Decimal("-5.00"), Decimal("-5.00"), Decimal("-5.00")),
        ("ina", 2, Decimal("-5.00"), Decimal("-5.00"), Decimal("-5.00")),
        ("ivo", 2, Decimal("-30.00"), Decimal("-30.00"), Decimal("-30.00")),
    ]
    assert [row["mean_distance"] for row in found] == [Decimal("5.00"), Decimal("5.00"), Decimal("30.00")]


@pytest.mark.slow
def test_items_on_which_inspectors_do_not_agree(told: Views) -> None:
    found = told.run(summary(calibration_items, "items", Listing(NOW, None), by=("code",)))
    shares = {row["code"]: (row["n"], row["mean_share"], row["lowest"]) for row in found}
    assert shares["need"] == (2, Decimal("0.1667"), Decimal(0))
    assert shares["close"] == (2, Decimal("1.0000"), Decimal(1))


@pytest.mark.slow
def test_they_are_the_business_of_inspectors_and_of_no_manager(told: Views) -> None:
    def seen(role: str, scope: Scope) -> list[int]:
        reach = Reach(Actor(kind="user", id="ina", role=role, org_path=OrgPath("north")), scope)
        return [row["calibration_id"].int for row in told.run(page(calibrations, Listing(NOW, reach)))]

    assert len(seen("inspector", Scope.ALL)) == 3
    assert seen("sales_manager", Scope.SUBTREE) == seen("sales", Scope.OWN) == []


@pytest.mark.slow
def test_it_is_found_by_who_is_still_to_score(told: Views) -> None:
    found = told.list(calibrations, Filter("still_to_score", "has", "ina"), sort="-opened_at")
    assert [row["subject_id"] for row in found] == [f"calibration/{UUID(int=3)}"]
    (item,) = told.list(calibration_items, Filter("code", "eq", "need"), Filter("calibration_id", "eq", str(ROUND)))
    assert item["attainments"] == [Decimal("0.5"), Decimal(0)]
