"""How a ticket that nobody has finds its agent, and how it comes back from one who has left."""

from collections.abc import Iterator, Mapping

from commands.people import must_be_a_rule_s
from commands.ticket.people import must_take_ticket, taken_back
from commands.ticket.tickets import adopted, agent_of, policy_of, tickets
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid
from domain.sla_policy import SlaPolicy
from domain.staff import Employed, Staff
from domain.ticket.facts.work import TicketAssigned, TicketDispatchDecided, TicketLeftOut
from domain.ticket.refusals import HasAnAgent, HasNoAgent, PromisesHaveChanged, StillWorksHere
from domain.ticket.states import Active, name_of
from domain.ticket_book import TicketBook, TicketSlotReleased, TicketSlotReserved
from domain.values import PolicyId, StaffId, TicketId, value


@value
class AgentsConsidered:
    """What was looked at: which version of the ticket's policy, where in the ledger, and who is left out."""

    policy_number: int
    seen_at: int
    left_out: tuple[TicketLeftOut, ...] = ()


@value
class DispatchTicket:
    """Without an agent nobody was found: the ticket waits on, and it is kept why."""

    ticket_id: TicketId
    considered: AgentsConsidered
    agent: StaffId | None = None


def to_get_it(command: DispatchTicket) -> list[StaffId]:
    return [] if command.agent is None else [command.agent]


@tickets.decides(Action.DISPATCH, policies=policy_of, books=to_get_it, staff=to_get_it)
def dispatch(
    command: DispatchTicket,
    ticket: Active,
    policies: Mapping[PolicyId, SlaPolicy],
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
    asked: Asked,
) -> Iterator[TicketDispatchDecided | TicketAssigned | TicketSlotReserved]:
    """Give what nobody has to whoever was chosen for it, and say why him; or say why nobody."""
    must_be_a_rule_s("considered", command.considered, asked)
    if ticket.matter.agent is not None:
        raise HasAnAgent(agent=ticket.matter.agent)
    policy = adopted(command.ticket_id, policies)
    yield decided(command, policy, ticket.matter.category)
    for agent, person in staff.items():
        must_take_ticket(agent, person, books[agent], policy, ticket.matter.category, asked)
        before = name_of(ticket)
        yield TicketAssigned(
            ticket_id=command.ticket_id,
            from_=before,
            to="open" if before == "new" else before,
            agent=agent,
            team=ticket.matter.team,
            method="dispatch",
            rule_id=policy.policy_id,
        )
        yield TicketSlotReserved(staff_id=agent, ticket_id=command.ticket_id)


def decided(command: DispatchTicket, policy: SlaPolicy, category: str) -> TicketDispatchDecided:
    """The explanation, if it is one: under the policy as it is now, and with everybody in it once."""
    considered = command.considered
    if considered.policy_number != policy.number:
        raise PromisesHaveChanged(policy_id=policy.policy_id, decided=considered.policy_number, now=policy.number)
    if considered.seen_at < 0:
        raise Invalid(field="considered/seen_at", because="positions begin with 0")
    named = [each.staff_id for each in considered.left_out]
    if len({*named, command.agent}) <= len(named):
        raise Invalid(field="considered/left_out", because="each is there once, and who is chosen is not left out")
    return TicketDispatchDecided(
        ticket_id=command.ticket_id,
        policy_id=policy.policy_id,
        policy_number=policy.number,
        seen_at=considered.seen_at,
        skills=tuple(sorted(policy.skills(category))),
        chosen=command.agent,
        left_out=considered.left_out,
    )


@value
class TakeBackTicket:
    ticket_id: TicketId


@tickets.decides(Action.ASSIGN, books=agent_of, staff=agent_of)
def take_back(
    command: TakeBackTicket,
    ticket: Active,
    books: Mapping[StaffId, TicketBook],
    staff: Mapping[StaffId, Staff],
) -> Iterator[TicketAssigned | TicketSlotReleased]:
    """Who has left has it no more: it lies with its team, or with the one that he was in."""
    agent = ticket.matter.agent
    if agent is None:
        raise HasNoAgent(ticket_id=command.ticket_id)
    person = staff[agent]
    if isinstance(person, Employed):
        raise StillWorksHere(staff_id=agent)
    yield from taken_back(command.ticket_id, ticket, agent, person, books)
