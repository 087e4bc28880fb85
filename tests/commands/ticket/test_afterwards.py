"""When it is over: until when it begins again, when it closes by itself, and how the customer found it."""

from dataclasses import replace

import pytest

from commands.ticket.afterwards import OfferReopening, ProposeKnowledgeCase, RecordCsat, RequestSurvey
from commands.ticket.status import CloseTicket, ReopenTicket, ResolveTicket
from commands.ticket.work import RecordCustomerReply
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.person import CustomerCreated
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.ticket.facts.status import TicketClosed, TicketReopened, TicketResolved
from domain.ticket.facts.work import (
    CsatRecorded,
    CustomerReplied,
    KnowledgeCaseProposed,
    ReopenOffered,
    SurveyRequested,
    TicketAssigned,
)
from domain.ticket.refusals import (
    AnotherCustomer,
    ClosedByItself,
    NotAsked,
    ReopenWindowOver,
    ToldAlready,
    TooEarly,
    WasContent,
)
from tests.commands.ticket.situations import (
    CUSTOMER,
    DESK,
    OTHER,
    STRANGER,
    TERMS,
    THIRD,
    TICKET,
    TOM,
    at_once,
    closed,
    freed,
    open_ticket,
    opened,
    other_opened,
    published,
    rejected,
    reserved,
    resolved,
    taken,
    to_tom,
    tom,
    under,
)
from tests.spec import crm, day, given, policy

was_solved = at_once(*to_tom, resolved, freed)
was_closed = was_solved.also(closed)
close = CloseTicket(ticket_id=TICKET)
reopen = ReopenTicket(ticket_id=TICKET)
reply = RecordCustomerReply(ticket_id=TICKET)
reopened = TicketReopened(ticket_id=TICKET, from_="closed", n=1, agent=TOM)
replied = CustomerReplied(ticket_id=TICKET, from_="open", to="open")

# The window


def test_a_customer_s_reply_reopens_within_the_window() -> None:
    was_solved.when(reply, by=crm, at=day(4, 8, 9, 59)).then(replace(reopened, from_="resolved"), reserved, replied)
    was_closed.when(reply, by=crm, at=day(4, 8, 9, 59)).then(reopened, reserved, replied)
    for command in (reply, reopen):
        for story in (was_solved, was_closed):
            story.when(command, by=crm, at=day(4, 8)).refused(
                ReopenWindowOver, because=f"until 2026-04-08T02:00:00.*; open a ticket that follows {TICKET}"
            )


def test_who_works_here_may_always_reopen() -> None:
    was_closed.when(reopen, by=tom, at=day(12, 1)).then(reopened, reserved)
    was_closed.when(reply, by=tom, at=day(12, 1)).then(reopened, reserved, replied)


def test_the_window_is_that_of_the_last_solution() -> None:
    story = was_solved.when(reopen, by=tom, at=day(4, 1)).done()
    story = story.when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom, at=day(4, 2)).then(
        TicketResolved(ticket_id=TICKET, from_="open", code="explained", reopen_until=day(4, 16), close_at=day(4, 7)),
        freed,
    )
    story.when(reply, by=crm, at=day(4, 10)).then(replace(reopened, from_="resolved", n=2), reserved, replied)


def test_afterwards_another_ticket_follows() -> None:
    following = replace(open_ticket, ticket_id=OTHER, follows=TICKET)
    was = (*published, *opened, *to_tom, resolved, freed)
    told, *clocks = other_opened
    given(*was, closed).when(following, by=crm).then(replace(told, follows=TICKET), *clocks)
    given(*was).when(following, by=crm).refused(NotNow, because="this needs Closed, and it is Resolved")
    given(*taken).when(following, by=crm).refused(NotNow, because="this needs Closed, and it is Active")
    given(*published, *opened, rejected).when(following, by=crm).refused(NotNow)
    stranger = replace(following, customer_id=STRANGER)
    given(*was, closed).when(stranger, by=crm).refused(AnotherCustomer, because=f"{TICKET} is of another customer")
    one = (
        CustomerCreated(customer_id=STRANGER, customer_type="individual", profile=Profile()),
        CustomerAbsorbed(customer_id=STRANGER, into=CUSTOMER, from_="prospect"),
    )
    same = replace(told, customer_id=STRANGER, follows=TICKET)
    given(*was, closed, *one).when(stranger, by=crm).then(same, *clocks)
    given(*was, closed).when(replace(following, follows=THIRD), by=crm).refused(Hidden, because="to be seen here")


# It closes by itself


def test_a_clock_closes_it_when_its_day_has_come() -> None:
    was_solved.when(close, by=policy, at=day(3, 30, 9, 59)).refused(TooEarly, because="due at 2026-03-30T02:00:00")
    was_solved.when(close, by=policy, at=day(3, 30)).then(replace(closed, automatic=True))
    was_solved.when(close, by=crm).then(TicketClosed(ticket_id=TICKET, from_="resolved", automatic=False))


