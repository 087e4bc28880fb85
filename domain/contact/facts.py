"""What can happen to a contact."""

from collections.abc import Mapping
from typing import Literal

from domain.identity import IdentityKind
from domain.values import CatalogId, ContactId, Instant, Personal, PolicyId, fact, value

# A new channel or purpose is one that nobody has refused yet, not even who was merged while he refused all.
Channel = Literal["call", "sms", "email", "wechat", "app", "post", "visit"]
Purpose = Literal["service", "sales", "marketing", "survey"]
Standing = Literal["given", "unknown", "withdrawn", "refused"]  # From what allows most to what allows least.
Unwished = Literal["do-not-contact", "consent-withdrawn", "consent-missing"]  # Why somebody is not to be spoken to.
Field = Literal["name", "addresses", "job_title", "language", "time_zone", "note", "reports_to"]

EVIDENCE = CatalogId("consent-evidence")  # How we know that it was the person's own wish.


@value
class Address:
    """Where somebody can be reached: in the one spelling that can be compared."""

    kind: IdentityKind
    value: Personal[str]
    system: str | None = None


@value
class Wish:
    """What a person wants of one channel for one purpose, and since when."""

    standing: Standing
    since: Instant


@value
class Slot:
    """An outreach that is going to be made; one that does not count is seen by no window."""

    channel: Channel
    purpose: Purpose
    at: Instant
    counts: bool
    reserved_at: Instant | None = None  # It was not made before.


# Facts: who it is


@fact("contact.created")
class ContactCreated:
    contact_id: ContactId
    name: Personal[str]
    addresses: tuple[Address, ...] = ()
    job_title: Personal[str] | None = None
    language: str | None = None
    time_zone: str | None = None
    note: Personal[str] | None = None


@fact("contact.updated")
class ContactUpdated:
    """Only the fields that are new."""

    contact_id: ContactId
    name: Personal[str] | None = None
    addresses: tuple[Address, ...] | None = None
    job_title: Personal[str] | None = None
    language: str | None = None
    time_zone: str | None = None
    note: Personal[str] | None = None


@fact("contact.reports-to")
class ContactReportsTo:
    contact_id: ContactId
    from_: ContactId | None = None
    to: ContactId | None = None


@fact("contact.merged")
class ContactMerged:
    """This contact is another one, which answers for it."""

    contact_id: ContactId
    into: ContactId


@fact("contact.absorbed")
class ContactAbsorbed:
    """The other side of a merge: what the survivor is from now on. `taken` are the fields in which the other was right,
    `version` is the survivor's before it.
    """

    contact_id: ContactId
    absorbed: ContactId
    version: int
    taken: tuple[Field, ...]
    name: Personal[str]
    addresses: tuple[Address, ...] = ()
    job_title: Personal[str] | None = None
    language: str | None = None
    time_zone: str | None = None
    note: Personal[str] | None = None
    reports_to: ContactId | None = None
    wishes: Mapping[str, Wish]
    reserved: Mapping[str, Slot]
    made: tuple[Instant, ...] = ()


@fact("contact.unmerged")
class ContactUnmerged:
    """It stands again as it did before, but for what the person may have wished, and met with, since."""

    contact_id: ContactId
    from_: ContactId
    wishes: Mapping[str, Wish]
    reports_to: ContactId | None = None
    made: tuple[Instant, ...] = ()


@fact("contact.separated")
class ContactSeparated:
    """The other side of an unmerging: what the survivor is without the other, as it stood at that version."""

    contact_id: ContactId
    separated: ContactId
    to_version: int
    name: Personal[str]
    addresses: tuple[Address, ...] = ()
    job_title: Personal[str] | None = None
    language: str | None = None
    time_zone: str | None = None
    note: Personal[str] | None = None
    reports_to: ContactId | None = None
    wishes: Mapping[str, Wish]


# Facts: what he allows


@fact("contact.consent-changed")
class ConsentChanged:
    contact_id: ContactId
    channel: Channel
    purpose: Purpose
    from_: Standing
    to: Standing
    evidence: str
    since: Instant


@fact("contact.do-not-contact-set")
class DoNotContactSet:
    """Of one channel, or of all, for whatever purpose."""

    contact_id: ContactId
    evidence: str
    since: Instant
    channel: Channel | None = None


# Facts: how often he is spoken to


@fact("contact.outreach-reserved")
class OutreachReserved:
    """What lies before `forget_before` is seen by no window any more."""

    contact_id: ContactId
    ref: str
    channel: Channel
    purpose: Purpose
    at: Instant
    counts: bool
    policy_id: PolicyId
    time_zone: str
    forget_before: Instant
    reserved_at: Instant | None = None  # Not told in what is older than the question.


@fact("contact.outreach-released")
class OutreachReleased:
    contact_id: ContactId
    ref: str


@fact("contact.outreach-made")
class OutreachMade:
    contact_id: ContactId
    ref: str
    channel: Channel
    purpose: Purpose
    at: Instant
    counts: bool
    forget_before: Instant


ContactEvent = (
    ContactCreated
    | ContactUpdated
    | ContactReportsTo
    | ContactMerged
    | ContactAbsorbed
    | ContactUnmerged
    | ContactSeparated
    | ConsentChanged
    | DoNotContactSet
    | OutreachReserved
    | OutreachReleased
    | OutreachMade
)
