"""Who gets a ticket, and what is said and done about it."""

from dataclasses import replace
from datetime import date

import pytest

from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket
from commands.ticket.work import (
    AssignTicket,
    CheckWarranty,
    EscalateTicket,
    ReplyToCustomer,
    RequestReturn,
    SendAcknowledgement,
)
from domain.catalog import CatalogPublished, Entry
from domain.errors import Hidden, Invalid, NotAllowed
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.sla_policy import Needed
from domain.staff import AvailabilityChanged, StaffDeparted, StaffOnboarded
from domain.ticket.facts.opening import TicketClassified
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.terms import PENDING_REASONS, RESOLUTION_CODES, RETURN_REASONS
from domain.ticket.facts.work import (
    AcknowledgementSent,
    AgentReplied,
    ReturnRequested,
    TicketAssigned,
    TicketEscalated,
    WarrantyChecked,
)
from domain.ticket.refusals import NotAdopted, NotSkilled, TicketBookFull, ToldAlready
from domain.ticket_book import TicketCapacityChanged, TicketSlotReleased, TicketSlotReserved
from domain.values import OrgPath, StaffId
from tests.commands.ticket.situations import (
    DESK,
    LEO,
    ORDER,
    OTHER,
    RAY,
    TERMS,
    THIRD,
    TIA,
    TICKET,
    TOM,
    at_once,
    closed,
    freed,
    history,
    leo,
    new,
    published,
    reserved,
    resolved,
    taken,
    to_tom,
    tom,
    under,
)
from tests.spec import crm, day, given, mia, policy

to_tia = AssignTicket(ticket_id=TICKET, agent=TIA)
given_to_tia = TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=TIA)
hers = TicketSlotReserved(staff_id=TIA, ticket_id=TICKET)

# Who gets it


def test_who_gets_a_ticket_has_it_in_his_book() -> None:
    given(*new).when(to_tia, by=leo).then(given_to_tia, hers)
    by_rule = replace(to_tia, method="dispatch", rule_id="least-loaded", team=DESK)
    given(*new).when(by_rule, by=policy).then(
        replace(given_to_tia, method="dispatch", rule_id="least-loaded", team=DESK), hers
    )


def test_reassigned_it_leaves_one_book_for_the_other() -> None:
    given(*taken).when(to_tia, by=leo).then(replace(given_to_tia, from_="open", previous_agent=TOM), freed, hers)


def test_it_goes_back_to_the_team() -> None:
    back = TicketAssigned(ticket_id=TICKET, from_="open", to="open", agent=None, team=DESK, previous_agent=TOM)
    story = given(*taken).when(AssignTicket(ticket_id=TICKET, team=DESK), by=leo).then(back, freed)
    story.when(to_tia, by=leo).then(replace(given_to_tia, from_="open", team=DESK), hers)
    story.when(ReplyToCustomer(ticket_id=TICKET, public=True), by=tom).refused(NotAllowed, because="outside the scope")
    assert story.when(ReplyToCustomer(ticket_id=TICKET, public=True), by=leo).recorded


def test_an_assignment_says_something_new() -> None:
    given(*new).when(AssignTicket(ticket_id=TICKET), by=leo).refused(Invalid, because="agent: say who, or which team")
    again = AssignTicket(ticket_id=TICKET, agent=TOM)
    given(*taken).when(again, by=leo).refused(Invalid, because="agent: it is there already")
    elsewhere = replace(again, team=OrgPath("service/night"))
    given(*taken).when(elsewhere, by=leo).then(
        TicketAssigned(
            ticket_id=TICKET, from_="open", to="open", agent=TOM, team=OrgPath("service/night"), previous_agent=TOM
        )
    )
    given(*taken).when(replace(again, team=OrgPath("a//b")), by=leo).refused(Invalid, because="team: an organisation")


