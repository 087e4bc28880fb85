"""How far a review has come: the table of the business, every cell of it, for every command."""

from dataclasses import dataclass
from typing import Any

import pytest

from commands.quality.appeals import AcknowledgeReview, AppealReview, DecideAppeal
from commands.quality.coaching import AssignCoaching, CompleteCoaching
from commands.quality.inspection import (
    AdoptReview,
    AssignReview,
    CloseReview,
    DraftReview,
    PublishReview,
    SubmitReview,
    VoidReview,
)
from commands.quality.sampling import SampleCall
from commands.quality.second import ArbitrateReview, AssignSecondReviewer, RequestSecondReview, SubmitSecondReview
from domain.actor import Actor
from domain.errors import NotNow
from domain.quality.refusals import CoachingNotDue
from domain.quality.review.facts import (
    AppealUpheld,
    ReviewAcknowledged,
    ReviewAdopted,
    ReviewAppealed,
    ReviewAssigned,
    ReviewClosed,
    ReviewDrafted,
    ReviewPublished,
    ReviewStatus,
    ReviewSubmitted,
    ReviewVoided,
    ScoreAdjusted,
    SecondReviewRequested,
)
from tests.commands.quality.situations import (
    CALL,
    CARD,
    CLOSE,
    FAIR,
    IDA,
    INA,
    ITEMS,
    PLAN,
    QUEENIE,
    REVIEW,
    UNTIL,
    at,
    ina,
    ivo,
    marks,
    published,
    queenie,
    quin,
    sampled,
)
from tests.spec import MIA, administrator, ann, day, given, mia, policy

SINCE = day(3, 25)
LATER = day(3, 30)  # The days to appeal in are over.


@dataclass(frozen=True)
class Step:
    """A command, who sends it, and where it leads from where."""

    command: object
    by: Actor
    to: dict[ReviewStatus, type]


def from_all(*statuses: ReviewStatus, to: type) -> dict[ReviewStatus, type]:
    return dict.fromkeys(statuses, to)


EARLY: tuple[ReviewStatus, ...] = ("selected", "assigned", "draft")
OPEN: tuple[ReviewStatus, ...] = (
    *EARLY,
    "submitted",
    "published",
    "acknowledged",
    "appealed",
    "upheld",
    "adjusted",
)
ALL: tuple[ReviewStatus, ...] = (*OPEN, "closed", "voided")
SAMPLE = SampleCall(
    review_id=REVIEW,
    call_id=CALL,
    month="2026-03",
    plan_id=PLAN,
    stratum="sold:60-300",
    seed="2026-03.7",
    frame_size=40,
    stratum_size=12,
)
STEPS = {
    "sample": Step(SAMPLE, policy, {}),
    "assign": Step(
        AssignReview(review_id=REVIEW, inspector=IDA, scorecard_id=CARD), ina, from_all(*EARLY, to=ReviewAssigned)
    ),
    "draft": Step(
        DraftReview(review_id=REVIEW, items=marks()[:2]), ina, from_all("assigned", "draft", to=ReviewDrafted)
    ),
    "submit": Step(
        SubmitReview(review_id=REVIEW, items=marks()), ina, from_all("assigned", "draft", to=ReviewSubmitted)
    ),
    "request second": Step(RequestSecondReview(review_id=REVIEW), quin, {"submitted": SecondReviewRequested}),
    "assign second": Step(AssignSecondReviewer(review_id=REVIEW, inspector=IDA), ina, {}),
    "submit second": Step(SubmitSecondReview(review_id=REVIEW, items=marks()), ivo, {}),
    "arbitrate": Step(ArbitrateReview(review_id=REVIEW, items=marks()), quin, {}),
    "publish": Step(PublishReview(review_id=REVIEW), ina, {"submitted": ReviewPublished}),
    "acknowledge": Step(AcknowledgeReview(review_id=REVIEW), ann, {"published": ReviewAcknowledged}),
    "appeal": Step(
        AppealReview(review_id=REVIEW, items=("need",), grounds="不对"),
        ann,
        from_all("published", "upheld", "adjusted", to=ReviewAppealed),
    ),
    "uphold": Step(DecideAppeal(review_id=REVIEW), queenie, {"appealed": AppealUpheld}),
    "adjust": Step(DecideAppeal(review_id=REVIEW, items=marks(need="0.6")[1:2]), queenie, {"appealed": ScoreAdjusted}),
    "close": Step(
        CloseReview(review_id=REVIEW),
        ina,
        from_all("published", "acknowledged", "upheld", "adjusted", to=ReviewClosed),
    ),
    "void": Step(VoidReview(review_id=REVIEW, reason="no-sound"), quin, from_all(*OPEN, to=ReviewVoided)),
    "adopt": Step(AdoptReview(review_id=REVIEW), administrator, from_all(*OPEN, "closed", to=ReviewAdopted)),
    "complete coaching": Step(CompleteCoaching(review_id=REVIEW), mia, {}),
}
STATUS_KEPT = {"request second", "adopt"}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("before", ALL)
def test_a_stage_becomes_what_the_table_says_and_nothing_else(before: ReviewStatus, name: str) -> None:
    step = STEPS[name]
    asked = given(*at(before)).when(step.command, by=step.by, at=LATER if name == "close" else SINCE)
    if before not in step.to:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")
        return
    asked.done()
    (entry,) = asked.recorded
    event: Any = entry.event
    assert type(event).__name__ == step.to[before].__name__
    if name not in STATUS_KEPT:
        assert event.from_ == before
    after = asked.desk.executor.state(f"review/{REVIEW}").state
    if name != "void":
        assert type(after.stage).__name__.lower() == (before if name in STATUS_KEPT else event.to)


