"""The credit guard: what is paid, cancelled or refunded is free again, and what is paid beforehand needs no credit."""

import pytest

from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.order.money import RefundOrder
from commands.order.progress import CancelOrder, PlaceOrder, ReopenOrder, RepriceOrder
from domain.customer.facts.credit import CreditReleased, CreditReserved
from domain.order.facts import OrderAuthorised
from tests.commands.customer.situations import LATER, LI, ORDER, cora, money
from tests.consumers.policies.credit_desk import desk_of_two, lines, pay, request, reserved, status
from tests.consumers.policies.order_desk import Desk
from tests.spec import ann, crm, mia


@pytest.fixture
def desk() -> Desk:
    return desk_of_two()


def test_what_is_paid_is_free_again_part_by_part(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300))
    desk.settle()
    assert reserved(desk) == {ORDER: 500}
    desk.do(crm, pay(600, "p-2"))
    desk.settle()
    assert reserved(desk) == {}


def test_two_payments_at_once_free_both(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300), pay(200, "p-2"))
    desk.settle()
    assert reserved(desk) == {ORDER: 300}


def test_what_is_cancelled_is_free_again_and_what_is_reopened_is_reserved_anew(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert reserved(desk) == {}
    desk.do(ann, request(700, LATER))
    desk.settle()
    desk.do(ann, ReopenOrder(order_id=ORDER))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Declined", {LATER: 700})


def test_what_is_refunded_whole_is_free_again(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300), RefundOrder(order_id=ORDER, refund="r-1", amount=money(100)))
    desk.settle()
    assert reserved(desk) == {ORDER: 500}, "part of it is no end of it"
    desk.do(crm, RefundOrder(order_id=ORDER, refund="r-2", amount=money(200)))
    desk.settle()
    assert reserved(desk) == {}


def test_what_a_customer_buys_by_himself_needs_no_credit_until_it_becomes_dearer(desk: Desk) -> None:
    desk.do(crm, PlaceOrder(order_id=ORDER, customer_id=LI, lines=lines(500)))
    desk.do(crm, pay(500))
    desk.settle()
    assert desk.told(CreditReserved, CreditReleased) == []
    desk.do(mia, RepriceOrder(order_id=ORDER, lines=lines(600)))
    desk.settle()
    assert reserved(desk) == {ORDER: 100}, "what is not paid yet"
    assert status(desk) == "Authorised"


def test_what_is_paid_beforehand_is_let_go_on_without_credit(desk: Desk) -> None:
    desk.do(ann, request(1200))
    desk.do(crm, pay(1200))
    desk.settle()
    assert status(desk) == "Authorised", "whatever he may owe"
    desk.do(ann, request(0, LATER))
    desk.settle()
    assert (status(desk), status(desk, LATER), reserved(desk)) == ("Authorised", "Authorised", {})
    assert [each.reservation for each in desk.told(OrderAuthorised)] == [None, None]


def test_what_is_paid_while_it_waits_goes_on_when_it_may(desk: Desk) -> None:
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, pay(400))
    desk.settle()
    assert status(desk) == "Requested"
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {})


def test_what_becomes_as_cheap_as_what_is_paid_holds_no_credit_any_more(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, pay(300))
    desk.settle()
    assert reserved(desk) == {ORDER: 100}
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(300)))
    desk.settle()
    assert reserved(desk) == {}