def test_nobody_gets_more_than_he_may_have() -> None:
    two = TicketCapacityChanged(staff_id=TIA, cap=2)
    others = [TicketSlotReserved(staff_id=TIA, ticket_id=each) for each in (OTHER, THIRD)]
    given(*new, two, *others).when(to_tia, by=leo).refused(TicketBookFull, because="tia has 2 of 2")
    assert given(*new, two, others[0]).when(to_tia, by=leo).recorded
    one = under(replace(TERMS, capacity=1))
    given(*new, one, others[0]).when(to_tia, by=leo).refused(TicketBookFull, because="tia has 1 of 1")
    more = TicketCapacityChanged(staff_id=TIA, cap=3)
    assert given(*new, one, more, others[0]).when(to_tia, by=leo).recorded


def test_what_somebody_has_done_with_is_one_place_and_no_more() -> None:
    two = TicketCapacityChanged(staff_id=TIA, cap=2)
    others = [TicketSlotReserved(staff_id=TIA, ticket_id=each) for each in (OTHER, THIRD)]
    story = (*new, two, *others, TicketSlotReleased(staff_id=TIA, ticket_id=OTHER))
    assert given(*story).when(to_tia, by=leo).recorded
    refilled = TicketSlotReserved(staff_id=TIA, ticket_id=OTHER)
    given(*story, refilled).when(to_tia, by=leo).refused(TicketBookFull, because="tia has 2 of 2")


def test_who_helps_has_the_skills_that_the_category_needs() -> None:
    skilled = under(replace(TERMS, skills=(Needed(category="repair", skills=("repair", "en")),)))
    repair = TicketClassified(ticket_id=TICKET, type="incident", category="repair")
    to_tom = AssignTicket(ticket_id=TICKET, agent=TOM)
    given(*new, skilled, repair).when(to_tom, by=leo).refused(NotSkilled, because="tom lacks en, repair")
    assert given(*new, skilled, repair).when(to_tia, by=leo).recorded
    assert given(*new, skilled).when(to_tom, by=leo).recorded


def test_who_gets_it_is_here_and_one_s_own() -> None:
    away = AvailabilityChanged(staff_id=TIA, available=False)
    given(*new, away).when(to_tia, by=leo).refused(NotAvailable, because="tia is not available")
    gone = StaffDeparted(staff_id=TIA)
    given(*new, gone).when(to_tia, by=leo).refused(NotEmployed, because="tia does not work here")
    to_ray = AssignTicket(ticket_id=TICKET, agent=RAY)
    given(*new).when(to_ray, by=leo).refused(NotAllowed, because="ray lies outside the scope of leo")
    eva = StaffOnboarded(staff_id=StaffId("eva"), name="Eva", role="inspector", org_path=DESK)
    to_eva = AssignTicket(ticket_id=TICKET, agent=StaffId("eva"))
    given(*new, eva).when(to_eva, by=leo).refused(NotAllowed, because="the role inspector, which works no tickets")
    given(*new).when(to_tia, by=tom).refused(NotAllowed, because="the role service_agent has no such right")


def test_what_is_only_history_is_adopted_before_it_is_given_away() -> None:
    given(*published, history).when(to_tia, by=leo).refused(NotAdopted, because="until it is adopted")


def test_its_agent_works_on_it_and_his_manager_and_nobody_else() -> None:
    note = ReplyToCustomer(ticket_id=TICKET, public=False)
    for by in (tom, leo, crm, policy):
        assert given(*taken).when(note, by=by).recorded
    for by in (mia,):
        given(*taken).when(note, by=by).refused(Hidden)
    close = CloseTicket(ticket_id=TICKET)
    for by in (tom, leo):
        assert at_once(*to_tom, resolved, freed).when(close, by=by).recorded


def test_it_comes_back_to_its_agent_while_he_works_here_though_his_book_is_full() -> None:
    again = ReopenTicket(ticket_id=TICKET)
    none = TicketCapacityChanged(staff_id=TOM, cap=0)
    back = TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM)
    at_once(*to_tom, resolved, freed, none).when(again, by=tom).then(back, reserved)
    gone = StaffDeparted(staff_id=TOM)
    story = at_once(*to_tom, resolved, freed, gone).when(again, by=leo).then(replace(back, agent=None))
    assert story.when(to_tia, by=leo).recorded
    unassigned = at_once(replace(resolved, from_="new"))
    unassigned.when(again, by=leo).then(replace(back, agent=None))


