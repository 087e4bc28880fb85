"""What is promised about answers, the first and those after it, and how it is counted.

Wednesday 25 March 2026, at ten. Open from nine to twelve and from one to six, Monday to Friday, in Shanghai.
"""

from dataclasses import replace

from commands.ticket.work import AssignTicket, SendAcknowledgement
from domain.ticket.facts.work import AcknowledgementSent, CustomerReplied, TicketAssigned
from tests.commands.ticket.one_clock import ask_customer, ask_others, customer_replies, pended, quiet, reply, said_again
from tests.commands.ticket.situations import (
    TIA,
    TICKET,
    TOM,
    answer,
    applied,
    breached,
    freed,
    hours,
    leo,
    met,
    minutes,
    paused,
    reserved,
    stopped,
    taken,
    tom,
    until,
)
from tests.spec import crm, day, given

# The first answer


def test_the_first_public_answer_meets_the_first_response() -> None:
    given(*taken).when(reply, by=tom, at=day(3, 25, 13, 20)).then(answer, met("first_response", minutes(140)))


def test_a_note_an_acknowledgement_and_an_assignment_are_no_answers() -> None:
    note = replace(reply, public=False)
    given(*taken).when(note, by=tom, at=day(3, 25, 11)).then(replace(answer, public=False))
    given(*taken).when(SendAcknowledgement(ticket_id=TICKET, channel="sms"), by=tom).then(
        AcknowledgementSent(ticket_id=TICKET, channel="sms")
    )
    given(*taken).when(AssignTicket(ticket_id=TICKET, agent=TIA), by=leo, at=day(3, 25, 11)).then(
        TicketAssigned(ticket_id=TICKET, from_="open", to="open", agent=TIA, previous_agent=TOM),
        freed,
        replace(reserved, staff_id=TIA),
    )


def test_a_late_answer_is_a_breach_also_when_nobody_has_said_so() -> None:
    late = given(*taken).when(reply, by=tom, at=day(3, 25, 16))
    late.then(answer, breached("first_response", day(3, 25, 15)), stopped("first_response", hours(5), "late"))
    on_the_dot = given(*taken).when(reply, by=tom, at=day(3, 25, 15))
    on_the_dot.then(answer, breached("first_response", day(3, 25, 15)), stopped("first_response", hours(4), "late"))
    told_before = given(*taken, breached("first_response", day(3, 25, 15))).when(reply, by=tom, at=day(3, 25, 16))
    told_before.then(answer, stopped("first_response", hours(5), "late"))


def test_waiting_answers_nobody() -> None:
    """The first response runs on while it waits; what is to be solved stands still."""
    story = (
        given(*taken)
        .when(ask_customer, by=tom, at=day(3, 25, 11))
        .then(pended(), paused("resolution", day(3, 25, 11), hours(1)))
    )
    story.when(reply, by=tom, at=day(3, 25, 14)).then(answer, met("first_response", hours(3)))


# The next answers

NEXT = applied("next_response", hours(8), day(3, 25, 11), until(day(3, 25, 18), day(3, 26, 11), day(3, 26, 16)))


def test_each_question_after_the_first_answer_is_promised_one_too() -> None:
    story = quiet().when(customer_replies, by=crm, at=day(3, 25, 11)).then(said_again, NEXT)
    story = story.when(customer_replies, by=crm, at=day(3, 25, 12)).then(said_again)  # He waits since eleven.
    story = story.when(reply, by=tom, at=day(3, 25, 14)).then(answer, met("next_response", hours(2)))
    story = story.when(reply, by=tom, at=day(3, 25, 15)).then(answer)
    (_, anew) = story.when(customer_replies, by=crm, at=day(3, 25, 16)).recorded
    assert anew.event.since == day(3, 25, 16)


def test_a_question_that_comes_while_others_are_waited_for_waits_with_the_rest() -> None:
    story = quiet().when(ask_others, by=tom, at=day(3, 25, 10)).done()
    story.when(customer_replies, by=crm, at=day(3, 25, 11)).then(
        CustomerReplied(ticket_id=TICKET, from_="pending_third_party", to="pending_third_party", message="And now?"),
        NEXT,
        paused("next_response", day(3, 25, 11), hours(0)),
    )


def test_before_the_first_answer_there_is_no_next() -> None:
    given(*taken).when(customer_replies, by=crm, at=day(3, 25, 11)).then(said_again)


def test_a_breach_of_one_answer_is_kept_when_the_next_is_promised() -> None:
    story = (
        quiet()
        .also(said_again, NEXT)
        .when(reply, by=tom, at=day(3, 26, 14))
        .then(answer, breached("next_response", day(3, 26, 11)), stopped("next_response", hours(10), "late"))
    )
    later = story.when(customer_replies, by=crm, at=day(3, 26, 15))
    later.done()
    found = later.desk.executor.state(f"ticket/{TICKET}").state.matter
    assert found.breaches == 1
    assert not found.clocks["next_response"].breached
