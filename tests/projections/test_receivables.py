"""Receivables: what is open of each invoice, since when, and who answers for it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.dossier import PaidOrder
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.order.facts import InvoiceOverdue, OrderReopened, OverdueSettled, ReceivablesWatched
from projections.query import Filter, Listing, summary
from projections.receivables import OpenInvoice, receivables
from tests.commands.customer.situations import LI, OTHER, TENTH, dossier
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    ORDER,
    SPARE_ORDER,
    bought,
    cancelled,
    cny,
    given_back,
    invoice,
    received,
    requested,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import ANN, day

MAY, JUNE = day(5, 1), day(6, 1)
first = replace(invoice, amount=cny("60.00"), due=MAY)
second = replace(invoice, number="I-2", amount=cny("40.00"), due=JUNE)
some_back = replace(given_back, to="part_refunded", amount=cny("40.00"), refunded=cny("40.00"))


def invoices(*told: Any) -> list[OpenInvoice]:
    return [row for row in rows(receivables, *told) if row.number]


def left(*told: Any) -> list[Decimal]:
    return [row.open for row in invoices(*told)]


def test_an_invoice_is_open_as_a_whole_at_first() -> None:
    (found,) = invoices((day(3, 1), requested), (day(3, 2), first))
    assert found == OpenInvoice(
        order_id=ORDER,
        number="I-1",
        customer_id=CUSTOMER,
        owner_id=ANN,
        currency="CNY",
        amount=Decimal(60),
        open=Decimal(60),
        due=MAY,
        issued_at=day(3, 2),
    )


def test_an_order_without_invoices_owes_nothing_yet() -> None:
    assert invoices(bought, received("10.00")) == []
    assert invoices(first) == []


@pytest.mark.parametrize("told", [(first, second), (second, first)])
def test_what_is_paid_settles_the_one_that_was_due_first(told: tuple[object, ...]) -> None:
    assert left(bought, *told, received("70.00")) == [Decimal(0), Decimal(30)]
    assert left(bought, received("70.00"), *told) == [Decimal(0), Decimal(30)]
    assert left(bought, *told, received("20.00"), received("30.00", "p-2")) == [Decimal(10), Decimal(40)]


def test_it_is_settled_when_the_last_of_it_came() -> None:
    found, other = invoices(bought, first, second, (day(4, 2), received("60.00")), (day(4, 3), received("1", "p-2")))
    assert (found.settled_at, other.settled_at) == (day(4, 2), None)
    (prepaid,) = invoices(bought, received("100.00"), (day(4, 4), first))
    assert (prepaid.open, prepaid.settled_at) == (Decimal(0), day(4, 4))


def test_of_an_order_that_was_called_off_nothing_is_open_until_it_is_begun_anew() -> None:
    off = (bought, first, (day(4, 2), cancelled))
    assert left(*off) == [Decimal(0)]
    (back,) = invoices(*off, OrderReopened(order_id=ORDER, from_="cancelled", cycle=2))
    assert (back.open, back.settled_at, back.called_off) == (Decimal(60), None, False)


def test_nothing_is_open_when_all_that_was_paid_has_gone_back_but_for_a_part_it_is() -> None:
    paid_in_part = (bought, replace(first, amount=cny("120.00")), received("100.00"))
    assert left(*paid_in_part, some_back) == [Decimal(20)]
    assert left(*paid_in_part, given_back) == [Decimal(0)]
    assert left(*paid_in_part, given_back, received("5.00", "p-2")) == [Decimal(15)]


def test_what_is_overdue_for_too_long_and_when_to_look_again() -> None:
    watched = ReceivablesWatched(order_id=ORDER, customer_id=CUSTOMER, hold_at=day(7, 1))
    late = InvoiceOverdue(order_id=ORDER, customer_id=CUSTOMER, number="I-1", due=MAY)
    found, other = invoices(bought, first, second, watched, (day(7, 2), late))
    assert [(each.hold_at, each.overdue_since) for each in (found, other)] == [
        (day(7, 1), day(7, 2)),
        (day(7, 1), None),
    ]
    over = OverdueSettled(order_id=ORDER, customer_id=CUSTOMER, number="I-1")
    assert invoices(bought, first, second, late, over)[0].overdue_since is None


# Who answers


def answers(*told: Any) -> set[Any]:
    found = rows(receivables, replace(bought, customer_id=LI), first, *told)
    assert {row.number for row in found} == {"", "I-1"}
    return {row.customer_id for row in found}


absorbed = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new")
restored = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier())


def test_whom_he_has_become_answers_until_they_are_parted() -> None:
    assert answers(absorbed) == {OTHER}
    assert answers(absorbed, restored) == {LI}
    assert answers(replace(absorbed, customer_id=CUSTOMER)) == {LI}


def test_through_two_merges_it_goes_back_to_the_one_who_is_himself_again() -> None:
    further = CustomerAbsorbed(customer_id=OTHER, into=CUSTOMER, from_="new")
    back = CustomerRestored(customer_id=OTHER, out_of=CUSTOMER, to="new", kept=dossier())
    assert answers(absorbed, further) == {CUSTOMER}
    assert answers(absorbed, further, back) == {OTHER}
    assert answers(absorbed, further, back, restored) == {LI}


def test_by_whom_it_once_went_and_came_back_it_does_not_go_again() -> None:
    there = CustomerAbsorbed(customer_id=OTHER, into=CUSTOMER, from_="new")
    back = CustomerRestored(customer_id=OTHER, out_of=CUSTOMER, to="new", kept=dossier())
    and_again = (absorbed, there, back, restored, replace(absorbed, into=CUSTOMER), there)
    assert answers(*and_again) == {CUSTOMER}
    assert answers(*and_again, back) == {CUSTOMER}
    assert answers(*and_again, back, replace(restored, out_of=CUSTOMER)) == {LI}


def test_what_came_to_the_survivor_and_is_the_other_s_goes_with_him() -> None:
    other = replace(restored, customer_id=OTHER, out_of=LI)
    assert answers(other) == {LI}
    assert answers(replace(other, orders=(ORDER,))) == {OTHER}
    assert answers(replace(other, kept=dossier(orders={ORDER: PaidOrder(paid_at=TENTH)}))) == {OTHER}
    assert answers(replace(other, orders=(SPARE_ORDER,))) == {LI}


def test_who_looks_at_it_has_the_last_word() -> None:
    assert answers(ReceivablesWatched(order_id=ORDER, customer_id=OTHER)) == {OTHER}


# In the database


def due(days: int, second: int = 0) -> datetime:
    return NOW - timedelta(days=days, seconds=second)


def put(views: Views, **more: Any) -> None:
    asked = replace(bought, customer_id=LI, amount=HUNDRED)
    told = [replace(first, number=f"{days}", due=due(days), amount=cny("1.00")) for days in (-5, 0, 30, 31, 60, 61, 90)]
    told += [replace(first, number="91", due=due(91), amount=cny("1.00"))]
    told += [replace(first, number="30 and some", due=due(30, 86_399), amount=cny("1.00"))]
    views.put(receivables, *(replace(row, **more) for row in rows(receivables, asked, *told)))


@pytest.mark.slow
def test_days_are_whole_and_each_invoice_stands_in_one_column(views: Views) -> None:
    put(views)
    found = {row["number"]: row for row in views.list(receivables, sort="days_overdue")}
    columns = ("to_30", "to_60", "to_90", "beyond")
    where = {number: next(name for name in columns if row[name]) for number, row in found.items()}
    assert where == {
        **dict.fromkeys(("-5", "0", "30", "30 and some"), "to_30"),
        **dict.fromkeys(("31", "60"), "to_60"),
        **dict.fromkeys(("61", "90"), "to_90"),
        "91": "beyond",
    }
    assert all(sum(row[name] for name in columns) == 1 for row in found.values())
    assert [found[number]["days_overdue"] for number in ("-5", "0", "30 and some", "91")] == [0, 0, 30, 91]
    assert found["0"]["subject_id"] == f"order/{ORDER}"


@pytest.mark.slow
def test_what_is_owed_is_summed_up_by_customer_and_never_over_currencies(views: Views) -> None:
    put(views)
    put(views, order_id=SPARE_ORDER, currency="EUR", customer_id=OTHER, open=Decimal(3), owner_id=ANN)
    asked = Listing(NOW, None)
    figures = views.run(summary(receivables, "ageing", asked, ()))
    assert [tuple(row.values()) for row in figures] == [
        ("CNY", 9, *map(Decimal, (9, 4, 2, 2, 1))),
        ("EUR", 9, *map(Decimal, (27, 12, 6, 6, 3))),
    ]
    assert [row["customer_id"] for row in views.run(summary(receivables, "ageing", asked))] == [LI, OTHER]
    later = replace(asked, now=NOW + timedelta(days=300), filters=[Filter("owner_id", "eq", ANN)])
    (all_late,) = views.run(summary(receivables, "ageing", later))
    assert (all_late["open"], all_late["beyond"]) == (Decimal(27), Decimal(27))


@pytest.mark.slow
def test_what_is_settled_is_in_no_sum(views: Views) -> None:
    put(views, open=Decimal(0))
    assert views.run(summary(receivables, "ageing", Listing(NOW, None))) == []
    assert len(views.list(receivables)) == 9
