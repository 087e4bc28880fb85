"""The scores of inspected calls, and which of them stand."""

from decimal import Decimal

from domain.quality.review.facts import (
    AppealUpheld,
    CallSampled,
    CoachingAssigned,
    CoachNotFound,
    ReviewAcknowledged,
    ReviewAppealed,
    ReviewClosed,
    ReviewPublished,
    ReviewVoided,
    ScoreAdjusted,
)
from domain.values import Instant, ReviewId, StaffId
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class InspectedScore(Scoped):
    """A score stands when nobody can appeal any more, or does not want to; `stands_since` tells since when.

    It led to coaching where that was assigned, together with the other reviews that were named then; it is
    `without_coach` where it is to, and nobody could be found.
    """

    review_id: ReviewId
    agent: StaffId
    below: int  # What is a low score, and how many of them lead to coaching.
    times: int
    final: Decimal | None = None
    auto_failed: bool = False
    stands_since: Instant | None = None
    coached: bool = False
    coached_with: tuple[ReviewId, ...] = ()
    without_coach: bool = False


@projection(
    "inspected_scores",
    key=("review_id",),
    version=2,
    sorts=("stands_since",),
    filters=("review_id", "agent", "auto_failed", "coached", "without_coach"),
    sought_by=("without_coach",),
)
def inspected_scores(
    row: InspectedScore | None,
    event: CallSampled
    | ReviewPublished
    | ReviewAcknowledged
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewClosed
    | ReviewVoided
    | CoachingAssigned
    | CoachNotFound,
    at: Instant,
) -> InspectedScore | None:
    match row, event:
        case None, CallSampled(review_id=review_id, agent=agent, terms=terms):
            return InspectedScore(
                review_id=review_id,
                agent=agent,
                owner_id=agent,
                below=terms.coaching_below,
                times=terms.coaching_times,
            )
        case InspectedScore(), ReviewPublished(score=score):
            return replace(row, final=score.final, auto_failed=score.auto_failed)
        case InspectedScore(), ScoreAdjusted(after=score, appeal_until=until):
            adjusted = replace(row, final=score.final, auto_failed=score.auto_failed)
            return adjusted if until else stands(adjusted, at)
        case InspectedScore(), AppealUpheld(appeal_until=None) | ReviewAcknowledged() | ReviewClosed():
            return stands(row, at)
        case InspectedScore(), CoachingAssigned(also=also):
            return replace(row, coached=True, coached_with=also, without_coach=False)
        case InspectedScore(), CoachNotFound(also=also):
            return replace(row, coached_with=also, without_coach=True)
        case InspectedScore(), ReviewVoided():
            return None
        case _:
            return row


def stands(row: InspectedScore, at: Instant) -> InspectedScore:
    return row if row.stands_since is not None else replace(row, stands_since=at)
