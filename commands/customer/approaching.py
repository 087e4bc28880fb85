"""How a lead is opened on a customer that we have: to win him back, or to sell him more."""

from collections.abc import Iterator, Mapping

from commands.contact.becoming import AFTER_MERGES, Contacts, by_now
from commands.contact.outreach import NEVER, ReserveOutreach, reserve_outreach
from commands.customer.customers import in_hand, primary_contacts
from commands.customer.lifecycle import lifecycle_policy
from commands.lead.capture import link, waits
from commands.lead.leads import leads
from domain.access import Action
from domain.actor import Asked
from domain.contact.facts import OutreachReserved
from domain.contact.refusals import ConsentMissing, ConsentWithdrawn, ContactedOften, DoNotContact, QuietHours
from domain.contact.states import Contact
from domain.customer.facts.approaches import (
    ApproachDeferred,
    ApproachDropped,
    ApproachKind,
    CustomerApproached,
    Dropped,
)
from domain.customer.states import Churned, Dormant
from domain.customer.states import Open as OpenCustomer
from domain.errors import require
from domain.identity import HeldBy, Identifier, Identity, IdentityReserved
from domain.lead.facts.intake import LeadCaptured
from domain.lead.states import Uncaptured
from domain.lifecycle_policy import AnyLifecyclePolicy, LifecyclePolicy, Offer
from domain.outreach_policy import STANDARD, AnyOutreachPolicy
from domain.values import ContactId, CustomerId, LeadId, PolicyId, value

Approach = LeadCaptured | IdentityReserved | CustomerApproached | OutreachReserved | ApproachDeferred | ApproachDropped


@value
class ApproachCustomer:
    """What is offered, by which channel and for what purpose, is published with the terms of the lifecycle."""

    lead_id: LeadId
    customer_id: CustomerId
    kind: ApproachKind


def whom(command: ApproachCustomer) -> CustomerId:
    return command.customer_id


def primary_contact(customer: OpenCustomer) -> list[ContactId]:
    return primary_contacts(customer)


def one_at_a_time(command: ApproachCustomer) -> Identifier:
    """What every lead of this kind on this customer holds while it is open, so that there is one."""
    return Identifier(kind="external", value=str(command.customer_id), system=command.kind)


def outreach_policy() -> PolicyId:
    return STANDARD


@leads.decides(
    Action.DISPATCH,
    customer=whom,
    contacts=primary_contact,
    mark=one_at_a_time,
    lifecycle=lifecycle_policy,
    outreach=outreach_policy,
    **AFTER_MERGES,
)
def approach(
    command: ApproachCustomer,
    _: Uncaptured,
    customer: OpenCustomer,
    contacts: Contacts,
    once: Contacts,
    twice: Contacts,
    thrice: Contacts,
    again: Contacts,
    mark: Identity,
    lifecycle: AnyLifecyclePolicy,
    outreach: AnyOutreachPolicy,
    asked: Asked,
) -> Iterator[Approach]:
    """Open a lead on a customer, one of a kind at a time: now, later, or not at all, as his contact allows."""
    offer = offered(command.kind, customer, require(lifecycle, LifecyclePolicy))
    people = by_now(contacts, once, twice, thrice, again)
    because = in_the_way(command, offer, customer, people, mark)
    if offer is None or because is not None:
        held = mark.lead_id if because == "open-lead" and isinstance(mark, HeldBy) else None
        yield dropped(command, because or "no-offer", held)
        return
    ((contact_id, contact),) = people.items()
    ask = ReserveOutreach(
        contact_id=contact_id,
        ref=f"{command.kind}-{command.lead_id}",
        channel=offer.channel,
        purpose=offer.purpose,
    )
    try:
        reserved = reserve_outreach(ask, contact, outreach, asked)
    except (DoNotContact, ConsentWithdrawn, ConsentMissing) as no:
        yield dropped(command, NEVER[type(no)])
    except (QuietHours, ContactedOften) as later:
        if later.next_at is None:
            yield dropped(command, "never-allowed")
            return
        yield ApproachDeferred(
            customer_id=command.customer_id,
            kind=command.kind,
            contact_id=contact_id,
            because="quiet-hours" if isinstance(later, QuietHours) else later.window,
            until=later.next_at,
        )
    else:
        assert reserved is not None, "the lead is new, and so is what is reserved for it"
        yield from opened(command, offer, customer, mark, asked)
        yield CustomerApproached(
            customer_id=command.customer_id,
            lead_id=command.lead_id,
            kind=command.kind,
            contact_id=contact_id,
            campaign=offer.campaign,
        )
        yield reserved


def offered(kind: ApproachKind, customer: OpenCustomer, policy: LifecyclePolicy) -> Offer | None:
    if kind == "winback":
        return policy.approaches.winback
    segment = customer.dossier.segment
    return next((each.offer for each in policy.approaches.upsell if each.segment == segment), None)


def in_the_way(
    command: ApproachCustomer,
    offer: Offer | None,
    customer: OpenCustomer,
    people: Mapping[ContactId, Contact],
    mark: Identity,
) -> Dropped | None:
    """Why it is not to be, whatever the contact wishes."""
    lapsed = isinstance(customer.lifecycle, Dormant | Churned)
    if offer is None:
        return "no-offer"
    if command.kind == "winback" and not lapsed:
        return "moved-on"
    if customer.dossier.risk_flags:
        return "risk-flag"
    if isinstance(mark, HeldBy):
        return "open-lead"
    if not people:
        return "no-contact"
    return None


def dropped(command: ApproachCustomer, because: Dropped, held: LeadId | None = None) -> ApproachDropped:
    return ApproachDropped(customer_id=command.customer_id, kind=command.kind, because=because, lead_id=held)


def opened(
    command: ApproachCustomer, offer: Offer, customer: OpenCustomer, mark: Identity, asked: Asked
) -> Iterator[LeadCaptured | IdentityReserved]:
    identifier = one_at_a_time(command)
    yield LeadCaptured(
        lead_id=command.lead_id,
        source=command.kind,
        channel=offer.channel,
        identities=(link(mark, identifier),),
        campaign=offer.campaign,
        product_line=offer.product_line,
        kind=command.kind,
        cooling=waits([mark], asked),
        customer_id=command.customer_id,
        looked_after_by=in_hand(customer.dossier),
    )
    yield IdentityReserved(identity_id=mark.identity_id, kind=identifier.kind, lead_id=command.lead_id)
