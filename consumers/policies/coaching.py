"""Coaching: after a call that was failed by one item, or several with low scores, somebody sits down with the agent."""

from collections.abc import Iterator
from uuid import UUID

from commands.quality.coaching import AssignCoaching, ReportNoCoach
from commands.quality.inspection import CloseReview
from consumers.process import FirstOf, Process, Seen
from domain.access import Action, Scope, scope_of
from domain.quality.review.facts import (
    AppealUpheld,
    CoachChosen,
    CoachingReason,
    CoachLeftOut,
    ReviewAcknowledged,
    ReviewClosed,
    ScoreAdjusted,
)
from domain.staff import AvailabilityChanged, StaffMoved, StaffOnboarded
from domain.values import OrgPath, ReviewId, StaffId, within
from projections.deadlines import Deadline
from projections.inspected_scores import InspectedScore, inspected_scores
from projections.staff_directory import Colleague, staff_directory

RULE = "coaching/nearest-manager"

coaching = Process("coaching", looks_at=(inspected_scores, staff_directory))


@coaching.when_due("appeal-over")
def close_what_nobody_has_appealed(deadline: Deadline) -> CloseReview:
    return CloseReview(review_id=ReviewId(UUID(deadline.subject_id.removeprefix("review/"))))


@coaching.reacts
def coach_who_has_failed(
    event: ReviewAcknowledged | ReviewClosed | AppealUpheld | ScoreAdjusted, seen: Seen
) -> Iterator[FirstOf]:
    """Once the score stands: what can still be appealed is no reason yet."""
    for row in seen.rows(inspected_scores, review_id=event.review_id):
        if row.stands_since is None:
            continue
        found = still_due(row, seen) if row.without_coach else reason(row, seen)
        if found is not None:
            yield asked_for(row.review_id, *found, *managers_of(row.agent, seen), seen)


@coaching.reacts
def try_again_when_somebody_may_coach(
    event: StaffOnboarded | StaffMoved | AvailabilityChanged, seen: Seen
) -> Iterator[FirstOf]:
    """Whose score has stood longest comes first; only where it is one of his managers, or the agent who has moved."""
    if isinstance(event, AvailabilityChanged) and not event.available:
        return
    for row in sorted(
        seen.rows(inspected_scores, without_coach=True), key=lambda row: (row.stands_since, row.review_id)
    ):
        managers, left_out = managers_of(row.agent, seen)
        if event.staff_id in (row.agent, *managers) and (found := still_due(row, seen)) is not None:
            yield asked_for(row.review_id, *found, managers, left_out, seen)


def asked_for(
    review_id: ReviewId,
    because: CoachingReason,
    also: tuple[ReviewId, ...],
    managers: tuple[StaffId, ...],
    left_out: tuple[CoachLeftOut, ...],
    seen: Seen,
) -> FirstOf:
    """The nearest manager who can; that it is nobody is an answer too, and is put on record."""
    seen_at = {view.name: seen.position(view) for view in coaching.looks_at}
    chosen = CoachChosen(rule_id=RULE, seen_at=seen_at, managers=managers, left_out=left_out)
    nobody = ReportNoCoach(review_id=review_id, because=because, also=also, chosen=chosen)
    alternatives = (
        AssignCoaching(review_id=review_id, coach=each, because=because, also=also, chosen=chosen) for each in managers
    )
    return FirstOf((*alternatives, nobody))


def still_due(row: InspectedScore, seen: Seen) -> tuple[CoachingReason, tuple[ReviewId, ...]] | None:
    """What nobody could be found for, as it was; where another of the scores is void since, what is left of it."""
    others = [each for review_id in row.coached_with for each in seen.rows(inspected_scores, review_id=review_id)]
    if len(others) == len(row.coached_with):
        return "auto-fail" if row.auto_failed else "low-scores", row.coached_with
    return reason(row, seen)


def reason(row: InspectedScore, seen: Seen) -> tuple[CoachingReason, tuple[ReviewId, ...]] | None:
    """Why it leads to coaching, and with which other low scores; what has led to one before leads to none again, though
    nobody could be found for that yet.
    """
    of_agent = seen.rows(inspected_scores, agent=row.agent)
    known = {each.review_id for each in of_agent}  # What is void is not.
    before = [
        each
        for each in of_agent
        if each.coached
        or (each.without_coach and each.review_id != row.review_id and known.issuperset(each.coached_with))
    ]
    used = {each.review_id for each in before} | {review_id for each in before for review_id in each.coached_with}
    if row.review_id in used:
        return None
    if row.auto_failed:
        return "auto-fail", ()
    if not is_low(row, row.below):
        return None
    others = [each for each in of_agent if is_low(each, row.below) and each.review_id not in {*used, row.review_id}]
    latest = sorted(others, key=lambda each: (each.stands_since, each.review_id), reverse=True)[: row.times - 1]
    if len(latest) + 1 < row.times:
        return None
    return "low-scores", tuple(each.review_id for each in latest)


def is_low(row: InspectedScore, below: int) -> bool:
    """One that was failed by an item has a coaching of its own."""
    return row.stands_since is not None and not row.auto_failed and row.final is not None and row.final < below


def managers_of(agent: StaffId, seen: Seen) -> tuple[tuple[StaffId, ...], tuple[CoachLeftOut, ...]]:
    """Who decides about his work, the nearest first, and why somebody of them is not asked."""
    found: list[Colleague] = []
    left_out: list[CoachLeftOut] = []
    for org in {row.org_path for row in seen.rows(staff_directory, staff_id=agent)}:
        for each in sorted(above(org, seen), key=lambda row: (-len(row.org_path), row.staff_id)):
            if each.staff_id == agent:
                left_out.append(CoachLeftOut(staff_id=agent, because="is the agent"))
            elif not each.active:
                left_out.append(CoachLeftOut(staff_id=each.staff_id, because="does not work here any more"))
            else:
                found.append(each)
    return tuple(each.staff_id for each in found), tuple(left_out)


def above(org: OrgPath, seen: Seen) -> Iterator[Colleague]:
    for row in seen.rows(staff_directory):
        if scope_of(row.role, Action.ASSIGN) in (Scope.TEAM, Scope.SUBTREE) and within(org, row.org_path):
            yield row
