"""What is asked of a ticket that is solved: how it was, and what others can learn of it."""

from collections.abc import Iterator, Mapping

from commands.becoming import who_answers
from commands.contact.becoming import AFTER_MERGES, Contacts, by_now
from commands.contact.outreach import NEVER, ReserveOutreach, reserve_outreach, wished_by
from commands.customer.customers import primary_contacts
from commands.ticket.tickets import policy_of, the_policy, tickets
from domain.access import Action
from domain.actor import Asked
from domain.contact.facts import Channel, OutreachReserved
from domain.contact.refusals import ConsentMissing, ConsentWithdrawn, ContactedOften, DoNotContact, QuietHours
from domain.contact.states import Contact
from domain.customer.states import Customer
from domain.errors import Invalid, said
from domain.outreach_policy import STANDARD as OUTREACH_STANDARD
from domain.outreach_policy import AnyOutreachPolicy, OutreachPolicy, OutreachTerms
from domain.signature import consulted
from domain.sla_policy import SlaPolicy
from domain.ticket.facts.work import (
    CsatRecorded,
    KnowledgeCaseProposed,
    ReopenOffered,
    SurveyDeferred,
    SurveyDropped,
    SurveyRequested,
)
from domain.ticket.refusals import ClosedByItself, NotAsked, ReopenWindowOver, ToldAlready, WasContent
from domain.ticket.states import Closed, Resolved
from domain.values import ContactId, CustomerId, Instant, PolicyId, TicketId, value

Survey = SurveyRequested | SurveyDeferred | SurveyDropped | OutreachReserved
Later = dict[ContactId, QuietHours | ContactedOften]
UNPUBLISHED = OutreachPolicy(policy_id=OUTREACH_STANDARD, number=0, terms=OutreachTerms())  # The usual limits hold.


def must_be_scored(ticket_id: TicketId, ticket: Resolved | Closed) -> None:
    if isinstance(ticket, Closed) and ticket.automatic:
        raise ClosedByItself(ticket_id=ticket_id)


@value
class RequestSurvey:
    ticket_id: TicketId


@consulted
def whose_it_is(ticket: Resolved | Closed) -> list[CustomerId]:
    return [ticket.matter.customer_id]


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
) -> Iterator[Survey]:
    """Ask the customer how it was, once in a cycle; after a reopening, once more: now, later, or not at all, as his
    contact allows.
    """
    del customers, survivors  # They have led to their contacts.
    cycle = ticket.matter.cycle
    if asked.imported:
        yield SurveyRequested(ticket_id=command.ticket_id, cycle=cycle)
        return
    must_be_scored(command.ticket_id, ticket)
    if ticket.matter.surveyed >= cycle:
        raise ToldAlready(what=f"a survey in cycle {cycle}")
    people = by_now(contacts, once, twice, thrice, again)
    if not people:  # There is nobody whose place it would take, and nobody of whom a wish is known.
        yield SurveyRequested(ticket_id=command.ticket_id, cycle=cycle)
        return
    policy = outreach if isinstance(outreach, OutreachPolicy) else UNPUBLISHED
    try:
        channels = wished_by(people.values(), "survey", policy.terms)
    except (DoNotContact, ConsentWithdrawn, ConsentMissing) as no:
        yield SurveyDropped(ticket_id=command.ticket_id, cycle=cycle, because=NEVER[type(no)])
        return
    channel = by_which(ticket.matter.channel, channels)
    places, later = reserved_for(people, f"survey-{command.ticket_id}-{cycle}", channel, policy, asked)
    if later:
        yield put_off(command.ticket_id, ticket, later)
        return
    yield SurveyRequested(ticket_id=command.ticket_id, cycle=cycle, channels=channels, channel=channel)
    yield from places


def by_which(came_by: str, channels: tuple[Channel, ...]) -> Channel:
    """As the customer has come to us, if he does not mind."""
    own = "call" if came_by == "phone" else came_by
    return next((channel for channel in channels if channel == own), channels[0])


def reserved_for(
    people: Mapping[ContactId, Contact], ref: str, channel: Channel, policy: OutreachPolicy, asked: Asked
) -> tuple[list[OutreachReserved], Later]:
    """A place with each who may be asked: of customers who were merged, both. And with whom there is none now."""
    places: list[OutreachReserved] = []
    later: Later = {}
    for contact_id, contact in people.items():
        ask = ReserveOutreach(contact_id=contact_id, ref=ref, channel=channel, purpose="survey")
        try:
            place = reserve_outreach(ask, contact, policy, asked)
        except (QuietHours, ContactedOften) as no:
            later[contact_id] = no
        else:
            places.extend([] if place is None else [place])
    return places, later


def put_off(ticket_id: TicketId, ticket: Resolved | Closed, later: Later) -> SurveyDeferred | SurveyDropped:
    """Until nothing speaks against it any more, as long as he could still have the matter begun again by his answer."""
    cycle, ends = ticket.matter.cycle, askable_until(ticket)
    times = [(no.next_at, contact_id, no) for contact_id, no in later.items() if no.next_at is not None]
    if len(times) < len(later):
        return SurveyDropped(ticket_id=ticket_id, cycle=cycle, because="never-allowed")
    until, contact_id, no = max(times, key=lambda each: each[0])
    if ends is not None and until >= ends:
        return SurveyDropped(ticket_id=ticket_id, cycle=cycle, because="too-late")
    return SurveyDeferred(
        ticket_id=ticket_id,
        cycle=cycle,
        contact_id=contact_id,
        because="quiet-hours" if isinstance(no, QuietHours) else no.window,
        until=until,
    )


def askable_until(ticket: Resolved | Closed) -> Instant | None:
    """What has closed by itself is not scored, and what is not reopened any more is nothing that an answer changes."""
    closes = ticket.close_at if isinstance(ticket, Resolved) else None
    return min((end for end in (closes, ticket.reopen_until) if end is not None), default=None)


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
