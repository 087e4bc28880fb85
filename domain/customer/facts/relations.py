"""Whom a customer is reached through, what he is tagged with, and what he is worth."""

from domain.contact.facts import Purpose
from domain.customer.dossier import ContactRole, Segment
from domain.money import Money
from domain.revenue import Rank, Standing
from domain.values import ContactId, CustomerId, PolicyId, fact


@fact("customer.contact-linked")
class ContactLinked:
    customer_id: CustomerId
    contact_id: ContactId
    role: ContactRole
    primary: bool = False


@fact("customer.contact-unlinked")
class ContactUnlinked:
    customer_id: CustomerId
    contact_id: ContactId


@fact("customer.contact-role-changed")
class ContactRoleChanged:
    customer_id: CustomerId
    contact_id: ContactId
    from_: ContactRole
    to: ContactRole
    primary: bool = False


@fact("customer.tag-applied")
class TagApplied:
    customer_id: CustomerId
    tag: str
    source: str


@fact("customer.tag-removed")
class TagRemoved:
    customer_id: CustomerId
    tag: str
    source: str


@fact("customer.value-segment-changed")
class ValueSegmentChanged:
    """`aov` is the average order value, `frequency` how many orders there were in the period of the thresholds."""

    customer_id: CustomerId
    to: Segment
    aov: Money
    frequency: int
    thresholds_version: str
    from_: Segment | None = None


@fact("customer.revenue-standing-changed")
class RevenueStandingChanged:
    """By what he brought in the `window_days` up to the end of a month he has come among the best, or is among them no
    more; who looks after him does so until a person says otherwise. `ranks` tell where he stands in each currency in
    which he has paid, `number` which version of the policy says so, `seen_at` up to which position of the ledger.
    """

    customer_id: CustomerId
    from_: Standing
    to: Standing
    month: str
    ranks: tuple[Rank, ...]
    policy_id: PolicyId
    number: int
    share_percent: int
    window_days: int
    seen_at: int


@fact("customer.notification-requested")
class NotificationRequested:
    """What is for sales or marketing has its place reserved with the contact."""

    customer_id: CustomerId
    template: str
    channel: str
    contact_id: ContactId | None = None
    purpose: Purpose = "service"


RelationEvent = (
    ContactLinked
    | ContactUnlinked
    | ContactRoleChanged
    | TagApplied
    | TagRemoved
    | ValueSegmentChanged
    | RevenueStandingChanged
    | NotificationRequested
)
