"""How the talk with a lead goes on, and how it ends."""

from collections.abc import Iterator, Mapping
from datetime import date

from commands.becoming import who_answers
from commands.lead.buyers import must_be_himself
from commands.lead.leads import (
    cooling,
    identities_of,
    leads,
    let_go,
    not_negative,
    owner_of,
    pool_left,
    status_before,
    still_open,
)
from commands.people import must_be_a_rule_s
from commands.risk import identities_shown, must_not_be_held, whose, whose_lead
from domain.access import Action
from domain.actor import Asked
from domain.agent_book import AgentBook, SlotReleased
from domain.catalog import INVALID_REASONS, LOST_REASONS, Catalog, chosen, coded
from domain.customer.refusals import UnknownCustomer
from domain.customer.states import Customer, Uncreated
from domain.errors import Invalid, NotNow, require, said
from domain.identity import HeldBy, Identity, IdentityReleased, IdentityReserved
from domain.lead.facts.intake import Attitude, ContactAttitudeRecorded, LeadContactLinked, LeadScored, TouchRecorded
from domain.lead.facts.work import (
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    NextActionScheduled,
)
from domain.lead.refusals import AlreadyKnown
from domain.lead.states import (
    Closed,
    Contacting,
    Converted,
    Merged,
    Negotiating,
    New,
    Nurturing,
    Open,
    Qualified,
    cooled,
)
from domain.money import Money
from domain.pool import Pool
from domain.signature import consulted
from domain.values import (
    CatalogId,
    ContactId,
    CustomerId,
    IdentityId,
    Instant,
    LeadId,
    OrderId,
    PoolId,
    StaffId,
    value,
)

# What is recorded along the way


@value
class RecordTouch:
    lead_id: LeadId
    channel: str
    ref: str | None = None
    note: str | None = None


@leads.decides(Action.WORK)
def record_touch(command: RecordTouch, _: Open | Closed | Converted | Merged) -> TouchRecorded:
    """Record that the person got in touch, or was touched, whatever the status; it extends nothing."""
    channel = said("channel", command.channel)
    return TouchRecorded(lead_id=command.lead_id, channel=channel, ref=command.ref, note=command.note)


LARGEST_SCORE = 1_000_000


@value
class ScoreLead:
    lead_id: LeadId
    score: int
    grade: str
    model_version: str


@leads.decides(Action.WORK)
def score(command: ScoreLead, _: Open, asked: Asked) -> LeadScored:
    """Record how promising a model finds the lead: by what it ranks first, nobody helps himself."""
    must_be_a_rule_s("model_version", command.model_version, asked)
    if abs(command.score) > LARGEST_SCORE:
        raise Invalid(field="score", because=f"a score is at most {LARGEST_SCORE}, above or below nought")
    return LeadScored(
        lead_id=command.lead_id,
        score=command.score,
        grade=said("grade", command.grade),
        model_version=said("model_version", command.model_version),
    )


@value
class ScheduleNextAction:
    lead_id: LeadId
    at: Instant
    what: str


@leads.decides(Action.WORK)
def schedule_next_action(
    command: ScheduleNextAction, lead: Open | Closed | Converted | Merged, asked: Asked
) -> NextActionScheduled:
    """Say what is to be done next, and when."""
    if not asked.imported:
        require(lead, Open)
    return NextActionScheduled(lead_id=command.lead_id, at=command.at, what=said("what", command.what))


@value
class LinkLeadContact:
    lead_id: LeadId
    contact_id: ContactId


@leads.decides(Action.WORK)
def link_contact(command: LinkLeadContact, lead: Open) -> LeadContactLinked | None:
    """Link a contact person to the lead."""
    if command.contact_id in lead.contacts:
        return None  # Asking twice is not an error.
    return LeadContactLinked(lead_id=command.lead_id, contact_id=command.contact_id)


@value
class RecordAttitude:
    lead_id: LeadId
    contact_id: ContactId
    attitude: Attitude


@leads.decides(Action.WORK)
def record_attitude(command: RecordAttitude, lead: Open) -> ContactAttitudeRecorded:
    """Record where a linked contact person stands."""
    if command.contact_id not in lead.contacts:
        raise Invalid(field="contact_id", because="this contact is not linked to the lead")
    return ContactAttitudeRecorded(lead_id=command.lead_id, contact_id=command.contact_id, attitude=command.attitude)


