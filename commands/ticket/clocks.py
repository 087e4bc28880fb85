"""What happens to the clocks of a ticket when something happens to the ticket.

Whatever moves a hand first says what the hand has passed: so a breach is told, however late the clock is that tells.
"""

from collections.abc import Iterator, Mapping

from commands.ticket.tickets import active, after
from domain.calendar import Calendar
from domain.sla import (
    METRICS,
    Clock,
    Metric,
    Paused,
    Priority,
    Promise,
    Running,
    Stopped,
    StopReason,
    deadlines,
    elapsed_at,
    is_overdue,
    paused_at,
)
from domain.sla_policy import SlaPolicy
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaEvent,
    SlaMet,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
)
from domain.ticket.states import Active, Matter, waits_for
from domain.values import CalendarId, Instant, TicketId

Calendars = Mapping[CalendarId, Calendar]
ANSWERS: tuple[Metric, ...] = ("first_response", "next_response")


# One clock


def started(
    ticket_id: TicketId, metric: Metric, policy: SlaPolicy | None, priority: Priority, calendars: Calendars, at: Instant
) -> Iterator[SlaApplied]:
    """A clock is set, where anything is promised."""
    if policy is None or (promise := policy.promise(priority, metric)) is None:
        return
    calendar = calendars[policy.terms.calendar_id]
    yield SlaApplied(
        ticket_id=ticket_id,
        metric=metric,
        promise=promise,
        calendar_id=calendar.calendar_id,
        calendar_version=calendar.number,
        since=at,
        deadlines=deadlines(promise, calendar, at),
    )


def passed(ticket_id: TicketId, clock: Clock, at: Instant) -> Iterator[SlaBreached]:
    """The breach, when there is one that nobody has told of yet."""
    if isinstance(clock.hand, Running) and is_overdue(clock, at) and not clock.breached:
        yield SlaBreached(ticket_id=ticket_id, metric=clock.metric, due_at=clock.hand.deadlines.due_at)