# How the customer found it

survey = RequestSurvey(ticket_id=TICKET)
asked_for = SurveyRequested(ticket_id=TICKET, cycle=1)
score = RecordCsat(ticket_id=TICKET, score=5, comment="Quick!")
scored = CsatRecorded(ticket_id=TICKET, cycle=1, score=5, comment="Quick!", agent=TOM)


def test_the_customer_is_asked_once_and_says_once() -> None:
    for over in (was_solved, was_closed):
        over.when(score, by=crm).refused(NotAsked, because="the customer has not been asked in cycle 1")
        story = over.when(survey, by=policy).then(asked_for)
        story.when(survey, by=policy).refused(ToldAlready, because="a survey in cycle 1 has been recorded already")
        story = story.when(score, by=crm).then(scored)
        story.when(score, by=crm).refused(ToldAlready, because="a score in cycle 1 has been recorded already")


def test_in_the_next_cycle_he_is_asked_again() -> None:
    story = was_solved.also(asked_for, scored).when(reopen, by=tom).done()
    story.when(score, by=crm).refused(NotNow, because="it is Active")
    story = story.when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom).done()
    story.when(score, by=crm).refused(NotAsked, because="the customer has not been asked in cycle 2")
    story = story.when(survey, by=policy).then(replace(asked_for, cycle=2))
    story.when(replace(score, score=1, comment=None), by=crm).then(
        CsatRecorded(ticket_id=TICKET, cycle=2, score=1, agent=TOM, low=True)
    )


def test_what_closed_by_itself_is_not_scored() -> None:
    alone = was_solved.also(asked_for, replace(closed, automatic=True))
    alone.when(score, by=crm).refused(ClosedByItself, because=f"the ticket {TICKET} was closed by the clock")
    was_solved.also(replace(closed, automatic=True)).when(survey, by=policy).refused(ClosedByItself)


@pytest.mark.parametrize("number", [0, 6, -1, 10**9])
def test_a_score_is_one_to_five(number: int) -> None:
    was_solved.also(asked_for).when(replace(score, score=number), by=crm).refused(Invalid, because="score: a score is")


def test_nobody_scores_himself() -> None:
    was_solved.also(asked_for).when(score, by=tom).refused(NotAllowed, because="service_agent has no such right")


def test_others_may_learn_from_it() -> None:
    propose = ProposeKnowledgeCase(ticket_id=TICKET, summary="Ask for the serial number first.")
    was_solved.when(propose, by=tom).then(
        KnowledgeCaseProposed(ticket_id=TICKET, code="explained", summary="Ask for the serial number first.")
    )
    was_solved.when(replace(propose, summary=""), by=tom).refused(Invalid, because="summary: this must not be blank")


# Who was not content


low = replace(scored, score=2, comment=None, low=True)
offer = OfferReopening(ticket_id=TICKET)
offered = ReopenOffered(ticket_id=TICKET, customer_id=CUSTOMER, cycle=1, until=day(4, 8))
asked_him = was_solved.also(SurveyRequested(ticket_id=TICKET, cycle=1))


@pytest.mark.parametrize(("given_score", "is_low"), [(1, True), (2, True), (3, False), (5, False)])
def test_a_score_is_low_up_to_two(given_score: int, is_low: bool) -> None:
    asked_him.when(RecordCsat(ticket_id=TICKET, score=given_score), by=crm).then(
        replace(low, score=given_score, low=is_low)
    )


def test_what_is_low_the_policy_says() -> None:
    strict = asked_him.also(under(replace(TERMS, low_csat=4)))
    strict.when(RecordCsat(ticket_id=TICKET, score=4), by=crm).then(replace(low, score=4))


def test_the_score_is_that_of_whoever_had_it_last() -> None:
    left = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=DESK, previous_agent=TOM)
    story = at_once(*to_tom, left, freed, resolved, SurveyRequested(ticket_id=TICKET, cycle=1))
    story.when(RecordCsat(ticket_id=TICKET, score=2), by=crm).then(low)


def test_who_was_not_content_is_offered_once_to_begin_again_while_he_may() -> None:
    story = asked_him.also(low)
    story.when(offer, by=policy, at=day(4, 8)).refused(ReopenWindowOver)
    story = story.when(offer, by=policy, at=day(4, 8, 9, 59)).then(offered)
    story.when(offer, by=policy).refused(ToldAlready, because="an offer to begin again in cycle 1 has been recorded")
    again = story.when(reopen, by=crm).done().when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom).done()
    again.when(offer, by=policy).refused(WasContent, because="no low score was given to the ticket .* in cycle 2")


def test_who_was_content_is_not() -> None:
    asked_him.also(scored).when(offer, by=policy).refused(WasContent)
    asked_him.when(offer, by=policy).refused(WasContent)
