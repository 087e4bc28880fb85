"""Service level: it is told in time when a promise runs out, and a broken one is brought to those who decide more."""

from typing import Literal
from uuid import UUID

from commands.ticket.promises import BreachSla, EscalateSla, Looked, OverrunSla, VacateEscalation, WarnSla
from consumers.process import FirstOf, Process, Seen
from domain.sla import Metric
from domain.ticket.escalation import LEADS, Superior, calls_for
from domain.ticket.facts.clocks import SlaBreached, SlaOverrun, SlaResumed
from domain.ticket.facts.status import TicketMerged, TicketRejected, TicketReopened
from domain.ticket.facts.work import EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import OrgPath, StaffId, TicketId
from projections.deadlines import Deadline, DeadlineKind
from projections.deadlines.tickets import BREACHES, OVERRUNS, WARNINGS
from projections.projection import projection
from projections.rows import Row, replace, table
from projections.ticket_capacity import TicketCapacity, available_at, ticket_capacity

ALTERNATIVES = 2  # So many are tried, where the first has just left.


@table
class Whose(Row):
    """Where a ticket lies, and who has been called in for which of its promises."""

    ticket_id: TicketId
    agent: StaffId | None = None
    last_agent: StaffId | None = None
    team: OrgPath | None = None
    called_for: tuple[Metric, ...] = ()
    called: tuple[StaffId, ...] = ()
    levels: tuple[int, ...] = ()

    def called_in(self, metric: Metric, below: int = 9) -> StaffId | None:
        """Who has been called in for a promise last, of those on the levels below one."""
        found = zip(self.called_for, self.called, self.levels, strict=True)
        return next((who for what, who, level in reversed(list(found)) if what == metric and level < below), None)


@projection("service_level_tickets", key=("ticket_id",), version=2, scoped=False)
def whose_tickets(
    row: Whose | None,
    event: TicketAssigned
    | TicketReopened
    | TicketEscalated
    | TicketRejected
    | TicketMerged
    | SlaBreached
    | SlaOverrun
    | SlaResumed
    | EscalationVacated,
) -> Whose | None:
    known = row or Whose(ticket_id=event.ticket_id)
    match event:
        case TicketAssigned(agent=agent, team=team):
            return replace(known, agent=agent, last_agent=agent or known.last_agent, team=team)
        case TicketReopened(agent=agent):
            return replace(known, agent=agent)
        case TicketEscalated(metric=metric, to=to) if metric is not None and to is not None:
            return replace(
                known,
                called_for=(*known.called_for, metric),
                called=(*known.called, to),
                levels=(*known.levels, event.level),
            )
        case TicketRejected() | TicketMerged():
            return None
        case _:
            return row


service_level = Process("service-level", whose_tickets, looks_at=(ticket_capacity,))

METRIC_OF: dict[DeadlineKind, Metric] = {
    kind: metric for kinds in (WARNINGS, BREACHES, OVERRUNS) for metric, kind in kinds.items()
}


@service_level.when_due(*WARNINGS.values())
def warn_while_the_promise_can_be_kept(deadline: Deadline) -> WarnSla:
    return WarnSla(ticket_id=ticket_of(deadline), metric=METRIC_OF[deadline.kind])


@service_level.when_due(*BREACHES.values())
def say_that_a_promise_is_broken(deadline: Deadline) -> BreachSla:
    return BreachSla(ticket_id=ticket_of(deadline), metric=METRIC_OF[deadline.kind])


@service_level.when_due(*OVERRUNS.values())
def say_that_a_breach_lasts(deadline: Deadline) -> OverrunSla:
    return OverrunSla(ticket_id=ticket_of(deadline), metric=METRIC_OF[deadline.kind])


def ticket_of(deadline: Deadline) -> TicketId:
    return TicketId(UUID(deadline.subject_id.removeprefix("ticket/")))


@service_level.reacts
def call_in_the_team_lead_when_a_promise_is_broken(event: SlaBreached, row: Whose | None, seen: Seen) -> FirstOf:
    return called_in(event, 1, row, seen)


@service_level.reacts
def call_in_the_manager_when_a_breach_lasts(event: SlaOverrun, row: Whose | None, seen: Seen) -> FirstOf:
    return called_in(event, 2, row, seen)


@service_level.reacts
def call_in_the_next_when_who_came_has_left(event: EscalationVacated, row: Whose | None, seen: Seen) -> FirstOf:
    return called_in(event, 1 if event.level == 1 else 2, row, seen)


@service_level.reacts
def look_whether_who_came_is_still_here_when_a_promise_runs_again(
    event: SlaResumed, row: Whose | None, seen: Seen
) -> VacateEscalation | None:
    """While it stood still nobody missed him."""
    called = None if row is None else row.called_in(event.metric)
    if called is None or seen.rows(ticket_capacity, staff_id=called, active=True):
        return None
    return VacateEscalation(ticket_id=event.ticket_id, metric=event.metric, staff_id=called)


def called_in(
    event: SlaBreached | SlaOverrun | EscalationVacated, level: Literal[1, 2], row: Whose | None, seen: Seen
) -> FirstOf:
    """The nearest above the ticket, and for the second level the next one up."""
    known = row or Whose(ticket_id=event.ticket_id)
    superiors = [
        Superior(staff_id=each.staff_id, org_path=each.org_path, available=available_at(each, seen.now))
        for each in seen.rows(ticket_capacity, role=LEADS, active=True)
    ]
    already = known.called_in(event.metric, below=level)
    calls = calls_for(place_of(known, seen), superiors, known.agent, already)[:ALTERNATIVES]
    return FirstOf(
        tuple(
            EscalateSla(
                ticket_id=event.ticket_id,
                metric=event.metric,
                level=level,
                to=call.to,
                looked=Looked(seen_at=seen.position(ticket_capacity), passed_over=call.passed_over),
            )
            for call in calls
        )
    )


def place_of(known: Whose, seen: Seen) -> OrgPath | None:
    """Where whoever has the ticket works. Where nobody has it, its team; without one, who had it last."""
    if known.agent is None and known.team is not None:
        return known.team
    who = known.agent or known.last_agent
    found: tuple[TicketCapacity, ...] = () if who is None else seen.rows(ticket_capacity, staff_id=who)
    return found[0].org_path if found else known.team
