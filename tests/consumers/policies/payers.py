"""Customers who pay, and the policy that ranks them: five of them, of whom the fifth is the best."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from commands.key_account_policy import PublishKeyAccountPolicy
from commands.order.money import RecordPayment
from commands.order.progress import PlaceOrder
from consumers.policies.key_account import key_account
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.key_account_policy import (
    KeyAccountTerms,
)
from domain.money import Money
from domain.order.facts import Line, OrderPlaced, OrderRefunded, PaymentReceived
from domain.staff import StaffOnboarded
from domain.values import CustomerId, OrderId, OrgPath, StaffId
from projections.key_accounts import key_accounts
from tests.consumers.policies.order_desk import Desk
from tests.spec import STAFF, administrator

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
APRIL = datetime.fromisoformat("2026-03-31T16:00:00+00:00")  # When it begins in Shanghai.
MAY = datetime.fromisoformat("2026-04-30T16:00:00+00:00")
SKILL = ("key-account",)
KIM = StaffOnboarded(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north"), skills=SKILL)
USUAL = KeyAccountTerms()


def who(number: int) -> CustomerId:
    return CustomerId(UUID(int=0xC00 + number))


def which(number: int, nth: int) -> OrderId:
    return OrderId(UUID(int=0xD000 + 0x100 * nth + number))


def money(amount: int, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def customers(*numbers: int) -> Iterator[CustomerCreated]:
    for number in numbers:
        yield CustomerCreated(customer_id=who(number), customer_type="individual", profile=Profile())


def bought(number: int, amount: int, currency: str = "CNY", nth: int = 1) -> Iterator[object]:
    """One order of a customer, and its payment."""
    price = money(amount, currency)
    lines = (Line(product="piano", quantity=1, unit_price=price),)
    yield OrderPlaced(order_id=which(number, nth), customer_id=who(number), lines=lines, amount=price)
    yield PaymentReceived(order_id=which(number, nth), payment="p", amount=price)


def gave_back(number: int, amount: int, nth: int = 1) -> OrderRefunded:
    amounts = {"amount": money(amount), "refunded": money(amount)}
    order_id = which(number, nth)
    return OrderRefunded(order_id=order_id, from_="not_refunded", to="part_refunded", refund="r", **amounts)


def buying(number: int, amount: int, nth: int = 2) -> tuple[PlaceOrder, RecordPayment]:
    lines = (Line(product="piano", quantity=1, unit_price=money(amount)),)
    order_id = which(number, nth)
    place = PlaceOrder(order_id=order_id, customer_id=who(number), lines=lines)
    return place, RecordPayment(order_id=order_id, payment="p", amount=money(amount))


# The fifth of five customers is the best of them.
FIVE = (*customers(1, 2, 3, 4, 5), *(each for number in range(1, 6) for each in bought(number, number * 10)))


def desk_of(*history: object, terms: KeyAccountTerms = USUAL) -> Desk:
    """It is the 25th of March, and this has happened; the policy is published now."""
    desk = Desk((key_account,), *STAFF, *history)
    desk.do(administrator, PublishKeyAccountPolicy(terms=terms))
    return desk


def best(desk: Desk) -> set[int]:
    """Who is among the best, as the view has it."""
    return {row.customer_id.int - 0xC00 for row in desk.rows(key_accounts) if row.standing == "best"}
