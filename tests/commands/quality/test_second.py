"""Scored twice: the second inspector is blind, and where the two lie too far apart, a third decides."""

from dataclasses import replace

import pytest

from commands.quality.inspection import PublishReview, SubmitReview
from commands.quality.sampling import SampleCall
from commands.quality.second import ArbitrateReview, AssignSecondReviewer, RequestSecondReview, SubmitSecondReview
from domain.errors import Invalid, NotAllowed, NotNow, Refused
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.quality.plan import PlanTerms, ReviewTerms
from domain.quality.refusals import (
    ArbitrationNeeded,
    NotBlind,
    NothingToArbitrate,
    NotIndependent,
    NotTheInspector,
    ScoreErased,
    SecondScoreMissing,
)
from domain.quality.sampling import is_scored_twice
from domain.quality.scoring import Mark, Scored
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import CallId, Erased, OrgPath, StaffId
from tests.commands.quality.situations import (
    CLOSE,
    FAILED,
    FAIR,
    IDA,
    INA,
    IVO,
    POOR,
    QUIN,
    REVIEW,
    TO_SUBMITTED,
    agreed,
    arbitrated,
    assigned,
    at,
    disputed,
    ida,
    ina,
    ivo,
    marks,
    noted,
    plan,
    published,
    queenie,
    quin,
    requested,
    sampled,
    second_assigned,
    shown,
    submitted,
    worth,
)
from tests.commands.quality.test_stages import SAMPLE
from tests.spec import ANN, START, Given, given, mia, policy

request = RequestSecondReview(review_id=REVIEW)
assign = AssignSecondReviewer(review_id=REVIEW, inspector=IVO)
submit = SubmitSecondReview(review_id=REVIEW, items=CLOSE.items)
arbitrate = ArbitrateReview(review_id=REVIEW, items=CLOSE.items)
publish = PublishReview(review_id=REVIEW)

SECOND: dict[str, tuple[object, ...]] = {
    "not asked": (),
    "wanted": (requested,),
    "being read": (requested, second_assigned),
    "agreed": (requested, second_assigned, agreed),
    "disputed": (requested, second_assigned, disputed),
    "arbitrated": (requested, second_assigned, disputed, arbitrated),
}
OUTCOMES: dict[tuple[str, str], object] = {
    ("not asked", "request"): requested,
    ("not asked", "publish"): shown,
    ("wanted", "assign"): second_assigned,
    ("wanted", "publish"): SecondScoreMissing,
    ("being read", "assign"): Invalid,  # To the same inspector.
    ("being read", "submit"): agreed,
    ("being read", "publish"): SecondScoreMissing,
    ("agreed", "publish"): shown,
    ("agreed", "arbitrate"): NothingToArbitrate,
    ("disputed", "arbitrate"): arbitrated,
    ("disputed", "publish"): ArbitrationNeeded,
    ("arbitrated", "publish"): replace(shown, score=CLOSE),
}
STEPS = {
    "request": (request, quin),
    "assign": (assign, ina),
    "submit": (submit, ivo),
    "arbitrate": (arbitrate, quin),
    "publish": (publish, quin),
}


def at_second(name: str) -> Given:
    return given(*at("submitted"), *SECOND[name])


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("before", SECOND)
def test_a_second_opinion_goes_its_way(before: str, name: str) -> None:
    command, by = STEPS[name]
    outcome = OUTCOMES.get((before, name), NotNow)
    if before == "arbitrated" and name == "arbitrate":
        by = queenie
    asked = at_second(before).when(command, by=by)
    if isinstance(outcome, type) and issubclass(outcome, Refused):
        asked.refused(outcome)
    else:
        asked.then(outcome)


def test_whom_the_plan_has_scored_twice_is_known_from_the_seed() -> None:
    always = given(*published, replace(plan, number=2, terms=PlanTerms(twice_percent=100)))
    always.when(SAMPLE, by=policy).then(replace(sampled(twice=True), plan_number=2))
    waiting = given(*at("submitted", twice=True))
    waiting.when(publish, by=ina).refused(SecondScoreMissing, because="the second score has not come yet")
    waiting.when(request, by=quin).refused(NotNow, because="needs NotAsked, and it is Wanted")
    waiting.when(assign, by=ina).then(second_assigned)


def test_a_call_is_scored_twice_or_not_as_anybody_can_work_out() -> None:
    tenth = given(*published, replace(plan, number=2, terms=PlanTerms(twice_percent=30)))
    found = set()
    for number in range(12):
        seed = f"s{number}"
        (entry,) = tenth.when(replace(SAMPLE, seed=seed), by=policy).recorded
        assert entry.event.twice == is_scored_twice(CallId(REVIEW), 30, seed)
        found.add(entry.event.twice)
    assert found == {True, False}
    assert "twice" not in SampleCall.__annotations__


# Who


def test_the_second_inspector_is_neither_the_agent_nor_the_first() -> None:
    story = at_second("wanted")
    story.when(replace(assign, inspector=INA), by=quin).refused(NotIndependent, because="ina is its first inspector")
    turned = StaffMoved(staff_id=ANN, role="inspector", from_=OrgPath("north/team-1"), to=OrgPath("quality"))
    story.also(turned).when(replace(assign, inspector=ANN), by=quin).refused(NotIndependent, because="ann is its agent")


