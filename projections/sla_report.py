"""The SLA report: what was promised for each ticket, what became of each promise, and the figures of any part of it."""

from datetime import UTC, date
from decimal import Decimal
from typing import Any, Literal

from domain.sla import Priority, StopReason
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaMet,
    SlaOverrun,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
    SlaWarned,
)
from domain.ticket.facts.opening import PriorityChanged, TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import CalendarId, Instant, OrgPath, PolicyId, StaffId, TicketId
from projections.figures import Summary, counted, with_a
from projections.projection import projection
from projections.rows import Scoped, replace, table
from projections.ticket_clocks import seconds
from projections.ticket_custody import held

What = Literal["ticket", "first_response", "next_response", "resolution"]
State = Literal["running", "paused", "met", "breached", "overrun", "void"]
OPEN: tuple[State, ...] = ("running", "paused")
BROKEN: tuple[State, ...] = ("breached", "overrun")


@table
class Kept(Scoped):
    """A promise, and whether it was kept. `cycle` counts how often its metric was promised for the ticket; a solution
    that turns out to be none goes on with the promise that it had. Durations are seconds of working time, as they were
    told last.

    `agent` and `team` are whose it was when that was decided, or whose it is until then; `breached_at` is when it was
    due. Void is what ended otherwise, in time: it was merged, rejected, or promised no more. A breach stays one.

    The row of cycle 0 is the ticket itself, unlisted: from it the next promise knows whose it is, and what about.
    """

    ticket_id: TicketId
    metric: What
    cycle: int
    type: str
    category: str
    channel: str
    priority: Priority
    agent: StaffId | None = None
    team: OrgPath | None = None
    state: State = "void"
    policy_id: PolicyId | None = None
    policy_version: int | None = None
    calendar_id: CalendarId | None = None
    calendar_version: int | None = None
    target_seconds: Decimal | None = None
    used_seconds: Decimal | None = None
    paused_seconds: Decimal | None = None
    month: date | None = None  # The first day of that in which it was promised, in UTC; and of that in which it is due.
    due_month: date | None = None
    applied_at: Instant | None = None
    due_at: Instant | None = None  # None while it waits.
    warned_at: Instant | None = None
    met_at: Instant | None = None
    breached_at: Instant | None = None
    overrun_at: Instant | None = None
    ended_at: Instant | None = None
    why: StopReason | None = None  # It ended.


Promises = tuple[Kept, ...]

FACETS = (
    "month",
    "due_month",
    "team",
    "agent",
    "metric",
    "state",
    "priority",
    "type",
    "category",
    "channel",
    "policy_id",
    "policy_version",
    "owner_id",
)
MET, MISSED = counted(("state", "met")), with_a("breached_at")

SUMMARY = Summary(
    by=("month", "team", "agent", "metric"),
    facets=FACETS,
    figures={
        "promised": "count(*)",
        "met": MET,
        "breached": MISSED,
        "overrun": counted(("state", "overrun")),
        "running": counted(("state", "running")),
        "paused": counted(("state", "paused")),
        "void": counted(("state", "void")),
        # Of what was decided: what still runs, or came to nothing, is neither.
        "percent_met": f"round(100.0 * {MET.sql} / nullif({MET.sql} + {MISSED.sql}, 0), 2)",
        # Working time until it was done, in time or late.
        "median_minutes": "percentile_cont(0.5) WITHIN GROUP (ORDER BY used_seconds / 60)"
        " FILTER (WHERE why IN ('met', 'late'))",
    },
)


