"""Whom a customer has become: one that was merged into another is that one, through however many merges."""

from collections.abc import Mapping

from domain.customer.states import Absorbed, Customer
from domain.signature import consulted
from domain.values import CustomerId


@consulted
def who_answers(customers: Mapping[CustomerId, Customer], survivors: Mapping[CustomerId, Customer]) -> list[CustomerId]:
    """Whom those who were merged have become, and whom those have."""
    return [each.into for each in (*customers.values(), *survivors.values()) if isinstance(each, Absorbed)]


def who_is_now(customer_id: CustomerId, known: Mapping[CustomerId, Customer]) -> CustomerId:
    """Whom a customer has become, however often two were found to be one."""
    while isinstance(customer := known.get(customer_id), Absorbed):
        customer_id = customer.into
    return customer_id
