"""Ticket dispatch: a ticket that nobody has goes to whoever can help and has the least in hand; where there is nobody,
it waits, and the most urgent is the first to get room.
"""

from collections.abc import Iterator, Mapping, Sequence

from commands.ticket.dispatching import AgentsConsidered, DispatchTicket
from consumers.process import FirstOf, Process, Seen
from domain.sla_policy import SlaPolicyPublished
from domain.staff import AvailabilityChanged, StaffMoved, StaffOnboarded
from domain.ticket.dispatch import TicketCandidate, TicketSeen, decide, in_turn
from domain.ticket.facts.opening import TicketAdopted, TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import TicketAssigned, TicketLeftOut
from domain.ticket_book import TicketCapacityChanged, TicketSlotReleased
from domain.values import PolicyId, StaffId
from projections.sla_terms import SlaTermsRow, skills_for, sla_terms
from projections.ticket_capacity import TicketCapacity, available_at, ticket_capacity
from projections.ticket_dispatch import DispatchedTicket
from projections.ticket_dispatch import ticket_dispatch as tickets

AGENT = "service_agent"  # The role of those who get tickets by themselves.
TRIES = 3  # So many are asked, one after the other, where each could not be given it any more.

ticket_dispatch = Process("ticket-dispatch", looks_at=(tickets, ticket_capacity, sla_terms))


@ticket_dispatch.reacts
def find_an_agent_for_a_ticket(
    event: TicketOpened | TicketReopened | TicketAdopted | TicketAssigned | TicketClassified, seen: Seen
) -> FirstOf | None:
    """Where nobody is found, that is told, with why not."""
    for row in seen.rows(tickets, ticket_id=event.ticket_id):
        found = looked_at(row, seen)
        if found is not None:
            ticket, terms = found
            return FirstOf(tuple(offers(ticket, agents(terms, seen, {}), terms, seen)))
    return None


@ticket_dispatch.reacts
def find_agents_for_those_that_wait(
    event: TicketSlotReleased
    | TicketCapacityChanged
    | AvailabilityChanged
    | StaffOnboarded
    | StaffMoved
    | SlaPolicyPublished,
    seen: Seen,
) -> Iterator[FirstOf]:
    """The most urgent first, each as if those before it had been given away already; what waits in vain goes on
    waiting, and nothing is told of it again.
    """
    del event
    waiting = [found for row in seen.rows(tickets, waits=True) if (found := looked_at(row, seen)) is not None]
    terms_of = {ticket.ticket_id: terms for ticket, terms in waiting}
    given: dict[StaffId, int] = {}
    in_vain: set[object] = set()  # For such tickets there is nobody any more.
    people: dict[PolicyId, list[TicketCandidate]] = {}
    for ticket in in_turn([ticket for ticket, _ in waiting]):
        terms = terms_of[ticket.ticket_id]
        such = (terms.policy_id, ticket.team, ticket.skills, ticket.not_to)
        if such in in_vain:
            continue
        if terms.policy_id not in people:
            people[terms.policy_id] = agents(terms, seen, given)
        chosen = decide(ticket, people[terms.policy_id]).chosen
        if chosen is None:
            in_vain.add(such)
            continue
        yield FirstOf(tuple(offers(ticket, people[terms.policy_id], terms, seen)))
        given[chosen] = given.get(chosen, 0) + 1
        people.clear()


def looked_at(row: DispatchedTicket, seen: Seen) -> tuple[TicketSeen, SlaTermsRow] | None:
    """The ticket, and the terms under which it is dispatched, if it waits and is."""
    if not row.waits or row.policy_id is None or row.waits_since is None:
        return None
    for terms in seen.rows(sla_terms, policy_id=row.policy_id):
        if terms.dispatches:
            ticket = TicketSeen(
                ticket_id=row.ticket_id,
                priority=row.priority,
                since=row.waits_since,
                skills=skills_for(terms, row.category),
                team=row.team,
                not_to=frozenset(row.had_by),
            )
            return ticket, terms
    return None


def agents(terms: SlaTermsRow, seen: Seen, given: Mapping[StaffId, int]) -> list[TicketCandidate]:
    """Those who work here, as they are when they have got what has just been given to them."""
    people: tuple[TicketCapacity, ...] = seen.rows(ticket_capacity, role=AGENT, active=True)
    return [
        TicketCandidate(
            staff_id=each.staff_id,
            org_path=each.org_path,
            cap=terms.capacity if each.cap is None else each.cap,
            skills=frozenset(each.skills),
            available=available_at(each, seen.now),
            open=len(each.tickets) + given.get(each.staff_id, 0),
            last_given=each.last_given,
        )
        for each in people
    ]


def offers(
    ticket: TicketSeen, people: Sequence[TicketCandidate], terms: SlaTermsRow, seen: Seen
) -> Iterator[DispatchTicket]:
    """To the one whose turn it is, to the next where he could not be given it any more, and last to nobody."""
    seen_at = min(seen.position(view) for view in ticket_dispatch.looks_at)

    def offer(agent: StaffId | None, left_out: tuple[TicketLeftOut, ...]) -> DispatchTicket:
        considered = AgentsConsidered(policy_number=terms.number, seen_at=seen_at, left_out=left_out)
        return DispatchTicket(ticket_id=ticket.ticket_id, considered=considered, agent=agent)

    refused: list[StaffId] = []
    decision = decide(ticket, people)
    while decision.chosen is not None and len(refused) < TRIES:
        yield offer(decision.chosen, decision.left_out)
        refused.append(decision.chosen)
        decision = decide(ticket, people, refused)
    unasked = () if decision.chosen is None else (TicketLeftOut(staff_id=decision.chosen, reason="outweighed"),)
    yield offer(None, (*decision.left_out, *unasked))
