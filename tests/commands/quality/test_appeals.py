"""What the agent says to his score: he acknowledges it, or appeals, in time and twice at most."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from commands.quality.appeals import AcknowledgeReview, AppealReview, DecideAppeal
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.quality.plan import ReviewTerms
from domain.quality.refusals import AppealsExhausted, AppealTooLate, NotIndependent, NotTheAgent
from domain.quality.scoring import Mark
from domain.staff import StaffDeparted, StaffMoved
from domain.values import OrgPath
from tests.commands.quality.situations import (
    CLOSE,
    FAILED,
    FAIR,
    INA,
    IVO,
    OFFICE,
    QUEENIE,
    REVIEW,
    TO_APPEALED,
    UNTIL,
    acknowledged,
    adjusted,
    appealed,
    arbitrated,
    assigned,
    at,
    disputed,
    ida,
    ina,
    ivo,
    marks,
    published,
    queenie,
    quin,
    requested,
    sampled,
    second_assigned,
    shown,
    submitted,
    upheld,
    worth,
)
from tests.spec import ANN, START, ann, bob, crm, day, given, mia, policy, sue

acknowledge = AcknowledgeReview(review_id=REVIEW)
appeal = AppealReview(review_id=REVIEW, items=("need",), grounds="我问过两次")
uphold = DecideAppeal(review_id=REVIEW)
adjust = DecideAppeal(review_id=REVIEW, items=marks(need="0.6")[1:2])
TINY = timedelta(microseconds=1)

# Who


@pytest.mark.parametrize("command", [acknowledge, appeal])
def test_the_agent_speaks_for_himself(command: object) -> None:
    story = given(*at("published"))
    for other in (mia, crm, policy, replace(crm, id="ann")):
        story.when(command, by=other).refused(NotTheAgent, because="it is about a call of ann")
    story.when(command, by=bob).refused(Hidden)
    story.when(command, by=sue).refused(Hidden)
    story.when(command, by=ina).refused(NotAllowed, because="work is not allowed: the role inspector has no such right")
    assert story.when(command, by=ann).recorded


def test_an_acknowledged_score_is_not_appealed_any_more() -> None:
    story = given(*at("published")).when(acknowledge, by=ann).then(acknowledged)
    story.when(appeal, by=ann).refused(NotNow)


# In time


def test_an_appeal_comes_before_the_days_are_over() -> None:
    story = given(*at("published"))
    story.when(appeal, by=ann, at=UNTIL - TINY).then(appealed)
    for too_late in (UNTIL, UNTIL + TINY, day(12, 31)):
        story.when(appeal, by=ann, at=too_late).refused(AppealTooLate, because="open until 2026-03-30T02:00:00")
    assert story.when(acknowledge, by=ann, at=day(12, 31)).recorded


def test_the_next_level_is_open_for_as_many_days_again() -> None:
    for decision, outcome in ((uphold, upheld), (adjust, adjusted)):
        story = given(*at("appealed")).when(decision, by=quin, at=day(4, 1))
        then = story.then(replace(outcome, appeal_until=day(4, 6)))
        then.when(appeal, by=ann, at=day(4, 6)).refused(AppealTooLate)
        (entry,) = then.when(appeal, by=ann, at=day(4, 6) - TINY).recorded
        assert (entry.event.level, entry.event.from_) == (2, outcome.to)


def test_working_days_count_for_the_next_level_too() -> None:
    story = given(*at("appealed", ReviewTerms(calendar_id=OFFICE)))
    (entry,) = story.when(uphold, by=quin, at=day(4, 3)).recorded
    assert (entry.event.appeal_until, entry.policy_version) == (day(4, 13, 18), "calendar/office@1")


def test_there_are_two_levels_and_no_third() -> None:
    second = replace(appealed, level=2, from_="upheld")
    story = given(*at("upheld"), second)
    for decision in (uphold, adjust):
        after = story.when(decision, by=queenie).done()
        (entry,) = story.when(decision, by=queenie).recorded
        assert (entry.event.level, entry.event.appeal_until) == (2, None)
        after.when(appeal, by=ann).refused(AppealsExhausted, because="it has been appealed 2 times")


# What about


@pytest.mark.parametrize(
    ("items", "because"),
    [
        ((), "^items: an appeal names what was scored wrongly"),
        (("mood",), "^items/0: this is an item of the scorecard, and once"),
        (("need", "need"), "^items/1: this is an item"),
    ],
)
def test_an_appeal_names_items_of_the_scorecard(items: tuple[str, ...], because: str) -> None:
    given(*at("published")).when(replace(appeal, items=items), by=ann).refused(Invalid, because=because)


def test_an_appeal_has_grounds() -> None:
    given(*at("published")).when(replace(appeal, grounds=" "), by=ann).refused(Invalid, because="^grounds: .* blank")


def test_grounds_are_personal() -> None:
    from api.shown import MASK, masked
    from tests.memory import CODEC

    assert masked(appealed, CODEC)["grounds"] == MASK
    assert masked(replace(upheld, note="听过了"), CODEC)["note"] == MASK


# Decided


def test_who_decides_has_had_no_part_in_it() -> None:
    everybody = [
        StaffMoved(staff_id=each, role="quality_manager", from_=OrgPath("quality"), to=OrgPath("quality"))
        for each in (INA, IVO, ANN)
    ]
    story = given(
        *published,
        *everybody,
        sampled(),
        assigned,
        replace(submitted, from_="assigned"),
        requested,
        second_assigned,
        disputed,
        arbitrated,
        replace(shown, score=CLOSE),
        appealed,
    )
    for somebody, part in (
        (ina, "first inspector"),
        (ivo, "second inspector"),
        (quin, "arbiter"),
        (ann, "agent"),
    ):
        story.when(uphold, by=somebody).refused(NotIndependent, because=f"{somebody.id} is its {part}")
    story.when(uphold, by=ida).refused(NotAllowed, because="arbitrate is not allowed")
    story.when(uphold, by=policy).refused(NotAllowed)
    story.when(uphold, by=queenie).then(replace(upheld, by=QUEENIE))


def test_the_second_level_is_decided_by_somebody_else_than_the_first() -> None:
    for status in ("upheld", "adjusted"):
        story = given(*at(status), replace(appealed, level=2, from_=status))
        story.when(uphold, by=quin).refused(NotIndependent, because="quin is its judge of an appeal")
        assert story.when(uphold, by=queenie).recorded


def test_a_score_is_upheld_or_adjusted() -> None:
    story = given(*at("appealed"))
    story.when(replace(uphold, note="听过了"), by=quin).then(replace(upheld, note="听过了"))
    story.when(adjust, by=quin).then(adjusted)
    assert (adjusted.before.final, adjusted.after.final) == (Decimal("75.00"), Decimal("80.00"))
    story.when(replace(uphold, note=" "), by=quin).refused(Invalid, because="^note: this must not be blank")


def test_only_what_was_appealed_is_adjusted() -> None:
    story = given(*at("appealed"))
    story.when(replace(adjust, items=marks("0.5")[:1]), by=quin).refused(
        Invalid, because="^items/0/code: this was not appealed"
    )
    story.when(replace(adjust, items=marks()[1:2]), by=quin).refused(Invalid, because="these are the marks that it has")
    story.when(replace(adjust, items=marks(need="2")[1:2]), by=quin).refused(Invalid, because="attainment: this is 0")
    story.when(replace(adjust, items=(marks(need="1")[1], marks(need="0.6")[1])), by=quin).refused(
        Invalid, because="need stands there twice"
    )


def test_an_auto_fail_can_be_taken_back_and_the_raw_score_was_kept_for_that() -> None:
    failed = (
        *published,
        sampled(),
        assigned,
        replace(submitted, score=FAILED, from_="assigned"),
        replace(shown, score=FAILED),
        replace(appealed, items=("privacy",)),
    )
    cleared = replace(adjust, items=(Mark(code="privacy", attainment=Decimal(1)),))
    (entry,) = given(*failed).when(cleared, by=quin).recorded
    assert (entry.event.before.final, entry.event.before.raw) == (Decimal("0.00"), Decimal("75.00"))
    assert (entry.event.after, entry.event.after.auto_failed) == (FAIR, False)


def test_a_second_appeal_is_about_the_adjusted_score() -> None:
    again = replace(appealed, items=("close",), level=2, from_="adjusted")
    lower = replace(adjust, items=(Mark(code="close", attainment=Decimal("0.5")),))
    (entry,) = given(*at("adjusted"), again).when(lower, by=queenie).recorded
    assert entry.event.before == CLOSE
    assert entry.event.after == worth("65.00", (*CLOSE.items[:2], *lower.items, CLOSE.items[3]))


def test_who_has_left_appeals_nothing() -> None:
    gone = given(*at("published"), StaffDeparted(staff_id=ANN))
    asked = gone.when(appeal, by=ann, at=START)
    assert not asked.recorded
    assert TO_APPEALED[-1] == appealed
