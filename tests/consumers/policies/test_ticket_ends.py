"""What ends by itself: a solved ticket after some days, and a wait that was given an end."""

from dataclasses import replace

import pytest

from commands.policy import PausePolicy
from commands.ticket.opening import AdoptTicket
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from consumers.policies.ticket_ends import ticket_ends
from domain.ticket.facts.status import TicketClosed, TicketResumed
from domain.ticket.states import name_of
from tests.commands.ticket.situations import TICKET, leo, open_ticket, resolved, taken, waiting
from tests.consumers.house import House
from tests.consumers.office import ADMIN, mia
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import all_due
from tests.spec import day


def test_each_end_has_its_command() -> None:
    def sent(*history: object) -> list[object]:
        return [ticket_ends.timers[row.kind](row) for row in all_due(*history) if row.kind in ticket_ends.timers]

    assert sent(*taken, resolved) == [CloseTicket(ticket_id=TICKET)]
    assert sent(*taken, replace(waiting, until=day(3, 27))) == [ResumeTicket(ticket_id=TICKET)]


@pytest.fixture
def desk(house: House) -> Desk:
    house.worker()
    return Desk(house)


@pytest.mark.slow
def test_what_is_solved_closes_after_five_days_unless_it_begins_again(desk: Desk) -> None:
    clock = desk.clock(ticket_ends)
    one, other = desk.open(1), desk.open(2)
    for each in (one, other):
        desk.do(leo, ResolveTicket(ticket_id=each, code="explained"))
    desk.do(leo, ReopenTicket(ticket_id=other))
    assert desk.at(day(3, 30, 9, 59), clock) == 0
    assert desk.at(day(3, 30), clock) == 1
    assert (name_of(desk.ticket(one)), name_of(desk.ticket(other))) == ("closed", "open")
    (closed,) = desk.told(TicketClosed)
    assert closed.event.automatic
    assert closed.actor.id == "ticket-ends"
    assert desk.at(day(12, 1), clock) == 0


@pytest.mark.slow
def test_a_wait_ends_when_it_was_to_end_also_after_a_pause_of_the_policy(desk: Desk) -> None:
    clock = desk.clock(ticket_ends)
    one, other = desk.open(1), desk.open(2)
    desk.do(leo, PendTicket(ticket_id=one, kind="customer", reason="details", until=day(3, 27)))
    desk.do(leo, PendTicket(ticket_id=other, kind="customer", reason="details"))
    desk.do(mia, PausePolicy(policy_name="ticket-ends", until=day(3, 28)), reason="audit")
    assert desk.at(day(3, 27), clock) == 0
    assert desk.at(day(3, 28), clock) == 1
    assert (name_of(desk.ticket(one)), name_of(desk.ticket(other))) == ("open", "pending_customer")
    assert len(desk.told(TicketResumed)) == 1
    assert desk.at(day(12, 1), clock) == 0


@pytest.mark.slow
def test_history_ends_when_it_is_adopted(desk: Desk) -> None:
    clock = desk.clock(ticket_ends)
    pend = PendTicket(ticket_id=TICKET, kind="customer", reason="details", until=day(3, 27))
    desk.do(ADMIN, open_ticket, pend, imported=True, actor=leo)
    assert desk.at(day(3, 28), clock) == 0
    desk.do(ADMIN, AdoptTicket(ticket_id=TICKET))
    assert desk.at(day(3, 28), clock) == 1
    assert name_of(desk.ticket(TICKET)) == "open"
