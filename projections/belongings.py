"""Belongings: about whom else something is, so that it is found when he is forgotten."""

from domain.call.facts import CallLinked, CallRequested
from domain.contact.facts import ContactMerged
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.relations import ContactLinked
from domain.identity import IdentityReassigned, IdentityReserved
from domain.lead.facts.intake import LeadCaptured, LeadContactLinked
from domain.lead.facts.work import LeadAbsorbed, LeadConverted, LeadMerged, LeadQualified
from domain.order.facts import OrderPlaced, OrderRequested
from domain.quality.review.facts import CallSampled
from domain.ticket.facts.opening import TicketOpened
from projections.projection import projection
from projections.rows import Row, table


@table
class Belonging(Row):
    """What is told of `subject_id` is about `to`, or was once. Both are streams, as lead/…"""

    subject_id: str
    to: str


Belongings = tuple[Belonging, ...]
BelongingEvent = (
    LeadCaptured
    | LeadQualified
    | LeadConverted
    | LeadMerged
    | LeadAbsorbed
    | CustomerCreated
    | IdentityReserved
    | IdentityReassigned
    | ContactLinked
    | LeadContactLinked
    | ContactMerged
    | TicketOpened
    | CallRequested
    | CallLinked
    | CallSampled
    | OrderRequested
    | OrderPlaced
)


@projection("belongings", key=("subject_id",), rows_by=("to",), version=1, scoped=False, inward=True, sought_by=("to",))
def belongings(rows: Belongings, event: BelongingEvent) -> Belongings:
    known = {row.to for row in rows}
    new = [to for to in about(event) if to not in known]
    return (*rows, *(Belonging(subject_id=subject(event), to=to) for to in new)) if new else rows


@belongings.finds_by("subject_id")
def subject(event: BelongingEvent) -> str:
    """Of what something is told. It may be another stream than the one that tells it."""
    match event:
        case IdentityReserved(lead_id=lead_id) | IdentityReassigned(to=lead_id):
            return f"lead/{lead_id}"
        case CustomerCreated(lead_id=lead_id):
            return f"lead/{lead_id}"
        case ContactLinked(contact_id=contact_id) | LeadContactLinked(contact_id=contact_id):
            return f"contact/{contact_id}"
        case ContactMerged(contact_id=contact_id):
            return f"contact/{contact_id}"
        case TicketOpened(ticket_id=ticket_id):
            return f"ticket/{ticket_id}"
        case CallRequested(call_id=call_id) | CallLinked(call_id=call_id):
            return f"call/{call_id}"
        case CallSampled(review_id=review_id):
            return f"review/{review_id}"
        case OrderRequested(order_id=order_id) | OrderPlaced(order_id=order_id):
            return f"order/{order_id}"
        case _:
            return f"lead/{event.lead_id}"


def about(event: BelongingEvent) -> tuple[str, ...]:
    match event:
        case IdentityReserved(identity_id=identity_id) | IdentityReassigned(identity_id=identity_id):
            return (f"identity/{identity_id}",)
        case CustomerCreated(lead_id=None):
            return ()
        case LeadMerged(into=into):
            return (f"lead/{into}",)
        case ContactMerged(into=into):
            return (f"contact/{into}",)
        case LeadContactLinked(lead_id=lead_id):
            return (f"lead/{lead_id}",)
        case CallRequested(subject=of) | CallLinked(subject=of):
            return () if of is None else (f"{of.kind}/{of.id}",)
        case CallSampled(call_id=call_id):
            return (f"call/{call_id}",)
        case OrderRequested(co_buyers=co_buyers) | OrderPlaced(co_buyers=co_buyers):
            return tuple(f"customer/{each}" for each in (event.customer_id, *co_buyers))
        case _:
            return () if event.customer_id is None else (f"customer/{event.customer_id}",)