@pytest.mark.parametrize("before", ALL)
def test_coaching_waits_until_a_score_stands(before: ReviewStatus) -> None:
    asked = given(*at(before)).when(AssignCoaching(review_id=REVIEW, coach=MIA, because="auto-fail"), by=ina)
    if before in {"published", "acknowledged", "upheld", "adjusted", "closed"}:
        asked.refused(CoachingNotDue, because="it was not failed by an item")
    else:
        asked.refused(NotNow)


def test_a_refusal_says_what_is_needed_and_what_is_there() -> None:
    def asked(before: ReviewStatus, name: str) -> str:
        when = given(*at(before)).when(STEPS[name].command, by=STEPS[name].by)
        assert not isinstance(when.answer, Exception)
        return str(when.answer.refusal)

    assert asked("selected", "submit") == "this needs Assigned or Draft, and it is Selected"
    assert asked("submitted", "arbitrate") == "this needs Disputed, and it is NotAsked"
    assert asked("acknowledged", "appeal") == "this needs Published or Upheld or Adjusted, and it is Acknowledged"
    assert asked("voided", "publish") == "this needs Review, and it is Voided"
    assert asked("selected", "sample") == "this needs Unsampled, and it is Review"


# The plain way, event by event


def test_a_call_goes_its_way_from_being_drawn_to_being_closed() -> None:
    story = given(*published)
    story = story.when(SAMPLE, by=policy).then(sampled())
    story = story.when(AssignReview(review_id=REVIEW, inspector=INA, scorecard_id=CARD), by=ina).then(
        ReviewAssigned(
            review_id=REVIEW,
            inspector=INA,
            scorecard_id=CARD,
            scorecard_number=1,
            items=ITEMS,
            from_="selected",
            to="assigned",
        )
    )
    notes = {"greeting": "他忘了报姓名"}
    story = story.when(DraftReview(review_id=REVIEW, items=marks()[:1], notes=notes), by=ina).then(
        ReviewDrafted(review_id=REVIEW, inspector=INA, items=marks()[:1], notes=notes, from_="assigned", to="draft")
    )
    story = story.when(SubmitReview(review_id=REVIEW, items=marks(), notes=notes), by=ina).then(
        ReviewSubmitted(review_id=REVIEW, inspector=INA, score=FAIR, notes=notes, from_="draft", to="submitted")
    )
    story = story.when(PublishReview(review_id=REVIEW), by=quin).then(
        ReviewPublished(review_id=REVIEW, score=FAIR, appeal_until=UNTIL, from_="submitted", to="published")
    )
    story = story.when(AppealReview(review_id=REVIEW, items=("need",), grounds="我问过"), by=ann).then(
        ReviewAppealed(review_id=REVIEW, items=("need",), grounds="我问过", level=1, from_="published", to="appealed")
    )
    story = story.when(
        DecideAppeal(review_id=REVIEW, items=marks(need="0.6")[1:2], note="听到了"), by=queenie, at=day(3, 31)
    ).then(
        ScoreAdjusted(
            review_id=REVIEW,
            level=1,
            before=FAIR,
            after=CLOSE,
            by=QUEENIE,
            appeal_until=day(4, 5),
            note="听到了",
            from_="appealed",
            to="adjusted",
        )
    )
    story.when(CloseReview(review_id=REVIEW), by=ina, at=day(4, 5)).then(
        ReviewClosed(review_id=REVIEW, from_="adjusted", to="closed")
    )
