"""Calibrations: everybody scores once and blind; they are revealed together, and no agent's score changes."""

from dataclasses import replace

import pytest

from commands.quality.calibrating import OpenCalibration, RevealCalibration, SetConsensus, SubmitBlindScore
from domain.errors import Hidden, Invalid, NotAllowed, NotNow, Refused
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.quality.calibration import RevealedScore
from domain.quality.refusals import (
    NotAParticipant,
    NotIndependent,
    ScoredAlready,
    SecondScoreOpen,
    StillScoring,
)
from domain.quality.review.facts import ReviewStatus
from domain.quality.review.states import Review
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import Erased, OrgPath, ScorecardId, StaffId
from tests.commands.quality.situations import (
    CALL,
    CARD,
    CLOSE,
    FAIR,
    IDA,
    INA,
    IVO,
    POOR,
    QUIN,
    REVIEW,
    ROUND,
    agreed,
    at,
    card,
    consensus,
    disputed,
    ida,
    ina,
    ina_scored,
    ivo,
    ivo_scored,
    marks,
    noted,
    opened,
    published,
    queenie,
    quin,
    requested,
    revealed,
    second_assigned,
    voided,
)
from tests.spec import ANN, START, Given, ann, given, mia, policy

open_ = OpenCalibration(calibration_id=ROUND, call_id=CALL, scorecard_id=CARD, participants=(INA, IVO))
score = SubmitBlindScore(calibration_id=ROUND, items=FAIR.items)
reveal = RevealCalibration(calibration_id=ROUND)
agree = SetConsensus(calibration_id=ROUND, items=CLOSE.items)

WAYS: dict[str, tuple[object, ...]] = {
    "unopened": (),
    "blind": (opened,),
    "half scored": (opened, ivo_scored),
    "scored": (opened, ina_scored, ivo_scored),
    "revealed": (opened, ina_scored, ivo_scored, revealed),
    "calibrated": (opened, ina_scored, ivo_scored, revealed, consensus),
}
OUTCOMES: dict[tuple[str, str], object] = {
    ("unopened", "open"): (opened, noted),
    ("unopened", "score"): Hidden,
    ("unopened", "reveal"): Hidden,
    ("unopened", "agree"): Hidden,
    ("blind", "score"): ina_scored,
    ("blind", "reveal"): StillScoring,
    ("half scored", "score"): ina_scored,
    ("half scored", "reveal"): StillScoring,
    ("scored", "score"): ScoredAlready,
    ("scored", "reveal"): revealed,
    ("revealed", "agree"): consensus,
}
STEPS = {"open": (open_, quin), "score": (score, ina), "reveal": (reveal, quin), "agree": (agree, quin)}


def so_far(name: str) -> Given:
    return given(*published, *WAYS[name])


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("before", WAYS)
def test_a_calibration_goes_its_way(before: str, name: str) -> None:
    command, by = STEPS[name]
    outcome = OUTCOMES.get((before, name), NotNow)
    asked = so_far(before).when(command, by=by)
    if isinstance(outcome, type) and issubclass(outcome, Refused):
        asked.refused(outcome)
    else:
        asked.then(*(outcome if isinstance(outcome, tuple) else (outcome,)))


# Who


@pytest.mark.parametrize(
    "participants", [(), (INA,), (INA, INA), (INA, IVO, INA), tuple(map(StaffId, map(str, range(51))))]
)
def test_it_takes_several_each_once(participants: tuple[StaffId, ...]) -> None:
    so_far("unopened").when(replace(open_, participants=participants), by=quin).refused(
        Invalid, because="^participants: a calibration takes 2 to 50 inspectors, each once"
    )


def test_who_takes_part_works_here_inspects_and_is_to_be_had() -> None:
    story = so_far("unopened")
    story.when(replace(open_, participants=(INA, StaffId("bob"))), by=quin).refused(NotAllowed, because="bob is in the")
    story.when(replace(open_, participants=(INA, StaffId("nobody"))), by=quin).refused(NotEmployed)
    story.also(StaffDeparted(staff_id=IVO)).when(open_, by=quin).refused(NotEmployed)
    story.also(AvailabilityChanged(staff_id=IVO, available=False)).when(open_, by=quin).refused(NotAvailable)
    story.when(replace(open_, participants=(QUIN, IDA)), by=quin).done()
    for other in (ina, policy, mia, ann):
        story.when(open_, by=other).refused(NotAllowed, because="arbitrate is not allowed")


def test_the_agent_does_not_take_part() -> None:
    turned = StaffMoved(staff_id=ANN, role="inspector", from_=OrgPath("north/team-1"), to=OrgPath("quality"))
    with_ann = replace(open_, participants=(ANN, IVO))
    given(*at("selected"), turned).when(with_ann, by=quin).refused(NotIndependent, because="ann is its agent")
    given(*published, turned).when(with_ann, by=quin).done()  # Nobody knows whose call it is.
    given(*at("selected"), turned, voided).when(with_ann, by=quin).done()


def test_it_is_scored_by_the_edition_of_the_day() -> None:
    given(*published).when(replace(open_, scorecard_id=ScorecardId("none")), by=quin).refused(NotNow)
    second = replace(card, number=2, from_="published", items=card.items[:2])
    later = given(*published, opened, second)
    later.when(score, by=ina).then(ina_scored)
    given(*published, second).when(open_, by=quin).then(
        replace(opened, scorecard_number=2, items=card.items[:2]), noted
    )


