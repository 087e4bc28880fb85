"""How far an order has come: the table of the business, every cell of it, and what stands in the way of a step."""

from dataclasses import replace

import pytest

from commands.order.progress import CompleteOrder, FulfilOrder, PlaceOrder, RepriceOrder
from domain.errors import Hidden, Invalid, NotNow
from domain.order.facts import OrderPaid, OrderRepriced, OrderStatus
from domain.order.refusals import FullyRefunded, StillOwed
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    LINES,
    ORDER,
    SPOUSE,
    WAYS,
    authorised,
    bought,
    cny,
    completed,
    fulfilled,
    given_back,
    lines,
    on_credit,
    paid,
    part,
    placed,
    received,
    requested,
    taken,
)
from tests.commands.order.table import COMMANDS, TABLE, outcome, place
from tests.spec import ANN, SUE, ann, crm, given, policy

place_myself = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=LINES)
ASKED_BY = {"authorised": policy, "refused": policy}


@pytest.mark.parametrize("after", COMMANDS)
@pytest.mark.parametrize("before", TABLE)
def test_an_order_becomes_what_the_table_says_and_nothing_else(before: OrderStatus, after: str) -> None:
    asked = given(*on_credit, *WAYS[before]).when(COMMANDS[after], by=ASKED_BY.get(after, crm))
    if after in TABLE[before]:
        asked.then(outcome(before, after))
    else:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")


@pytest.mark.parametrize("after", sorted(COMMANDS.keys() - {"requested", "placed"}))
def test_what_nobody_requested_is_not_there(after: str) -> None:
    given().when(COMMANDS[after], by=policy).refused(Hidden, because=f"no order/{ORDER} is to be seen here")


def test_a_refusal_says_what_is_needed_and_what_is_there() -> None:
    def asked(before: str, after: str) -> str:
        when = given(*WAYS[before]).when(COMMANDS[after], by=policy)
        assert not isinstance(when.answer, Exception)
        return str(when.answer.refusal)

    assert asked("requested", "placed") == "this needs Authorised, and it is Requested"
    assert asked("fulfilled", "cancelled") == "this needs Requested or Authorised or Placed, and it is Fulfilled"
    assert asked("completed", "reopened") == "this needs Declined or Cancelled, and it is Completed"
    assert asked("requested", "requested") == "this needs Unrequested, and it is Order"


# In the shop


def test_a_customer_s_own_order_arrives_as_placed() -> None:
    given().when(place_myself, by=crm).then(bought)
    given().when(replace(place_myself, salesperson=ANN, co_buyers=(SPOUSE,)), by=crm).then(
        replace(bought, salesperson=ANN, co_buyers=(SPOUSE,))
    )
    given().when(place, by=crm).refused(Invalid, because="customer_id: an order that nobody requested says who buys")
    given().when(PlaceOrder(order_id=ORDER, customer_id=CUSTOMER), by=crm).refused(
        Invalid, because="lines: an order that nobody requested says what is bought"
    )
    given(bought).when(place_myself, by=crm).refused(NotNow, because="this needs Authorised, and it is Placed")
    dearer = RepriceOrder(order_id=ORDER, lines=lines("101"))
    story = given(bought).when(dearer, by=crm).done()
    story.when(FulfilOrder(order_id=ORDER), by=crm).refused(NotNow)


def test_what_was_requested_is_placed_for_the_same_people() -> None:
    story = given(requested, authorised)
    story.when(replace(place, customer_id=CUSTOMER, salesperson=ANN), by=crm).then(taken)
    story.when(replace(place, customer_id=SPOUSE), by=crm).refused(Invalid, because="customer_id: somebody else")
    story.when(replace(place, salesperson=SUE), by=crm).refused(Invalid, because="salesperson: it was requested by")


# What a price makes of the payment


def test_a_price_may_make_an_order_paid_and_unpaid() -> None:
    paid_part = (*placed, received("30"), part)
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("30"))
    repriced = OrderRepriced(
        order_id=ORDER, from_="placed", to="placed", lines=lines("30"), before=HUNDRED, amount=cny("30")
    )
    given(*paid_part).when(cheaper, by=ann).then(
        repriced, OrderPaid(order_id=ORDER, from_="part_paid", to="paid", paid=cny("30"), amount=cny("30"))
    )
    dearer = RepriceOrder(order_id=ORDER, lines=lines("101"))
    given(*placed, *paid).when(dearer, by=ann).then(
        OrderRepriced(
            order_id=ORDER, from_="placed", to="requested", lines=lines("101"), before=HUNDRED, amount=cny("101")
        ),
        OrderPaid(order_id=ORDER, from_="paid", to="part_paid", paid=HUNDRED, amount=cny("101")),
    )
    ahead = (requested, authorised, received("30"), part)
    given(*ahead).when(replace(place, lines=lines("30")), by=crm).then(
        replace(taken, lines=lines("30"), amount=cny("30")),
        OrderPaid(order_id=ORDER, from_="part_paid", to="paid", paid=cny("30"), amount=cny("30")),
    )


# It ends


def test_what_is_owed_is_not_complete() -> None:
    owing = (*placed, received("30"), part, fulfilled)
    given(*owing).when(CompleteOrder(order_id=ORDER), by=crm).refused(StillOwed, because="30 CNY of 100.00 CNY is paid")
    story = given(*placed).when(FulfilOrder(order_id=ORDER), by=crm).then(fulfilled)
    story.when(CompleteOrder(order_id=ORDER), by=crm).refused(StillOwed, because="0 CNY of 100.00 CNY")
    given(*placed, *paid, fulfilled).when(CompleteOrder(order_id=ORDER), by=crm).then(completed)
    given(*placed, *paid, received("0.01", "p-2"), fulfilled).when(CompleteOrder(order_id=ORDER), by=crm).then(
        completed
    )


def test_what_has_all_been_refunded_goes_no_further() -> None:
    given(*placed, *paid, given_back).when(FulfilOrder(order_id=ORDER), by=crm).refused(
        FullyRefunded, because="all that was paid, 100.00 CNY, has been refunded"
    )
    given(*placed, *paid, fulfilled, given_back).when(CompleteOrder(order_id=ORDER), by=crm).refused(FullyRefunded)
