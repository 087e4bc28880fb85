"""Coaching: after an auto-fail, or after several low scores."""

from dataclasses import replace
from uuid import UUID

from commands.quality.coaching import AssignCoaching, CompleteCoaching
from commands.quality.inspection import CloseReview
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.quality.plan import ReviewTerms
from domain.quality.refusals import CoachingNotDue, NotIndependent, NotTheCoach
from domain.quality.review.facts import CoachingAssigned, CoachingCompleted
from domain.staff import AvailabilityChanged, StaffDeparted
from domain.values import ReviewId, StaffId
from tests.commands.quality.situations import (
    CLOSE,
    FAILED,
    FAIR,
    INA,
    OTHER,
    POOR,
    REVIEW,
    acknowledged,
    adjusted,
    appealed,
    at,
    closed,
    coached,
    coaching,
    ina,
    marks,
    published,
    quin,
    sampled,
    whole,
    worth,
)
from tests.spec import ANN, BOB, MIA, OTTO, ann, bob, day, given, mia, otto, policy

after_failure = AssignCoaching(review_id=REVIEW, coach=MIA, because="auto-fail")
after_two = AssignCoaching(review_id=REVIEW, coach=MIA, because="low-scores", also=(OTHER,))
done = CompleteCoaching(review_id=REVIEW)
failed = (*published, *whole(REVIEW, ANN, FAILED))
low = whole(REVIEW, ANN, POOR)

# When


def test_a_failed_call_leads_to_coaching() -> None:
    story = given(*failed)
    for somebody in (ina, quin, policy):
        story.when(after_failure, by=somebody).then(
            CoachingAssigned(review_id=REVIEW, coach=MIA, because="auto-fail", also=(), due=None)
        )
    for other in (ann, mia):
        story.when(after_failure, by=other).refused(NotAllowed, because="inspect is not allowed")
    given(*at("published")).when(after_failure, by=ina).refused(CoachingNotDue, because="not failed by an item")
    story.when(replace(after_failure, also=(OTHER,)), by=ina).refused(Hidden)
    given(*failed, *whole(OTHER, ANN, FAILED)).when(replace(after_failure, also=(OTHER,)), by=ina).refused(
        Invalid, because="^also: one auto-fail is enough"
    )


def test_two_low_scores_lead_to_coaching() -> None:
    story = given(*published, *low, *whole(OTHER, ANN, POOR))
    story.when(after_two, by=policy).then(replace(coaching, because="low-scores", also=(OTHER,)))


def test_low_scores_are_low_stand_and_are_the_same_agent_s() -> None:
    def why(*others: object, command: AssignCoaching = after_two) -> str:
        asked = given(*published, *low, *others).when(command, by=policy)
        asked.refused(CoachingNotDue)
        assert not isinstance(asked.answer, Exception)
        return str(asked.answer.refusal)

    assert why(*whole(OTHER, BOB, POOR)) == f"{OTHER} is about a call of bob"
    assert why(*whole(OTHER, ANN, FAIR)) == f"the score of {OTHER} is not below 70"
    assert why(sampled(OTHER)) == f"the score of {OTHER} does not stand yet"
    assert why(*whole(OTHER, ANN, POOR), replace(appealed, review_id=OTHER)).endswith("does not stand yet")
    assert why(command=replace(after_two, also=())) == "it takes 2 scores below 70"
    exact = worth("70.00", marks(need="0.4"))
    assert why(*whole(OTHER, ANN, exact)) == f"the score of {OTHER} is not below 70"
    given(*published, *low, *whole(OTHER, ANN, worth("69.50", marks(need="0.39")))).when(after_two, by=ina).done()
    given(*published, *whole(REVIEW, ANN, FAIR), *whole(OTHER, ANN, POOR)).when(after_two, by=ina).refused(
        CoachingNotDue, because=f"the score of {REVIEW} is not below 70"
    )


