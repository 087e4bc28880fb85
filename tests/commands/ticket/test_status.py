"""How far a ticket has come: the table of the business, every command before every status."""

from dataclasses import replace

import pytest

from commands.ticket.afterwards import OfferReopening, ProposeKnowledgeCase, RecordCsat, RequestSurvey
from commands.ticket.dispatching import AgentsConsidered, DispatchTicket, TakeBackTicket
from commands.ticket.opening import AdoptTicket, ChangePriority, ClassifyTicket, MergeTicket, RejectTicket
from commands.ticket.promises import BreachSla, EscalateSla, OverrunSla, RebaseSla, VacateEscalation, WarnSla
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import (
    AssignTicket,
    CheckWarranty,
    EscalateTicket,
    RecordCustomerReply,
    ReplyToCustomer,
    RequestReturn,
    SendAcknowledgement,
)
from domain.actor import Actor
from domain.errors import Hidden, NotNow
from domain.staff import StaffDeparted
from domain.ticket.facts.status import (
    TicketAbsorbed,
    TicketClosed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.terms import Status
from domain.ticket.facts.work import CsatRecorded, CustomerReplied, SurveyRequested, TicketAssigned
from domain.ticket.refusals import HasAnAgent, HasNoAgent, NoSuchClock, TooEarly
from tests.commands.ticket.situations import (
    LEO,
    ORDER,
    OTHER,
    TIA,
    TICKET,
    TOM,
    at_once,
    closed,
    elsewhere,
    freed,
    leo,
    merged,
    other_opened,
    published,
    rejected,
    reserved,
    resolved,
    taken,
    to_tom,
    tom,
    waiting,
)
from tests.spec import administrator, crm, day, given, policy

# What becomes of each status. A ticket that was over begins again when somebody says so, or when the customer speaks.

WAYS: dict[Status, tuple[object, ...]] = {
    "new": (),
    "open": to_tom,
    "pending_customer": (*to_tom, waiting),
    "pending_third_party": (*to_tom, elsewhere),
    "resolved": (*to_tom, resolved, freed),
    "closed": (*to_tom, resolved, freed, closed),
    "rejected": (rejected,),
    "merged": (merged, TicketAbsorbed(ticket_id=OTHER, absorbed=TICKET)),
}
other = other_opened[0]

PENDING: set[Status] = {"pending_customer", "pending_third_party"}
ACTIVE: set[Status] = {"new", "open", *PENDING}
OVER: set[Status] = {"resolved", "closed"}

COMMANDS: dict[str, tuple[object, Actor, set[Status]]] = {
    "assign": (AssignTicket(ticket_id=TICKET, agent=TIA), leo, ACTIVE),
    "pend on the customer": (
        PendTicket(ticket_id=TICKET, kind="customer", reason="x"),
        tom,
        ACTIVE - {"pending_customer"},
    ),
    "pend on others": (
        PendTicket(ticket_id=TICKET, kind="third_party", reason="x"),
        tom,
        ACTIVE - {"pending_third_party"},
    ),
    "resume": (ResumeTicket(ticket_id=TICKET), tom, PENDING),
    "resolve": (ResolveTicket(ticket_id=TICKET, code="explained"), tom, ACTIVE),
    "close": (CloseTicket(ticket_id=TICKET), tom, {"resolved"}),
    "reopen": (ReopenTicket(ticket_id=TICKET), tom, OVER),
    "reject": (RejectTicket(ticket_id=TICKET, reason="spam"), tom, {"new"}),
    "merge": (MergeTicket(ticket_id=TICKET, into=OTHER), leo, {"new", "open"}),
    "the customer replies": (RecordCustomerReply(ticket_id=TICKET), tom, ACTIVE | OVER),
    "reply": (ReplyToCustomer(ticket_id=TICKET, public=True), tom, ACTIVE | {"resolved"}),
    "note": (ReplyToCustomer(ticket_id=TICKET, public=False), tom, set(WAYS)),
    "classify": (ClassifyTicket(ticket_id=TICKET, type="incident", category="repair"), tom, ACTIVE | OVER),
    "weigh": (ChangePriority(ticket_id=TICKET, impact="high", urgency="high"), tom, ACTIVE),
    "escalate": (EscalateTicket(ticket_id=TICKET, level=1, to=LEO), tom, ACTIVE),
    "acknowledge": (SendAcknowledgement(ticket_id=TICKET, channel="email"), tom, ACTIVE),
    "warranty": (CheckWarranty(ticket_id=TICKET, covered=True), tom, ACTIVE),
    "return": (RequestReturn(ticket_id=TICKET, reason="broken", order_id=ORDER), tom, ACTIVE),
    "survey": (RequestSurvey(ticket_id=TICKET), tom, OVER),
    "knowledge": (ProposeKnowledgeCase(ticket_id=TICKET, summary="Restart it."), tom, OVER),
    "rebase": (RebaseSla(ticket_id=TICKET), leo, ACTIVE),
}


def in_status(status: Status, *more: object) -> tuple[object, ...]:
    return (other, *WAYS[status], *more)


def own(status: Status) -> Actor:
    """Nobody has a ticket that was not assigned, and it is its managers' business."""
    return tom if to_tom[0] in WAYS[status] else leo


@pytest.mark.parametrize("status", WAYS)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_for_some_statuses_and_no_others(name: str, status: Status) -> None:
    command, by, accepted = COMMANDS[name]
    asked = at_once(*in_status(status)).when(command, by=own(status) if by is tom else by, at=day(3, 26))
    if status in accepted:
        asked.done()
    else:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")


@pytest.mark.parametrize("status", WAYS)
def test_a_score_is_of_what_is_over(status: Status) -> None:
    asked_for = [SurveyRequested(ticket_id=TICKET, cycle=1)] if status in OVER else []
    asked = at_once(*in_status(status, *asked_for)).when(RecordCsat(ticket_id=TICKET, score=4), by=crm)
    if status in OVER:
        asked.done()
    else:
        asked.refused(NotNow)


@pytest.mark.parametrize("status", WAYS)
def test_what_finds_its_agent_by_itself_has_not_come_to_an_end(status: Status) -> None:
    to_tia = DispatchTicket(ticket_id=TICKET, agent=TIA, considered=AgentsConsidered(policy_number=1, seen_at=0))
    asked = at_once(*in_status(status)).when(to_tia, by=policy)
    if status == "new":
        asked.done()
    else:
        asked.refused(HasAnAgent if status in ACTIVE else NotNow)


@pytest.mark.parametrize("status", WAYS)
def test_what_is_taken_back_from_who_has_left_has_not_come_to_an_end(status: Status) -> None:
    asked = at_once(*in_status(status), StaffDeparted(staff_id=TOM)).when(TakeBackTicket(ticket_id=TICKET), by=policy)
    if status in ACTIVE - {"new"}:
        asked.done()
    else:
        asked.refused(HasNoAgent if status == "new" else NotNow)


@pytest.mark.parametrize("status", WAYS)
def test_what_is_offered_to_begin_again_is_over(status: Status) -> None:
    low = [CsatRecorded(ticket_id=TICKET, cycle=1, score=1, low=True)] if status in OVER else []
    asked = at_once(*in_status(status, *low)).when(OfferReopening(ticket_id=TICKET), by=policy)
    if status in OVER:
        asked.done()
    else:
        asked.refused(NotNow)


@pytest.mark.parametrize("status", WAYS)
@pytest.mark.parametrize(
    "command",
    [
        WarnSla(ticket_id=TICKET, metric="resolution"),
        BreachSla(ticket_id=TICKET, metric="resolution"),
        OverrunSla(ticket_id=TICKET, metric="resolution"),
        EscalateSla(ticket_id=TICKET, metric="resolution", level=1, to=LEO),
        VacateEscalation(ticket_id=TICKET, metric="resolution", staff_id=LEO),
    ],
)
def test_a_clock_is_only_of_what_is_active(command: object, status: Status) -> None:
    asked = at_once(*in_status(status)).when(command, by=policy)
    if status in ACTIVE:
        asked.refused(NoSuchClock, because="the ticket has no clock for resolution")
    else:
        asked.refused(NotNow)


@pytest.mark.parametrize("status", WAYS)
def test_what_is_live_is_not_adopted(status: Status) -> None:
    adopt = at_once(*in_status(status)).when(AdoptTicket(ticket_id=TICKET), by=administrator)
    adopt.refused(NotNow, because="this needs (imported|Active or Resolved), and it is")


# What each says: from where, to where

RESOLVED = replace(resolved, reopen_until=day(4, 8), close_at=day(3, 30))
OUTCOMES: dict[str, object] = {
    "pend on the customer": TicketPended(
        ticket_id=TICKET, from_="open", to="pending_customer", kind="customer", reason="x"
    ),
    "pend on others": TicketPended(
        ticket_id=TICKET, from_="open", to="pending_third_party", kind="third_party", reason="x"
    ),
    "resume": TicketResumed(ticket_id=TICKET, from_="open", to="open"),
    "close": TicketClosed(ticket_id=TICKET, from_="open", to="closed", automatic=False),
}


@pytest.mark.parametrize("status", WAYS)
@pytest.mark.parametrize("name", OUTCOMES)
def test_an_event_of_status_says_from_where_and_to_where(name: str, status: Status) -> None:
    command, _, accepted = COMMANDS[name]
    if status in accepted:
        event = replace(OUTCOMES[name], from_=status)  # type: ignore[type-var]
        at_once(*in_status(status)).when(command, by=own(status)).then(event)


def test_it_is_given_away_and_ends_and_is_taken_up_again() -> None:
    for status in ACTIVE:
        story = at_once(*in_status(status))
        slot = [freed] if status != "new" else []
        story.when(COMMANDS["resolve"][0], by=own(status)).then(
            TicketResolved(
                ticket_id=TICKET,
                from_=status,
                to="resolved",
                code="explained",
                reopen_until=day(4, 8),
                close_at=day(3, 30),
            ),
            *slot,
        )
    for status in OVER:
        at_once(*in_status(status)).when(COMMANDS["reopen"][0], by=tom).then(
            TicketReopened(ticket_id=TICKET, from_=status, to="open", n=1, agent=to_tom[0].agent), reserved
        )
    at_once(other).when(COMMANDS["reject"][0], by=leo).then(
        TicketRejected(ticket_id=TICKET, from_="new", to="rejected", reason="spam")
    )
    at_once(other, *to_tom).when(COMMANDS["merge"][0], by=leo).then(
        TicketMerged(ticket_id=TICKET, from_="open", to="merged", into=OTHER),
        TicketAbsorbed(ticket_id=OTHER, absorbed=TICKET),
        freed,
    )


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_what_the_customer_says_ends_the_waiting_for_him(status: Status) -> None:
    to: Status = "open" if status == "pending_customer" else status
    at_once(*in_status(status)).when(RecordCustomerReply(ticket_id=TICKET), by=own(status)).then(
        CustomerReplied(ticket_id=TICKET, from_=status, to=to)
    )


def test_to_be_given_to_somebody_opens_what_is_new_and_leaves_what_waits() -> None:
    for status in ACTIVE:
        given_to = COMMANDS["assign"][0]
        (entry, *_) = at_once(*in_status(status)).when(given_to, by=leo).recorded
        assert isinstance(entry.event, TicketAssigned)
        assert (entry.event.from_, entry.event.to) == (status, "open" if status == "new" else status)


def test_what_waits_is_not_merged() -> None:
    """The table has no way from there; it is resumed first."""
    story = given(*taken, *other_opened, waiting)
    story.when(COMMANDS["merge"][0], by=leo).refused(NotNow, because="needs New or Open, and it is PendingCustomer")


def test_a_ticket_that_is_not_there_is_hidden() -> None:
    for command, by, _ in COMMANDS.values():
        given(*published).when(command, by=by).refused(Hidden, because=f"no ticket/{TICKET} is to be seen here")


def test_a_policy_ends_a_wait_that_has_an_end_and_not_before() -> None:
    resume = ResumeTicket(ticket_id=TICKET)
    until_friday = at_once(*to_tom, replace(waiting, until=day(3, 27)))
    until_friday.when(resume, by=policy, at=day(3, 27, 9, 59)).refused(TooEarly, because="due at 2026-03-27T02:00:00")
    until_friday.when(resume, by=policy, at=day(3, 27)).then(TicketResumed(ticket_id=TICKET, from_="pending_customer"))
    at_once(*to_tom, waiting).when(resume, by=policy, at=day(12, 1)).refused(
        NotNow, because="needs an end that was set, and it is PendingCustomer"
    )
    longer = until_friday.also(replace(elsewhere, from_="pending_customer", until=day(4, 27)))
    longer.when(resume, by=policy, at=day(3, 27)).refused(TooEarly, because="due at 2026-04-27")
    for_good = until_friday.also(replace(elsewhere, from_="pending_customer"))
    for_good.when(resume, by=policy, at=day(12, 1)).refused(NotNow, because="and it is PendingThirdParty")
    assert until_friday.when(resume, by=tom, at=day(3, 26)).recorded, "people may at any time"
