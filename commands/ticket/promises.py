"""What the clock sends when it thinks that an instant has come, and the rules that look whether it has."""

from collections.abc import Iterator, Mapping
from typing import Literal

from commands.people import must_be_a_rule_s, must_work_here
from commands.ticket.clocks import passed, promised_anew
from commands.ticket.tickets import adopted, calendars_of, policy_of, tickets
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.errors import Invalid, require
from domain.sla import Clock, Metric, Paused, Running
from domain.sla_policy import SlaPolicy
from domain.staff import Departed, Staff
from domain.ticket.facts.clocks import SlaBreached, SlaEvent, SlaOverrun, SlaWarned
from domain.ticket.facts.work import EscalationVacated, PassedOver, TicketEscalated
from domain.ticket.refusals import NoSuchClock, NotCalledIn, StillWorksHere, ToldAlready, TooEarly
from domain.ticket.states import Active
from domain.values import CalendarId, Instant, PolicyId, StaffId, TicketId, value


def the_clock(ticket: Active, metric: Metric) -> Clock:
    if (clock := ticket.matter.clocks.get(metric)) is None:
        raise NoSuchClock(metric=metric)
    return clock


def must_have_come(due: Instant, asked: Asked) -> None:
    if asked.at < due:
        raise TooEarly(due=due)


@value
class WarnSla:
    ticket_id: TicketId
    metric: Metric


@tickets.decides(Action.ASSIGN)
def warn_sla(command: WarnSla, ticket: Active, asked: Asked) -> SlaWarned:
    """Say, once, that there is not much time left."""
    clock = the_clock(ticket, command.metric)
    if clock.warned:
        raise ToldAlready(what=f"a warning of {command.metric}")
    must_have_come(require(clock.hand, Running).deadlines.warn_at, asked)
    return SlaWarned(ticket_id=command.ticket_id, metric=command.metric, percent=clock.promise.warn_percent)


@value
class BreachSla:
    ticket_id: TicketId
    metric: Metric


@tickets.decides(Action.ASSIGN)
def breach_sla(command: BreachSla, ticket: Active, asked: Asked) -> SlaBreached:
    """Say, once and for ever, that a promise was not kept."""
    clock = the_clock(ticket, command.metric)
    if clock.breached:
        raise ToldAlready(what=f"a breach of {command.metric}")
    due_at = require(clock.hand, Running).deadlines.due_at
    must_have_come(due_at, asked)
    return SlaBreached(ticket_id=command.ticket_id, metric=command.metric, due_at=due_at)


@value
class OverrunSla:
    ticket_id: TicketId
    metric: Metric


@tickets.decides(Action.ASSIGN)
def overrun_sla(command: OverrunSla, ticket: Active, asked: Asked) -> Iterator[SlaBreached | SlaOverrun]:
    """Say, once, that a breach has lasted so long that it is for the next one up."""
    clock = the_clock(ticket, command.metric)
    if clock.overrun:
        raise ToldAlready(what=f"that {command.metric} is still broken")
    must_have_come(require(clock.hand, Running).deadlines.escalate_at, asked)
    yield from passed(command.ticket_id, clock, asked.at)
    yield SlaOverrun(ticket_id=command.ticket_id, metric=command.metric, percent=clock.promise.escalate_percent)


@value
class Looked:
    """Where in the ledger somebody was looked for, and who else stood at hand."""

    seen_at: int
    passed_over: tuple[PassedOver, ...] = ()


@value
class EscalateSla:
    """Level 1 is the team lead, when a promise is broken; level 2 the manager, when that lasts.

    A policy says how it found him; where it found nobody, it names nobody, and that is told too.
    """

    ticket_id: TicketId
    metric: Metric
    level: Literal[1, 2]
    to: StaffId | None = None
    looked: Looked | None = None


def called_in(command: EscalateSla) -> list[StaffId]:
    return [] if command.to is None else [command.to]


@tickets.decides(Action.ASSIGN, staff=called_in)
def escalate_sla(
    command: EscalateSla, ticket: Active, staff: Mapping[StaffId, Staff], asked: Asked
) -> Iterator[SlaBreached | TicketEscalated]:
    """Call in who decides more, because a promise is broken; each level once, and again when who came has left."""
    must_be_a_rule_s("looked", command.looked, asked)
    clock = the_clock(ticket, command.metric)
    follows = clock.vacated_by is not None and clock.escalated == command.level
    if clock.escalated >= command.level and not follows:
        raise ToldAlready(what=f"level {clock.escalated} of {command.metric}")
    must_be_for(command.level, clock, asked)
    if command.to is None and command.looked is None:
        raise Invalid(field="to", because="say who, or where nobody was found")
    for staff_id, person in staff.items():
        must_work_here(staff_id, person)
    yield from passed(command.ticket_id, clock, asked.at)
    yield TicketEscalated(
        ticket_id=command.ticket_id,
        level=command.level,
        to=command.to,
        trigger="departed" if follows else "breach" if command.level == 1 else "overdue",
        metric=command.metric,
        seen_at=None if command.looked is None else command.looked.seen_at,
        passed_over=() if command.looked is None else command.looked.passed_over,
        in_place_of=clock.vacated_by if follows else None,
    )


@value
class VacateEscalation:
    """`staff_id` was called in for this promise, and has left."""

    ticket_id: TicketId
    metric: Metric
    staff_id: StaffId


def who_left(command: VacateEscalation) -> StaffId:
    return command.staff_id


@tickets.decides(Action.ASSIGN, staff=who_left)
def vacate_escalation(command: VacateEscalation, ticket: Active, staff: Staff) -> EscalationVacated:
    """Say that who was called in last has left while the breach lasts; the next in line is called in then."""
    clock = the_clock(ticket, command.metric)
    if clock.called != command.staff_id:
        raise NotCalledIn(staff_id=command.staff_id, metric=command.metric)
    if not isinstance(staff, Departed):
        raise StillWorksHere(staff_id=command.staff_id)
    require(clock.hand, Running, Paused)
    return EscalationVacated(
        ticket_id=command.ticket_id, metric=command.metric, level=clock.escalated, staff_id=command.staff_id
    )


def must_be_for(level: int, clock: Clock, asked: Asked) -> None:
    """What has been told is for that level, also while the clock now waits; what has not is looked at."""
    if clock.overrun if level > 1 else clock.breached:
        require(clock.hand, Running, Paused)
        return
    deadlines = require(clock.hand, Running).deadlines
    must_have_come(deadlines.escalate_at if level > 1 else deadlines.due_at, asked)


@value
class RebaseSla:
    """Under the version of its policy that is published now."""

    ticket_id: TicketId


@tickets.decides(Action.ASSIGN, policies=policy_of, calendars=calendars_of)
def rebase_sla(
    command: RebaseSla,
    ticket: Active,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    asked: Asked,
) -> Iterator[SlaEvent]:
    """Measure it by what is promised today: what has elapsed and how long it waited is kept."""
    policy = adopted(command.ticket_id, policies)
    yield from promised_anew(command.ticket_id, ticket, policy, calendars, asked.at)
