"""Who brings most: the best share of those who pay, rounded up, with everybody at the border."""

from datetime import datetime
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.key_account_policy import KeyAccountTerms, window
from domain.money import MixedCurrencies, Money
from domain.month import month_after, month_before
from domain.revenue import is_best, places_for, ranked
from domain.values import CustomerId


def who(number: int) -> CustomerId:
    return CustomerId(UUID(int=number))


def cny(amount: Decimal | int | str, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


amounts = st.one_of(st.integers(-3, 6).map(Decimal), st.decimals(-1_000_000, 1_000_000, places=2))
revenues = st.dictionaries(st.integers(0, 200).map(who), amounts.map(cny))
shares = st.integers(0, 100)


def best(revenue: dict[CustomerId, Money], share_percent: int) -> set[CustomerId]:
    return {each for each, rank in ranked(revenue, share_percent).items() if is_best(rank)}


def numbers(*given: int, share_percent: int = 20) -> set[int]:
    """Which of several amounts are among the best: their places, from 0."""
    revenue = {who(number): cny(amount) for number, amount in enumerate(given)}
    return {each.int for each in best(revenue, share_percent)}


def test_of_ten_who_pay_the_two_who_bring_most() -> None:
    assert numbers(5, 90, 7, 8, 80, 6, 4, 3, 2, 1) == {1, 4}


def test_a_part_of_a_customer_is_a_customer() -> None:
    assert numbers(3, 2, 1) == {0}
    assert numbers(6, 5, 4, 3, 2, 1) == {0, 1}
    assert numbers(1) == {0}


def test_all_at_the_border_are_in() -> None:
    assert numbers(9, 5, 5, 5, 1, 1, 1, 1, 1, 1) == {0, 1, 2, 3}
    assert numbers(5, 5, 5, 1, 1) == {0, 1, 2}


def test_who_brings_nothing_is_in_no_ranking() -> None:
    assert numbers(0, -5) == set()
    assert numbers(0, -5, 0, 0, 0, 0, 0, 0, 3, 2, 1) == {8}, "nor does he make room for others"


def test_of_no_share_nobody_and_of_all_everybody() -> None:
    assert numbers(3, 2, 1, share_percent=0) == set()
    assert numbers(3, 2, 1, 0, share_percent=100) == {0, 1, 2}


def test_two_currencies_are_not_ranked_together() -> None:
    with pytest.raises(MixedCurrencies):
        ranked({who(1): cny(9), who(2): cny(8, "EUR")}, 20)


def test_a_rank_says_how_many_have_more() -> None:
    revenue = {who(1): cny(5), who(2): cny(9), who(3): cny(5), who(4): cny(1), who(5): cny(0)}
    found = ranked(revenue, 50)
    assert [(each.int, rank.rank) for each, rank in found.items()] == [(2, 1), (1, 2), (3, 2), (4, 4)]
    assert {(rank.of, rank.places) for rank in found.values()} == {(4, 2)}
    assert found[who(2)].revenue == cny(9)


@given(revenues, shares)
@example({who(1): cny(1), who(2): cny(1)}, 50)
def test_nobody_else_has_brought_as_much_as_one_who_is_in(revenue: dict[CustomerId, Money], share: int) -> None:
    inside = best(revenue, share)
    paying = {each for each, money in revenue.items() if money.amount > 0}
    assert inside <= paying
    assert all(revenue[one] > revenue[other] for one in inside for other in paying - inside)


@given(revenues, shares)
def test_no_fewer_than_the_share_and_no_more_than_the_border_asks_for(
    revenue: dict[CustomerId, Money], share: int
) -> None:
    inside = best(revenue, share)
    paying = [money for money in revenue.values() if money.amount > 0]
    places = places_for(len(paying), share)
    assert (places - 1) * 100 < len(paying) * share <= places * 100, "rounded up"
    assert len(inside) >= places
    if inside:
        border = min(revenue[each].amount for each in inside)
        assert len([each for each in inside if revenue[each].amount > border]) < places


@given(revenues, shares, st.randoms(use_true_random=False))
def test_it_is_the_same_in_whatever_order_they_are_told(
    revenue: dict[CustomerId, Money], share: int, chance: Random
) -> None:
    told = list(revenue.items())
    shuffled = dict(chance.sample(told, len(told)))
    assert list(ranked(shuffled, share).items()) == list(ranked(revenue, share).items())


@given(revenues, shares)
def test_with_a_greater_share_nobody_falls_out(revenue: dict[CustomerId, Money], share: int) -> None:
    assert best(revenue, share) <= best(revenue, min(share + 10, 100))


@given(revenues, shares, st.integers(1, 10**6))
def test_who_is_in_and_brings_more_stays_in(revenue: dict[CustomerId, Money], share: int, more: int) -> None:
    for each in best(revenue, share):
        assert each in best({**revenue, each: revenue[each] + cny(more)}, share)


# When


@pytest.mark.parametrize("month", ["2025-12", "2026-01", "2026-06", "2026-11", "0999-12"])
def test_one_month_back_is_where_one_month_on_came_from(month: str) -> None:
    assert month_before(month_after(month)) == month == month_after(month_before(month))


def test_the_window_is_of_days_as_the_calendar_of_the_zone_has_them() -> None:
    since, until = window("2026-03", KeyAccountTerms(window_days=30, time_zone="Europe/Berlin"))
    assert until == datetime.fromisoformat("2026-03-31T22:00:00+00:00")
    assert since == datetime.fromisoformat("2026-03-01T23:00:00+00:00"), "summer time began in between"
