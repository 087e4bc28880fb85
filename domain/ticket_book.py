"""An agent's book of open tickets: how many he has in hand."""

from domain.values import StaffId, TicketId, fact, replace, value

# Facts


@fact("ticket-book.slot-reserved")
class TicketSlotReserved:
    staff_id: StaffId
    ticket_id: TicketId


@fact("ticket-book.slot-released")
class TicketSlotReleased:
    staff_id: StaffId
    ticket_id: TicketId


@fact("ticket-book.capacity-changed")
class TicketCapacityChanged:
    staff_id: StaffId
    cap: int


TicketBookEvent = TicketSlotReserved | TicketSlotReleased | TicketCapacityChanged


# State


@value
class TicketBook:
    cap: int | None = None  # His own; without one, that of the policy.
    open: frozenset[TicketId] = frozenset()


def evolve(book: TicketBook, event: TicketBookEvent) -> TicketBook:
    match event:
        case TicketSlotReserved(ticket_id=ticket_id):
            return replace(book, open=book.open | {ticket_id})
        case TicketSlotReleased(ticket_id=ticket_id):
            return replace(book, open=book.open - {ticket_id})
        case TicketCapacityChanged(cap=cap):
            return replace(book, cap=cap)
