"""How a ticket comes, what it is about, and how two that are one become one."""

from collections.abc import Iterator, Mapping

from commands.becoming import who_answers
from commands.ticket.clocks import given_up, promised_anew, started
from commands.ticket.people import slots_freed, taken_back, works_here
from commands.ticket.status import Policies, limits
from commands.ticket.tickets import (
    active,
    adopted,
    after,
    agent_of,
    calendars_of,
    from_catalog,
    policy_of,
    the_policy,
    tickets,
)
from commands.ticket.whose import must_be_of, whose_both_are, whose_it_follows
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.catalog import Catalog, coded
from domain.customer.states import Customer
from domain.errors import Invalid, NotNow, require, said
from domain.sla import Priority
from domain.sla_policy import Grade, SlaPolicy
from domain.staff import Staff
from domain.ticket.facts.clocks import SlaEvent
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketAbsorbed, TicketMerged, TicketRejected
from domain.ticket.facts.terms import CATEGORIES, REJECTION_REASONS
from domain.ticket.facts.work import TicketAssigned
from domain.ticket.states import Active, Closed, Merged, New, Open, Rejected, Resolved, Unopened, name_of
from domain.ticket_book import TicketBook, TicketSlotReleased
from domain.values import CalendarId, CatalogId, CustomerId, OrderId, PolicyId, StaffId, TicketId, value

STANDARD = PolicyId("standard")


@value
class OpenTicket:
    """`follows` is the ticket that it goes on from, where that can no more be reopened."""

    ticket_id: TicketId
    customer_id: CustomerId
    type: str
    category: str
    channel: str
    subject: str
    priority: Priority = "normal"
    order_id: OrderId | None = None
    follows: TicketId | None = None
    policy_id: PolicyId = STANDARD


def policy_named(command: "OpenTicket | AdoptTicket", asked: Asked) -> list[PolicyId]:
    """No clock is set for history, so that it needs no policy."""
    return [] if asked.imported else [command.policy_id]


def calendar_named(policies: Policies) -> list[CalendarId]:
    return [policy.terms.calendar_id for policy in policies.values()]


def followed(command: OpenTicket) -> list[TicketId]:
    return [] if command.follows is None else [command.follows]


def categories() -> CatalogId:
    return CATEGORIES


@tickets.decides(
    Action.CAPTURE,
    policies=policy_named,
    calendars=calendar_named,
    earlier=followed,
    customers=whose_it_follows,
    survivors=who_answers,
    categories=categories,
)
def open_(
    command: OpenTicket,
    _: Unopened,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    earlier: Mapping[TicketId, Active | Resolved | Closed | Rejected | Merged],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    categories: Catalog,
    asked: Asked,
) -> Iterator[TicketOpened | SlaEvent]:
    """Somebody asks for help: from now on it counts how soon he is answered."""
    for other_id, other in earlier.items():
        if not asked.imported:
            require(other, Closed)
        must_be_of(command.customer_id, other_id, other, {**customers, **survivors})
    policy = the_policy(policies)
    yield TicketOpened(
        ticket_id=command.ticket_id,
        customer_id=command.customer_id,
        type=coded("type", command.type),
        category=from_catalog("category", command.category, categories, asked),
        priority=command.priority,
        channel=coded("channel", command.channel),
        subject=said("subject", command.subject),
        order_id=command.order_id,
        follows=command.follows,
        policy_id=None if policy is None else policy.policy_id,
    )
    yield from started(command.ticket_id, "first_response", policy, command.priority, calendars, asked.at)
    yield from started(command.ticket_id, "resolution", policy, command.priority, calendars, asked.at)


@value
class ClassifyTicket:
    ticket_id: TicketId
    type: str
    category: str
    seriousness: str | None = None


@tickets.decides(Action.WORK, categories=categories)
def classify(
    command: ClassifyTicket, _: Active | Resolved | Closed, categories: Catalog, asked: Asked
) -> TicketClassified:
    """Say what it is about; also afterwards, for whoever counts."""
    return TicketClassified(
        ticket_id=command.ticket_id,
        type=coded("type", command.type),
        category=from_catalog("category", command.category, categories, asked),
        seriousness=None if command.seriousness is None else coded("seriousness", command.seriousness),
    )


@value
class ChangePriority:
    """The policy says what impact and urgency come to. `priority` is for history, where it says nothing else."""

    ticket_id: TicketId
    impact: Grade | None = None
    urgency: Grade | None = None
    priority: Priority | None = None


