"""What can happen to a customer."""

from typing import Literal

from domain.contact.facts import Purpose
from domain.customer.dossier import (
    Access,
    Ahead,
    ContactRole,
    CustomerType,
    Dossier,
    Ends,
    OwnerRole,
    Profile,
    Segment,
)
from domain.identity import IdentityLink
from domain.money import Money
from domain.revenue import Rank, Standing
from domain.values import (
    ContactId,
    CustomerId,
    IdentityId,
    Instant,
    LeadId,
    OrderId,
    Personal,
    PolicyId,
    StaffId,
    fact,
    value,
)

Status = Literal["prospect", "new", "active", "dormant", "churned", "closed"]
Direction = Literal["inbound", "outbound"]
Refusal = Literal["no-credit", "on-hold", "risk-flag", "over-limit", "over-quantity"]
ApproachKind = Literal["winback", "upsell"]
Dropped = Literal[
    "no-offer",
    "moved-on",
    "risk-flag",
    "open-lead",
    "no-contact",
    "do-not-contact",
    "consent-withdrawn",
    "consent-missing",
    "never-allowed",
]
Side = Literal["survivor", "absorbed"]
Sides = Literal["survivor", "absorbed", "both"]


# Facts: who he is


@fact("customer.created")
class CustomerCreated:
    customer_id: CustomerId
    customer_type: CustomerType
    profile: Profile
    identities: tuple[IdentityLink, ...] = ()
    lead_id: LeadId | None = None


@fact("customer.corrected")
class CustomerCorrected:
    """Only what was wrong; `corrects` is the version of the event that said so."""

    customer_id: CustomerId
    corrects: int
    customer_type: CustomerType | None = None
    profile: Profile | None = None
    identities_added: tuple[IdentityLink, ...] = ()
    identities_removed: tuple[IdentityId, ...] = ()


@fact("customer.profile-updated")
class CustomerProfileUpdated:
    """Only what has changed."""

    customer_id: CustomerId
    profile: Profile


@fact("customer.registered")
class CustomerRegistered:
    """He has an account of his own; the account is one of his identities from now on."""

    customer_id: CustomerId
    account_id: Personal[str]
    identities_added: tuple[IdentityLink, ...] = ()


@fact("customer.adopted")
class CustomerAdopted:
    """Imported history becomes a live subject: from now on its deadlines run."""

    customer_id: CustomerId
    ahead: Ahead | None = None


# Facts of the lifecycle


@fact("customer.status-changed")
class CustomerStatusChanged:
    """`due_at`: since when it was due, where a clock asked for it; `ahead`: what it has to ask for next."""

    customer_id: CustomerId
    from_: Status
    to: Status
    due_at: Instant | None = None
    ahead: Ahead | None = None


@fact("customer.won-back")
class CustomerWonBack:
    """`days_lapsed` without an order, where the last one is known."""

    customer_id: CustomerId
    from_: Literal["churned"] = "churned"
    to: Literal["active"] = "active"
    campaign: str | None = None
    days_lapsed: int | None = None
    ahead: Ahead | None = None


@fact("customer.order-noted")
class CustomerOrderNoted:
    """A paid order, as far as the lifecycle needs to know, and by when it will have been too long ago: what is
    published later does not change that. Where no terms say so yet it has no `ends`, and tells the `products` by which
    they will.
    """

    customer_id: CustomerId
    order_id: OrderId
    paid_at: Instant
    product_line: str | None = None
    ends: Ends | None = None
    ahead: Ahead | None = None
    products: tuple[str, ...] = ()


@value
class OrderTerms:
    """The product line that an order counts by, and what it brings by its terms."""

    order_id: OrderId
    ends: Ends
    product_line: str | None = None


@fact("customer.clock-started")
class CustomerClockStarted:
    """His orders that came before any terms were published count from now on, by the terms of version `number`; what
    other orders bring stays as it is. `ahead`: what the clock has to ask for by all of them.
    """

    customer_id: CustomerId
    number: int
    orders: tuple[OrderTerms, ...]
    ahead: Ahead | None = None


