"""What is drawn, recorded, and drawn again from the record alone."""

from dataclasses import replace
from uuid import UUID

from commands.quality.sampling import SampleCall
from domain.call.facts import CallRequested
from domain.quality.plan import Drawn, PlanTerms, SamplingPlanPublished
from domain.quality.review.facts import CallSampled
from domain.quality.sampling import Candidate, draw
from domain.values import CallId, ReviewId
from tests.commands.quality.situations import PLAN, plan, published
from tests.spec import ANN, BOB, Given, given, policy

MONTH, SEED = "2026-03", "2026-03.41f7"
FRAME = tuple(
    Candidate(
        call_id=CallId(UUID(int=0xF0 + number)),
        agent=(ANN, BOB)[number % 2],
        outcome=("sold", "lost", "busy")[number % 3],
        seconds=17 * number,
        complaint=number == 11,
        csat=1 if number in {4, 5} else None,
    )
    for number in range(40)
)
TERMS = PlanTerms(twice_percent=40)


def sample(drawn: Drawn) -> SampleCall:
    return SampleCall(
        review_id=ReviewId(drawn.call_id),
        call_id=drawn.call_id,
        month=MONTH,
        plan_id=PLAN,
        stratum=drawn.stratum,
        seed=drawn.seed,
        frame_size=drawn.frame_size,
        stratum_size=drawn.stratum_size,
        always=drawn.always,
    )


def recorded() -> Given:
    """A month's sample, and then a plan that would draw another."""
    calls = (CallRequested(call_id=each.call_id, direction="outbound", agent=each.agent) for each in FRAME)
    story = given(*published, *calls, replace(plan, number=2, terms=TERMS))
    for each in draw(FRAME, TERMS, SEED):
        story = story.when(sample(each), by=policy).done()
    return story.also(replace(plan, number=3, terms=PlanTerms(per_agent_month=1, lengths=(), twice_percent=0)))


def test_the_same_calls_are_drawn_again_from_what_the_events_name() -> None:
    history = recorded().history
    events = [each for each in history if isinstance(each, CallSampled)]
    plans = {each.number: each.terms for each in history if isinstance(each, SamplingPlanPublished)}
    (seed,) = {each.seed for each in events}
    (number,) = {each.plan_number for each in events}
    (month,) = {each.month for each in events}
    assert month == MONTH
    again = draw(reversed(FRAME), plans[number], seed)
    assert len(again) == 13  # Five of each, a complaint, and two low marks.
    assert {
        each.call_id: (each.agent, each.stratum, each.frame_size, each.stratum_size, each.always, each.twice)
        for each in events
    } == {
        each.call_id: (each.agent, each.stratum, each.frame_size, each.stratum_size, each.always, each.twice)
        for each in again
    }
    assert {each.twice for each in events} == {True, False}


def test_another_seed_draws_others() -> None:
    once, again = (
        {each.call_id for each in draw(FRAME, TERMS, seed) if not each.always} for seed in (SEED, f"{SEED}x")
    )
    assert once != again
