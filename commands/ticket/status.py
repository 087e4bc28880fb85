"""How a ticket waits, is solved, ends, and begins again."""

from collections.abc import Iterator, Mapping

from commands.ticket.clocks import Calendars, following, solved, taken_up_again
from commands.ticket.people import slots_freed, works_here
from commands.ticket.tickets import (
    OpenOrOver,
    active,
    after,
    agent_of,
    calendars_of,
    from_catalog,
    policy_of,
    status_before,
    the_policy,
    tickets,
)
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.catalog import Catalog
from domain.errors import Invalid, NotNow, require
from domain.pool import days_after
from domain.sla import PendKind
from domain.sla_policy import SlaPolicy
from domain.staff import Staff
from domain.ticket.facts.clocks import SlaEvent
from domain.ticket.facts.status import TicketClosed, TicketPended, TicketReopened, TicketResolved, TicketResumed
from domain.ticket.facts.terms import PENDING, PENDING_REASONS, RESOLUTION_CODES
from domain.ticket.refusals import ReopenWindowOver, TooEarly
from domain.ticket.states import (
    NAMES,
    Active,
    ActiveStatus,
    Closed,
    New,
    Open,
    PendingCustomer,
    PendingThirdParty,
    Resolved,
    name_of,
)
from domain.ticket_book import TicketBook, TicketSlotReleased, TicketSlotReserved
from domain.values import CalendarId, CatalogId, Instant, PolicyId, StaffId, TicketId, value

Policies = Mapping[PolicyId, SlaPolicy]
Reopening = list[TicketReopened | TicketSlotReserved | SlaEvent]


# Again


@value
class ReopenTicket:
    ticket_id: TicketId


