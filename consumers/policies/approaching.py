"""Win-back and upsell: we come to a customer again when he leaves us, and when he has come to be worth more."""

from uuid import UUID

from commands.customer.approaching import ApproachCustomer
from consumers.process import Process, derived
from domain.customer.facts.approaches import ApproachKind
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.relations import ValueSegmentChanged
from domain.policy import PolicyName
from domain.values import CustomerId, LeadId
from ledger.envelope import Recorded
from projections.deadlines import Deadline

winback = Process("win-back")
upsell = Process("upsell")


def approach(policy: PolicyName, kind: ApproachKind, customer_id: CustomerId, cause: UUID) -> ApproachCustomer:
    """The lead has an id that derives from what it follows from, so that it is opened once."""
    lead_id = LeadId(derived(policy, cause, f"lead of {customer_id}"))
    return ApproachCustomer(lead_id=lead_id, customer_id=customer_id, kind=kind)


@winback.reacts
def win_back_who_is_dormant(event: CustomerStatusChanged, recorded: Recorded) -> ApproachCustomer | None:
    if event.to != "dormant":
        return None
    return approach("win-back", "winback", event.customer_id, recorded.event_id)


@winback.when_due("winback")
def win_back_when_it_is_not_too_much(deadline: Deadline) -> ApproachCustomer:
    return approach("win-back", "winback", customer_of(deadline), deadline.caused_by)


@upsell.reacts
def offer_more_to_whom_is_worth_it(event: ValueSegmentChanged, recorded: Recorded) -> ApproachCustomer | None:
    """To which segments something is offered, and what, is published, and the rule knows it."""
    if event.to == event.from_:
        return None
    return approach("upsell", "upsell", event.customer_id, recorded.event_id)


@upsell.when_due("upsell")
def offer_more_when_it_is_not_too_much(deadline: Deadline) -> ApproachCustomer:
    return approach("upsell", "upsell", customer_of(deadline), deadline.caused_by)


def customer_of(deadline: Deadline) -> CustomerId:
    return CustomerId(UUID(deadline.subject_id.removeprefix("customer/")))
