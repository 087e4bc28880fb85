"""What an event says has changed: which field, from what, to what. Of personal fields only that they have."""

from collections.abc import Iterator
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

Corrections = LeadCorrected | CustomerCorrected | CustomerProfileUpdated | ContactUpdated


def changes(event: Any) -> tuple[Changed, ...]:
    """At least one. What is told once more, and has not changed, is there only where nothing else is."""
    if isinstance(event, Corrections):
        return tuple(given(event)) or (Changed(),)
    told = [*of_status(event), *of_others(event)]
    return tuple(each for each in told if each.before != each.after) or (*told[:1],) or (Changed(),)


def of_status(event: Any) -> Iterator[Changed]:
    """Of what has a `to`; of some things there was nothing before."""
    if hasattr(event, "to"):
        yield change(NAMES.get(type(event), "status"), getattr(event, "from_", None), event.to)


def of_others(event: Any) -> Iterator[Changed]:
    match event:
        case LeadClaimed(owner=owner) | LeadAssigned(owner=owner) | CustomerAssigned(owner=owner):
            yield change("owner", None, owner)
        case LeadReleased(from_=owner, pool_id=pool_id) | LeadRecycled(previous_owner=owner, pool_id=pool_id):
            yield change("owner", owner, None)
            yield change("pool", None, pool_id)
        case LeadPooled(pool_id=pool_id):
            yield change("pool", None, pool_id)
        case LeadHandedOff(from_=owner) | CustomerReleased(from_=owner):
            yield change("owner", owner, None)
        case TicketAssigned(previous_agent=before, agent=agent, team=team):
            yield change("agent", before, agent)
            yield change("team", None, team)
        case TicketReopened(agent=agent):
            yield change("agent", None, agent)
        case OrderRepriced(before=before, amount=amount):
            yield change("amount", before, amount)
        case ScoreAdjusted(before=before, after=after):
            yield change("final", before.final, after.final)
        case CampaignCostRecorded(from_=before, cost=cost):
            yield change("cost", before, cost)
        case CallDispositioned(replaces=before, code=code):
            yield change("disposition", before, code)
        case LeadScored(score=score):
            yield change("score", None, score)
        case CapacityChanged(cap=cap, daily_claims=daily_claims):
            yield change("cap", None, cap)
            yield change("daily_claims", None, daily_claims)
        case TagApplied(tag=tag):
            yield change("tag", None, tag)
        case TagRemoved(tag=tag):
            yield change("tag", tag, None)
        case _:
            pass


def change(field: str, before: Any, after: Any) -> Changed:
    return Changed(field, written(before), written(after))


def given(event: Corrections) -> Iterator[Changed]:
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
    match value:
        case None:
            return None
        case Money(amount=amount, currency=currency):
            return f"{amount} {currency}"
        case datetime() | date():
            return value.isoformat()
        case str() | int() | Decimal() | UUID():
            return str(value)
        case _:
            return None