def test_somebody_is_called_in_by_hand() -> None:
    call = EscalateTicket(ticket_id=TICKET, level=3, to=LEO)
    given(*taken).when(call, by=tom).then(TicketEscalated(ticket_id=TICKET, level=3, to=LEO, trigger="by-hand"))
    for level in (0, 10, -1):
        given(*taken).when(replace(call, level=level), by=tom).refused(Invalid, because="level: a level is 1 to 9")
    given(*taken).when(replace(call, to=StaffId("nobody")), by=tom).refused(NotEmployed)


# What is said and done


def test_it_is_acknowledged_once() -> None:
    tell = SendAcknowledgement(ticket_id=TICKET, channel="email")
    story = given(*new).when(tell, by=crm).then(AcknowledgementSent(ticket_id=TICKET, channel="email"))
    story.when(tell, by=crm).refused(ToldAlready, because="an acknowledgement has been recorded already")
    given(*new).when(SendAcknowledgement(ticket_id=TICKET), by=crm).then(
        AcknowledgementSent(ticket_id=TICKET, channel="phone")
    )
    given(*new).when(replace(tell, channel="by e-mail"), by=crm).refused(Invalid, because="channel: this is a code")


def test_a_warranty_is_that_of_the_order() -> None:
    check = CheckWarranty(ticket_id=TICKET, covered=True, until=date(2027, 1, 1))
    checked = WarrantyChecked(ticket_id=TICKET, covered=True, until=date(2027, 1, 1))
    given(*taken).when(check, by=tom).then(checked)
    given(*taken).when(replace(check, order_id=ORDER), by=tom).then(replace(checked, order_id=ORDER))
    about_order = (*published, replace(new[-3], order_id=ORDER), *to_tom)
    given(*about_order).when(check, by=tom).then(replace(checked, order_id=ORDER))


def test_what_is_given_back_is_of_an_order() -> None:
    back = RequestReturn(ticket_id=TICKET, reason="broken")
    given(*taken).when(back, by=tom).refused(Invalid, because="order_id: a return is of an order")
    asked_for = ReturnRequested(ticket_id=TICKET, order_id=ORDER, reason="broken")
    given(*taken).when(replace(back, order_id=ORDER), by=tom).then(asked_for)
    about_order = (*published, replace(new[-3], order_id=ORDER), *to_tom)
    given(*about_order).when(back, by=tom).then(asked_for)


def test_nothing_is_said_by_a_blank() -> None:
    given(*taken).when(ReplyToCustomer(ticket_id=TICKET, public=True, message=" "), by=tom).refused(Invalid)
    quiet = ReplyToCustomer(ticket_id=TICKET, public=False)
    given(*taken).when(quiet, by=tom).then(AgentReplied(ticket_id=TICKET, public=False))


@pytest.mark.parametrize(
    ("catalog_id", "command", "field"),
    [
        (RESOLUTION_CODES, ResolveTicket(ticket_id=TICKET, code="other"), "code"),
        (PENDING_REASONS, PendTicket(ticket_id=TICKET, kind="customer", reason="other"), "reason"),
        (RETURN_REASONS, RequestReturn(ticket_id=TICKET, reason="other", order_id=ORDER), "reason"),
    ],
)
def test_codes_are_from_the_catalog_once_that_is_published(catalog_id: str, command: object, field: str) -> None:
    catalog = CatalogPublished(catalog_id=catalog_id, number=1, entries=(Entry(code="usual"),))  # type: ignore[arg-type]
    assert given(*taken).when(command, by=tom).recorded
    given(*taken, catalog).when(command, by=tom).refused(Invalid, because=f"{field}: {catalog_id} offers usual")


def test_who_waits_says_until_when_and_that_is_to_come() -> None:
    wait = PendTicket(ticket_id=TICKET, kind="customer", reason="details", until=day(3, 25))
    given(*taken).when(wait, by=tom).refused(Invalid, because="until: that has passed already")
    assert given(*taken).when(replace(wait, until=day(3, 25, 11)), by=tom).recorded


def test_a_closed_ticket_is_worked_on_no_more() -> None:
    story = at_once(*to_tom, resolved, freed, closed)
    assert story.when(ReplyToCustomer(ticket_id=TICKET, public=False), by=tom).recorded
