"""What is asked for is there, or is said not to be."""

import pytest

from tests.coverage import DOCUMENT, Row, document, rows, there_is

ROWS = rows()
OPEN = (5, 26, 39, 56)


def test_every_row_is_there_once_and_in_order() -> None:
    assert [row.row for row in ROWS] == list(range(1, 63))
    assert {kind for row in ROWS for kind in row.kind} == {"K", "In", "Out", "X"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.row))
def test_every_name_in_it_is_one(row: Row) -> None:
    for kind, known in there_is().items():
        named = getattr(row, kind)
        assert not set(named) - known, kind
        assert len(named) == len(set(named))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.row))
def test_it_awaits_nothing_that_has_come_to_be(row: Row) -> None:
    come = {name for names in there_is().values() for name in names} & set(row.awaits)
    assert not come, "say so where it belongs, and await it no more"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.row))
def test_what_is_built_here_has_a_command_an_event_a_view_and_a_spec(row: Row) -> None:
    assert not row.lacks


def test_what_is_open_is_said_to_be_and_nothing_else() -> None:
    assert tuple(row.row for row in ROWS if row.is_open) == OPEN, "a row that is done, or undone, leaves or joins OPEN"


def test_the_document_says_so() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "python -m tests.coverage"
