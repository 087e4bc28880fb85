"""An order begins with lines that make sense, and whoever has sold it works on it."""

from dataclasses import replace
from typing import Any

import pytest

from commands.order.progress import CancelOrder, CompleteOrder, FulfilOrder, RefuseOrder, ReopenOrder, RepriceOrder
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.owners import CustomerAssigned
from domain.errors import Hidden, Invalid, NotAllowed
from domain.money import MixedCurrencies
from domain.order.facts import Line, OrderReopened
from domain.values import StaffId
from tests.commands.lead.situations import buyer
from tests.commands.order.situations import (
    CUSTOMER,
    LINES,
    ORDER,
    SPOUSE,
    WAYS,
    authorised,
    bought,
    cny,
    euro,
    lines,
    requested,
    taken,
)
from tests.commands.order.table import authorise, place, request
from tests.spec import ANN, BOB, MIA, SUE, ann, bob, crm, given, mia, otto, pat, policy, sue

# It begins


def test_the_lines_make_the_amount() -> None:
    given().when(request, by=ann).then(requested)
    piece = Line(product="x", quantity=3, unit_price=cny("9.99"))
    given().when(replace(request, lines=(piece,)), by=ann).then(replace(requested, lines=(piece,), amount=cny("29.97")))
    free = Line(product="x", quantity=1, unit_price=cny("5"), discount=cny("5"))
    given().when(replace(request, lines=(free,)), by=ann).then(replace(requested, lines=(free,), amount=cny("0")))


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ({"quantity": 0}, "lines/0/quantity: this is 1 to 1000000"),
        ({"quantity": -1}, "lines/0/quantity"),
        ({"quantity": 10**20}, "lines/0/quantity"),
        ({"unit_price": cny("-0.01")}, "lines/0/unit_price: this is 0 to 10000000000000"),
        ({"unit_price": cny("1E+14")}, "lines/0/unit_price"),
        ({"unit_price": cny("1E+13"), "quantity": 2, "discount": None}, "lines: an order comes to at most"),
        ({"discount": cny("80.01")}, "lines/0/discount: this is more than the line comes to"),
        ({"discount": cny("-1")}, "lines/0/discount: this is 0 to"),
        ({"product": "a course for Mr Li"}, "lines/0/product: this is a code"),
    ],
)
def test_a_line_makes_sense_or_it_is_refused(line: dict[str, Any], because: str) -> None:
    wrong = replace(request, lines=(replace(LINES[0], **line),))
    given().when(wrong, by=ann).refused(Invalid, because=because)


def test_an_order_has_a_line_and_one_currency() -> None:
    given().when(replace(request, lines=()), by=ann).refused(Invalid, because="lines: an order has at least one")
    mixed = (LINES[0], replace(LINES[0], unit_price=euro("1")))
    given().when(replace(request, lines=mixed), by=ann).refused(MixedCurrencies, because="CNY and EUR are two")
    discounted = (replace(LINES[0], discount=euro("1")),)
    given().when(replace(request, lines=discounted), by=ann).refused(MixedCurrencies)
    story = given(requested)
    abroad = (replace(LINES[0], unit_price=euro("1")),)
    story.when(RepriceOrder(order_id=ORDER, lines=abroad), by=ann).refused(MixedCurrencies)
    story.when(replace(authorise, amount=euro("100")), by=policy).refused(MixedCurrencies)
    given(requested, authorised).when(replace(place, lines=abroad), by=crm).refused(MixedCurrencies)


def test_several_may_buy_together() -> None:
    both = replace(request, co_buyers=(SPOUSE,))
    given().when(both, by=ann).then(replace(requested, co_buyers=(SPOUSE,)))
    for wrong in ((CUSTOMER,), (SPOUSE, SPOUSE)):
        given().when(replace(request, co_buyers=wrong), by=ann).refused(
            Invalid, because="co_buyers: these are others than the customer, each once"
        )
    given(requested, authorised).when(replace(place, co_buyers=(CUSTOMER,)), by=crm).refused(Invalid)
    given(requested, authorised).when(replace(place, co_buyers=(SPOUSE,)), by=crm).then(
        replace(taken, co_buyers=(SPOUSE,))
    )
    kept = replace(requested, co_buyers=(SPOUSE,))
    given(kept, authorised).when(place, by=crm).then(replace(taken, co_buyers=(SPOUSE,)))


# Whose it is


def test_an_order_is_its_salesperson_s() -> None:
    given().when(replace(request, salesperson=BOB), by=ann).refused(NotAllowed, because="only bob, or a manager")
    given().when(replace(request, salesperson=ANN), by=mia).then(requested)
    given().when(request, by=crm).then(replace(requested, salesperson=None))
    given().when(replace(request, salesperson=StaffId("a b")), by=crm).refused(
        Invalid, because="salesperson: an id has"
    )
    given().when(request, by=pat).refused(NotAllowed, because="capture is not allowed")


def test_a_manager_names_another_only_where_the_customer_is_hers_to_give() -> None:
    him = replace(buyer, customer_id=CUSTOMER)
    spouse = replace(buyer, customer_id=SPOUSE)
    anns, sues = (CustomerAssigned(customer_id=CUSTOMER, owner=each, role="primary") for each in (ANN, SUE))
    named = replace(request, salesperson=BOB)
    given(him, anns).when(named, by=mia).then(replace(requested, salesperson=BOB))
    given(him, sues).when(named, by=mia).refused(NotAllowed, because="sue lies outside the scope of mia")
    given(him, sues).when(named, by=mia, imported=True).done()
    given(him, sues).when(named, by=crm).done()
    given(him, sues).when(replace(request, salesperson=MIA), by=mia).done()
    given(him).when(named, by=mia).done()
    given(him).when(named, by=otto).refused(NotAllowed, because="bob lies outside the scope of otto")
    became = CustomerAbsorbed(customer_id=CUSTOMER, into=SPOUSE, from_="prospect")
    survivor = (spouse, replace(sues, customer_id=SPOUSE))
    given(him, anns, became, *survivor).when(named, by=mia).refused(NotAllowed, because="sue lies outside")


def test_who_may_work_on_it() -> None:
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("90"))
    cancel = CancelOrder(order_id=ORDER)
    for command in (cheaper, cancel):
        for who in (ann, mia, crm):
            assert given(requested).when(command, by=who).recorded
        for who in (bob, sue, otto):
            given(requested).when(command, by=who).refused(Hidden)
        given(requested).when(command, by=pat).refused(NotAllowed)
    reopen = ReopenOrder(order_id=ORDER)
    given(*WAYS["refused"]).when(reopen, by=ann).then(OrderReopened(order_id=ORDER, from_="refused", cycle=2))
    given(*WAYS["refused"]).when(reopen, by=bob).refused(Hidden)


def test_what_nobody_sold_is_every_manager_s() -> None:
    cancel = CancelOrder(order_id=ORDER)
    for who in (mia, otto):
        assert given(bought).when(cancel, by=who).recorded
    given(bought).when(cancel, by=ann).refused(Hidden)


def test_the_shop_tells_and_the_credit_guard_decides() -> None:
    for command in (place, FulfilOrder(order_id=ORDER), CompleteOrder(order_id=ORDER)):
        given(requested).when(command, by=mia).refused(NotAllowed, because="mirror is not allowed")
    for decision in (authorise, RefuseOrder(order_id=ORDER, reason="x")):
        for who in (ann, mia, crm):
            given(requested).when(decision, by=who).refused(NotAllowed, because="credit is not allowed")
