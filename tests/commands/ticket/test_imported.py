"""History of a help desk: the state table takes all of it, with its repeats, and sets no clock."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from commands.ticket.afterwards import RecordCsat, RequestSurvey
from commands.ticket.opening import AdoptTicket, ChangePriority, ClassifyTicket, RejectTicket
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import (
    AssignTicket,
    EscalateTicket,
    RecordCustomerReply,
    ReplyToCustomer,
    SendAcknowledgement,
)
from domain.actor import Actor
from domain.errors import Hidden, NotAllowed, NotNow
from domain.staff import StaffDeparted
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified
from domain.ticket.facts.status import TicketClosed, TicketPended, TicketReopened, TicketResolved, TicketResumed
from domain.ticket.facts.terms import Status
from domain.ticket.facts.work import AgentReplied, CsatRecorded, CustomerReplied, TicketAssigned, TicketEscalated
from domain.ticket.refusals import ReopenWindowOver, TooEarly
from domain.ticket.states import name_of
from domain.ticket_book import TicketSlotReleased, TicketSlotReserved
from domain.values import OrgPath, StaffId
from tests.commands.ticket.situations import (
    DESK,
    OPENED,
    OTHER,
    STANDARD,
    TICKET,
    TOM,
    answer,
    applied,
    closed,
    freed,
    history,
    hours,
    leo,
    met,
    new,
    office,
    open_ticket,
    paused,
    rejected,
    resolved,
    standard,
    team,
    to_tom,
    until,
    waiting,
)
from tests.spec import Given, When, administrator, crm, day, given, policy

ZOE, YAN = StaffId("zoe"), StaffId("yan")  # They left before anybody here kept a list of the staff.
zoe = Actor(kind="user", id=ZOE, name="Zoë", role="agent", org_path=OrgPath("closed/desk"))

OPEN = open_ticket
SERIOUS = ClassifyTicket(ticket_id=TICKET, type="question", category="billing", seriousness="1")
TAKE = AssignTicket(ticket_id=TICKET, agent=ZOE)
WAIT = PendTicket(ticket_id=TICKET, kind="customer", reason="wait")
UPGRADE = PendTicket(ticket_id=TICKET, kind="third_party", reason="upgrade")
ANOMALY = PendTicket(ticket_id=TICKET, kind="third_party", reason="anomaly")
FIXED = ResumeTicket(ticket_id=TICKET)
SOLVE = ResolveTicket(ticket_id=TICKET, code="solved")
CLOSE = CloseTicket(ticket_id=TICKET)
NOTE = ReplyToCustomer(ticket_id=TICKET, public=False, message="VERIFIED")
REOPEN = ReopenTicket(ticket_id=TICKET)


def tell(story: Given, command: object) -> When:
    return story.when(command, by=zoe, at=OPENED, imported=True)


def story(*lines: object) -> tuple[Given, list[object]]:
    """A ticket's history line by line, all accepted, and what was written of it. No policy is known, nor anybody."""
    found = given()
    for line in lines:
        found = tell(found, line).done()
    return found, [event for event in found.history if hasattr(event, "ticket_id")]


def statuses(events: Sequence[object]) -> list[tuple[Status, Status]]:
    kinds = TicketAssigned, TicketPended, TicketResumed, TicketResolved, TicketClosed, TicketReopened
    return [(event.from_, event.to) for event in events if isinstance(event, kinds)]


def reopens(events: Sequence[object]) -> list[int]:
    return [event.n for event in events if isinstance(event, TicketReopened)]


# The odd shapes of such a log


def test_the_first_line_opens_the_ticket_and_then_acts() -> None:
    """It need not be the opening: whatever comes first is preceded by one, of the same moment."""
    for first in (SERIOUS, TAKE, WAIT, ANOMALY, SOLVE):
        _, events = story(OPEN, first)
        assert events[0] == history
    tell(given(), SERIOUS).refused(Hidden, because="no ticket/")


def test_nothing_is_needed_for_history_and_no_clock_is_set() -> None:
    _, events = story(OPEN, SERIOUS, TAKE, WAIT, TAKE, SOLVE, CLOSE)
    assert events == [
        history,
        TicketClassified(ticket_id=TICKET, type="question", category="billing", seriousness="1"),
        TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=ZOE),
        TicketSlotReserved(staff_id=ZOE, ticket_id=TICKET),
        TicketPended(ticket_id=TICKET, from_="open", to="pending_customer", kind="customer", reason="wait"),
        TicketAssigned(ticket_id=TICKET, from_="pending_customer", to="open", agent=ZOE, previous_agent=ZOE),
        TicketResolved(ticket_id=TICKET, from_="open", code="solved"),
        TicketSlotReleased(staff_id=ZOE, ticket_id=TICKET),
        TicketClosed(ticket_id=TICKET, from_="resolved", automatic=False),
    ]


