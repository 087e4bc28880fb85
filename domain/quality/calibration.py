"""A calibration: several inspectors score one call, blind to each other, and agree on what it is worth.

It never changes a score that an agent has been given. Until it is revealed, what somebody scored is stored like a
personal value, and masked for whoever reads the events.
"""

from collections.abc import Mapping

from domain.errors import ImpossibleHistory
from domain.quality.scorecard import Item, Sheet
from domain.quality.scoring import Scored
from domain.values import CalibrationId, CallId, Personal, ScorecardId, StaffId, fact, replace, value

# Facts


@fact("calibration.opened")
class CalibrationOpened:
    calibration_id: CalibrationId
    call_id: CallId
    participants: tuple[StaffId, ...]
    scorecard_id: ScorecardId
    scorecard_number: int
    items: tuple[Item, ...]


@fact("calibration.blind-score-submitted")
class BlindScoreSubmitted:
    calibration_id: CalibrationId
    inspector: StaffId
    score: Personal[Scored]


@value
class RevealedScore:
    inspector: StaffId
    score: Scored


@fact("calibration.revealed")
class CalibrationRevealed:
    """What everybody scored; who left before he had is not among them, and neither is a score that was erased."""

    calibration_id: CalibrationId
    scores: tuple[RevealedScore, ...]


@fact("calibration.consensus-set")
class ConsensusSet:
    calibration_id: CalibrationId
    score: Scored


CalibrationEvent = CalibrationOpened | BlindScoreSubmitted | CalibrationRevealed | ConsensusSet


# States


@value
class Unopened: ...


@value
class Blind:
    call_id: CallId
    sheet: Sheet
    participants: frozenset[StaffId]
    scores: Mapping[StaffId, Personal[Scored]]


@value
class Revealed:
    call_id: CallId
    sheet: Sheet
    scores: Mapping[StaffId, Scored]


@value
class Calibrated:
    call_id: CallId
    scores: Mapping[StaffId, Scored]
    consensus: Scored


Calibration = Unopened | Blind | Revealed | Calibrated


def evolve(calibration: Calibration, event: CalibrationEvent) -> Calibration:
    match calibration, event:
        case Unopened(), CalibrationOpened(call_id=call_id, participants=participants):
            sheet = Sheet(scorecard_id=event.scorecard_id, number=event.scorecard_number, items=event.items)
            return Blind(call_id=call_id, sheet=sheet, participants=frozenset(participants), scores={})
        case Blind(scores=scores), BlindScoreSubmitted(inspector=inspector, score=score):
            return replace(calibration, scores={**scores, inspector: score})
        case Blind(call_id=call_id, sheet=sheet), CalibrationRevealed(scores=scores):
            told = {each.inspector: each.score for each in scores}
            return Revealed(call_id=call_id, sheet=sheet, scores=told)
        case Revealed(call_id=call_id, scores=scores), ConsensusSet(score=score):
            return Calibrated(call_id=call_id, scores=scores, consensus=score)
        case _:
            raise ImpossibleHistory(calibration, event)
