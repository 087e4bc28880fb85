"""Appeals (申诉): what an agent says was scored wrongly, and why; who decided, and what came of it."""

from decimal import Decimal
from typing import Literal

from domain.quality.review.facts import (
    AppealUpheld,
    CallSampled,
    CoachingAssigned,
    CoachingCompleted,
    ReviewAppealed,
    ReviewVoided,
    ScoreAdjusted,
)
from domain.values import Instant, ReviewId, StaffId
from projections.personal import erased, readable
from projections.projection import projection
from projections.rows import OfPerson, PersonalText, replace, table
from projections.under_review import coached_by, uncoached


@table
class Appeal(OfPerson):
    """One appeal. The row of level 0, which is not listed, is the review itself: it is there before anybody appeals."""

    review_id: ReviewId
    level: int
    agent: StaffId
    items: tuple[str, ...] = ()
    grounds: PersonalText | None = None
    appealed_at: Instant | None = None
    outcome: Literal["open", "upheld", "adjusted", "voided"] = "open"
    judge: StaffId | None = None
    decided_at: Instant | None = None
    note: PersonalText | None = None
    before: Decimal | None = None
    after: Decimal | None = None


Appeals = tuple[Appeal, ...]


@projection(
    "review_appeals",
    key=("review_id",),
    rows_by=("level",),
    version=1,
    opens=("grounds", "note"),
    listed="level > 0",
    computed={"subject_id": (str, "'review/' || review_id")},
    sorts=("appealed_at", "decided_at"),
    filters=("review_id", "level", "agent", "items", "appealed_at", "outcome", "judge", "decided_at"),
)
def review_appeals(
    rows: Appeals,
    event: CallSampled
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewVoided
    | CoachingAssigned
    | CoachingCompleted,
    at: Instant,
) -> Appeals:
    match event:
        case CallSampled(review_id=review_id, agent=agent):
            return rows or (Appeal(review_id=review_id, level=0, agent=agent, owner_id=agent),)
        case ReviewAppealed():
            return (*rows, *(appealed(row, event, at) for row in rows[:1]))
        case AppealUpheld() | ScoreAdjusted():
            return tuple(decided(row, event, at) if row.level == event.level else row for row in rows)
        case ReviewVoided():
            return tuple(voided(row, at) for row in rows)
        case CoachingAssigned(coach=coach):
            return tuple(coached_by(row, coach) for row in rows)
        case CoachingCompleted():
            return tuple(map(uncoached, rows))


def appealed(review: Appeal, event: ReviewAppealed, at: Instant) -> Appeal:
    grounds = event.grounds
    told = {"grounds": readable(grounds), **erased(grounds)}
    return replace(review, level=event.level, items=event.items, appealed_at=at, **told)


def decided(row: Appeal, event: AppealUpheld | ScoreAdjusted, at: Instant) -> Appeal:
    done = replace(
        row, outcome=event.to, judge=event.by, decided_at=at, note=readable(event.note), **erased(event.note)
    )
    if isinstance(event, ScoreAdjusted):
        return replace(done, before=event.before.final, after=event.after.final)
    return done


def voided(row: Appeal, at: Instant) -> Appeal:
    """Nobody decides it any more, if nobody has."""
    over = row.level > 0 and row.outcome == "open"
    return uncoached(replace(row, outcome="voided", decided_at=at) if over else row)
