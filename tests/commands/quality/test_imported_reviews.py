"""Imported history of reviews: recorded, not permitted. The stages hold for it, the rules about people and clocks do
not.
"""

from dataclasses import replace

import pytest

from commands.quality.appeals import AcknowledgeReview, AppealReview, DecideAppeal
from commands.quality.calibrating import OpenCalibration, RevealCalibration, SubmitBlindScore
from commands.quality.coaching import AssignCoaching, CompleteCoaching
from commands.quality.inspection import (
    AdoptReview,
    AssignReview,
    CloseReview,
    DraftReview,
    PublishReview,
    SubmitReview,
    VoidReview,
)
from commands.quality.second import ArbitrateReview, AssignSecondReviewer, SubmitSecondReview
from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotNow
from domain.quality.refusals import (
    AppealsExhausted,
    ArbitrationNeeded,
    CoachingNotDue,
    NotAParticipant,
    SecondScoreMissing,
)
from domain.quality.review.facts import ReviewAdopted, ReviewStatus
from domain.values import CallId, OrgPath, StaffId
from tests.commands.quality.situations import (
    CALL,
    CARD,
    CLOSE,
    FAILED,
    FAIR,
    INA,
    IVO,
    OTHER,
    REVIEW,
    ROUND,
    acknowledged,
    adjusted,
    agreed,
    appealed,
    arbitrated,
    assigned,
    at,
    closed,
    coached,
    coaching,
    disputed,
    drafted,
    ina_scored,
    marks,
    noted,
    opened,
    published,
    quin,
    requested,
    sampled,
    second_assigned,
    shown,
    submitted,
    upheld,
    voided,
    whole,
)
from tests.commands.quality.test_stages import ALL, SAMPLE, STEPS
from tests.spec import ANN, When, administrator, ann, crm, day, given, mia

ZOE = StaffId("zoe")  # She left before anybody here kept a list of the staff.
zoe = Actor(kind="user", id=ZOE, name="Zoë", role="inspector", org_path=OrgPath("closed/branch"))
dialler = Actor(kind="integration", id="dialler")
assign = AssignReview(review_id=REVIEW, inspector=INA, scorecard_id=CARD)


def told(before: ReviewStatus, command: object, by: Actor = zoe, *more: object) -> When:
    return given(*at(before), *more).when(command, by=by, imported=True)


@pytest.mark.parametrize("name", [each for each in STEPS if each != "adopt"])
@pytest.mark.parametrize("before", ALL)
def test_the_stages_hold_for_history_too(before: ReviewStatus, name: str) -> None:
    """What is not in the table is refused, but for a line that repeats what is so."""
    step = STEPS[name]
    asked = told(before, step.command, step.by)
    repeats = {"publish": "published", "acknowledge": "acknowledged", "close": "closed", "void": "voided"}
    if before in step.to or repeats.get(name) == before:
        assert len(asked.recorded) == 1
    else:
        asked.refused(NotNow)


@pytest.mark.parametrize(
    ("before", "command", "event"),
    [
        ("assigned", assign, replace(assigned, from_="assigned")),
        ("draft", DraftReview(review_id=REVIEW, items=marks()[:2]), replace(drafted, from_="draft")),
        ("published", PublishReview(review_id=REVIEW), replace(shown, from_="published")),
        ("acknowledged", AcknowledgeReview(review_id=REVIEW), replace(acknowledged, from_="acknowledged")),
        ("closed", CloseReview(review_id=REVIEW), replace(closed, from_="closed")),
        ("voided", VoidReview(review_id=REVIEW, reason="no-sound"), replace(voided, from_="voided")),
    ],
)
def test_a_line_that_repeats_what_is_so_is_kept_and_changes_nothing(
    before: ReviewStatus, command: object, event: object
) -> None:
    asked = told(before, command)
    state = given(*at(before)).when(command, by=crm).desk.executor.state(f"review/{REVIEW}").state
    asked.then(event)
    assert asked.desk.executor.state(f"review/{REVIEW}").state == state


def test_what_is_no_history_is_not_repeated() -> None:
    given(*at("published")).when(PublishReview(review_id=REVIEW), by=quin).refused(NotNow)
    given(*at("acknowledged")).when(AcknowledgeReview(review_id=REVIEW), by=ann).refused(NotNow)
    given(*at("voided")).when(VoidReview(review_id=REVIEW, reason="x"), by=quin).refused(NotNow)


# The rules about people


def test_whoever_it_was_whose_call_it_was() -> None:
    given(*published).when(replace(SAMPLE, agent=ZOE, stratum="old"), by=dialler, imported=True).then(
        replace(sampled(agent=ZOE), stratum="old")
    )
    given(*published).when(SAMPLE, by=dialler, imported=True).then(sampled())
    untold = replace(SAMPLE, review_id=OTHER, call_id=CallId(OTHER), month="2019-01")
    given(*published).when(replace(untold, agent=ZOE), by=dialler, imported=True).then(
        replace(sampled(OTHER, ZOE), month="2019-01")
    )
    given(*published).when(untold, by=dialler, imported=True).refused(Invalid, because="agent: nobody knows whose")
    given(*published).when(replace(SAMPLE, call_id=CallId(OTHER)), by=dialler, imported=True).refused(Invalid)