@pytest.mark.parametrize(
    ("before", "line", "status"),
    [
        ((TAKE,), TAKE, "open"),
        ((TAKE,), FIXED, "open"),
        ((WAIT,), WAIT, "pending_customer"),
        ((UPGRADE,), ANOMALY, "pending_third_party"),
        ((UPGRADE,), UPGRADE, "pending_third_party"),
        ((SOLVE,), SOLVE, "resolved"),
        ((SOLVE, CLOSE), CLOSE, "closed"),
    ],
)
def test_a_status_entered_twice_is_stored_as_a_repeat(before: tuple[object, ...], line: object, status: Status) -> None:
    found, events = story(OPEN, *before)
    later, more = story(OPEN, *before, line, line)
    assert statuses(more) == [*statuses(events), (status, status), (status, status)]
    assert reopens(more) == []
    live = found.when(line, by=administrator)
    assert not live.recorded, "what is asked now is no repeat"
    assert len(later.history) > len(found.history)


def test_what_goes_on_after_the_end_has_reopened_it_and_is_counted_in_the_order_of_the_log() -> None:
    _, events = story(OPEN, TAKE, SOLVE, TAKE, SOLVE, SOLVE, WAIT, SOLVE, CLOSE, TAKE, SOLVE, UPGRADE, SOLVE, FIXED)
    assert reopens(events) == [1, 2, 3, 4, 5]
    assert statuses(events)[2:4] == [("resolved", "open"), ("open", "open")]
    assert ("resolved", "pending_customer") not in statuses(events), "it was open in between"


def test_a_classification_and_a_note_reopen_nothing() -> None:
    _, events = story(OPEN, SOLVE, SERIOUS, NOTE, CLOSE, NOTE, SERIOUS)
    assert reopens(events) == []
    assert events[-2] == AgentReplied(ticket_id=TICKET, public=False, message="VERIFIED")


def test_another_of_the_same_team_takes_it_over() -> None:
    desk = replace(TAKE, team=OrgPath("desk"))
    _, events = story(OPEN, desk, replace(TAKE, agent=YAN))
    assert events[-3:] == [
        TicketAssigned(ticket_id=TICKET, from_="open", to="open", agent=YAN, team=OrgPath("desk"), previous_agent=ZOE),
        TicketSlotReleased(staff_id=ZOE, ticket_id=TICKET),
        TicketSlotReserved(staff_id=YAN, ticket_id=TICKET),
    ]


def test_a_ticket_that_never_closes_stays_as_it_is() -> None:
    for last, status in (
        (TAKE, "open"),
        (WAIT, "pending_customer"),
        (UPGRADE, "pending_third_party"),
        (SOLVE, "resolved"),
    ):
        found, _ = story(OPEN, TAKE, last)
        state = tell(found, NOTE).desk.executor.state(f"ticket/{TICKET}").state
        assert name_of(state) == status


def test_a_reply_of_long_ago_reopens_whenever_it_was() -> None:
    solved = (history, replace(resolved, from_="new", reopen_until=None, close_at=None))
    tell(given(*solved), RecordCustomerReply(ticket_id=TICKET)).then(
        TicketReopened(ticket_id=TICKET, from_="resolved", n=1),
        CustomerReplied(ticket_id=TICKET, from_="open", to="open"),
    )
    in_time = (*new, *to_tom, resolved, freed)
    late = given(*in_time).when(REOPEN, by=zoe, at=day(12, 1), imported=True)
    assert isinstance(late.recorded[0].event, TicketReopened)


# What holds, and what does not


def test_the_state_table_holds() -> None:
    found, _ = story(OPEN, TAKE)
    tell(found, OPEN).refused(NotNow, because="this needs Unopened, and it is Active")
    tell(found, CLOSE).refused(NotNow, because="this needs Resolved or Closed, and it is Active")
    tell(found, REOPEN).refused(NotNow, because="this needs Resolved or Closed, and it is Active")
    tell(found, RejectTicket(ticket_id=TICKET, reason="spam")).refused(NotNow, because="needs New, and it is Open")
    over, _ = story(OPEN, SOLVE, CLOSE)
    tell(over, SOLVE).refused(NotNow, because="this needs Active or Resolved, and it is Closed")
    for line in (TAKE, WAIT, SOLVE, CLOSE, RejectTicket(ticket_id=TICKET, reason="spam")):
        tell(given(history, rejected), line).refused(NotNow, because="it is Rejected")