@fact("customer.refund-noted")
class CustomerRefundNoted:
    """An order was refunded, all of it."""

    customer_id: CustomerId
    order_id: OrderId
    ahead: Ahead | None = None


@fact("customer.touchpoint-recorded")
class TouchpointRecorded:
    """`active_at`: when he came, where it was he who did; `ahead`, where that is something else from now on."""

    customer_id: CustomerId
    channel: str
    direction: Direction
    ref: str | None = None
    note: Personal[str] | None = None
    active_at: Instant | None = None
    ahead: Ahead | None = None


# Facts of who looks after him


@value
class Passed:
    """Somebody who was thought of, and why it was not he."""

    staff_id: StaffId
    because: Literal["departed", "other-organisation", "farther", "away", "has-more", "refused"]


@value
class OwnerChoice:
    """How a rule came to somebody: who was thought of, as seen at a position."""

    rule_id: str
    seen_at: int
    passed: tuple[Passed, ...] = ()


@fact("customer.assigned")
class CustomerAssigned:
    """`choice` says why him, where a rule has looked for somebody."""

    customer_id: CustomerId
    owner: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.transferred")
class CustomerTransferred:
    """`choice` says why it was he, where a rule has found him."""

    customer_id: CustomerId
    from_: StaffId
    to: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.released")
class CustomerReleased:
    """`choice` says why nobody else has him, where a rule has looked for somebody."""

    customer_id: CustomerId
    from_: StaffId
    role: OwnerRole
    choice: OwnerChoice | None = None


@fact("customer.collaborator-added")
class CustomerCollaboratorAdded:
    customer_id: CustomerId
    staff_id: StaffId
    access: Access
    until: Instant | None = None


# Facts of contacts, tags and value


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


# Facts of how we come to him again


@fact("customer.approached")
class CustomerApproached:
    """A lead was opened on him, and his contact's place for it is reserved."""

    customer_id: CustomerId
    lead_id: LeadId
    kind: ApproachKind
    contact_id: ContactId
    campaign: str


@fact("customer.approach-deferred")
class ApproachDeferred:
    """It would be too much now; it is tried again at `until`."""

    customer_id: CustomerId
    kind: ApproachKind
    contact_id: ContactId
    because: str
    until: Instant


@fact("customer.approach-dropped")
class ApproachDropped:
    """It is not to be, and is not tried again; `lead_id` is the open lead that there is already."""

    customer_id: CustomerId
    kind: ApproachKind
    because: Dropped
    lead_id: LeadId | None = None


# Facts of credit


@fact("customer.credit-level-changed")
class CreditLevelChanged:
    """What the policy said of the level is copied in: what is published later does not hold for it."""

    customer_id: CustomerId
    to: str
    limit: Money
    terms: str
    alert_percent: int
    overdue_days: int
    max_quantity: int | None = None
    from_: str | None = None


@fact("customer.credit-hold-placed")
class CreditHoldPlaced:
    customer_id: CustomerId
    reason: str
    invoice_no: str | None = None
    due_at: Instant | None = None


@fact("customer.credit-hold-lifted")
class CreditHoldLifted:
    customer_id: CustomerId
    reason: str


@fact("customer.credit-reserved")
class CreditReserved:
    """`amount` takes the place of what was reserved for the order; `exposure` is all that is reserved with it."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    exposure: Money
    quantity: int | None = None


@fact("customer.credit-refused")
class CreditRefused:
    """`exposure` without this order, and what was `allowed` at the moment; what was reserved for it before, stays."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    because: Refusal
    exposure: Money
    allowed: Money | None = None
    quantity: int | None = None


@fact("customer.credit-released")
class CreditReleased:
    """`left` is what remains reserved for the order."""

    customer_id: CustomerId
    order_id: OrderId
    amount: Money
    left: Money | None = None


@fact("customer.credit-override-granted")
class CreditOverrideGranted:
    customer_id: CustomerId
    amount: Money
    until: Instant
    requested_by: StaffId
    by: StaffId


@fact("customer.credit-alert-raised")
class CreditAlertRaised:
    customer_id: CustomerId
    exposure: Money
    limit: Money
    percent: int


# Facts of what stands in the way


