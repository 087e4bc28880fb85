"""What follows a bad score: somebody sits down with the agent."""

from collections.abc import Mapping

from commands.people import must_be_a_rule_s
from commands.quality.people import must_be_able
from commands.quality.reviews import reviews
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.errors import Invalid, require, said
from domain.quality.refusals import CoachingNotDue, NotIndependent, NotTheCoach
from domain.quality.review.facts import (
    CoachChosen,
    CoachingAssigned,
    CoachingCompleted,
    CoachingReason,
    CoachLeftOut,
    CoachNotFound,
)
from domain.quality.review.states import SETTLED, AnyReview, InCoaching, NotCoached, Review, Unsampled
from domain.staff import Employed, Staff
from domain.values import Instant, ReviewId, StaffId, replace, value


@value
class AssignCoaching:
    """After an auto-fail, or after so many low scores as the plan says: `also` are the reviews with the others."""

    review_id: ReviewId
    coach: StaffId
    because: CoachingReason
    also: tuple[ReviewId, ...] = ()
    due: Instant | None = None
    chosen: CoachChosen | None = None


def coach_named(command: AssignCoaching) -> StaffId:
    return command.coach


def others_named(command: AssignCoaching) -> tuple[ReviewId, ...]:
    return command.also


@reviews.decides(Action.INSPECT, staff=coach_named, others=others_named)
def assign_coaching(
    command: AssignCoaching, review: Review, staff: Staff, others: Mapping[ReviewId, Review], asked: Asked
) -> CoachingAssigned:
    """Give the agent a coach, whose work this is from now on, or another one as long as it is not done."""
    must_be_a_rule_s("chosen", command.chosen, asked)
    coaching = require(review.coaching, NotCoached, InCoaching)
    must_be_due(command, review, others)
    if not asked.imported:
        must_be_able(command.coach, staff, Action.WORK, asked)
        if command.coach == review.agent:
            raise NotIndependent(staff_id=command.coach, part="agent")
        if isinstance(coaching, InCoaching) and coaching.coach == command.coach:
            raise Invalid(field="coach", because=f"{command.coach} has it already")
        if command.due is not None and command.due <= asked.at:
            raise Invalid(field="due", because="that has passed already")
    return CoachingAssigned(
        review_id=command.review_id,
        coach=command.coach,
        because=command.because,
        also=command.also,
        due=command.due,
        chosen=command.chosen,
    )


@value
class ReportNoCoach:
    """None of the managers that were `chosen` takes it, or there is none: what `AssignCoaching` would have said."""

    review_id: ReviewId
    because: CoachingReason
    chosen: CoachChosen
    also: tuple[ReviewId, ...] = ()


def agent_and_managers(command: ReportNoCoach, review: AnyReview) -> tuple[StaffId, ...]:
    agent = () if isinstance(review, Unsampled) else (review.agent,)
    return tuple(dict.fromkeys((*agent, *command.chosen.managers)))


def others_low(command: ReportNoCoach) -> tuple[ReviewId, ...]:
    return command.also


@reviews.decides(Action.INSPECT, staff=agent_and_managers, others=others_low)
def report_no_coach(
    command: ReportNoCoach,
    review: Review,
    staff: Mapping[StaffId, Staff],
    others: Mapping[ReviewId, Review],
    asked: Asked,
) -> CoachNotFound | None:
    """Put on record that the agent is to be coached and nobody can do it: who was asked, and why it is none of them."""
    must_be_a_rule_s("chosen", command.chosen, asked)
    before = require(review.coaching, NotCoached)
    must_be_due(command, review, others)
    agent = staff[review.agent]
    asked_in_vain = tuple(
        CoachLeftOut(staff_id=each, because=why_not(staff[each], asked)) for each in command.chosen.managers
    )
    found = CoachNotFound(
        review_id=command.review_id,
        because=command.because,
        chosen=replace(command.chosen, left_out=(*command.chosen.left_out, *asked_in_vain)),
        also=command.also,
        org_path=agent.org_path if isinstance(agent, Employed) else None,
    )
    return None if says_the_same(before.sought, found) else found


def why_not(staff: Staff, asked: Asked) -> str:
    if not isinstance(staff, Employed):
        return "does not work here any more"
    if scope_of(staff.role, Action.WORK) is None:
        return f"is in the role {staff.role}, which has no such right"
    return "could not when asked, and can by now" if staff.available_at(asked.at) else "is away"


def says_the_same(before: CoachNotFound | None, found: CoachNotFound) -> bool:
    """But for how far the views had come, which is no news."""
    if before is None:
        return False
    return replace(found, chosen=replace(found.chosen, seen_at=before.chosen.seen_at)) == before


def must_be_due(command: AssignCoaching | ReportNoCoach, review: Review, others: Mapping[ReviewId, Review]) -> None:
    """What is said to have been scored was scored, and stands."""
    stage = require(review.stage, *SETTLED)
    if command.because == "auto-fail":
        if not stage.score.auto_failed:
            raise CoachingNotDue(because="it was not failed by an item")
        if command.also:
            raise Invalid(field="also", because="one auto-fail is enough")
        return
    if command.review_id in others or len(others) != len(command.also):
        raise Invalid(field="also", because="these are other reviews, each named once")
    below, times = review.terms.coaching_below, review.terms.coaching_times
    if len(others) + 1 < times:
        raise CoachingNotDue(because=f"it takes {times} scores below {below}")
    for review_id, each in ((command.review_id, review), *others.items()):
        if each.agent != review.agent:
            raise CoachingNotDue(because=f"{review_id} is about a call of {each.agent}")
        if not isinstance(each.stage, SETTLED):
            raise CoachingNotDue(because=f"the score of {review_id} does not stand yet")
        if each.stage.score.final >= below:
            raise CoachingNotDue(because=f"the score of {review_id} is not below {below}")


@value
class CompleteCoaching:
    review_id: ReviewId
    note: str | None = None


@reviews.decides(Action.WORK)
def complete_coaching(command: CompleteCoaching, review: Review, asked: Asked) -> CoachingCompleted:
    """The coach has sat down with the agent."""
    coaching = require(review.coaching, InCoaching)
    if not asked.imported and asked.person != coaching.coach:
        raise NotTheCoach(coach=coaching.coach)
    return CoachingCompleted(review_id=command.review_id, note=said("note", command.note))
