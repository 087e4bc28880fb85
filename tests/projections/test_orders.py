"""Orders: what becomes of one, of its money, and whose success it is."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.dossier import PaidOrder
from domain.customer.facts.merging import CustomerRestored
from domain.order.facts import (
    OrderPaid,
    OrderReopened,
    OrderRepriced,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.values import LeadId
from projections.orders import OrderRow, orders
from projections.query import Filter, Listing, summary
from tests.commands.customer.situations import LEAD, OTHER, TENTH, dossier
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    ORDER,
    SPARE_ORDER,
    SPOUSE,
    attributed,
    authorised,
    bought,
    cancelled,
    cny,
    completed,
    fulfilled,
    given_back,
    invoice,
    lines,
    paid,
    part,
    placed,
    received,
    refused,
    requested,
    taken,
    whole,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import MINUTE, START, rows
from tests.spec import ANN, BOB, day

some_back = replace(given_back, to="part_refunded", amount=cny("40.00"), refunded=cny("40.00"))


def order(*told: Any) -> OrderRow:
    (found,) = rows(orders, *told)
    assert isinstance(found, OrderRow)
    return found


def test_an_order_says_who_asked_for_what() -> None:
    assert order((day(3, 1), replace(requested, co_buyers=(SPOUSE,)))) == OrderRow(
        order_id=ORDER,
        customer_id=CUSTOMER,
        owner_id=ANN,
        status="requested",
        currency="CNY",
        amount=Decimal(100),
        lines=2,
        products=("course-1", "book-7"),
        co_buyers=(SPOUSE,),
        ordered_by="service/tests",
        requested_at=day(3, 1),
    )


def test_one_from_the_shop_is_placed_at_once_and_nobody_s() -> None:
    row = order((day(3, 1), bought))
    assert (row.status, row.placed_at, row.requested_at, row.owner_id) == ("placed", day(3, 1), None, None)


def test_what_happens_to_an_order_that_nobody_told_of_is_no_row() -> None:
    assert rows(orders, authorised, *paid, invoice, *attributed) == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ((requested, authorised), "authorised"),
        ((requested, refused), "refused"),
        (placed, "placed"),
        ((*placed, fulfilled), "fulfilled"),
        ((*placed, cancelled), "cancelled"),
        ((*placed, cancelled, OrderReopened(order_id=ORDER, from_="cancelled", cycle=2)), "requested"),
        ((requested, replace(requested, customer_id=OTHER)), "requested"),
    ],
)
def test_it_has_come_as_far_as_was_told_last(told: tuple[object, ...], status: str) -> None:
    row = order(*told)
    assert (row.status, row.customer_id) == (status, CUSTOMER)


def test_each_step_has_its_instant_and_a_repeat_is_none() -> None:
    again = replace(taken, from_="placed", lines=lines("7.00"), amount=cny("7.00"))
    steps = [(day(3, nth), event) for nth, event in enumerate((*placed, *paid, fulfilled, again, completed), start=1)]
    row = order(*steps, replace(completed, from_="completed"))
    assert (row.requested_at, row.placed_at, row.paid_at, row.completed_at) == tuple(
        day(3, nth) for nth in (1, 3, 5, 8)
    )
    repeated = order(*placed, (day(3, 30), again))
    assert (repeated.amount, repeated.placed_at) == (Decimal(100), START + 2 * MINUTE)


def test_a_new_price_changes_what_is_ordered() -> None:
    dearer = OrderRepriced(
        order_id=ORDER, from_="placed", to="requested", lines=lines("150.00"), before=HUNDRED, amount=cny("150.00")
    )
    row = order(*placed, dearer)
    assert (row.status, row.amount, row.lines, row.products) == ("requested", Decimal(150), 1, ("course-1",))
    same = replace(dearer, to="placed")
    assert (order(*placed, same).status, order(*placed, same).amount) == ("placed", Decimal(150))


def test_placed_with_other_lines_and_buyers_they_count() -> None:
    row = order(requested, authorised, replace(taken, lines=lines("60.00"), amount=cny("60.00"), co_buyers=(SPOUSE,)))
    assert (row.amount, row.co_buyers, row.lines) == (Decimal(60), (SPOUSE,), 1)


def test_its_money_comes_and_goes() -> None:
    row = order(*placed, received("30.00"), part)
    assert (row.paid, row.payment, row.paid_at) == (Decimal(30), "part_paid", None)
    row = order(
        *placed, received("30.00"), part, received("70.00", "p-2"), (day(4, 1), replace(whole, from_="part_paid"))
    )
    assert (row.paid, row.payment, row.paid_at) == (Decimal(100), "paid", day(4, 1))
    row = order(*placed, *paid, some_back)
    assert (row.refunded, row.refund) == (Decimal(40), "part_refunded")
    row = order(*placed, *paid, some_back, replace(given_back, from_="part_refunded", amount=cny("60.00")))
    assert (row.refunded, row.refund) == (Decimal(100), "refunded")


def test_what_is_paid_after_all_went_back_makes_it_part() -> None:
    row = order(*placed, *paid, given_back, received("5.00", "p-2"))
    assert (row.paid, row.refunded, row.refund) == (Decimal(105), Decimal(100), "part_refunded")


def test_a_price_that_rises_leaves_it_paid_in_part() -> None:
    row = order(
        *placed, *paid, OrderPaid(order_id=ORDER, from_="paid", to="part_paid", paid=HUNDRED, amount=cny("150"))
    )
    assert (row.payment, row.paid_at) == ("part_paid", None)


def test_its_invoices_are_named() -> None:
    assert order(*placed, invoice, replace(invoice, number="I-2")).invoices == ("I-1", "I-2")


def test_whose_success_it_is() -> None:
    ann, bob = attributed
    row = order(*placed, *paid, bob, ann)
    assert (row.credited, row.shares) == ((ANN, BOB), (Decimal(70), Decimal(30)))
    refunded = SalesCreditReversed(order_id=ORDER, staff_id=ANN, amount=cny("7.00"), refund="r-1")
    assert order(*placed, *paid, ann, bob, refunded).shares == (Decimal(70), Decimal(30))
    anew = SalesCreditReversed(order_id=ORDER, staff_id=BOB, amount=cny("30.00"))
    row = order(*placed, *paid, ann, bob, anew, replace(ann, share=Decimal(100), amount=cny("30.00")))
    assert (row.credited, row.shares) == ((ANN,), (Decimal(100),))


def test_whose_the_customer_was_when_it_came() -> None:
    row = order(bought, SalesCustodyNoted(order_id=ORDER, basis="lead", staff_id=BOB, lead_id=LEAD))
    assert (row.custody_basis, row.custody_staff_id, row.custody_lead_id) == ("lead", BOB, LeadId(LEAD))
    assert row.owner_id == BOB
    assert order(bought, SalesCustodyNoted(order_id=ORDER, basis="nobody")).owner_id is None


def test_what_was_bought_together_and_is_the_other_s_after_all_is_his() -> None:
    his = dossier(orders={ORDER: PaidOrder(paid_at=TENTH)})
    back = CustomerRestored(customer_id=OTHER, out_of=CUSTOMER, to="new", kept=his)
    assert order(bought, back).customer_id == OTHER
    assert order(bought, replace(back, kept=dossier(), orders=(ORDER,))).customer_id == OTHER
    assert order(bought, replace(back, kept=dossier())).customer_id == CUSTOMER
    assert order(bought, replace(back, out_of=SPOUSE)).customer_id == CUSTOMER


# In the database


@pytest.mark.slow
def test_orders_are_found_by_many_conditions_and_summed_up_in_each_currency(views: Views) -> None:
    (first,) = rows(orders, *placed, *paid, some_back, *attributed)
    second = replace(first, order_id=SPARE_ORDER, currency="EUR", amount=Decimal(5), paid=Decimal(2))
    second = replace(second, refunded=Decimal(0), refund="not_refunded", credited=(), shares=())
    views.put(orders, first, second)
    (found,) = views.list(orders, Filter("credited", "has", BOB), Filter("products", "has", "book-7"))
    assert (found["subject_id"], found["net"], found["unpaid"]) == (f"order/{ORDER}", Decimal(60), Decimal(0))
    assert [row["unpaid"] for row in views.list(orders, sort="-unpaid")] == [Decimal(3), Decimal(0)]
    figures = views.run(summary(orders, "totals", Listing(NOW, None), ()))
    assert [tuple(row.values()) for row in figures] == [
        ("CNY", 1, Decimal(100), Decimal(100), Decimal(40), Decimal(60)),
        ("EUR", 1, Decimal(5), Decimal(2), Decimal(0), Decimal(2)),
    ]
    by_refund = views.run(summary(orders, "totals", Listing(NOW, None), ("refund",)))
    assert [row["refund"] for row in by_refund] == ["not_refunded", "part_refunded"]
