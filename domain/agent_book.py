"""A salesperson's book (库容): how many leads he holds, and how many he has claimed today."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from domain.values import LeadId, StaffId, fact, replace, value

SlotKind = Literal["claim", "dispatch", "assign", "transfer", "import"]

# Facts


@fact("agent-book.slot-reserved")
class SlotReserved:
    staff_id: StaffId
    lead_id: LeadId
    kind: SlotKind
    business_date: date


@fact("agent-book.slot-released")
class SlotReleased:
    staff_id: StaffId
    lead_id: LeadId


@fact("agent-book.capacity-changed")
class CapacityChanged:
    staff_id: StaffId
    cap: int
    daily_claims: int


AgentBookEvent = SlotReserved | SlotReleased | CapacityChanged


# State. Claims are counted from reservations, so giving a lead back does not win back a claim.

DAYS_KEPT = 3  # Pools lie in different time zones, so two business dates can be open at once.


@value
class AgentBook:
    cap: int | None = None
    daily_claims: int | None = None
    held: frozenset[LeadId] = frozenset()
    claims: Mapping[date, int]


def evolve(book: AgentBook, event: AgentBookEvent) -> AgentBook:
    match event:
        case SlotReserved(lead_id=lead_id, kind="claim", business_date=on):
            days = {**book.claims, on: book.claims.get(on, 0) + 1}
            kept = {day: days[day] for day in sorted(days)[-DAYS_KEPT:]}
            return replace(book, held=book.held | {lead_id}, claims=kept)
        case SlotReserved(lead_id=lead_id):
            return replace(book, held=book.held | {lead_id})
        case SlotReleased(lead_id=lead_id):
            return replace(book, held=book.held - {lead_id})
        case CapacityChanged(cap=cap, daily_claims=daily_claims):
            return replace(book, cap=cap, daily_claims=daily_claims)
