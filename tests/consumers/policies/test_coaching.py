"""Coaching: after an auto-fail or two low scores that stand, by the agent's nearest manager."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.policy import PausePolicy
from commands.quality.appeals import AcknowledgeReview, AppealReview, DecideAppeal
from commands.quality.inspection import AssignReview, PublishReview, SubmitReview, VoidReview
from commands.quality.plans import PublishSamplingPlan
from commands.quality.sampling import SampleCall
from commands.quality.scorecards import DraftScorecard, PublishScorecard
from commands.staff import ChangeAvailability, DepartStaff, MoveStaff, OnboardStaff
from consumers.policies.coaching import coaching
from domain.quality.plan import PlanTerms
from domain.quality.review.facts import CoachingAssigned, CoachLeftOut, CoachNotFound, ReviewClosed
from domain.quality.scoring import Mark
from domain.staff import StaffOnboarded
from domain.values import CallId, OrgPath, ReviewId, StaffId
from projections.inspected_scores import inspected_scores
from tests.commands.quality.situations import (
    BUSINESS,
    CARD,
    INA,
    ITEMS,
    PLAN,
    ina,
    marks,
    publish_calendar,
    published,
    queenie,
    quin,
    sampled,
)
from tests.commands.quality.situations import assigned as given_out
from tests.consumers.office import ADMIN, Office, settle
from tests.consumers.policies.order_desk import Desk
from tests.spec import ANN, BOB, MIA, OTTO, STAFF, START, administrator, ann, bob, mia

TEAM = StaffId("tom")
tom = StaffOnboarded(staff_id=TEAM, name="Tom", role="sales_manager", org_path=OrgPath("north/team-1"))
DAY = timedelta(days=1)
ONCE = PlanTerms(twice_percent=0, review=BUSINESS)
SAMPLE = SampleCall(
    review_id=ReviewId(UUID(int=1)),
    call_id=CallId(UUID(int=1)),
    agent=ANN,
    month="2026-02",
    plan_id=PLAN,
    stratum="sold:60-300",
    seed="s",
    frame_size=1,
    stratum_size=1,
)
NO_NEED = marks(need="0")  # 50 of 100.
PRIVATE = marks(privacy="0")  # Failed by one item.


def review(number: int) -> ReviewId:
    return ReviewId(UUID(int=number))


def submitted(number: int, agent: StaffId = ANN) -> tuple[object, ...]:
    return (sampled(review(number), agent), replace(given_out, review_id=review(number)))


@pytest.fixture
def desk() -> Desk:
    """Six calls of Ann are inspected, and one of Bob."""
    mine = [each for number in range(1, 7) for each in submitted(number)]
    return Desk((coaching,), *STAFF, tom, *published, *mine, *submitted(11, BOB))


def score(desk: Desk, number: int, items: tuple[Mark, ...]) -> None:
    desk.do(ina, SubmitReview(review_id=review(number), items=items), PublishReview(review_id=review(number)))


def acknowledge(desk: Desk, number: int, by: Any = ann) -> None:
    desk.do(by, AcknowledgeReview(review_id=review(number)))
    desk.settle()


def coached(desk: Desk) -> list[tuple[int, StaffId, str, set[int]]]:
    return [
        (each.review_id.int, each.coach, each.because, {also.int for also in each.also})
        for each in desk.told(CoachingAssigned)
    ]


def test_an_auto_fail_that_stands_leads_to_coaching_by_the_nearest_manager(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    desk.settle()
    assert coached(desk) == [], "it can still be appealed"
    acknowledge(desk, 1)
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]
    (told,) = desk.recorded(CoachingAssigned)
    assert told.event.chosen.managers == (TEAM, MIA)
    assert told.event.chosen.rule_id == "coaching/nearest-manager"
    assert set(told.event.chosen.seen_at) == {"inspected_scores", "staff_directory"}
    assert told.actor.id == "coaching"


def test_what_nobody_appeals_is_closed_and_stands(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    desk.wait_until(START + 5 * DAY - timedelta(seconds=1))
    assert desk.told(ReviewClosed, CoachingAssigned) == []
    desk.wait_until(START + 5 * DAY)
    assert len(desk.told(ReviewClosed)) == 1
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]


def test_what_is_acknowledged_is_closed_too_and_not_coached_twice(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    assert desk.told(ReviewClosed) == []
    desk.wait_until(START + 5 * DAY)
    assert [each.from_ for each in desk.told(ReviewClosed)] == ["acknowledged"]
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]


def test_what_is_decided_at_the_last_level_is_closed_at_once(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    for judge, before in ((quin, 0), (queenie, 0)):
        desk.do(ann, AppealReview(review_id=review(1), items=("privacy",), grounds="我没有说"))
        assert len(desk.told(ReviewClosed)) == before
        desk.do(judge, DecideAppeal(review_id=review(1)))
        desk.wait_until(desk.now)
    assert [each.from_ for each in desk.told(ReviewClosed)] == ["upheld"]
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]


def test_two_low_scores_lead_to_coaching_and_one_does_not(desk: Desk) -> None:
    score(desk, 1, NO_NEED)
    acknowledge(desk, 1)
    score(desk, 2, marks())  # 75 is no low score.
    acknowledge(desk, 2)
    score(desk, 11, NO_NEED)
    acknowledge(desk, 11, bob)
    assert coached(desk) == [], "each of another agent"
    score(desk, 3, NO_NEED)
    acknowledge(desk, 3)
    assert coached(desk) == [(3, TEAM, "low-scores", {1})]


def test_what_has_led_to_coaching_leads_to_none_again(desk: Desk) -> None:
    for number in (1, 2, 3, 4):
        score(desk, number, NO_NEED)
        acknowledge(desk, number)
    assert coached(desk) == [(2, TEAM, "low-scores", {1}), (4, TEAM, "low-scores", {3})]


def test_an_auto_fail_is_coached_by_itself(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    score(desk, 2, NO_NEED)
    acknowledge(desk, 2)
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]


def test_a_score_that_is_appealed_does_not_stand_until_that_is_decided(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    desk.do(ann, AppealReview(review_id=review(1), items=("privacy",), grounds="我没有说"))
    desk.wait_until(START + 30 * DAY)
    assert desk.told(ReviewClosed, CoachingAssigned) == []
    assert desk.tried == {}, "nothing is due meanwhile"
    better = Mark(code="privacy", attainment=Decimal(1))
    desk.do(quin, DecideAppeal(review_id=review(1), items=(better,)))
    desk.wait_until(START + 36 * DAY)
    assert len(desk.told(ReviewClosed)) == 1
    assert coached(desk) == [], "it was not failed after all"


def test_a_score_that_was_adjusted_can_be_appealed_once_more_before_it_stands(desk: Desk) -> None:
    score(desk, 1, marks())
    desk.do(ann, AppealReview(review_id=review(1), items=("privacy",), grounds="我没有说"))
    desk.do(quin, DecideAppeal(review_id=review(1), items=(Mark(code="privacy", attainment=Decimal(0)),)))
    desk.settle()
    assert coached(desk) == []
    desk.wait_until(START + 5 * DAY)
    assert coached(desk) == [(1, TEAM, "auto-fail", set())]


def test_what_is_void_is_no_low_score(desk: Desk) -> None:
    score(desk, 1, NO_NEED)
    acknowledge(desk, 1)
    desk.do(quin, VoidReview(review_id=review(1), reason="no-sound"))
    score(desk, 2, NO_NEED)
    acknowledge(desk, 2)
    assert coached(desk) == []


def test_who_is_away_is_passed_over_and_who_has_left_is_said_to_be_left_out(desk: Desk) -> None:
    desk.do(administrator, DepartStaff(staff_id=TEAM))
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    (told,) = desk.told(CoachingAssigned)
    assert (told.coach, told.chosen.managers) == (MIA, (MIA,))
    assert told.chosen.left_out == (CoachLeftOut(staff_id=TEAM, because="does not work here any more"),)


def test_the_next_manager_is_asked_where_the_nearest_is_away(desk: Desk) -> None:
    desk.do(administrator, ChangeAvailability(staff_id=TEAM, available=False))
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    assert coached(desk) == [(1, MIA, "auto-fail", set())]


def test_history_leads_to_no_coaching(desk: Desk) -> None:
    score(desk, 1, PRIVATE)
    desk.do(administrator, AcknowledgeReview(review_id=review(1)), imported=True, actor=ann)
    desk.settle()
    assert coached(desk) == []


# Nobody can

LEO = StaffId("leo")
LEAD = OnboardStaff(staff_id=LEO, name="Leo", role="sales_manager", org_path=OrgPath("north/team-1"))


@pytest.fixture
def alone(desk: Desk) -> Desk:
    """Nobody leads Ann any more, and her first call was failed."""
    desk.do(administrator, DepartStaff(staff_id=TEAM), DepartStaff(staff_id=MIA))
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    return desk


def lacking(desk: Desk) -> list[int]:
    return [row.review_id.int for row in desk.rows(inspected_scores) if row.without_coach]


def test_that_nobody_can_coach_is_told_and_can_be_looked_at(alone: Desk) -> None:
    (told,) = alone.recorded(CoachNotFound)
    assert told.event.chosen.managers == ()
    assert {each.staff_id: each.because for each in told.event.chosen.left_out} == {
        TEAM: "does not work here any more",
        MIA: "does not work here any more",
    }
    assert (told.event.because, told.event.org_path, told.actor.id) == ("auto-fail", "north/team-1", "coaching")
    assert lacking(alone) == [1]
    alone.wait_until(START + 5 * DAY)
    assert len(alone.told(ReviewClosed)) == 1
    assert len(alone.told(CoachNotFound)) == 1, "nothing has changed"


def test_an_agent_whom_nobody_has_ever_led_is_told_of_too() -> None:
    agent = StaffOnboarded(staff_id=StaffId("sam"), name="Sam", role="sales", org_path=OrgPath("nowhere"))
    desk = Desk((coaching,), *STAFF, agent, *published, *submitted(1, agent.staff_id))
    score(desk, 1, PRIVATE)
    desk.wait_until(START + 5 * DAY)
    (told,) = desk.told(CoachNotFound)
    assert (told.chosen.managers, told.chosen.left_out, told.org_path) == ((), (), "nowhere")


def test_whoever_comes_to_lead_the_agent_coaches(alone: Desk) -> None:
    south = replace(LEAD, staff_id=StaffId("sue-2"), org_path=OrgPath("south"))
    alone.do(administrator, south)
    alone.settle()
    assert coached(alone) == [], "he leads somebody else"
    alone.do(administrator, LEAD)
    alone.settle()
    assert coached(alone) == [(1, LEO, "auto-fail", set())]
    assert lacking(alone) == []
    (assigned,), (hired,) = alone.recorded(CoachingAssigned), alone.recorded(StaffOnboarded)[-1:]
    assert assigned.causation_id == hired.event_id


def test_who_moves_to_where_somebody_leads_is_coached_there(alone: Desk) -> None:
    alone.do(administrator, MoveStaff(staff_id=ANN, role="sales", to=OrgPath("south/team-2")))
    alone.settle()
    assert [each.coach for each in alone.told(CoachingAssigned)] == [OTTO]


def test_who_is_away_is_asked_again_when_he_is_back(desk: Desk) -> None:
    desk.do(administrator, DepartStaff(staff_id=TEAM), ChangeAvailability(staff_id=MIA, available=False))
    score(desk, 1, PRIVATE)
    acknowledge(desk, 1)
    (told,) = desk.told(CoachNotFound)
    assert CoachLeftOut(staff_id=MIA, because="is away") in told.chosen.left_out
    desk.do(administrator, ChangeAvailability(staff_id=MIA, available=False, until=desk.now + DAY))
    desk.settle()
    assert len(desk.told(CoachNotFound)) == 1, "nobody asks who is away"
    desk.do(administrator, ChangeAvailability(staff_id=MIA, available=True))
    desk.settle()
    assert coached(desk) == [(1, MIA, "auto-fail", set())]


def test_what_waits_for_a_coach_is_not_counted_twice(desk: Desk) -> None:
    desk.do(administrator, DepartStaff(staff_id=TEAM), DepartStaff(staff_id=MIA))
    for number in (1, 2, 3, 4):
        score(desk, number, NO_NEED)
        acknowledge(desk, number)
    assert [(each.review_id.int, [also.int for also in each.also]) for each in desk.told(CoachNotFound)] == [
        (2, [1]),
        (4, [3]),
    ]
    desk.do(administrator, LEAD)
    desk.settle()
    assert coached(desk) == [(2, LEO, "low-scores", {1}), (4, LEO, "low-scores", {3})]


def test_where_a_score_is_void_since_another_takes_its_place_or_nothing_is_due(desk: Desk) -> None:
    desk.do(administrator, DepartStaff(staff_id=TEAM), DepartStaff(staff_id=MIA))
    for number in (1, 2):
        score(desk, number, NO_NEED)
        acknowledge(desk, number)
    desk.do(quin, VoidReview(review_id=review(1), reason="no-sound"))
    desk.do(administrator, LEAD)
    desk.settle()
    assert coached(desk) == []
    score(desk, 3, NO_NEED)
    acknowledge(desk, 3)
    assert coached(desk) == [(3, LEO, "low-scores", {2})]


# On a real database


@pytest.mark.slow
def test_on_a_real_ledger_a_coach_is_assigned_once_whoever_dies_and_after_a_pause(office: Office) -> None:
    office.house.worker()
    office.do(ADMIN, OnboardStaff(staff_id=INA, name="Ina", role="inspector", org_path=OrgPath("quality")))
    office.do(ADMIN, DraftScorecard(scorecard_id=CARD, name="Service", items=ITEMS))
    office.do(
        ADMIN,
        PublishScorecard(scorecard_id=CARD),
        publish_calendar,
        PublishSamplingPlan(plan_id=PLAN, name="Calls", terms=ONCE),
    )
    office.do(ADMIN, SAMPLE, imported=True, actor=ina)
    office.do(ina, AssignReview(review_id=review(1), inspector=INA, scorecard_id=CARD))
    office.do(ina, SubmitReview(review_id=review(1), items=PRIVATE), PublishReview(review_id=review(1)))
    first, clock = office.reactor(coaching), office.clock(coaching)
    settle(first)
    office.house.caught_up()
    office.now += 7 * DAY  # Five business days, to the end of the last.
    assert clock.round() == 1
    office.do(mia, PausePolicy(policy_name="coaching", until=office.now + DAY), reason="audit")
    office.house.caught_up()
    settle(first)
    assert office.told(CoachingAssigned) == []
    office.now += DAY
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    office.house.caught_up()
    settle(office.reactor(coaching))
    (closed,), (told,) = office.told(ReviewClosed), office.told(CoachingAssigned)
    assert (closed.actor.id, told.actor.id, told.event.coach) == ("coaching", "coaching", MIA)
    assert told.causation_id == closed.event_id


@pytest.mark.slow
def test_on_a_real_ledger_who_comes_coaches_whom_nobody_could(office: Office) -> None:
    office.house.worker()
    office.do(ADMIN, OnboardStaff(staff_id=INA, name="Ina", role="inspector", org_path=OrgPath("quality")))
    office.do(ADMIN, DraftScorecard(scorecard_id=CARD, name="Service", items=ITEMS))
    office.do(
        ADMIN,
        PublishScorecard(scorecard_id=CARD),
        publish_calendar,
        PublishSamplingPlan(plan_id=PLAN, name="Calls", terms=ONCE),
        DepartStaff(staff_id=MIA),
    )
    office.do(ADMIN, SAMPLE, imported=True, actor=ina)
    office.do(ina, AssignReview(review_id=review(1), inspector=INA, scorecard_id=CARD))
    office.do(ina, SubmitReview(review_id=review(1), items=PRIVATE), PublishReview(review_id=review(1)))
    reactor = office.reactor(coaching)
    settle(reactor)
    office.do(ann, AcknowledgeReview(review_id=review(1)))
    office.house.caught_up()
    settle(reactor)
    (told,) = office.told(CoachNotFound)
    assert told.event.chosen.left_out == (CoachLeftOut(staff_id=MIA, because="does not work here any more"),)
    office.do(ADMIN, OnboardStaff(staff_id=MIA, name="Mia", role="sales_manager", org_path=OrgPath("north")))
    office.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(reactor)
    reactor.close()
    office.house.caught_up()
    settle(office.reactor(coaching))
    (assigned,) = office.told(CoachingAssigned)
    assert (assigned.event.coach, assigned.actor.id) == (MIA, "coaching")
    assert len(office.told(CoachNotFound)) == 1
