"""A time that is told from now on is one, whatever moment now is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from projections.columns import Column
from projections.relative import FIRST, LAST, relative

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INSTANT, DAY = Column("at", "timestamptz", nullable=True), Column("on", "date", nullable=True)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("-10d", NOON - timedelta(days=10)),
        ("+3h", NOON + timedelta(hours=3)),
        (" 3h", NOON + timedelta(hours=3)),
        ("2w", NOON + timedelta(weeks=2)),
        ("3 h", None),
        ("-10y", None),
        ("2026-11-20", None),
    ],
)
def test_a_time_is_told_from_now_on(text: str, at: datetime | None) -> None:
    assert relative(INSTANT, text, NOON) == at
    assert relative(DAY, text, NOON) == (at and at.date())


def test_what_would_lie_beyond_all_calendars_ends_with_them() -> None:
    """A list is asked as of any moment, the first day of the first year too."""
    assert relative(INSTANT, "-10d", FIRST) == FIRST
    assert relative(INSTANT, "+10d", LAST) == LAST
    assert relative(DAY, "-10d", FIRST) == date(1, 1, 1)