def paused(ticket_id: TicketId, clock: Clock, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    yield from passed(ticket_id, clock, at)
    elapsed = elapsed_at(clock, calendars[clock.calendar_id], at)
    yield SlaPaused(ticket_id=ticket_id, metric=clock.metric, since=at, elapsed=elapsed)


def resumed(ticket_id: TicketId, clock: Clock, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    """It goes on where it stood, and what is left is laid out on the calendar as it is published now."""
    calendar = calendars[clock.calendar_id]
    yield SlaResumed(
        ticket_id=ticket_id,
        metric=clock.metric,
        since=at,
        elapsed=clock.elapsed,
        paused=paused_at(clock, calendar, at),
        calendar_version=calendar.number,
        deadlines=deadlines(clock.promise, calendar, at, clock.elapsed),
    )


def met(ticket_id: TicketId, clock: Clock, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    """What was promised has been done: in time, or late."""
    if clock.breached or is_overdue(clock, at):
        yield from stopped(ticket_id, clock, calendars, at, "late")
        return
    calendar = calendars[clock.calendar_id]
    yield SlaMet(
        ticket_id=ticket_id,
        metric=clock.metric,
        elapsed=elapsed_at(clock, calendar, at),
        paused=paused_at(clock, calendar, at),
    )


def stopped(
    ticket_id: TicketId, clock: Clock, calendars: Calendars, at: Instant, why: StopReason
) -> Iterator[SlaEvent]:
    yield from passed(ticket_id, clock, at)
    calendar = calendars[clock.calendar_id]
    yield SlaStopped(
        ticket_id=ticket_id,
        metric=clock.metric,
        elapsed=elapsed_at(clock, calendar, at),
        paused=paused_at(clock, calendar, at),
        why=why,
    )


def rebased(
    ticket_id: TicketId, clock: Clock, promise: Promise, calendar: Calendar, calendars: Calendars, at: Instant
) -> Iterator[SlaEvent]:
    """Another promise for what has elapsed; a hand that stands still goes on standing still."""
    pinned = (clock.promise, clock.calendar_id, clock.calendar_version)
    if pinned == (promise, calendar.calendar_id, calendar.number):
        return
    yield from passed(ticket_id, clock, at)
    elapsed = elapsed_at(clock, calendars[clock.calendar_id], at)
    runs = isinstance(clock.hand, Running)
    yield SlaRebased(
        ticket_id=ticket_id,
        metric=clock.metric,
        promise=promise,
        calendar_id=calendar.calendar_id,
        calendar_version=calendar.number,
        since=at,
        elapsed=elapsed,
        paused=paused_at(clock, calendars[clock.calendar_id], at),
        deadlines=deadlines(promise, calendar, at, elapsed) if runs else None,
    )


# All clocks of a ticket


def moving(matter: Matter) -> Iterator[Clock]:
    """Those that run, or wait."""
    return (clock for clock in matter.clocks.values() if not isinstance(clock.hand, Stopped))


def following(ticket_id: TicketId, ticket: Active, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    """Each runs or waits as the ticket's status wants it to."""
    waiting = waits_for(ticket.status)
    for clock in moving(ticket.matter):
        should_wait = waiting in clock.promise.pauses
        if should_wait and isinstance(clock.hand, Running):
            yield from paused(ticket_id, clock, calendars, at)
        if not should_wait and isinstance(clock.hand, Paused):
            yield from resumed(ticket_id, clock, calendars, at)


def answered(ticket_id: TicketId, matter: Matter, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    """Somebody has answered the customer."""
    for clock in moving(matter):
        if clock.metric in ANSWERS:
            yield from met(ticket_id, clock, calendars, at)


def asked_again(
    ticket_id: TicketId, matter: Matter, policy: SlaPolicy | None, calendars: Calendars, at: Instant
) -> Iterator[SlaEvent]:
    """The customer waits for an answer: once he has had one, the next is promised too, from his first question on."""
    clock = matter.clocks.get("next_response")
    if matter.answered and (clock is None or isinstance(clock.hand, Stopped)):
        yield from started(ticket_id, "next_response", policy, matter.priority, calendars, at)


def solved(ticket_id: TicketId, matter: Matter, calendars: Calendars, at: Instant) -> Iterator[SlaEvent]:
    """No clock runs on after that. What was to be answered, and was not, has not been met either."""
    for clock in moving(matter):
        if clock.metric == "resolution":
            yield from met(ticket_id, clock, calendars, at)
        else:
            yield from stopped(ticket_id, clock, calendars, at, "resolved")


def given_up(
    ticket_id: TicketId, matter: Matter, calendars: Calendars, at: Instant, why: StopReason
) -> Iterator[SlaEvent]:
    for clock in moving(matter):
        yield from stopped(ticket_id, clock, calendars, at, why)


def taken_up_again(
    ticket_id: TicketId, matter: Matter, policy: SlaPolicy | None, calendars: Calendars, at: Instant
) -> Iterator[SlaEvent]:
    """After a reopening the resolution goes on with what it had; a first response is not asked for twice."""
    match matter.clocks.get("resolution"):
        case None:
            yield from started(ticket_id, "resolution", policy, matter.priority, calendars, at)
        case Clock(hand=Stopped(why=why)) as clock if why != "no-target":
            yield from resumed(ticket_id, clock, calendars, at)
        case _:
            pass


def promised_anew(
    ticket_id: TicketId, ticket: Active, policy: SlaPolicy, calendars: Calendars, at: Instant
) -> Iterator[SlaEvent]:
    """Everything that still counts is set to what the policy, as it is published now, promises for the priority."""
    events = [
        event for metric in METRICS for event in metric_anew(ticket_id, ticket.matter, metric, policy, calendars, at)
    ]
    yield from events
    yield from following(ticket_id, active(after(ticket, events)), calendars, at)


def metric_anew(
    ticket_id: TicketId, matter: Matter, metric: Metric, policy: SlaPolicy, calendars: Calendars, at: Instant
) -> Iterator[SlaEvent]:
    promise = policy.promise(matter.priority, metric)
    still_wanted = metric == "resolution" or (metric == "first_response" and not matter.answered)
    match matter.clocks.get(metric):
        case None:
            if still_wanted:
                yield from started(ticket_id, metric, policy, matter.priority, calendars, at)
        case Clock(hand=Stopped(why="no-target")) as clock if promise is not None and still_wanted:
            yield from rebased(ticket_id, clock, promise, calendars[policy.terms.calendar_id], calendars, at)
            kept = clock.elapsed
            calendar = calendars[policy.terms.calendar_id]
            yield SlaResumed(
                ticket_id=ticket_id,
                metric=metric,
                since=at,
                elapsed=kept,
                paused=clock.paused,
                calendar_version=calendar.number,
                deadlines=deadlines(promise, calendar, at, kept),
            )
        case Clock(hand=Stopped()):
            pass
        case Clock() as clock if promise is None:
            yield from stopped(ticket_id, clock, calendars, at, "no-target")
        case Clock() as clock:
            yield from rebased(ticket_id, clock, promise, calendars[policy.terms.calendar_id], calendars, at)
