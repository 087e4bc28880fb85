"""Contacts: the people whom one talks to, what they have to say at which customer, and what they want of us.

Nobody holds a contact. Its row is for whoever may see a customer to whom it is linked, as customers are now; where
there is none, for managers.
"""

from collections.abc import Iterable
from typing import Any

from domain.contact.facts import (
    Address,
    ConsentChanged,
    ContactAbsorbed,
    ContactCreated,
    ContactMerged,
    ContactReportsTo,
    ContactSeparated,
    ContactUnmerged,
    ContactUpdated,
    DoNotContactSet,
)
from domain.customer.dossier import ContactRole, LinkedContact
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked, ContactRoleChanged, ContactUnlinked
from domain.lead.facts.intake import Attitude, ContactAttitudeRecorded, LeadContactLinked
from domain.values import ContactId, CustomerId, Instant, LeadId
from ledger.envelope import Recorded
from projections.masking import masked, masked_email
from projections.personal import erased, forgotten, readable
from projections.projection import projection
from projections.rows import OfPerson, PersonalText, replace, table
from projections.wishes import Wishing, heard, wished


@table
class ContactCard(Wishing, OfPerson):
    """`customers` have his role in the same place; he is the primary contact of those in `primary_of`. Leads have his
    attitude in the same place, as it was last recorded; None where nobody has said.

    Who was merged into another one stays as a way to him: `became` are whom he became in turn, `is_now` who answers for
    him, himself where nobody else does. By it is found all that one person is to customers and leads.

    `only_customer` is for whose sake alone he is known: who forgets that one, forgets him. `parted_at` is when one of
    his customers was last found to be two.
    """

    contact_id: ContactId
    subject_id: str
    is_now: ContactId
    created_at: Instant
    became: tuple[ContactId, ...] = ()
    name: PersonalText | None = None
    job_title: PersonalText | None = None
    note: PersonalText | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    language: str | None = None
    time_zone: str | None = None
    reports_to: ContactId | None = None
    customers: tuple[CustomerId, ...] = ()
    roles: tuple[ContactRole, ...] = ()
    primary_of: tuple[CustomerId, ...] = ()
    only_customer: CustomerId | None = None
    leads: tuple[LeadId, ...] = ()
    attitudes: tuple[Attitude | None, ...] = ()
    parted_at: Instant | None = None


LINKED = "(SELECT unnest(contact_ids) FROM views.customers WHERE :reach)"
THROUGH = f"""is_now IN (SELECT linked.is_now FROM views.contacts AS linked WHERE linked.contact_id IN {LINKED})
    OR (:reach AND NOT EXISTS (SELECT FROM views.contacts AS linked
        WHERE linked.is_now = each.is_now AND linked.customers <> '{{}}'))"""  # noqa: S608 - names of our own.


@projection(
    "contacts",
    key=("contact_id",),
    version=1,
    opens=("name", "addresses", "job_title", "note"),
    through=THROUGH,
    sorts=("name", "created_at", "job_title"),
    filters=(
        "contact_id",
        "is_now",
        "created_at",
        "language",
        "time_zone",
        "reports_to",
        "customers",
        "primary_of",
        "leads",
        "given",
        "refused_channels",
        "do_not_contact",
        "erased_on",
    ),
    sought_by=("phones",),
    search=("name", "phones"),
)
def contacts(
    row: ContactCard | None,
    event: ContactCreated
    | ContactUpdated
    | ContactReportsTo
    | ContactMerged
    | ContactAbsorbed
    | ContactUnmerged
    | ContactSeparated
    | ConsentChanged
    | DoNotContactSet
    | ContactLinked
    | ContactRoleChanged
    | ContactUnlinked
    | LeadContactLinked
    | ContactAttitudeRecorded
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | PersonalDataErased,
    recorded: Recorded,
) -> ContactCard | None:
    at = recorded.occurred_at
    if row is None:
        return created(event, at) if isinstance(event, ContactCreated) else None
    match event:
        case ContactCreated():
            return row
        case ContactUpdated():
            return updated(row, event)
        case ContactReportsTo(to=reports_to):
            return replace(row, reports_to=reports_to)
        case ContactMerged(into=into):
            return replace(row, became=(*row.became, into), is_now=into)
        case ContactAbsorbed() | ContactSeparated():
            return wished(replace(row, reports_to=event.reports_to, **as_told(event)), event)
        case ContactUnmerged():
            return itself_again(row, event)
        case ConsentChanged() | DoNotContactSet():
            return heard(row, event)
        case ContactLinked() | ContactRoleChanged() | ContactUnlinked():
            return linked(row, event)
        case LeadContactLinked(lead_id=lead_id):
            return towards(row, lead_id, attitudes_of(row).get(lead_id))
        case ContactAttitudeRecorded(lead_id=lead_id, attitude=attitude):
            return towards(row, lead_id, attitude)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            return shared(row, event, at)
        case PersonalDataErased():
            return forgotten(row, recorded, phones=(), emails=())


