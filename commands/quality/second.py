"""How a call is scored a second time, and what happens where two scores lie too far apart."""

from collections.abc import Mapping

from commands.quality.people import must_be_able, must_be_independent, must_be_inspector, third_person
from commands.quality.reviews import proper_notes, reviews
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid, require
from domain.quality.refusals import NotBlind, NothingToArbitrate, ScoreErased
from domain.quality.review.facts import (
    ReviewArbitrated,
    SecondReviewerAssigned,
    SecondReviewRequested,
    SecondReviewSubmitted,
)
from domain.quality.review.states import (
    Agreed,
    Disputed,
    NotAsked,
    Review,
    SecondReading,
    Submitted,
    Wanted,
)
from domain.quality.scoring import Mark, scored
from domain.staff import Staff
from domain.values import Erased, ReviewId, StaffId, value


@value
class RequestSecondReview:
    review_id: ReviewId


@reviews.decides(Action.ARBITRATE)
def request_second(command: RequestSecondReview, review: Review) -> SecondReviewRequested:
    """Have a submitted review scored by somebody else too, before it is published."""
    require(require(review.stage, Submitted).second, NotAsked)
    return SecondReviewRequested(review_id=command.review_id)


@value
class AssignSecondReviewer:
    review_id: ReviewId
    inspector: StaffId


def second_named(command: AssignSecondReviewer) -> StaffId:
    return command.inspector


@reviews.decides(Action.INSPECT, staff=second_named)
def assign_second(command: AssignSecondReviewer, review: Review, staff: Staff, asked: Asked) -> SecondReviewerAssigned:
    """Give the second scoring to an inspector who is neither the agent nor the first, or from one to another."""
    second = require(require(review.stage, Submitted).second, Wanted, SecondReading)
    if not asked.imported:
        must_be_independent(command.inspector, review)
        must_be_able(command.inspector, staff, Action.INSPECT, asked)
        if command.inspector in review.calibrated:
            raise NotBlind(staff_id=command.inspector)
        if isinstance(second, SecondReading) and second.inspector == command.inspector:
            raise Invalid(field="inspector", because=f"{command.inspector} has it already")
    return SecondReviewerAssigned(review_id=command.review_id, inspector=command.inspector)


@value
class SubmitSecondReview:
    review_id: ReviewId
    items: tuple[Mark, ...]
    notes: Mapping[str, str] | None = None


@reviews.decides(Action.INSPECT)
def submit_second(command: SubmitSecondReview, review: Review, asked: Asked) -> SecondReviewSubmitted:
    """Say, without having seen the first score, what each item is worth. The first one stands, if they are close."""
    stage = require(review.stage, Submitted)
    inspector = require(stage.second, SecondReading).inspector
    must_be_inspector(inspector, asked)
    score = scored(stage.sheet.items, command.items)
    if isinstance(stage.score, Erased):
        raise ScoreErased
    return SecondReviewSubmitted(
        review_id=command.review_id,
        inspector=inspector,
        score=score,
        disputed=abs(score.final - stage.score.final) > review.terms.gap,
        notes=proper_notes(command.notes),
    )


@value
class ArbitrateReview:
    """The arbiter scores the call himself, and his score is the one that is published."""

    review_id: ReviewId
    items: tuple[Mark, ...]
    notes: Mapping[str, str] | None = None


@reviews.decides(Action.ARBITRATE)
def arbitrate(command: ArbitrateReview, review: Review, asked: Asked) -> ReviewArbitrated:
    """Decide between two scores that lie too far apart; the arbiter has given neither."""
    stage = require(review.stage, Submitted)
    if isinstance(stage.second, Agreed):
        raise NothingToArbitrate(gap=review.terms.gap)
    require(stage.second, Disputed)
    return ReviewArbitrated(
        review_id=command.review_id,
        arbiter=third_person(review, Action.ARBITRATE, asked),
        score=scored(stage.sheet.items, command.items),
        notes=proper_notes(command.notes),
    )
