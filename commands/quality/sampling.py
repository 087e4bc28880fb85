"""How a call comes to be inspected at all: it was drawn, by chance or because somebody complained."""

from collections.abc import Mapping

from commands.quality.people import must_be_no_person
from commands.quality.reviews import month_of, reviews
from domain.access import Action
from domain.actor import Asked
from domain.call.states import AnyCall, Call, agent_of
from domain.catalog import coded
from domain.errors import Invalid, require
from domain.lead.refusals import NotEmployed
from domain.quality.plan import Always, SamplingPlan
from domain.quality.refusals import NotDrawnYet
from domain.quality.review.facts import CallSampled
from domain.quality.review.states import Unsampled
from domain.quality.sampling import is_scored_twice, lengths
from domain.staff import Staff, Stranger
from domain.values import CallId, PolicyId, ReviewId, StaffId, value

LARGEST_FRAME = 10_000_000


@value
class SampleCall:
    """What the drawing has found. The review has the id of its call, so that a call is drawn once.

    Whose call it is, the call itself says; `agent` is for history, which may tell of reviews and not of calls.
    """

    review_id: ReviewId
    call_id: CallId
    month: str
    plan_id: PolicyId
    stratum: str
    seed: str
    frame_size: int
    stratum_size: int
    always: tuple[Always, ...] = ()
    late: bool = False
    agent: StaffId | None = None


def plan_named(command: SampleCall) -> PolicyId:
    return command.plan_id


def call_named(command: SampleCall) -> CallId:
    return command.call_id


def whose(command: SampleCall, call: AnyCall, asked: Asked) -> list[StaffId]:
    """Whose call it is, as the call says; where it is told in history, as that says."""
    found = agent_of(call) if isinstance(call, Call) else None
    told = command.agent or found if asked.imported else found
    return [] if told is None else [told]


@reviews.decides(Action.INSPECT, plan=plan_named, call=call_named, agent=whose)
def sample_call(
    command: SampleCall,
    _: Unsampled,
    plan: SamplingPlan,
    call: AnyCall,
    agent: Mapping[StaffId, Staff],
    asked: Asked,
) -> CallSampled:
    """Draw a call for inspection, by a plan and a seed that anybody can draw it by again. No person draws."""
    must_be_no_person(asked)
    if command.review_id != command.call_id:
        raise Invalid(field="review_id", because="a review has the id of its call")
    if not asked.imported:
        require(call, Call)
    if not agent:
        raise Invalid(field="agent", because="nobody knows whose call it is")
    ((staff_id, person),) = agent.items()
    if isinstance(person, Stranger) and not asked.imported:
        raise NotEmployed(staff_id=staff_id)
    month = month_of(command.month)
    must_be_drawn(command, month, plan, asked)
    seed = coded("seed", command.seed)
    return CallSampled(
        review_id=command.review_id,
        call_id=command.call_id,
        agent=staff_id,
        month=month,
        plan_id=command.plan_id,
        plan_number=plan.number,
        stratum=coded("stratum", command.stratum),
        seed=seed,
        frame_size=command.frame_size,
        stratum_size=command.stratum_size,
        twice=is_scored_twice(command.call_id, plan.terms.twice_percent, seed),
        terms=plan.terms.review,
        always=command.always,
        late=command.late,
    )


def must_be_drawn(command: SampleCall, month: str, plan: SamplingPlan, asked: Asked) -> None:
    """What is said of the drawing can be so under the plan; history may have had another."""
    if not 1 <= command.stratum_size <= command.frame_size <= LARGEST_FRAME:
        raise Invalid(field="frame_size", because=f"a stratum has a call at least, and a frame {LARGEST_FRAME} at most")
    if asked.imported:
        return
    if plan.drawn is None or month > plan.drawn:
        raise NotDrawnYet(month=month)
    if command.late and not command.always:
        raise Invalid(field="always", because="what is drawn late is drawn for a reason")
    outcome, _, length = command.stratum.rpartition(":")
    if not outcome or length not in lengths(plan.terms):
        raise Invalid(field="stratum", because=f"this is an outcome and one of {', '.join(lengths(plan.terms))}")
    for nth, why in enumerate(command.always):
        if why not in plan.terms.always or why in command.always[:nth]:
            raise Invalid(field=f"always/{nth}", because="this is one of the plan's reasons, and once")
