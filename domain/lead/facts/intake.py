"""How a lead comes, and what is known of it."""

from collections.abc import Mapping
from typing import Literal

from domain.catalog import CustomValue
from domain.identity import Cooling, IdentityLink
from domain.money import Money
from domain.values import (
    ContactId,
    CustomerId,
    IdentityId,
    LeadId,
    OrgPath,
    Personal,
    PolicyId,
    StaffId,
    fact,
    value,
)

LeadKind = Literal["new", "upsell", "winback"]
Attitude = Literal["supports", "neutral", "opposes", "unknown"]
Likeness = Literal[
    "named-together",  # One enquiry has identities of both.
    "noticed",  # By a person.
    "same-identity",
    "same-name-near-phone",
    "near-phone",
    "same-name-same-handle",
    "same-handle",
    "same-company",
    "same-name-same-territory",
]


@fact("lead.captured")
class LeadCaptured:
    lead_id: LeadId
    source: str
    channel: str
    identities: tuple[IdentityLink, ...]
    campaign: str | None = None
    name: Personal[str] | None = None
    product_line: str | None = None
    kind: LeadKind = "new"
    requested_amount: Money | None = None
    custom: Mapping[str, CustomValue] | None = None
    personal_custom: Personal[Mapping[str, CustomValue]] | None = None
    cooling: Cooling | None = None  # Brought along by an identity that it had under another lead.
    territory: OrgPath | None = None  # The part of the organisation in whose area the person is.
    customer_id: CustomerId | None = None  # Whose identities these are already,
    looked_after_by: StaffId | None = None  # and who looks after him.


@fact("lead.corrected")
class LeadCorrected:
    """Only the fields that were wrong; `corrects` is the version of the event that said so."""

    lead_id: LeadId
    corrects: int
    source: str | None = None
    channel: str | None = None
    campaign: str | None = None
    name: Personal[str] | None = None
    product_line: str | None = None
    requested_amount: Money | None = None
    identities_added: tuple[IdentityLink, ...] = ()
    identities_removed: tuple[IdentityId, ...] = ()
    custom: Mapping[str, CustomValue] | None = None
    personal_custom: Personal[Mapping[str, CustomValue]] | None = None
    cooling: Cooling | None = None  # Brought along by an identity that it had under another lead.
    territory: OrgPath | None = None


@fact("lead.touch-recorded")
class TouchRecorded:
    lead_id: LeadId
    channel: str
    ref: str | None = None
    note: Personal[str] | None = None


@value
class Comparison:
    """By which rule two leads were found alike, as a view showed them at a position of the ledger, among how many that
    were compared with the one, and how many of those looked like it.
    """

    rule_id: PolicyId
    seen_at: int
    compared: int
    alike: int


@fact("lead.duplicate-suspected")
class DuplicateSuspected:
    """It may be the same as another: a person decides. `likeness` is 0 to 100, of what is named in `because`."""

    lead_id: LeadId
    of: LeadId
    likeness: int
    because: Likeness
    comparison: Comparison | None = None  # Where a rule has compared them.


@fact("lead.duplicate-dismissed")
class DuplicateDismissed:
    """A person has decided that they are two. They are not suspected again."""

    lead_id: LeadId
    of: LeadId


@fact("lead.scored")
class LeadScored:
    lead_id: LeadId
    score: int
    grade: str
    model_version: str


@fact("lead.contact-linked")
class LeadContactLinked:
    lead_id: LeadId
    contact_id: ContactId


@fact("lead.contact-attitude-recorded")
class ContactAttitudeRecorded:
    lead_id: LeadId
    contact_id: ContactId
    attitude: Attitude


@fact("lead.adopted")
class LeadAdopted:
    """Imported history becomes a live subject: from now on its deadlines run."""

    lead_id: LeadId


IntakeEvent = (
    LeadCaptured
    | LeadCorrected
    | TouchRecorded
    | DuplicateSuspected
    | DuplicateDismissed
    | LeadScored
    | LeadContactLinked
    | ContactAttitudeRecorded
    | LeadAdopted
)
