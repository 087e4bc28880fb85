"""The situations that specs of leads begin in, named once."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.agent_book import SlotKind, SlotReleased, SlotReserved
from domain.catalog import INVALID_REASONS, LOST_REASONS, CatalogPublished, Entry
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.dispatch_rule import DispatchRulePublished, DispatchTerms
from domain.identity import Cooling, Identifier, IdentityKind, IdentityLink, IdentityReleased, IdentityReserved
from domain.lead.facts.custody import LeadClaimed, LeadPooled
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import (
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
)
from domain.money import Money
from domain.pool import PoolPublished, Terms, business_date, days_after
from domain.values import CustomerId, LeadId, OrgPath, PolicyId, PoolId, StaffId
from tests.spec import ANN, START, day, identity

LEAD, OTHER, THIRD = (LeadId(UUID(int=number)) for number in (0x1EAD, 0x2EAD, 0x3EAD))
CUSTOMER = CustomerId(UUID(int=0xC))
NORTH, SOUTH = PoolId("north"), PoolId("south")
AMOUNT = Money(amount=Decimal("1200.50"), currency="CNY")

# What is published

TERMS = Terms()
north = PoolPublished(pool_id=NORTH, number=1, name="North", members=(OrgPath("north"),), terms=TERMS)
south = PoolPublished(pool_id=SOUTH, number=1, name="South", members=(OrgPath("south"),), terms=TERMS)
lost_reasons = CatalogPublished(
    catalog_id=LOST_REASONS,
    number=1,
    entries=(Entry(code="price", zh="价格", en="price"), Entry(code="gone", retired=True)),
)
invalid_reasons = CatalogPublished(catalog_id=INVALID_REASONS, number=1, entries=(Entry(code="wrong-number"),))
published = (north, south, lost_reasons, invalid_reasons)
by_web = DispatchRulePublished(
    rule_id=PolicyId("north-web"),
    number=1,
    name="From the web, in the north",
    pool_id=NORTH,
    terms=DispatchTerms(),
)


def under(terms: Terms, number: int = 2) -> PoolPublished:
    """New terms for the pool in the north."""
    return replace(north, number=number, terms=terms)


# How a lead comes

PHONE = Identifier(kind="phone", value="+8613800000001")
EMAIL = Identifier(kind="email", value="li@example.cn")


def link(number: int, identifier: Identifier = PHONE) -> IdentityLink:
    return IdentityLink(
        identity_id=identity(number), kind=identifier.kind, value=identifier.value, system=identifier.system
    )


def reserved(number: int, lead_id: LeadId = LEAD, kind: IdentityKind = "phone") -> IdentityReserved:
    return IdentityReserved(identity_id=identity(number), kind=kind, lead_id=lead_id)


def freed(number: int, lead_id: LeadId = LEAD, *, cooling: Cooling | None = None) -> IdentityReleased:
    return IdentityReleased(identity_id=identity(number), lead_id=lead_id, cooling=cooling)


captured = (LeadCaptured(lead_id=LEAD, source="fair", channel="form", identities=(link(1),)), reserved(1))
other_captured = (
    LeadCaptured(lead_id=OTHER, source="web", channel="chat", identities=(link(2, EMAIL),)),
    reserved(2, OTHER, "email"),
)

# Who has it


def pooled(lead_id: LeadId = LEAD, pool_id: PoolId = NORTH, claimable_from: datetime = START) -> LeadPooled:
    return LeadPooled(lead_id=lead_id, pool_id=pool_id, reason="new", claimable_from=claimable_from)


def claim_of(
    owner: StaffId = ANN,
    at: datetime = START,
    *,
    lead_id: LeadId = LEAD,
    pool: PoolPublished = north,
) -> LeadClaimed:
    """A claim under the terms of a pool. The dates are worked out here; the dated example has them in figures."""
    terms = pool.terms
    return LeadClaimed(
        lead_id=lead_id,
        owner=owner,
        pool_id=pool.pool_id,
        first_contact_due=days_after(at, 1, terms.time_zone),
        protect_until=days_after(at, terms.protection_days, terms.time_zone),
        hard_limit=days_after(at, terms.hard_limit_days, terms.time_zone),
        extension_days=terms.extension_days,
        time_zone=terms.time_zone,
    )


def slot(owner: StaffId = ANN, at: datetime = START, kind: SlotKind = "claim", lead_id: LeadId = LEAD) -> SlotReserved:
    return SlotReserved(staff_id=owner, lead_id=lead_id, kind=kind, business_date=business_date(at, TERMS.time_zone))


def slot_freed(owner: StaffId = ANN, lead_id: LeadId = LEAD) -> SlotReleased:
    return SlotReleased(staff_id=owner, lead_id=lead_id)


def claimed(
    owner: StaffId = ANN, at: datetime = START, *, lead_id: LeadId = LEAD, pool: PoolPublished = north
) -> tuple[LeadClaimed, SlotReserved]:
    return claim_of(owner, at, lead_id=lead_id, pool=pool), slot(owner, at, lead_id=lead_id)


in_pool = (*published, *captured, pooled())
held = (*in_pool, *claimed())

# How far it has come

contacted = LeadContacted(lead_id=LEAD, from_="new")
qualified = LeadQualified(lead_id=LEAD, from_="contacting", amount=AMOUNT)
negotiating = LeadNegotiating(lead_id=LEAD, from_="qualified", quote_no="Q-1", amount=AMOUNT)
nurtured = LeadNurtured(lead_id=LEAD, from_="new", revisit_at=day(5, 1))
lost = LeadLost(lead_id=LEAD, from_="new", reason="price")
invalidated = LeadInvalidated(lead_id=LEAD, from_="new", reason="wrong-number")
buyer = CustomerCreated(customer_id=CUSTOMER, customer_type="individual", profile=Profile())
converted = LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=CUSTOMER)
