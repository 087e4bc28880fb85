"""Attribution: what is paid is the success of him whose the customer was when the order came."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from commands.order.credit import AttributeSalesCredit, Share
from commands.order.custody import NoteSalesCustody
from consumers.process import Process, Seen
from domain.customer.dossier import OwnerRole
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.lead.facts.work import LeadConverted
from domain.order.facts import (
    OrderAdopted,
    OrderPaid,
    OrderPlaced,
    OrderRequested,
    SalesCreditAttributed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, LeadId, OrderId, StaffId
from ledger.envelope import Recorded
from projections.lead_turns import lead_turns
from projections.projection import projection
from projections.rows import Row, replace, table

WHOLE = Decimal(100)

# Who looks after the customer


@table
class Owners(Row):
    customer_id: CustomerId
    primary: StaffId | None = None
    key_account: StaffId | None = None
    service: StaffId | None = None
    partner: StaffId | None = None

    @property
    def first(self) -> StaffId | None:
        """With no primary owner, the next one stands in."""
        return self.primary or self.key_account or self.service or self.partner

    def has(self, staff_id: StaffId) -> bool:
        return staff_id in (self.primary, self.key_account, self.service, self.partner)


@projection("attribution_owners", key=("customer_id",), version=2, scoped=False)
def owners(
    row: Owners | None,
    event: CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomersMerged
    | CustomerAbsorbed
    | CustomerUnmerged
    | CustomerRestored
    | OrderRequested
    | OrderPlaced,
) -> Owners | None:
    match event:
        case CustomerAssigned(customer_id=customer_id, role=role, owner=owner):
            return with_owner(row or Owners(customer_id=customer_id), role, owner)
        case CustomerTransferred(customer_id=customer_id, role=role, to=owner):
            return with_owner(row or Owners(customer_id=customer_id), role, owner)
        case CustomerReleased(role=role) if row is not None:
            return with_owner(row, role, None)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            kept = event.kept.owners
            return Owners(
                customer_id=event.customer_id,
                primary=kept.get("primary"),
                key_account=kept.get("key_account"),
                service=kept.get("service"),
                partner=kept.get("partner"),
            )
        case CustomerAbsorbed():
            return None
        case _:
            return row


def with_owner(row: Owners, role: OwnerRole, owner: StaffId | None) -> Owners:
    match role:
        case "primary":
            return replace(row, primary=owner)
        case "key_account":
            return replace(row, key_account=owner)
        case "service":
            return replace(row, service=owner)
        case "partner":
            return replace(row, partner=owner)


custody_of_owners = Process("attribution", owners)


@custody_of_owners.reacts
def note_whose_the_customer_is_when_an_order_comes(
    event: OrderRequested | OrderPlaced, row: Owners | None, recorded: Recorded
) -> Iterator[NoteSalesCustody]:
    """Who asks for an order in his own name needs the customer for that; whom a manager or the shop names does not."""
    if not comes(event):
        return
    named = event.salesperson
    if named is not None and asked_himself(named, recorded) and (row is None or not row.has(named)):
        named = None
    yield NoteSalesCustody(order_id=event.order_id, owner=None if row is None else row.first, salesperson=named)


def asked_himself(staff_id: StaffId, recorded: Recorded) -> bool:
    return recorded.actor.kind == "user" and recorded.actor.id == staff_id


def comes(event: OrderRequested | OrderPlaced) -> bool:
    """Or has come before, and is only placed now."""
    return isinstance(event, OrderRequested) or event.from_ is None


# Which lead has led to it, and what is paid


@table
class Success(Row):
    """Of one order: when it came, who is named in it, the lead that was converted with it, whose it is, whether it is
    paid, and who has decided that.
    """

    order_id: OrderId
    came_at: Instant | None = None
    named: StaffId | None = None
    lead_id: LeadId | None = None
    noted: bool = False
    staff_id: StaffId | None = None
    by_lead: LeadId | None = None
    paid: bool = False
    by_hand: bool = False


NO_ORDER = OrderId(UUID(int=0))


@projection("attribution_orders", key=("order_id",), version=2, scoped=False)
def successes(
    row: Success | None,
    event: OrderRequested
    | OrderPlaced
    | OrderAdopted
    | LeadConverted
    | SalesCustodyNoted
    | OrderPaid
    | SalesCreditAttributed,
    recorded: Recorded,
) -> Success | None:
    if event.order_id is None:
        return None  # A lead was converted without an order.
    row = row or Success(order_id=event.order_id)
    match event:
        case OrderRequested() | OrderPlaced():
            return replace(row, came_at=row.came_at or recorded.occurred_at, named=event.salesperson)
        case LeadConverted(lead_id=lead_id):
            return replace(row, lead_id=lead_id)
        case SalesCustodyNoted(staff_id=staff_id, lead_id=by_lead):
            return replace(row, noted=True, staff_id=staff_id, by_lead=by_lead)
        case OrderPaid(to=to):
            return replace(row, paid=to == "paid")
        case SalesCreditAttributed() if recorded.actor.kind == "user":
            return replace(row, by_hand=True)
        case _:
            return row


@successes.finds_by("order_id")
def with_which_order(event: LeadConverted) -> OrderId:
    return event.order_id or NO_ORDER


custody_of_leads = Process("attribution", successes, looks_at=(lead_turns,))


@custody_of_leads.reacts
def note_who_had_the_lead_that_led_to_an_order(
    event: OrderRequested | OrderPlaced, row: Success | None
) -> Iterator[NoteSalesCustody]:
    if comes(event) and row is not None and row.lead_id is not None:
        yield NoteSalesCustody(order_id=event.order_id, lead_id=row.lead_id)


@custody_of_leads.reacts
def note_who_had_the_lead_that_is_converted_with_an_order(
    event: LeadConverted, row: Success | None, seen: Seen
) -> Iterator[NoteSalesCustody]:
    """Where the order came first, it is his who had the lead then: who got hold of it later has not led to it."""
    if event.order_id is None or row is None or row.came_at is None:
        return
    for turns in seen.rows(lead_turns, lead_id=event.lead_id):
        if (holder := turns.holder_at(row.came_at)) is not None:
            yield NoteSalesCustody(order_id=event.order_id, lead_id=event.lead_id, held_by=holder)


@custody_of_leads.reacts
def note_who_is_named_in_history(event: OrderAdopted, row: Success | None) -> Iterator[NoteSalesCustody]:
    if row is not None and not row.noted:
        yield NoteSalesCustody(order_id=event.order_id, lead_id=row.lead_id, salesperson=row.named)


@custody_of_leads.reacts
def attribute_what_is_paid(
    event: OrderPaid | SalesCustodyNoted, row: Success | None, recorded: Recorded
) -> Iterator[AttributeSalesCredit]:
    """Unless somebody has shared it out himself."""
    after = successes.evolve(row, event, recorded)
    if after.paid and after.staff_id is not None and not after.by_hand:
        share = Share(staff_id=after.staff_id, share=WHOLE, lead_id=after.by_lead)
        yield AttributeSalesCredit(order_id=event.order_id, shares=(share,))
