"""Whom to talk to at a customer's, what he is called, what he is worth, and what he is to be told."""

from collections.abc import Iterator, Mapping

from commands.contact.becoming import AFTER_MERGES, Contacts, became, by_now
from commands.contact.contacts import must_be_there, still_itself
from commands.contact.outreach import ReserveOutreach, must_be_wished, reserve_outreach
from commands.customer.customers import code_of, customers, primary_contacts
from domain.access import Action
from domain.actor import Asked
from domain.catalog import NOTIFICATION_TEMPLATES, TAGS, Catalog, coded
from domain.contact.facts import OutreachReserved, Purpose
from domain.contact.states import CHANNELS, AnyContact, NoContact
from domain.customer.dossier import ContactRole, Segment
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    NotificationRequested,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.customer.refusals import AnotherIsPrimary
from domain.customer.states import Open
from domain.errors import Invalid
from domain.money import Money
from domain.outreach_policy import STANDARD as OUTREACH_STANDARD
from domain.outreach_policy import AnyOutreachPolicy, OutreachPolicy, OutreachTerms
from domain.values import CatalogId, ContactId, CustomerId, PolicyId, value

# Contacts


def must_be_the_only_primary(customer: Open, contact_id: ContactId) -> None:
    for other, contact in customer.dossier.contacts.items():
        if contact.primary and other != contact_id:
            raise AnotherIsPrimary(contact_id=other)


def must_be_linked(customer: Open, contact_id: ContactId) -> None:
    if contact_id not in customer.dossier.contacts:
        raise Invalid(field="contact_id", because="this contact is not linked to the customer")


@value
class LinkContact:
    customer_id: CustomerId
    contact_id: ContactId
    role: ContactRole
    primary: bool = False


@customers.decides(Action.WORK)
def link_contact(command: LinkContact, customer: Open) -> ContactLinked | None:
    """Link a contact person to the customer, and say what he has to say there."""
    known = customer.dossier.contacts.get(command.contact_id)
    if known is not None:
        if (known.role, known.primary) != (command.role, command.primary):
            raise Invalid(field="contact_id", because="it is linked already: change its role")
        return None  # Asking twice is not an error.
    if command.primary:
        must_be_the_only_primary(customer, command.contact_id)
    return ContactLinked(
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        role=command.role,
        primary=command.primary,
    )


@value
class ChangeContactRole:
    customer_id: CustomerId
    contact_id: ContactId
    role: ContactRole
    primary: bool = False


@customers.decides(Action.WORK)
def change_contact_role(command: ChangeContactRole, customer: Open, asked: Asked) -> ContactRoleChanged | None:
    """Say what a linked contact person has to say by now, and whether he is the primary one."""
    must_be_linked(customer, command.contact_id)
    known = customer.dossier.contacts[command.contact_id]
    if (known.role, known.primary) == (command.role, command.primary) and not asked.imported:
        return None
    if command.primary:
        must_be_the_only_primary(customer, command.contact_id)
    return ContactRoleChanged(
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        from_=known.role,
        to=command.role,
        primary=command.primary,
    )


@value
class UnlinkContact:
    customer_id: CustomerId
    contact_id: ContactId


@customers.decides(Action.WORK)
def unlink_contact(command: UnlinkContact, customer: Open) -> ContactUnlinked:
    """A contact person has nothing to do with the customer any more."""
    must_be_linked(customer, command.contact_id)
    return ContactUnlinked(customer_id=command.customer_id, contact_id=command.contact_id)


# Tags, value, notifications


def tags() -> CatalogId:
    return TAGS


@value
class ApplyTag:
    """`source` is who says so: a person's desk, a model, an analysis."""

    customer_id: CustomerId
    tag: str
    source: str


@customers.decides(Action.WORK, catalog=tags)
def apply_tag(command: ApplyTag, customer: Open, catalog: Catalog, asked: Asked) -> TagApplied | None:
    """Put a tag of the catalog on a customer."""
    tag = code_of(catalog, command.tag, "tag", asked)
    source = coded("source", command.source)
    if customer.dossier.tags.get(tag) == source:
        return None
    return TagApplied(customer_id=command.customer_id, tag=tag, source=source)


@value
class RemoveTag:
    customer_id: CustomerId
    tag: str
    source: str


@customers.decides(Action.WORK)
def remove_tag(command: RemoveTag, customer: Open) -> TagRemoved:
    """Take a tag off; one that the catalog offers no longer as well."""
    if command.tag not in customer.dossier.tags:
        raise Invalid(field="tag", because="the customer has no such tag")
    return TagRemoved(customer_id=command.customer_id, tag=command.tag, source=coded("source", command.source))


