"""Departure: the tickets of who has left lie with his team, with the reason."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest

from commands.policy import PausePolicy
from commands.staff import DepartStaff
from commands.ticket.dispatching import TakeBackTicket
from commands.ticket.work import AssignTicket
from consumers.policies.departure_of_tickets import departure_of_tickets
from domain.staff import StaffDeparted
from domain.ticket.facts.work import TicketAssigned
from domain.ticket_book import TicketSlotReserved
from tests.commands.ticket.situations import DESK, OTHER, TIA, TICKET, TOM, freed, leo, open_ticket, taken
from tests.consumers.house import House
from tests.consumers.office import ADMIN, mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import wanted

gone = StaffDeparted(staff_id=TOM)
more = TicketSlotReserved(staff_id=TOM, ticket_id=OTHER)
hers = TicketSlotReserved(staff_id=TIA, ticket_id=OTHER)


def test_all_that_he_has_in_hand_is_taken_back_and_nothing_else() -> None:
    assert wanted(departure_of_tickets, *taken, more, gone) == [
        TakeBackTicket(ticket_id=TICKET),
        TakeBackTicket(ticket_id=OTHER),
    ]
    assert wanted(departure_of_tickets, *taken, more, freed, gone) == [TakeBackTicket(ticket_id=OTHER)]
    assert wanted(departure_of_tickets, *taken, freed, hers, gone) == []


def test_history_takes_nothing_back() -> None:
    assert wanted(departure_of_tickets, *taken, gone, imported=True) == []


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house)


@pytest.mark.slow
def test_his_tickets_lie_with_his_team_at_once_history_too_and_it_is_said_why(desk: Desk) -> None:
    reactor = desk.reactor(departure_of_tickets)
    settle(reactor)
    ticket_id = desk.open(1)
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    desk.do(ADMIN, open_ticket, AssignTicket(ticket_id=TICKET, agent=TOM), imported=True, actor=leo)
    desk.do(ADMIN, DepartStaff(staff_id=TOM))
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(reactor)
    reactor.close()
    settle(desk.reactor(departure_of_tickets))
    *_, one, other = desk.told(TicketAssigned)
    assert {one.event.ticket_id, other.event.ticket_id} == {ticket_id, TICKET}
    for each in (one, other):
        assert (each.event.agent, each.event.team, each.event.previous_agent) == (None, DESK, TOM)
        assert each.event.why == "owner-departed"
        assert (each.actor.id, each.causation_id) == ("departure", desk.told(StaffDeparted)[0].event_id)
    assert len(desk.told(TicketAssigned)) == 4, "two given, two taken back, none twice"


@pytest.mark.slow
def test_a_pause_only_puts_it_off(desk: Desk) -> None:
    reactor = desk.reactor(departure_of_tickets)
    settle(reactor)
    ticket_id = desk.open(1)
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    until = desk.now + timedelta(days=1)
    desk.do(mia, PausePolicy(policy_name="departure", until=until), reason="audit")
    desk.do(ADMIN, DepartStaff(staff_id=TOM))
    settle(reactor)
    assert desk.ticket(ticket_id).matter.agent == TOM
    desk.now = until
    settle(reactor)
    assert desk.ticket(ticket_id).matter.agent is None
