"""What the agent says to his score, and what becomes of it."""

from collections.abc import Iterable, Mapping

from commands.quality.people import third_person
from commands.quality.reviews import appeal_until, calendar_of, reviews, stage_before
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.errors import Invalid, require, said
from domain.quality.refusals import AppealsExhausted, AppealTooLate, NotTheAgent
from domain.quality.review.facts import AppealUpheld, ReviewAcknowledged, ReviewAppealed, ScoreAdjusted
from domain.quality.review.states import APPEALABLE, STAGES, Acknowledged, Appealed, Published, Review
from domain.quality.scoring import Mark, Scored, scored
from domain.values import CalendarId, Instant, ReviewId, StaffId, value

LEVELS = 2  # How often a review can be appealed.


def must_be_the_agent(review: Review, asked: Asked) -> None:
    """In person: neither his manager nor a system speaks for him."""
    if not asked.imported and asked.person != review.agent:
        raise NotTheAgent(agent=review.agent)


@value
class AcknowledgeReview:
    review_id: ReviewId


@reviews.decides(Action.WORK)
def acknowledge(command: AcknowledgeReview, review: Review, asked: Asked) -> ReviewAcknowledged:
    """The agent has seen the score and leaves it at that."""
    must_be_the_agent(review, asked)
    before = stage_before(review, asked, Published, to=Acknowledged)
    return ReviewAcknowledged(review_id=command.review_id, from_=before)


@value
class AppealReview:
    """`items` are the codes of those that were scored wrongly."""

    review_id: ReviewId
    items: tuple[str, ...]
    grounds: str


@reviews.decides(Action.WORK)
def appeal(command: AppealReview, review: Review, asked: Asked) -> ReviewAppealed:
    """The agent says which items were scored wrongly, and why: in time, and not for ever."""
    must_be_the_agent(review, asked)
    stage = require(review.stage, *APPEALABLE)
    level = 1 if isinstance(stage, Published) else stage.level + 1
    if level > LEVELS:
        raise AppealsExhausted(levels=LEVELS)
    until = stage.appeal_until
    if until is not None and asked.at >= until and not asked.imported:
        raise AppealTooLate(until=until)
    return ReviewAppealed(
        review_id=command.review_id,
        items=proper(command.items, stage.score),
        grounds=said("grounds", command.grounds),
        level=level,
        from_=STAGES[type(stage)],
    )


def proper(codes: tuple[str, ...], score: Scored) -> tuple[str, ...]:
    known = {mark.code for mark in score.items}
    if not codes:
        raise Invalid(field="items", because="an appeal names what was scored wrongly")
    for nth, code in enumerate(codes):
        if code not in known or code in codes[:nth]:
            raise Invalid(field=f"items/{nth}", because="this is an item of the scorecard, and once")
    return codes


@value
class DecideAppeal:
    """`items` are the new marks of items that were appealed; without any, the score is upheld."""

    review_id: ReviewId
    items: tuple[Mark, ...] = ()
    note: str | None = None


@reviews.decides(Action.ARBITRATE, calendars=calendar_of)
def decide_appeal(
    command: DecideAppeal, review: Review, calendars: Mapping[CalendarId, Calendar], asked: Asked
) -> AppealUpheld | ScoreAdjusted:
    """Uphold the score, or adjust what was appealed. Who decides has had no part in the score, nor in an appeal."""
    stage = require(review.stage, Appealed)
    judge = third_person(review, Action.ARBITRATE, asked)
    until = appeal_until(review.terms, calendars, asked.at) if stage.level < LEVELS else None
    if not command.items:
        return upheld(command, stage, judge, until)
    after = scored(stage.sheet.items, corrected(stage, command.items))
    if after.items == stage.score.items:
        raise Invalid(field="items", because="these are the marks that it has: without any, the score is upheld")
    return ScoreAdjusted(
        review_id=command.review_id,
        level=stage.level,
        before=stage.score,
        after=after,
        from_="appealed",
        by=judge,
        appeal_until=until,
        note=said("note", command.note),
    )


def upheld(command: DecideAppeal, stage: Appealed, judge: StaffId | None, until: Instant | None) -> AppealUpheld:
    return AppealUpheld(
        review_id=command.review_id,
        level=stage.level,
        from_="appealed",
        by=judge,
        appeal_until=until,
        note=said("note", command.note),
    )


def corrected(stage: Appealed, marks: tuple[Mark, ...]) -> Iterable[Mark]:
    """The marks that it has, with those that were appealed replaced."""
    for nth, mark in enumerate(marks):
        if mark.code not in stage.items:
            raise Invalid(field=f"items/{nth}/code", because="this was not appealed")
    new = {mark.code for mark in marks}
    return (*marks, *(mark for mark in stage.score.items if mark.code not in new))