@contacts.finds_by("is_now")
def everybody_he_was(event: ContactMerged) -> ContactId:
    """Himself, and all who became him."""
    return event.contact_id


@contacts.finds_by("is_now")
def everybody_he_had_become(event: ContactUnmerged) -> ContactId:
    return event.from_


@contacts.finds_by("subject_id")
def everybody_kept(event: CustomersMerged | CustomerUnmerged | CustomerRestored) -> tuple[str, ...]:
    return tuple(f"contact/{contact_id}" for contact_id in event.kept.contacts)


@contacts.finds_by("only_customer")
def for_whose_sake(event: PersonalDataErased) -> tuple[CustomerId, ...]:
    return (event.customer_id, *event.absorbed)


# Who it is


def created(event: ContactCreated, at: Instant) -> ContactCard:
    return ContactCard(
        contact_id=event.contact_id,
        subject_id=f"contact/{event.contact_id}",
        is_now=event.contact_id,
        created_at=at,
        **as_told(event),
        **erased(event.name),
    )


def as_told(event: ContactCreated | ContactAbsorbed | ContactSeparated) -> dict[str, Any]:
    return {
        "name": readable(event.name),
        "job_title": readable(event.job_title),
        "note": readable(event.note),
        "language": event.language,
        "time_zone": event.time_zone,
        **reachable(event.addresses),
    }


def reachable(addresses: Iterable[Address]) -> dict[str, Any]:
    """The phone numbers and e-mail addresses that have not been erased, masked."""
    told = tuple(addresses)
    phones = (masked(each.value) for each in told if each.kind == "phone")
    emails = (masked_email(each.value) for each in told if each.kind == "email")
    return {"phones": tuple(filter(None, phones)), "emails": tuple(filter(None, emails))}


def updated(row: ContactCard, event: ContactUpdated) -> ContactCard:
    """Only what is new."""
    return replace(
        row,
        name=readable(event.name) or row.name,
        job_title=readable(event.job_title) or row.job_title,
        note=readable(event.note) or row.note,
        language=event.language or row.language,
        time_zone=event.time_zone or row.time_zone,
        **({} if event.addresses is None else reachable(event.addresses)),
    )


def itself_again(row: ContactCard, event: ContactUnmerged) -> ContactCard:
    """The contact, and whoever had become it before it became another."""
    if row.contact_id == event.contact_id:
        return wished(replace(row, became=(), is_now=row.contact_id, reports_to=event.reports_to), event)
    if event.contact_id not in row.became:
        return row
    back = row.became[: row.became.index(event.contact_id) + 1]
    return replace(row, became=back, is_now=event.contact_id)


# To whom he has something to say


Roles = dict[CustomerId, ContactRole]


def linked(row: ContactCard, event: ContactLinked | ContactRoleChanged | ContactUnlinked) -> ContactCard:
    match event:
        case ContactLinked(role=role) | ContactRoleChanged(to=role):
            return with_link(row, event.customer_id, LinkedContact(role=role, primary=event.primary))
        case ContactUnlinked(customer_id=customer_id):
            return without_link(row, customer_id)


def with_link(row: ContactCard, customer_id: CustomerId, link: LinkedContact) -> ContactCard:
    roles = dict(zip(row.customers, row.roles, strict=True)) | {customer_id: link.role}
    others = tuple(each for each in row.primary_of if each != customer_id)
    return linked_to(row, roles, (*others, customer_id) if link.primary else others)


def without_link(row: ContactCard, customer_id: CustomerId) -> ContactCard:
    roles = {each: role for each, role in zip(row.customers, row.roles, strict=True) if each != customer_id}
    return linked_to(row, roles, tuple(each for each in row.primary_of if each != customer_id))


def linked_to(row: ContactCard, roles: Roles, primary_of: tuple[CustomerId, ...]) -> ContactCard:
    only = next(iter(roles)) if len(roles) == 1 else None
    return replace(row, customers=tuple(roles), roles=tuple(roles.values()), primary_of=primary_of, only_customer=only)


def shared(row: ContactCard, event: CustomersMerged | CustomerUnmerged | CustomerRestored, at: Instant) -> ContactCard:
    """Linked to one of two customers who are one, or two after all; whom only the choices of a merge left out, is told
    as before.
    """
    row = with_link(row, event.customer_id, event.kept.contacts[row.contact_id])
    match event:
        case CustomersMerged(absorbed=absorbed):
            return without_link(row, absorbed)
        case CustomerUnmerged():
            return replace(row, parted_at=at)
        case CustomerRestored(out_of=survivor):
            return row if row.parted_at == at else without_link(row, survivor)


def attitudes_of(row: ContactCard) -> dict[LeadId, Attitude | None]:
    return dict(zip(row.leads, row.attitudes, strict=True))


def towards(row: ContactCard, lead_id: LeadId, attitude: Attitude | None) -> ContactCard:
    attitudes = attitudes_of(row) | {lead_id: attitude}
    return replace(row, leads=tuple(attitudes), attitudes=tuple(attitudes.values()))
