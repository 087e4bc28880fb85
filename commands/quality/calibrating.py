"""What may be asked of a calibration. Nothing here touches a review."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from commands.decider import Decider
from commands.quality.people import must_be_able, must_be_independent
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid
from domain.quality.calibration import (
    Blind,
    BlindScoreSubmitted,
    Calibration,
    CalibrationEvent,
    CalibrationOpened,
    CalibrationRevealed,
    ConsensusSet,
    Revealed,
    RevealedScore,
    Unopened,
    evolve,
)
from domain.quality.refusals import NotAParticipant, ScoredAlready, SecondScoreOpen, StillScoring
from domain.quality.review.facts import CalibrationNoted
from domain.quality.review.states import AnyReview, Review, Unsampled, Voided, second_is_open
from domain.quality.scorecard import Published
from domain.quality.scoring import Mark, scored
from domain.staff import Departed, Staff
from domain.values import CalibrationId, CallId, Erased, ReviewId, ScorecardId, StaffId, value

calibrations = Decider[Calibration, CalibrationEvent](
    name="calibration",
    plural="calibrations",
    id_field="calibration_id",
    key=UUID,
    initial=lambda _: Unopened(),
    evolve=evolve,
)

FEWEST, MOST = 2, 50  # Participants.


@value
class OpenCalibration:
    """The call need not have been drawn. If it was, its agent does not take part."""

    calibration_id: CalibrationId
    call_id: CallId
    scorecard_id: ScorecardId
    participants: tuple[StaffId, ...]


def scorecard_named(command: OpenCalibration) -> ScorecardId:
    return command.scorecard_id


def review_of(command: OpenCalibration) -> ReviewId:
    return ReviewId(command.call_id)  # A review has the id of its call.


def asked_to_it(command: OpenCalibration) -> tuple[StaffId, ...]:
    return command.participants


@calibrations.decides(Action.ARBITRATE, scorecard=scorecard_named, review=review_of, staff=asked_to_it)
def open_calibration(
    command: OpenCalibration,
    _: Unopened,
    scorecard: Published,
    review: Unsampled | Review | Voided,
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[CalibrationOpened | CalibrationNoted]:
    """Ask several inspectors to score one call, each for himself."""
    number = len(command.participants)
    if not FEWEST <= number <= MOST or len(staff) != number:
        raise Invalid(field="participants", because=f"a calibration takes {FEWEST} to {MOST} inspectors, each once")
    if not asked.imported:
        must_unblind_nobody(review)
        for staff_id, person in staff.items():
            must_be_able(staff_id, person, Action.INSPECT, asked)
            if isinstance(review, Review) and staff_id == review.agent:
                must_be_independent(staff_id, review)
    yield CalibrationOpened(
        calibration_id=command.calibration_id,
        call_id=command.call_id,
        participants=command.participants,
        scorecard_id=command.scorecard_id,
        scorecard_number=scorecard.edition.number,
        items=scorecard.edition.items,
    )
    yield CalibrationNoted(
        review_id=ReviewId(command.call_id), calibration_id=command.calibration_id, participants=command.participants
    )


def must_unblind_nobody(review: AnyReview) -> None:
    if second_is_open(review):
        raise SecondScoreOpen


@value
class SubmitBlindScore:
    calibration_id: CalibrationId
    items: tuple[Mark, ...]


@calibrations.decides(Action.INSPECT)
def submit_blind_score(command: SubmitBlindScore, calibration: Blind, asked: Asked) -> BlindScoreSubmitted:
    """Score the call, once, and without knowing what the others found."""
    inspector = asked.staff_id
    if asked.person not in calibration.participants:
        raise NotAParticipant(staff_id=inspector)
    if inspector in calibration.scores:
        raise ScoredAlready(staff_id=inspector)
    score = scored(calibration.sheet.items, command.items)
    return BlindScoreSubmitted(calibration_id=command.calibration_id, inspector=inspector, score=score)


@value
class RevealCalibration:
    calibration_id: CalibrationId


def still_missing(calibration: Blind) -> list[StaffId]:
    return sorted(calibration.participants - calibration.scores.keys())


def review_calibrated(calibration: Blind) -> ReviewId:
    return ReviewId(calibration.call_id)


@calibrations.decides(Action.ARBITRATE, staff=still_missing, review=review_calibrated)
def reveal(
    command: RevealCalibration, calibration: Blind, staff: Mapping[StaffId, Staff], review: AnyReview, asked: Asked
) -> CalibrationRevealed:
    """Let everybody see what everybody scored, once all have. Nobody waits for who has left, and nobody who is still to
    score the call blind is told.
    """
    if not asked.imported:
        must_unblind_nobody(review)
    missing = tuple(staff_id for staff_id, person in staff.items() if not isinstance(person, Departed))
    if missing or len(calibration.scores) < FEWEST:
        raise StillScoring(missing=missing)
    scores = (
        RevealedScore(inspector=inspector, score=score)
        for inspector, score in sorted(calibration.scores.items())
        if not isinstance(score, Erased)
    )
    return CalibrationRevealed(calibration_id=command.calibration_id, scores=tuple(scores))


@value
class SetConsensus:
    calibration_id: CalibrationId
    items: tuple[Mark, ...]


@calibrations.decides(Action.ARBITRATE)
def set_consensus(command: SetConsensus, calibration: Revealed) -> ConsensusSet:
    """Say what the call was worth, as the inspectors see it together. The agent's own score stays what it is."""
    score = scored(calibration.sheet.items, command.items)
    return ConsensusSet(calibration_id=command.calibration_id, score=score)
