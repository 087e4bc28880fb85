"""Who can be given a ticket, told as specs."""

from dataclasses import replace
from datetime import timedelta

from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.ticket_book import TicketCapacityChanged, TicketSlotReleased, TicketSlotReserved
from domain.values import OrgPath
from projections.ticket_capacity import TicketCapacity, available_at, ticket_capacity
from tests.commands.ticket.situations import DESK, OTHER, TIA, TICKET
from tests.consumers.policies.tickets import recorded, told
from tests.spec import day

tia = StaffOnboarded(staff_id=TIA, name="Tia", role="service_agent", org_path=DESK, skills=("repair",))
one, other = (TicketSlotReserved(staff_id=TIA, ticket_id=each) for each in (TICKET, OTHER))
gone = StaffDeparted(staff_id=TIA)


def row(*events: object) -> TicketCapacity:
    (found,) = told(ticket_capacity, recorded(*events)).rows()
    assert isinstance(found, TicketCapacity)
    return found


def test_what_somebody_has_in_hand_is_counted_once() -> None:
    assert row(tia, one, other, one).tickets == (OTHER, TICKET)
    assert row(tia, one, other, TicketSlotReleased(staff_id=TIA, ticket_id=TICKET)).tickets == (OTHER,)


def test_it_is_told_when_he_was_given_one_last() -> None:
    assert row(tia, one, other).last_given == 3
    assert row(tia, one, other, TicketSlotReleased(staff_id=TIA, ticket_id=OTHER)).last_given == 3


def test_who_is_away_for_a_while_is_back_by_himself() -> None:
    away = row(tia, AvailabilityChanged(staff_id=TIA, available=False, until=day(3, 26)))
    assert not available_at(away, day(3, 26) - timedelta(seconds=1))
    assert available_at(away, day(3, 26))
    assert not available_at(row(tia, AvailabilityChanged(staff_id=TIA, available=False)), day(12, 1))
    assert available_at(row(tia), day(12, 1))


def test_who_has_left_is_no_more_active_and_may_come_back() -> None:
    assert not row(tia, TicketCapacityChanged(staff_id=TIA, cap=3), gone).active
    back = replace(tia, org_path=OrgPath("repairs"), skills=())
    found = row(tia, TicketCapacityChanged(staff_id=TIA, cap=3), gone, back)
    assert (found.active, found.cap, found.org_path, found.skills) == (True, 3, "repairs", ())


def test_who_moves_can_do_what_he_could() -> None:
    moved = row(tia, StaffMoved(staff_id=TIA, role="service_manager", from_=DESK, to=OrgPath("service")))
    assert (moved.role, moved.org_path, moved.skills) == ("service_manager", "service", ("repair",))


def test_strangers_have_no_row() -> None:
    assert list(told(ticket_capacity, recorded(one)).rows()) == []
