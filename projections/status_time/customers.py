"""How long customers were in each status; who was merged into another is closed until that is undone."""

from domain.customer.facts.lifecycle import CustomerStatusChanged, CustomerWonBack
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.values import Instant
from projections.looked_after import looked_after
from projections.status_time.row import Spells, entered, first


def of_customers(
    spells: Spells,
    event: CustomerCreated
    | CustomerStatusChanged
    | CustomerWonBack
    | CustomersMerged
    | CustomerUnmerged
    | CustomerAbsorbed
    | CustomerRestored
    | PersonalDataErased
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded,
    at: Instant,
) -> Spells:
    match event:
        case CustomerCreated():
            return spells or (first("customer", event.customer_id, "prospect", at),)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            return tuple(looked_after(spell, event) for spell in spells)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            known = entered(spells, event, at, "customer", event.customer_id)
            return tuple(looked_after(spell, event) for spell in known)
        case _:
            return entered(spells, event, at, "customer", event.customer_id)
