"""Who can be given a ticket, and who can be called in: where he works, what he can do, what he has in hand."""

from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.ticket_book import TicketCapacityChanged, TicketSlotReleased, TicketSlotReserved
from domain.values import Instant, OrgPath, StaffId, TicketId
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class TicketCapacity(Scoped):
    """`cap` is his own, None where he has that of the policy. From `until` on, if that is set, `available` is the other
    way round. `last_given` is the position at which he was given a ticket last.
    """

    staff_id: StaffId
    role: str
    org_path: OrgPath
    skills: tuple[str, ...]
    active: bool = True
    available: bool = True
    until: Instant | None = None
    tickets: tuple[TicketId, ...] = ()
    cap: int | None = None
    last_given: int = 0


def available_at(row: TicketCapacity, at: Instant) -> bool:
    return row.available if row.until is None or at < row.until else not row.available


@projection(
    "ticket_capacity",
    key=("staff_id",),
    version=1,
    sorts=("org_path", "last_given"),
    filters=("staff_id", "role", "org_path", "active"),
)
def ticket_capacity(
    row: TicketCapacity | None,
    event: StaffOnboarded
    | StaffMoved
    | StaffDeparted
    | AvailabilityChanged
    | TicketSlotReserved
    | TicketSlotReleased
    | TicketCapacityChanged,
    recorded: Recorded,
) -> TicketCapacity | None:
    match row, event:
        case _, StaffOnboarded(staff_id=staff_id, role=role, org_path=org_path, skills=skills):
            known = row or TicketCapacity(
                staff_id=staff_id, role=role, org_path=org_path, skills=skills, owner_id=staff_id
            )
            return replace(known, role=role, org_path=org_path, skills=skills, active=True, available=True, until=None)
        case None, _:
            return None  # A stranger, of whom history tells.
        case _, StaffMoved(role=role, to=to):
            return replace(row, role=role, org_path=to)
        case _, StaffDeparted():
            return replace(row, active=False)
        case _, AvailabilityChanged(available=available, until=until):
            return replace(row, available=available, until=until)
        case _, TicketSlotReserved(ticket_id=ticket_id):
            tickets = (*without(row.tickets, ticket_id), ticket_id)
            return replace(row, tickets=tickets, last_given=recorded.position)
        case _, TicketSlotReleased(ticket_id=ticket_id):
            return replace(row, tickets=without(row.tickets, ticket_id))
        case _, TicketCapacityChanged(cap=cap):
            return replace(row, cap=cap)


def without(tickets: tuple[TicketId, ...], ticket_id: TicketId) -> tuple[TicketId, ...]:
    return tuple(each for each in tickets if each != ticket_id)
