"""A sampling plan: how many calls of each agent are looked at, and what holds for their reviews."""

from collections.abc import Mapping
from typing import Literal

from domain.errors import ImpossibleHistory
from domain.month import month_after
from domain.values import CalendarId, CallId, PolicyId, StaffId, fact, replace, value

Always = Literal["complaint", "refund", "low_csat"]
ALWAYS: tuple[Always, ...] = ("complaint", "refund", "low_csat")


@value
class ReviewTerms:
    """What a review is held under. It keeps those of the day on which its call was drawn.

    `gap` is how far two scores of a call may lie apart. Appeals are open for business days of the calendar that is
    named; old plans named none, and count days of the time zone. Two scores (`coaching_times`) below `coaching_below`
    lead to coaching.
    """

    gap: int = 10
    appeal_days: int = 5
    time_zone: str = "Asia/Shanghai"
    calendar_id: CalendarId | None = None
    coaching_below: int = 70
    coaching_times: int = 2


@value
class PlanTerms:
    """`lengths` are seconds at which a longer kind of call begins; `low_csat` is the best mark that is a low one.

    The calls that are `always` drawn come on top of the number for each agent.
    """

    per_agent_month: int = 5
    lengths: tuple[int, ...] = (60, 300)
    always: tuple[Always, ...] = ALWAYS
    low_csat: int = 2
    twice_percent: int = 10
    review: ReviewTerms = ReviewTerms()


@value
class Drawn:
    """A call that has been drawn. With the frame and the plan, what stands here is enough to draw it again.

    `frame_size` counts the agent's calls, `stratum_size` those among which this one was drawn.
    """

    call_id: CallId
    agent: StaffId
    stratum: str
    seed: str
    frame_size: int
    stratum_size: int
    always: tuple[Always, ...] = ()
    twice: bool = False


# Facts


@fact("sampling-plan.published")
class SamplingPlanPublished:
    """`since` is the month in which it was published, by its own zone; a plan of history has none."""

    plan_id: PolicyId
    number: int
    name: str
    terms: PlanTerms
    since: str | None = None


@fact("sampling-plan.draw-begun")
class DrawBegun:
    """A month is over, and its calls are to be drawn under these terms. The id of this event is the seed, so that
    nobody has chosen it.
    """

    plan_id: PolicyId
    number: int
    month: str
    terms: PlanTerms


@fact("sampling-plan.month-drawn")
class MonthDrawn:
    """How many calls there were in a month, and which were drawn. `seen_at` are the positions of the views in which
    they were seen; with the terms and the seed, anybody draws the same ones again.
    """

    plan_id: PolicyId
    number: int
    month: str
    seed: str
    seen_at: Mapping[str, int]
    frame_size: int
    sample: tuple[Drawn, ...]


SamplingPlanEvent = SamplingPlanPublished | DrawBegun | MonthDrawn


# States


@value
class NoPlan: ...


@value
class SamplingPlan:
    plan_id: PolicyId
    number: int
    terms: PlanTerms
    since: str | None = None  # The month in which it was first published.
    drawn: str | None = None  # The last month that was drawn, or is being drawn:
    drawing: str | None = None  # as long as that is not done.


AnyPlan = NoPlan | SamplingPlan


def evolve(plan: AnyPlan, event: SamplingPlanEvent) -> AnyPlan:
    match plan, event:
        case SamplingPlan(), SamplingPlanPublished(number=number, terms=terms):
            return replace(plan, number=number, terms=terms)
        case NoPlan(), SamplingPlanPublished(plan_id=plan_id, number=number, terms=terms, since=since):
            return SamplingPlan(plan_id=plan_id, number=number, terms=terms, since=since)
        case SamplingPlan(), DrawBegun(month=month):
            return replace(plan, drawn=month, drawing=month)
        case SamplingPlan(), MonthDrawn():
            return replace(plan, drawing=None)
        case _:
            raise ImpossibleHistory(plan, event)


def month_due(plan: SamplingPlan) -> str | None:
    """The month whose turn it is. None is any: nothing was drawn, and nobody knows since when there is a plan."""
    return plan.since if plan.drawn is None else month_after(plan.drawn)
