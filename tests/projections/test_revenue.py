"""Revenue: what came in and went back, order by order and month by month; and who is left out of it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.dossier import PaidOrder, Profile
from domain.customer.facts.lifecycle import CustomerOrderNoted, CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerAdopted, CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.order.facts import Line, OrderPlaced, OrderRefunded, OrderRequested, PaymentReceived, SalesCustodyNoted
from domain.values import StaffId
from projections.revenue import CustomerApart, OrderRevenue, customers_apart, revenue
from tests.commands.customer.situations import LATER, LI, ORDER, OTHER, TENTH, THIRD, dossier, money
from tests.projections.spec import around, rows

JANUARY, FEBRUARY = datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
LINES = (Line(product="piano", quantity=1, unit_price=money(10)),)
bought = OrderPlaced(order_id=ORDER, customer_id=LI, lines=LINES, amount=money(10))


def paid(amount: int | str, number: int = 1, currency: str = "CNY") -> PaymentReceived:
    return PaymentReceived(order_id=ORDER, payment=f"p-{number}", amount=money(amount, currency))


def back(amount: int) -> OrderRefunded:
    amounts = {"amount": money(amount), "refunded": money(amount)}
    return OrderRefunded(order_id=ORDER, from_="not_refunded", to="part_refunded", refund="r", **amounts)


def told(*events: Any) -> list[tuple[str, tuple[Decimal, ...]]]:
    return [(row.month, row.amounts) for row in rows(revenue, *events)]


def test_what_is_paid_and_goes_back_counts_when_it_does() -> None:
    (first, second) = rows(
        revenue, (JANUARY, bought), (JANUARY, paid(3)), (FEBRUARY, paid("7.50", 2)), (FEBRUARY, back(4))
    )
    assert (first.month, first.amounts, first.at) == ("2026-01", (Decimal(3),), (JANUARY,))
    assert (second.month, second.amounts, second.at) == ("2026-02", (Decimal("7.50"), Decimal(-4)), (FEBRUARY,) * 2)
    assert {(row.customer_id, row.currency) for row in (first, second)} == {(LI, "CNY")}


def test_an_order_alone_brings_nothing_and_keeps_its_buyer_when_it_is_placed_later() -> None:
    asked = OrderRequested(order_id=ORDER, customer_id=LI, lines=LINES, amount=money(10, "EUR"))
    (row,) = rows(revenue, asked, replace(bought, from_="authorised", customer_id=OTHER))
    assert row == OrderRevenue(order_id=ORDER, month="2026-03", customer_id=LI, currency="EUR")


def test_whose_success_it_is_has_the_row() -> None:
    ann = SalesCustodyNoted(order_id=ORDER, basis="owner", staff_id=StaffId("ann"))
    found = rows(revenue, (JANUARY, bought), (JANUARY, paid(3)), ann, (FEBRUARY, paid(7, 2)))
    assert [row.owner_id for row in found] == ["ann", "ann"]


def test_what_was_bought_together_and_is_the_other_s_after_all_is_his() -> None:
    named = dossier(orders={ORDER: PaidOrder(paid_at=TENTH)})
    apart = CustomerRestored(customer_id=OTHER, out_of=LI, to="new", kept=named)
    assert [row.customer_id for row in rows(revenue, bought, paid(3), apart)] == [OTHER]
    reserved = dossier()
    reserved = replace(reserved, credit=replace(reserved.credit, reservations={ORDER: money(10)}))
    assert [row.customer_id for row in rows(revenue, bought, replace(apart, kept=reserved))] == [OTHER]
    named_alone = replace(apart, kept=dossier(), orders=(ORDER,))
    assert [row.customer_id for row in rows(revenue, bought, paid(3), named_alone)] == [OTHER]
    for others in (
        replace(named_alone, orders=(LATER,)),
        replace(apart, out_of=THIRD),
        replace(apart, kept=dossier(orders={LATER: PaidOrder(paid_at=TENTH)})),
    ):
        assert [row.customer_id for row in rows(revenue, bought, paid(3), others)] == [LI]


# Who is left out

created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
absorbed = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new")
restored = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier())
shut = CustomerStatusChanged(customer_id=LI, from_="new", to="closed")
erased = PersonalDataErased(customer_id=LI, from_="new")


def apart(*events: Any) -> CustomerApart | None:
    found = rows(customers_apart, *events)
    return next(iter(found), None)


@pytest.mark.parametrize("end", [shut, erased])
def test_who_is_shut_or_erased_is_left_out(end: object) -> None:
    assert apart(created) is None
    assert apart(created, end) == CustomerApart(customer_id=LI, why="closed")
    assert apart(created, shut, erased) == CustomerApart(customer_id=LI, why="closed")


def test_who_has_become_another_is_looked_for_there_until_they_are_parted() -> None:
    assert apart(created, absorbed) == CustomerApart(customer_id=LI, why="merged", into=OTHER)
    assert apart(created, absorbed, restored) is None
    assert apart(created, absorbed, restored, absorbed) is not None


def test_who_is_known_from_history_alone_waits_until_he_is_adopted_or_buys() -> None:
    def imported(event: object, row: CustomerApart | None = None) -> Any:
        return customers_apart.evolve(row, event, replace(around(1, JANUARY, event), imported=True))

    ordered = CustomerOrderNoted(customer_id=LI, order_id=ORDER, paid_at=TENTH)
    row = imported(created)
    assert row == CustomerApart(customer_id=LI, why="history")
    assert imported(ordered, row) == row
    for wakes in (CustomerAdopted(customer_id=LI), ordered):
        assert customers_apart.evolve(row, wakes, around(2, JANUARY, wakes)) is None
    assert imported(shut, row).why == "closed"
    assert imported(restored).why == "history"
