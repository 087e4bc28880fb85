"""No clock runs on after a ticket has ended, and what had elapsed is not lost when it begins again.

Wednesday 25 March 2026, at ten. Open from nine to twelve and from one to six, Monday to Friday, in Shanghai.
"""

from commands.ticket.opening import MergeTicket, RejectTicket
from commands.ticket.status import ReopenTicket
from domain.ticket.facts.status import TicketAbsorbed, TicketMerged, TicketRejected, TicketReopened, TicketResolved
from tests.commands.ticket.one_clock import ask_customer, customer_replies, quiet, reply, said_again, solve
from tests.commands.ticket.situations import (
    OTHER,
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
    new,
    other_opened,
    reserved,
    resumed,
    stopped,
    taken,
    tom,
    until,
)
from tests.spec import crm, day, given

again = ReopenTicket(ticket_id=TICKET)


def test_no_clock_runs_on_after_it_is_solved() -> None:
    story = (
        given(*taken)
        .when(solve, by=tom, at=day(3, 25, 11))
        .then(
            TicketResolved(
                ticket_id=TICKET, from_="open", code="explained", reopen_until=day(4, 8, 11), close_at=day(3, 30, 11)
            ),
            freed,
            stopped("first_response", hours(1), "resolved"),
            met("resolution", hours(1)),
        )
    )
    story.when(reply, by=tom, at=day(3, 27)).then(answer)


def test_what_was_solved_while_it_waited_was_in_time() -> None:
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    (_, _, end) = story.when(solve, by=tom, at=day(4, 25)).recorded
    assert end.event == met("resolution", hours(1), hours(182))


def test_a_reopening_goes_on_with_what_has_elapsed() -> None:
    """One hour gone on the 25th; reopened on the 27th at ten: 23 hours left. The first response is not asked twice."""
    story = given(*taken, answer, met("first_response", minutes(0))).when(solve, by=tom, at=day(3, 25, 11)).done()
    back = resumed(
        "resolution", day(3, 27, 10), hours(1), hours(0), until(day(3, 31, 11), day(3, 31, 18), day(4, 2, 14))
    )
    story.when(again, by=tom, at=day(3, 27, 10)).then(
        TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM), reserved, back
    )
    story.when(customer_replies, by=crm, at=day(3, 27, 10)).then(
        TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM),
        reserved,
        back,
        said_again,
        applied("next_response", hours(8), day(3, 27, 10), until(day(3, 27, 17), day(3, 30, 10), day(3, 30, 15))),
    )


def test_a_first_response_that_never_came_is_not_asked_for_after_a_reopening() -> None:
    story = given(*taken).when(solve, by=tom, at=day(3, 25, 11)).done()
    told = story.when(again, by=tom, at=day(3, 27, 10)).recorded
    assert [getattr(each.event, "metric", None) for each in told] == [None, None, "resolution"]


def test_a_breach_is_not_undone_by_a_reopening_and_not_told_twice() -> None:
    story = quiet().when(solve, by=tom, at=day(3, 30, 11)).done()
    story = story.when(again, by=tom, at=day(3, 31)).done()
    (_, _, end) = story.when(solve, by=tom, at=day(3, 31, 11)).recorded
    assert end.event == stopped("resolution", hours(26), "late")


def test_what_is_rejected_or_merged_is_counted_no_more() -> None:
    given(*new).when(RejectTicket(ticket_id=TICKET, reason="spam"), by=leo, at=day(3, 25, 11)).then(
        TicketRejected(ticket_id=TICKET, from_="new", reason="spam"),
        stopped("first_response", hours(1), "rejected"),
        stopped("resolution", hours(1), "rejected"),
    )
    given(*new, *other_opened).when(MergeTicket(ticket_id=TICKET, into=OTHER), by=leo, at=day(3, 25, 16)).then(
        TicketMerged(ticket_id=TICKET, from_="new", into=OTHER),
        TicketAbsorbed(ticket_id=OTHER, absorbed=TICKET),
        breached("first_response", day(3, 25, 15)),
        stopped("first_response", hours(5), "merged"),
        stopped("resolution", hours(5), "merged"),
    )