def test_whoever_it_was_who_inspected() -> None:
    for inspector in (ZOE, ANN, StaffId("bob")):
        told("selected", replace(assign, inspector=inspector), crm).then(replace(assigned, inspector=inspector))
    told("assigned", SubmitReview(review_id=REVIEW, items=marks()), dialler).then(replace(submitted, from_="assigned"))


def test_whoever_it_was_who_scored_it_again_and_decided() -> None:
    again = AssignSecondReviewer(review_id=REVIEW, inspector=INA)
    told("submitted", again, crm, requested).then(replace(second_assigned, inspector=INA))
    second = SubmitSecondReview(review_id=REVIEW, items=CLOSE.items)
    told("submitted", second, crm, requested, second_assigned).then(agreed)
    arbitrate = ArbitrateReview(review_id=REVIEW, items=CLOSE.items)
    way = (requested, second_assigned, disputed)
    told("submitted", arbitrate, zoe, *way).then(replace(arbitrated, arbiter=ZOE))
    told("submitted", arbitrate, dialler, *way).then(replace(arbitrated, arbiter=None))
    told("submitted", arbitrate, replace(zoe, id="ina"), *way).then(replace(arbitrated, arbiter=INA))


def test_two_scores_that_lie_apart_were_arbitrated_in_history_too() -> None:
    publish = PublishReview(review_id=REVIEW)
    told("submitted", publish, zoe, requested).refused(SecondScoreMissing)
    told("submitted", publish, zoe, requested, second_assigned, disputed).refused(ArbitrationNeeded)


def test_whoever_it_was_who_acknowledged_or_appealed_and_when() -> None:
    told("published", AcknowledgeReview(review_id=REVIEW), dialler).then(acknowledged)
    appeal = AppealReview(review_id=REVIEW, items=("need",), grounds="我问过两次")
    given(*at("published")).when(appeal, by=zoe, at=day(6, 1), imported=True).then(appealed)
    twice = (replace(appealed, level=2, from_="upheld"), replace(upheld, level=2, appeal_until=None))
    told("upheld", appeal, zoe, *twice).refused(AppealsExhausted)


def test_whoever_it_was_who_decided_an_appeal() -> None:
    told("appealed", DecideAppeal(review_id=REVIEW), zoe).then(replace(upheld, by=ZOE))
    told("appealed", DecideAppeal(review_id=REVIEW), dialler).then(replace(upheld, by=None))
    adjust = DecideAppeal(review_id=REVIEW, items=CLOSE.items[1:2])
    told("appealed", adjust, replace(zoe, id="ina")).then(replace(adjusted, by=INA))


def test_a_review_was_closed_when_it_was_closed() -> None:
    told("published", CloseReview(review_id=REVIEW), dialler).then(replace(closed, from_="published"))


def test_history_had_reasons_of_its_own() -> None:
    told("selected", VoidReview(review_id=REVIEW, reason="tape-lost"), zoe).then(replace(voided, reason="tape-lost"))
    told("selected", VoidReview(review_id=REVIEW, reason="the tape"), zoe).refused(Invalid, because="this is a code")


def test_whoever_it_was_who_coached() -> None:
    failed = (*published, *whole(REVIEW, ANN, FAILED))
    assign_ = AssignCoaching(review_id=REVIEW, coach=ZOE, because="auto-fail", due=day(3, 1))
    given(*failed).when(assign_, by=dialler, imported=True).then(replace(coaching, coach=ZOE, due=day(3, 1)))
    given(*failed, coaching).when(CompleteCoaching(review_id=REVIEW), by=dialler, imported=True).then(coached)
    given(*published, *whole(REVIEW, ANN, FAIR)).when(assign_, by=dialler, imported=True).refused(CoachingNotDue)


def test_whoever_it_was_who_calibrated() -> None:
    old = OpenCalibration(calibration_id=ROUND, call_id=CALL, scorecard_id=CARD, participants=(ZOE, IVO))
    story = (
        given(*published)
        .when(old, by=zoe, imported=True)
        .then(replace(opened, participants=(ZOE, IVO)), replace(noted, participants=(ZOE, IVO)))
    )
    blind = SubmitBlindScore(calibration_id=ROUND, items=FAIR.items)
    after = story.when(blind, by=zoe, imported=True).then(replace(ina_scored, inspector=ZOE))
    after.when(blind, by=dialler, imported=True).refused(NotAParticipant, because="dialler was not asked to it")
    assert not after.when(RevealCalibration(calibration_id=ROUND), by=zoe, imported=True).recorded


# And live again


def test_imported_history_becomes_a_live_review() -> None:
    adopt = AdoptReview(review_id=REVIEW)
    given(*at("published")).when(adopt, by=administrator).then(ReviewAdopted(review_id=REVIEW))
    for other in (quin, mia, ann):
        given(*at("published")).when(adopt, by=other).refused(NotAllowed, because="import is not allowed")
    given(*at("voided")).when(adopt, by=administrator).refused(NotNow)
