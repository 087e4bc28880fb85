"""What billing tells of an order's money: known by its numbers, in whatever order and however often it is told."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from commands.ask import Ask, Outcome
from commands.order.money import RecordPayment
from commands.order.progress import PlaceOrder
from consumers.inbound.channel import NotYet
from consumers.inbound.invoices import billing_invoices
from domain.errors import Invalid, NotNow
from domain.money import MixedCurrencies, Money
from domain.order.ageing import still_open
from domain.order.facts import (
    InvoiceIssued,
    OrderPaid,
    OrderRefunded,
    PaymentReceived,
)
from domain.order.refusals import ToldDifferently
from domain.order.states import payment_of, refund_of
from domain.values import OrderId, replace
from tests.commands.order.situations import CUSTOMER, HUNDRED, LINES, bought, cancelled, cny, him, requested
from tests.consumers.inbound.heard import Hearing, changed, id_of, without
from tests.spec import crm, day

ORDER = OrderId(id_of("order", "shop", "SO-1"))
placed = replace(bought, order_id=ORDER)
known = (him, placed)


def told(nth: int, **booking: Any) -> dict[str, Any]:
    at = f"2026-04-{nth:02}T09:00:00Z"
    return {"id": f"b-{nth}", "order_no": "SO-1", "happened_at": at, "booking": booking}


issued = told(
    1, type="invoice.issued", invoice_no="I-1", amount_minor=10000, currency="CNY", due_at="2026-04-30T00:00:00+08:00"
)
part = told(2, type="payment.received", payment_no="p-1", amount_minor=3000, currency="CNY")
rest = told(3, type="payment.received", payment_no="p-2", amount_minor=7000, currency="CNY")
twice = told(4, type="payment.received", payment_no="p-3", amount_minor=7000, currency="CNY")
back = told(5, type="refund.paid", refund_no="r-1", amount_minor=7000, currency="CNY")
bounced = told(6, type="payment.reversed", reversal_no="v-1", amount_minor=7000, currency="CNY")
overdue = told(7, type="invoice.overdue", invoice_no="I-1")
credited, given_up = told(8, type="credit_note.issued"), told(9, type="invoice.written_off")
STORY = (issued, part, rest, twice, back, bounced, overdue)


def test_an_invoice_and_what_is_paid_of_it_are_the_orders() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    assert hearing.hear(issued) == [
        InvoiceIssued(order_id=ORDER, number="I-1", amount=HUNDRED, due=day(4, 30, hour=0)),
    ]
    assert hearing.hear(part) == [
        PaymentReceived(order_id=ORDER, payment="p-1", amount=cny("30.00")),
        OrderPaid(order_id=ORDER, from_="unpaid", to="part_paid", paid=cny("30.00"), amount=HUNDRED),
    ]
    order = hearing.state(f"order/{ORDER}")
    assert [(each.number, each.amount) for each in still_open(order.invoices.values(), order.paid)] == [
        ("I-1", cny("70.00"))
    ]
    hearing.hear(rest)
    order = hearing.state(f"order/{ORDER}")
    assert payment_of(order) == "paid"
    assert not still_open(order.invoices.values(), order.paid)


def test_what_is_paid_too_much_has_come_and_may_go_back() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    hearing.hear_in_time(issued, part, rest, twice)
    assert hearing.state(f"order/{ORDER}").paid == cny("170.00")
    assert hearing.hear(back) == [
        OrderRefunded(
            order_id=ORDER,
            from_="not_refunded",
            to="part_refunded",
            refund="r-1",
            amount=cny("70.00"),
            refunded=cny("70.00"),
        )
    ]
    assert not hearing.refusals


def test_a_payment_that_bounced_has_gone_back() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    hearing.hear_in_time(rest, bounced)
    assert refund_of(hearing.state(f"order/{ORDER}")) == "refunded"
    assert not hearing.refusals


def test_it_happened_when_it_was_booked_and_not_when_we_were_told() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    (wanted,) = hearing.wanted(part)
    assert wanted.occurred_at == day(4, 2, hour=17)


@pytest.mark.parametrize("message", STORY, ids=lambda message: message["booking"]["type"])
def test_told_twice_it_happens_once(message: dict[str, Any]) -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    hearing.hear_in_time(issued, rest, twice, message)
    before = hearing.state(f"order/{ORDER}")
    assert hearing.hear(message) == []
    assert hearing.hear(message | {"id": "b-99"}) == []
    assert hearing.state(f"order/{ORDER}") == before
    assert not hearing.refusals


def test_what_billing_counts_as_overdue_we_count_ourselves() -> None:
    assert Hearing(billing_invoices).wanted(overdue) == []


def test_what_billing_asks_for_less_or_no_more_comes_to_nothing() -> None:
    more = changed(credited, 100, "booking", "amount_minor")
    for message in (credited, given_up, more):
        assert Hearing(billing_invoices, *known).wanted(message) == []


def test_an_order_that_was_requested_here_is_known_by_our_id() -> None:
    hearing = Hearing(billing_invoices, him, bought, now=day(5, 1))
    assert hearing.hear(part | {"reference": str(bought.order_id), "order_no": "SO-9"})
    assert hearing.state(f"order/{bought.order_id}").paid == cny("30.00")
    assert Hearing(billing_invoices, *known).hear(part | {"reference": ""})


def test_a_payment_of_which_the_shop_has_told_as_well_is_one() -> None:
    hearing = Hearing(billing_invoices, *known, PaymentReceived(order_id=ORDER, payment="p-1", amount=cny("30.00")))
    assert hearing.hear(part) == []
    assert not hearing.refusals


# What has not come yet


@pytest.mark.parametrize("message", STORY[:-1], ids=lambda message: message["booking"]["type"])
def test_an_order_that_the_shop_has_not_told_of_is_waited_for(message: dict[str, Any]) -> None:
    with pytest.raises(NotYet):
        Hearing(billing_invoices).hear(message)


def test_an_invoice_waits_until_its_order_is_placed_and_a_payment_does_not() -> None:
    hearing = Hearing(billing_invoices, him, replace(requested, order_id=ORDER, salesperson=None), now=day(5, 1))
    with pytest.raises(NotYet):
        hearing.hear(issued)
    assert hearing.hear(part)


def test_money_goes_back_only_after_it_has_come() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    hearing.hear(part)
    with pytest.raises(NotYet):
        hearing.hear(back)
    hearing.hear(rest)
    assert hearing.hear(back)
    with pytest.raises(NotYet):
        hearing.hear(bounced)


def test_an_order_that_was_called_off_is_billed_no_more_and_that_is_an_answer() -> None:
    hearing = Hearing(billing_invoices, *known, replace(cancelled, order_id=ORDER), now=day(5, 1))
    assert hearing.hear(issued) == []
    assert [type(no) for no in hearing.refusals] == [NotNow]


def place(hearing: Hearing) -> None:
    """The shop tells of the order."""
    place_it = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=LINES)
    (answer,) = hearing.executor([Ask(place_it, id_of("command", "shop", "SO-1"), crm)])
    assert isinstance(answer, Outcome)
    assert answer.refusal is None


def in_the_end(messages: list[Mapping[str, Any] | None]) -> Any:
    """What it has come to when all has been told, and the shop has told of the order where None stands."""
    hearing = Hearing(billing_invoices, him, now=day(5, 1))
    for each in messages:
        if each is None:
            place(hearing)
            hearing.try_again()
        else:
            hearing.hear_in_time(each)
    assert not hearing.waiting
    assert not hearing.refusals
    return hearing.state(f"order/{ORDER}")


IN_ORDER = in_the_end([None, *STORY])
orders_of_telling = st.lists(st.sampled_from(STORY), max_size=5).flatmap(
    lambda again: st.permutations([*STORY, *again, None])
)


@whatever(orders_of_telling)
def test_in_any_order_and_however_often_it_ends_in_the_same_state(messages: list[Mapping[str, Any] | None]) -> None:
    assert in_the_end(messages) == IN_ORDER


def test_and_that_state_is_what_was_told() -> None:
    assert (IN_ORDER.paid, IN_ORDER.refunded) == (cny("170.00"), cny("140.00"))
    assert set(IN_ORDER.invoices) == {"I-1"}


# Amounts


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (10000, "CNY", "100.00"),
        (1, "CNY", "0.01"),
        ("10000", "CNY", "100.00"),
        (10000, " cny ", "100.00"),
        (10000, "JPY", "10000"),
        (10000, "KWD", "10.000"),
        (10**18 - 1, "CLF", "99999999999999.9999"),
    ],
)
def test_an_amount_is_in_the_smallest_unit_of_its_currency(minor: object, currency: str, amount: str) -> None:
    message = changed(changed(part, minor, "booking", "amount_minor"), currency, "booking", "currency")
    (wanted,) = Hearing(billing_invoices, *known).wanted(message)
    paid = Money(amount=Decimal(amount), currency=currency.strip().upper())
    assert wanted.command == RecordPayment(order_id=ORDER, payment="p-1", amount=paid)
    assert str(wanted.command.amount.amount) == amount


def test_another_currency_than_the_orders_is_refused_and_waits_for_nothing() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    for each in (issued, rest, back):
        assert hearing.hear(changed(each, "EUR", "booking", "currency")) == []
    assert [type(no) for no in hearing.refusals] == [MixedCurrencies] * 3


def test_the_same_number_with_another_amount_is_refused_and_changes_nothing() -> None:
    hearing = Hearing(billing_invoices, *known, now=day(5, 1))
    hearing.hear(part)
    other = changed(part, 3001, "booking", "amount_minor") | {"id": "b-98"}
    assert hearing.hear(other) == []
    assert [type(no) for no in hearing.refusals] == [ToldDifferently]


def test_nothing_is_paid_only_for_what_costs_nothing() -> None:
    nothing = changed(part, 0, "booking", "amount_minor")
    hearing = Hearing(billing_invoices, *known)
    assert hearing.hear(nothing) == []
    assert [type(no) for no in hearing.refusals] == [Invalid]
    (line, _) = LINES
    free = replace(placed, lines=(replace(line, unit_price=cny("0.00")),), amount=cny("0.00"))
    assert Hearing(billing_invoices, him, free).hear(nothing)


RECEIVED, ISSUED = "booking.payment.received", "booking.invoice.issued"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (without(part, "id"), "id"),
        (without(part, "order_no"), "order_no"),
        (changed(part, "", "order_no"), "order_no"),
        (part | {"reference": "SO-1"}, "reference"),
        (changed(part, None, "happened_at"), "happened_at"),
        (changed(part, "2026-04-02T09:00:00", "happened_at"), "happened_at"),
        (changed(part, "payment.dreamt", "booking", "type"), "booking"),
        (without(part, "booking", "payment_no"), f"{RECEIVED}.payment_no"),
        (changed(part, "no. 1", "booking", "payment_no"), f"{RECEIVED}.payment_no"),
        (without(part, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, "30.00", "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, "3e3", "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, 3000.0, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, 30.5, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, -1, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, True, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, 10**18, "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, "", "booking", "amount_minor"), f"{RECEIVED}.amount_minor"),
        (changed(part, "RMB", "booking", "currency"), f"{RECEIVED}.currency"),
        (changed(part, "DEM", "booking", "currency"), f"{RECEIVED}.currency"),
        (changed(part, None, "booking", "currency"), f"{RECEIVED}.currency"),
        (changed(issued, 0, "booking", "amount_minor"), f"{ISSUED}.amount_minor"),
        (changed(issued, "2026-04-30", "booking", "due_at"), f"{ISSUED}.due_at"),
    ],
)
def test_what_cannot_be_read_says_which_field(message: dict[str, Any], field: str) -> None:
    assert Hearing(billing_invoices).wrong(message) == {field}


def test_what_is_not_known_is_let_pass() -> None:
    more = changed(part, "bank", "booking", "method") | {"trace": [1, 2]}
    assert Hearing(billing_invoices, *known).hear(more)
