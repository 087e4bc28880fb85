"""Tickets, as far as it matters for who gets them: those that wait for an agent, and since when."""

from domain.sla import Priority
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketClosed, TicketMerged, TicketRejected, TicketReopened, TicketResolved
from domain.ticket.facts.work import TicketAssigned
from domain.values import OrgPath, PolicyId, StaffId, TicketId
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class DispatchedTicket(Scoped):
    """`waits_since` is the position since which nobody has it, None while somebody has, or it is over; history has no
    policy, and does not wait. `had_by` are those from whom it was taken.
    """

    ticket_id: TicketId
    category: str
    priority: Priority
    policy_id: PolicyId | None
    waits: bool
    waits_since: int | None
    team: OrgPath | None = None
    over: bool = False
    had_by: tuple[StaffId, ...] = ()


@projection(
    "ticket_dispatch",
    key=("ticket_id",),
    version=1,
    sorts=("waits_since", "priority"),
    filters=("ticket_id", "category", "priority", "team", "waits"),
)
def ticket_dispatch(
    row: DispatchedTicket | None,
    event: TicketOpened
    | TicketClassified
    | PriorityChanged
    | TicketAdopted
    | TicketAssigned
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged,
    recorded: Recorded,
) -> DispatchedTicket | None:
    match row, event:
        case None, TicketOpened():
            opened = DispatchedTicket(
                ticket_id=event.ticket_id,
                category=event.category,
                priority=event.priority,
                policy_id=event.policy_id,
                waits=False,
                waits_since=None,
            )
            return waiting(opened, recorded)
        case DispatchedTicket(), TicketClassified(category=category):
            return replace(row, category=category)
        case DispatchedTicket(), PriorityChanged(to=to):
            return replace(row, priority=to)
        case DispatchedTicket(), TicketAdopted(policy_id=policy_id):
            return waiting(replace(row, policy_id=policy_id), recorded)
        case DispatchedTicket(), TicketAssigned():
            return waiting(assigned(row, event), recorded)
        case DispatchedTicket(), TicketReopened(agent=agent):
            formerly = row.formerly if agent is None else None
            return waiting(replace(row, over=False, owner_id=agent, formerly=formerly), recorded)
        case DispatchedTicket(), TicketResolved() | TicketClosed():
            return waiting(replace(row, over=True), recorded)
        case _, TicketRejected() | TicketMerged():
            return None
        case _:
            return row


def assigned(row: DispatchedTicket, event: TicketAssigned) -> DispatchedTicket:
    """What was taken from somebody who is still here is not to come back to him by itself."""
    previous = event.previous_agent
    taken = previous is not None and event.method == "assign" and previous not in row.had_by
    return replace(
        row,
        owner_id=event.agent,
        formerly=f"staff/{previous}" if event.agent is None and previous is not None else row.formerly,
        team=event.team,
        had_by=(*row.had_by, previous) if taken and previous is not None else row.had_by,
    )


def waiting(row: DispatchedTicket, recorded: Recorded) -> DispatchedTicket:
    waits = row.owner_id is None and row.policy_id is not None and not row.over
    since = (row.waits_since or recorded.position) if waits else None
    return replace(row, waits=waits, waits_since=since)
