"""The situations that specs of tickets begin in, named once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from commands.ticket.opening import OpenTicket
from domain.calendar import WEEKDAYS, CalendarPublished, Weekday
from domain.sla import Deadlines, Metric, PendKind, Priority, Promise, StopReason
from domain.sla_policy import SlaPolicyPublished, SlaTerms, Target
from domain.staff import StaffOnboarded
from domain.ticket.facts.clocks import SlaApplied, SlaBreached, SlaMet, SlaPaused, SlaResumed, SlaStopped, SlaWarned
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketClosed, TicketMerged, TicketPended, TicketRejected, TicketResolved
from domain.ticket.facts.work import AgentReplied, TicketAssigned
from domain.ticket_book import TicketSlotReleased, TicketSlotReserved
from domain.values import CalendarId, CustomerId, Instant, OrderId, OrgPath, PolicyId, StaffId, TicketId
from tests.spec import Given, day, given, person

TICKET, OTHER, THIRD = (TicketId(UUID(int=number)) for number in (0x71C, 0x72C, 0x73C))
CUSTOMER, STRANGER = CustomerId(UUID(int=0xC)), CustomerId(UUID(int=0xD))
ORDER = OrderId(UUID(int=0x0DE5))
OFFICE, STANDARD = CalendarId("office"), PolicyId("standard")

# Who helps

TOM, TIA, LEO, RAY = StaffId("tom"), StaffId("tia"), StaffId("leo"), StaffId("ray")
tom, tia, leo, ray = map(person, (TOM, TIA, LEO, RAY))
DESK = OrgPath("service/desk")
team = (
    StaffOnboarded(staff_id=TOM, name="Tom", role="service_agent", org_path=DESK),
    StaffOnboarded(staff_id=TIA, name="Tia", role="service_agent", org_path=DESK, skills=("repair", "en")),
    StaffOnboarded(staff_id=LEO, name="Leo", role="service_manager", org_path=OrgPath("service")),
    StaffOnboarded(staff_id=RAY, name="Ray", role="service_agent", org_path=OrgPath("repairs")),
)

# What is published. 25 March 2026, on which most stories begin at ten, is a Wednesday.

WEEK: Mapping[Weekday, tuple[str, ...]] = dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00"))
office = CalendarPublished(calendar_id=OFFICE, number=1, name="Office", time_zone="Asia/Shanghai", week=WEEK)
mornings = replace(office, number=2, week=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00",)))
TERMS = SlaTerms(calendar_id=OFFICE)
standard = SlaPolicyPublished(policy_id=STANDARD, number=1, name="Standard", terms=TERMS)
published = (*team, office, standard)


def under(terms: SlaTerms, number: int = 2) -> SlaPolicyPublished:
    """New terms of the same policy."""
    return replace(standard, number=number, terms=terms)


def usual_but(metric: Metric) -> tuple[Target, ...]:
    """The usual targets, but none for that metric."""
    return tuple(each for each in TERMS.targets if each.metric != metric)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# How a ticket comes. What is promised for the usual one: 4 hours, 8 hours, 24 hours.

OPENED = day(3, 25)  # A Wednesday, at ten.

open_ticket = OpenTicket(
    ticket_id=TICKET, customer_id=CUSTOMER, type="question", category="billing", channel="phone", subject="The bill"
)
told = TicketOpened(
    ticket_id=TICKET,
    customer_id=CUSTOMER,
    type="question",
    category="billing",
    priority="normal",
    channel="phone",
    subject="The bill",
    policy_id=STANDARD,
)
history = replace(told, policy_id=None)


def promise(metric: Metric, target: timedelta, *, priority: Priority = "normal", version: int = 1) -> Promise:
    pauses: tuple[PendKind, ...] = () if metric == "first_response" else ("customer", "third_party")
    return Promise(
        policy_id=STANDARD,
        policy_version=version,
        priority=priority,
        target=target,
        warn_percent=75,
        escalate_percent=50,
        pauses=pauses,
    )


def until(warn_at: Instant, due_at: Instant, escalate_at: Instant) -> Deadlines:
    return Deadlines(warn_at=warn_at, due_at=due_at, escalate_at=escalate_at)


def applied(
    metric: Metric, target: timedelta, since: Instant, deadlines: Deadlines, *, ticket_id: TicketId = TICKET, **how: Any
) -> SlaApplied:
    return SlaApplied(
        ticket_id=ticket_id,
        metric=metric,
        promise=promise(metric, target, **how),
        calendar_id=OFFICE,
        calendar_version=1,
        since=since,
        deadlines=deadlines,
    )


first_response = applied("first_response", hours(4), OPENED, until(day(3, 25, 14), day(3, 25, 15), day(3, 25, 17)))
resolution = applied("resolution", hours(24), OPENED, until(day(3, 27, 12), day(3, 30), day(3, 31, 15)))
opened = (told, first_response, resolution)
new = (*published, *opened)


def paused(metric: Metric, since: datetime, elapsed: timedelta) -> SlaPaused:
    return SlaPaused(ticket_id=TICKET, metric=metric, since=since, elapsed=elapsed)


def resumed(
    metric: Metric,
    since: datetime,
    elapsed: timedelta,
    waited: timedelta,
    deadlines: Deadlines,
    calendar_version: int = 1,
) -> SlaResumed:
    return SlaResumed(
        ticket_id=TICKET,
        metric=metric,
        since=since,
        elapsed=elapsed,
        paused=waited,
        calendar_version=calendar_version,
        deadlines=deadlines,
    )


def met(metric: Metric, elapsed: timedelta, waited: timedelta = timedelta()) -> SlaMet:
    return SlaMet(ticket_id=TICKET, metric=metric, elapsed=elapsed, paused=waited)


def stopped(
    metric: Metric,
    elapsed: timedelta,
    why: StopReason,
    waited: timedelta = timedelta(),
    ticket_id: TicketId = TICKET,
) -> SlaStopped:
    return SlaStopped(ticket_id=ticket_id, metric=metric, elapsed=elapsed, paused=waited, why=why)


def breached(metric: Metric, due_at: datetime) -> SlaBreached:
    return SlaBreached(ticket_id=TICKET, metric=metric, due_at=due_at)


def warned(metric: Metric) -> SlaWarned:
    return SlaWarned(ticket_id=TICKET, metric=metric, percent=75)


# How far it has come

to_tom = (
    TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=TOM),
    TicketSlotReserved(staff_id=TOM, ticket_id=TICKET),
)
freed = TicketSlotReleased(staff_id=TOM, ticket_id=TICKET)
reserved = TicketSlotReserved(staff_id=TOM, ticket_id=TICKET)
answer = AgentReplied(ticket_id=TICKET, public=True, message="Here it is.")
taken = (*new, *to_tom)
waiting = TicketPended(ticket_id=TICKET, from_="open", to="pending_customer", kind="customer", reason="details")
elsewhere = TicketPended(ticket_id=TICKET, from_="open", to="pending_third_party", kind="third_party", reason="parts")
resolved = TicketResolved(
    ticket_id=TICKET, from_="open", code="explained", reopen_until=day(4, 8), close_at=day(3, 30)
)  # At ten on 25 March: 14 days, 5 days.
closed = TicketClosed(ticket_id=TICKET, from_="resolved", automatic=False)
rejected = TicketRejected(ticket_id=TICKET, from_="new", reason="spam")
merged = TicketMerged(ticket_id=TICKET, from_="new", into=OTHER)
other_opened = (
    replace(told, ticket_id=OTHER),
    replace(first_response, ticket_id=OTHER),
    replace(resolution, ticket_id=OTHER),
)


def at_once(*events: object) -> Given:
    """Without clocks: nothing is promised, so that a story is only of the ticket."""
    nothing = replace(standard, terms=replace(TERMS, targets=()))
    return given(*team, office, nothing, told, *events)
