"""How a customer stands with us: his status, what he bought and owes, what he is called, and whom to talk to."""

from collections.abc import Mapping
from typing import Any

from domain.customer.dossier import ContactRole, Learned, with_learned
from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced, CreditLevelChanged
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    LearningNoted,
    TouchpointRecorded,
)
from domain.customer.facts.protection import LegalHoldLifted, LegalHoldPlaced, RiskFlagCleared, RiskFlagRaised
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.customer.facts.terms import Status
from domain.values import ContactId, Instant, OrderId
from projections.customers.card import CustomerCard
from projections.personal import readable
from projections.rows import replace

OrderEvent = CustomerOrderNoted | CustomerRefundNoted
ContactEvent = ContactLinked | ContactUnlinked | ContactRoleChanged
CreditEvent = CreditLevelChanged | CreditHoldPlaced | CreditHoldLifted
StopEvent = RiskFlagRaised | RiskFlagCleared | LegalHoldPlaced | LegalHoldLifted
SaidEvent = TagApplied | TagRemoved | ValueSegmentChanged | RevenueStandingChanged


def in_status(row: CustomerCard, status: Status, at: Instant) -> CustomerCard:
    row = row if row.status == status else replace(row, status=status, status_since=at)
    return anybodys_if_shut(row)


def anybodys_if_shut(row: CustomerCard) -> CustomerCard:
    """Under his numbers somebody new may come when he is shut, unless a risk flag has yet to be cleared."""
    shut = row.status == "closed" and not row.became and not row.risk_flags
    return replace(row, phones=(), phone_ids=()) if shut else row


def bought(row: CustomerCard, event: OrderEvent) -> CustomerCard:
    orders = dict(zip(row.orders, row.paid_at, strict=True))
    match event:
        case CustomerOrderNoted(order_id=order_id, paid_at=paid_at):
            orders[order_id] = paid_at
        case CustomerRefundNoted(order_id=order_id):
            orders.pop(order_id, None)
    return replace(row, **of_orders(orders))


def of_orders(orders: dict[OrderId, Instant]) -> dict[str, Any]:
    paid_at = tuple(orders.values())
    return {"orders": tuple(orders), "paid_at": paid_at, "last_order_at": max(paid_at, default=None)}


def touched(row: CustomerCard, event: TouchpointRecorded, at: Instant) -> CustomerCard:
    """History may be told out of order: the last is the latest."""
    active_at = max(filter(None, (row.active_at, event.active_at)), default=None)
    if row.touched_at is not None and at < row.touched_at:
        return replace(row, active_at=active_at)
    note = None if row.erased_on else readable(event.note)
    return replace(
        row,
        active_at=active_at,
        touched_at=at,
        touch_channel=event.channel,
        touch_direction=event.direction,
        touch_note=note,
    )


def learned(row: CustomerCard, event: LearningNoted) -> CustomerCard:
    at = event.learned_at
    if row.erased_on:
        return row
    known = {
        course: Learned(at=was, done=done, of=of)
        for course, was, done, of in zip(row.courses, row.learned_at, row.lessons_done, row.lessons, strict=True)
    }
    told = with_learned(known, event.course, Learned(at=at, done=event.done, of=event.of))
    return replace(row, active_at=max(at, row.active_at or at), **of_learning(told))


def of_learning(learning: Mapping[str, Learned]) -> dict[str, Any]:
    each = learning.values()
    return {
        "courses": tuple(learning),
        "lessons_done": tuple(learned.done for learned in each),
        "lessons": tuple(learned.of for learned in each),
        "learned_at": tuple(learned.at for learned in each),
    }


def owing(row: CustomerCard, event: CreditEvent) -> CustomerCard:
    match event:
        case CreditLevelChanged(to=level):
            return replace(row, credit_level=level)
        case CreditHoldPlaced(reason=reason):
            return replace(row, credit_restricted=True, hold_reason=reason)
        case CreditHoldLifted():
            return replace(row, credit_restricted=False, hold_reason=None)


def stopped(row: CustomerCard, event: StopEvent) -> CustomerCard:
    match event:
        case RiskFlagRaised(flag=flag):
            return replace(row, risk_flags=tuple(dict.fromkeys((*row.risk_flags, flag))))
        case RiskFlagCleared(flag=flag):
            return anybodys_if_shut(replace(row, risk_flags=tuple(each for each in row.risk_flags if each != flag)))
        case LegalHoldPlaced(matter=matter):
            return replace(row, legal_holds=tuple(dict.fromkeys((*row.legal_holds, matter))))
        case LegalHoldLifted(matter=matter):
            return replace(row, legal_holds=tuple(each for each in row.legal_holds if each != matter))


def said(row: CustomerCard, event: SaidEvent) -> CustomerCard:
    tags = dict(zip(row.tags, row.tag_sources, strict=True))
    match event:
        case ValueSegmentChanged(to=segment):
            return replace(row, segment=segment)
        case RevenueStandingChanged(to=standing):
            return replace(row, standing=standing)
        case TagApplied(tag=tag, source=source):
            tags[tag] = source
        case TagRemoved(tag=tag):
            tags.pop(tag, None)
    return replace(row, tags=tuple(tags), tag_sources=tuple(tags.values()))


def reached_through(row: CustomerCard, event: ContactEvent) -> CustomerCard:
    roles = dict(zip(row.contact_ids, row.contact_roles, strict=True))
    primary = None if row.primary_contact == event.contact_id else row.primary_contact
    match event:
        case ContactLinked(contact_id=contact_id, role=role) | ContactRoleChanged(contact_id=contact_id, to=role):
            roles[contact_id] = role
            primary = contact_id if event.primary else primary
        case ContactUnlinked(contact_id=contact_id):
            roles.pop(contact_id, None)
    return replace(row, **of_contacts(roles, primary))


def of_contacts(roles: dict[ContactId, ContactRole], primary: ContactId | None) -> dict[str, Any]:
    return {"contact_ids": tuple(roles), "contact_roles": tuple(roles.values()), "primary_contact": primary}
