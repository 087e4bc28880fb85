"""The clocks of a ticket in its row: what is promised, how much of it is left, and which promise is the next due."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeVar

from domain.sla import Metric
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaMet,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
    SlaWarned,
)
from domain.values import CalendarId, Instant
from projections.becoming import OfCustomer
from projections.rows import replace, table
from projections.working_hours import worked

Hand = Literal["running", "paused", "stopped"]
ClockEvent = (
    SlaApplied | SlaPaused | SlaResumed | SlaRebased | SlaWarned | SlaMet | SlaBreached | SlaStopped
)  # That a breach lasts changes nothing of them.


@table
class Promised(OfCustomer):
    """`promises` and the columns that tell of each stand in the order in which they were made; durations are seconds of
    working time, `used` is what had gone by when the hand was moved last.

    The next is the running one that is due first, however long that is over; where all wait, the one that has least
    left. `seconds_left` is what that had when its hand was moved last.
    """

    promises: tuple[Metric, ...] = ()
    hands: tuple[Hand, ...] = ()
    targets: tuple[Decimal, ...] = ()
    used: tuple[Decimal, ...] = ()
    dues: tuple[Instant | None, ...] = ()
    calendars: tuple[CalendarId, ...] = ()
    calendar_versions: tuple[int, ...] = ()
    metric: Metric | None = None
    due_at: Instant | None = None
    paused: bool = False
    seconds_left: Decimal | None = None
    calendar_id: CalendarId | None = None
    calendar_version: int | None = None
    warned: bool = False
    breached: bool = False  # A promise was broken, and that stays so.


R = TypeVar("R", bound=Promised)

LEFT = f"""CASE WHEN metric IS NULL THEN NULL
    WHEN paused THEN seconds_left
    WHEN :now <= due_at THEN {worked(":now", "each.due_at")}
    ELSE least(seconds_left, 0) - {worked("each.due_at", ":now")} END"""
"""What is left until the next promise is due, in seconds of working time; of what is overdue, less than nothing."""


class Clock(NamedTuple):
    metric: Metric
    hand: Hand
    target: Decimal
    used: Decimal
    due: Instant | None
    calendar: CalendarId
    version: int


def clocks_of(row: Promised) -> dict[Metric, Clock]:
    columns = (row.promises, row.hands, row.targets, row.used, row.dues, row.calendars, row.calendar_versions)
    return {each[0]: Clock(*each) for each in zip(*columns, strict=True)}


def ticked(row: R, event: ClockEvent) -> R:
    """The row after something has happened to one of its clocks."""
    match event:
        case SlaWarned():
            return replace(row, warned=True)
        case SlaBreached():
            return replace(row, breached=True)
        case _:
            clocks = clocks_of(row)
            clocks[event.metric] = moved(clocks.get(event.metric), event)
            return replace(row, **told(clocks.values()))


def moved(clock: Clock | None, event: SlaApplied | SlaPaused | SlaResumed | SlaRebased | SlaMet | SlaStopped) -> Clock:
    if isinstance(event, SlaApplied):
        return Clock(
            metric=event.metric,
            hand="running",
            target=seconds(event.promise.target),
            used=Decimal(0),
            due=event.deadlines.due_at,
            calendar=event.calendar_id,
            version=event.calendar_version,
        )
    assert clock is not None, "a clock is set before its hand is moved"
    used = seconds(event.elapsed)
    match event:
        case SlaPaused():
            return clock._replace(hand="paused", used=used, due=None)
        case SlaResumed(deadlines=reached, calendar_version=version):
            return clock._replace(hand="running", used=used, due=reached.due_at, version=version)
        case SlaRebased(promise=promise, deadlines=reached):
            return clock._replace(
                target=seconds(promise.target),
                used=used,
                due=None if reached is None else reached.due_at,
                calendar=event.calendar_id,
                version=event.calendar_version,
            )
        case SlaMet() | SlaStopped():
            return clock._replace(hand="stopped", used=used, due=None)


def seconds(duration: timedelta) -> Decimal:
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def told(clocks: Iterable[Clock]) -> dict[str, Any]:
    """The columns that say it."""
    known = tuple(clocks)
    names = ("promises", "hands", "targets", "used", "dues", "calendars", "calendar_versions")
    following = next_of(known)
    return {
        **dict(zip(names, zip(*known, strict=True), strict=True)),
        "metric": None if following is None else following.metric,
        "due_at": None if following is None else following.due,
        "paused": following is not None and following.hand == "paused",
        "seconds_left": None if following is None else following.target - following.used,
        "calendar_id": None if following is None else following.calendar,
        "calendar_version": None if following is None else following.version,
    }


def next_of(clocks: Iterable[Clock]) -> Clock | None:
    running = {each.due: each for each in clocks if each.hand == "running" and each.due is not None}
    if running:
        return running[min(running)]
    waiting = [each for each in clocks if each.hand == "paused"]
    return min(waiting, key=lambda each: each.target - each.used, default=None)