@tickets.decides(Action.WORK, policies=policy_of, calendars=calendars_of)
def change_priority(
    command: ChangePriority,
    ticket: Active,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    asked: Asked,
) -> Iterator[PriorityChanged | SlaEvent]:
    """It weighs more, or less, than it seemed: its clocks keep what has elapsed, and get another target."""
    changed = PriorityChanged(
        ticket_id=command.ticket_id,
        from_=ticket.matter.priority,
        to=weighed(command, policies, asked),
        impact=command.impact,
        urgency=command.urgency,
    )
    yield changed
    policy = the_policy(policies)
    if policy is not None and changed.to != changed.from_:
        yield from promised_anew(command.ticket_id, active(after(ticket, [changed])), policy, calendars, asked.at)


def weighed(command: ChangePriority, policies: Policies, asked: Asked) -> Priority:
    if command.priority is not None:
        if not asked.imported:
            raise Invalid(field="priority", because="this follows from impact and urgency")
        return command.priority
    if command.impact is None or command.urgency is None:
        raise Invalid(field="impact", because="a priority follows from impact and urgency together")
    return adopted(command.ticket_id, policies).priority(command.impact, command.urgency)


@value
class RejectTicket:
    ticket_id: TicketId
    reason: str


def rejection_reasons() -> CatalogId:
    return REJECTION_REASONS


@tickets.decides(Action.CLOSE, policies=policy_of, calendars=calendars_of, books=agent_of, reasons=rejection_reasons)
def reject(
    command: RejectTicket,
    ticket: Active,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    reasons: Catalog,
    asked: Asked,
) -> Iterator[TicketRejected | TicketSlotReleased | SlaEvent]:
    """It is nothing to be helped with: spam, a wrong address, somebody else's matter."""
    require(ticket.status, New)
    yield TicketRejected(
        ticket_id=command.ticket_id,
        from_="new",
        reason=from_catalog("reason", command.reason, reasons, asked),
    )
    yield from slots_freed(command.ticket_id, books)
    yield from given_up(command.ticket_id, ticket.matter, calendars, asked.at, "rejected")


@value
class MergeTicket:
    ticket_id: TicketId
    into: TicketId


def survivor_of(command: MergeTicket) -> TicketId:
    if command.into == command.ticket_id:
        raise Invalid(field="into", because="a ticket is not merged into itself")
    return command.into


@tickets.decides(
    Action.MERGE,
    survivor=survivor_of,
    customers=whose_both_are,
    survivors=who_answers,
    policies=policy_of,
    calendars=calendars_of,
    books=agent_of,
)
def merge(
    command: MergeTicket,
    ticket: Active,
    survivor: Active,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    asked: Asked,
) -> Iterator[TicketMerged | TicketAbsorbed | TicketSlotReleased | SlaEvent]:
    """The customer has asked the same twice: it goes on in the other ticket."""
    require(ticket.status, New, Open)
    must_be_of(ticket.matter.customer_id, command.into, survivor, {**customers, **survivors})
    yield TicketMerged(ticket_id=command.ticket_id, from_=name_of(ticket), into=command.into)
    yield TicketAbsorbed(ticket_id=command.into, absorbed=command.ticket_id)
    yield from slots_freed(command.ticket_id, books)
    yield from given_up(command.ticket_id, ticket.matter, calendars, asked.at, "merged")


@value
class AdoptTicket:
    ticket_id: TicketId
    policy_id: PolicyId = STANDARD


def policy_adopted(command: AdoptTicket) -> list[PolicyId]:
    return [command.policy_id]


@tickets.decides(Action.IMPORT, policies=policy_adopted, calendars=calendar_named, books=agent_of, staff=agent_of)
def adopt(
    command: AdoptTicket,
    ticket: Active | Resolved,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[TicketAdopted | TicketAssigned | TicketSlotReleased | SlaEvent]:
    """Take imported history into live work: its clocks are set now, and no time is invented for what was before. For
    what is solved the days to reopen it in begin now: the customer hears of us from now on. Who does not work here has
    no ticket.
    """
    if ticket.matter.policy_id is not None:
        raise NotNow(found="live", wanted=("imported",))
    reopen_until, close_at = None, None
    if isinstance(ticket, Resolved):
        reopen_until, close_at = limits(policies[command.policy_id], calendars, asked)
    told = TicketAdopted(
        ticket_id=command.ticket_id, policy_id=command.policy_id, reopen_until=reopen_until, close_at=close_at
    )
    yield told
    if isinstance(ticket, Active):
        agent = ticket.matter.agent
        if agent is not None and not works_here(agent, staff):
            yield from taken_back(command.ticket_id, ticket, agent, staff[agent], books)
        live = active(after(ticket, [told]))
        yield from promised_anew(command.ticket_id, live, policies[command.policy_id], calendars, asked.at)
