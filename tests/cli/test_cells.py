"""What a cell says: it is mended where nothing is lost, and what cannot be read is refused."""

from typing import Any

import pytest

from api.sheet.cells import Unreadable, amount, custom, day, digits, instant, phones, plain
from domain.catalog import FieldType


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("13800138001", "13800138001"),
        ("13800138001.0", "13800138001"),
        ("1.3800138001E+10", "13800138001"),
        ("1,3800138001e10", "13800138001"),
        ("13,800,138,001", "13800138001"),
        ("'13800138001", "13800138001"),
        ('="13800138001"', "13800138001"),
        ("\u202d138 0013 8001\u202c", "138 0013 8001"),
        ("１３８００１３８００１", "13800138001"),
        ("7E3", None),
        ("1.38E+10", None),
        ("1.38001380011E+10", None),
        ("AB-7", "AB-7"),
        ("007", "007"),
    ],
)
def test_numbers_that_are_names_are_mended_where_nothing_is_lost(text: str, known: str | None) -> None:
    if known is None:
        with pytest.raises(Unreadable, match="rounded"):
            digits(text)
    else:
        assert digits(text) == known


def test_a_cell_may_have_several_phones() -> None:
    both = ["+8613800138001", "+861062281234"]
    for text in ("13800138001/010-62281234", "13800138001；010 6228 1234", "13800138001、\n86 10 62281234"):
        assert [each.value for each in phones(text, "CN")] == both
    for text in ("010-62281234/35", "/", "none"):
        with pytest.raises(Unreadable):
            phones(text, "CN")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2025-03-01T10:00:00+08:00", "2025-03-01T10:00:00+08:00"),
        ("2025-03-01 02:00Z", "2025-03-01T02:00:00+00:00"),
        ("2025/3/1 9:05", "2025-03-01T09:05:00+08:00"),
        ("2025.03.01", "2025-03-01T00:00:00+08:00"),
        ("2025年3月1日 9:05:06", "2025-03-01T09:05:06+08:00"),
    ],
)
def test_times_are_read_as_they_are_written(text: str, known: str) -> None:
    assert instant(text, "Asia/Shanghai") == known


def test_a_time_without_a_zone_is_no_instant() -> None:
    assert instant("2025-03-01 10:00+0800", None) == "2025-03-01T10:00:00+08:00"
    with pytest.raises(Unreadable, match="time_zone"):
        instant("2025-03-01 10:00", None)
    for text in ("45717.4", "1/3/2025", "2025-03-01 25:00", "soon"):
        with pytest.raises(Unreadable):
            instant(text, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "text", "known"),
    [
        ("integer", "1,200", 1200),
        ("integer", "-3", -3),
        ("integer", "3.5", None),
        ("boolean", "Yes", True),
        ("boolean", "否", False),
        ("boolean", "maybe", None),
        ("decimal", "1,200.50", "1200.50"),
        ("date", "2025/3/1", "2025-03-01"),
        ("date", "2025", None),
        ("choice", ' ="gold" ', "gold"),
        ("text", "'t Hooft", "'t Hooft"),
    ],
)
def test_a_cell_has_the_type_of_its_field(kind: FieldType, text: str, known: Any) -> None:
    if known is None:
        with pytest.raises(Unreadable):
            custom(kind, text.strip())
    else:
        assert custom(kind, text.strip()) == known


def test_what_is_not_a_number_or_a_day_is_no_amount_and_no_day() -> None:
    assert (amount("-12.5"), day("2025-03-01 10:00"), plain("'t Hooft")) == ("-12.5", "2025-03-01", "'t Hooft")
    for text in ("12,5", "¥12", "1.234,50", "１e3"):
        with pytest.raises(Unreadable):
            amount(text)
