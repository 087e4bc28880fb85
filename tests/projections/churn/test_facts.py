"""The facts of churn: what is a purchase and whose it is, what else customers did, and how far they have come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.customer.dossier import Credit, CreditHold, Ends, LinkedContact, Profile
from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    OrderTerms,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, FieldChoices
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerRegistered
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked, ContactUnlinked, ValueSegmentChanged
from domain.lifecycle_policy import STANDARD, LifecyclePolicyPublished, LifecycleTerms
from domain.order.facts import (
    Line,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    PaymentReceived,
    SalesCustodyNoted,
)
from domain.values import StaffId
from projections.churn.facts import Purchase, churn_terms, customer_lives, purchases
from tests.commands.customer.situations import (
    LEAD,
    LI,
    ORDER,
    OTHER,
    THIRD,
    WANG,
    ZHAO,
    dossier,
    lifecycle_policy,
    money,
)
from tests.projections.spec import rows

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LINES = (Line(product="piano.grand", quantity=1, unit_price=money(10)),)
placed = OrderPlaced(order_id=ORDER, customer_id=LI, lines=LINES, amount=money(10))
came_in = PaymentReceived(order_id=ORDER, payment="p-1", amount=money(10))
all_paid = OrderPaid(order_id=ORDER, from_="unpaid", to="paid", paid=money(10), amount=money(10))
bought = (placed, came_in, (JUNE, all_paid))


def back(amount: int, status: Any = "part_refunded") -> OrderRefunded:
    amounts = {"amount": money(amount), "refunded": money(amount)}
    return OrderRefunded(order_id=ORDER, from_="not_refunded", to=status, refund="r", **amounts)


def purchase(*events: Any) -> Purchase:
    (row,) = rows(purchases, *events)
    assert isinstance(row, Purchase)
    return row


def absorbed(who: Any, into: Any) -> CustomerAbsorbed:
    return CustomerAbsorbed(customer_id=who, into=into, from_="active")


def restored(who: Any, out_of: Any, **given: Any) -> CustomerRestored:
    return CustomerRestored(customer_id=who, out_of=out_of, to="active", kept=dossier(), **given)


# Purchases


def test_a_purchase_is_made_when_all_of_it_is_paid_and_not_again_when_it_becomes_dearer() -> None:
    assert purchase(placed, came_in).paid_at is None
    assert purchase(*bought).paid_at == JUNE
    dearer = OrderRepriced(order_id=ORDER, from_="placed", to="placed", lines=LINES, before=money(10), amount=money(12))
    part = replace(all_paid, from_="paid", to="part_paid")
    rest = replace(came_in, payment="p-2", amount=money(2))
    row = purchase(*bought, dearer, part, rest, all_paid)
    assert (row.paid_at, row.paid, row.currency, row.products) == (JUNE, Decimal(12), "CNY", ("piano.grand",))


def test_what_went_back_is_told_beside_what_came_in() -> None:
    row = purchase(*bought, back(4))
    assert (row.paid, row.refunded) == (Decimal(10), Decimal(4))


def test_what_was_cancelled_is_off_until_it_is_ordered_again() -> None:
    cancelled = OrderCancelled(order_id=ORDER, from_="placed")
    assert purchase(*bought, cancelled).off
    assert not purchase(*bought, cancelled, OrderReopened(order_id=ORDER, from_="cancelled", cycle=2)).off
    asked = OrderRequested(order_id=ORDER, customer_id=LI, lines=LINES, amount=money(10))
    assert not purchase(asked, cancelled, replace(placed, from_="authorised")).off


def test_the_product_line_is_the_one_whose_terms_the_clock_applied() -> None:
    assert not purchase(*bought).line_known
    noted = CustomerOrderNoted(customer_id=LI, order_id=ORDER, paid_at=JUNE, product_line="piano")
    row = purchase(*bought, noted)
    assert (row.product_line, row.line_known) == ("piano", True)
    unknown = replace(noted, product_line=None)
    assert not purchase(*bought, unknown).line_known
    ends = Ends(new_until=JUNE, dormant_at=JUNE, churned_at=JUNE)
    row = purchase(*bought, replace(unknown, ends=ends))
    assert (row.product_line, row.line_known) == (None, True), "by the terms of all"
    terms = OrderTerms(order_id=ORDER, ends=ends, product_line="piano")
    started = CustomerClockStarted(customer_id=LI, number=1, orders=(terms,))
    assert purchase(*bought, unknown, started).product_line == "piano"
    assert not purchase(*bought, unknown, replace(started, orders=())).line_known


def test_a_purchase_goes_with_its_customer_into_whom_he_becomes_and_back() -> None:
    assert purchase(*bought, absorbed(LI, OTHER)).customer_id == OTHER
    row = purchase(*bought, absorbed(LI, OTHER), absorbed(OTHER, THIRD))
    assert (row.customer_id, row.formerly_of) == (THIRD, (LI, OTHER))
    row = purchase(*bought, absorbed(LI, OTHER), absorbed(OTHER, THIRD), restored(OTHER, THIRD))
    assert (row.customer_id, row.formerly_of) == (OTHER, (LI,))
    again = restored(OTHER, THIRD), restored(LI, OTHER)
    assert purchase(*bought, absorbed(LI, OTHER), absorbed(OTHER, THIRD), *again).customer_id == LI
    assert purchase(*bought, absorbed(OTHER, THIRD)).customer_id == LI, "another one's merge is another one's"


def test_what_was_named_since_goes_with_him_who_is_himself_again() -> None:
    assert purchase(*bought, restored(OTHER, LI)).customer_id == LI
    assert purchase(*bought, restored(OTHER, LI, orders=(ORDER,))).customer_id == OTHER


def test_a_purchase_is_seen_by_whose_success_it_is() -> None:
    noted = SalesCustodyNoted(order_id=ORDER, basis="owner", staff_id=StaffId("ann"))
    assert purchase(*bought, noted).owner_id == "ann"


def test_what_nobody_ordered_is_no_purchase() -> None:
    assert rows(purchases, came_in, all_paid, back(1)) == []


# How far he has come

created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())


def life(*events: Any) -> Any:
    (row,) = rows(customer_lives, created, *events)
    return row


def status(from_: Any, to: Any) -> CustomerStatusChanged:
    return CustomerStatusChanged(customer_id=LI, from_=from_, to=to)


def test_a_customer_is_at_risk_since_he_was_dormant_until_he_buys() -> None:
    dormant, lost = (JUNE, status("active", "dormant")), (JUNE + DAY, status("dormant", "churned"))
    row = life(dormant, lost)
    assert (row.status, row.status_since, row.risk_since) == ("churned", JUNE + DAY, JUNE)
    assert life(dormant, (JUNE + DAY, status("active", "dormant"))).status_since == JUNE, "told again"
    assert life(dormant, lost, CustomerWonBack(customer_id=LI)).risk_since is None


def test_who_he_is_is_told_without_anything_personal() -> None:
    registered = (JUNE, CustomerRegistered(customer_id=LI, account_id="li@example.cn"))
    segment = ValueSegmentChanged(customer_id=LI, to="E", aov=money(9), frequency=3, thresholds_version="1")
    row = life(registered, segment, CustomerCorrected(customer_id=LI, corrects=1, customer_type="company"))
    assert (row.registered_at, row.segment, row.type) == (JUNE, "E", "company")
    assert life(CustomerCorrected(customer_id=LI, corrects=1)).type == "individual"
    assert "li@" not in repr(row)


def test_by_which_lead_he_came_is_told() -> None:
    (row,) = rows(customer_lives, replace(created, lead_id=LEAD), replace(created, lead_id=None))
    assert row.lead_id == LEAD


def test_a_hold_stands_until_it_is_lifted() -> None:
    held = (JUNE, CreditHoldPlaced(customer_id=LI, reason="overdue"))
    assert life(held).held_since == JUNE
    assert life(held, CreditHoldLifted(customer_id=LI, reason="paid")).held_since is None


def test_whom_to_talk_to_is_the_primary_contact() -> None:
    wang = ContactLinked(customer_id=LI, contact_id=WANG, role="decides", primary=True)
    zhao = ContactLinked(customer_id=LI, contact_id=ZHAO, role="uses")
    assert life(wang, zhao).primary_contact == WANG
    assert life(wang, ContactUnlinked(customer_id=LI, contact_id=WANG)).primary_contact is None
    assert life(wang, ContactUnlinked(customer_id=LI, contact_id=ZHAO)).primary_contact == WANG


def test_who_becomes_another_is_shut_until_he_is_himself_again() -> None:
    row = life((JUNE, absorbed(LI, OTHER)))
    assert (row.became, row.status, row.closed_at, row.erased_at) == (OTHER, "closed", JUNE, None)
    row = life((JUNE, absorbed(LI, OTHER)), restored(LI, OTHER))
    assert (row.became, row.status, row.closed_at) == (None, "active", None)


def test_the_survivor_has_what_both_have() -> None:
    held = replace(dossier(), credit=Credit(reservations={}, hold=CreditHold(reason="risk")), segment="D")
    held = replace(held, contacts={ZHAO: LinkedContact(role="uses", primary=True)})
    merged = CustomersMerged(
        customer_id=LI, absorbed=OTHER, version=2, choices=FieldChoices(), from_="prospect", to="dormant", kept=held
    )
    row = life((JUNE, merged))
    assert (row.status, row.risk_since, row.held_since) == ("dormant", JUNE, JUNE)
    assert (row.segment, row.primary_contact) == ("D", ZHAO)
    assert life(merged, replace(merged, kept=dossier())).held_since is None


def test_who_is_erased_is_a_number_that_belongs_to_nobody() -> None:
    row = life((JUNE, PersonalDataErased(customer_id=LI, from_="prospect")))
    assert (row.status, row.closed_at, row.erased_at) == ("closed", JUNE, JUNE)


# The terms


def test_a_version_of_the_terms_takes_the_place_of_the_one_before() -> None:
    told = {row.product_line: (row.number, row.dormant_days) for row in rows(churn_terms, lifecycle_policy)}
    assert told == {"": (1, 180), "piano": (1, 1500)}
    second = LifecyclePolicyPublished(
        policy_id=STANDARD, number=2, time_zone="UTC", terms=LifecycleTerms(dormant_days=9), product_lines={}
    )
    (row,) = rows(churn_terms, lifecycle_policy, second)
    assert (row.product_line, row.number, row.dormant_days, row.time_zone) == ("", 2, 9, "UTC")
