"""What may be asked of a sampling plan: a new version of it."""

from collections.abc import Mapping
from itertools import pairwise

from commands.decider import Decider
from commands.pool import is_known
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.errors import Invalid, said
from domain.month import month_at
from domain.quality.plan import (
    AnyPlan,
    NoPlan,
    PlanTerms,
    SamplingPlan,
    SamplingPlanEvent,
    SamplingPlanPublished,
    evolve,
)
from domain.values import CalendarId, PolicyId, value

sampling_plans = Decider[AnyPlan, SamplingPlanEvent](
    name="sampling-plan",
    plural="sampling-plans",
    id_field="plan_id",
    key=PolicyId,
    initial=lambda _: NoPlan(),
    evolve=evolve,
    governs=True,
)

MOST_LENGTHS = 10
LONGEST = 24 * 60 * 60  # Seconds of a call.


@value
class PublishSamplingPlan:
    plan_id: PolicyId
    name: str
    terms: PlanTerms = PlanTerms()


def calendar_named(command: PublishSamplingPlan) -> list[CalendarId]:
    found = command.terms.review.calendar_id
    return [] if found is None else [found]


@sampling_plans.decides(Action.ADMINISTER, calendars=calendar_named)
def publish(
    command: PublishSamplingPlan, plan: NoPlan | SamplingPlan, calendars: Mapping[CalendarId, Calendar], asked: Asked
) -> SamplingPlanPublished:
    """Publish how calls are drawn, or new terms for it; reviews that have begun go on under theirs. A plan names the
    calendar by which the days to appeal in are counted.
    """
    must_make_sense(command.terms)
    if command.terms.review.calendar_id is None and not asked.imported:
        raise Invalid(field="terms/review/calendar_id", because="days to appeal in are business days, of a calendar")
    return SamplingPlanPublished(
        plan_id=command.plan_id,
        number=plan.number + 1 if isinstance(plan, SamplingPlan) else 1,
        name=said("name", command.name),
        terms=command.terms,
        since=None if asked.imported else month_at(asked.at, command.terms.review.time_zone),
    )


def must_make_sense(terms: PlanTerms) -> None:
    review = terms.review
    for field, number, least, most in (
        ("per_agent_month", terms.per_agent_month, 0, 1_000),
        ("low_csat", terms.low_csat, 0, 5),
        ("twice_percent", terms.twice_percent, 0, 100),
        ("review/gap", review.gap, 0, 100),
        ("review/appeal_days", review.appeal_days, 1, 90),
        ("review/coaching_below", review.coaching_below, 0, 100),
        ("review/coaching_times", review.coaching_times, 1, 10),
    ):
        if not least <= number <= most:
            raise Invalid(field=f"terms/{field}", because=f"this is {least} to {most}")
    bounds = (0, *terms.lengths, LONGEST)
    if len(terms.lengths) > MOST_LENGTHS or any(one >= other for one, other in pairwise(bounds)):
        raise Invalid(field="terms/lengths", because=f"these are up to {MOST_LENGTHS} numbers of seconds, each longer")
    if len(set(terms.always)) != len(terms.always):
        raise Invalid(field="terms/always", because="something stands there twice")
    if not is_known(review.time_zone):
        raise Invalid(field="terms/review/time_zone", because=f"{review.time_zone!r} is no IANA time zone")
