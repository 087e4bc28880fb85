"""Two customers who are one person, and one who was two after all."""

from collections.abc import Iterator, Mapping

from commands.customer.customers import customers, identities_of, reattributed
from commands.lead.leads import reason_given
from domain.access import Action
from domain.actor import Asked
from domain.customer.dossier import Credit, Dossier
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.joining import Named, identities_back, joined, parted, undecided, undone
from domain.customer.refusals import ChoiceNeeded, HeldForRisk, MoreThanCredit, NotTheLastMerge
from domain.customer.states import NAMES, Absorbed, Merge, Open
from domain.errors import Invalid
from domain.identity import Identifier, Identity, IdentityReattributed, normalised
from domain.order.states import Order, Unrequested
from domain.signature import consulted
from domain.values import ContactId, CustomerId, IdentityId, Instant, OrderId, value


@value
class MergeCustomers:
    """`choices` say whose it is to be, wherever the two differ."""

    customer_id: CustomerId
    absorbed: CustomerId
    choices: FieldChoices = FieldChoices()


def other_one(command: MergeCustomers) -> CustomerId:
    if command.absorbed == command.customer_id:
        raise Invalid(field="absorbed", because="a customer is not merged into itself")
    return command.absorbed


def identities_of_other(absorbed: Open) -> list[IdentityId]:
    return identities_of(absorbed)


@customers.decides(Action.MERGE, absorbed=other_one, identities=identities_of_other)
def merge(
    command: MergeCustomers,
    customer: Open,
    absorbed: Open,
    identities: Mapping[IdentityId, Identity],
    asked: Asked,
) -> Iterator[CustomersMerged | CustomerAbsorbed | IdentityReattributed]:
    """Merge a customer into this one, who answers for both from now on; both histories stay."""
    before, others = NAMES[type(customer.lifecycle)], NAMES[type(absorbed.lifecycle)]
    missing = undecided(customer.dossier, absorbed.dossier, command.choices)
    if before != others and command.choices.status is None:
        missing = ("status", *missing)
    if missing and not asked.imported:
        raise ChoiceNeeded(fields=missing)
    kept = joined(customer.dossier, absorbed.dossier, command.choices)
    if not asked.imported:
        must_be_allowed_together(kept.credit, absorbed.dossier.credit, asked.at)
    yield CustomersMerged(
        customer_id=command.customer_id,
        absorbed=command.absorbed,
        earlier=tuple(each for merge in absorbed.merges for each in (merge.absorbed, *merge.earlier)),
        version=asked.version + 1,
        choices=command.choices,
        from_=before,
        to=others if command.choices.status == "absorbed" else before,
        kept=kept,
    )
    yield CustomerAbsorbed(customer_id=command.absorbed, into=command.customer_id, from_=others)
    yield from reattributed(identities.values(), command.absorbed, command.customer_id)


def must_be_allowed_together(credit: Credit, brought: Credit, at: Instant) -> None:
    """Who brings debts needs room for them, in the currency of the limit."""
    line = credit.line
    for amount in credit.reservations.values():
        if line is None:
            raise MoreThanCredit(exposure=credit.exposure(amount.currency), allowed=None)
        line.limit.same(amount)
    if line is None or not brought.reservations:
        return
    exposure, allowed = credit.exposure(line.limit.currency), credit.allowed(line, at)
    if exposure > allowed:
        raise MoreThanCredit(exposure=exposure, allowed=allowed)


@value
class UnmergeCustomer:
    """The last merge into this customer was a mistake. What came later and is the other's all the same is named."""

    customer_id: CustomerId
    absorbed: CustomerId
    identities: tuple[Identifier, ...] = ()
    orders: tuple[OrderId, ...] = ()
    contacts: tuple[ContactId, ...] = ()


def lost_one(command: UnmergeCustomer) -> CustomerId:
    return command.absorbed


def named_identifiers(command: UnmergeCustomer) -> list[Identifier]:
    return list(dict.fromkeys(map(normalised, command.identities)))


