"""How a call that was drawn is inspected: given out, scored, published, closed."""

from collections.abc import Mapping

from commands.quality.people import must_be_able, must_be_independent, must_be_inspector
from commands.quality.reviews import appeal_until, calendar_of, proper_notes, reviews, stage_before
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.catalog import Catalog, coded, offered
from domain.errors import Invalid, NotNow, require
from domain.quality.refusals import ArbitrationNeeded, ScoreErased, SecondScoreMissing, StillOpenToAppeal
from domain.quality.review.facts import (
    ReviewAdopted,
    ReviewAssigned,
    ReviewClosed,
    ReviewDrafted,
    ReviewPublished,
    ReviewStatus,
    ReviewSubmitted,
    ReviewVoided,
)
from domain.quality.review.states import (
    IN_HAND,
    STAGES,
    Acknowledged,
    Adjusted,
    Appealed,
    Assigned,
    Closed,
    Disputed,
    Draft,
    Published,
    Review,
    SecondReading,
    Selected,
    Submitted,
    Upheld,
    Voided,
    Wanted,
)
from domain.quality.scorecard import Published as PublishedScorecard
from domain.quality.scoring import Mark, checked, scored
from domain.staff import Staff
from domain.values import CalendarId, CatalogId, Erased, ReviewId, ScorecardId, StaffId, value

# Given out


@value
class AssignReview:
    """The edition of the scorecard that is published now is the one that holds."""

    review_id: ReviewId
    inspector: StaffId
    scorecard_id: ScorecardId


def inspector_named(command: AssignReview) -> StaffId:
    return command.inspector


def scorecard_named(command: AssignReview) -> ScorecardId:
    return command.scorecard_id


@reviews.decides(Action.INSPECT, scorecard=scorecard_named, staff=inspector_named)
def assign(
    command: AssignReview, review: Review, scorecard: PublishedScorecard, staff: Staff, asked: Asked
) -> ReviewAssigned:
    """Give a review to an inspector, or to another one as long as nothing has been submitted."""
    before = stage_before(review, asked, Selected, Assigned, Draft)
    if not asked.imported:
        must_be_independent(command.inspector, review)
        must_be_able(command.inspector, staff, Action.INSPECT, asked)
        if isinstance(review.stage, IN_HAND) and review.stage.inspector == command.inspector:
            raise Invalid(field="inspector", because=f"{command.inspector} has it already")
    return ReviewAssigned(
        review_id=command.review_id,
        inspector=command.inspector,
        scorecard_id=command.scorecard_id,
        scorecard_number=scorecard.edition.number,
        items=scorecard.edition.items,
        from_=before,
    )


# Scored


@value
class DraftReview:
    """`items` are those that have been looked at so far; each draft replaces the one before it."""

    review_id: ReviewId
    items: tuple[Mark, ...]
    notes: Mapping[str, str] | None = None


@reviews.decides(Action.INSPECT)
def draft(command: DraftReview, review: Review, asked: Asked) -> ReviewDrafted:
    """Keep what has been scored so far."""
    stage = require(review.stage, *IN_HAND)
    must_be_inspector(stage.inspector, asked)
    sheet = {item.code: item for item in stage.sheet.items}
    return ReviewDrafted(
        review_id=command.review_id,
        inspector=stage.inspector,
        items=tuple(checked(sheet, command.items).values()),
        from_=STAGES[type(stage)],
        notes=proper_notes(command.notes),
    )


@value
class SubmitReview:
    review_id: ReviewId
    items: tuple[Mark, ...]
    notes: Mapping[str, str] | None = None


@reviews.decides(Action.INSPECT)
def submit(command: SubmitReview, review: Review, asked: Asked) -> ReviewSubmitted:
    """Say what each item is worth; the score follows from it. Nobody else sees it before it is published."""
    stage = require(review.stage, *IN_HAND)
    must_be_inspector(stage.inspector, asked)
    return ReviewSubmitted(
        review_id=command.review_id,
        inspector=stage.inspector,
        score=scored(stage.sheet.items, command.items),
        from_=STAGES[type(stage)],
        notes=proper_notes(command.notes),
    )


# Published, closed, voided


@value
class PublishReview:
    review_id: ReviewId


@reviews.decides(Action.INSPECT, calendars=calendar_of)
def publish(
    command: PublishReview, review: Review, calendars: Mapping[CalendarId, Calendar], asked: Asked
) -> ReviewPublished:
    """Let the agent see the score; from now on the days to appeal in are counted."""
    match review.stage:
        case Published(score=score, appeal_until=until) if asked.imported:
            return ReviewPublished(review_id=command.review_id, score=score, appeal_until=until, from_="published")
        case _:
            stage = require(review.stage, Submitted)
    match stage.second:
        case Wanted() | SecondReading():
            raise SecondScoreMissing
        case Disputed():
            raise ArbitrationNeeded(gap=review.terms.gap)
        case _:
            pass
    if isinstance(stage.score, Erased):
        raise ScoreErased
    return ReviewPublished(
        review_id=command.review_id,
        score=stage.score,
        appeal_until=appeal_until(review.terms, calendars, asked.at),
        from_="submitted",
    )


@value
class CloseReview:
    review_id: ReviewId


@reviews.decides(Action.INSPECT)
def close(command: CloseReview, review: Review, asked: Asked) -> ReviewClosed:
    """End a review: the agent has acknowledged it, or can appeal no more."""
    before = stage_before(review, asked, Published, Acknowledged, Upheld, Adjusted, to=Closed)
    match review.stage:
        case Published(appeal_until=until) | Upheld(appeal_until=until) | Adjusted(appeal_until=until):
            if until is not None and asked.at < until and not asked.imported:
                raise StillOpenToAppeal(until=until)
        case _:
            pass
    return ReviewClosed(review_id=command.review_id, from_=before)


VOID_REASONS = CatalogId("void-reasons")
VOIDABLE = (Selected, Assigned, Draft, Submitted, Published, Acknowledged, Appealed, Upheld, Adjusted)


@value
class VoidReview:
    review_id: ReviewId
    reason: str


def void_reasons() -> CatalogId:
    return VOID_REASONS


@reviews.decides(Action.ARBITRATE, reasons=void_reasons)
def void(command: VoidReview, review: Review | Voided, reasons: Catalog, asked: Asked) -> ReviewVoided:
    """Take a review back as if it had not been, for a reason: no sound, somebody else's call. A closed one stays."""
    match review:
        case Voided():
            if not asked.imported:
                raise NotNow(found="Voided", wanted=("Review",))
            before: ReviewStatus = "voided"
        case Review():
            before = stage_before(review, asked, *VOIDABLE)
    reason = coded("reason", command.reason) if asked.imported else offered(reasons, command.reason, "reason")
    return ReviewVoided(review_id=command.review_id, reason=reason, from_=before)


@value
class AdoptReview:
    review_id: ReviewId


@reviews.decides(Action.IMPORT)
def adopt(command: AdoptReview, _: Review) -> ReviewAdopted:
    """Take an imported review into live work: from now on its deadlines run and policies see it."""
    return ReviewAdopted(review_id=command.review_id)
