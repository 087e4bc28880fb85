"""The clock of a promise: how much working time has gone by, how much is left, and what is never lost of either.

A clock knows what has elapsed as a duration, and since when it has been running. What lies between is counted with the
version of the calendar that it has pinned; so a pause, another policy or another calendar take nothing from it.
"""

from datetime import timedelta
from typing import Literal

from domain.calendar import NONE, Calendar, as_published, due, worked
from domain.values import CalendarId, Instant, PolicyId, StaffId, value

Metric = Literal["first_response", "next_response", "resolution"]
Priority = Literal["low", "normal", "high", "urgent"]
PendKind = Literal["customer", "third_party"]
StopReason = Literal["met", "late", "resolved", "rejected", "merged", "no-target"]

METRICS: tuple[Metric, ...] = ("first_response", "next_response", "resolution")


@value
class Promise:
    """What a version of a policy promises for one metric: copied, so that no later version changes it."""

    policy_id: PolicyId
    policy_version: int
    priority: Priority
    target: timedelta  # Working time, as all durations here.
    warn_percent: int
    escalate_percent: int  # So much of the target beyond it, and the breach goes one level higher.
    pauses: tuple[PendKind, ...]  # Waiting for whom stops the clock.


@value
class Deadlines:
    """When a running clock reaches what it was set to, if nothing stops it before."""

    warn_at: Instant
    due_at: Instant
    escalate_at: Instant


# States of the hand


@value
class Running:
    since: Instant
    deadlines: Deadlines


@value
class Paused:
    since: Instant


@value
class Stopped:
    why: StopReason


Hand = Running | Paused | Stopped


@value
class Clock:
    """`elapsed` and `paused` are what had gone by when the hand was moved last."""

    metric: Metric
    promise: Promise
    calendar_id: CalendarId
    calendar_version: int
    hand: Hand
    elapsed: timedelta = NONE
    paused: timedelta = NONE
    warned: bool = False
    breached: bool = False
    overrun: bool = False  # It has been told that the breach lasts.
    escalated: int = 0  # The highest level that a breach has been taken to,
    called: StaffId | None = None  # Who was called in for it,
    vacated_by: StaffId | None = None  # And who has left since, while nobody has come in his place.


# What a clock shows. The calendar is the one that it names, in any version from the pinned one on.


def elapsed_at(clock: Clock, calendar: Calendar, at: Instant) -> timedelta:
    """The working time that counts, up to an instant."""
    match clock.hand:
        case Running(since=since):
            return clock.elapsed + worked(as_published(calendar, clock.calendar_version), since, at)
        case _:
            return clock.elapsed


def paused_at(clock: Clock, calendar: Calendar, at: Instant) -> timedelta:
    """The working time during which it stood still and waited."""
    match clock.hand:
        case Paused(since=since):
            return clock.paused + worked(as_published(calendar, clock.calendar_version), since, at)
        case _:
            return clock.paused


def deadlines(promise: Promise, calendar: Calendar, at: Instant, elapsed: timedelta = NONE) -> Deadlines:
    """When each will be reached by a hand that runs from now on; what has been reached already is reached now."""
    return Deadlines(
        warn_at=due(calendar, at, promise.target * promise.warn_percent / 100 - elapsed),
        due_at=due(calendar, at, promise.target - elapsed),
        escalate_at=due(calendar, at, promise.target * (100 + promise.escalate_percent) / 100 - elapsed),
    )


def is_overdue(clock: Clock, at: Instant) -> bool:
    """Whether a running clock has reached its target; one that stands still reaches nothing."""
    return isinstance(clock.hand, Running) and at >= clock.hand.deadlines.due_at
