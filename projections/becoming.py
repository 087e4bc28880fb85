"""Whom the customer of a row has become: who was merged into another is that one, until it is undone."""

from typing import TypeVar

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import PersonalDataErased
from domain.values import CustomerId
from projections.rows import OfPerson, replace, table


@table
class OfCustomer(OfPerson):
    """`customer_id` is who he is now, `came_as` whom he was before that, the first first. Those are undone as they were
    made, the last first.
    """

    customer_id: CustomerId
    came_as: tuple[CustomerId, ...] = ()


R = TypeVar("R", bound=OfCustomer)


def became(row: R, event: CustomerAbsorbed | CustomerRestored) -> R:
    """What came to the survivor by himself stays with him when the two are parted."""
    match event:
        case CustomerAbsorbed(customer_id=gone, into=into):
            return replace(row, customer_id=into, came_as=(*row.came_as, gone))
        case CustomerRestored(customer_id=back) if back in row.came_as:
            return replace(row, customer_id=back, came_as=row.came_as[: row.came_as.index(back)])
        case _:
            return row


def known_as(event: CustomerAbsorbed | CustomerRestored | PersonalDataErased) -> tuple[CustomerId, ...]:
    """Who has the rows that are to change."""
    match event:
        case CustomerAbsorbed(customer_id=gone):
            return (gone,)
        case CustomerRestored(out_of=survivor):
            return (survivor,)
        case PersonalDataErased(customer_id=customer_id, absorbed=absorbed):
            return (customer_id, *absorbed)
