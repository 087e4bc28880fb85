"""Sampling plans and calendars: published, and never changing what was decided."""

from dataclasses import replace

import pytest

from commands.quality.inspection import PublishReview
from commands.quality.plans import PublishSamplingPlan
from commands.quality.sampling import SampleCall
from domain.errors import Invalid, NotAllowed, NotNow
from domain.quality.plan import PlanTerms, ReviewTerms, SamplingPlanPublished
from domain.values import CalendarId, CallId, PolicyId
from tests.commands.quality.situations import (
    BUSINESS,
    OFFICE,
    OTHER,
    PLAN,
    REVIEW,
    UNTIL,
    at,
    ina,
    office,
    plan,
    publish_calendar,
    published,
    quin,
)
from tests.commands.quality.test_stages import SAMPLE
from tests.spec import START, administrator, given, mia, policy

usual = PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=PlanTerms(review=BUSINESS))


def test_a_plan_is_published_with_the_usual_terms() -> None:
    given(office).when(usual, by=administrator).then(
        SamplingPlanPublished(
            plan_id=PLAN,
            number=1,
            name="Service calls",
            terms=PlanTerms(
                per_agent_month=5,
                lengths=(60, 300),
                always=("complaint", "refund", "low_csat"),
                low_csat=2,
                twice_percent=10,
                review=ReviewTerms(
                    gap=10,
                    appeal_days=5,
                    time_zone="Asia/Shanghai",
                    calendar_id=OFFICE,
                    coaching_below=70,
                    coaching_times=2,
                ),
            ),
            since="2026-03",
        )
    )


def test_a_new_version_has_the_next_number_and_is_pinned() -> None:
    more = PlanTerms(per_agent_month=9, twice_percent=100, review=ReviewTerms(gap=3, calendar_id=OFFICE))
    story = given(*published).when(replace(usual, terms=more), by=administrator)
    then = story.then(replace(plan, number=2, terms=more, since="2026-03"))
    (entry,) = then.when(SAMPLE, by=policy).recorded
    assert entry.policy_version == f"sampling-plan/{PLAN}@3"  # In between, a month was drawn.
    assert (entry.event.plan_number, entry.event.terms, entry.event.twice) == (2, more.review, True)


def test_a_new_version_changes_nothing_for_a_review_that_has_begun() -> None:
    strict = replace(plan, number=2, terms=PlanTerms(review=ReviewTerms(appeal_days=1)))
    (entry,) = given(*at("submitted"), strict).when(PublishReview(review_id=REVIEW), by=ina).recorded
    assert entry.event.appeal_until == UNTIL


