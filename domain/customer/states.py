"""The states of a customer, and how a fact changes them.

How far it has come with him is one thing, what he may owe is another, and who looks after him a third.
"""

from collections.abc import Mapping
from typing import Any, Literal

from domain.customer.dossier import (
    Collaboration,
    Credit,
    CreditHold,
    CreditLine,
    CreditOverride,
    Dossier,
    Learned,
    LinkedContact,
    PaidOrder,
    Profile,
    with_learned,
)
from domain.customer.facts import CustomerEvent
from domain.customer.facts.approaches import ApproachDeferred, ApproachDropped, CustomerApproached
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditLevelChanged,
    CreditOverrideGranted,
    CreditRefused,
    CreditReleased,
    CreditReserved,
)
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    LearningNoted,
    OrderTerms,
    TouchpointRecorded,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import (
    CustomerAdopted,
    CustomerCorrected,
    CustomerCreated,
    CustomerProfileUpdated,
    CustomerRegistered,
)
from domain.customer.facts.protection import (
    ContractEnded,
    ContractRecorded,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
    RiskFlagCleared,
    RiskFlagRaised,
)
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    NotificationRequested,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.customer.facts.terms import Status
from domain.customer.joining import still_on_hold, still_stopping
from domain.errors import ImpossibleHistory
from domain.identity import IdentityKind, IdentityLink
from domain.values import CustomerId, IdentityId, Instant, OrderId, StaffId, replace, value

# States of the lifecycle


@value
class Prospect: ...


@value
class New: ...


@value
class Active: ...


@value
class Dormant: ...


@value
class Churned:
    """`last_order` before that, as far as one is known."""

    last_order: Instant | None = None


Lifecycle = Prospect | New | Active | Dormant | Churned

NAMES: dict[type, Status] = {
    Prospect: "prospect",
    New: "new",
    Active: "active",
    Dormant: "dormant",
    Churned: "churned",
}


def lifecycle(status: Status, dossier: Dossier) -> Lifecycle:
    match status:
        case "prospect":
            return Prospect()
        case "new":
            return New()
        case "active":
            return Active()
        case "dormant":
            return Dormant()
        case "churned":
            return Churned(last_order=last_order(dossier))
        case _:
            raise ImpossibleHistory(status, dossier)


def last_order(dossier: Dossier) -> Instant | None:
    return max((order.paid_at for order in dossier.orders.values() if not order.refunded), default=None)


# States of the customer


@value
class Uncreated: ...


@value
class Merge:
    """What the survivor was before and just after: so that it can be told what came of it later. What has been cleared
    since is forgotten in it.
    """

    absorbed: CustomerId
    version: int
    before: Dossier
    kept: Dossier
    status_before: Lifecycle
    status_kept: Lifecycle
    earlier: tuple[CustomerId, ...] = ()


@value
class Open:
    lifecycle: Lifecycle
    dossier: Dossier
    merges: tuple[Merge, ...] = ()
    last_owner: StaffId | None = None  # Whose business it stays when nobody has it.


@value
class Closed:
    """Shut, or its person erased. What is owed is still paid, and what is to be kept is kept."""

    because: Literal["shut", "erased"]
    was: Open


@value
class Absorbed:
    """It was another one all the time; what it was is remembered, in case that was wrong."""

    into: CustomerId
    was: Open


Customer = Uncreated | Open | Closed | Absorbed


def evolve(customer: Customer, event: CustomerEvent) -> Customer:
    match customer, event:
        case Uncreated(), CustomerCreated():
            return Open(lifecycle=Prospect(), dossier=first(event))
        case Open(), CustomerStatusChanged(to="closed"):
            return Closed(because="shut", was=shut(customer))
        case Open(), PersonalDataErased():
            return Closed(because="erased", was=erased(customer))
        case Open(), CustomerAbsorbed(into=into):
            return Absorbed(into=into, was=customer)
        case Open(), CustomersMerged() | CustomerUnmerged():
            return remembering(evolve_merges(customer, event))
        case Open(), _:
            return remembering(evolve_open(customer, event))
        case Closed(because="shut"), PersonalDataErased():
            return Closed(because="erased", was=erased(customer.was))
        case Closed(), CustomerStatusChanged(to="closed"):
            return customer
        case Closed(was=was), RiskFlagRaised() | RiskFlagCleared():
            return replace(customer, was=shut(evolve_open(was, event)))
        case (
            Closed(),
            CreditReleased() | CustomerRefundNoted() | LegalHoldPlaced() | LegalHoldLifted() | TouchpointRecorded(),
        ):
            return replace(customer, was=evolve_open(customer.was, event))
        case Absorbed(was=was), CustomerRestored(to=to, kept=kept):
            same = NAMES[type(was.lifecycle)] == to
            back = replace(was, dossier=kept, lifecycle=was.lifecycle if same else lifecycle(to, kept))
            return remembering(back)
        case _:
            raise ImpossibleHistory(customer, event)


