"""What a risk flag holds: no order and no lead of that customer goes on until a person has cleared it.

How far something comes is held, not who has it: leads and customers are handed on all the same.
"""

from collections.abc import Iterable, Iterator, Mapping

from domain.actor import Asked
from domain.customer.refusals import HeldForRisk
from domain.customer.states import Closed, Customer, Open
from domain.identity import Identity
from domain.lead.states import Converted
from domain.lead.states import Open as OpenLead
from domain.signature import consulted
from domain.values import CustomerId, IdentityId


@consulted
def identities_shown(lead: OpenLead | Converted) -> list[IdentityId]:
    return list(lead.identities) if isinstance(lead, OpenLead) else []


@consulted
def whose_lead(lead: OpenLead | Converted, identities: Mapping[IdentityId, Identity]) -> list[CustomerId]:
    """Whom it is about: as it was said of it, and as far as its identities are known to be somebody's."""
    return list(dict.fromkeys(whose(lead.customer_id, identities.values())))


def whose(said: CustomerId | None, identities: Iterable[Identity]) -> Iterator[CustomerId]:
    for customer_id in (said, *(each.customer_id for each in identities)):
        if customer_id is not None:
            yield customer_id


def must_not_be_held(
    customers: Mapping[CustomerId, Customer], survivors: Mapping[CustomerId, Customer], asked: Asked
) -> None:
    """Nothing that is history is held; a customer whom nobody has written down has no flags. Who is shut keeps his."""
    if asked.imported:
        return
    for customer_id, customer in (*customers.items(), *survivors.items()):
        found = customer.was if isinstance(customer, Closed) else customer
        if isinstance(found, Open) and found.dossier.risk_flags:
            raise HeldForRisk(customer_id=customer_id, flags=found.dossier.risk_flags)
