"""What had become of orders before they were here: the same table, and no limits of credit."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.order.progress import (
    AdoptOrder,
    AuthoriseOrder,
    CancelOrder,
    CompleteOrder,
    FulfilOrder,
    PlaceOrder,
    RepriceOrder,
)
from domain.errors import Hidden, NotAllowed, NotNow
from domain.money import Money
from domain.order.facts import (
    Line,
    OrderAdopted,
    OrderAuthorised,
    OrderPlaced,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    OrderStatus,
)
from domain.order.states import Order
from domain.values import CustomerId, OrderId
from tests.commands.order.situations import (
    HUNDRED,
    ORDER,
    RESERVATION,
    WAYS,
    authorised,
    cancelled,
    cny,
    lines,
    placed,
    requested,
    whole,
)
from tests.commands.order.table import COMMANDS, TABLE, authorise, outcome, place, request
from tests.spec import SUE, administrator, crm, day, given, mia, person, policy

REPEATS = {
    "authorised": authorise,
    "refused": COMMANDS["refused"],
    "placed": place,
    "fulfilled": FulfilOrder(order_id=ORDER),
    "completed": CompleteOrder(order_id=ORDER),
    "cancelled": CancelOrder(order_id=ORDER),
}


@pytest.mark.parametrize("status", REPEATS)
def test_a_line_that_repeats_the_present_status_is_stored_as_a_repeat(status: OrderStatus) -> None:
    story = given(*WAYS[status])
    asked = story.when(REPEATS[status], by=person("zoe"), at=day(1, 2), imported=True)
    asked.then(outcome(status, status))
    before = story.when(COMMANDS["requested"], by=crm).desk.executor.state(f"order/{ORDER}").state
    assert asked.desk.executor.state(f"order/{ORDER}").state == before
    assert isinstance(before, Order)
    story.when(REPEATS[status], by=policy).refused(NotNow)


@pytest.mark.parametrize("after", COMMANDS)
@pytest.mark.parametrize("before", TABLE)
def test_the_state_table_holds_for_history_too(before: OrderStatus, after: str) -> None:
    asked = given(*WAYS[before]).when(COMMANDS[after], by=person("zoe"), at=day(1, 2), imported=True)
    if after in TABLE[before] or (before == after and after in REPEATS):
        assert asked.recorded
    else:
        asked.refused(NotNow)


def test_history_knows_no_limits_of_credit() -> None:
    zoe = person("zoe")

    def told(history: tuple[object, ...], command: object) -> Any:
        return given(*history).when(command, by=zoe, at=day(1, 2), imported=True)

    told((requested,), AuthoriseOrder(order_id=ORDER, amount=cny("1"))).then(
        OrderAuthorised(order_id=ORDER, from_="requested", amount=cny("1"))
    )
    assert told((requested, authorised), replace(place, lines=lines("500"))).recorded
    told(placed, RepriceOrder(order_id=ORDER, lines=lines("500"))).then(
        OrderRepriced(
            order_id=ORDER, from_="placed", to="placed", lines=lines("500"), before=HUNDRED, amount=cny("500")
        )
    )
    again = (*placed, cancelled, OrderReopened(order_id=ORDER, from_="cancelled", cycle=2))
    assert told(again, replace(authorise, reservation=RESERVATION)).recorded


def test_history_says_whose_an_order_was() -> None:
    zoe = person("zoe")
    named = replace(request, salesperson=SUE)
    given().when(named, by=zoe, at=day(1, 2), imported=True).then(replace(requested, salesperson=SUE))
    given().when(request, by=zoe, at=day(1, 2), imported=True).then(replace(requested, salesperson=None))


def test_two_purchases_that_are_alike_are_two_orders() -> None:
    """Two discs for 29.33: the odd cent is a discount."""
    discs = Line(product="cd", quantity=2, unit_price=dollars("14.67"), discount=dollars("0.01"))
    ids = [OrderId(UUID(int=number)) for number in (1, 2)]
    story = given()
    for order_id in ids:
        line = PlaceOrder(order_id=order_id, customer_id=CustomerId(UUID(int=4)), lines=(discs,))
        story = story.when(line, by=crm, at=day(1, 1), imported=True).then(
            OrderPlaced(order_id=order_id, customer_id=CustomerId(UUID(int=4)), lines=(discs,), amount=dollars("29.33"))
        )


def dollars(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def test_imported_history_becomes_a_live_order() -> None:
    adopt = AdoptOrder(order_id=ORDER)
    for status in WAYS:
        given(*WAYS[status]).when(adopt, by=administrator).then(OrderAdopted(order_id=ORDER))
    given().when(adopt, by=administrator).refused(Hidden)
    given(requested).when(adopt, by=mia).refused(NotAllowed, because="import is not allowed")
    assert whole.to == "paid"
    assert isinstance(requested, OrderRequested)
