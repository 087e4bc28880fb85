"""The clocks of a ticket. Durations are working time; what was running counts under the version in force."""

from datetime import timedelta

from domain.sla import Deadlines, Metric, Promise, StopReason
from domain.values import (
    CalendarId,
    Instant,
    TicketId,
    fact,
)


@fact("ticket.sla-applied")
class SlaApplied:
    ticket_id: TicketId
    metric: Metric
    promise: Promise
    calendar_id: CalendarId
    calendar_version: int
    since: Instant
    deadlines: Deadlines


@fact("ticket.sla-paused")
class SlaPaused:
    ticket_id: TicketId
    metric: Metric
    since: Instant
    elapsed: timedelta


@fact("ticket.sla-resumed")
class SlaResumed:
    """What is left is laid out anew, on the version of the calendar that is pinned from here on."""

    ticket_id: TicketId
    metric: Metric
    since: Instant
    elapsed: timedelta
    paused: timedelta
    calendar_version: int
    deadlines: Deadlines


@fact("ticket.sla-rebased")
class SlaRebased:
    """Another promise for what has elapsed so far. A clock that stands still has no deadlines, and stands still."""

    ticket_id: TicketId
    metric: Metric
    promise: Promise
    calendar_id: CalendarId
    calendar_version: int
    since: Instant
    elapsed: timedelta
    paused: timedelta
    deadlines: Deadlines | None = None


@fact("ticket.sla-warned")
class SlaWarned:
    ticket_id: TicketId
    metric: Metric
    percent: int


@fact("ticket.sla-met")
class SlaMet:
    """In time. What comes late is stopped, and stays a breach."""

    ticket_id: TicketId
    metric: Metric
    elapsed: timedelta
    paused: timedelta


@fact("ticket.sla-breached")
class SlaBreached:
    ticket_id: TicketId
    metric: Metric
    due_at: Instant


@fact("ticket.sla-overrun")
class SlaOverrun:
    """The breach lasts: so much of the target has gone by beyond it."""

    ticket_id: TicketId
    metric: Metric
    percent: int


@fact("ticket.sla-stopped")
class SlaStopped:
    """It ends without having been met."""

    ticket_id: TicketId
    metric: Metric
    elapsed: timedelta
    paused: timedelta
    why: StopReason


SlaEvent = SlaApplied | SlaPaused | SlaResumed | SlaRebased | SlaWarned | SlaMet | SlaBreached | SlaOverrun | SlaStopped
