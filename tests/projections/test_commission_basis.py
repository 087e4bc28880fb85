"""Commission basis: what each is credited with for an order, and when it came or went back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.dossier import PaidOrder
from domain.customer.facts.merging import CustomerRestored
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed, SalesCustodyNoted
from projections.commission_basis import CommissionBasis, commission_basis
from projections.query import Filter, Listing, summary
from tests.commands.customer.situations import LEAD, OTHER, TENTH, dossier
from tests.commands.order.situations import CUSTOMER, ORDER, attributed, bought, cny, euro, requested
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import ANN, BOB, day

MARCH, APRIL = datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
ann, bob = attributed
custody = SalesCustodyNoted(order_id=ORDER, basis="lead", staff_id=BOB, lead_id=LEAD)


def back(amount: str, staff_id: Any = ANN) -> SalesCreditReversed:
    return SalesCreditReversed(order_id=ORDER, staff_id=staff_id, amount=cny(amount), refund="r-1")


def anew(amount: str, staff_id: Any = ANN) -> SalesCreditReversed:
    return SalesCreditReversed(order_id=ORDER, staff_id=staff_id, amount=cny(amount))


def bases(*told: Any) -> list[CommissionBasis]:
    return [row for row in rows(commission_basis, *told) if row.staff_id]


def test_each_has_his_part_and_the_row_is_his() -> None:
    first, second = bases(bought, custody, (day(3, 5), replace(ann, lead_id=LEAD)), (day(3, 5), bob))
    assert first == CommissionBasis(
        order_id=ORDER,
        staff_id=ANN,
        owner_id=ANN,
        month="2026-03",
        customer_id=CUSTOMER,
        currency="CNY",
        share=Decimal(70),
        net_paid=Decimal(70),
        lead_id=LEAD,
        custody_basis="lead",
        custody_staff_id=BOB,
        changed_at=day(3, 5),
    )
    assert (second.staff_id, second.owner_id, second.share, second.net_paid) == (BOB, BOB, Decimal(30), Decimal(30))
    assert second.lead_id is None


def test_custody_that_is_noted_later_is_in_every_row() -> None:
    assert {row.custody_basis for row in bases(requested, ann, bob, custody)} == {"lead"}


def test_before_anybody_is_credited_nobody_has_a_row() -> None:
    assert bases(requested, custody) == []
    assert bases(ann) == []


def test_what_is_paid_later_adds_up_in_its_own_month() -> None:
    more = replace(ann, amount=cny("7.00"))
    march, april = bases(bought, (MARCH, ann), (MARCH, more), (APRIL, more))
    assert [(row.month, row.net_paid, row.share) for row in (march, april)] == [
        ("2026-03", Decimal(77), Decimal(70)),
        ("2026-04", Decimal(7), Decimal(70)),
    ]


def test_a_refund_counts_when_it_goes_back_and_leaves_the_month_before_as_it_was() -> None:
    before = bases(bought, custody, (MARCH, ann))
    march, april = bases(bought, custody, (MARCH, ann), (APRIL, back("30.00")), (APRIL, back("10.00")))
    assert [march] == before
    assert (april.month, april.net_paid, april.refund_adjustment) == ("2026-04", Decimal(0), Decimal(-40))
    assert (april.share, april.custody_basis, april.changed_at) == (Decimal(70), "lead", APRIL)


def test_what_is_shared_out_anew_is_taken_from_him_and_given_to_another() -> None:
    whole = SalesCreditAttributed(order_id=ORDER, staff_id=BOB, share=Decimal(100), amount=cny("100.00"))
    told = bases(
        bought, (MARCH, ann), (MARCH, bob), (APRIL, anew("70.00")), (APRIL, anew("30.00", BOB)), (APRIL, whole)
    )
    assert [(row.staff_id, row.month, row.share, row.net_paid, row.reattributed) for row in told] == [
        (ANN, "2026-03", Decimal(70), Decimal(70), Decimal(0)),
        (ANN, "2026-04", Decimal(0), Decimal(0), Decimal(-70)),
        (BOB, "2026-03", Decimal(30), Decimal(30), Decimal(0)),
        (BOB, "2026-04", Decimal(100), Decimal(100), Decimal(-30)),
    ]


def test_an_order_that_is_the_other_s_after_all_is_his_in_every_row() -> None:
    his = dossier(orders={ORDER: PaidOrder(paid_at=TENTH)})
    apart = CustomerRestored(customer_id=OTHER, out_of=CUSTOMER, to="new", kept=his)
    assert {row.customer_id for row in bases(bought, ann, bob, apart)} == {OTHER}
    assert {row.customer_id for row in bases(bought, ann, replace(apart, kept=dossier()))} == {CUSTOMER}


def test_an_order_in_another_currency_is_told_in_that() -> None:
    (row,) = bases(replace(bought, amount=euro("9.00")), replace(ann, amount=euro("9.00")))
    assert (row.currency, row.net_paid) == ("EUR", Decimal(9))


@pytest.mark.slow
def test_months_are_summed_up_for_each_of_the_staff_and_no_currency_with_another(views: Views) -> None:
    told = rows(commission_basis, bought, (MARCH, ann), (MARCH, bob), (APRIL, back("30.00")), (APRIL, anew("40.00")))
    views.put(commission_basis, *told)
    found = views.run(summary(commission_basis, "months", Listing(NOW, None)))
    assert [tuple(row.values()) for row in found] == [
        ("2026-03", "ann", "CNY", 1, Decimal(70), Decimal(0), Decimal(0), Decimal(70)),
        ("2026-03", "bob", "CNY", 1, Decimal(30), Decimal(0), Decimal(0), Decimal(30)),
        ("2026-04", "ann", "CNY", 1, Decimal(0), Decimal(-30), Decimal(-40), Decimal(-70)),
    ]
    (whole,) = views.run(summary(commission_basis, "months", Listing(NOW, None), ()))
    assert (whole["currency"], whole["orders"], whole["basis"]) == ("CNY", 1, Decimal(30))
    assert [row["basis"] for row in views.list(commission_basis, Filter("staff_id", "eq", "ann"), sort="basis")] == [
        Decimal(-70),
        Decimal(70),
    ]
