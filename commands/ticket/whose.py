"""Whose tickets are: a customer's, and his whom he has become."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from commands.becoming import who_is_now
from commands.ticket.tickets import Opened
from domain.customer.states import Customer
from domain.signature import consulted
from domain.ticket.refusals import AnotherCustomer
from domain.ticket.states import Active
from domain.values import CustomerId, TicketId

if TYPE_CHECKING:
    from commands.ticket.opening import OpenTicket


@consulted
def whose_it_follows(command: "OpenTicket", earlier: Mapping[TicketId, Opened]) -> list[CustomerId]:
    """Where it follows nothing, nobody has to be the same."""
    return [command.customer_id, *(other.matter.customer_id for other in earlier.values())] if earlier else []


@consulted
def whose_both_are(ticket: Active, survivor: Active) -> list[CustomerId]:
    return [ticket.matter.customer_id, survivor.matter.customer_id]


def must_be_of(
    customer_id: CustomerId, other_id: TicketId, other: Opened, known: Mapping[CustomerId, Customer]
) -> None:
    """Or of somebody who has turned out to be the same."""
    if who_is_now(other.matter.customer_id, known) != who_is_now(customer_id, known):
        raise AnotherCustomer(other=other_id)
