"""The states of a review, and how a fact changes them.

Three things are independent: how far the review has come, whether somebody scores it a second time, and coaching.
"""

from collections.abc import Mapping

from domain.errors import ImpossibleHistory
from domain.quality.plan import ReviewTerms
from domain.quality.refusals import Part
from domain.quality.review.facts import (
    AppealUpheld,
    CalibrationNoted,
    CallSampled,
    CoachingAssigned,
    CoachingCompleted,
    CoachNotFound,
    ReviewAcknowledged,
    ReviewAdopted,
    ReviewAppealed,
    ReviewArbitrated,
    ReviewAssigned,
    ReviewClosed,
    ReviewDrafted,
    ReviewEvent,
    ReviewPublished,
    ReviewStatus,
    ReviewSubmitted,
    ReviewVoided,
    ScoreAdjusted,
    SecondReviewerAssigned,
    SecondReviewRequested,
    SecondReviewSubmitted,
)
from domain.quality.scorecard import Sheet
from domain.quality.scoring import Scored
from domain.values import CallId, Instant, Personal, StaffId, replace, value

# States of the second opinion


@value
class NotAsked: ...


@value
class Wanted: ...


@value
class SecondReading:
    inspector: StaffId


@value
class Agreed: ...


@value
class Disputed: ...


@value
class Arbitrated: ...


Second = NotAsked | Wanted | SecondReading | Agreed | Disputed | Arbitrated


# States of the way


@value
class Selected: ...


@value
class Assigned:
    inspector: StaffId
    sheet: Sheet


@value
class Draft:
    inspector: StaffId
    sheet: Sheet


@value
class Submitted:
    """The score is the first inspector's, until an arbiter has given his."""

    sheet: Sheet
    score: Personal[Scored]
    second: Second


@value
class Published:
    sheet: Sheet
    score: Scored
    appeal_until: Instant


@value
class Acknowledged:
    score: Scored


@value
class Appealed:
    sheet: Sheet
    score: Scored
    items: tuple[str, ...]
    level: int


@value
class Upheld:
    sheet: Sheet
    score: Scored
    level: int
    appeal_until: Instant | None


@value
class Adjusted:
    sheet: Sheet
    score: Scored
    level: int
    appeal_until: Instant | None


@value
class Closed:
    score: Scored


Stage = Selected | Assigned | Draft | Submitted | Published | Acknowledged | Appealed | Upheld | Adjusted | Closed
STAGES: dict[type, ReviewStatus] = {
    Selected: "selected",
    Assigned: "assigned",
    Draft: "draft",
    Submitted: "submitted",
    Published: "published",
    Acknowledged: "acknowledged",
    Appealed: "appealed",
    Upheld: "upheld",
    Adjusted: "adjusted",
    Closed: "closed",
}
InHand = Assigned | Draft
IN_HAND: tuple[type[InHand], ...] = (Assigned, Draft)  # Somebody is at it.
Appealable = Published | Upheld | Adjusted
APPEALABLE: tuple[type[Appealable], ...] = (Published, Upheld, Adjusted)
Settled = Published | Acknowledged | Upheld | Adjusted | Closed  # The score stands, at least for now.
SETTLED: tuple[type[Settled], ...] = (Published, Acknowledged, Upheld, Adjusted, Closed)


# States of coaching


@value
class NotCoached:
    """`sought` is whom a program found last time, which was nobody."""

    sought: CoachNotFound | None = None


@value
class InCoaching:
    coach: StaffId


@value
class Coached: ...


Coaching = NotCoached | InCoaching | Coached


# States of the review


@value
class Unsampled:
    calibrated: frozenset[StaffId] = frozenset()  # Who takes part in a calibration of the call.


@value
class Review:
    """`parts` is who has a hand in it already, and so takes no other."""

    call_id: CallId
    agent: StaffId
    terms: ReviewTerms
    twice: bool
    stage: Stage
    coaching: Coaching
    parts: Mapping[StaffId, Part]
    calibrated: frozenset[StaffId] = frozenset()


@value
class Voided:
    call_id: CallId
    agent: StaffId


AnyReview = Unsampled | Review | Voided


def evolve(review: AnyReview, event: ReviewEvent) -> AnyReview:
    match review, event:
        case Unsampled(calibrated=calibrated), CallSampled(call_id=call_id, agent=agent):
            return Review(
                call_id=call_id,
                agent=agent,
                terms=event.terms,
                twice=event.twice,
                stage=Selected(),
                coaching=NotCoached(),
                parts={agent: "agent"},
                calibrated=calibrated,
            )
        case Review(call_id=call_id, agent=agent), ReviewVoided():
            return Voided(call_id=call_id, agent=agent)
        case Unsampled() | Review(), CalibrationNoted(participants=participants):
            return replace(review, calibrated=review.calibrated.union(participants))
        case Voided(), ReviewVoided() | ReviewAdopted() | CalibrationNoted():
            return review
        case Review(), ReviewAdopted():
            return review
        case Review(), CoachingAssigned() | CoachingCompleted() | CoachNotFound():
            return evolve_coaching(review, event)
        case Review(stage=Submitted() as stage), _ if not isinstance(event, ReviewPublished):
            return evolve_second(review, stage, event)
        case Review(), _:
            return evolve_stage(review, event)
        case _:
            raise ImpossibleHistory(review, event)


