"""Enquirers: who is behind an identity, as an open lead and as a customer; and who may see it."""

from typing import Any
from uuid import UUID

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.identity import (
    IdentityAttributed,
    IdentityDetached,
    IdentityReassigned,
    IdentityReattributed,
    IdentityReleased,
    IdentityReserved,
)
from domain.values import CustomerId, IdentityId, LeadId, OrgPath, StaffId
from projections.customers import CustomerCard, customers
from projections.enquirers import Enquirer, enquirers
from projections.query import Filter, Listing, page
from projections.sales_worklist import sales_worklist
from projections.scope import Reach
from tests.commands.customer.situations import LI, OTHER
from tests.projections.lists import NOW, Views, lead
from tests.projections.spec import START, rows

PHONE = IdentityId(UUID(int=1))
LEAD, LATER = LeadId(UUID(int=1)), LeadId(UUID(int=2))
reserved = IdentityReserved(identity_id=PHONE, kind="phone", lead_id=LEAD)
released = IdentityReleased(identity_id=PHONE, lead_id=LEAD)
attributed = IdentityAttributed(identity_id=PHONE, kind="phone", customer_id=LI)


def told(*events: Any) -> Enquirer | None:
    found = rows(enquirers, *events)
    return next(iter(found), None)


def test_an_open_lead_has_it_until_that_ends() -> None:
    assert told(reserved) == Enquirer(identity_id=PHONE, kind="phone", since=START, lead_id=LEAD, last_lead_id=LEAD)
    over = told(reserved, released)
    assert over is not None
    assert (over.lead_id, over.last_lead_id) == (None, LEAD)


def test_it_goes_with_the_lead_that_another_became() -> None:
    row = told(reserved, IdentityReassigned(identity_id=PHONE, from_=LEAD, to=LATER))
    assert row is not None
    assert (row.lead_id, row.last_lead_id, row.since) == (LATER, LATER, START)


def test_whose_it_is_is_another_question() -> None:
    row = told(attributed)
    assert row == Enquirer(identity_id=PHONE, kind="phone", since=START, customer_id=LI)
    merged = IdentityReattributed(identity_id=PHONE, from_=LI, to=OTHER)
    row = told(reserved, attributed, merged)
    assert row is not None
    assert (row.lead_id, row.customer_id) == (LEAD, OTHER)
    apart = told(reserved, attributed, merged, IdentityReattributed(identity_id=PHONE, from_=OTHER, to=LI))
    assert apart is not None
    assert apart.customer_id == LI
    nobodys = told(reserved, released, attributed, IdentityDetached(identity_id=PHONE, customer_id=LI))
    assert nobodys is not None
    assert (nobodys.lead_id, nobodys.customer_id) == (None, None)


def test_of_what_nobody_had_nothing_is_told() -> None:
    assert told(released) is None


@pytest.mark.slow
def test_it_is_seen_by_whoever_sees_the_lead_or_the_customer(views: Views) -> None:
    def identity(number: int, **who: Any) -> Enquirer:
        return Enquirer(identity_id=IdentityId(UUID(int=number)), kind="phone", since=START, **who)

    def card(customer_id: CustomerId, owner: str) -> CustomerCard:
        told: dict[str, Any] = {"type": "individual", "created_at": START, "status_since": START}
        return CustomerCard(customer_id=customer_id, is_now=customer_id, owner_id=StaffId(owner), **told)

    views.put(sales_worklist, lead(1, owner_id=StaffId("ann")), lead(2, owner_id=StaffId("sue")))
    views.put(customers, card(LI, "ann"), card(OTHER, "sue"))
    views.put(
        enquirers,
        identity(1, lead_id=LEAD),
        identity(2, lead_id=LATER),
        identity(3, customer_id=LI),
        identity(4, lead_id=LATER, customer_id=LI),
        identity(5, last_lead_id=LEAD),
        identity(6, customer_id=OTHER),
    )

    def seen(role: str, scope: Scope, *filters: Filter) -> list[int]:
        reach = Reach(Actor(kind="user", id="ann", role=role, org_path=OrgPath("north")), scope)
        found = views.run(page(enquirers, Listing(NOW, reach, filters)))
        return [row["identity_id"].int for row in found]

    assert seen("sales", Scope.OWN) == [1, 3, 4]
    assert seen("analyst", Scope.ALL) == [1, 2, 3, 4, 6]
    assert seen("analyst", Scope.ALL, Filter("lead_id", "eq", LATER)) == [2, 4]
    (row,) = views.list(enquirers, Filter("customer_id", "eq", OTHER))
    assert row["subject_id"] == f"identity/{UUID(int=6)}"
