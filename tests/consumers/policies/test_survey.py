"""Survey: once after each solution, and a low score is not the last word."""

from collections.abc import Iterator
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.contact.outreach import ReserveOutreach
from commands.contact.profile import CreateContact
from commands.contact.wishes import SetDoNotContact
from commands.customer.creating import CreateCustomer
from commands.customer.relations import LinkContact
from commands.outreach_policy import PublishOutreachPolicy
from commands.policy import PausePolicy
from commands.ticket.afterwards import OfferReopening, RecordCsat, RequestSurvey
from commands.ticket.status import ReopenTicket, ResolveTicket
from commands.ticket.work import AssignTicket
from consumers.policies.survey import survey
from domain.contact.facts import OutreachReserved
from domain.ticket.facts.status import TicketResolved
from domain.ticket.facts.work import CsatRecorded, ReopenOffered, SurveyDeferred, SurveyDropped, SurveyRequested
from domain.values import ContactId, TicketId
from tests.commands.ticket.situations import TICKET, TOM, freed, leo, resolved, taken, tom
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import all_due, wanted
from tests.spec import day

asked = SurveyRequested(ticket_id=TICKET, cycle=1)
low = CsatRecorded(ticket_id=TICKET, cycle=1, score=1, agent=TOM, low=True)
good = CsatRecorded(ticket_id=TICKET, cycle=1, score=4, agent=TOM)
solved = (*taken, resolved, freed)
WANG = ContactId(UUID(int=0xA1))


def test_who_was_helped_is_asked() -> None:
    assert wanted(survey, *taken, resolved) == [RequestSurvey(ticket_id=TICKET)]


def test_what_was_put_off_is_asked_when_its_time_has_come() -> None:
    later = SurveyDeferred(ticket_id=TICKET, cycle=1, contact_id=WANG, because="day", until=day(3, 26, 8))
    (deadline,) = [each for each in all_due(*solved, later) if each.kind == "survey"]
    assert survey.timers["survey"](deadline) == RequestSurvey(ticket_id=TICKET)


def test_who_was_not_content_is_offered_to_begin_again() -> None:
    assert wanted(survey, *solved, asked, low) == [OfferReopening(ticket_id=TICKET)]
    assert wanted(survey, *solved, asked, good) == []


@pytest.mark.parametrize("last", [resolved, low])
def test_nobody_is_asked_about_history(last: object) -> None:
    before = (*solved, asked) if last is low else taken
    assert wanted(survey, *before, last, imported=True) == []


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house)


@pytest.mark.slow
def test_a_low_score_leads_to_an_offer_that_says_of_which_score_it_comes(desk: Desk) -> None:
    reactor = desk.reactor(survey)
    settle(reactor)
    ticket_id = desk.open(1)
    resolve = ResolveTicket(ticket_id=ticket_id, code="explained")
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    desk.do(tom, resolve)
    settle(reactor)
    desk.do(CRM, RecordCsat(ticket_id=ticket_id, score=2))
    settle(reactor)
    (requested,), (scored,), (offered,) = map(desk.told, (SurveyRequested, CsatRecorded, ReopenOffered))
    assert requested.causation_id == desk.told(TicketResolved)[0].event_id
    assert (scored.event.agent, scored.event.low) == (TOM, True)
    assert (offered.event.until, offered.causation_id) == (day(4, 8), scored.event_id)
    assert offered.actor.id == "survey"
    desk.do(CRM, ReopenTicket(ticket_id=ticket_id))
    desk.do(tom, resolve)
    settle(reactor)
    assert [each.event.cycle for each in desk.told(SurveyRequested)] == [1, 2], "once for each solution"


@pytest.mark.slow
def test_who_is_paused_asks_afterwards_and_once_and_nobody_of_history(desk: Desk) -> None:
    reactor = desk.reactor(survey)
    settle(reactor)
    first, second = desk.open(1), desk.open(2)
    desk.do(mia, PausePolicy(policy_name="survey", until=day(3, 26)), reason="audit")
    desk.do(leo, ResolveTicket(ticket_id=first, code="explained"))
    desk.do(ADMIN, ResolveTicket(ticket_id=second, code="explained"), imported=True, actor=leo)
    settle(reactor)
    assert desk.told(SurveyRequested) == []
    desk.now = day(3, 26)
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(reactor)
    reactor.close()
    settle(desk.reactor(survey))
    assert [each.event.ticket_id for each in desk.told(SurveyRequested)] == [first]


def known(desk: Desk, ticket_id: TicketId) -> None:
    """Whom to talk to, of the customer whose ticket it is."""
    customer_id = desk.ticket(ticket_id).matter.customer_id
    desk.do(
        CRM,
        CreateCustomer(customer_id=customer_id),
        CreateContact(contact_id=WANG, name="Wang"),
        LinkContact(customer_id=customer_id, contact_id=WANG, role="decides", primary=True),
    )


@pytest.mark.slow
def test_who_wants_to_be_left_alone_is_left_alone_and_it_is_on_record(desk: Desk) -> None:
    reactor = desk.reactor(survey)
    settle(reactor)
    ticket_id = desk.open(1)
    known(desk, ticket_id)
    desk.do(CRM, SetDoNotContact(contact_id=WANG, evidence="letter"))
    desk.do(leo, ResolveTicket(ticket_id=ticket_id, code="explained"))
    settle(reactor)
    assert desk.told(SurveyRequested) == []
    (dropped,), (solved,) = desk.told(SurveyDropped), desk.told(TicketResolved)
    assert (dropped.event.because, dropped.causation_id) == ("do-not-contact", solved.event_id)


@pytest.mark.slow
def test_who_has_heard_of_us_that_day_is_asked_the_next_and_once(desk: Desk) -> None:
    desk.house.worker()
    reactor, clock = desk.reactor(survey), desk.clock(survey)
    settle(reactor)
    ticket_id = desk.open(1)
    known(desk, ticket_id)
    desk.do(ADMIN, PublishOutreachPolicy())
    desk.do(CRM, ReserveOutreach(contact_id=WANG, ref="news", channel="sms", purpose="sales"))
    desk.do(leo, ResolveTicket(ticket_id=ticket_id, code="explained"))
    settle(reactor)
    (later,) = desk.told(SurveyDeferred)
    assert (later.event.because, later.event.until) == ("day", day(3, 26, 8))
    assert desk.at(day(3, 26, 7, 59), clock) == 0
    assert desk.at(day(3, 26, 8), clock) == 1
    (asked,), (_, place) = desk.told(SurveyRequested), desk.told(OutreachReserved)
    assert (asked.actor.id, asked.causation_id) == ("survey", later.event_id)
    assert (place.event.purpose, place.event.ref) == ("survey", f"survey-{ticket_id}-1")
    assert desk.at(day(3, 26, 9), clock) == 0
