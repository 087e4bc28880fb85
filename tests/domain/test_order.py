"""Which histories of an order cannot have been; how a sum is divided; and how old a debt is."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ImpossibleHistory
from domain.money import MixedCurrencies, Money
from domain.order.ageing import Receivable, ageing, days_overdue, still_open
from domain.order.amounts import divided
from domain.order.facts import OrderEvent, OrderReopened, SalesCreditReversed
from domain.order.states import AnyOrder, Unrequested, evolve
from tests.commands.order.situations import (
    ORDER,
    WAYS,
    attributed,
    authorised,
    bought,
    cancelled,
    cny,
    completed,
    fulfilled,
    given_back,
    invoice,
    paid,
    refused,
    requested,
    taken,
)
from tests.spec import ANN, START, day


def after(*events: object) -> AnyOrder:
    order: AnyOrder = Unrequested()
    return reduce(evolve, events, order)  # type: ignore[arg-type]  # Only events of orders are given here.


reopened = OrderReopened(order_id=ORDER, from_="cancelled", cycle=2)
FACTS: tuple[OrderEvent, ...] = (requested, authorised, refused, taken, fulfilled, completed, cancelled, reopened)
NEXT: dict[str, set[OrderEvent]] = {
    "requested": {authorised, refused, cancelled},
    "authorised": {authorised, taken, cancelled},
    "refused": {refused, reopened},
    "placed": {taken, fulfilled, cancelled},
    "fulfilled": {fulfilled, completed},
    "completed": {completed},
    "cancelled": {cancelled, reopened},
}


@pytest.mark.parametrize("status", WAYS)
@pytest.mark.parametrize("event", FACTS, ids=lambda event: type(event).__name__)
def test_what_cannot_follow_is_no_history(status: str, event: OrderEvent) -> None:
    if event in NEXT[status]:
        after(*WAYS[status], event)
    else:
        with pytest.raises(ImpossibleHistory):
            after(*WAYS[status], event)


@pytest.mark.parametrize("event", [taken, authorised, fulfilled, cancelled, *paid, given_back, invoice, *attributed])
def test_nothing_comes_before_the_order(event: OrderEvent) -> None:
    with pytest.raises(ImpossibleHistory):
        after(event)


def test_nobody_gives_back_credit_that_he_never_had() -> None:
    back = SalesCreditReversed(order_id=ORDER, staff_id=ANN, amount=cny("1"), refund="r-1")
    with pytest.raises(ImpossibleHistory):
        after(bought, *paid, back)
    assert after(bought, *paid, *attributed, back) != after(bought, *paid, *attributed)


# A sum divided

cents = st.integers(0, 10**15).map(lambda amount: Money(amount=Decimal(amount).scaleb(-2), currency="CNY"))
shares = st.lists(st.integers(1, 10_000).map(lambda share: Decimal(share).scaleb(-4)), min_size=1, max_size=6)


@given(whole=cents, weights=shares)
def test_parts_add_up_and_are_a_cent_from_exact(whole: Money, weights: list[Decimal]) -> None:
    parts = divided(whole, weights)
    assert sum(part.amount for part in parts) == whole.amount
    for part, weight in zip(parts, weights, strict=True):
        assert part.amount >= 0
        assert abs(part.amount - whole.amount * weight / sum(weights)) <= Decimal("0.01")


@given(weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any), data=st.data())
def test_what_goes_back_is_never_more_than_what_there_is(weights: list[int], data: st.DataObject) -> None:
    amounts = [Decimal(weight).scaleb(-2) for weight in weights]
    some = data.draw(st.integers(0, sum(weights)))
    parts = divided(cny(str(Decimal(some).scaleb(-2))), amounts)
    assert sum(part.amount for part in parts) == Decimal(some).scaleb(-2)
    assert all(0 <= part.amount <= amount for part, amount in zip(parts, amounts, strict=True))
    everything = divided(cny(str(sum(amounts))), amounts)
    assert [part.amount for part in everything] == amounts


def test_the_smallest_unit_is_that_of_the_currency() -> None:
    yen = divided(Money(amount=Decimal(100), currency="JPY"), [Decimal(1)] * 3)
    assert [int(part.amount) for part in yen] == [33, 33, 34]
    dinar = divided(Money(amount=Decimal("0.001"), currency="KWD"), [Decimal("0.5"), Decimal("0.5")])
    assert [part.amount for part in dinar] == [0, Decimal("0.001")]


# How old a debt is


def owed(amount: str, days: float, number: str = "I-1") -> Receivable:
    """Due so many days ago."""
    return Receivable(number=number, due=START - timedelta(days=days), amount=cny(amount))


def columns(receivables: Sequence[Receivable]) -> list[Decimal]:
    found = ageing(receivables, "CNY", START)
    return [each.amount for each in (found.to_30, found.to_60, found.to_90, found.beyond)]


@pytest.mark.parametrize(
    ("days", "column"),
    [(-10, 0), (0, 0), (0.5, 0), (30, 0), (30.99, 0), (31, 1), (60.99, 1), (61, 2), (90.99, 2), (91, 3), (4_000, 3)],
)
def test_a_debt_stands_in_the_column_of_its_days(days: float, column: int) -> None:
    expected = [Decimal(0)] * 4
    expected[column] = Decimal(7)
    assert columns([owed("7", days)]) == expected


def test_who_owes_nothing_stands_there_with_nothing() -> None:
    assert columns([]) == [0, 0, 0, 0]
    with pytest.raises(MixedCurrencies):
        ageing([owed("7", 1)], "EUR", START)


debts = st.lists(
    st.builds(
        Receivable,
        number=st.uuids().map(str),
        due=st.integers(-200 * 86_400, 200 * 86_400).map(lambda seconds: START - timedelta(seconds=seconds)),
        amount=st.integers(1, 10**9).map(lambda amount: Money(amount=Decimal(amount).scaleb(-2), currency="CNY")),
    ),
    max_size=8,
)


@given(debts=debts)
def test_each_debt_stands_in_one_column_and_the_order_does_not_matter(debts: list[Receivable]) -> None:
    found = columns(debts)
    assert sum(found) == sum(each.amount.amount for each in debts)
    assert columns(debts[::-1]) == found
    assert sum(map(sum, (columns([each]) for each in debts))) == sum(found)
    overdue = [each for each in debts if days_overdue(each.due, START) > 90]
    assert found[3] == sum(each.amount.amount for each in overdue)


@given(debts=debts, later=st.integers(0, 300))
def test_with_time_debts_only_grow_older(debts: list[Receivable], later: int) -> None:
    now, then = ageing(debts, "CNY", START), ageing(debts, "CNY", START + timedelta(days=later))
    assert then.beyond >= now.beyond
    assert then.to_90 + then.beyond >= now.to_90 + now.beyond
    assert then.to_30 <= now.to_30


@given(debts=debts, paid=st.integers(0, 10**10))
def test_what_is_paid_settles_what_was_due_first(debts: list[Receivable], paid: int) -> None:
    amount = Money(amount=Decimal(paid).scaleb(-2), currency="CNY")
    left = still_open(debts, amount)
    total = sum(each.amount.amount for each in debts)
    assert sum(each.amount.amount for each in left) == max(total - amount.amount, 0)
    whole = {each.number: each for each in debts}
    assert all(0 < each.amount.amount <= whole[each.number].amount.amount for each in left)
    assert all(each == whole[each.number] for each in left[1:]), "at most one is open in part"
    settled = [each for each in debts if each.number not in {other.number for other in left}]
    assert all(one.due <= other.due for one in settled for other in left)


def test_the_order_of_invoices_does_not_matter() -> None:
    three = owed("10", 40, "I-1"), owed("10", 40, "I-2"), owed("10", -5, "I-3")
    for each in permutations(three):
        assert still_open(each, cny("15")) == (owed("5", 40, "I-2"), three[2])
    with pytest.raises(MixedCurrencies):
        still_open(three, Money(amount=Decimal(1), currency="EUR"))
    assert days_overdue(day(3, 25), day(4, 24)) == 30
