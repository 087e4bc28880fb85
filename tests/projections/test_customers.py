"""Customers: who each of them is, and how he stands with us."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditHoldLifted
from domain.customer.facts.lifecycle import CustomerRefundNoted, CustomerWonBack
from domain.customer.facts.person import CustomerCorrected, CustomerProfileUpdated, CustomerRegistered
from domain.customer.facts.protection import LegalHoldLifted, LegalHoldPlaced, RiskFlagCleared, RiskFlagRaised
from domain.customer.facts.relations import (
    ContactRoleChanged,
    ContactUnlinked,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.lead.facts.work import LeadConverted
from domain.values import LeadId, PolicyId
from projections.customers import CustomerCard, customers
from projections.query import Filter
from tests.commands.customer.situations import (
    LATER,
    LEAD,
    LI,
    ORDER,
    OTHER,
    TENTH,
    WANG,
    ZHAO,
    assigned,
    changed,
    level,
    money,
    on_hold,
    ordered,
)
from tests.projections.customer_cards import (
    MASKED,
    born,
    created,
    learned,
    linked,
    other,
    phone,
    second,
    told,
    touch,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import day


def test_who_comes_is_a_prospect_with_what_is_known_of_him() -> None:
    assert told(created) == CustomerCard(
        customer_id=LI,
        is_now=LI,
        type="individual",
        created_at=born,
        status_since=born,
        name="Li Na",
        preferences="tea",
        motive="a gift",
        family="two sons",
        phones=(MASKED,),
        phone_ids=(phone.identity_id,),
        leads=(LEAD,),
    )
    assert told(created, replace(created, customer_type="company")).type == "individual"
    assert rows(customers, assigned()) == [], "nobody is known by what is said of him alone"


def test_only_what_is_told_anew_changes() -> None:
    better = CustomerProfileUpdated(customer_id=LI, profile=Profile(name="Li Nana", motive="herself"))
    row = told(created, better)
    assert (row.name, row.preferences, row.motive, row.family) == ("Li Nana", "tea", "herself", "two sons")
    right = CustomerCorrected(
        customer_id=LI,
        corrects=1,
        customer_type="merchant",
        profile=Profile(family="a daughter"),
        identities_added=(second,),
        identities_removed=(phone.identity_id,),
    )
    row = told(created, right)
    assert (row.type, row.name, row.family) == ("merchant", "Li Na", "a daughter")
    assert (row.phones, row.phone_ids) == (("+86139****0002",), (second.identity_id,))
    untouched = told(created, CustomerCorrected(customer_id=LI, corrects=1))
    assert (untouched.type, untouched.phones) == ("individual", (MASKED,))


def test_who_registers_is_registered_and_known_under_more() -> None:
    row = told(created, CustomerRegistered(customer_id=LI, account_id="na", identities_added=(second,)))
    assert row.registered
    assert row.phones == (MASKED, "+86139****0002")


def test_a_status_lasts_from_when_it_came() -> None:
    row = told(created, changed("prospect", "new"), changed("new", "active"), changed("active", "active"))
    assert (row.status, row.status_since) == ("active", day(3, 3))
    back = told(created, changed("prospect", "churned"), CustomerWonBack(customer_id=LI))
    assert (back.status, back.status_since) == ("active", day(3, 3))


def test_orders_count_by_when_they_were_paid_until_they_are_refunded() -> None:
    row = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH))
    assert (row.orders, row.paid_at) == ((LATER, ORDER), (day(2, 1), TENTH))
    assert row.last_order_at == day(2, 1)
    refunded = CustomerRefundNoted(customer_id=LI, order_id=LATER)
    row = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH), refunded)
    assert (row.orders, row.last_order_at) == ((ORDER,), TENTH)
    nothing = told(created, ordered(LATER, day(2, 1)), refunded)
    assert (nothing.orders, nothing.last_order_at) == ((), None)


def test_leads_that_led_to_him_are_known_once() -> None:
    other_lead = LeadId(UUID(int=77))
    won = LeadConverted(lead_id=other_lead, from_="negotiating", customer_id=LI)
    assert told(created, won, won).leads == (LEAD, other_lead)


def test_the_last_touchpoint_is_the_latest_whenever_it_was_told() -> None:
    found = rows(
        customers,
        (born, created),
        (day(3, 9), touch(active_at=day(3, 9))),
        (day(3, 5), touch(channel="visit", direction="outbound", note=None, active_at=None)),
        (day(3, 7), touch(channel="web", active_at=day(3, 7))),
    )
    (row,) = found
    assert (row.touched_at, row.touch_channel, row.touch_direction) == (day(3, 9), "learning", "inbound")
    assert (row.touch_note, row.active_at) == ("lesson 3 of 12", day(3, 9))
    later = told(created, touch(active_at=day(3, 2)), touch(channel="post", direction="outbound", note=None))
    assert (later.touch_channel, later.touch_direction, later.touch_note) == ("post", "outbound", None)
    assert (later.touched_at, later.active_at) == (day(3, 3), day(3, 2))


def test_a_customer_is_restricted_as_long_as_a_hold_lasts() -> None:
    held = told(created, level(), on_hold)
    assert (held.credit_level, held.credit_restricted, held.hold_reason) == ("gold", True, "manual")
    free = told(created, level(), on_hold, CreditHoldLifted(customer_id=LI, reason="paid"))
    assert (free.credit_level, free.credit_restricted, free.hold_reason) == ("gold", False, None)


def test_what_stops_him_is_told_until_it_is_cleared() -> None:
    raised = RiskFlagRaised(customer_id=LI, flag="fraud"), RiskFlagRaised(customer_id=LI, flag="debt")
    kept = LegalHoldPlaced(customer_id=LI, matter="court"), LegalHoldPlaced(customer_id=LI, matter="tax")
    row = told(created, *raised, raised[0], *kept, kept[0])
    assert (row.risk_flags, row.legal_holds) == (("fraud", "debt"), ("court", "tax"))
    over = RiskFlagCleared(customer_id=LI, flag="fraud"), LegalHoldLifted(customer_id=LI, matter="court")
    row = told(created, *raised, *kept, *over)
    assert (row.risk_flags, row.legal_holds) == (("debt",), ("tax",))


def worth(segment: Any) -> ValueSegmentChanged:
    return ValueSegmentChanged(customer_id=LI, to=segment, aov=money(9), frequency=2, thresholds_version="1")


best = RevenueStandingChanged(
    customer_id=LI,
    from_="usual",
    to="best",
    month="2026-03",
    ranks=(),
    policy_id=PolicyId("standard"),
    number=1,
    share_percent=20,
    window_days=365,
    seen_at=9,
)


def test_what_is_said_of_him_by_whom_and_what_he_is_worth() -> None:
    vip, away = (TagApplied(customer_id=LI, tag=tag, source="desk") for tag in ("vip", "away"))
    by_model = TagApplied(customer_id=LI, tag="vip", source="model")
    row = told(created, vip, away, by_model, worth("C"), best)
    assert (row.tags, row.tag_sources) == (("vip", "away"), ("model", "desk"))
    assert (row.segment, row.standing) == ("C", "best")
    left = told(created, vip, away, TagRemoved(customer_id=LI, tag="vip", source="desk"))
    assert (left.tags, left.tag_sources) == (("away",), ("desk",))


def test_contacts_have_roles_and_one_is_the_primary() -> None:
    row = told(created, *linked)
    assert (row.contact_ids, row.contact_roles, row.primary_contact) == ((WANG, ZHAO), ("decides", "uses"), WANG)
    minor = ContactRoleChanged(customer_id=LI, contact_id=WANG, from_="decides", to="pays")
    major = ContactRoleChanged(customer_id=LI, contact_id=ZHAO, from_="uses", to="blocks", primary=True)
    assert told(created, *linked, minor).primary_contact is None
    row = told(created, *linked, minor, major)
    assert (row.contact_roles, row.primary_contact) == (("pays", "blocks"), ZHAO)
    gone = told(created, *linked, ContactUnlinked(customer_id=LI, contact_id=WANG))
    assert (gone.contact_ids, gone.contact_roles, gone.primary_contact) == ((ZHAO,), ("uses",), None)
    still = told(created, *linked, ContactUnlinked(customer_id=LI, contact_id=ZHAO))
    assert still.primary_contact == WANG


def test_what_he_learns_is_told_with_the_last_first_whenever_it_was_told() -> None:
    row = told(created, *(learned(course, nth) for course, nth in (("piano", 4), ("violin", 6), ("piano", 2))))
    assert row.courses == ("violin", "piano")
    assert (row.lessons_done, row.lessons) == ((6, 4), (12, None))
    assert row.learned_at == (day(3, 6), day(3, 4))
    assert row.active_at == day(3, 6)
    assert row.touched_at is None, "nobody of ours has spoken with him"
    later = told(created, learned("piano", 4), learned("violin", 6), learned("piano", 8))
    assert (later.courses, later.lessons_done) == (("piano", "violin"), (8, 6))


# Lists


@pytest.mark.slow
def test_customers_are_sought_by_name_and_number_and_by_what_is_said_of_them(views: Views) -> None:
    na = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH), *linked)
    ltd = told(
        other,
        TagApplied(customer_id=OTHER, tag="vip", source="desk"),
        replace(learned("violin", 6), customer_id=OTHER),
        of=OTHER,
    )
    views.put(customers, na, ltd)

    def found(*filters: Filter, **more: Any) -> list[Any]:
        return [row["customer_id"] for row in views.list(customers, *filters, **more)]

    assert found(search="li n") == [LI]
    assert found(search="+8613900000002") == [OTHER]
    assert found(Filter("tags", "has", "vip")) == [OTHER]
    assert found(Filter("courses", "has", "violin")) == [OTHER]
    assert found(Filter("contact_ids", "has", ZHAO)) == [LI]
    assert found(Filter("is_now", "eq", OTHER)) == [OTHER]
    assert found(sort="-order_count") == [LI, OTHER]
    assert found(sort="first_order_at") == [LI, OTHER]
    (row,) = views.list(customers, Filter("customer_id", "eq", LI))
    assert (row["order_count"], row["first_order_at"]) == (2, TENTH)
    assert row["days_without_order"] == (NOW - day(2, 1)).days
    assert row["subject_id"] == f"customer/{LI}"