LARGEST_FREQUENCY = 1_000_000


@value
class AssignSegment:
    """`aov` is the average order value, `frequency` the number of orders, of the period that the thresholds are for."""

    customer_id: CustomerId
    segment: Segment
    aov: Money
    frequency: int
    thresholds_version: str


@customers.decides(Action.MIRROR)
def assign_segment(command: AssignSegment, customer: Open, asked: Asked) -> ValueSegmentChanged | None:
    """Note which segment of value a customer has come into, and by which figures."""
    before = customer.dossier.segment
    if command.aov.amount < 0:
        raise Invalid(field="aov", because="an amount is not negative")
    if not 0 <= command.frequency <= LARGEST_FREQUENCY:
        raise Invalid(field="frequency", because=f"this is 0 to {LARGEST_FREQUENCY} orders")
    version = coded("thresholds_version", command.thresholds_version)
    if before == command.segment and not asked.imported:
        return None
    return ValueSegmentChanged(
        customer_id=command.customer_id,
        from_=before,
        to=command.segment,
        aov=command.aov,
        frequency=command.frequency,
        thresholds_version=version,
    )


def templates() -> CatalogId:
    return NOTIFICATION_TEMPLATES


@value
class RequestNotification:
    """What is no answer, but for sales or marketing, goes to a contact: the primary one, where none is named."""

    customer_id: CustomerId
    template: str
    channel: str
    contact_id: ContactId | None = None
    purpose: Purpose = "service"


def who_is_told(command: RequestNotification, customer: Open) -> list[ContactId]:
    if command.contact_id is not None:
        return [command.contact_id]
    return primary_contacts(customer)


def who_is_the_primary_one(command: RequestNotification, contacts: Contacts) -> list[ContactId]:
    """Whom he has become. Who names somebody is told whom to name instead."""
    return became(contacts) if command.contact_id is None else []


def outreach_policy() -> PolicyId:
    return OUTREACH_STANDARD


@customers.decides(
    Action.WORK,
    catalog=templates,
    contacts=who_is_told,
    policy=outreach_policy,
    **(AFTER_MERGES | {"once": who_is_the_primary_one}),
)
def request_notification(
    command: RequestNotification,
    customer: Open,
    catalog: Catalog,
    contacts: Contacts,
    once: Contacts,
    twice: Contacts,
    thrice: Contacts,
    again: Contacts,
    policy: AnyOutreachPolicy,
    asked: Asked,
) -> Iterator[NotificationRequested | OutreachReserved]:
    """Ask that the customer, or one of his contacts, be told something that the catalog has the words for."""
    if command.contact_id is not None:
        must_be_linked(customer, command.contact_id)
    yield NotificationRequested(
        customer_id=command.customer_id,
        template=code_of(catalog, command.template, "template", asked),
        channel=coded("channel", command.channel),
        contact_id=command.contact_id,
        purpose=command.purpose,
    )
    if not asked.imported:
        people = by_now(contacts, once, twice, thrice, again)
        yield from through_the_gate(command, people or contacts, policy, asked)


def through_the_gate(
    command: RequestNotification,
    contacts: Mapping[ContactId, AnyContact],
    policy: AnyOutreachPolicy,
    asked: Asked,
) -> Iterator[OutreachReserved]:
    """An answer is not counted, and against a wish it does not go either; all else needs a place."""
    channel = next((each for each in CHANNELS if each == command.channel), None)
    if command.purpose == "service":
        terms = policy.terms if isinstance(policy, OutreachPolicy) else OutreachTerms()
        for contact_id, contact in contacts.items():
            if channel is not None and not isinstance(contact, NoContact):
                must_be_wished(still_itself(contact_id, contact), channel, command.purpose, terms)
        return
    if channel is None:
        raise Invalid(field="channel", because=f"for {command.purpose} this is one of {', '.join(CHANNELS)}")
    if not contacts:
        raise Invalid(field="contact_id", because=f"for {command.purpose} somebody is spoken to")
    ((contact_id, contact),) = contacts.items()
    ref = f"notification-{asked.command_id}"
    ask = ReserveOutreach(contact_id=contact_id, ref=ref, channel=channel, purpose=command.purpose)
    reserved = reserve_outreach(ask, must_be_there(contact_id, contact), policy, asked)
    if reserved is not None:
        yield reserved
