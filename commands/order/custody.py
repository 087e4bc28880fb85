"""Whose a customer was when an order came: what is paid later is his success, whatever has changed meanwhile."""

from collections.abc import Iterator, Mapping
from typing import get_args

from commands.becoming import who_answers
from commands.order.buying import is_named, who_buys
from commands.order.orders import orders
from domain.access import Action
from domain.customer.states import Customer
from domain.lead.states import Converted
from domain.order.facts import CustodyBasis, SalesCustodyNoted
from domain.order.states import Custody, Order
from domain.signature import consulted
from domain.values import CustomerId, LeadId, OrderId, StaffId, value

RANKS: tuple[CustodyBasis, ...] = get_args(CustodyBasis)


@value
class NoteSalesCustody:
    """What was so when the order came.

    `owner` is who looked after the customer, `lead_id` the lead that was converted with it, `held_by` who had that, if
    it was not converted before. `salesperson` is who is named in the order, where that is more than his own word.
    """

    order_id: OrderId
    owner: StaffId | None = None
    lead_id: LeadId | None = None
    held_by: StaffId | None = None
    salesperson: StaffId | None = None


def lead_named(command: NoteSalesCustody) -> list[LeadId]:
    return [] if command.lead_id is None else [command.lead_id]


@consulted
def buyer_and_converted(order: Order, leads: Mapping[LeadId, Converted]) -> list[CustomerId]:
    return [*who_buys(order), *(lead.customer_id for lead in leads.values())] if leads else []


@orders.decides(Action.MIRROR, leads=lead_named, customers=buyer_and_converted, survivors=who_answers)
def note_sales_custody(
    command: NoteSalesCustody,
    order: Order,
    leads: Mapping[LeadId, Converted],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
) -> Iterator[SalesCustodyNoted]:
    """Note by whose custody an order came: who is named in it, else who had the lead, else who has the customer.

    What is noted already gives way only to what comes before it in this order. A lead that became another customer has
    led to nothing here.
    """
    known = {**customers, **survivors}
    his = {lead_id: lead for lead_id, lead in leads.items() if is_named(lead.customer_id, order, known)}
    found = custody_of(command, order, his)
    if order.custody is None or RANKS.index(found.basis) < RANKS.index(order.custody.basis):
        yield SalesCustodyNoted(
            order_id=command.order_id, basis=found.basis, staff_id=found.staff_id, lead_id=found.lead_id
        )


def custody_of(command: NoteSalesCustody, order: Order, leads: Mapping[LeadId, Converted]) -> Custody:
    if command.salesperson is not None and command.salesperson == order.salesperson:
        return Custody(basis="salesperson", staff_id=order.salesperson)
    for lead_id, lead in leads.items():
        holder = command.held_by or lead.custody.last_owner
        if holder is not None:
            return Custody(basis="lead", staff_id=holder, lead_id=lead_id)
    if command.owner is not None:
        return Custody(basis="owner", staff_id=command.owner)
    return Custody(basis="nobody")
