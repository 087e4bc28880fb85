"""Words of Chinese and English texts: what is typed is found in what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.words import sought, words


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("printer", "The PRINTER does not print"),
        ("Ｐｒｉｎｔｅｒ", "the printer"),
        ("打印", "打印机无法连接"),
        ("打印机", "新打印机"),
        ("连", "打印机无法连接"),
        ("退款", "客户要求退款, order 4711"),
        ("4711 退款", "客户要求退款, order 4711"),
        ("A4纸", "打印机不进A4纸"),
    ],
)
def test_what_is_typed_is_found_in_what_was_written(typed: str, written: str) -> None:
    assert set(sought(typed)) <= set(words(written))


@pytest.mark.parametrize(
    ("typed", "written"),
    [("print", "the printer"), ("机打", "打印机"), ("印刷", "打印机刷新"), ("4711 退货", "退款 4711")],
)
def test_what_only_looks_alike_is_not_found(typed: str, written: str) -> None:
    assert not set(sought(typed)) <= set(words(written))


def test_nothing_has_no_words() -> None:
    assert words(None, "", " ,.;") == ()
    assert sought("?!") == ()


@given(st.text(max_size=60))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert set(sought(text)) <= set(words(text))
