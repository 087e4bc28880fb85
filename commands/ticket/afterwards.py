"""What is asked of a ticket that is solved: how it was, and what others can learn of it."""

from collections.abc import Mapping

from commands.becoming import who_answers
from commands.contact.becoming import AFTER_MERGES, Contacts, by_now
from commands.contact.outreach import wished_by
from commands.customer.customers import primary_contacts
from commands.ticket.tickets import policy_of, the_policy, tickets
from domain.access import Action
from domain.actor import Asked
from domain.customer.states import Customer
from domain.errors import Invalid, said
from domain.outreach_policy import STANDARD as OUTREACH_STANDARD
from domain.outreach_policy import AnyOutreachPolicy, OutreachPolicy, OutreachTerms
from domain.signature import consulted
from domain.sla_policy import SlaPolicy
from domain.ticket.facts.work import CsatRecorded, KnowledgeCaseProposed, ReopenOffered, SurveyRequested
from domain.ticket.refusals import ClosedByItself, NotAsked, ReopenWindowOver, ToldAlready, WasContent
from domain.ticket.states import Closed, Resolved
from domain.values import ContactId, CustomerId, PolicyId, TicketId, value


def must_be_scored(ticket_id: TicketId, ticket: Resolved | Closed) -> None:
    if isinstance(ticket, Closed) and ticket.automatic:
        raise ClosedByItself(ticket_id=ticket_id)


@value
class RequestSurvey:
    ticket_id: TicketId


@consulted
def whose_it_is(ticket: Resolved | Closed) -> list[CustomerId]:
    return [ticket.matter.customer_id]


@consulted
def spoken_to(customers: Mapping[CustomerId, Customer], survivors: Mapping[CustomerId, Customer]) -> list[ContactId]:
    """The primary contact: also of who was merged, whose ticket it was."""
    found = (*customers.values(), *survivors.values())
    return list(dict.fromkeys(contact_id for customer in found for contact_id in primary_contacts(customer)))


def outreach_policy() -> PolicyId:
    return OUTREACH_STANDARD


@tickets.decides(
    Action.WORK,
    customers=whose_it_is,
    survivors=who_answers,
    contacts=spoken_to,
    outreach=outreach_policy,
    **AFTER_MERGES,
)
def request_survey(
    command: RequestSurvey,
    ticket: Resolved | Closed,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    contacts: Contacts,
    once: Contacts,
    twice: Contacts,
    thrice: Contacts,
    again: Contacts,
    outreach: AnyOutreachPolicy,
    asked: Asked,
) -> SurveyRequested:
    """Ask the customer how it was, once in a cycle; after a reopening, once more. Who minds is not asked."""
    del customers, survivors  # They have led to their contacts.
    cycle = ticket.matter.cycle
    if asked.imported:
        return SurveyRequested(ticket_id=command.ticket_id, cycle=cycle)
    must_be_scored(command.ticket_id, ticket)
    if ticket.matter.surveyed >= cycle:
        raise ToldAlready(what=f"a survey in cycle {cycle}")
    people = by_now(contacts, once, twice, thrice, again).values()
    terms = outreach.terms if isinstance(outreach, OutreachPolicy) else OutreachTerms()
    channels = wished_by(people, "survey", terms) if people else None
    return SurveyRequested(ticket_id=command.ticket_id, cycle=cycle, channels=channels)


@value
class RecordCsat:
    """`score` is 1 to 5."""

    ticket_id: TicketId
    score: int
    comment: str | None = None


@tickets.decides(Action.MIRROR, policies=policy_of)
def record_csat(
    command: RecordCsat, ticket: Resolved | Closed, policies: Mapping[PolicyId, SlaPolicy], asked: Asked
) -> CsatRecorded:
    """Record how the customer found it. He says so himself: who is scored does not record it."""
    matter = ticket.matter
    if not 1 <= command.score <= 5:
        raise Invalid(field="score", because="a score is 1 to 5")
    if not asked.imported:
        must_be_scored(command.ticket_id, ticket)
        if matter.surveyed < matter.cycle:
            raise NotAsked(cycle=matter.cycle)
        if matter.scored >= matter.cycle:
            raise ToldAlready(what=f"a score in cycle {matter.cycle}")
    policy = the_policy(policies)
    return CsatRecorded(
        ticket_id=command.ticket_id,
        cycle=matter.cycle,
        score=command.score,
        comment=said("comment", command.comment),
        agent=matter.agent or matter.last_agent,
        low=policy is not None and command.score <= policy.terms.low_csat,
    )


@value
class OfferReopening:
    ticket_id: TicketId


@tickets.decides(Action.WORK)
def offer_reopening(command: OfferReopening, ticket: Resolved | Closed, asked: Asked) -> ReopenOffered:
    """Offer a customer who was not content to begin again, once in a cycle, while he may."""
    matter, until = ticket.matter, ticket.reopen_until
    if matter.scored_low < matter.cycle:
        raise WasContent(ticket_id=command.ticket_id, cycle=matter.cycle)
    if matter.offered >= matter.cycle:
        raise ToldAlready(what=f"an offer to begin again in cycle {matter.cycle}")
    if until is not None and asked.at >= until:
        raise ReopenWindowOver(ticket_id=command.ticket_id, until=until)
    return ReopenOffered(ticket_id=command.ticket_id, customer_id=matter.customer_id, cycle=matter.cycle, until=until)


@value
class ProposeKnowledgeCase:
    ticket_id: TicketId
    summary: str


@tickets.decides(Action.WORK)
def propose_knowledge_case(command: ProposeKnowledgeCase, ticket: Resolved | Closed) -> KnowledgeCaseProposed:
    """Others will have the same question: propose how it was solved for the collection of cases."""
    return KnowledgeCaseProposed(
        ticket_id=command.ticket_id,
        code=ticket.code,
        summary=said("summary", command.summary),
    )
