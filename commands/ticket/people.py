"""Who may be given a ticket, and his place in the book."""

from collections.abc import Iterator, Mapping

from commands.people import decides_over, must_work_here
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.errors import NotAllowed
from domain.lead.refusals import NotAvailable
from domain.sla_policy import SlaPolicy
from domain.staff import Departed, Employed, Staff
from domain.ticket.facts.work import TicketAssigned
from domain.ticket.refusals import NotSkilled, TicketBookFull
from domain.ticket.states import Active, name_of
from domain.ticket_book import TicketBook, TicketSlotReleased
from domain.values import StaffId, TicketId


def must_take_ticket(
    agent: StaffId, staff: Staff, book: TicketBook, policy: SlaPolicy, category: str, asked: Asked
) -> None:
    """He works here, within the reach of who decides, is to be had, can help, and has room for one more."""
    person = must_work_here(agent, staff)
    if not decides_over(agent, person, Action.ASSIGN, asked):
        raise NotAllowed(action=Action.ASSIGN, because=f"{agent} lies outside the scope of {asked.actor.id}")
    if scope_of(person.role, Action.WORK) is None:
        raise NotAllowed(action=Action.ASSIGN, because=f"{agent} is in the role {person.role}, which works no tickets")
    if not person.available_at(asked.at):
        raise NotAvailable(staff_id=agent)
    if missing := policy.skills(category) - set(person.skills):
        raise NotSkilled(staff_id=agent, missing=tuple(sorted(missing)))
    cap = policy.terms.capacity if book.cap is None else book.cap
    if len(book.open) >= cap:
        raise TicketBookFull(staff_id=agent, open=len(book.open), cap=cap)


def slots_freed(ticket_id: TicketId, books: Mapping[StaffId, TicketBook]) -> list[TicketSlotReleased]:
    """Where it has a place in a book."""
    return [
        TicketSlotReleased(staff_id=agent, ticket_id=ticket_id)
        for agent, book in books.items()
        if ticket_id in book.open
    ]


def taken_back(
    ticket_id: TicketId, ticket: Active, agent: StaffId, person: Staff, books: Mapping[StaffId, TicketBook]
) -> Iterator[TicketAssigned | TicketSlotReleased]:
    """It lies with its team from now on, or with the one that he was in."""
    his = person.org_path if isinstance(person, Departed) else None
    yield TicketAssigned(
        ticket_id=ticket_id,
        from_=name_of(ticket),
        to=name_of(ticket),
        team=ticket.matter.team or his,
        previous_agent=agent,
        method="take-back",
        why="owner-departed",
    )
    yield from slots_freed(ticket_id, books)


def works_here(agent: StaffId, staff: Mapping[StaffId, Staff]) -> bool:
    return isinstance(staff.get(agent), Employed)
