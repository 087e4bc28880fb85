"""What is said and done about a ticket, and who does it."""

from collections.abc import Iterator, Mapping
from datetime import date

from commands.people import must_be_a_rule_s, must_work_here
from commands.ticket.clocks import answered, asked_again, following
from commands.ticket.people import must_take_ticket
from commands.ticket.status import Reopening, reopened_by_history, reopening
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
from domain.access import Action
from domain.actor import Asked
from domain.calendar import Calendar
from domain.catalog import Catalog, coded
from domain.errors import Invalid, NotNow, said
from domain.sla_policy import SlaPolicy
from domain.staff import Staff, proper
from domain.ticket.facts.clocks import SlaEvent
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.terms import RETURN_REASONS
from domain.ticket.facts.work import (
    AcknowledgementSent,
    AgentReplied,
    AssignMethod,
    CustomerReplied,
    ReturnRequested,
    TicketAssigned,
    TicketEscalated,
    WarrantyChecked,
)
from domain.ticket.refusals import ToldAlready
from domain.ticket.states import Active, Closed, Merged, PendingCustomer, Rejected, Resolved, name_of
from domain.ticket_book import TicketBook, TicketSlotReleased, TicketSlotReserved
from domain.values import CalendarId, CatalogId, OrderId, OrgPath, PolicyId, StaffId, TicketId, value

# Who does it


@value
class AssignTicket:
    """Without an agent it goes back to the team. A policy that chose him says by which rule."""

    ticket_id: TicketId
    agent: StaffId | None = None
    team: OrgPath | None = None
    method: AssignMethod = "assign"
    rule_id: str | None = None


def both(command: AssignTicket, ticket: Active | Resolved | Closed) -> list[StaffId]:
    """Who has it, and who is to have it."""
    return list(dict.fromkeys([*agent_of(ticket), *([] if command.agent is None else [command.agent])]))


