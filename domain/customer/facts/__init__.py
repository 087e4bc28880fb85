"""What can happen to a customer."""

from domain.customer.facts.approaches import ApproachEvent
from domain.customer.facts.credit import CreditEvent
from domain.customer.facts.lifecycle import LifecycleEvent
from domain.customer.facts.merging import MergingEvent
from domain.customer.facts.owners import OwnerEvent
from domain.customer.facts.person import PersonEvent
from domain.customer.facts.protection import ProtectionEvent
from domain.customer.facts.relations import RelationEvent

CustomerEvent = (
    PersonEvent
    | LifecycleEvent
    | OwnerEvent
    | RelationEvent
    | ApproachEvent
    | CreditEvent
    | ProtectionEvent
    | MergingEvent
)