@pytest.mark.parametrize(
    ("terms", "because"),
    [
        (PlanTerms(per_agent_month=-1), "^terms/per_agent_month: this is 0 to 1000"),
        (PlanTerms(per_agent_month=10**20), "^terms/per_agent_month"),
        (PlanTerms(low_csat=6), "^terms/low_csat: this is 0 to 5"),
        (PlanTerms(twice_percent=101), "^terms/twice_percent: this is 0 to 100"),
        (PlanTerms(lengths=(60, 60)), "^terms/lengths: these are up to 10 numbers of seconds, each longer"),
        (PlanTerms(lengths=(0, 60)), "^terms/lengths"),
        (PlanTerms(lengths=(86_400,)), "^terms/lengths"),
        (PlanTerms(lengths=tuple(range(1, 12))), "^terms/lengths"),
        (PlanTerms(always=("refund", "refund")), "^terms/always: something stands there twice"),
        (PlanTerms(review=ReviewTerms(gap=-1)), "^terms/review/gap: this is 0 to 100"),
        (PlanTerms(review=ReviewTerms(appeal_days=0)), "^terms/review/appeal_days: this is 1 to 90"),
        (PlanTerms(review=ReviewTerms(coaching_below=101)), "^terms/review/coaching_below: this is 0 to 100"),
        (PlanTerms(review=ReviewTerms(coaching_times=0)), "^terms/review/coaching_times: this is 1 to 10"),
        (PlanTerms(review=ReviewTerms(time_zone="Nowhere")), "^terms/review/time_zone: 'Nowhere' is no IANA time zone"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: PlanTerms, because: str) -> None:
    given().when(replace(usual, terms=terms), by=administrator).refused(Invalid, because=because)


def test_lengths_may_tell_calls_of_nearly_a_day_apart() -> None:
    terms = PlanTerms(lengths=(1, 86_399), review=BUSINESS)
    given(office).when(replace(usual, terms=terms), by=administrator).then(
        SamplingPlanPublished(plan_id=PLAN, number=1, name="Service calls", terms=terms, since="2026-03")
    )


def test_a_plan_of_history_does_not_say_since_when_months_are_drawn() -> None:
    (entry,) = given(office).when(usual, by=administrator, at=START, imported=True).recorded
    assert entry.event.since is None


def test_a_plan_is_an_administrator_s_and_has_a_name() -> None:
    for other in (mia, quin, ina):
        given(*published).when(usual, by=other).refused(NotAllowed, because="administer is not allowed")
    given(office).when(replace(usual, name=""), by=administrator).refused(
        Invalid, because="name: this must not be blank"
    )


def test_a_calendar_that_is_named_is_published() -> None:
    named = replace(usual, terms=PlanTerms(review=ReviewTerms(calendar_id=OFFICE)))
    given().when(named, by=administrator).refused(NotNow, because="needs Calendar, and calendar/office is NoCalendar")
    (entry,) = given(office).when(named, by=administrator).recorded
    assert entry.event.terms.review.calendar_id == OFFICE
    none = replace(usual, terms=PlanTerms())
    given(office).when(none, by=administrator).refused(
        Invalid, because="^terms/review/calendar_id: days to appeal in are"
    )
    given().when(none, by=administrator, imported=True).done()


def test_a_calendar_is_published() -> None:
    given().when(publish_calendar, by=administrator).then(office)
    never = replace(publish_calendar, calendar_id=CalendarId("never"), week={})
    given().when(never, by=administrator).refused(Invalid, because="^week: a calendar is open")


# What is said of a drawing


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        (replace(SAMPLE, call_id=CallId(OTHER)), "^review_id: a review has the id of its call"),
        (replace(SAMPLE, month="2026-13"), "^month: a month is written as 2026-03"),
        (replace(SAMPLE, month="march"), "^month"),
        (replace(SAMPLE, month="2026-3"), "^month"),
        (replace(SAMPLE, stratum="sold"), "^stratum: this is an outcome and one of 0-60, 60-300, 300\\+"),
        (replace(SAMPLE, stratum="sold:60-120"), "^stratum"),
        (replace(SAMPLE, stratum=":60-300"), "^stratum"),
        (replace(SAMPLE, stratum="he said:60-300"), "^stratum: this is a code"),
        (replace(SAMPLE, seed=""), "^seed: this is a code"),
        (replace(SAMPLE, frame_size=0, stratum_size=0), "^frame_size: a stratum has a call at least"),
        (replace(SAMPLE, frame_size=11), "^frame_size"),
        (replace(SAMPLE, frame_size=10**8), "^frame_size"),
        (replace(SAMPLE, late=True), "^always: what is drawn late is drawn for a reason"),
        (replace(SAMPLE, always=("refund", "refund")), "^always/1: this is one of the plan's reasons, and once"),
    ],
)
def test_a_drawing_that_cannot_be_is_refused(changed: SampleCall, because: str) -> None:
    given(*published).when(changed, by=policy).refused(Invalid, because=because)


def test_what_the_plan_does_not_always_draw_is_not_drawn_for_that() -> None:
    only_refunds = replace(plan, number=2, terms=PlanTerms(always=("refund",)))
    given(*published, only_refunds).when(replace(SAMPLE, always=("complaint",)), by=policy).refused(
        Invalid, because="^always/0: this is one of the plan's reasons"
    )
    (entry,) = given(*published, only_refunds).when(replace(SAMPLE, always=("refund",)), by=policy).recorded
    assert entry.event.always == ("refund",)


def test_without_a_plan_nothing_is_drawn() -> None:
    given(*published).when(replace(SAMPLE, plan_id=PolicyId("none")), by=policy).refused(
        NotNow, because="needs SamplingPlan, and sampling-plan/none is NoPlan"
    )
