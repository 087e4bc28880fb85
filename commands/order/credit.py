"""Whose an order's success is: sales credit, in shares that add up, of the money that stays."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from commands.order.orders import orders
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid, UnknownStaff
from domain.money import Money
from domain.order.amounts import divided, exponent
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed
from domain.order.refusals import StillOwed
from domain.order.states import Order, payment_of
from domain.staff import Staff, Stranger
from domain.values import LeadId, OrderId, StaffId, value

ALL = Decimal(100)
FINEST = 4  # Decimal places of a share.


@value
class Share:
    """`share` is of 100, `lead_id` the lead by whose custody it is his."""

    staff_id: StaffId
    share: Decimal
    lead_id: LeadId | None = None


@value
class AttributeSalesCredit:
    order_id: OrderId
    shares: tuple[Share, ...]


def sharers(command: AttributeSalesCredit) -> list[StaffId]:
    """Each once, with shares that make up the whole."""
    for nth, each in enumerate(command.shares):
        if not 0 < each.share <= ALL or -exponent(each.share) > FINEST:
            raise Invalid(field=f"shares/{nth}/share", because=f"this is of 100, with at most {FINEST} decimal places")
    people = [each.staff_id for each in command.shares]
    if len(set(people)) < len(people):
        raise Invalid(field="shares", because="everybody has one share")
    if sum(each.share for each in command.shares) != ALL:
        raise Invalid(field="shares", because="shares add up to 100")
    return people


@orders.decides(Action.ASSIGN, people=sharers)
def attribute_sales_credit(
    command: AttributeSalesCredit, order: Order, people: Mapping[StaffId, Staff], asked: Asked
) -> Iterator[SalesCreditAttributed | SalesCreditReversed]:
    """Say whose work a paid order is, and in what shares; said again, it is shared out anew."""
    for staff_id, found in people.items():
        if isinstance(found, Stranger) and not asked.imported:
            raise UnknownStaff(staff_id=staff_id)
    if payment_of(order) != "paid":
        raise StillOwed(amount=order.amount, paid=order.paid)
    before = {who: (held.share, held.lead_id) for who, held in order.credits.items()}
    if before == {each.staff_id: (each.share, each.lead_id) for each in command.shares}:
        return  # It stands so already.
    for staff_id, held in order.credits.items():
        yield SalesCreditReversed(order_id=command.order_id, staff_id=staff_id, amount=held.amount)
    parts = divided(order.paid - order.refunded, [each.share for each in command.shares])
    for each, part in zip(command.shares, parts, strict=True):
        yield SalesCreditAttributed(
            order_id=command.order_id,
            staff_id=each.staff_id,
            share=each.share,
            amount=part,
            lead_id=each.lead_id,
        )


def credited(order_id: OrderId, order: Order, amount: Money) -> Iterator[SalesCreditAttributed]:
    """What is paid after the credit was shared out is shared out likewise."""
    if not order.credits:
        return
    parts = divided(amount, [held.share for held in order.credits.values()])
    for (staff_id, held), part in zip(order.credits.items(), parts, strict=True):
        if part != part.nothing:
            yield SalesCreditAttributed(
                order_id=order_id, staff_id=staff_id, share=held.share, amount=part, lead_id=held.lead_id
            )


def reversed_(order_id: OrderId, order: Order, amount: Money, refund: str) -> Iterator[SalesCreditReversed]:
    """What goes back to the customer goes back from everybody, in proportion to what he has."""
    if not order.credits:
        return
    parts = divided(amount, [held.amount.amount for held in order.credits.values()])
    for staff_id, part in zip(order.credits, parts, strict=True):
        if part != part.nothing:
            yield SalesCreditReversed(order_id=order_id, staff_id=staff_id, amount=part, refund=refund)