@fact("customer.risk-flag-raised")
class RiskFlagRaised:
    customer_id: CustomerId
    flag: str


@fact("customer.risk-flag-cleared")
class RiskFlagCleared:
    customer_id: CustomerId
    flag: str


@fact("customer.legal-hold-placed")
class LegalHoldPlaced:
    customer_id: CustomerId
    matter: str


@fact("customer.legal-hold-lifted")
class LegalHoldLifted:
    customer_id: CustomerId
    matter: str


@fact("customer.contract-recorded")
class ContractRecorded:
    """`contract` is its number in the system that keeps it. Told again, another end takes the place of the first."""

    customer_id: CustomerId
    contract: str
    until: Instant


@fact("customer.contract-ended")
class ContractEnded:
    """Before its time, or when it had come."""

    customer_id: CustomerId
    contract: str


@fact("customer.personal-data-erased")
class PersonalDataErased:
    """`absorbed` are the customers that were merged into this one: they are the same person."""

    customer_id: CustomerId
    from_: Status
    absorbed: tuple[CustomerId, ...] = ()
    to: Literal["closed"] = "closed"


# Facts of two that are one


@value
class FieldChoices:
    """Whose it is from now on, where the two differ. What both owe and must not do is never chosen away."""

    customer_type: Side | None = None
    name: Side | None = None
    preferences: Side | None = None
    motive: Side | None = None
    family: Side | None = None
    status: Side | None = None
    segment: Side | None = None
    owners: Side | None = None
    credit: Side | None = None
    contacts: Sides | None = None
    tags: Sides | None = None


@fact("customer.merged")
class CustomersMerged:
    """On the survivor. `kept` is what he is from now on; `earlier` are those whom the other had absorbed."""

    customer_id: CustomerId
    absorbed: CustomerId
    version: int  # Of this event, which is undone by it.
    choices: FieldChoices
    from_: Status
    to: Status
    kept: Dossier
    earlier: tuple[CustomerId, ...] = ()


@fact("customer.absorbed")
class CustomerAbsorbed:
    """On the other: whoever asks for it is sent to the survivor."""

    customer_id: CustomerId
    into: CustomerId
    from_: Status
    to: Literal["closed"] = "closed"


@fact("customer.unmerged")
class CustomerUnmerged:
    """On the survivor: the merge of that `version` was a mistake; `kept` is what he is from now on. `orders` came to
    him since then, and go with the other all the same.
    """

    customer_id: CustomerId
    absorbed: CustomerId
    version: int
    from_: Status
    to: Status
    kept: Dossier
    orders: tuple[OrderId, ...] = ()


@fact("customer.restored")
class CustomerRestored:
    """On the other: it is itself again; `kept` is what it was, and what was named of later things. `orders` are so."""

    customer_id: CustomerId
    out_of: CustomerId
    to: Status
    kept: Dossier
    from_: Literal["closed"] = "closed"
    orders: tuple[OrderId, ...] = ()


CustomerEvent = (
    CustomerCreated
    | CustomerCorrected
    | CustomerProfileUpdated
    | CustomerRegistered
    | CustomerAdopted
    | CustomerStatusChanged
    | CustomerWonBack
    | CustomerOrderNoted
    | CustomerClockStarted
    | CustomerRefundNoted
    | TouchpointRecorded
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded
    | ContactLinked
    | ContactUnlinked
    | ContactRoleChanged
    | TagApplied
    | TagRemoved
    | ValueSegmentChanged
    | RevenueStandingChanged
    | NotificationRequested
    | CustomerApproached
    | ApproachDeferred
    | ApproachDropped
    | CreditLevelChanged
    | CreditHoldPlaced
    | CreditHoldLifted
    | CreditReserved
    | CreditRefused
    | CreditReleased
    | CreditOverrideGranted
    | CreditAlertRaised
    | RiskFlagRaised
    | RiskFlagCleared
    | LegalHoldPlaced
    | LegalHoldLifted
    | ContractRecorded
    | ContractEnded
    | PersonalDataErased
    | CustomersMerged
    | CustomerAbsorbed
    | CustomerUnmerged
    | CustomerRestored
)
