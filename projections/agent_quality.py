"""Agent quality: what the inspected calls of each agent were worth, month by month, and what became of it.

An adjusted score counts as it was adjusted. What is void was never inspected.
"""

from decimal import Decimal

from domain.quality.review.facts import (
    AppealUpheld,
    CallSampled,
    CoachingAssigned,
    CoachingCompleted,
    CoachingReason,
    CoachNotFound,
    ReviewAppealed,
    ReviewPublished,
    ReviewVoided,
    ScoreAdjusted,
)
from domain.values import Instant, PolicyId, ReviewId, StaffId
from projections.figures import Summary, counted, with_a
from projections.projection import projection
from projections.rows import Scoped, replace, table
from projections.under_review import coached_by, uncoached


@table
class InspectedCall(Scoped):
    """`month` is that in which the call was; `first` the score that was published, `final` what it is now. An appeal is
    won where it has changed the score. `without_coach` is who is to be coached, and nobody could be found.
    """

    review_id: ReviewId
    agent: StaffId
    month: str
    stratum: str
    plan_id: PolicyId
    published_at: Instant | None = None
    first: Decimal | None = None
    final: Decimal | None = None
    auto_failed: bool | None = None
    appeals: int = 0
    appeals_won: int = 0
    appeals_lost: int = 0
    coaching_because: CoachingReason | None = None
    coach: StaffId | None = None
    coaching_assigned_at: Instant | None = None
    coaching_due: Instant | None = None
    coaching_completed_at: Instant | None = None
    without_coach: bool = False


FACETS = ("month", "agent", "team", "stratum", "plan_id", "coach")

SUMMARY = Summary(
    by=("month", "agent"),
    facets=FACETS,
    figures={
        "n": "count(*)",
        "mean_final": "round(avg(final), 2)",
        "lowest": "min(final)",
        "highest": "max(final)",
        "auto_fails": counted(("auto_failed", "true")),
        "appeals": "coalesce(sum(appeals), 0)::bigint",
        "appeals_won": "coalesce(sum(appeals_won), 0)::bigint",
        "appeals_lost": "coalesce(sum(appeals_lost), 0)::bigint",
        "coaching_assigned": with_a("coaching_assigned_at"),
        "coaching_completed": with_a("coaching_completed_at"),
        "without_coach": counted(("without_coach", "true")),
    },
)

# Where the agent works now; of whom the directory does not know, nothing.
TEAM = "(SELECT org_path FROM views.staff_directory AS colleague WHERE colleague.staff_id = agent)"


@projection(
    "agent_quality",
    key=("review_id",),
    version=1,
    listed="published_at IS NOT NULL",
    computed={
        "subject_id": (str, "'review/' || review_id"),
        "team": (str, TEAM),
        "coaching_overdue": (
            bool,
            "coaching_completed_at IS NULL AND coalesce(coaching_due <= :now, FALSE)",
        ),
    },
    summaries={"agents": SUMMARY},
    sorts=("month", "agent", "team", "published_at", "final", "coaching_due"),
    filters=(
        "review_id",
        *FACETS,
        "published_at",
        "final",
        "auto_failed",
        "appeals",
        "appeals_won",
        "appeals_lost",
        "coaching_because",
        "coaching_assigned_at",
        "coaching_due",
        "coaching_completed_at",
        "coaching_overdue",
        "without_coach",
    ),
)
def agent_quality(
    row: InspectedCall | None,
    event: CallSampled
    | ReviewPublished
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewVoided
    | CoachingAssigned
    | CoachNotFound
    | CoachingCompleted,
    at: Instant,
) -> InspectedCall | None:
    match row, event:
        case None, CallSampled():
            return InspectedCall(
                review_id=event.review_id,
                agent=event.agent,
                owner_id=event.agent,
                month=event.month,
                stratum=event.stratum,
                plan_id=event.plan_id,
            )
        case None, _:
            return None
        case InspectedCall(published_at=None), ReviewPublished(score=score):
            return replace(row, published_at=at, first=score.final, final=score.final, auto_failed=score.auto_failed)
        case InspectedCall(), ReviewAppealed(level=level):
            return replace(row, appeals=level)
        case InspectedCall(), AppealUpheld():
            return replace(row, appeals_lost=row.appeals_lost + 1)
        case InspectedCall(), ScoreAdjusted(after=score):
            won = row.appeals_won + 1
            return replace(row, final=score.final, auto_failed=score.auto_failed, appeals_won=won)
        case InspectedCall(), ReviewVoided():
            return None
        case InspectedCall(), CoachingAssigned() | CoachNotFound() | CoachingCompleted():
            return coached(row, event, at)
        case _:
            return row


def coached(
    row: InspectedCall, event: CoachingAssigned | CoachNotFound | CoachingCompleted, at: Instant
) -> InspectedCall:
    match event:
        case CoachingAssigned(coach=coach, because=because, due=due):
            begun = row.coaching_assigned_at or at  # It may go from one coach to another.
            return replace(
                coached_by(row, coach),
                coach=coach,
                coaching_because=because,
                coaching_due=due,
                coaching_assigned_at=begun,
                without_coach=False,
            )
        case CoachNotFound(because=because):
            return replace(row, coaching_because=because, without_coach=True)
        case CoachingCompleted():
            return replace(uncoached(row), coaching_completed_at=at)