@projection(
    "sla_report",
    key=("ticket_id",),
    rows_by=("metric", "cycle"),
    version=1,
    listed="cycle > 0",
    computed={"subject_id": (str, "'ticket/' || ticket_id")},
    summaries={"kept": SUMMARY},
    sorts=("applied_at", "due_at", "met_at", "breached_at", "ended_at", "used_seconds", "target_seconds"),
    filters=(
        "ticket_id",
        *FACETS,
        "cycle",
        "why",
        "applied_at",
        "due_at",
        "warned_at",
        "met_at",
        "breached_at",
        "overrun_at",
        "ended_at",
        "used_seconds",
    ),
)
def sla_report(
    rows: Promises,
    event: TicketOpened
    | TicketClassified
    | PriorityChanged
    | TicketAssigned
    | TicketReopened
    | TicketEscalated
    | EscalationVacated
    | SlaApplied
    | SlaPaused
    | SlaResumed
    | SlaRebased
    | SlaWarned
    | SlaMet
    | SlaBreached
    | SlaOverrun
    | SlaStopped,
    at: Instant,
) -> Promises:
    match event:
        case TicketOpened():
            return rows or (the_ticket(event),)
        case TicketClassified(type=kind, category=category):
            return tuple(replace(row, type=kind, category=category) for row in rows)
        case PriorityChanged(to=to):
            return tuple(replace(row, priority=to) if row.cycle == 0 else row for row in rows)
        case TicketAssigned(agent=agent, team=team):
            return tuple(held(row, event, **({"agent": agent, "team": team} if is_open(row) else {})) for row in rows)
        case TicketReopened(agent=agent):
            return tuple(held(row, event, **({"agent": agent} if is_open(row) else {})) for row in rows)
        case TicketEscalated() | EscalationVacated():
            return tuple(held(row, event) for row in rows)
        case SlaApplied():
            return (*rows, promised(rows, event))
        case _:
            last = max((row.cycle for row in rows if row.metric == event.metric), default=0)
            ticket = next((row for row in rows if row.cycle == 0), None)
            return tuple(
                after(row, event, at, ticket) if (row.metric, row.cycle) == (event.metric, last) else row
                for row in rows
            )


def is_open(row: Kept) -> bool:
    """Whether it may still be kept or broken; the ticket itself changes hands as long as there is any."""
    return row.cycle == 0 or row.state in OPEN


def the_ticket(event: TicketOpened) -> Kept:
    return Kept(
        ticket_id=event.ticket_id,
        metric="ticket",
        cycle=0,
        type=event.type,
        category=event.category,
        channel=event.channel,
        priority=event.priority,
    )


def month(at: Instant) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def due(at: Instant | None) -> dict[str, Any]:
    return {"due_at": at, "due_month": None if at is None else month(at)}


def promised(rows: Promises, event: SlaApplied) -> Kept:
    ticket = next(row for row in rows if row.cycle == 0)
    promise = event.promise
    return replace(
        ticket,
        metric=event.metric,
        cycle=sum(row.metric == event.metric for row in rows) + 1,
        state="running",
        priority=promise.priority,
        policy_id=promise.policy_id,
        policy_version=promise.policy_version,
        calendar_id=event.calendar_id,
        calendar_version=event.calendar_version,
        target_seconds=seconds(promise.target),
        used_seconds=Decimal(0),
        paused_seconds=Decimal(0),
        month=month(event.since),
        applied_at=event.since,
        **due(event.deadlines.due_at),
    )


Ticking = SlaPaused | SlaResumed | SlaRebased | SlaWarned | SlaMet | SlaBreached | SlaOverrun | SlaStopped


def after(row: Kept, event: Ticking, at: Instant, ticket: Kept | None) -> Kept:
    """The promise after something has happened to its clock."""
    match event:
        case SlaPaused(elapsed=used):
            return replace(row, state=still(row, "paused"), used_seconds=seconds(used), **due(None))
        case SlaResumed():
            return replace(
                row,
                state=still(row, "running"),
                calendar_version=event.calendar_version,
                met_at=None,
                ended_at=None,
                why=None,
                **taken_up(row, ticket),
                **due(event.deadlines.due_at),
                **spent(event),
            )
        case SlaRebased(promise=promise, deadlines=reached):
            return replace(
                row,
                priority=promise.priority,
                policy_id=promise.policy_id,
                policy_version=promise.policy_version,
                calendar_id=event.calendar_id,
                calendar_version=event.calendar_version,
                target_seconds=seconds(promise.target),
                **due(None if reached is None else reached.due_at),
                **spent(event),
            )
        case SlaWarned():
            return replace(row, warned_at=at)
        case SlaBreached(due_at=broken):
            return replace(row, state="breached", breached_at=broken)
        case SlaOverrun():
            return replace(row, state="overrun", overrun_at=at)
        case SlaMet():
            return replace(row, state="met", met_at=at, ended_at=at, why="met", **spent(event))
        case SlaStopped(why=why):
            return replace(row, state=still(row, "void"), ended_at=at, why=why, **spent(event))


def still(row: Kept, state: State) -> State:
    """A breach is never undone."""
    return row.state if row.state in BROKEN else state


def taken_up(row: Kept, ticket: Kept | None) -> dict[str, Any]:
    """Whose it is that goes on: nothing of a breach changes hands any more."""
    if ticket is None or row.breached_at is not None:
        return {}
    return {"agent": ticket.agent, "team": ticket.team}


def spent(event: SlaResumed | SlaRebased | SlaMet | SlaStopped) -> dict[str, Any]:
    return {"used_seconds": seconds(event.elapsed), "paused_seconds": seconds(event.paused)}
