"""How the clocks of a ticket begin and pause: dated, so that everybody can follow it on a calendar.

Wednesday 25 March 2026, at ten. Open from nine to twelve and from one to six, Monday to Friday, in Shanghai.
"""

from dataclasses import replace

from commands.ticket.work import AssignTicket
from domain.ticket.facts.status import TicketPended, TicketResolved, TicketResumed
from domain.ticket.facts.work import CustomerReplied, TicketAssigned
from tests.commands.ticket.one_clock import ask_customer, ask_others, customer_replies, go_on, pended, quiet, solve
from tests.commands.ticket.situations import (
    OPENED,
    TERMS,
    TIA,
    TICKET,
    TOM,
    applied,
    breached,
    first_response,
    freed,
    hours,
    leo,
    met,
    minutes,
    open_ticket,
    opened,
    paused,
    published,
    reserved,
    resumed,
    taken,
    tom,
    under,
    until,
    usual_but,
)
from tests.spec import crm, day, given

# It begins


def test_with_the_ticket_begin_the_clocks_of_its_priority() -> None:
    given(*published).when(open_ticket, by=crm, at=OPENED).then(*opened)
    urgent = replace(open_ticket, priority="urgent")
    given(*published).when(urgent, by=crm, at=day(3, 25, 11, 45)).then(
        replace(opened[0], priority="urgent"),
        applied(
            "first_response",
            minutes(30),
            day(3, 25, 11, 45),
            until(
                day(3, 25, 13, 7).replace(second=30),
                day(3, 25, 13, 15),
                day(3, 25, 13, 30),
            ),
            priority="urgent",
        ),
        applied(
            "resolution",
            hours(4),
            day(3, 25, 11, 45),
            until(day(3, 25, 15, 45), day(3, 25, 16, 45), day(3, 26, 9, 45)),
            priority="urgent",
        ),
    )


def test_where_nothing_is_promised_nothing_is_counted() -> None:
    only = under(replace(TERMS, targets=usual_but("resolution")), 1)
    given(*published, only).when(open_ticket, by=crm, at=OPENED).then(opened[0], first_response)


def test_a_pause_takes_nothing_and_gives_nothing() -> None:
    """One hour gone; asleep from 11 on Wednesday to 10 on Friday; 23 hours left: 7 on Friday, 8, and 8 to Tuesday."""
    story = (
        quiet()
        .when(ask_customer, by=tom, at=day(3, 25, 11))
        .then(pended(), paused("resolution", day(3, 25, 11), hours(1)))
    )
    story = story.when(go_on, by=tom, at=day(3, 27, 10)).then(
        TicketResumed(ticket_id=TICKET, from_="pending_customer"),
        resumed(
            "resolution", day(3, 27, 10), hours(1), hours(15), until(day(3, 31, 11), day(3, 31, 18), day(4, 2, 14))
        ),
    )
    story.when(solve, by=tom, at=day(3, 27, 11)).then(
        TicketResolved(
            ticket_id=TICKET, from_="open", code="explained", reopen_until=day(4, 10, 11), close_at=day(4, 1, 11)
        ),
        freed,
        met("resolution", hours(2), hours(15)),
    )


def test_from_one_kind_of_waiting_to_the_other_it_stands_still() -> None:
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    story.when(ask_others, by=tom, at=day(3, 25, 14)).then(
        TicketPended(
            ticket_id=TICKET, from_="pending_customer", to="pending_third_party", kind="third_party", reason="parts"
        )
    )


def test_a_policy_says_what_pauses_what() -> None:
    """Here to wait for others is the house's own time."""
    strict = tuple(replace(each, pauses=("customer",)) for each in TERMS.targets if each.metric == "resolution")
    story = given(*published, under(replace(TERMS, targets=strict))).when(open_ticket, by=crm, at=OPENED).done()
    story = story.when(ask_others, by=leo, at=day(3, 25, 11)).then(
        TicketPended(ticket_id=TICKET, from_="new", to="pending_third_party", kind="third_party", reason="parts")
    )
    story = story.when(ask_customer, by=leo, at=day(3, 25, 12)).then(
        pended("pending_third_party"), paused("resolution", day(3, 25, 12), hours(2))
    )
    (_, back) = story.when(ask_others, by=leo, at=day(3, 25, 14)).recorded
    assert (back.event.elapsed, back.event.paused) == (hours(2), hours(1))


def test_the_customer_s_reply_ends_the_pause() -> None:
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    story.when(customer_replies, by=crm, at=day(3, 25, 14)).then(
        CustomerReplied(ticket_id=TICKET, from_="pending_customer", to="open", message="And now?"),
        resumed(
            "resolution", day(3, 25, 14), hours(1), hours(2), until(day(3, 27, 15), day(3, 30, 12), day(3, 31, 17))
        ),
        applied(
            "next_response",
            hours(8),
            day(3, 25, 14),
            until(day(3, 26, 11), day(3, 26, 14), day(3, 26, 18)),
        ),
    )


def test_to_pause_too_late_does_not_hide_the_breach() -> None:
    given(*taken).when(ask_customer, by=tom, at=day(3, 30, 11)).then(
        pended(),
        breached("resolution", day(3, 30)),
        paused("resolution", day(3, 30, 11), hours(25)),
    )


def test_who_gives_away_what_waits_does_not_wake_it() -> None:
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    story.when(AssignTicket(ticket_id=TICKET, agent=TIA), by=leo, at=day(3, 26)).then(
        TicketAssigned(
            ticket_id=TICKET, from_="pending_customer", to="pending_customer", agent=TIA, previous_agent=TOM
        ),
        freed,
        replace(reserved, staff_id=TIA),
    )