@consulted
def named_orders(command: UnmergeCustomer) -> list[OrderId]:
    return list(command.orders)


def last_merge(command: UnmergeCustomer, customer: Open) -> Merge:
    last = customer.merges[-1] if customer.merges else None
    if last is not None and last.absorbed == command.absorbed:
        return last
    if last is not None and any(each.absorbed == command.absorbed for each in customer.merges):
        raise NotTheLastMerge(last=last.absorbed)
    raise Invalid(field="absorbed", because="it was not merged into this customer")


def named_of(command: UnmergeCustomer, named: Mapping[Identifier, Identity]) -> Named:
    return Named(
        identities=tuple(each.identity_id for each in named.values()),
        orders=command.orders,
        contacts=command.contacts,
    )


def going_back(
    command: UnmergeCustomer, customer: Open, absorbed: Absorbed, named: Mapping[Identifier, Identity]
) -> list[IdentityId]:
    return list(identities_back(customer.dossier, absorbed.was.dossier, named_of(command, named)))


@customers.decides(Action.MERGE, absorbed=lost_one, named=named_identifiers, identities=going_back, orders=named_orders)
def unmerge(
    command: UnmergeCustomer,
    customer: Open,
    absorbed: Absorbed,
    named: Mapping[Identifier, Identity],
    identities: Mapping[IdentityId, Identity],
    orders: Mapping[OrderId, Unrequested | Order],
    asked: Asked,
) -> Iterator[CustomerUnmerged | CustomerRestored | IdentityReattributed]:
    """Undo a merge: the other is again what it was. What came after stays with the survivor, unless it is named."""
    reason_given(asked)
    merge = last_merge(command, customer)
    must_be_there(command, customer, named, orders)
    was, now = absorbed.was, customer.dossier
    survivor, other = parted(merge.before, merge.kept, now, was.dossier, named_of(command, named))
    if not asked.imported and any(order in now.credit.reservations for order in command.orders):
        must_be_allowed_together(other.credit, other.credit, asked.at)
    if not asked.imported:
        must_not_escape(command, survivor, other, was.dossier)
    yield CustomerUnmerged(
        customer_id=command.customer_id,
        absorbed=command.absorbed,
        version=merge.version,
        from_=NAMES[type(customer.lifecycle)],
        to=NAMES[type(undone(merge.status_before, merge.status_kept, customer.lifecycle))],
        kept=survivor,
        orders=command.orders,
    )
    yield CustomerRestored(
        customer_id=command.absorbed,
        out_of=command.customer_id,
        to=NAMES[type(was.lifecycle)],
        kept=other,
        orders=command.orders,
    )
    yield from reattributed(identities.values(), command.customer_id, command.absorbed)


def must_not_escape(command: UnmergeCustomer, survivor: Dossier, other: Dossier, was: Dossier) -> None:
    """No identity is named away from a flag that does not go along with it."""
    left = tuple(flag for flag in survivor.risk_flags if flag not in other.risk_flags)
    if left and other.identities.keys() - was.identities.keys():
        raise HeldForRisk(customer_id=command.customer_id, flags=left)


def must_be_there(
    command: UnmergeCustomer,
    customer: Open,
    named: Mapping[Identifier, Identity],
    orders: Mapping[OrderId, Unrequested | Order],
) -> None:
    """An order is his as well that is neither paid nor on credit."""
    dossier = customer.dossier
    for nth, identity in enumerate(named.values()):
        if identity.identity_id not in dossier.identities:
            raise Invalid(field=f"identities/{nth}", because="this is none of the customer's")
    for nth, order_id in enumerate(command.orders):
        order = orders[order_id]
        told = isinstance(order, Order) and order.customer_id == command.customer_id
        if not told and order_id not in dossier.orders and order_id not in dossier.credit.reservations:
            raise Invalid(field=f"orders/{nth}", because="this is none of the customer's")
    for nth, contact_id in enumerate(command.contacts):
        if contact_id not in dossier.contacts:
            raise Invalid(field=f"contacts/{nth}", because="this is none of the customer's")
