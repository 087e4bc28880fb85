"""The credit guard, where two customers become one, and two again: orders and debts go with whoever they are."""

import pytest

from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.order.progress import CancelOrder, RepriceOrder
from domain.customer.facts.credit import CreditHoldLifted, CreditHoldPlaced
from domain.customer.facts.merging import FieldChoices
from tests.commands.customer.situations import LATER, LI, ORDER, OTHER
from tests.consumers.policies.credit_desk import (
    DAY,
    desk_of_two,
    invoice,
    lines,
    pay,
    placed,
    request,
    reserved,
    status,
)
from tests.consumers.policies.order_desk import Desk
from tests.spec import START, ann, crm, mia

SURVIVOR = FieldChoices(name="survivor", credit="survivor")


@pytest.fixture
def desk() -> Desk:
    return desk_of_two()


def test_orders_go_on_with_whom_their_customer_has_become(desk: Desk) -> None:
    desk.do(ann, request(300))
    placed(desk, 400, LATER)
    desk.do(crm, invoice("J-1", order_id=LATER))
    desk.settle()
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.settle()
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    assert reserved(desk, OTHER) == {ORDER: 500, LATER: 400}
    assert status(desk) == "Authorised"
    desk.wait_until(START + 91 * DAY)
    assert [each.customer_id for each in desk.told(CreditHoldPlaced)] == [OTHER]
    desk.do(crm, pay(400, order_id=LATER))
    desk.settle()
    assert [each.customer_id for each in desk.told(CreditHoldLifted)] == [OTHER]
    assert reserved(desk, OTHER) == {ORDER: 500}


def test_what_was_asked_of_one_who_is_another_now_is_asked_once_more(desk: Desk) -> None:
    desk.do(ann, request(300))
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.settle()
    assert status(desk) == "Authorised"
    assert reserved(desk, OTHER) == {ORDER: 300}


def test_what_was_reserved_before_two_are_separated_is_released_wherever_it_lies(desk: Desk) -> None:
    desk.do(ann, request(300))
    desk.settle()
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    desk.do(mia, UnmergeCustomer(customer_id=OTHER, absorbed=LI), reason="mistake")
    desk.settle()
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert reserved(desk, OTHER) == reserved(desk, LI) == {}


def named_apart(desk: Desk) -> None:
    """What came to the survivor later, and is the other's all the same."""
    desk.do(mia, MergeCustomers(customer_id=LI, absorbed=OTHER, choices=SURVIVOR), reason="same")
    desk.do(ann, request(600), request(100, LATER))
    desk.settle()
    assert reserved(desk) == {ORDER: 600, LATER: 100}
    desk.do(mia, UnmergeCustomer(customer_id=LI, absorbed=OTHER, orders=(ORDER,)), reason="mistake")
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 100}, {ORDER: 600})


def test_an_order_that_is_named_when_two_are_separated_is_the_other_s(desk: Desk) -> None:
    named_apart(desk)
    desk.do(ann, CancelOrder(order_id=ORDER), RepriceOrder(order_id=LATER, lines=lines(50)))
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 50}, {})


def test_what_it_costs_more_is_reserved_with_the_other(desk: Desk) -> None:
    named_apart(desk)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(700)))
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 100}, {ORDER: 700})
    assert status(desk) == "Authorised"
