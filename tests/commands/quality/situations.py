"""The situations that specs of quality inspection begin in, named once."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.calendar import PublishCalendar
from domain.calendar import WEEKDAYS, CalendarPublished, OtherDay
from domain.call.facts import CallEnded, CallRequested
from domain.quality.calibration import (
    BlindScoreSubmitted,
    CalibrationOpened,
    CalibrationRevealed,
    ConsensusSet,
    RevealedScore,
)
from domain.quality.plan import DrawBegun, PlanTerms, ReviewTerms, SamplingPlanPublished
from domain.quality.review.facts import (
    AppealUpheld,
    CalibrationNoted,
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
from domain.quality.scorecard import Item, ScorecardDrafted, ScorecardPublished
from domain.quality.scoring import Mark, Scored
from domain.staff import StaffOnboarded
from domain.values import CalendarId, CalibrationId, CallId, OrgPath, PolicyId, ReviewId, ScorecardId, StaffId
from tests.spec import ANN, day, person

# Who inspects

INA, IVO, IDA = StaffId("ina"), StaffId("ivo"), StaffId("ida")
QUIN, QUEENIE = StaffId("quin"), StaffId("queenie")
INSPECTORS = tuple(
    StaffOnboarded(staff_id=each, name=each.title(), role="inspector", org_path=OrgPath("quality"))
    for each in (INA, IVO, IDA)
)
JUDGES = tuple(
    StaffOnboarded(staff_id=each, name=each.title(), role="quality_manager", org_path=OrgPath("quality"))
    for each in (QUIN, QUEENIE)
)
ina, ivo, ida, quin, queenie = map(person, (INA, IVO, IDA, QUIN, QUEENIE))

# What is published

CARD = ScorecardId("service")
ITEMS = (
    Item(code="greeting", weight=Decimal(20), zh="问候", en="Greeting", na_allowed=True),
    Item(code="need", weight=Decimal(50), zh="需求", en="Finds the need"),
    Item(code="close", weight=Decimal(30), zh="收尾", en="Closes", na_allowed=True),
    Item(code="privacy", weight=Decimal(0), kind="yes_no", auto_fail=True, zh="隐私", en="Keeps what is private"),
)
drafted_card = ScorecardDrafted(scorecard_id=CARD, number=1, name="Service", items=ITEMS)
card = ScorecardPublished(scorecard_id=CARD, from_="drafted", number=1, name="Service", items=ITEMS)
PLAN = PolicyId("service-calls")
plan = SamplingPlanPublished(plan_id=PLAN, number=1, name="Service calls", terms=PlanTerms(twice_percent=0))

OFFICE = CalendarId("office")
TERMS = ReviewTerms()  # As plans were published that named no calendar.
BUSINESS = ReviewTerms(calendar_id=OFFICE)
office = CalendarPublished(
    calendar_id=OFFICE,
    number=1,
    name="Office",
    time_zone="Asia/Shanghai",
    week=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:30-18:00")),
    other_days=(
        OtherDay(date=date(2026, 4, 6), name="清明"),
        OtherDay(date=date(2026, 3, 28), name="调休", windows=("09:00-12:00",)),
    ),
)
publish_calendar = PublishCalendar(
    calendar_id=OFFICE,
    name=office.name,
    time_zone=office.time_zone,
    week=office.week,
    other_days=office.other_days,
)

# A call

NUMBER = 0x5CA11
REVIEW, OTHER = ReviewId(UUID(int=NUMBER)), ReviewId(UUID(int=NUMBER + 1))
CALL = CallId(REVIEW)
talked = (
    CallRequested(call_id=CALL, direction="outbound", agent=ANN),
    CallEnded(call_id=CALL, from_="requested", to="completed", outcome="completed", talk_seconds=90),
)
march = DrawBegun(plan_id=PLAN, number=1, month="2026-03", terms=plan.terms)
published = (*INSPECTORS, *JUDGES, drafted_card, card, plan, office, *talked, march)


def sampled(
    review_id: ReviewId = REVIEW, agent: StaffId = ANN, terms: ReviewTerms = TERMS, *, twice: bool = False
) -> CallSampled:
    return CallSampled(
        review_id=review_id,
        call_id=CallId(review_id),
        agent=agent,
        month="2026-03",
        plan_id=PLAN,
        plan_number=1,
        stratum="sold:60-300",
        seed="2026-03.7",
        frame_size=40,
        stratum_size=12,
        twice=twice,
        terms=terms,
    )


# Its score


def marks(
    greeting: str | None = "1", need: str = "0.5", close: str | None = "1", privacy: str = "1"
) -> tuple[Mark, ...]:
    return (
        Mark(code="greeting", attainment=None if greeting is None else Decimal(greeting), evidence_at=3),
        Mark(code="need", attainment=Decimal(need), evidence_at=80),
        Mark(code="close", attainment=None if close is None else Decimal(close)),
        Mark(code="privacy", attainment=Decimal(privacy)),
    )


def worth(raw: str, items: tuple[Mark, ...], *, final: str | None = None) -> Scored:
    """A score as it was worked out on paper."""
    return Scored(items=items, raw=Decimal(raw), final=Decimal(final or raw), auto_failed=final is not None)


FAIR = worth("75.00", marks())  # 20 + 25 + 30 of 100.
POOR = worth("50.00", marks(need="0"))
CLOSE = worth("80.00", marks(need="0.6"))
FAILED = worth("75.00", marks(privacy="0"), final="0.00")

assigned = ReviewAssigned(
    review_id=REVIEW, inspector=INA, scorecard_id=CARD, scorecard_number=1, items=ITEMS, from_="selected"
)
drafted = ReviewDrafted(review_id=REVIEW, inspector=INA, items=marks()[:2], from_="assigned")
submitted = ReviewSubmitted(review_id=REVIEW, inspector=INA, score=FAIR, from_="draft")
requested = SecondReviewRequested(review_id=REVIEW)
second_assigned = SecondReviewerAssigned(review_id=REVIEW, inspector=IVO)
agreed = SecondReviewSubmitted(review_id=REVIEW, inspector=IVO, score=CLOSE, disputed=False)
disputed = SecondReviewSubmitted(review_id=REVIEW, inspector=IVO, score=POOR, disputed=True)
arbitrated = ReviewArbitrated(review_id=REVIEW, arbiter=QUIN, score=CLOSE)

# What follows

UNTIL = day(3, 30)  # Five days after the start, where no calendar is named.
shown = ReviewPublished(review_id=REVIEW, score=FAIR, appeal_until=UNTIL, from_="submitted")
acknowledged = ReviewAcknowledged(review_id=REVIEW, from_="published")
appealed = ReviewAppealed(review_id=REVIEW, items=("need",), grounds="我问过两次", level=1, from_="published")
upheld = AppealUpheld(review_id=REVIEW, level=1, from_="appealed", by=QUIN, appeal_until=UNTIL)
adjusted = ScoreAdjusted(
    review_id=REVIEW, level=1, before=FAIR, after=CLOSE, from_="appealed", by=QUIN, appeal_until=UNTIL
)
closed = ReviewClosed(review_id=REVIEW, from_="acknowledged")
voided = ReviewVoided(review_id=REVIEW, reason="no-sound", from_="selected")
coaching = CoachingAssigned(review_id=REVIEW, coach=StaffId("mia"), because="auto-fail")
coached = CoachingCompleted(review_id=REVIEW)

TO_SUBMITTED = (assigned, drafted, submitted)
TO_PUBLISHED = (*TO_SUBMITTED, shown)
TO_APPEALED = (*TO_PUBLISHED, appealed)
WAYS: dict[ReviewStatus, tuple[object, ...]] = {
    "selected": (),
    "assigned": (assigned,),
    "draft": (assigned, drafted),
    "submitted": TO_SUBMITTED,
    "published": TO_PUBLISHED,
    "acknowledged": (*TO_PUBLISHED, acknowledged),
    "appealed": TO_APPEALED,
    "upheld": (*TO_APPEALED, upheld),
    "adjusted": (*TO_APPEALED, adjusted),
    "closed": (*TO_PUBLISHED, acknowledged, closed),
    "voided": (voided,),
}


def at(status: ReviewStatus, terms: ReviewTerms = TERMS, *, twice: bool = False) -> tuple[object, ...]:
    """Everything that is published, and a review that has come so far."""
    return (*published, sampled(terms=terms, twice=twice), *WAYS[status])


def whole(review_id: ReviewId, agent: StaffId, score: Scored) -> tuple[object, ...]:
    """Another review, on its way to being published."""
    return (
        sampled(review_id, agent),
        replace(assigned, review_id=review_id),
        replace(submitted, review_id=review_id, score=score, from_="assigned"),
        replace(shown, review_id=review_id, score=score),
    )


# A calibration

ROUND = CalibrationId(UUID(int=0xCA1B))
opened = CalibrationOpened(
    calibration_id=ROUND, call_id=CALL, participants=(INA, IVO), scorecard_id=CARD, scorecard_number=1, items=ITEMS
)
noted = CalibrationNoted(review_id=REVIEW, calibration_id=ROUND, participants=(INA, IVO))
ina_scored = BlindScoreSubmitted(calibration_id=ROUND, inspector=INA, score=FAIR)
ivo_scored = BlindScoreSubmitted(calibration_id=ROUND, inspector=IVO, score=POOR)
revealed = CalibrationRevealed(
    calibration_id=ROUND,
    scores=(RevealedScore(inspector=INA, score=FAIR), RevealedScore(inspector=IVO, score=POOR)),
)
consensus = ConsensusSet(calibration_id=ROUND, score=CLOSE)
