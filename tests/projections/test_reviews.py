"""Reviews as lists show them: the queue, the appeals, and what the inspected calls of an agent were worth."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.quality.reviews import reviews
from domain.access import Scope
from domain.actor import Actor
from domain.quality.review.facts import (
    CoachChosen,
    CoachNotFound,
    ReviewVoided,
)
from domain.quality.scoring import Scored
from domain.values import CallId, Erased, OrgPath, ReviewId, StaffId
from projections.agent_quality import InspectedCall, agent_quality
from projections.projection import Projection
from projections.qa_queue import QueuedReview, qa_queue
from projections.query import Filter, Listing, page, summary
from projections.review_appeals import Appeal, review_appeals
from projections.rows import Scoped
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.commands.quality.situations import (
    CARD,
    CLOSE,
    FAILED,
    FAIR,
    INA,
    IVO,
    OTHER,
    PLAN,
    POOR,
    QUIN,
    REVIEW,
    UNTIL,
    acknowledged,
    adjusted,
    agreed,
    appealed,
    arbitrated,
    assigned,
    closed,
    coached,
    coaching,
    disputed,
    drafted,
    noted,
    requested,
    sampled,
    second_assigned,
    shown,
    submitted,
    upheld,
    voided,
    whole,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import ANN, day

MIA = StaffId("mia")
TWICE = sampled(twice=True)
WAY = (sampled(), assigned, drafted, submitted)
SHOWN = (*WAY, shown)
LATER = day(4, 6)


def days(*told: object) -> list[tuple[datetime, object]]:
    """One a day, from 1 March on."""
    return [(day(3, number), event) for number, event in enumerate(told, start=1)]


def queued(*told: object) -> QueuedReview:
    (row,) = rows(qa_queue, *days(*told))
    assert isinstance(row, QueuedReview)
    return row


# The queue


def test_a_drawn_call_waits_for_an_inspector() -> None:
    drawn = replace(sampled(), always=("complaint",))
    assert queued(drawn) == QueuedReview(
        review_id=REVIEW,
        agent=ANN,
        owner_id=ANN,
        month="2026-03",
        stratum="sold:60-300",
        plan_id=PLAN,
        plan_number=1,
        selected_at=day(3, 1),
        always=("complaint",),
        state="selected",
    )


def test_who_inspects_it_by_which_scorecard_and_how_far_he_is() -> None:
    row = queued(*WAY[:2])
    assert (row.state, row.inspector, row.scorecard_id, row.scorecard_number) == ("assigned", INA, CARD, 1)
    assert queued(*WAY[:3]).state == "draft"
    again = queued(*WAY[:3], replace(assigned, inspector=IVO, scorecard_number=2, from_="draft"))
    assert (again.state, again.inspector, again.scorecard_number) == ("assigned", IVO, 2)
    row = queued(*WAY)
    assert (row.state, row.submitted_at) == ("submitted", day(3, 4))


def test_no_score_is_shown_before_it_is_published() -> None:
    """Neither to the agent, nor to whoever is still to score it blind."""
    second = (TWICE, *WAY[1:], second_assigned, disputed, arbitrated)
    for number in range(1, len(second) + 1):
        row = queued(*second[:number])
        assert (row.raw, row.final, row.auto_failed) == (None, None, None)
    row = queued(*second, replace(shown, score=CLOSE))
    assert (row.raw, row.final, row.auto_failed) == (CLOSE.raw, CLOSE.final, False)


def test_an_auto_fail_leaves_the_raw_score() -> None:
    row = queued(*WAY, replace(shown, score=FAILED))
    assert (row.raw, row.final, row.auto_failed) == (Decimal("75.00"), Decimal("0.00"), True)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((sampled(),), (None, None, None)),
        ((TWICE,), ("wanted", None, None)),
        ((*WAY, requested), ("wanted", None, None)),
        ((*WAY, requested, second_assigned), ("reading", IVO, None)),
        ((*WAY, requested, second_assigned, agreed), ("agreed", IVO, None)),
        ((*WAY, requested, second_assigned, disputed), ("disputed", IVO, None)),
        ((*WAY, requested, second_assigned, disputed, arbitrated), ("arbitrated", IVO, QUIN)),
    ],
)
def test_how_far_the_second_opinion_has_come(told: tuple[object, ...], wanted: tuple[object, ...]) -> None:
    row = queued(*told)
    assert (row.second, row.second_inspector, row.arbiter) == wanted


def test_until_when_the_agent_can_appeal() -> None:
    row = queued(*SHOWN)
    assert (row.state, row.published_at, row.due_at) == ("published", day(3, 5), UNTIL)
    for over in ((acknowledged,), (acknowledged, closed), (replace(closed, from_="published"),), (appealed,)):
        row = queued(*SHOWN, *over)
        assert (row.state, row.due_at) == (over[-1].to, None)


def test_what_was_appealed_and_what_came_of_it() -> None:
    row = queued(*SHOWN, appealed)
    assert (row.state, row.appeals, row.appeal_items) == ("appealed", 1, ("need",))
    row = queued(*SHOWN, appealed, replace(upheld, appeal_until=LATER))
    assert (row.state, row.due_at, row.final) == ("upheld", LATER, FAIR.final)
    row = queued(*SHOWN, appealed, adjusted)
    assert (row.state, row.due_at, row.final) == ("adjusted", UNTIL, CLOSE.final)
    twice = replace(appealed, items=("close",), level=2, from_="adjusted")
    row = queued(*SHOWN, appealed, adjusted, twice, replace(upheld, level=2, appeal_until=None))
    assert (row.appeals, row.appeal_items, row.due_at, row.final) == (2, ("close",), None, CLOSE.final)


def test_what_is_void_has_no_score() -> None:
    row = queued(*SHOWN, coaching, replace(voided, from_="published"))
    assert (row.state, row.final, row.raw, row.auto_failed, row.due_at) == ("voided", None, None, None, None)


def test_history_that_is_told_once_more_changes_nothing() -> None:
    again = replace(shown, from_="published", appeal_until=LATER)
    row = queued(*SHOWN, again)
    assert (row.published_at, row.due_at) == (day(3, 5), UNTIL)
    assert queued(*SHOWN, sampled()) == queued(*SHOWN)
    assert rows(qa_queue, assigned, noted) == []


@pytest.mark.parametrize("view", [qa_queue, agent_quality, review_appeals], ids=lambda view: view.name)
@pytest.mark.parametrize(
    "told",
    [
        (*SHOWN,),
        (*SHOWN, coaching),
        (*SHOWN, coaching, replace(coaching, coach=IVO)),
        (*SHOWN, coaching, coached),
        (*SHOWN, coaching, replace(voided, from_="published")),
    ],
)
def test_it_is_seen_by_whoever_may_see_the_review(view: Projection, told: tuple[Any, ...]) -> None:
    assert reviews.holding is not None
    holding = reviews.holding(reviews.fold(REVIEW, told))
    assert holding is not None
    for row in rows(view, *told):
        assert isinstance(row, Scoped)
        assert (row.owner_id, row.pool_id, row.formerly) == (holding.owner, None, None)
        assert dict(zip(row.collaborators, row.collaborating_until, strict=True)) == (holding.workers or {})


# Appeals


def appeals(*told: object, **more: Any) -> list[Appeal]:
    return [row for row in rows(review_appeals, *days(*told), **more) if row.level]


def test_an_appeal_says_what_was_scored_wrongly_and_why() -> None:
    assert appeals(*SHOWN) == []
    assert appeals(*SHOWN, appealed) == [
        Appeal(
            review_id=REVIEW,
            level=1,
            agent=ANN,
            owner_id=ANN,
            items=("need",),
            grounds="我问过两次",
            appealed_at=day(3, 6),
            outcome="open",
        )
    ]


def test_an_appeal_is_decided_and_another_may_follow() -> None:
    twice = replace(appealed, items=("close",), grounds="again", level=2, from_="upheld")
    first, second = appeals(*SHOWN, appealed, replace(upheld, note="no"), twice, replace(adjusted, level=2, note="yes"))
    assert (first.outcome, first.judge, first.decided_at, first.note) == ("upheld", QUIN, day(3, 7), "no")
    assert (first.before, first.after) == (None, None)
    assert (second.outcome, second.items, second.note) == ("adjusted", ("close",), "yes")
    assert (second.before, second.after) == (FAIR.final, CLOSE.final)


def test_nobody_decides_an_appeal_of_what_is_void() -> None:
    void = replace(voided, from_="appealed")
    (row,) = appeals(*SHOWN, appealed, void)
    assert (row.outcome, row.decided_at, row.judge) == ("voided", day(3, 7), None)
    (row,) = appeals(*SHOWN, appealed, upheld, replace(void, from_="upheld"))
    assert row.outcome == "upheld"


def test_what_was_said_is_gone_when_it_was_erased() -> None:
    gone = Erased(on=day(3, 20), by="privacy")
    (row,) = appeals(*SHOWN, appealed, replace(upheld, note="no"), erased=gone)
    assert (row.grounds, row.note, row.erased_on, row.erased_by) == (None, None, day(3, 20), "privacy")
    assert row.items == ("need",)


# What the calls were worth


def worth(*told: object) -> InspectedCall | None:
    return next(iter(rows(agent_quality, *days(*told))), None)


def test_a_call_counts_from_when_its_score_is_published() -> None:
    before = worth(*WAY)
    assert before is not None
    assert (before.published_at, before.final) == (None, None)
    assert worth(*SHOWN) == InspectedCall(
        review_id=REVIEW,
        agent=ANN,
        owner_id=ANN,
        month="2026-03",
        stratum="sold:60-300",
        plan_id=PLAN,
        published_at=day(3, 5),
        first=FAIR.final,
        final=FAIR.final,
        auto_failed=False,
    )
    assert worth(*SHOWN, replace(shown, from_="published", score=POOR)) == worth(*SHOWN)


def test_an_adjusted_score_counts_as_it_was_adjusted() -> None:
    failed = replace(shown, score=FAILED)
    row = worth(*WAY, failed, appealed, replace(adjusted, before=FAILED))
    assert row is not None
    assert (row.first, row.final, row.auto_failed) == (FAILED.final, CLOSE.final, False)
    assert (row.appeals, row.appeals_won, row.appeals_lost) == (1, 1, 0)
    row = worth(*SHOWN, appealed, upheld)
    assert row is not None
    assert (row.final, row.appeals, row.appeals_won, row.appeals_lost) == (FAIR.final, 1, 0, 1)


def test_what_is_void_counts_for_nothing() -> None:
    assert worth(*SHOWN, replace(voided, from_="published")) is None


def test_what_follows_a_bad_score() -> None:
    row = worth(*SHOWN, replace(coaching, due=LATER))
    assert row is not None
    assert (row.coach, row.coaching_because, row.coaching_due) == (MIA, "auto-fail", LATER)
    assert (row.coaching_assigned_at, row.coaching_completed_at) == (day(3, 6), None)
    row = worth(*SHOWN, coaching, replace(coaching, coach=IVO), coached)
    assert row is not None
    assert (row.coach, row.coaching_assigned_at, row.coaching_completed_at) == (IVO, day(3, 6), day(3, 8))
    chosen = CoachChosen(rule_id="coaching", seen_at={}, managers=())
    nobody = CoachNotFound(review_id=REVIEW, because="low-scores", chosen=chosen)
    row = worth(*SHOWN, nobody)
    assert row is not None
    assert (row.without_coach, row.coaching_because, row.coach) == (True, "low-scores", None)
    row = worth(*SHOWN, nobody, coaching)
    assert row is not None
    assert not row.without_coach


# In the database


def review(number: int, agent: str, score: Scored, *then: Any, month: str = "2026-03") -> list[Any]:
    review_id = ReviewId(UUID(int=number))
    told: tuple[Any, ...] = whole(review_id, StaffId(agent), score)
    drawn = replace(told[0], month=month, call_id=CallId(review_id))
    return [drawn, *told[1:], *(replace(each, review_id=review_id) for each in then)]


BEN = "ben"
STORY = [
    *review(1, ANN, FAIR),
    *review(2, ANN, FAILED, appealed, replace(adjusted, before=FAILED), coaching, coached),
    *review(3, BEN, POOR, appealed, upheld, replace(coaching, due=day(3, 29))),
    *review(4, BEN, FAILED, month="2026-02"),
    *review(5, BEN, FAIR, ReviewVoided(review_id=REVIEW, reason="no-sound", from_="published")),
    sampled(OTHER),
]


@pytest.fixture
def told(views: Views) -> Views:
    for view in (qa_queue, agent_quality, review_appeals):
        views.put(view, *rows(view, *STORY))
    staff = [("ann", "north"), ("ben", "south/team-1"), ("mia", "south")]
    views.put(
        staff_directory,
        *(Colleague(staff_id=StaffId(name), name=name, role="sales", org_path=OrgPath(org)) for name, org in staff),
    )
    return views


@pytest.mark.slow
def test_agents_month_by_month(told: Views) -> None:
    found = told.run(summary(agent_quality, "agents", Listing(NOW, None)))
    keys = ("month", "agent", "n", "mean_final", "auto_fails", "appeals", "appeals_won", "appeals_lost")
    assert [tuple(row[key] for key in keys) for row in found] == [
        ("2026-02", "ben", 1, Decimal("0.00"), 1, 0, 0, 0),
        ("2026-03", "ann", 2, Decimal("77.50"), 0, 1, 1, 0),
        ("2026-03", "ben", 1, Decimal("50.00"), 0, 1, 0, 1),
    ]
    assert [(row["coaching_assigned"], row["coaching_completed"], row["without_coach"]) for row in found] == [
        (0, 0, 0),
        (1, 1, 0),
        (1, 0, 0),
    ]
    assert [(row["lowest"], row["highest"]) for row in found[1:2]] == [(FAIR.final, CLOSE.final)]


@pytest.mark.slow
def test_teams_and_the_calls_behind_each_number(told: Views) -> None:
    found = told.run(summary(agent_quality, "agents", Listing(NOW, None), by=("team",)))
    assert [(row["team"], row["n"]) for row in found] == [("north", 2), ("south/team-1", 2)]
    behind = told.list(agent_quality, Filter("team", "eq", "south/team-1"), sort="-month")
    assert [row["review_id"].int for row in behind] == [3, 4]
    assert [row["review_id"].int for row in told.list(agent_quality, Filter("coaching_overdue", "eq", True))] == [3]
    assert len(told.list(agent_quality, Filter("team", "null", False), Filter("team", "in", ["north"]))) == 2


@pytest.mark.slow
def test_what_each_review_waits_for(told: Views) -> None:
    told.put(qa_queue, *rows(qa_queue, TWICE, *WAY[1:]))
    waits = {row["review_id"].int: row["waits_for"] for row in told.list(qa_queue)}
    assert waits[OTHER.int] == "an inspector"
    assert waits[REVIEW.int] == "a second inspector"
    assert (waits[1], waits[2], waits[5]) == ("the agent", "the agent", None)
    (found,) = told.list(qa_queue, Filter("waits_for", "eq", "a second inspector"))
    assert (found["call_id"], found["subject_id"]) == (REVIEW, f"review/{REVIEW}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "role", "scope", "wanted"),
    [
        ("ann", "sales", Scope.OWN, {1, 2}),
        ("ben", "sales", Scope.OWN, {3, 4}),
        ("mia", "sales_manager", Scope.SUBTREE, {3, 4}),
        ("ina", "inspector", Scope.ALL, {1, 2, 3, 4}),
    ],
)
def test_agents_see_their_own_managers_those_below_and_coaches_what_they_coach(
    told: Views, who: str, role: str, scope: Scope, wanted: set[int]
) -> None:
    org = {"ann": "north", "ben": "south/team-1", "mia": "south"}.get(who, "quality")
    reach = Reach(Actor(kind="user", id=who, role=role, org_path=OrgPath(org)), scope)
    found = told.run(page(agent_quality, Listing(NOW, reach)))
    assert {row["review_id"].int for row in found} == wanted
    decided = told.run(page(review_appeals, Listing(NOW, reach)))
    assert {row["review_id"].int for row in decided} == wanted & {2, 3}
    assert {row["level"] for row in decided} == {1}
