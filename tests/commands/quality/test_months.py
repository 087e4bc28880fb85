"""A month is drawn when it is over, once, and what it was drawn from is written down."""

from dataclasses import replace
from datetime import datetime, timedelta

from commands.quality.drawing import BeginDraw, RecordDraw
from domain.errors import Invalid, NotAllowed, NotNow
from domain.quality.plan import DrawBegun, Drawn, MonthDrawn, PlanTerms, SamplingPlanPublished
from domain.quality.refusals import DrawnAlready, MonthNotOver, MonthSkipped, StillDrawing
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


def begun(month: str) -> DrawBegun:
    return DrawBegun(plan_id=PLAN, number=1, month=month, terms=PlanTerms())


def drawn(month: str) -> MonthDrawn:
    return MonthDrawn(plan_id=PLAN, number=1, month=month, seed="s", seen_at={"calls": 7}, frame_size=0, sample=())


def test_no_month_is_begun_while_another_is_being_drawn() -> None:
    story = given(*INSPECTORS, plan, begun("2026-03"))
    april = BeginDraw(plan_id=PLAN, month="2026-04")
    for somebody in (ina, policy):
        story.when(april, by=somebody, at=day(5, 2)).refused(StillDrawing, because="2026-03 is being drawn")
    story.also(drawn("2026-03")).when(april, by=ina, at=day(5, 2)).then(begun("2026-04"))


def test_no_month_is_skipped() -> None:
    story = given(*INSPECTORS, plan, begun("2026-03"), drawn("2026-03"))
    may = BeginDraw(plan_id=PLAN, month="2026-05")
    story.when(may, by=ina, at=day(6, 2)).refused(MonthSkipped, because="2026-04 is to be drawn before 2026-05")
    story.when(replace(may, month="2026-04"), by=ina, at=day(6, 2)).done()


def test_the_first_month_is_that_of_the_plan_or_one_before() -> None:
    story = given(*INSPECTORS, replace(plan, since="2026-03"))
    april = BeginDraw(plan_id=PLAN, month="2026-04")
    story.when(april, by=ina, at=day(5, 2)).refused(MonthSkipped, because="2026-03 is to be drawn before 2026-04")
    for month in ("2026-03", "2026-02"):
        story.when(replace(april, month=month), by=ina, at=day(5, 2)).then(begun(month))
    given(*INSPECTORS, plan).when(april, by=ina, at=day(5, 2)).then(begun("2026-04"))  # Nobody knows since when.


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
