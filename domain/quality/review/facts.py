"""What can happen to a review.

Until it is published, a score is stored like a personal value: under the review's key, and masked for whoever reads the
events. So neither the agent nor the second inspector learns it before its time.
"""

from collections.abc import Mapping
from typing import Literal

from domain.quality.plan import Always, ReviewTerms
from domain.quality.scorecard import Item
from domain.quality.scoring import Mark, Scored
from domain.values import (
    CalibrationId,
    CallId,
    Instant,
    OrgPath,
    Personal,
    PolicyId,
    ReviewId,
    ScorecardId,
    StaffId,
    fact,
    value,
)

ReviewStatus = Literal[
    "selected",
    "assigned",
    "draft",
    "submitted",
    "published",
    "acknowledged",
    "appealed",
    "upheld",
    "adjusted",
    "closed",
    "voided",
]
CoachingReason = Literal["auto-fail", "low-scores"]
Notes = Mapping[str, str]  # By item.


@value
class CoachLeftOut:
    staff_id: StaffId
    because: str


@value
class CoachChosen:
    """How a program came to a coach: by which rule, from what was seen up to which positions, in which order the
    managers of the agent were asked, and whom it left out.
    """

    rule_id: str
    seen_at: Mapping[str, int]
    managers: tuple[StaffId, ...]
    left_out: tuple[CoachLeftOut, ...] = ()


# Facts: how a call is drawn and scored


@fact("review.call-sampled")
class CallSampled:
    """With the calls of that month, the plan and the seed draw the same calls again. The terms are copied in: those
    that are published later do not hold for this review.

    `late` is a call whose month was drawn already when it became known why it is `always` drawn: `frame_size` are all
    calls of the agent of which that event told so, and all of them are drawn.
    """

    review_id: ReviewId
    call_id: CallId
    agent: StaffId
    month: str
    plan_id: PolicyId
    plan_number: int
    stratum: str
    seed: str
    frame_size: int
    stratum_size: int
    twice: bool
    terms: ReviewTerms
    always: tuple[Always, ...] = ()
    late: bool = False


@fact("review.assigned")
class ReviewAssigned:
    """The edition of the scorecard is copied in, and remains the one that holds."""

    review_id: ReviewId
    inspector: StaffId
    scorecard_id: ScorecardId
    scorecard_number: int
    items: tuple[Item, ...]
    from_: ReviewStatus
    to: Literal["assigned"] = "assigned"


@fact("review.drafted")
class ReviewDrafted:
    review_id: ReviewId
    inspector: StaffId
    items: Personal[tuple[Mark, ...]]
    from_: ReviewStatus
    notes: Personal[Notes] | None = None
    to: Literal["draft"] = "draft"


@fact("review.submitted")
class ReviewSubmitted:
    review_id: ReviewId
    inspector: StaffId
    score: Personal[Scored]
    from_: ReviewStatus
    notes: Personal[Notes] | None = None
    to: Literal["submitted"] = "submitted"


# Facts of a second opinion


@fact("review.second-requested")
class SecondReviewRequested:
    review_id: ReviewId


@fact("review.second-reviewer-assigned")
class SecondReviewerAssigned:
    review_id: ReviewId
    inspector: StaffId


@fact("review.second-submitted")
class SecondReviewSubmitted:
    """Where the two are `disputed`, a third decides; otherwise the first score stands."""

    review_id: ReviewId
    inspector: StaffId
    score: Personal[Scored]
    disputed: bool
    notes: Personal[Notes] | None = None


@fact("review.arbitrated")
class ReviewArbitrated:
    review_id: ReviewId
    score: Personal[Scored]
    arbiter: StaffId | None = None  # Nobody whom we know, in history.
    notes: Personal[Notes] | None = None


@fact("review.calibration-noted")
class CalibrationNoted:
    """A calibration of the call was opened. Who takes part in it is not blind to the others' scores for ever."""

    review_id: ReviewId
    calibration_id: CalibrationId
    participants: tuple[StaffId, ...]


# Facts of what follows


@fact("review.published")
class ReviewPublished:
    review_id: ReviewId
    score: Scored
    appeal_until: Instant
    from_: ReviewStatus
    to: Literal["published"] = "published"


@fact("review.acknowledged")
class ReviewAcknowledged:
    review_id: ReviewId
    from_: ReviewStatus
    to: Literal["acknowledged"] = "acknowledged"


@fact("review.appealed")
class ReviewAppealed:
    review_id: ReviewId
    items: tuple[str, ...]
    grounds: Personal[str]
    level: int
    from_: ReviewStatus
    to: Literal["appealed"] = "appealed"


@fact("review.appeal-upheld")
class AppealUpheld:
    """The score is upheld against the appeal."""

    review_id: ReviewId
    level: int
    from_: ReviewStatus
    by: StaffId | None = None
    appeal_until: Instant | None = None  # To the next level, if there is one.
    note: Personal[str] | None = None
    to: Literal["upheld"] = "upheld"


@fact("review.score-adjusted")
class ScoreAdjusted:
    review_id: ReviewId
    level: int
    before: Scored
    after: Scored
    from_: ReviewStatus
    by: StaffId | None = None
    appeal_until: Instant | None = None
    note: Personal[str] | None = None
    to: Literal["adjusted"] = "adjusted"


@fact("review.closed")
class ReviewClosed:
    review_id: ReviewId
    from_: ReviewStatus
    to: Literal["closed"] = "closed"


@fact("review.voided")
class ReviewVoided:
    review_id: ReviewId
    reason: str
    from_: ReviewStatus
    to: Literal["voided"] = "voided"


@fact("review.coaching-assigned")
class CoachingAssigned:
    review_id: ReviewId
    coach: StaffId
    because: CoachingReason
    also: tuple[ReviewId, ...] = ()  # The other low scores.
    due: Instant | None = None
    chosen: CoachChosen | None = None


@fact("review.coach-not-found")
class CoachNotFound:
    """The agent is to be coached, and nobody can do it: `chosen` says who was asked and why it is none of them. None of
    `managers` and no `left_out` is nobody who leads him where he works, which is `org_path`. It is tried again when
    somebody may.
    """

    review_id: ReviewId
    because: CoachingReason
    chosen: CoachChosen
    also: tuple[ReviewId, ...] = ()
    org_path: OrgPath | None = None  # None of who does not work here any more.


@fact("review.coaching-completed")
class CoachingCompleted:
    review_id: ReviewId
    note: Personal[str] | None = None


@fact("review.adopted")
class ReviewAdopted:
    """Imported history becomes a live subject: from now on its deadlines run."""

    review_id: ReviewId


ReviewEvent = (
    CallSampled
    | ReviewAssigned
    | ReviewDrafted
    | ReviewSubmitted
    | SecondReviewRequested
    | SecondReviewerAssigned
    | SecondReviewSubmitted
    | ReviewArbitrated
    | CalibrationNoted
    | ReviewPublished
    | ReviewAcknowledged
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewClosed
    | ReviewVoided
    | CoachingAssigned
    | CoachNotFound
    | CoachingCompleted
    | ReviewAdopted
)
