"""Departure: the tickets of who has left lie with his team at once."""

from collections.abc import Iterator

from commands.ticket.dispatching import TakeBackTicket
from consumers.process import Process
from domain.staff import StaffDeparted
from domain.ticket_book import TicketSlotReleased, TicketSlotReserved
from domain.values import StaffId, TicketId
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class TicketHands(Row):
    """The tickets that somebody has in hand."""

    staff_id: StaffId
    tickets: tuple[TicketId, ...]


@projection("departure_tickets", key=("staff_id",), version=1, scoped=False)
def ticket_hands(
    row: TicketHands | None, event: TicketSlotReserved | TicketSlotReleased | StaffDeparted
) -> TicketHands | None:
    match event:
        case TicketSlotReserved(staff_id=staff_id, ticket_id=ticket_id):
            had = () if row is None else row.tickets
            return TicketHands(staff_id=staff_id, tickets=(*but(had, ticket_id), ticket_id))
        case TicketSlotReleased(ticket_id=ticket_id) if row is not None:
            kept = but(row.tickets, ticket_id)
            return replace(row, tickets=kept) if kept else None
        case _:
            return row


def but(tickets: tuple[TicketId, ...], ticket_id: TicketId) -> tuple[TicketId, ...]:
    return tuple(each for each in tickets if each != ticket_id)


departure_of_tickets = Process("departure", ticket_hands)


@departure_of_tickets.reacts
def take_tickets_back_when_staff_departs(event: StaffDeparted, row: TicketHands | None) -> Iterator[TakeBackTicket]:
    del event
    for ticket_id in () if row is None else row.tickets:
        yield TakeBackTicket(ticket_id=ticket_id)
