"""Amounts that are asked for are in currencies of today; those of the past are read as they were told."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.credit_policy import PublishCreditPolicy
from commands.currencies import mentions_money
from commands.lead.work import ContactLead, QualifyLead
from commands.order.progress import PlaceOrder
from domain.credit_policy import STANDARD
from domain.currency import ACTIVE
from domain.errors import Invalid
from domain.money import DIGITS, Money
from domain.order.facts import OrderRequested
from tests.commands.customer.situations import BASIC, GOLD
from tests.commands.lead.situations import LEAD, contacted, held
from tests.commands.order.situations import CUSTOMER, LINES, ORDER
from tests.spec import administrator, ann, crm, given, policy


def of(currency: str) -> Money:
    return Money(amount=Decimal(10), currency=currency)


NO_MONEY = ("ZZZ", "XXX", "XTS", "XAU", "DEM")


@pytest.mark.parametrize("currency", NO_MONEY)
def test_nothing_is_asked_for_in_what_is_no_currency(currency: str) -> None:
    qualify = QualifyLead(lead_id=LEAD, amount=of(currency))
    story = given(*held, contacted)
    story.when(qualify, by=ann).refused(Invalid, because=f"amount: {currency} is no currency of today")
    story.when(replace(qualify, amount=of("CNY")), by=ann).done()
    story.when(qualify, by=ann, imported=True).done()


def test_the_place_of_it_is_named() -> None:
    lines = (LINES[0], replace(LINES[0], unit_price=of("ZZZ")))
    order = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=lines)
    given().when(order, by=crm).refused(Invalid, because="lines/1/unit_price: ZZZ is no")
    publish = PublishCreditPolicy(policy_id=STANDARD, levels=(GOLD, replace(BASIC, limit=of("ZZZ"))))
    given().when(publish, by=administrator).refused(Invalid, because="levels/1/limit: ZZZ is no")


def test_what_was_stored_is_read_and_a_policy_goes_on_with_it() -> None:
    lines = (replace(LINES[0], quantity=1, unit_price=of("DEM")),)
    old = OrderRequested(order_id=ORDER, customer_id=CUSTOMER, lines=lines, amount=of("DEM"))
    place = PlaceOrder(order_id=ORDER, lines=lines)
    story = given(old)
    assert "NotNow" in type(story.when(place, by=policy).answer.refusal).__name__  # type: ignore[union-attr]
    story.when(place, by=crm).refused(Invalid, because="DEM")


def test_most_commands_have_no_amount_and_are_not_looked_through() -> None:
    assert not mentions_money(ContactLead)
    assert all(map(mentions_money, (QualifyLead, PlaceOrder, PublishCreditPolicy)))


def test_the_list_is_whole() -> None:
    assert len(ACTIVE) == 165
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in ACTIVE)
    assert DIGITS.keys() < ACTIVE, "whose decimal places are known is one"
    assert ACTIVE.isdisjoint(NO_MONEY)
    places = [DIGITS.get(code, 2) for code in ACTIVE]
    assert [places.count(number) for number in (0, 2, 3, 4)] == [17, 139, 7, 2], "as the list itself has them"
