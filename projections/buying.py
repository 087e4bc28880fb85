"""Whose an order is, where two customers were one for a while, in every row about it."""

from domain.customer.facts.merging import CustomerRestored
from domain.values import OrderId


def goes_with(event: CustomerRestored, order_id: OrderId) -> bool:
    """Whether an order is his who is himself again: he has paid for it, or it is on his credit, or it was named."""
    return order_id in {*event.kept.orders, *event.kept.credit.reservations, *event.orders}
