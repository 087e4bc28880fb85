"""The limit of a book of tickets. What goes in and out of it is told with the tickets."""

import pytest

from commands.ticket.work import AssignTicket
from commands.ticket_book import ChangeTicketCapacity
from domain.errors import Invalid, NotAllowed, NotNow
from domain.staff import StaffDeparted
from domain.ticket.refusals import TicketBookFull
from domain.ticket_book import TicketCapacityChanged
from domain.values import StaffId
from tests.commands.office import Process, Rows, ask
from tests.commands.ticket.situations import OTHER, TIA, TICKET, leo, new, other_opened, team, tom
from tests.spec import administrator, given

change = ChangeTicketCapacity(staff_id=TIA, cap=5)


def test_an_administrator_says_how_many_somebody_may_have() -> None:
    given(*team).when(change, by=administrator).then(TicketCapacityChanged(staff_id=TIA, cap=5))
    for by in (tom, leo):
        given(*team).when(change, by=by).refused(NotAllowed, because="has no such right")


@pytest.mark.parametrize("cap", [-1, 10**7, 10**30])
def test_a_limit_is_neither_negative_nor_beyond_all_bounds(cap: int) -> None:
    wrong = ChangeTicketCapacity(staff_id=TIA, cap=cap)
    given(*team).when(wrong, by=administrator).refused(Invalid, because="cap: a limit is 0 to 1000000")


def test_only_who_works_here_has_a_limit() -> None:
    gone = StaffDeparted(staff_id=TIA)
    given(*team, gone).when(change, by=administrator).refused(NotNow, because="needs Employed, and staff/tia is Depart")
    nobody = ChangeTicketCapacity(staff_id=StaffId("nobody"), cap=1)
    given(*team).when(nobody, by=administrator).refused(NotNow, because="staff/nobody is Stranger")


def test_two_who_give_work_away_at_once_do_not_fill_a_book_beyond_its_end() -> None:
    rows = Rows(*new, *other_opened, TicketCapacityChanged(staff_id=TIA, cap=1))
    here, there = Process(rows), Process(rows)
    assert here.executor.state(f"ticket-book/{TIA}") == there.executor.state(f"ticket-book/{TIA}")
    rows.before.append(lambda: there.done(ask(AssignTicket(ticket_id=OTHER, agent=TIA), leo)))
    assert isinstance(here.refused(ask(AssignTicket(ticket_id=TICKET, agent=TIA), leo)), TicketBookFull)
