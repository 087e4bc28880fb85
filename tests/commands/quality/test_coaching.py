"""Coaching: after an auto-fail, or after several low scores."""

from dataclasses import replace
from uuid import UUID

from commands.quality.coaching import AssignCoaching, CompleteCoaching, ReportNoCoach
from commands.quality.inspection import CloseReview
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.quality.plan import ReviewTerms
from domain.quality.refusals import CoachingNotDue, NotIndependent, NotTheCoach
from domain.quality.review.facts import CoachChosen, CoachingAssigned, CoachingCompleted, CoachLeftOut, CoachNotFound
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import OrgPath, ReviewId, StaffId
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


# Nobody can

CHOSEN = CoachChosen(rule_id="coaching/nearest-manager", seen_at={"staff_directory": 7}, managers=(MIA, OTTO))
nobody = ReportNoCoach(review_id=REVIEW, because="auto-fail", chosen=CHOSEN)
away = AvailabilityChanged(staff_id=MIA, available=False)


def in_vain(mia_: str, otto_: str, *before: CoachLeftOut) -> CoachNotFound:
    left_out = (*before, CoachLeftOut(staff_id=MIA, because=mia_), CoachLeftOut(staff_id=OTTO, because=otto_))
    chosen = replace(CHOSEN, left_out=left_out)
    return CoachNotFound(review_id=REVIEW, because="auto-fail", chosen=chosen, org_path=OrgPath("north/team-1"))


def test_that_nobody_can_coach_is_put_on_record_with_the_reason_for_each() -> None:
    no_more = StaffMoved(staff_id=OTTO, role="inspector", from_=OrgPath("south"), to=OrgPath("south"))
    story = given(*failed, away, no_more)
    story.when(nobody, by=policy).then(in_vain("is away", "is in the role inspector, which has no such right"))
    left = story.also(StaffDeparted(staff_id=OTTO)).when(nobody, by=policy)
    left.then(in_vain("is away", "does not work here any more"))
    given(*failed, away).when(nobody, by=policy).then(in_vain("is away", "could not when asked, and can by now"))
    before = CoachLeftOut(staff_id=ANN, because="is the agent")
    with_ann = replace(nobody, chosen=replace(CHOSEN, left_out=(before,)))
    story.when(with_ann, by=policy).then(
        in_vain("is away", "is in the role inspector, which has no such right", before)
    )


def test_that_nobody_leads_the_agent_is_put_on_record_too() -> None:
    alone = replace(nobody, chosen=replace(CHOSEN, managers=()))
    told = replace(in_vain("", ""), chosen=alone.chosen)
    given(*failed).when(alone, by=policy).then(told)
    given(*failed, StaffDeparted(staff_id=ANN)).when(alone, by=policy).then(replace(told, org_path=None))


def test_it_is_told_again_only_when_something_has_changed() -> None:
    story = given(*failed, away).when(nobody, by=policy).done()
    later = replace(nobody, chosen=replace(CHOSEN, seen_at={"staff_directory": 9}))
    same = story.when(later, by=policy).then()
    other = same.when(replace(nobody, chosen=replace(CHOSEN, managers=(MIA,))), by=policy)
    assert [each.event.chosen.managers for each in other.recorded] == [(MIA,)]


def test_only_what_leads_to_coaching_lacks_a_coach() -> None:
    given(*at("published")).when(nobody, by=policy).refused(CoachingNotDue, because="not failed by an item")
    two = replace(nobody, because="low-scores", also=(OTHER,))
    given(*published, *low, *whole(OTHER, ANN, FAIR)).when(two, by=policy).refused(CoachingNotDue)
    assert given(*published, *low, *whole(OTHER, ANN, POOR)).when(two, by=policy).recorded
    given(*failed, coaching).when(nobody, by=policy).refused(NotNow, because="needs NotCoached")
    given(*failed).when(nobody, by=mia).refused(NotAllowed)


def test_whoever_is_found_afterwards_coaches() -> None:
    story = given(*failed, away).when(nobody, by=policy).done()
    story.when(replace(after_failure, coach=OTTO), by=policy).then(replace(coaching, coach=OTTO))
