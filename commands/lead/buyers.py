"""Which customer a lead may name: one who is still himself, and with whom there is business."""

from collections.abc import Mapping

from commands.becoming import who_is_now
from domain.actor import Asked
from domain.customer.refusals import CustomerIsClosed, HasBeenMerged
from domain.customer.states import Absorbed, Closed, Customer
from domain.values import CustomerId


def must_be_himself(
    customer_id: CustomerId,
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> None:
    """Who names somebody who has become another is sent to the survivor, in history too. Nothing live begins with one
    who has been shut or erased.
    """
    match customers[customer_id]:
        case Absorbed():
            raise HasBeenMerged(into=who_is_now(customer_id, {**survivors, **customers}))
        case Closed(because=because) if not asked.imported:
            raise CustomerIsClosed(customer_id=customer_id, because=because)
        case _:
            pass