@tickets.decides(Action.ASSIGN, policies=policy_of, calendars=calendars_of, books=both, staff=both)
def assign(
    command: AssignTicket,
    ticket: Active | Resolved | Closed,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[TicketAssigned | TicketReopened | TicketSlotReleased | TicketSlotReserved | SlaEvent]:
    """Give it to somebody who can help; what waits goes on waiting. In history, whoever took it in charge went on."""
    must_be_a_rule_s("method", command.method != "assign", asked)
    must_be_a_rule_s("rule_id", command.rule_id, asked)
    events = reopened_by_history(command.ticket_id, ticket, policies, calendars, staff, asked)
    found = active(after(ticket, events))
    had, gets = found.matter.agent, command.agent
    team = found.matter.team if command.team is None else proper(command.team, "team")
    if not asked.imported:
        must_change(command, found)
        policy = adopted(command.ticket_id, policies)
        if gets is not None and gets != had:
            must_take_ticket(gets, staff[gets], books[gets], policy, found.matter.category, asked)
    before = name_of(found)
    assigned = TicketAssigned(
        ticket_id=command.ticket_id,
        from_=before,
        to="open" if asked.imported or before == "new" else before,
        agent=gets,
        team=team,
        previous_agent=had,
        method=command.method,
        rule_id=said("rule_id", command.rule_id),
    )
    yield from events
    yield assigned
    if gets != had:
        if had is not None:
            yield TicketSlotReleased(staff_id=had, ticket_id=command.ticket_id)
        if gets is not None:
            yield TicketSlotReserved(staff_id=gets, ticket_id=command.ticket_id)
    yield from following(command.ticket_id, active(after(found, [assigned])), calendars, asked.at)


def must_change(command: AssignTicket, ticket: Active) -> None:
    if command.agent is None and command.team is None:
        raise Invalid(field="agent", because="say who, or which team")
    if command.agent == ticket.matter.agent and command.team in {None, ticket.matter.team}:
        raise Invalid(field="agent", because="it is there already")


@value
class EscalateTicket:
    ticket_id: TicketId
    level: int
    to: StaffId


def called_in(command: EscalateTicket) -> StaffId:
    return command.to


HIGHEST_LEVEL = 9


@tickets.decides(Action.WORK, staff=called_in)
def escalate(command: EscalateTicket, ticket: Active, staff: Staff, asked: Asked) -> TicketEscalated:
    """Call somebody in who decides more; he works on it beside the agent."""
    if not asked.imported:
        must_work_here(command.to, staff)
    if not 1 <= command.level <= HIGHEST_LEVEL:
        raise Invalid(field="level", because=f"a level is 1 to {HIGHEST_LEVEL}")
    return TicketEscalated(ticket_id=command.ticket_id, level=command.level, to=command.to, trigger="by-hand")


# What is said


@value
class RecordCustomerReply:
    ticket_id: TicketId
    message: str | None = None


@tickets.decides(Action.WORK, policies=policy_of, calendars=calendars_of, books=agent_of, staff=agent_of)
def record_customer_reply(
    command: RecordCustomerReply,
    ticket: Active | Resolved | Closed,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[CustomerReplied | TicketReopened | TicketSlotReserved | SlaEvent]:
    """The customer says something: he is waited for no more, and what was over begins again, within the window."""
    ticket_id = command.ticket_id
    events: Reopening = []
    if not isinstance(ticket, Active):
        events = reopening(ticket_id, ticket, policies, calendars, staff, asked)
    found = active(after(ticket, events))
    before = name_of(found)
    replied = CustomerReplied(
        ticket_id=ticket_id,
        from_=before,
        to="open" if isinstance(found.status, PendingCustomer) else before,
        message=said("message", command.message),
    )
    yield from events
    yield replied
    goes_on = active(after(found, [replied]))
    clocks = list(following(ticket_id, goes_on, calendars, asked.at))
    goes_on = active(after(goes_on, clocks))
    policy = None if asked.imported else the_policy(policies)
    more = list(asked_again(ticket_id, goes_on.matter, policy, calendars, asked.at))
    yield from clocks
    yield from more
    yield from following(ticket_id, active(after(goes_on, more)), calendars, asked.at)


@value
class ReplyToCustomer:
    """Not `public`, it is a note among colleagues, and answers nobody."""

    ticket_id: TicketId
    public: bool
    message: str | None = None


@tickets.decides(Action.WORK, policies=policy_of, calendars=calendars_of)
def reply_to_customer(
    command: ReplyToCustomer,
    ticket: Active | Resolved | Closed | Rejected | Merged,
    policies: Mapping[PolicyId, SlaPolicy],
    calendars: Mapping[CalendarId, Calendar],
    asked: Asked,
) -> Iterator[AgentReplied | SlaEvent]:
    """Answer the customer, which is what was promised; or write a note, at any time."""
    if command.public and not asked.imported and not isinstance(ticket, Active | Resolved):
        raise NotNow(found=type(ticket).__name__, wanted=("Active", "Resolved"))
    message = said("message", command.message)
    yield AgentReplied(ticket_id=command.ticket_id, public=command.public, message=message)
    if command.public:
        yield from answered(command.ticket_id, ticket.matter, calendars, asked.at)


@value
class SendAcknowledgement:
    """By the channel through which the ticket came, where none is named."""

    ticket_id: TicketId
    channel: str | None = None


@tickets.decides(Action.WORK)
def send_acknowledgement(command: SendAcknowledgement, ticket: Active, asked: Asked) -> AcknowledgementSent:
    """Tell the customer, once, that it has arrived. That is no answer yet."""
    if ticket.matter.acknowledged and not asked.imported:
        raise ToldAlready(what="an acknowledgement")
    channel = ticket.matter.channel if command.channel is None else coded("channel", command.channel)
    return AcknowledgementSent(ticket_id=command.ticket_id, channel=channel)


# What is done


@value
class CheckWarranty:
    """`until` is the last day of it, where that is known."""

    ticket_id: TicketId
    covered: bool
    until: date | None = None
    order_id: OrderId | None = None


@tickets.decides(Action.WORK)
def check_warranty(command: CheckWarranty, ticket: Active) -> WarrantyChecked:
    """Record whether what was bought is still under warranty."""
    return WarrantyChecked(
        ticket_id=command.ticket_id,
        covered=command.covered,
        until=command.until,
        order_id=command.order_id or ticket.matter.order_id,
    )


@value
class RequestReturn:
    """`order_id` may be left out where the ticket is about one."""

    ticket_id: TicketId
    reason: str
    order_id: OrderId | None = None


def return_reasons() -> CatalogId:
    return RETURN_REASONS


@tickets.decides(Action.WORK, reasons=return_reasons)
def request_return(command: RequestReturn, ticket: Active, reasons: Catalog, asked: Asked) -> ReturnRequested:
    """The customer gives back what he bought."""
    order_id = command.order_id or ticket.matter.order_id
    if order_id is None:
        raise Invalid(field="order_id", because="a return is of an order")
    reason = from_catalog("reason", command.reason, reasons, asked)
    return ReturnRequested(ticket_id=command.ticket_id, order_id=order_id, reason=reason)