def evolve_open(customer: Open, event: CustomerEvent) -> Open:
    dossier = customer.dossier
    match event:
        case CustomerStatusChanged(to=to) | CustomerWonBack(to=to):
            if to == NAMES[type(customer.lifecycle)]:
                return customer  # Imported, and told once more.
            return replace(customer, lifecycle=lifecycle(to, dossier))
        case CustomerAdopted() | NotificationRequested() | CreditRefused():
            return customer
        case CustomerApproached() | ApproachDeferred() | ApproachDropped():
            return customer
        case CustomerReleased(from_=owner):
            return replace(evolve_owners(customer, event), last_owner=owner)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased():
            return evolve_owners(customer, event)
        case (
            CreditLevelChanged()
            | CreditHoldPlaced()
            | CreditHoldLifted()
            | CreditReserved()
            | CreditReleased()
            | CreditOverrideGranted()
            | CreditAlertRaised()
        ):
            credit = evolve_credit(dossier.credit, event)
            return replace(customer, dossier=replace(dossier, credit=credit))
        case _:
            return replace(customer, dossier=evolve_dossier(customer, dossier, event))


def evolve_dossier(customer: Open, dossier: Dossier, event: CustomerEvent) -> Dossier:
    match event:
        case CustomerCorrected(customer_type=kind, profile=profile):
            now = {**dossier.identities, **kinds(event.identities_added)}
            return replace(
                dossier,
                customer_type=kind or dossier.customer_type,
                profile=overlaid(dossier.profile, profile),
                identities={held: now[held] for held in now if held not in event.identities_removed},
            )
        case CustomerProfileUpdated(profile=profile):
            return replace(dossier, profile=overlaid(dossier.profile, profile))
        case CustomerRegistered(identities_added=added):
            return replace(dossier, registered=True, identities={**dossier.identities, **kinds(added)})
        case CustomerOrderNoted(order_id=order_id, paid_at=paid_at, product_line=line, ends=ends):
            order = PaidOrder(paid_at=paid_at, product_line=line, ends=ends, products=event.products)
            return replace(dossier, orders={**dossier.orders, order_id: order})
        case CustomerClockStarted(orders=orders):
            return replace(dossier, orders={**dossier.orders, **with_terms(dossier.orders, orders)})
        case CustomerRefundNoted(order_id=order_id):
            order = replace(dossier.orders[order_id], refunded=True)
            return replace(dossier, orders={**dossier.orders, order_id: order})
        case TouchpointRecorded(active_at=at):
            latest = max(filter(None, (dossier.active_at, at)), default=None)
            return replace(dossier, active_at=latest)
        case LearningNoted(course=course, learned_at=at):
            learning = with_learned(dossier.learning, course, Learned(at=at, done=event.done, of=event.of))
            return replace(dossier, learning=learning, active_at=max(at, dossier.active_at or at))
        case CustomerCollaboratorAdded(staff_id=staff_id, access=access, until=until):
            helper = Collaboration(access=access, until=until)
            return replace(dossier, collaborators={**dossier.collaborators, staff_id: helper})
        case ContactLinked(contact_id=contact_id, role=role, primary=primary):
            contact = LinkedContact(role=role, primary=primary)
            return replace(dossier, contacts={**dossier.contacts, contact_id: contact})
        case ContactRoleChanged(contact_id=contact_id, to=role, primary=primary):
            contact = LinkedContact(role=role, primary=primary)
            return replace(dossier, contacts={**dossier.contacts, contact_id: contact})
        case ContactUnlinked(contact_id=contact_id):
            return replace(dossier, contacts=left_out(dossier.contacts, contact_id))
        case TagApplied(tag=tag, source=source):
            return replace(dossier, tags={**dossier.tags, tag: source})
        case TagRemoved(tag=tag):
            return replace(dossier, tags=left_out(dossier.tags, tag))
        case ValueSegmentChanged(to=to):
            return replace(dossier, segment=to)
        case RevenueStandingChanged(to=to):
            return replace(dossier, standing=to)
        case RiskFlagRaised(flag=flag):
            return replace(dossier, risk_flags=(*dossier.risk_flags, flag))
        case RiskFlagCleared(flag=flag):
            return replace(dossier, risk_flags=tuple(each for each in dossier.risk_flags if each != flag))
        case LegalHoldPlaced(matter=matter):
            return replace(dossier, legal_holds=(*dossier.legal_holds, matter))
        case LegalHoldLifted(matter=matter):
            return replace(dossier, legal_holds=tuple(each for each in dossier.legal_holds if each != matter))
        case ContractRecorded(contract=contract, until=until):
            return replace(dossier, contracts={**(dossier.contracts or {}), contract: until})
        case ContractEnded(contract=contract):
            return replace(dossier, contracts=left_out(dossier.contracts or {}, contract) or None)
        case _:
            raise ImpossibleHistory(customer, event)


