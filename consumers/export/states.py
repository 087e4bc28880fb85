"""What is known of an object, as the events change it, and to which other objects it stands in which relation.

Each event is told of the object in whose stream it stands; here is which of its fields say what.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.call.facts import CallConnected, CallDispositioned, CallLinked, CallRequested
from domain.contact.facts import ContactMerged, ContactReportsTo
from domain.customer.facts.approaches import CustomerApproached
from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced, CreditLevelChanged
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerRegistered
from domain.customer.facts.relations import ContactLinked, RevenueStandingChanged, ValueSegmentChanged
from domain.lead.facts.custody import (
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadCaptured, LeadContactLinked, LeadCorrected, LeadScored
from domain.lead.facts.work import LeadAbsorbed, LeadConverted, LeadInvalidated, LeadLost, LeadMerged, LeadQualified
from domain.order.facts import OrderPaid, OrderPlaced, OrderRefunded, OrderRepriced, OrderRequested, SalesCustodyNoted
from domain.quality.calibration import CalibrationOpened
from domain.quality.review.facts import CallSampled, ReviewAssigned
from domain.staff import StaffMoved, StaffOnboarded
from domain.ticket.facts.opening import PriorityChanged, TicketClassified, TicketOpened
from domain.ticket.facts.status import TicketMerged, TicketReopened
from domain.ticket.facts.work import TicketAssigned
from domain.values import StaffId
from projections.field_changes import NAMES as NO_STATUS
from projections.field_changes import has_status

TEXT, WHOLE, NUMBER, TRUTH = "string", "integer", "float", "boolean"
NOBODY = ""  # What is told of an owner when there is none any more: OCEL has no null.

ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "lead": {
        "status": TEXT,
        "owner": TEXT,
        "pool": TEXT,
        "source": TEXT,
        "channel": TEXT,
        "campaign": TEXT,
        "kind": TEXT,
        "product_line": TEXT,
        "score": WHOLE,
        "grade": TEXT,
        "amount": NUMBER,
        "currency": TEXT,
    },
    "customer": {
        "status": TEXT,
        "owner": TEXT,
        "type": TEXT,
        "registered": TRUTH,
        "credit_level": TEXT,
        "credit_hold": TRUTH,
        "segment": TEXT,
        "standing": TEXT,
    },
    "contact": {},
    "ticket": {
        "status": TEXT,
        "agent": TEXT,
        "team": TEXT,
        "type": TEXT,
        "category": TEXT,
        "priority": TEXT,
        "channel": TEXT,
    },
    "call": {"status": TEXT, "direction": TEXT, "disposition": TEXT},
    "order": {"status": TEXT, "payment": TEXT, "refund": TEXT, "amount": NUMBER, "currency": TEXT},
    "staff": {"role": TEXT, "org_path": TEXT},
    "review": {"status": TEXT, "stratum": TEXT},
    "calibration": {},
}

Said = str | Callable[[Any], Any]
"""The field that says it, or how it is found in the event. None says nothing."""


def fixed(found: str) -> Callable[[Any], Any]:
    return lambda _: found


def yes(_: Any) -> bool:
    return True


def no(_: Any) -> bool:
    return False


def staff(found: str | None) -> Any:
    """Who is named here by a pseudonym, or that it is nobody."""
    return NOBODY if found is None else Somebody(StaffId(found))


class Somebody(NamedTuple):
    id: StaffId


def primary(found: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A customer has several owners; the first of them is meant."""
    return lambda event: found(event) if event.role == "primary" else None


AMOUNT: Mapping[str, Said] = {
    "amount": lambda event: float(event.amount.amount),
    "currency": lambda event: event.amount.currency,
}
OWNED: Mapping[str, Said] = {"owner": lambda event: staff(event.owner), "pool": fixed(NOBODY)}
POOLED: Mapping[str, Said] = {"owner": fixed(NOBODY), "pool": "pool_id"}
FREE: Mapping[str, Said] = {"owner": fixed(NOBODY), "pool": fixed(NOBODY)}
AGENT: Mapping[str, Said] = {"agent": lambda event: staff(event.agent)}

