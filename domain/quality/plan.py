"""A sampling plan: how many calls of each agent are looked at, and what holds for their reviews."""

from typing import Literal

from domain.values import CalendarId, PolicyId, fact, value

Always = Literal["complaint", "refund", "low_csat"]
ALWAYS: tuple[Always, ...] = ("complaint", "refund", "low_csat")


@value
class ReviewTerms:
    """What a review is held under. It keeps those of the day on which its call was drawn.

    `gap` is how far two scores of a call may lie apart. Appeals are open for business days of the calendar that is
    named, and for days of the time zone where none is. Two scores (`coaching_times`) below `coaching_below` lead to
    coaching.
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


# Facts


@fact("sampling-plan.published")
class SamplingPlanPublished:
    plan_id: PolicyId
    number: int
    name: str
    terms: PlanTerms


SamplingPlanEvent = SamplingPlanPublished


# States


@value
class NoPlan: ...


@value
class SamplingPlan:
    plan_id: PolicyId
    number: int
    terms: PlanTerms


AnyPlan = NoPlan | SamplingPlan


def evolve(_: AnyPlan, event: SamplingPlanEvent) -> AnyPlan:
    match event:
        case SamplingPlanPublished(plan_id=plan_id, number=number, terms=terms):
            return SamplingPlan(plan_id=plan_id, number=number, terms=terms)
