"""A policy rests while a manager wants it to, and nothing rests for ever."""

from datetime import timedelta

from commands.policy import PausePolicy, ResumePolicy
from domain.actor import Reason
from domain.errors import Invalid, NotAllowed, NotNow
from domain.policy import Paused, PolicyPaused, PolicyResumed, Running, paused_at
from tests.spec import START, administrator, ann, day, given, mia, policy

WHY = Reason(code="fair", text="everybody is at the fair until Friday")
FRIDAY = day(3, 27)
pause = PausePolicy(policy_name="circulation", until=FRIDAY)
paused = PolicyPaused(policy_name="circulation", until=FRIDAY)
resume = ResumePolicy(policy_name="circulation")
resumed = PolicyResumed(policy_name="circulation")


def test_a_manager_pauses_a_policy_with_a_reason_and_an_end() -> None:
    story = given().when(pause, by=mia, reason=WHY).then(paused)
    later = PolicyPaused(policy_name="circulation", until=day(3, 28))
    story.when(PausePolicy(policy_name="circulation", until=day(3, 28)), by=mia, reason=WHY).then(later)
    given().when(pause, by=mia).refused(Invalid, because="this needs a reason")


def test_nothing_rests_for_ever() -> None:
    for until in (START, START + timedelta(days=31, seconds=1)):
        given().when(PausePolicy(policy_name="circulation", until=until), by=mia, reason=WHY).refused(
            Invalid, because="a pause ends within 31 days from now"
        )


def test_it_goes_on_before_the_end_if_somebody_wants_it_to() -> None:
    given(paused).when(resume, by=mia).then(resumed).when(resume, by=mia).refused(NotNow)
    given().when(resume, by=mia).refused(NotNow, because="this needs Paused, and it is Running")


def test_only_managers_in_person_do_this() -> None:
    for by in (ann, administrator):
        given().when(pause, by=by, reason=WHY).refused(NotAllowed)
    given().when(pause, by=policy, reason=WHY).refused(NotAllowed, because="only a person does this")
    given(paused).when(resume, by=policy).refused(NotAllowed, because="only a person does this")


def test_a_pause_ends_by_itself() -> None:
    assert paused_at(Paused(until=FRIDAY), FRIDAY - timedelta(microseconds=1))
    assert not paused_at(Paused(until=FRIDAY), FRIDAY)
    assert not paused_at(Running(), START)
