from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.money import DIGITS, Money

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
