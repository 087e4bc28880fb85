from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.money import DIGITS, MixedCurrencies, Money, split

MONEY = TypeAdapter(Money)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("12", "CNY"),
        ("12.5", "CNY"),
        ("12.50", "CNY"),
        ("-0.01", "EUR"),
        ("0", "EUR"),
        ("1E+3", "EUR"),
        ("100", "JPY"),
        ("1.234", "KWD"),
        ("1.2345", "CLF"),
        ("9" * 18, "CNY"),
    ],
)
def test_an_amount_is_exact(amount: str, currency: str) -> None:
    assert Money(amount=Decimal(amount), currency=currency).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "because"),
    [
        ("0.001", "CNY", "CNY has 2 decimal places"),
        ("100.5", "JPY", "JPY has 0 decimal places"),
        ("1.2345", "KWD", "KWD has 3 decimal places"),
        ("NaN", "CNY", "finite"),
        ("sNaN", "CNY", "finite"),
        ("-Infinity", "CNY", "finite"),
        ("9" * 19, "CNY", "at most 18 digits"),
        ("1E+18", "CNY", "at most 18 digits"),
        ("1E+999999", "CNY", "at most 18 digits"),
        ("1E-999999", "CNY", "decimal places"),
    ],
)
def test_what_cannot_be_paid_is_no_amount(amount: str, currency: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize("currency", ["", "cny", "CN", "CNYY", "C1Y", "ÄÖÜ", "EU ", "€", "CNY\n"])
def test_a_currency_has_three_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(amount=Decimal(1), currency=currency)


@given(st.sampled_from(["CNY", *DIGITS]), st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_what_is_one_survives_json_and_nothing_else_comes_in(currency: str, amount: Decimal) -> None:
    try:
        money = Money(amount=amount, currency=currency)
    except ValueError:
        return
    assert MONEY.validate_json(MONEY.dump_json(money)) == money


CNY = st.builds(Money, amount=st.decimals(-(10**9), 10**9, places=2), currency=st.just("CNY"))


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


def test_amounts_of_one_currency_are_added_and_compared() -> None:
    assert cny("1.20") + cny("0.05") == cny("1.25")
    assert cny("1.20") - cny("1.25") == -cny("0.05")
    assert cny("1") < cny("1.01") <= cny("1.01")
    assert cny("1.01") > cny("1") >= cny("1.00")
    assert cny("7").nothing == cny("0")


@given(CNY, CNY)
def test_amounts_are_ordered_as_their_numbers_are(one: Money, other: Money) -> None:
    assert (one < other) == (one.amount < other.amount)
    assert (one <= other) == (one.amount <= other.amount)
    assert (one > other) == (one.amount > other.amount)
    assert (one >= other) == (one.amount >= other.amount)


@pytest.mark.parametrize("how", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_two_currencies_are_not_mixed(how: str) -> None:
    with pytest.raises(MixedCurrencies, match="CNY and EUR are two currencies"):
        getattr(cny("1"), how)(Money(amount=Decimal(1), currency="EUR"))


@pytest.mark.parametrize(
    ("whole", "currency", "share", "part"),
    [
        ("10.01", "CNY", "0.5", "5.00"),
        ("10.03", "CNY", "0.5", "5.02"),
        ("101", "JPY", "0.5", "50"),
        ("1.001", "KWD", "0.5", "0.500"),
        ("-10.01", "CNY", "0.5", "-5.00"),
    ],
)
def test_a_share_is_in_whole_smallest_units(whole: str, currency: str, share: str, part: str) -> None:
    found = Money(amount=Decimal(whole), currency=currency).part(Decimal(share))
    assert found == Money(amount=Decimal(part), currency=currency)


@given(CNY, st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_parts_add_up_to_the_whole(whole: Money, weights: list[int]) -> None:
    shares = [Decimal(each) / 1000 for each in weights[:-1]]
    parts = split(whole, (*shares, Decimal(1) - sum(shares, Decimal(0))))
    assert len(parts) == len(weights)
    assert sum(part.amount for part in parts) == whole.amount
