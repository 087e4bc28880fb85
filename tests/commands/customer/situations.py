"""The situations that specs of customers begin in, named once."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.catalog import NOTIFICATION_TEMPLATES, TAGS, CatalogPublished, Entry
from domain.credit_policy import STANDARD as CREDIT_STANDARD
from domain.credit_policy import CreditLevel, CreditPolicyPublished
from domain.customer.dossier import Credit, CreditLine, Dossier, OwnerRole, Profile
from domain.customer.facts.credit import CreditHoldPlaced, CreditLevelChanged, CreditReserved
from domain.customer.facts.lifecycle import CustomerOrderNoted, CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomersMerged, FieldChoices
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.terms import Status
from domain.identity import (
    Identifier,
    IdentityAttributed,
    IdentityDetached,
    IdentityKind,
    IdentityLink,
    IdentityReattributed,
)
from domain.lifecycle_policy import STANDARD as LIFECYCLE_STANDARD
from domain.lifecycle_policy import LifecyclePolicyPublished, LifecycleTerms
from domain.money import Money
from domain.staff import StaffOnboarded
from domain.values import ContactId, CustomerId, LeadId, OrderId, OrgPath, StaffId
from tests.spec import ANN, day, identity, person

LI, OTHER, THIRD = (CustomerId(UUID(int=number)) for number in (0xC1, 0xC2, 0xC3))
ORDER, LATER, LAST = (OrderId(UUID(int=number)) for number in (0x0D1, 0x0D2, 0x0D3))
WANG, ZHAO = (ContactId(UUID(int=number)) for number in (0xA1, 0xA2))
LEAD = LeadId(UUID(int=0x1EAD))

CARL, CORA = StaffId("carl"), StaffId("cora")
carl, cora = person(CARL), person(CORA)
controllers = (
    StaffOnboarded(staff_id=CORA, name="Cora", role="credit_controller", org_path=OrgPath("head-office")),
    StaffOnboarded(staff_id=CARL, name="Carl", role="credit_controller", org_path=OrgPath("head-office")),
)


def money(amount: int | str, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


# What is published

lifecycle_policy = LifecyclePolicyPublished(
    policy_id=LIFECYCLE_STANDARD,
    number=1,
    time_zone="Asia/Shanghai",
    terms=LifecycleTerms(),
    product_lines={"piano": LifecycleTerms(new_days=90, dormant_days=1500, churned_days=2000)},
)
GOLD = CreditLevel(code="gold", limit=money(1000), terms="net-30", max_quantity=50)
BASIC = CreditLevel(code="basic", limit=money(100), terms="prepaid")
EURO = CreditLevel(code="euro", limit=money(1000, "EUR"), terms="net-30")
credit_policy = CreditPolicyPublished(
    policy_id=CREDIT_STANDARD, number=1, levels=(GOLD, BASIC, EURO), alert_percent=80, overdue_days=60
)
tags = CatalogPublished(catalog_id=TAGS, number=1, entries=(Entry(code="vip"), Entry(code="gone", retired=True)))
templates = CatalogPublished(catalog_id=NOTIFICATION_TEMPLATES, number=1, entries=(Entry(code="welcome"),))
published = (lifecycle_policy, credit_policy, tags, templates)

# How he comes

PHONE = Identifier(kind="phone", value="+8613800000001")
EMAIL = Identifier(kind="email", value="li@example.cn")
WECHAT = Identifier(kind="wechat", value="lina_2026")


def link(number: int, identifier: Identifier = PHONE) -> IdentityLink:
    return IdentityLink(
        identity_id=identity(number), kind=identifier.kind, value=identifier.value, system=identifier.system
    )


def attributed(number: int, customer_id: CustomerId = LI, kind: IdentityKind = "phone") -> IdentityAttributed:
    return IdentityAttributed(identity_id=identity(number), kind=kind, customer_id=customer_id)


def detached(number: int, customer_id: CustomerId = LI) -> IdentityDetached:
    return IdentityDetached(identity_id=identity(number), customer_id=customer_id)


def handed_on(number: int, before: CustomerId, after: CustomerId) -> IdentityReattributed:
    return IdentityReattributed(identity_id=identity(number), from_=before, to=after)


created = (
    CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile(name="Li Na"), identities=(link(1),)),
    attributed(1),
)
other_created = (
    CustomerCreated(customer_id=OTHER, customer_type="individual", profile=Profile(), identities=(link(2, EMAIL),)),
    attributed(2, OTHER, "email"),
)

# Who looks after him


def assigned(owner: StaffId = ANN, role: OwnerRole = "primary", customer_id: CustomerId = LI) -> CustomerAssigned:
    return CustomerAssigned(customer_id=customer_id, owner=owner, role=role)


# How far it has come

TENTH = day(1, 10)


def ordered(
    order_id: OrderId = ORDER, paid_at: datetime = TENTH, line: str | None = None, customer_id: CustomerId = LI
) -> CustomerOrderNoted:
    return CustomerOrderNoted(customer_id=customer_id, order_id=order_id, paid_at=paid_at, product_line=line)


def changed(before: Status, after: Status, customer_id: CustomerId = LI) -> CustomerStatusChanged:
    return CustomerStatusChanged(customer_id=customer_id, from_=before, to=after)


WAYS: dict[Status, tuple[object, ...]] = {
    "prospect": (),
    "new": (changed("prospect", "new"),),
    "active": (changed("prospect", "new"), changed("new", "active")),
    "dormant": (changed("prospect", "new"), changed("new", "dormant")),
    "churned": (changed("prospect", "new"), changed("new", "dormant"), changed("dormant", "churned")),
    "closed": (changed("prospect", "closed"), detached(1)),
}
shut = (changed("prospect", "closed"), detached(1))
erased = (PersonalDataErased(customer_id=LI, from_="prospect"), detached(1))

# What he may owe


def level(of: CreditLevel = GOLD, customer_id: CustomerId = LI) -> CreditLevelChanged:
    return CreditLevelChanged(
        customer_id=customer_id,
        to=of.code,
        limit=of.limit,
        terms=of.terms,
        alert_percent=80,
        overdue_days=60,
        max_quantity=of.max_quantity,
    )


def line(of: CreditLevel = GOLD) -> CreditLine:
    return CreditLine(
        level=of.code,
        limit=of.limit,
        terms=of.terms,
        alert_percent=80,
        overdue_days=60,
        max_quantity=of.max_quantity,
    )


def reserved(
    amount: int, order_id: OrderId = ORDER, exposure: int | None = None, customer_id: CustomerId = LI
) -> CreditReserved:
    return CreditReserved(
        customer_id=customer_id,
        order_id=order_id,
        amount=money(amount),
        exposure=money(amount if exposure is None else exposure),
    )


on_hold = CreditHoldPlaced(customer_id=LI, reason="manual")

# Two that are one


def dossier(**known: Any) -> Dossier:
    """What is kept about somebody, of whom little is."""
    nothing = Dossier(
        customer_type="individual",
        profile=Profile(),
        identities={},
        owners={},
        collaborators={},
        contacts={},
        tags={},
        orders={},
        credit=Credit(reservations={}),
    )
    return replace(nothing, **known)


both = dossier(profile=Profile(name="Li Na"), identities={identity(1): "phone", identity(2): "email"})
only_li = dossier(profile=Profile(name="Li Na"), identities={identity(1): "phone"})
only_other = dossier(identities={identity(2): "email"})
merged = (
    CustomersMerged(
        customer_id=LI,
        absorbed=OTHER,
        version=2,
        choices=FieldChoices(),
        from_="prospect",
        to="prospect",
        kept=both,
    ),
    CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect"),
    handed_on(2, OTHER, LI),
)
