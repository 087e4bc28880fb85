"""What an event says has changed: which field, from what, to what. Of personal fields only that they have."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, get_type_hints
from uuid import UUID

from domain.agent_book import CapacityChanged
from domain.call.facts import CallDispositioned
from domain.campaign import CampaignCostRecorded
from domain.contact.facts import ConsentChanged, ContactReportsTo, ContactUpdated
from domain.customer.facts.credit import CreditLevelChanged
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerCorrected, CustomerProfileUpdated
from domain.customer.facts.relations import (
    ContactRoleChanged,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.identity import IdentityReassigned, IdentityReattributed
from domain.lead.facts.custody import (
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadCorrected, LeadScored
from domain.money import Money
from domain.order.facts import OrderPaid, OrderRefunded, OrderRepriced
from domain.quality.review.facts import ScoreAdjusted
from domain.staff import StaffMoved
from domain.ticket.facts.opening import PriorityChanged
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import TicketAssigned, TicketEscalated
from projections.columns import is_personal


class Changed(NamedTuple):
    """None as the field is an event that is no change of one; None as a value is nothing, or not to be told."""

    field: str | None = None
    before: str | None = None
    after: str | None = None


# What `from` and `to` are of, where that is no status.
NAMES: dict[type, str] = {
    ConsentChanged: "consent",
    ContactReportsTo: "reports_to",
    ContactRoleChanged: "contact_role",
    CreditLevelChanged: "credit_level",
    CustomerTransferred: "owner",
    IdentityReassigned: "lead",
    IdentityReattributed: "customer",
    LeadTransferred: "owner",
    OrderPaid: "payment",
    OrderRefunded: "refund",
    PriorityChanged: "priority",
    RevenueStandingChanged: "standing",
    StaffMoved: "org_path",
    TicketEscalated: "escalated_to",
    ValueSegmentChanged: "segment",
}


def changes(event: Any) -> tuple[Changed, ...]:
    """At least one. What is told once more, and has not changed, is there only where nothing else is."""
    kind: type = type(event)
    if kind in CORRECTIONS:
        return tuple(given(event)) or (Changed(),)
    others = OTHERS.get(kind)
    told = (*(of_status(kind, event) if has_status(kind) else ()), *(() if others is None else others(event)))
    if len(told) < 2:
        return told or (Changed(),)
    return tuple(each for each in told if each.before != each.after) or told[:1]


def change(field: str, before: Any, after: Any) -> Changed:
    return Changed(field, written(before), written(after))


@cache
def has_status(kind: type) -> bool:
    return any(each.name == "to" for each in fields(kind))


def of_status(kind: type, event: Any) -> tuple[Changed, ...]:
    """Of what has a `to`; of some things there was nothing before."""
    return (change(NAMES.get(kind, "status"), getattr(event, "from_", None), event.to),)


# What else an event tells of, for each class that does.


def owned(event: LeadClaimed | LeadAssigned | CustomerAssigned) -> tuple[Changed, ...]:
    return (change("owner", None, event.owner),)


def let_go(event: LeadHandedOff | CustomerReleased) -> tuple[Changed, ...]:
    return (change("owner", event.from_, None),)


def pooled(event: LeadPooled) -> tuple[Changed, ...]:
    return (change("pool", None, event.pool_id),)


def released(event: LeadReleased) -> tuple[Changed, ...]:
    return change("owner", event.from_, None), change("pool", None, event.pool_id)


def recycled(event: LeadRecycled) -> tuple[Changed, ...]:
    return change("owner", event.previous_owner, None), change("pool", None, event.pool_id)


def given_to(event: TicketAssigned) -> tuple[Changed, ...]:
    return change("agent", event.previous_agent, event.agent), change("team", None, event.team)


def capacity(event: CapacityChanged) -> tuple[Changed, ...]:
    return change("cap", None, event.cap), change("daily_claims", None, event.daily_claims)


OTHERS: dict[type, Callable[[Any], tuple[Changed, ...]]] = {
    LeadClaimed: owned,
    LeadAssigned: owned,
    CustomerAssigned: owned,
    LeadHandedOff: let_go,
    CustomerReleased: let_go,
    LeadPooled: pooled,
    LeadReleased: released,
    LeadRecycled: recycled,
    TicketAssigned: given_to,
    CapacityChanged: capacity,
    TicketReopened: lambda event: (change("agent", None, event.agent),),
    OrderRepriced: lambda event: (change("amount", event.before, event.amount),),
    ScoreAdjusted: lambda event: (change("final", event.before.final, event.after.final),),
    CampaignCostRecorded: lambda event: (change("cost", event.from_, event.cost),),
    CallDispositioned: lambda event: (change("disposition", event.replaces, event.code),),
    LeadScored: lambda event: (change("score", None, event.score),),
    TagApplied: lambda event: (change("tag", None, event.tag),),
    TagRemoved: lambda event: (change("tag", event.tag, None),),
}

CORRECTIONS = (LeadCorrected, CustomerCorrected, CustomerProfileUpdated, ContactUpdated)


def given(event: LeadCorrected | CustomerCorrected | CustomerProfileUpdated | ContactUpdated) -> Iterator[Changed]:
    """All that a correction names; what had been said before, it does not repeat."""
    kind: type = type(event)
    for each in fields(event)[1:]:
        found = getattr(event, each.name)
        if each.name == "corrects" or not found:
            continue
        if each.name == "profile":
            names = (inner.name for inner in fields(found) if getattr(found, inner.name) is not None)
            yield from (Changed(f"profile.{name}") for name in names)
        else:
            yield Changed(each.name, None, None if each.name in personal(kind) else written(found))


@cache
def personal(kind: type) -> frozenset[str]:
    """The fields of an event that are personal."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if is_personal(hint))


def written(value: Any) -> str | None:
    """As text, where it is a plain value."""
    if value is None or value.__class__ is str:
        return value
    match value:
        case Money(amount=amount, currency=currency):
            return f"{amount} {currency}"
        case datetime() | date():
            return value.isoformat()
        case str() | int() | Decimal() | UUID():
            return str(value)
        case _:
            return None
