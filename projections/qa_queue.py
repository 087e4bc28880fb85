"""The QA queue: every review, who has a part in it, how far it has come, and what is to be done next.

No score is in it before it is published: neither the agent nor whoever is still to score it blind learns one here. What
is void has none.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from domain.quality.plan import Always
from domain.quality.review.facts import (
    AppealUpheld,
    CallSampled,
    CoachingAssigned,
    CoachingCompleted,
    ReviewAcknowledged,
    ReviewAppealed,
    ReviewArbitrated,
    ReviewAssigned,
    ReviewClosed,
    ReviewDrafted,
    ReviewPublished,
    ReviewStatus,
    ReviewSubmitted,
    ReviewVoided,
    ScoreAdjusted,
    SecondReviewerAssigned,
    SecondReviewRequested,
    SecondReviewSubmitted,
)
from domain.quality.scoring import Scored
from domain.values import Instant, PolicyId, ReviewId, ScorecardId, StaffId
from projections.projection import projection
from projections.rows import Scoped, replace, table
from projections.under_review import coached_by, uncoached

Second = Literal["wanted", "reading", "agreed", "disputed", "arbitrated"]


@table
class QueuedReview(Scoped):
    """`second` is how far the second opinion has come, of what is scored twice. Until `due_at` the agent may appeal;
    `appeal_items` are those that he appealed last, `appeals` how often he did.
    """

    review_id: ReviewId
    agent: StaffId
    month: str
    stratum: str
    plan_id: PolicyId
    plan_number: int
    selected_at: Instant
    always: tuple[Always, ...] = ()
    state: ReviewStatus = "selected"
    scorecard_id: ScorecardId | None = None
    scorecard_number: int | None = None
    inspector: StaffId | None = None
    second: Second | None = None
    second_inspector: StaffId | None = None
    arbiter: StaffId | None = None
    submitted_at: Instant | None = None
    published_at: Instant | None = None
    due_at: Instant | None = None
    raw: Decimal | None = None
    final: Decimal | None = None
    auto_failed: bool | None = None
    appeals: int = 0
    appeal_items: tuple[str, ...] = ()


WAITS_FOR = """CASE state
    WHEN 'selected' THEN 'an inspector'
    WHEN 'assigned' THEN 'a score'
    WHEN 'draft' THEN 'a score'
    WHEN 'submitted' THEN CASE second
        WHEN 'wanted' THEN 'a second inspector'
        WHEN 'reading' THEN 'a second score'
        WHEN 'disputed' THEN 'an arbiter'
        ELSE 'publication' END
    WHEN 'published' THEN 'the agent'
    WHEN 'appealed' THEN 'a judge'
    WHEN 'upheld' THEN CASE WHEN due_at IS NOT NULL THEN 'the agent' END
    WHEN 'adjusted' THEN CASE WHEN due_at IS NOT NULL THEN 'the agent' END
    END"""


@projection(
    "qa_queue",
    key=("review_id",),
    version=1,
    computed={
        "subject_id": (str, "'review/' || review_id"),
        "call_id": (UUID, "review_id"),  # A review has the id of its call.
        "waits_for": (str, WAITS_FOR),
    },
    sorts=("selected_at", "submitted_at", "published_at", "due_at", "raw", "final", "month", "agent", "state"),
    filters=(
        "review_id",
        "call_id",
        "agent",
        "month",
        "stratum",
        "always",
        "plan_id",
        "plan_number",
        "scorecard_id",
        "scorecard_number",
        "state",
        "waits_for",
        "inspector",
        "second",
        "second_inspector",
        "arbiter",
        "selected_at",
        "submitted_at",
        "published_at",
        "due_at",
        "raw",
        "final",
        "auto_failed",
        "appeals",
        "appeal_items",
    ),
)
def qa_queue(
    row: QueuedReview | None,
    event: CallSampled
    | ReviewAssigned
    | ReviewDrafted
    | ReviewSubmitted
    | SecondReviewRequested
    | SecondReviewerAssigned
    | SecondReviewSubmitted
    | ReviewArbitrated
    | ReviewPublished
    | ReviewAcknowledged
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewClosed
    | ReviewVoided
    | CoachingAssigned
    | CoachingCompleted,
    at: Instant,
) -> QueuedReview | None:
    match row, event:
        case None, CallSampled():
            return selected(event, at)
        case None, _:
            return None
        case QueuedReview(), CallSampled():
            return row
        case QueuedReview(published_at=datetime()), ReviewPublished():
            return row  # Imported, and told once more.
        case QueuedReview(), SecondReviewRequested() | SecondReviewerAssigned() | SecondReviewSubmitted():
            return seconded(row, event)
        case QueuedReview(), ReviewArbitrated(arbiter=arbiter):
            return replace(row, second="arbitrated", arbiter=arbiter)
        case QueuedReview(), CoachingAssigned(coach=coach):
            return coached_by(row, coach)
        case QueuedReview(), CoachingCompleted():
            return uncoached(row)
        case QueuedReview(), _:
            return moved(row, event, at)


Step = (
    ReviewAssigned
    | ReviewDrafted
    | ReviewSubmitted
    | ReviewPublished
    | ReviewAcknowledged
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewClosed
    | ReviewVoided
)


def moved(row: QueuedReview, event: Step, at: Instant) -> QueuedReview:
    """The review at its next stage."""
    came = replace(row, state=event.to)
    match event:
        case ReviewAssigned(inspector=inspector, scorecard_id=card, scorecard_number=number):
            return replace(came, inspector=inspector, scorecard_id=card, scorecard_number=number)
        case ReviewDrafted():
            return came
        case ReviewSubmitted(inspector=inspector):
            return replace(came, inspector=inspector, submitted_at=at)
        case ReviewPublished(score=score, appeal_until=until):
            return replace(came, published_at=at, due_at=until, **told(score))
        case ReviewAppealed(items=items, level=level):
            return replace(came, appeals=level, appeal_items=items, due_at=None)
        case AppealUpheld(appeal_until=until):
            return replace(came, due_at=until)
        case ScoreAdjusted(after=score, appeal_until=until):
            return replace(came, due_at=until, **told(score))
        case ReviewAcknowledged() | ReviewClosed():
            return replace(came, due_at=None)
        case ReviewVoided():
            return replace(uncoached(came), due_at=None, raw=None, final=None, auto_failed=None)


def selected(event: CallSampled, at: Instant) -> QueuedReview:
    return QueuedReview(
        review_id=event.review_id,
        agent=event.agent,
        owner_id=event.agent,
        month=event.month,
        stratum=event.stratum,
        plan_id=event.plan_id,
        plan_number=event.plan_number,
        selected_at=at,
        always=event.always,
        second="wanted" if event.twice else None,
    )


def seconded(
    row: QueuedReview, event: SecondReviewRequested | SecondReviewerAssigned | SecondReviewSubmitted
) -> QueuedReview:
    match event:
        case SecondReviewRequested():
            return replace(row, second="wanted")
        case SecondReviewerAssigned(inspector=inspector):
            return replace(row, second="reading", second_inspector=inspector)
        case SecondReviewSubmitted(inspector=inspector, disputed=disputed):
            return replace(row, second="disputed" if disputed else "agreed", second_inspector=inspector)


def told(score: Scored) -> dict[str, Any]:
    return {"raw": score.raw, "final": score.final, "auto_failed": score.auto_failed}
