"""Whose a ticket is, in every row about it: its agent's, or his who had it last, and theirs who were called in."""

from typing import Any, TypeVar

from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import StaffId
from projections.rows import Scoped, replace

R = TypeVar("R", bound=Scoped)

TicketCustody = TicketAssigned | TicketReopened | TicketEscalated | EscalationVacated


def held(row: R, event: TicketCustody, **further: Any) -> R:
    """The row after a change of hands, and of whatever else changes with it."""
    match event:
        case TicketAssigned(agent=agent) | TicketReopened(agent=agent):
            return replace(row, owner_id=agent, formerly=had_by(row) if agent is None else None, **further)
        case TicketEscalated(to=None):
            return replace(row, **further) if further else row
        case TicketEscalated(to=to):
            return beside(row, dict.fromkeys((*row.collaborators, to)), **further)
        case EscalationVacated(staff_id=gone):
            return beside(row, (each for each in row.collaborators if each != gone), **further)


def had_by(row: Scoped) -> str | None:
    """Who had it last, where nobody has it."""
    return row.formerly if row.owner_id is None else f"staff/{row.owner_id}"


def beside(row: R, people: Any, **further: Any) -> R:
    """They work on it beside the agent, for good."""
    called: tuple[StaffId, ...] = tuple(people)
    return replace(row, collaborators=called, collaborating_until=(None,) * len(called), **further)
