"""What a risk flag holds: no order and no lead of that customer goes on until a person has cleared it."""

from collections.abc import Mapping

from domain.actor import Asked
from domain.customer.refusals import HeldForRisk
from domain.customer.states import Absorbed, Customer, Open
from domain.signature import consulted
from domain.values import CustomerId


@consulted
def who_answers(customers: Mapping[CustomerId, Customer]) -> list[CustomerId]:
    """Whom those who were merged have become."""
    return [customer.into for customer in customers.values() if isinstance(customer, Absorbed)]


def must_not_be_held(
    customers: Mapping[CustomerId, Customer], survivors: Mapping[CustomerId, Customer], asked: Asked
) -> None:
    """Nothing that is history is held; a customer whom nobody has written down has no flags."""
    if asked.imported:
        return
    for customer_id, customer in (*customers.items(), *survivors.items()):
        if isinstance(customer, Open) and customer.dossier.risk_flags:
            raise HeldForRisk(customer_id=customer_id, flags=customer.dossier.risk_flags)