def test_everybody_scores_once_and_for_himself() -> None:
    story = so_far("blind")
    story.when(score, by=ida).refused(NotAParticipant, because="ida was not asked to it")
    story.when(score, by=quin).refused(NotAParticipant)
    story.when(score, by=replace(policy, id="ina")).refused(NotAParticipant)
    story.when(score, by=ann).refused(NotAllowed, because="inspect is not allowed")
    story.when(replace(score, items=marks()[:2]), by=ina).refused(Invalid, because="items: close has no mark")
    after = story.when(score, by=ina).then(ina_scored)
    after.when(replace(score, items=POOR.items), by=ina).refused(ScoredAlready, because="ina has scored")
    after.when(replace(score, items=POOR.items), by=ivo).then(ivo_scored)


# Blind


def test_nothing_is_told_before_it_is_revealed() -> None:
    """Neither by the state, nor by the events, nor by a refusal."""
    from api.shown import MASK, masked, shown
    from tests.memory import CODEC

    story = so_far("half scored")
    asked = story.when(reveal, by=quin)
    asked.refused(StillScoring, because="^still to score: ina$")
    assert shown(asked.desk.executor.state(f"calibration/{ROUND}").state)["scores"] == MASK
    assert masked(ivo_scored, CODEC)["score"] == MASK
    for command, by in (
        (reveal, queenie),
        (agree, queenie),
        (score, ida),
        (open_, queenie),
        (replace(score, items=()), ina),
    ):
        refused = story.when(command, by=by)
        assert not isinstance(refused.answer, Exception)
        assert refused.answer.refusal is not None
        assert "50" not in str(refused.answer.refusal)
    (entry,) = so_far("scored").when(reveal, by=quin).recorded
    assert [each["score"]["final"] for each in masked(entry.event, CODEC)["scores"]] == ["75.00", "50.00"]


@pytest.mark.parametrize("status", ["selected", "assigned", "draft", "submitted"])
def test_none_is_opened_while_somebody_is_to_score_the_call_blind(status: ReviewStatus) -> None:
    given(*at(status, twice=True)).when(open_, by=quin).refused(SecondScoreOpen, because="has not come yet")
    given(*at(status)).when(open_, by=quin).then(opened, noted)
    asked_for = given(*at("submitted"), requested)
    asked_for.when(open_, by=quin).refused(SecondScoreOpen)
    asked_for.also(second_assigned).when(open_, by=quin).refused(SecondScoreOpen)
    for second in (agreed, disputed):
        asked_for.also(second_assigned, second).when(open_, by=quin).then(opened, noted)


def test_what_was_scored_is_not_revealed_to_who_is_to_score_the_call_blind() -> None:
    scored = (opened, noted, ina_scored, ivo_scored, requested)
    story = given(*at("submitted"), *scored)
    story.when(reveal, by=quin).refused(SecondScoreOpen)
    by_ida = (replace(second_assigned, inspector=IDA), replace(agreed, inspector=IDA))
    story.also(*by_ida).when(reveal, by=quin).then(revealed)


def test_nobody_waits_for_who_has_left() -> None:
    three = replace(opened, participants=(INA, IVO, IDA))
    story = given(*published, three, ina_scored, ivo_scored)
    story.when(reveal, by=quin).refused(StillScoring, because="still to score: ida")
    story.also(StaffDeparted(staff_id=IDA)).when(reveal, by=quin).then(revealed)
    alone = given(*published, opened, ina_scored, StaffDeparted(staff_id=IVO))
    alone.when(reveal, by=quin).refused(StillScoring, because="still to score: at least two")


def test_who_has_left_after_scoring_has_scored() -> None:
    so_far("scored").also(StaffDeparted(staff_id=IVO)).when(reveal, by=quin).then(revealed)


def test_a_score_that_was_erased_is_not_revealed() -> None:
    gone = replace(ivo_scored, score=Erased(on=START, by="erasure"))
    given(*published, opened, ina_scored, gone).when(reveal, by=quin).then(
        replace(revealed, scores=(RevealedScore(inspector=INA, score=FAIR),))
    )


def test_who_reveals_and_who_says_what_it_was_worth_decides_between_scores() -> None:
    for other in (ina, policy, mia):
        so_far("scored").when(reveal, by=other).refused(NotAllowed, because="arbitrate is not allowed")
        so_far("revealed").when(agree, by=other).refused(NotAllowed, because="arbitrate is not allowed")
    so_far("revealed").when(replace(agree, items=()), by=quin).refused(Invalid, because="items: greeting has no mark")


def test_no_agent_s_score_changes() -> None:
    story = given(*at("published"))
    before = story.when(reveal, by=quin).desk.executor.state(f"review/{REVIEW}")
    for command, by in ((open_, quin), (score, ina), (replace(score, items=POOR.items), ivo), (reveal, quin)):
        story = story.when(command, by=by).done()
    last = story.when(agree, by=quin)
    last.then(consensus)
    after = last.desk.executor.state(f"review/{REVIEW}").state
    assert isinstance(after, Review)
    assert replace(after, calibrated=frozenset()) == before.state
    assert {each.stream for each in last.recorded} == {f"calibration/{ROUND}"}
