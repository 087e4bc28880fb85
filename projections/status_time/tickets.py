"""How long tickets were in each status."""

from domain.ticket.facts.clocks import SlaApplied, SlaRebased, SlaResumed
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import (
    TicketClosed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.work import CustomerReplied, EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import Instant
from projections.rows import replace
from projections.status_time.row import Spells, entered, first
from projections.ticket_custody import held


def of_tickets(
    spells: Spells,
    event: TicketOpened
    | TicketAssigned
    | CustomerReplied
    | TicketPended
    | TicketResumed
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | TicketEscalated
    | EscalationVacated
    | SlaApplied
    | SlaResumed
    | SlaRebased,
    at: Instant,
) -> Spells:
    match event:
        case TicketOpened():
            return spells or (first("ticket", event.ticket_id, "new", at),)
        case TicketEscalated() | EscalationVacated():
            return tuple(held(spell, event) for spell in spells)
        case SlaResumed(calendar_version=version):
            return (*spells[:-1], *(replace(spell, calendar_version=version) for spell in spells[-1:]))
        case (
            SlaApplied(calendar_id=calendar_id, calendar_version=version)
            | SlaRebased(calendar_id=calendar_id, calendar_version=version)
        ):
            pinned = (replace(spell, calendar_id=calendar_id, calendar_version=version) for spell in spells[-1:])
            return (*spells[:-1], *pinned)
        case TicketAssigned() | TicketReopened():
            known = entered(spells, event, at, "ticket", event.ticket_id)
            return tuple(held(spell, event) for spell in known)
        case _:
            return entered(spells, event, at, "ticket", event.ticket_id)