@tickets.decides(Action.WORK, policies=policy_of, calendars=calendars_of, books=agent_of, staff=agent_of)
def reopen(
    command: ReopenTicket,
    ticket: Resolved | Closed,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[TicketReopened | TicketSlotReserved | SlaEvent]:
    """It was not solved after all: the window is for customers, a person who works here may always."""
    yield from reopening(command.ticket_id, ticket, policies, calendars, staff, asked)


def reopening(
    ticket_id: TicketId,
    ticket: Resolved | Closed,
    policies: Policies,
    calendars: Calendars,
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Reopening:
    """It comes back to whoever had it, also when his book is full: a customer does not wait for that."""
    matter = ticket.matter
    until = ticket.reopen_until
    if not asked.imported and asked.person is None and until is not None and asked.at >= until:
        raise ReopenWindowOver(ticket_id=ticket_id, until=until)
    agent = matter.agent if matter.agent is not None and (asked.imported or works_here(matter.agent, staff)) else None
    events: Reopening = [
        TicketReopened(ticket_id=ticket_id, from_=name_of(ticket), n=matter.reopens + 1, agent=agent),
    ]
    if agent is not None:
        events.append(TicketSlotReserved(staff_id=agent, ticket_id=ticket_id))
    events.extend(taken_up_again(ticket_id, matter, the_policy(policies), calendars, asked.at))
    return events


def reopened_by_history(
    ticket_id: TicketId,
    ticket: OpenOrOver,
    policies: Policies,
    calendars: Calendars,
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Reopening:
    """In history, whatever goes on with a ticket that was over has reopened it; now, one says so."""
    if isinstance(ticket, Active):
        return []
    if not asked.imported:
        raise NotNow(found=type(ticket).__name__, wanted=("Active",))
    return reopening(ticket_id, ticket, policies, calendars, staff, asked)


# Waiting


@value
class PendTicket:
    """`kind` says whom it waits for, `until` when to look again at the latest."""

    ticket_id: TicketId
    kind: PendKind
    reason: str
    until: Instant | None = None


def pending_reasons() -> CatalogId:
    return PENDING_REASONS


WAITING: dict[PendKind, type[ActiveStatus]] = {"customer": PendingCustomer, "third_party": PendingThirdParty}


@tickets.decides(
    Action.WORK,
    policies=policy_of,
    calendars=calendars_of,
    books=agent_of,
    staff=agent_of,
    reasons=pending_reasons,
)
def pend(
    command: PendTicket,
    ticket: Active | Resolved | Closed,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    reasons: Catalog,
    asked: Asked,
) -> Iterator[TicketPended | TicketReopened | TicketSlotReserved | SlaEvent]:
    """Nothing can be done until the customer, or somebody outside, has done something."""
    events = reopened_by_history(command.ticket_id, ticket, policies, calendars, staff, asked)
    found = active(after(ticket, events))
    waiting = WAITING[command.kind]
    before = status_before(found, asked, *(kind for kind in NAMES if kind is not waiting), to=waiting)
    if command.until is not None and command.until <= asked.at and not asked.imported:
        raise Invalid(field="until", because="that has passed already")
    pended = TicketPended(
        ticket_id=command.ticket_id,
        from_=before,
        to=PENDING[command.kind],
        kind=command.kind,
        reason=from_catalog("reason", command.reason, reasons, asked),
        until=command.until,
    )
    yield from events
    yield pended
    yield from following(command.ticket_id, active(after(found, [pended])), calendars, asked.at)


@value
class ResumeTicket:
    ticket_id: TicketId


@tickets.decides(Action.WORK, policies=policy_of, calendars=calendars_of, books=agent_of, staff=agent_of)
def resume(
    command: ResumeTicket,
    ticket: Active | Resolved | Closed,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[TicketResumed | TicketReopened | TicketSlotReserved | SlaEvent]:
    """Nobody is waited for any more. A policy ends a wait at its end. In history, what was new is taken up so too."""
    events = reopened_by_history(command.ticket_id, ticket, policies, calendars, staff, asked)
    yield from events
    if events:
        return  # To be reopened is to be open again.
    found = active(ticket)
    new = (New,) if asked.imported else ()
    before = status_before(found, asked, PendingCustomer, PendingThirdParty, *new, to=Open)
    if asked.actor.kind == "policy" and not asked.imported:
        must_have_waited(found, asked)
    resumed = TicketResumed(ticket_id=command.ticket_id, from_=before)
    yield resumed
    yield from following(command.ticket_id, active(after(found, [resumed])), calendars, asked.at)


def must_have_waited(ticket: Active, asked: Asked) -> None:
    until = ticket.matter.waits_until
    if until is None:
        raise NotNow(found=type(ticket.status).__name__, wanted=("an end that was set",))
    if asked.at < until:
        raise TooEarly(due=until)


# To an end


@value
class ResolveTicket:
    ticket_id: TicketId
    code: str


def resolution_codes() -> CatalogId:
    return RESOLUTION_CODES


@tickets.decides(Action.CLOSE, policies=policy_of, calendars=calendars_of, books=agent_of, codes=resolution_codes)
def resolve(
    command: ResolveTicket,
    ticket: Active | Resolved,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    codes: Catalog,
    asked: Asked,
) -> Iterator[TicketResolved | TicketSlotReleased | SlaEvent]:
    """It is solved, in a way that the catalog has a code for; no clock runs on."""
    if not asked.imported:
        require(ticket, Active)
    reopen_until, close_at = limits(the_policy(policies), calendars, asked)
    yield TicketResolved(
        ticket_id=command.ticket_id,
        from_=name_of(ticket),
        code=from_catalog("code", command.code, codes, asked),
        reopen_until=reopen_until,
        close_at=close_at,
    )
    if isinstance(ticket, Active):
        yield from slots_freed(command.ticket_id, books)
        yield from solved(command.ticket_id, ticket.matter, calendars, asked.at)


def limits(policy: SlaPolicy | None, calendars: Calendars, asked: Asked) -> tuple[Instant | None, Instant | None]:
    """Until when a customer may have it reopened, and when it closes by itself; history has neither."""
    if policy is None:
        return None, None
    terms = policy.terms
    zone = calendars[terms.calendar_id].time_zone
    return days_after(asked.at, terms.reopen_window_days, zone), days_after(asked.at, terms.auto_close_days, zone)


@value
class CloseTicket:
    ticket_id: TicketId


@tickets.decides(Action.CLOSE)
def close(command: CloseTicket, ticket: Resolved | Closed, asked: Asked) -> TicketClosed:
    """It is over. A policy closes it by itself when nobody has said anything for so long."""
    automatic = asked.actor.kind == "policy"
    if not asked.imported:
        resolved = require(ticket, Resolved)
        if automatic and resolved.close_at is not None and asked.at < resolved.close_at:
            raise TooEarly(due=resolved.close_at)
    return TicketClosed(ticket_id=command.ticket_id, from_=name_of(ticket), automatic=automatic)