def test_the_others_are_others_and_are_there() -> None:
    story = given(*published, *low, *whole(OTHER, ANN, POOR))
    for also in ((REVIEW,), (OTHER, OTHER)):
        story.when(replace(after_two, also=also), by=ina).refused(Invalid, because="^also: these are other reviews")
    story.when(replace(after_two, also=(ReviewId(UUID(int=1)),)), by=ina).refused(Hidden)


def test_how_low_and_how_often_the_plan_says() -> None:
    once = ReviewTerms(coaching_below=76, coaching_times=1)
    (entry,) = given(*at("published", once)).when(replace(after_two, also=()), by=policy).recorded
    assert entry.event.also == ()


def test_an_adjusted_score_is_the_one_that_counts() -> None:
    lifted = (*low, appealed, replace(adjusted, before=POOR, after=CLOSE))
    given(*published, *lifted, *whole(OTHER, ANN, POOR)).when(after_two, by=ina).refused(
        CoachingNotDue, because=f"the score of {REVIEW} is not below 70"
    )


# Who


def test_the_coach_is_somebody_who_leads_such_work_and_is_to_be_had() -> None:
    story = given(*failed)
    story.when(replace(after_failure, coach=ANN), by=ina).refused(NotIndependent, because="ann is its agent")
    story.when(replace(after_failure, coach=INA), by=ina).refused(NotAllowed, because="ina is in the role inspector")
    story.when(replace(after_failure, coach=StaffId("nobody")), by=ina).refused(NotEmployed)
    story.also(StaffDeparted(staff_id=MIA)).when(after_failure, by=ina).refused(NotEmployed)
    story.also(AvailabilityChanged(staff_id=MIA, available=False)).when(after_failure, by=ina).refused(NotAvailable)
    story.when(replace(after_failure, due=day(3, 25)), by=ina).refused(Invalid, because="^due: that has passed")
    story.when(replace(after_failure, due=day(4, 1)), by=ina).then(replace(coaching, due=day(4, 1)))


def test_only_the_coach_says_that_it_is_done() -> None:
    story = given(*failed, coaching)
    story.when(replace(done, note="一起听了录音"), by=mia).then(
        CoachingCompleted(review_id=REVIEW, note="一起听了录音")
    )
    story.when(done, by=ann).refused(NotTheCoach, because="mia is the coach")
    story.when(done, by=policy).refused(NotTheCoach)
    story.when(done, by=bob).refused(Hidden)
    story.when(done, by=quin).refused(NotAllowed)
    story.when(replace(done, note=""), by=mia).refused(Invalid, because="^note")


def test_a_coach_from_elsewhere_is_let_in_as_long_as_he_is_the_coach() -> None:
    elsewhere = replace(coaching, coach=OTTO)
    given(*failed).when(done, by=otto).refused(Hidden)
    given(*failed, elsewhere).when(done, by=otto).then(coached)
    given(*failed, elsewhere, coached).when(done, by=otto).refused(Hidden)


def test_coaching_goes_to_another_coach_until_it_is_done() -> None:
    story = given(*failed, coaching)
    story.when(after_failure, by=ina).refused(Invalid, because="^coach: mia has it already")
    story.when(replace(after_failure, coach=OTTO), by=ina).then(replace(coaching, coach=OTTO))
    over = given(*failed, coaching, coached)
    over.when(after_failure, by=ina).refused(NotNow, because="needs NotCoached or InCoaching, and it is Coached")
    over.when(done, by=mia).refused(NotNow)
    given(*failed).when(done, by=mia).refused(NotNow)


def test_coaching_goes_on_after_the_review_is_closed() -> None:
    story = given(*failed, acknowledged, closed)
    after = story.when(after_failure, by=ina).then(coaching)
    after.when(done, by=mia).then(coached)
    open_coaching = given(*failed, coaching, acknowledged)
    open_coaching.when(CloseReview(review_id=REVIEW), by=ina).then(closed).when(done, by=mia).then(coached)
