"""The decider of tickets, and what its rules share."""

from collections.abc import Iterable, Mapping
from functools import reduce
from uuid import UUID

from commands.decider import Decider, Holding
from domain.actor import Asked
from domain.catalog import Catalog, coded, offered
from domain.errors import NotNow, require
from domain.sla_policy import SlaPolicy
from domain.ticket.facts import TicketEvent
from domain.ticket.facts.terms import Status
from domain.ticket.refusals import NotAdopted
from domain.ticket.states import (
    NAMES,
    Active,
    ActiveStatus,
    Closed,
    Known,
    Merged,
    Rejected,
    Resolved,
    Ticket,
    Unopened,
    evolve,
)
from domain.values import CalendarId, PolicyId, StaffId, TicketId


def holding(ticket: Ticket) -> Holding | None:
    """The agent has it in hand, also when it is closed; who was called in works on it beside him. Where it lies with
    a team, it is the business of whoever had it last.
    """
    match ticket:
        case Unopened():
            return None
        case _:
            matter = ticket.matter
            helpers = dict.fromkeys(matter.escalated_to)
            return Holding(owner=matter.agent, formerly=matter.last_agent, workers=helpers)


tickets = Decider[Ticket, TicketEvent](
    name="ticket",
    plural="tickets",
    id_field="ticket_id",
    key=UUID,
    initial=lambda _: Unopened(),
    evolve=evolve,
    holding=holding,
)

Opened = Active | Resolved | Closed | Rejected | Merged
OpenOrOver = Active | Resolved | Closed


# What a rule reads beside the ticket


def policy_of(ticket: Opened) -> list[PolicyId]:
    """The policy whose clocks run for it; none for history."""
    return [] if ticket.matter.policy_id is None else [ticket.matter.policy_id]


def calendars_of(ticket: Opened, policies: Mapping[PolicyId, SlaPolicy]) -> list[CalendarId]:
    """The calendars that its clocks have pinned, and those that a new promise would be counted with."""
    pinned = [clock.calendar_id for clock in ticket.matter.clocks.values()]
    return list(dict.fromkeys([*pinned, *(policy.terms.calendar_id for policy in policies.values())]))


def agent_of(ticket: Opened) -> list[StaffId]:
    """Who has it, if somebody has."""
    return [] if ticket.matter.agent is None else [ticket.matter.agent]


def the_policy(policies: Mapping[PolicyId, SlaPolicy]) -> SlaPolicy | None:
    return next(iter(policies.values()), None)


def adopted(ticket_id: TicketId, policies: Mapping[PolicyId, SlaPolicy]) -> SlaPolicy:
    """The policy of a live ticket. Raises NotAdopted for one that is history."""
    if (policy := the_policy(policies)) is None:
        raise NotAdopted(ticket_id=ticket_id)
    return policy


# What a rule asks of it


def status_before(ticket: Active, asked: Asked, *wanted: type[ActiveStatus], to: type[ActiveStatus]) -> Status:
    """The status that a change starts from. An imported line may repeat the present one."""
    repeated = (to,) if asked.imported else ()
    return NAMES[type(require(ticket.status, *wanted, *repeated))]


def from_catalog(field: str, code: str, catalog: Catalog, asked: Asked) -> str:
    """History may have had codes of its own."""
    return coded(field, code) if asked.imported else offered(catalog, code, field)


def after(ticket: Opened, events: Iterable[object]) -> Known:
    """The ticket as these events leave it; those of other streams do nothing to it."""
    own = [event for event in events if isinstance(event, TicketEvent)]
    start: Ticket = ticket
    found = reduce(evolve, own, start)
    assert not isinstance(found, Unopened)
    return found


def active(ticket: Known) -> Active:
    if isinstance(ticket, Active):
        return ticket
    raise NotNow(found=type(ticket).__name__, wanted=("Active",))