def test_the_second_inspector_works_here_inspects_and_is_to_be_had() -> None:
    story = at_second("wanted")
    story.when(replace(assign, inspector=StaffId("bob")), by=quin).refused(NotAllowed, because="bob is in the role")
    story.also(StaffDeparted(staff_id=IVO)).when(assign, by=quin).refused(NotEmployed)
    story.also(AvailabilityChanged(staff_id=IVO, available=False)).when(assign, by=quin).refused(NotAvailable)
    story.when(assign, by=policy).then(second_assigned)
    story.when(assign, by=mia).refused(NotAllowed)
    at_second("not asked").when(request, by=ina).refused(NotAllowed, because="arbitrate is not allowed")


def test_the_second_reading_can_go_to_another() -> None:
    story = (
        at_second("being read")
        .when(replace(assign, inspector=IDA), by=quin)
        .then(replace(second_assigned, inspector=IDA))
    )
    story.when(submit, by=ivo).refused(NotTheInspector, because="ida has it")
    story.when(submit, by=ida).then(replace(agreed, inspector=IDA))
    at_second("being read").when(assign, by=quin).refused(Invalid, because="inspector: ivo has it already")


def test_the_arbiter_is_neither_of_the_two() -> None:
    inspectors = [
        StaffMoved(staff_id=each, role="quality_manager", from_=OrgPath("quality"), to=OrgPath("quality"))
        for each in (INA, IVO, ANN)
    ]
    story = at_second("disputed").also(*inspectors)
    story.when(arbitrate, by=ina).refused(NotIndependent, because="ina is its first inspector")
    story.when(arbitrate, by=ivo).refused(NotIndependent, because="ivo is its second inspector")
    story.when(arbitrate, by=replace(ina, id="ann")).refused(NotIndependent, because="ann is its agent")
    story.when(arbitrate, by=ida).refused(NotAllowed, because="arbitrate is not allowed")
    story.when(arbitrate, by=policy).refused(NotAllowed, because="arbitrate is not allowed")
    story.when(arbitrate, by=queenie).then(replace(arbitrated, arbiter=StaffId("queenie")))


# How far apart


@pytest.mark.parametrize(
    ("first", "second", "gap", "apart"),
    [
        (FAIR, CLOSE, 10, False),
        (FAIR, POOR, 10, True),
        (FAIR, worth("65.00", marks(need="0.3")), 10, False),  # Ten points, and no more.
        (FAIR, worth("64.50", marks(need="0.29")), 10, True),
        (worth("65.00", marks(need="0.3")), FAIR, 10, False),
        (worth("64.50", marks(need="0.29")), FAIR, 10, True),
        (FAIR, CLOSE, 4, True),
        (FAIR, FAILED, 74, True),  # The same marks, but for what fails the call.
        (FAIR, FAIR, 0, False),
    ],
)
def test_two_scores_are_disputed_when_they_lie_further_apart_than_the_plan_says(
    first: Scored, second: Scored, gap: int, apart: bool
) -> None:
    story = given(
        *published,
        sampled(terms=ReviewTerms(gap=gap)),
        assigned,
        replace(submitted, score=first, from_="assigned"),
        requested,
        second_assigned,
    )
    after = story.when(replace(submit, items=second.items), by=ivo).then(replace(agreed, score=second, disputed=apart))
    if apart:
        after.when(publish, by=quin).refused(ArbitrationNeeded, because=f"more than {gap} points apart")
    else:
        after.when(publish, by=quin).then(replace(shown, score=first))
        after.when(arbitrate, by=quin).refused(NothingToArbitrate, because=f"no more than {gap} points apart")


def test_no_refusal_tells_what_the_other_found() -> None:
    """Whoever is to score, and asks for anything before he has, hears no figure of the first score."""
    story = at_second("being read")
    for command in (
        publish,
        request,
        assign,
        arbitrate,
        replace(submit, items=()),
        SubmitReview(review_id=REVIEW, items=()),
    ):
        asked = story.when(command, by=ivo)
        assert not isinstance(asked.answer, Exception)
        assert asked.answer.refusal is not None
        assert "75" not in str(asked.answer.refusal)
        assert "0.5" not in str(asked.answer.refusal)


def test_the_second_score_needs_marks_for_all_as_the_first() -> None:
    for command, by, before in ((submit, ivo, "being read"), (arbitrate, quin, "disputed")):
        asked = at_second(before).when(replace(command, items=marks()[:1]), by=by)
        asked.refused(Invalid, because="items: need has no mark")
        asked = at_second(before).when(replace(command, notes={"need": ""}), by=by)
        asked.refused(Invalid, because="notes/need")
    assert Mark in map(type, POOR.items)


def test_what_was_erased_is_not_compared() -> None:
    gone = replace(submitted, score=Erased(on=START, by="erasure"))
    story = given(*published, sampled(), *TO_SUBMITTED[:-1], gone, requested, second_assigned)
    story.when(submit, by=ivo).refused(ScoreErased)
    decided = given(*published, sampled(), *TO_SUBMITTED[:-1], gone, requested, second_assigned, disputed)
    decided.when(arbitrate, by=quin).then(arbitrated).when(publish, by=quin).then(replace(shown, score=CLOSE))
    assert arbitrated.arbiter == QUIN


def test_who_takes_part_in_a_calibration_of_the_call_is_not_blind() -> None:
    """Opened before the call was drawn, or after."""
    second = AssignSecondReviewer(review_id=REVIEW, inspector=IVO)
    for history in ((*published, noted, *at("submitted")[len(published) :]), (*at("submitted"), noted)):
        story = given(*history, requested)
        story.when(second, by=quin).refused(NotBlind, because="ivo takes part in a calibration of the call")
        story.when(replace(second, inspector=IDA), by=quin).then(replace(second_assigned, inspector=IDA))
