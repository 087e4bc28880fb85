"""The deadlines of tickets: what their clocks reach, the end of a wait, when they close by themselves, and when the
customer may be asked how it was.
"""

from domain.sla import Deadlines as Reached
from domain.sla import Metric
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaEvent,
    SlaMet,
    SlaOverrun,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
    SlaWarned,
)
from domain.ticket.facts.opening import TicketAdopted
from domain.ticket.facts.status import (
    TicketClosed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.work import CustomerReplied, SurveyDeferred, SurveyDropped, SurveyRequested
from domain.values import Instant
from ledger.envelope import Recorded
from projections.deadlines.row import Deadline, DeadlineKind, Deadlines, deadline, without
from projections.rows import replace

WARNINGS: dict[Metric, DeadlineKind] = {
    "first_response": "sla-warning/first_response",
    "next_response": "sla-warning/next_response",
    "resolution": "sla-warning/resolution",
}
BREACHES: dict[Metric, DeadlineKind] = {
    "first_response": "sla-breach/first_response",
    "next_response": "sla-breach/next_response",
    "resolution": "sla-breach/resolution",
}
OVERRUNS: dict[Metric, DeadlineKind] = {
    "first_response": "sla-overrun/first_response",
    "next_response": "sla-overrun/next_response",
    "resolution": "sla-overrun/resolution",
}


def of_tickets(
    rows: Deadlines,
    event: SlaEvent
    | TicketPended
    | TicketResumed
    | CustomerReplied
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | TicketAdopted
    | SurveyRequested
    | SurveyDeferred
    | SurveyDropped,
    recorded: Recorded,
) -> Deadlines:
    match event:
        case TicketPended(until=until) if until is not None:
            return deadline(rows, recorded, "pending-end", until)
        case TicketPended() | TicketResumed() | CustomerReplied(to="open" | "new"):
            return without(rows, "pending-end")
        case CustomerReplied():
            return rows
        case TicketResolved(close_at=close_at) if close_at is not None:
            return deadline(without(rows, "pending-end"), recorded, "auto-close", close_at)
        case TicketReopened() | TicketClosed(automatic=True):
            return without(rows, "pending-end", "auto-close", "survey")
        case TicketResolved() | TicketClosed():
            return without(rows, "pending-end", "auto-close")
        case SurveyDeferred(until=until):
            return deadline(rows, recorded, "survey", until)
        case SurveyRequested() | SurveyDropped():
            return without(rows, "survey")
        case TicketRejected() | TicketMerged():
            return ()
        case TicketAdopted(close_at=close_at) if close_at is not None:
            return deadline(rows, recorded, "auto-close", close_at)
        case TicketAdopted():
            return tuple(
                replace(row, armed=True, caused_by=recorded.event_id) if row.kind == "pending-end" else row
                for row in rows
            )
        case _:
            return of_clocks(rows, event, recorded)


def of_clocks(rows: Deadlines, event: SlaEvent, recorded: Recorded) -> Deadlines:
    """A clock runs for what is live. What it has reached and told has no row any more; while it stands still, the rest
    is not armed.
    """
    metric = event.metric
    warning, breach, overrun = WARNINGS[metric], BREACHES[metric], OVERRUNS[metric]
    match event:
        case SlaApplied(deadlines=reached):
            return laid_out(rows, recorded, metric, reached, (warning, breach, overrun))
        case SlaResumed(deadlines=reached):
            return laid_out(rows, recorded, metric, reached, left(rows, metric))
        case SlaRebased(deadlines=reached):
            still = left(rows, metric)
            again = (warning,) if breach in still else ()  # Another target is warned of anew.
            if reached is not None:
                return laid_out(rows, recorded, metric, reached, (*still, *again))
            waits = [unarmed(recorded, kind, event.since) for kind in again]
            return (*without(rows, *again), *waits)
        case SlaWarned():
            return without(rows, warning)
        case SlaBreached():
            return without(rows, warning, breach)
        case SlaOverrun():
            return without(rows, overrun)
        case SlaPaused():
            return stand_still(rows, metric)
        case SlaMet() | SlaStopped():
            goes_on = metric == "resolution" or (isinstance(event, SlaStopped) and event.why == "no-target")
            return stand_still(rows, metric) if goes_on else without(rows, warning, breach, overrun)


def left(rows: Deadlines, metric: Metric) -> tuple[DeadlineKind, ...]:
    """What a clock has not told yet."""
    own = {WARNINGS[metric], BREACHES[metric], OVERRUNS[metric]}
    return tuple(row.kind for row in rows if row.kind in own)


def laid_out(
    rows: Deadlines, recorded: Recorded, metric: Metric, reached: Reached, wanted: tuple[DeadlineKind, ...]
) -> Deadlines:
    due: dict[DeadlineKind, Instant] = {
        WARNINGS[metric]: reached.warn_at,
        BREACHES[metric]: reached.due_at,
        OVERRUNS[metric]: reached.escalate_at,
    }
    new = [replace(unarmed(recorded, kind, at), armed=True) for kind, at in due.items() if kind in wanted]
    return (*without(rows, *due), *new)


def unarmed(recorded: Recorded, kind: DeadlineKind, due_at: Instant) -> Deadline:
    return Deadline(
        subject_id=recorded.stream,
        kind=kind,
        due_at=due_at,
        armed=False,
        caused_by=recorded.event_id,
        correlation_id=recorded.correlation_id,
    )


def stand_still(rows: Deadlines, metric: Metric) -> Deadlines:
    own = left(rows, metric)
    return tuple(replace(row, armed=row.armed and row.kind not in own) for row in rows)
