"""The custody of tickets: from one agent to another, and back to the team."""

from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import AgentReplied, EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import StaffId
from ledger.envelope import Recorded
from projections.custody_ledger.row import Custody, Ledger, changed, contacted, holder, now
from projections.rows import replace


def of_tickets(
    rows: Ledger,
    event: TicketOpened | TicketAssigned | TicketReopened | AgentReplied | TicketEscalated | EscalationVacated,
    recorded: Recorded,
) -> Ledger:
    match event:
        case TicketOpened():
            return rows or (
                Custody(subject_id=recorded.stream, ordinal=0, since=recorded.occurred_at, method="assign"),
            )
        case AgentReplied(public=public):
            return contacted(rows) if public else rows
        case TicketEscalated(to=str() as helper) if helper not in called_in(rows):
            return beside(rows, (*called_in(rows), StaffId(helper)))
        case EscalationVacated(staff_id=gone):
            return beside(rows, tuple(each for each in called_in(rows) if each != gone))
        case TicketEscalated():
            return rows
        case TicketAssigned() | TicketReopened():
            return whose(handed_on(rows, event, recorded))


def called_in(rows: Ledger) -> tuple[StaffId, ...]:
    return rows[0].collaborators if rows else ()


def beside(rows: Ledger, helpers: tuple[StaffId, ...]) -> Ledger:
    """They see it for good, beside whoever has it."""
    return tuple(replace(row, collaborators=helpers, collaborating_until=(None,) * len(helpers)) for row in rows)


def handed_on(rows: Ledger, event: TicketAssigned | TicketReopened, recorded: Recorded) -> Ledger:
    last, had = now(rows), holder(rows)
    match event:
        case TicketReopened(agent=agent) if agent != had:
            return changed(
                rows, recorded, "reopen", from_owner=had, to_owner=agent, team=None if last is None else last.team
            )
        case TicketReopened():
            return rows
        case TicketAssigned(agent=agent, team=team) if last is not None and (agent, team) == (had, last.team):
            return rows
        case TicketAssigned(agent=agent, team=team, previous_agent=named, method=method, rule_id=rule, why=why):
            before = had if named is None else named
            told = {"from_owner": before, "to_owner": agent, "team": team, "reason": why, "rule_id": rule}
            return changed(rows, recorded, method, **told)


def whose(rows: Ledger) -> Ledger:
    """The agent's; where it lies with the team, his who had it last."""
    agent = holder(rows)
    had = next((row.to_owner for row in reversed(rows) if row.to_owner is not None), None)
    formerly = f"staff/{had}" if agent is None and had is not None else None
    return tuple(replace(row, owner_id=agent, formerly=formerly) for row in rows)
