"""A lead, and what can happen to it, for the specs of the views."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.identity import IdentityKind, IdentityLink
from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadCaptured, TouchRecorded
from domain.lead.facts.work import (
    FollowUpLogged,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
)
from domain.money import Money
from domain.values import CustomerId, IdentityId, LeadId, PoolId, StaffId


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def link(number: int, value: str, kind: IdentityKind = "phone") -> IdentityLink:
    return IdentityLink(identity_id=IdentityId(UUID(int=number)), kind=kind, value=value)


LEAD, OTHER = LeadId(UUID(int=101)), LeadId(UUID(int=102))
CUSTOMER = CustomerId(UUID(int=201))
ANN, BOB = StaffId("ann"), StaffId("bob")
NORTH, SOUTH = PoolId("north"), PoolId("south")
HOME, OFFICE = link(1, "+8613800008000"), link(2, "+8613900009000")
TEN, TWENTY = Money(amount=Decimal("10.50"), currency="CNY"), Money(amount=Decimal(20), currency="CNY")

captured = LeadCaptured(
    lead_id=LEAD,
    source="ads",
    channel="form",
    identities=(HOME, link(3, "lin@example.org", "email")),
    campaign="spring",
    name="Lin",
    requested_amount=TEN,
)
another = LeadCaptured(lead_id=OTHER, source="fair", channel="visit", identities=(OFFICE,))
touched = TouchRecorded(lead_id=LEAD, channel="web", ref="page", note="read the prices")
pooled = LeadPooled(lead_id=LEAD, pool_id=NORTH, reason="new", claimable_from=at(3, 26))
claimed = LeadClaimed(
    lead_id=LEAD,
    owner=ANN,
    pool_id=NORTH,
    first_contact_due=at(3, 27),
    protect_until=at(4, 5),
    hard_limit=at(4, 15),
    extension_days=3,
    time_zone="Asia/Shanghai",
)
assigned = LeadAssigned(
    lead_id=LEAD,
    owner=BOB,
    method="assign",
    pool_id=NORTH,
    first_contact_due=at(3, 28),
    protect_until=at(4, 6),
    hard_limit=at(4, 16),
    extension_days=3,
    time_zone="Asia/Shanghai",
)
transferred = LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB)
released = LeadReleased(
    lead_id=LEAD,
    from_=ANN,
    pool_id=SOUTH,
    reason="voluntary-return",
    claimable_from=at(4, 1),
    cools_until=at(4, 8),
)
recycled = LeadRecycled(
    lead_id=LEAD,
    previous_owner=ANN,
    pool_id=NORTH,
    reason="no-follow-up",
    claimable_from=at(4, 5),
    cools_until=at(4, 12),
)
helped = CollaboratorAdded(lead_id=LEAD, staff_id=BOB, access="work", until=at(4, 2))
tried = FollowUpLogged(lead_id=LEAD, channel="call", effective=False, note="nobody answered")
talked = FollowUpLogged(lead_id=LEAD, channel="call", effective=True, note="wants an offer")
contacted = LeadContacted(lead_id=LEAD, from_="new")
qualified = LeadQualified(lead_id=LEAD, from_="contacting", amount=TWENTY)
negotiating = LeadNegotiating(lead_id=LEAD, from_="qualified", quote_no="Q-1", amount=TEN)
quoted_again = LeadNegotiating(lead_id=LEAD, from_="negotiating", quote_no="Q-2", amount=TWENTY)
nurtured = LeadNurtured(lead_id=LEAD, from_="qualified", revisit_at=at(6, 1))
back_in_touch = LeadContacted(lead_id=LEAD, from_="nurturing")
lost = LeadLost(lead_id=LEAD, from_="contacting", reason="price")
lost_again = LeadLost(lead_id=LEAD, from_="lost", reason="price")
invalidated = LeadInvalidated(lead_id=LEAD, from_="new", reason="wrong number")
reopened = LeadReopened(lead_id=LEAD, from_="lost", cycle=2)
converted = LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=CUSTOMER)
merged = LeadMerged(lead_id=LEAD, from_="new", into=OTHER)

MINUTE = timedelta(minutes=1)
