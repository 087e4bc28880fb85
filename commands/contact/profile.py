"""Who a contact is, and whom he reports to."""

import dataclasses

from commands.contact.contacts import (
    Line,
    addresses,
    contacts,
    endless,
    language,
    line_from,
    must_be_there,
    still_itself,
    time_zone,
)
from domain.access import Action
from domain.actor import Asked
from domain.contact.facts import ContactCreated, ContactReportsTo, ContactUpdated
from domain.contact.refusals import ReportsInACircle
from domain.contact.states import Contact, MergedContact, NoContact
from domain.errors import Invalid, said
from domain.identity import Identifier
from domain.values import ContactId, value


@value
class CreateContact:
    """`language` is a tag as in `zh-CN`, `time_zone` an IANA name: what he is spoken to in, and when."""

    contact_id: ContactId
    name: str
    addresses: tuple[Identifier, ...] = ()
    job_title: str | None = None
    language: str | None = None
    time_zone: str | None = None
    note: str | None = None


@contacts.decides(Action.CAPTURE)
def create(command: CreateContact, _: NoContact) -> ContactCreated:
    """Write down a person whom one can speak to (联系人)."""
    return ContactCreated(
        contact_id=command.contact_id,
        name=said("name", command.name),
        addresses=addresses(command.addresses),
        job_title=said("job_title", command.job_title),
        language=language(command.language),
        time_zone=time_zone(command.time_zone),
        note=command.note,
    )


@value
class UpdateContact:
    """Only what is given changes; the addresses that are given are all there are."""

    contact_id: ContactId
    name: str | None = None
    addresses: tuple[Identifier, ...] | None = None
    job_title: str | None = None
    language: str | None = None
    time_zone: str | None = None
    note: str | None = None


@contacts.decides(Action.WORK)
def update(command: UpdateContact, contact: Contact | MergedContact) -> ContactUpdated:
    """Write down what is new about a person."""
    still_itself(command.contact_id, contact)
    if all(getattr(command, field.name) is None for field in dataclasses.fields(command) if field.default is None):
        raise Invalid(field="name", because="say what is new: the name, the addresses, or anything else")
    return ContactUpdated(
        contact_id=command.contact_id,
        name=said("name", command.name),
        addresses=None if command.addresses is None else addresses(command.addresses),
        job_title=said("job_title", command.job_title),
        language=language(command.language),
        time_zone=time_zone(command.time_zone),
        note=command.note,
    )


@value
class SetReportsTo:
    """Without `reports_to` he reports to nobody any more."""

    contact_id: ContactId
    reports_to: ContactId | None = None


def superior(command: SetReportsTo) -> list[ContactId]:
    if command.reports_to == command.contact_id:
        raise ReportsInACircle(contact_id=command.contact_id, through=command.contact_id)
    return [] if command.reports_to is None else [command.reports_to]


@contacts.decides(Action.WORK, **line_from(superior))
def set_reports_to(
    command: SetReportsTo,
    contact: Contact | MergedContact,
    first: Line,
    second: Line,
    third: Line,
    fourth: Line,
    fifth: Line,
    asked: Asked,
) -> ContactReportsTo | None:
    """Say whom a person reports to, in a line that ends somewhere."""
    before = still_itself(command.contact_id, contact).profile.reports_to
    for contact_id, found in first.items():
        must_be_there(contact_id, found)
    line = first, second, third, fourth, fifth
    if (no := endless(command.contact_id, line, {command.contact_id: command.reports_to})) is not None:
        raise no
    if before == command.reports_to and not asked.imported:
        return None  # Asking twice is not an error.
    return ContactReportsTo(contact_id=command.contact_id, from_=before, to=command.reports_to)