def test_codes_dates_and_people_were_what_they_were() -> None:
    found, _ = story(OPEN, TAKE)
    tell(found, replace(WAIT, until=day(3, 1))).done()
    tell(found, ChangePriority(ticket_id=TICKET, priority="urgent")).then(
        PriorityChanged(ticket_id=TICKET, from_="normal", to="urgent")
    )
    tell(found, EscalateTicket(ticket_id=TICKET, level=1, to=YAN)).then(
        TicketEscalated(ticket_id=TICKET, level=1, to=YAN, trigger="by-hand")
    )
    for _ in range(2):
        found = tell(found, SendAcknowledgement(ticket_id=TICKET, channel="email")).done()
    over = tell(found, SOLVE).done()
    tell(over, RecordCsat(ticket_id=TICKET, score=2)).then(CsatRecorded(ticket_id=TICKET, cycle=1, score=2, agent=ZOE))
    for _ in range(2):
        over = tell(over, RequestSurvey(ticket_id=TICKET)).done()


def test_history_follows_whatever_it_followed() -> None:
    found, _ = story(OPEN, TAKE)
    other = replace(OPEN, ticket_id=OTHER, follows=TICKET)
    tell(found, other).then(replace(history, ticket_id=other.ticket_id, follows=TICKET))


# It becomes live

live = (*team, office, standard, history)
adopt = AdoptTicket(ticket_id=TICKET)
adopted = TicketAdopted(ticket_id=TICKET, policy_id=STANDARD)
LATER = day(3, 26)
anew = replace(adopted, reopen_until=day(4, 9), close_at=day(3, 31))
solved = replace(resolved, from_="open", reopen_until=None, close_at=None)
whole = applied("resolution", hours(24), LATER, until(day(3, 30, 12), day(3, 31), day(4, 1, 15)))
first = applied("first_response", hours(4), LATER, until(day(3, 26, 14), day(3, 26, 15), day(3, 26, 17)))


def test_from_its_adoption_on_it_is_counted_and_no_time_is_invented() -> None:
    given(*live).when(adopt, by=administrator, at=LATER).then(adopted, first, whole)
    given(*live, answer).when(adopt, by=administrator, at=LATER).then(adopted, whole)
    given(*live).when(adopt, by=leo).refused(NotAllowed, because="import is not allowed")


def test_what_waits_when_it_is_adopted_goes_on_waiting() -> None:
    given(*live, answer, *to_tom, waiting).when(adopt, by=administrator, at=LATER).then(
        adopted, whole, paused("resolution", LATER, hours(0))
    )


def test_what_is_solved_is_counted_when_it_begins_again() -> None:
    story = given(*live, *to_tom, solved, freed).when(adopt, by=administrator, at=LATER).then(anew)
    (_, _, clock) = story.when(REOPEN, by=leo, at=LATER).recorded
    assert clock.event == whole
    given(*live, *to_tom, solved, freed, closed).when(adopt, by=administrator).refused(NotNow, because="it is Closed")


def test_what_is_solved_closes_and_can_be_reopened_so_long_after_its_adoption() -> None:
    story = given(*live, *to_tom, solved, freed, anew)
    by_itself = CloseTicket(ticket_id=TICKET)
    story.when(by_itself, by=policy, at=day(3, 30)).refused(TooEarly)
    story.when(by_itself, by=policy, at=day(3, 31)).done()
    story.when(REOPEN, by=crm, at=day(4, 8)).done()
    story.when(REOPEN, by=crm, at=day(4, 9)).refused(ReopenWindowOver)


def test_who_does_not_work_here_has_no_ticket_when_it_is_adopted() -> None:
    hers = replace(to_tom[0], agent=ZOE)
    back = replace(hers, from_="open", agent=None, previous_agent=ZOE, method="take-back", why="owner-departed")
    given(*live, hers).when(adopt, by=administrator, at=LATER).then(adopted, back, first, whole)
    gone = StaffDeparted(staff_id=TOM)
    his = replace(back, previous_agent=TOM, team=DESK)
    given(*live, *to_tom, gone).when(adopt, by=administrator, at=LATER).then(adopted, his, freed, first, whole)
    given(*live, *to_tom).when(adopt, by=administrator, at=LATER).then(adopted, first, whole)


def test_it_is_adopted_once() -> None:
    story = given(*live).when(adopt, by=administrator, at=LATER).done()
    story.when(adopt, by=administrator, at=LATER).refused(NotNow, because="this needs imported, and it is live")


def test_a_line_of_history_about_a_live_ticket_leaves_no_clock_running() -> None:
    answered = given(*new, *to_tom, answer, met("first_response", hours(0)))
    line = answered.when(SOLVE, by=zoe, at=day(3, 25, 12), imported=True)
    assert line.recorded[-1].event == met("resolution", hours(2))


def test_a_reply_that_was_recorded_long_ago_promises_no_answer() -> None:
    answered = given(*new, *to_tom, answer, met("first_response", hours(0)))
    answered.when(RecordCustomerReply(ticket_id=TICKET), by=zoe, at=day(3, 25, 12), imported=True).then(
        CustomerReplied(ticket_id=TICKET, from_="open", to="open")
    )
    assert answered.when(RecordCustomerReply(ticket_id=TICKET), by=crm, at=day(3, 25, 12)).recorded[1:]