def evolve_owners(customer: Open, event: CustomerAssigned | CustomerTransferred | CustomerReleased) -> Open:
    owners = customer.dossier.owners
    match event:
        case CustomerAssigned(owner=owner, role=role) if owners.get(role) in {None, owner}:
            owners = {**owners, role: owner}
        case CustomerTransferred(from_=before, to=to, role=role) if owners.get(role) == before:
            owners = {**owners, role: to}
        case CustomerReleased(from_=before, role=role) if owners.get(role) == before:
            owners = left_out(owners, role)
        case _:
            raise ImpossibleHistory(customer, event)
    return replace(customer, dossier=replace(customer.dossier, owners=owners))


def evolve_credit(credit: Credit, event: CustomerEvent) -> Credit:
    match event:
        case CreditLevelChanged():
            line = CreditLine(
                level=event.to,
                limit=event.limit,
                terms=event.terms,
                alert_percent=event.alert_percent,
                overdue_days=event.overdue_days,
                max_quantity=event.max_quantity,
            )
            return replace(credit, line=line, alerted=False)
        case CreditHoldPlaced(reason=reason, invoice_no=invoice_no):
            return replace(credit, hold=CreditHold(reason=reason, invoice_no=invoice_no))
        case CreditHoldLifted():
            return replace(credit, hold=None)
        case CreditReserved(order_id=order_id, amount=amount):
            return replace(credit, reservations={**credit.reservations, order_id: amount})
        case CreditReleased(order_id=order_id, left=None):
            return replace(credit, reservations=left_out(credit.reservations, order_id), alerted=False)
        case CreditReleased(order_id=order_id, left=left):
            return replace(credit, reservations={**credit.reservations, order_id: left}, alerted=False)
        case CreditOverrideGranted(amount=amount, until=until, requested_by=requested_by, by=by):
            override = CreditOverride(amount=amount, until=until, requested_by=requested_by, by=by)
            return replace(credit, overrides=(*credit.overrides, override))
        case CreditAlertRaised():
            return replace(credit, alerted=True)
        case _:
            raise ImpossibleHistory(credit, event)


def evolve_merges(customer: Open, event: CustomersMerged | CustomerUnmerged) -> Open:
    match event:
        case CustomersMerged(kept=kept, to=to):
            same = NAMES[type(customer.lifecycle)] == to
            after = customer.lifecycle if same else lifecycle(to, kept)
            merge = Merge(
                absorbed=event.absorbed,
                version=event.version,
                before=customer.dossier,
                kept=kept,
                status_before=customer.lifecycle,
                status_kept=after,
                earlier=event.earlier,
            )
            return replace(customer, lifecycle=after, dossier=kept, merges=(*customer.merges, merge))
        case CustomerUnmerged(kept=kept, to=to):
            *earlier, merge = customer.merges
            known = next((each for each in (customer.lifecycle, merge.status_before) if NAMES[type(each)] == to), None)
            after = lifecycle(to, kept) if known is None else known
            return replace(customer, lifecycle=after, dossier=kept, merges=tuple(earlier))


def remembering(customer: Open) -> Open:
    """As much of its merges as may still be undone."""
    if not customer.merges:
        return customer
    now = customer.dossier
    merges = tuple(
        replace(
            each,
            before=still_stopping(each.before, now),
            kept=replace(still_stopping(each.kept, now), credit=still_on_hold(each.kept.credit, now.credit)),
        )
        for each in customer.merges
    )
    return replace(customer, merges=merges)


# What is made of what


def first(event: CustomerCreated) -> Dossier:
    return Dossier(
        customer_type=event.customer_type,
        profile=event.profile,
        identities=kinds(event.identities),
        owners={},
        collaborators={},
        contacts={},
        tags={},
        orders={},
        credit=Credit(reservations={}),
    )


def with_terms(orders: Mapping[OrderId, PaidOrder], terms: tuple[OrderTerms, ...]) -> dict[OrderId, PaidOrder]:
    """Those orders of which it is said from now on what they bring."""
    return {
        each.order_id: replace(orders[each.order_id], product_line=each.product_line, ends=each.ends) for each in terms
    }


def overlaid(profile: Profile, changes: Profile | None) -> Profile:
    """What is given takes the place of what was known."""
    if changes is None:
        return profile
    return Profile(
        name=changes.name or profile.name,
        preferences=changes.preferences or profile.preferences,
        motive=changes.motive or profile.motive,
        family=changes.family or profile.family,
    )


def shut(customer: Open) -> Open:
    """The person behind him may come back as somebody new, unless a risk flag has yet to be cleared."""
    if customer.dossier.risk_flags:
        return customer
    return replace(customer, dossier=replace(customer.dossier, identities={}))


def erased(customer: Open) -> Open:
    """What there was of a person in what is remembered goes as well."""
    known = replace(customer.dossier, identities={}, profile=Profile(), contracts=None, learning=None)
    return replace(customer, dossier=known, merges=())


def left_out(found: Mapping[Any, Any], key: object) -> dict[Any, Any]:
    return {each: content for each, content in found.items() if each != key}


def kinds(links: tuple[IdentityLink, ...]) -> dict[IdentityId, IdentityKind]:
    return {link.identity_id: link.kind for link in links}