# Forward


@value
class ContactLead:
    lead_id: LeadId


@leads.decides(Action.WORK)
def contact(command: ContactLead, lead: Open, asked: Asked) -> LeadContacted:
    """The person has been reached: the talk begins, or begins again after nurturing."""
    before = status_before(lead, asked, New, Nurturing, to=Contacting)
    return LeadContacted(lead_id=command.lead_id, from_=before)


@value
class QualifyLead:
    """`probability` is a percentage; what is not known yet is left out."""

    lead_id: LeadId
    amount: Money
    probability: int | None = None
    close_date: date | None = None
    customer_id: CustomerId | None = None


@consulted
def whose_opportunity(command: QualifyLead, lead: Open, identities: Mapping[IdentityId, Identity]) -> list[CustomerId]:
    return [*whose(command.customer_id, ()), *whose_lead(lead, identities)]


@leads.decides(Action.WORK, identities=identities_shown, customers=whose_opportunity, survivors=who_answers)
def qualify(
    command: QualifyLead,
    lead: Open,
    identities: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> LeadQualified:
    """There is something to sell: the name card (名片) becomes an opportunity (商机)."""
    del identities
    must_not_be_held(customers, survivors, asked)
    before = status_before(lead, asked, Contacting, to=Qualified)
    if command.customer_id is not None:
        must_be_himself(command.customer_id, customers, survivors, asked)
    if command.probability is not None and not 0 <= command.probability <= 100:
        raise Invalid(field="probability", because="a probability is 0 to 100 percent")
    return LeadQualified(
        lead_id=command.lead_id,
        from_=before,
        amount=not_negative(command.amount),
        probability=command.probability,
        close_date=command.close_date,
        customer_id=command.customer_id,
    )


@value
class NegotiateLead:
    lead_id: LeadId
    quote_no: str
    amount: Money


@leads.decides(Action.WORK, identities=identities_shown, customers=whose_lead, survivors=who_answers)
def negotiate(
    command: NegotiateLead,
    lead: Open,
    identities: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> LeadNegotiating:
    """A quote is on the table; each further quote is recorded too."""
    del identities
    must_not_be_held(customers, survivors, asked)
    before = status_before(lead, asked, Qualified, Negotiating)
    return LeadNegotiating(
        lead_id=command.lead_id,
        from_=before,
        quote_no=said("quote_no", command.quote_no),
        amount=not_negative(command.amount),
    )


@value
class NurtureLead:
    lead_id: LeadId
    revisit_at: Instant


@leads.decides(Action.WORK)
def nurture(command: NurtureLead, lead: Open, asked: Asked) -> LeadNurtured:
    """Not now, but not never (培育): come back to it at a date."""
    before = status_before(lead, asked, New, Contacting, Qualified, Negotiating, to=Nurturing)
    if command.revisit_at <= asked.at and not asked.imported:
        raise Invalid(field="revisit_at", because="a revisit lies in the future")
    return LeadNurtured(lead_id=command.lead_id, from_=before, revisit_at=command.revisit_at)


# To an end


@value
class LoseLead:
    lead_id: LeadId
    reason: str
    competitor: str | None = None


def lost_reasons() -> CatalogId:
    return LOST_REASONS


@leads.decides(Action.CLOSE, identities=identities_of, books=owner_of, pools=pool_left, reasons=lost_reasons)
def lose(
    command: LoseLead,
    lead: Open | Closed,
    identities: Mapping[IdentityId, Identity],
    books: Mapping[StaffId, AgentBook],
    pools: Mapping[PoolId, Pool],
    reasons: Catalog,
    asked: Asked,
) -> Iterator[LeadLost | SlotReleased | IdentityReleased]:
    """The chance is gone, for a reason from the catalog."""
    del books
    found = still_open(lead, asked, to="lost")
    before = "lost" if found is None else status_before(found, asked, *ANY_OPEN)
    until = cooling(pools, asked.at)
    yield LeadLost(
        lead_id=command.lead_id,
        from_=before,
        reason=reason_of(command.reason, reasons, asked),
        competitor=command.competitor,
        cools_until=until,
    )
    if found is not None:
        yield from let_go(command.lead_id, found, identities, cooled(found, until))


def reason_of(code: str, reasons: Catalog, asked: Asked) -> str:
    """History may have had reasons of its own."""
    return coded("reason", code) if asked.imported else chosen(reasons, code, "reason")


ANY_OPEN = (New, Contacting, Nurturing, Qualified, Negotiating)


@value
class InvalidateLead:
    lead_id: LeadId
    reason: str


def invalid_reasons() -> CatalogId:
    return INVALID_REASONS


@leads.decides(Action.CLOSE, identities=identities_of, books=owner_of, pools=pool_left, reasons=invalid_reasons)
def invalidate(
    command: InvalidateLead,
    lead: Open | Closed,
    identities: Mapping[IdentityId, Identity],
    books: Mapping[StaffId, AgentBook],
    pools: Mapping[PoolId, Pool],
    reasons: Catalog,
    asked: Asked,
) -> Iterator[LeadInvalidated | SlotReleased | IdentityReleased]:
    """There never was a chance: a wrong number, a test, somebody else."""
    del books
    found = still_open(lead, asked, to="invalid")
    before = "invalid" if found is None else status_before(found, asked, New, Contacting)
    until = cooling(pools, asked.at)
    yield LeadInvalidated(
        lead_id=command.lead_id,
        from_=before,
        reason=reason_of(command.reason, reasons, asked),
        cools_until=until,
    )
    if found is not None:
        yield from let_go(command.lead_id, found, identities, cooled(found, until))


@value
class ConvertLead:
    lead_id: LeadId
    customer_id: CustomerId
    order_id: OrderId | None = None


def identities_if_open(lead: Open | Converted) -> list[IdentityId]:
    return identities_of(lead) if isinstance(lead, Open) else []


def owner_if_open(lead: Open | Converted) -> list[StaffId]:
    return owner_of(lead) if isinstance(lead, Open) else []


@consulted
def converted_into(
    command: ConvertLead, lead: Open | Converted, identities: Mapping[IdentityId, Identity]
) -> list[CustomerId]:
    """And whose it was until now: who is held does not buy under another name."""
    return [command.customer_id, *whose_lead(lead, identities)]


@leads.decides(
    Action.CLOSE,
    identities=identities_if_open,
    books=owner_if_open,
    customers=converted_into,
    survivors=who_answers,
)
def convert(
    command: ConvertLead,
    lead: Open | Converted,
    identities: Mapping[IdentityId, Identity],
    books: Mapping[StaffId, AgentBook],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> Iterator[LeadConverted | SlotReleased | IdentityReleased]:
    """The chance has become a customer; whoever comes with the same identity again is a new chance.

    CreateCustomer has written down who is new; where history is imported, its customers may come after its leads.
    """
    del books
    must_not_be_held(customers, survivors, asked)
    match lead:
        case Open():
            before = status_before(lead, asked, Negotiating)
            must_be_himself(command.customer_id, customers, survivors, asked)
            if isinstance(customers[command.customer_id], Uncreated) and not asked.imported:
                raise UnknownCustomer(customer_id=command.customer_id)
            yield LeadConverted(
                lead_id=command.lead_id,
                from_=before,
                customer_id=command.customer_id,
                order_id=command.order_id,
            )
            yield from let_go(command.lead_id, lead, identities)
        case Converted(customer_id=customer_id) if asked.imported and customer_id == command.customer_id:
            yield LeadConverted(
                lead_id=command.lead_id,
                from_="converted",
                customer_id=customer_id,
                order_id=command.order_id,
            )
        case Converted():
            raise NotNow(found="Converted", wanted=("Open",))


# And again


@value
class ReopenLead:
    lead_id: LeadId


@leads.decides(Action.WORK, identities=identities_of)
def reopen(
    command: ReopenLead, lead: Closed, identities: Mapping[IdentityId, Identity]
) -> Iterator[LeadReopened | IdentityReserved]:
    """Try a lost or invalid lead once more, in a new cycle, unless another has its identity by now."""
    for identity_id, identity in identities.items():
        if isinstance(identity, HeldBy):
            raise AlreadyKnown(kind=lead.identities[identity_id], held_by=identity.lead_id)
    yield LeadReopened(lead_id=command.lead_id, from_=lead.status, cycle=lead.cycle + 1)
    for identity_id in identities:
        yield IdentityReserved(identity_id=identity_id, kind=lead.identities[identity_id], lead_id=command.lead_id)
