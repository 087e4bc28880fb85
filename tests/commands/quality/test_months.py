"""A month is drawn when it is over, once, and what it was drawn from is written down."""

from dataclasses import replace
from datetime import datetime, timedelta

from commands.quality.drawing import BeginDraw, RecordDraw
from domain.errors import Invalid, NotAllowed, NotNow
from domain.quality.plan import DrawBegun, Drawn, MonthDrawn, PlanTerms, SamplingPlanPublished
from domain.quality.refusals import DrawnAlready, MonthNotOver
from tests.commands.quality.situations import CALL, INSPECTORS, PLAN, ina
from tests.spec import ANN, day, given, policy

APRIL = datetime.fromisoformat("2026-03-31T16:00:00+00:00")  # When it begins in Shanghai.
plan = SamplingPlanPublished(plan_id=PLAN, number=1, name="Service calls", terms=PlanTerms())
SAMPLE = (Drawn(call_id=CALL, agent=ANN, stratum="sold:60-300", seed="s", frame_size=3, stratum_size=2),)


def test_a_month_is_drawn_once_and_not_before_it_is_over() -> None:
    begun = DrawBegun(plan_id=PLAN, number=1, month="2026-03", terms=PlanTerms())
    begin = BeginDraw(plan_id=PLAN, month="2026-03")
    known = (*INSPECTORS, plan)
    given(*known).when(begin, by=policy, at=APRIL - timedelta(seconds=1)).refused(MonthNotOver, because="03-31T16:00")
    story = given(*known).when(begin, by=policy, at=APRIL).then(begun)
    story.when(begin, by=ina, at=day(5, 1)).refused(DrawnAlready, because="2026-03 was drawn already")


def test_what_was_drawn_is_written_down_once_and_by_no_person() -> None:
    begun = DrawBegun(plan_id=PLAN, number=1, month="2026-03", terms=PlanTerms())
    record = RecordDraw(plan_id=PLAN, month="2026-03", seed="s", seen_at={"calls": 7}, frame_size=3, sample=SAMPLE)
    done = MonthDrawn(
        plan_id=PLAN, number=1, month="2026-03", seed="s", seen_at={"calls": 7}, frame_size=3, sample=SAMPLE
    )
    story = given(*INSPECTORS, plan, begun)
    story.when(record, by=ina).refused(NotAllowed, because="nobody draws by hand")
    story.when(record, by=policy).then(done).when(record, by=policy).refused(NotNow)


def test_what_is_written_down_is_of_the_frame() -> None:
    begun = DrawBegun(plan_id=PLAN, number=1, month="2026-03", terms=PlanTerms())
    record = RecordDraw(plan_id=PLAN, month="2026-03", seed="s", seen_at={"calls": 7}, frame_size=3, sample=SAMPLE)
    for wrong in (
        replace(record, sample=SAMPLE * 2),
        replace(record, frame_size=0),
        replace(record, seen_at={}),
        replace(record, seen_at={"calls": 0}),
    ):
        given(*INSPECTORS, plan, begun).when(wrong, by=policy).refused(Invalid)