STATED: Mapping[type, Mapping[str, Said]] = {
    LeadCaptured: {
        "status": fixed("new"),
        "source": "source",
        "channel": "channel",
        "campaign": "campaign",
        "kind": "kind",
        "product_line": "product_line",
    },
    LeadCorrected: {each: each for each in ("source", "channel", "campaign", "product_line")},
    LeadPooled: POOLED,
    LeadReleased: POOLED,
    LeadRecycled: POOLED,
    LeadAssigned: OWNED,
    LeadClaimed: OWNED,
    LeadTransferred: {"owner": lambda event: staff(event.to)},
    LeadHandedOff: FREE,
    LeadLost: FREE,
    LeadInvalidated: FREE,
    LeadConverted: FREE,
    LeadMerged: FREE,
    LeadScored: {"score": "score", "grade": "grade"},
    LeadQualified: AMOUNT,
    CustomerCreated: {"status": fixed("prospect"), "type": "customer_type"},
    CustomerCorrected: {"type": "customer_type"},
    CustomerRegistered: {"registered": yes},
    CustomerAssigned: {"owner": primary(lambda event: staff(event.owner))},
    CustomerTransferred: {"owner": primary(lambda event: staff(event.to))},
    CustomerReleased: {"owner": primary(fixed(NOBODY))},
    CreditLevelChanged: {"credit_level": "to"},
    CreditHoldPlaced: {"credit_hold": yes},
    CreditHoldLifted: {"credit_hold": no},
    ValueSegmentChanged: {"segment": "to"},
    RevenueStandingChanged: {"standing": "to"},
    TicketOpened: {each: each for each in ("type", "category", "priority", "channel")},
    TicketClassified: {"type": "type", "category": "category"},
    PriorityChanged: {"priority": "to"},
    TicketAssigned: {**AGENT, "team": "team"},
    TicketReopened: AGENT,
    CallRequested: {"direction": "direction"},
    CallDispositioned: {"disposition": "code"},
    OrderRequested: AMOUNT,
    OrderPlaced: AMOUNT,
    OrderRepriced: AMOUNT,
    OrderPaid: {"payment": "to"},
    OrderRefunded: {"refund": "to"},
    StaffOnboarded: {"role": "role", "org_path": "org_path"},
    StaffMoved: {"role": "role", "org_path": "to"},
    CallSampled: {"status": fixed("selected"), "stratum": "stratum"},
}

RELATED: Mapping[type, Mapping[str, str]] = {
    LeadCaptured: {"customer_id": "customer of the lead"},
    LeadQualified: {"customer_id": "customer of the lead"},
    LeadConverted: {"customer_id": "customer of the lead", "order_id": "order of the lead"},
    LeadAbsorbed: {"customer_id": "customer of the lead"},
    LeadMerged: {"into": "merged into"},
    LeadContactLinked: {"contact_id": "contact of the lead"},
    LeadHandedOff: {"call_id": "call it came from"},
    LeadAssigned: {"owner": "owner"},
    LeadClaimed: {"owner": "owner"},
    LeadTransferred: {"to": "owner"},
    CustomerCreated: {"lead_id": "lead it was"},
    CustomerAssigned: {"owner": "owner"},
    CustomerTransferred: {"to": "owner"},
    CustomerAbsorbed: {"into": "merged into"},
    CustomerApproached: {"lead_id": "lead it was won by"},
    ContactLinked: {"contact_id": "contact of the customer"},
    ContactMerged: {"into": "merged into"},
    ContactReportsTo: {"to": "reports to"},
    TicketOpened: {
        "customer_id": "customer of the ticket",
        "order_id": "order of the ticket",
        "follows": "follows",
    },
    TicketMerged: {"into": "merged into"},
    TicketAssigned: {"agent": "agent"},
    TicketReopened: {"agent": "agent"},
    CallRequested: {"subject": "subject of the call", "agent": "agent"},
    CallConnected: {"agent": "agent"},
    CallLinked: {"subject": "subject of the call"},
    OrderRequested: {"customer_id": "customer of the order", "co_buyers": "co-buyer", "salesperson": "salesperson"},
    OrderPlaced: {"customer_id": "customer of the order", "co_buyers": "co-buyer", "salesperson": "salesperson"},
    SalesCustodyNoted: {"lead_id": "lead of the order"},
    CallSampled: {"call_id": "call that is reviewed", "agent": "agent"},
    ReviewAssigned: {"inspector": "inspector"},
    CalibrationOpened: {"call_id": "call that is reviewed", "participants": "participant"},
}
"""Of the object of the event to those that a field of it names. A relation has no time: whoever once owned a lead is
one of its owners.
"""


def relations() -> frozenset[str]:
    return frozenset(words for told in RELATED.values() for words in told.values())


def stated(kind: str, event: Any) -> list[tuple[str, Any]]:
    """What an event says of an object of a kind: attributes and values."""
    of: type = type(event)
    found: list[tuple[str, Any]] = []
    if "status" in ATTRIBUTES[kind] and of not in NO_STATUS and has_status(of):
        found.append(("status", event.to))
    for name, said in STATED.get(of, {}).items():
        value = getattr(event, said) if isinstance(said, str) else said(event)
        if value is not None:
            found.append((name, value))
    return found
