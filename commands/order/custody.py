"""Whose a customer was when an order came: what is paid later is his success, whatever has changed meanwhile."""

from collections.abc import Iterator, Mapping
from typing import get_args

from commands.order.orders import orders
from domain.access import Action
from domain.lead.states import Converted
from domain.order.facts import CustodyBasis, SalesCustodyNoted
from domain.order.states import Custody, Order
from domain.values import LeadId, OrderId, StaffId, value

RANKS: tuple[CustodyBasis, ...] = get_args(CustodyBasis)


@value
class NoteSalesCustody:
    """`owner` is who looked after the customer when the order came, `lead_id` the lead that was converted with it."""

    order_id: OrderId
    owner: StaffId | None = None
    lead_id: LeadId | None = None


def lead_named(command: NoteSalesCustody) -> list[LeadId]:
    return [] if command.lead_id is None else [command.lead_id]


@orders.decides(Action.MIRROR, leads=lead_named)
def note_sales_custody(
    command: NoteSalesCustody, order: Order, leads: Mapping[LeadId, Converted]
) -> Iterator[SalesCustodyNoted]:
    """Note by whose custody an order came: who is named in it, else who had the lead, else who has the customer.

    What is noted already gives way only to what comes before it in this order.
    """
    found = custody_of(command, order, leads)
    if order.custody is None or RANKS.index(found.basis) < RANKS.index(order.custody.basis):
        yield SalesCustodyNoted(
            order_id=command.order_id, basis=found.basis, staff_id=found.staff_id, lead_id=found.lead_id
        )


def custody_of(command: NoteSalesCustody, order: Order, leads: Mapping[LeadId, Converted]) -> Custody:
    if order.salesperson is not None:
        return Custody(basis="salesperson", staff_id=order.salesperson)
    for lead_id, lead in leads.items():
        if lead.custody.last_owner is not None:
            return Custody(basis="lead", staff_id=lead.custody.last_owner, lead_id=lead_id)
    if command.owner is not None:
        return Custody(basis="owner", staff_id=command.owner)
    return Custody(basis="nobody")
