"""What was promised, and how the clocks count: dated, so that everybody can follow it on a calendar.

Wednesday 25 March 2026, at ten. Open from nine to twelve and from one to six, Monday to Friday, in Shanghai.
"""

from dataclasses import replace

from commands.ticket.opening import ChangePriority, MergeTicket, RejectTicket
from commands.ticket.promises import RebaseSla
from commands.ticket.status import PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import AssignTicket, RecordCustomerReply, ReplyToCustomer, SendAcknowledgement
from domain.errors import NotNow
from domain.ticket.facts.clocks import SlaRebased
from domain.ticket.facts.opening import PriorityChanged
from domain.ticket.facts.status import (
    TicketAbsorbed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.work import AcknowledgementSent, CustomerReplied, TicketAssigned
from tests.commands.ticket.situations import (
    OFFICE,
    OPENED,
    OTHER,
    TERMS,
    TIA,
    TICKET,
    TOM,
    answer,
    applied,
    breached,
    first_response,
    freed,
    hours,
    leo,
    met,
    minutes,
    mornings,
    new,
    open_ticket,
    opened,
    other_opened,
    paused,
    promise,
    published,
    reserved,
    resumed,
    stopped,
    taken,
    tom,
    under,
    until,
    usual_but,
)
from tests.spec import Given, crm, day, given

reply = ReplyToCustomer(ticket_id=TICKET, public=True, message="Here it is.")
customer_replies = RecordCustomerReply(ticket_id=TICKET, message="And now?")
ask_customer = PendTicket(ticket_id=TICKET, kind="customer", reason="details")
ask_others = PendTicket(ticket_id=TICKET, kind="third_party", reason="parts")
go_on = ResumeTicket(ticket_id=TICKET)
solve = ResolveTicket(ticket_id=TICKET, code="explained")
again = ReopenTicket(ticket_id=TICKET)
said_again = CustomerReplied(ticket_id=TICKET, from_="open", to="open", message="And now?")


def pended(from_: str = "open") -> TicketPended:
    return TicketPended(
        ticket_id=TICKET,
        from_=from_,  # type: ignore[arg-type]
        to="pending_customer",
        kind="customer",
        reason="details",
    )


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


# Pauses


def quiet() -> Given:
    """Answered at once, so that there is one clock left: the resolution."""
    return given(*taken, answer, met("first_response", minutes(0)))


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


# It ends, and begins again


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


# Another policy, another priority, another calendar

FASTER = under(replace(TERMS, targets=tuple(replace(each, minutes=each.minutes // 2) for each in TERMS.targets)))
rebase = RebaseSla(ticket_id=TICKET)


def rebased_resolution(since: object, elapsed: object, waited: object, deadlines: object) -> SlaRebased:
    return SlaRebased(
        ticket_id=TICKET,
        metric="resolution",
        promise=promise("resolution", hours(12), version=2),
        calendar_id=OFFICE,
        calendar_version=1,
        since=since,  # type: ignore[arg-type]
        elapsed=elapsed,  # type: ignore[arg-type]
        paused=waited,  # type: ignore[arg-type]
        deadlines=deadlines,  # type: ignore[arg-type]
    )


def test_a_new_policy_changes_nothing_until_somebody_says_so() -> None:
    story = quiet().also(FASTER).when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    (_, back) = story.when(go_on, by=tom, at=day(3, 25, 14)).recorded
    assert back.event.deadlines.due_at == day(3, 30, 12)  # As it was promised first.


def test_under_another_version_what_has_elapsed_is_kept() -> None:
    """Two hours gone of now twelve: ten left at 13 on Wednesday, five of them there, five on Thursday."""
    quiet().also(FASTER).when(rebase, by=leo, at=day(3, 25, 13)).then(
        rebased_resolution(day(3, 25, 13), hours(2), hours(0), until(day(3, 26, 11), day(3, 26, 15), day(3, 27, 12)))
    )
    quiet().when(rebase, by=leo, at=day(3, 25, 13)).then()


def test_a_pause_is_not_lost_when_the_policy_changes() -> None:
    """Asleep from 11 to 17 on Wednesday, four hours of it before the change at 16 and one after it."""
    story = quiet().also(FASTER).when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    story = story.when(rebase, by=leo, at=day(3, 25, 16)).then(
        rebased_resolution(day(3, 25, 16), hours(1), hours(4), None)
    )
    story.when(go_on, by=tom, at=day(3, 25, 17)).then(
        TicketResumed(ticket_id=TICKET, from_="pending_customer"),
        resumed(
            "resolution", day(3, 25, 17), hours(1), hours(5), until(day(3, 26, 17), day(3, 27, 11), day(3, 27, 18))
        ),
    )


def test_a_priority_follows_from_impact_and_urgency_and_sets_other_targets() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="high", urgency="high")
    asked = quiet().when(weigh, by=tom, at=day(3, 25, 11))
    asked.then(
        PriorityChanged(ticket_id=TICKET, from_="normal", to="urgent", impact="high", urgency="high"),
        replace(
            rebased_resolution(
                day(3, 25, 11), hours(1), hours(0), until(day(3, 25, 14), day(3, 25, 15), day(3, 25, 17))
            ),
            promise=promise("resolution", hours(4), priority="urgent"),
        ),
    )
    same = ChangePriority(ticket_id=TICKET, impact="medium", urgency="medium")
    quiet().when(same, by=tom, at=day(3, 25, 11)).then(
        PriorityChanged(ticket_id=TICKET, from_="normal", to="normal", impact="medium", urgency="medium")
    )


def test_more_time_does_not_undo_a_breach() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="low", urgency="low")
    weighed = quiet().when(weigh, by=tom, at=day(3, 30, 11))
    assert weighed.recorded[1].event == breached("resolution", day(3, 30))
    (*_, end) = weighed.done().when(solve, by=tom, at=day(3, 30, 12)).recorded
    assert end.event == stopped("resolution", hours(26), "late")


def test_less_time_than_has_gone_by_is_over_at_once() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="high", urgency="high")
    (_, change) = quiet().when(weigh, by=tom, at=day(3, 26)).recorded
    assert change.event.deadlines.due_at == day(3, 26)


def test_what_is_promised_no_more_stops_and_goes_on_when_it_is_promised_again() -> None:
    none = under(replace(TERMS, targets=usual_but("resolution")), 2)
    story = (
        quiet().also(none).when(rebase, by=leo, at=day(3, 25, 11)).then(stopped("resolution", hours(1), "no-target"))
    )
    story = story.also(replace(FASTER, number=3))
    (change, back) = story.when(rebase, by=leo, at=day(3, 27, 10)).recorded
    assert change.event.elapsed == back.event.elapsed == hours(1)
    assert back.event.deadlines.due_at == day(3, 30, 14)


def test_a_new_calendar_changes_nothing_that_was_promised() -> None:
    """Only mornings from now on. What ran until eleven, and what is due, was counted with the afternoons."""
    story = quiet().also(mornings)
    (_, stop) = story.when(ask_customer, by=tom, at=day(3, 25, 15)).recorded
    assert stop.event.elapsed == hours(4)
    (_, _, end) = story.when(solve, by=tom, at=day(3, 27, 17)).recorded
    assert end.event == met("resolution", hours(22))


def test_what_is_resumed_is_laid_out_on_the_calendar_of_then() -> None:
    """20 hours left on Thursday at nine, three each morning: until eleven on the seventh."""
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 15)).done().also(mornings)
    (_, back) = story.when(go_on, by=tom, at=day(3, 26, 9)).recorded
    assert back.event == resumed(
        "resolution",
        day(3, 26, 9),
        hours(4),
        hours(3),
        until(day(4, 1, 11), day(4, 3, 11), day(4, 9, 11)),
        calendar_version=2,
    )


def test_what_decided_is_named_beside_it() -> None:
    (entry, *_) = given(*published).when(open_ticket, by=crm, at=OPENED).recorded
    assert entry.policy_version == "sla-policy/standard@1,calendar/office@1"


def test_what_is_solved_cannot_be_measured_anew() -> None:
    story = quiet().when(solve, by=tom, at=day(3, 25, 11)).done()
    story.when(rebase, by=leo, at=day(3, 25, 12)).refused(NotNow, because="needs Active, and it is Resolved")