def evolve_coaching(review: Review, event: CoachingAssigned | CoachingCompleted | CoachNotFound) -> Review:
    match review.coaching, event:
        case NotCoached(), CoachNotFound():
            return replace(review, coaching=NotCoached(sought=event))
        case NotCoached() | InCoaching(), CoachingAssigned(coach=coach):
            return replace(review, coaching=InCoaching(coach=coach))
        case InCoaching(), CoachingCompleted():
            return replace(review, coaching=Coached())
        case _:
            raise ImpossibleHistory(review, event)


def evolve_second(review: Review, stage: Submitted, event: ReviewEvent) -> Review:
    match stage.second, event:
        case NotAsked(), SecondReviewRequested():
            return replace(review, stage=replace(stage, second=Wanted()))
        case Wanted() | SecondReading(), SecondReviewerAssigned(inspector=inspector):
            return replace(review, stage=replace(stage, second=SecondReading(inspector=inspector)))
        case SecondReading(), SecondReviewSubmitted(inspector=inspector, disputed=disputed):
            second = Disputed() if disputed else Agreed()
            return replace(with_part(review, inspector, "second inspector"), stage=replace(stage, second=second))
        case Disputed(), ReviewArbitrated(arbiter=arbiter, score=score):
            decided = replace(stage, second=Arbitrated(), score=score)
            return replace(with_part(review, arbiter, "arbiter"), stage=decided)
        case _:
            raise ImpossibleHistory(review, event)


def evolve_stage(review: Review, event: ReviewEvent) -> Review:
    match review.stage, event:
        case Assigned(inspector=inspector), ReviewAssigned() if event.inspector == inspector:
            return review  # Imported, and told once more.
        case Selected() | Assigned() | Draft(), ReviewAssigned(inspector=inspector):
            sheet = Sheet(scorecard_id=event.scorecard_id, number=event.scorecard_number, items=event.items)
            return replace(review, stage=Assigned(inspector=inspector, sheet=sheet))
        case ((Assigned() | Draft() as stage), ReviewDrafted()):
            return replace(review, stage=Draft(inspector=stage.inspector, sheet=stage.sheet))
        case ((Assigned() | Draft() as stage), ReviewSubmitted(inspector=inspector, score=score)):
            second = Wanted() if review.twice else NotAsked()
            submitted = Submitted(sheet=stage.sheet, score=score, second=second)
            return replace(with_part(review, inspector, "first inspector"), stage=submitted)
        case Submitted(sheet=sheet), ReviewPublished(score=score, appeal_until=until):
            return replace(review, stage=Published(sheet=sheet, score=score, appeal_until=until))
        case Published(), ReviewPublished():
            return review
        case Published(score=score), ReviewAcknowledged():
            return replace(review, stage=Acknowledged(score=score))
        case Acknowledged(), ReviewAcknowledged():
            return review
        case ((Published() | Upheld() | Adjusted() as stage), ReviewAppealed(items=items, level=level)):
            appealed = Appealed(sheet=stage.sheet, score=stage.score, items=items, level=level)
            return replace(review, stage=appealed)
        case Appealed(sheet=sheet, score=score), AppealUpheld(level=level, appeal_until=until, by=by):
            upheld = Upheld(sheet=sheet, score=score, level=level, appeal_until=until)
            return replace(with_part(review, by, "judge of an appeal"), stage=upheld)
        case Appealed(sheet=sheet), ScoreAdjusted(after=after, level=level, appeal_until=until, by=by):
            adjusted = Adjusted(sheet=sheet, score=after, level=level, appeal_until=until)
            return replace(with_part(review, by, "judge of an appeal"), stage=adjusted)
        case ((Published() | Acknowledged() | Upheld() | Adjusted() as stage), ReviewClosed()):
            return replace(review, stage=Closed(score=stage.score))
        case Closed(), ReviewClosed():
            return review
        case _:
            raise ImpossibleHistory(review, event)


def second_is_open(review: AnyReview) -> bool:
    """Whether somebody is still to score it without knowing what others found."""
    match review:
        case Review(stage=Submitted(second=Wanted() | SecondReading())):
            return True
        case Review(stage=Selected() | Assigned() | Draft(), twice=True):
            return True
        case _:
            return False


def with_part(review: Review, staff_id: StaffId | None, part: Part) -> Review:
    """The same, and somebody has a hand in it now; who had one already keeps that."""
    if staff_id is None:
        return review
    return replace(review, parts={staff_id: part, **review.parts})
