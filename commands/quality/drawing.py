"""How a month comes to be drawn: begun when it is over, and written down when it is done."""

from collections.abc import Mapping

from commands.quality.people import must_be_no_person
from commands.quality.plans import sampling_plans
from commands.quality.reviews import month_of
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.errors import Invalid, NotNow
from domain.month import end_of
from domain.quality.plan import DrawBegun, Drawn, MonthDrawn, SamplingPlan, month_due
from domain.quality.refusals import DrawnAlready, MonthNotOver, MonthSkipped, StillDrawing
from domain.values import PolicyId, value


@value
class BeginDraw:
    plan_id: PolicyId
    month: str


@sampling_plans.decides(Action.INSPECT)
def begin_draw(command: BeginDraw, plan: SamplingPlan, asked: Asked) -> DrawBegun:
    """Draw the calls of a month that is over. What is drawn follows from the id of this event, which nobody chooses."""
    month = month_of(command.month)
    over = end_of(month, plan.terms.review.time_zone)
    if asked.at < over:
        raise MonthNotOver(month=month, until=over)
    if plan.drawn is not None and month <= plan.drawn:
        raise DrawnAlready(month=month, last=plan.drawn)
    if plan.drawing is not None:
        raise StillDrawing(month=plan.drawing)
    due = month_due(plan)
    if due is not None and month > due:
        raise MonthSkipped(month=month, due=due)
    return DrawBegun(plan_id=command.plan_id, number=plan.number, month=month, terms=plan.terms)


@value
class RecordDraw:
    """`seen_at` tells up to which position each view had come in which the calls were seen, `seed` the id of the event
    that began the draw.
    """

    plan_id: PolicyId
    month: str
    seed: str
    seen_at: Mapping[str, int]
    frame_size: int
    sample: tuple[Drawn, ...]


@sampling_plans.decides(Action.INSPECT)
def record_draw(command: RecordDraw, plan: SamplingPlan, asked: Asked) -> MonthDrawn:
    """Write down what a month was drawn from, so that anybody can draw it again. Whoever draws says so: no person."""
    must_be_no_person(asked)
    if plan.drawing != command.month:
        raise NotNow(found="SamplingPlan", wanted=("DrawBegun",))
    if not len({each.call_id for each in command.sample}) == len(command.sample) <= command.frame_size:
        raise Invalid(field="sample", because="these are calls of the frame, each once")
    if not command.seen_at or not all(0 < each <= LAST for each in command.seen_at.values()):
        raise Invalid(field="seen_at", because="these are positions of the ledger")
    return MonthDrawn(
        plan_id=command.plan_id,
        number=plan.number,
        month=command.month,
        seed=coded("seed", command.seed),
        seen_at=command.seen_at,
        frame_size=command.frame_size,
        sample=command.sample,
    )


LAST = 2**63 - 1
