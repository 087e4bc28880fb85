"""The first instant at which somebody may be contacted, against looking at every half hour."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.outreach_policy import MONTH, WEEK, OutreachTerms, hindrance, most_within, next_allowed, quiet_until

START = datetime(2026, 3, 25, 2, tzinfo=UTC)
HALF = timedelta(minutes=30)
ZONES = ["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]

hours = st.integers(0, 2 * 24 * 70).map(lambda halves: START + halves * HALF)
clocks = st.sampled_from(["00:00", "08:00", "12:00", "13:30", "21:00", "23:30"])
terms = st.builds(
    OutreachTerms,
    a_day=st.integers(1, 3),
    a_week=st.integers(1, 4),
    a_month=st.integers(1, 9),
    quiet_from=clocks,
    quiet_until=clocks,
)


@given(terms, st.sampled_from(ZONES), st.lists(hours, max_size=14), hours)
@example(OutreachTerms(), "Europe/Berlin", [], datetime(2026, 10, 24, 22, tzinfo=UTC))  # The clock is put back.
@example(OutreachTerms(), "Europe/Berlin", [], datetime(2026, 3, 28, 22, tzinfo=UTC))
def test_the_next_one_is_allowed_as_soon_as_nothing_speaks_against_it(
    terms: OutreachTerms, zone: str, others: Sequence[datetime], at: datetime
) -> None:
    found = next_allowed(terms, zone, others, at)
    assert found is not None
    assert hindrance(terms, zone, others, found) is None
    when = at
    while when < found:
        assert hindrance(terms, zone, others, when) is not None
        when += HALF
    assert when == found


@given(st.lists(hours, max_size=20), hours, st.sampled_from([WEEK, MONTH]))
def test_the_fullest_window_is_found(others: Sequence[datetime], at: datetime, length: timedelta) -> None:
    """There is no need to look at more than the windows that begin with one of them: all half hours say the same."""
    starts = [at - halves * HALF for halves in range(2 * int(length / timedelta(hours=1)))]
    slow = max(sum(start <= each < start + length for each in others) for start in starts)
    assert most_within(length, others, at) == slow


def test_two_that_are_just_a_window_apart_lie_in_none_together() -> None:
    for length in (WEEK, MONTH):
        assert most_within(length, [START], START + length) == 0
        assert most_within(length, [START + length], START) == 0
        assert most_within(length, [START], START + length - timedelta(microseconds=1)) == 1


@pytest.mark.parametrize("limit", ["a_day", "a_week", "a_month"])
def test_where_nothing_is_allowed_it_never_is(limit: str) -> None:
    none = OutreachTerms(**{limit: 0})  # type: ignore[arg-type]
    assert next_allowed(none, "UTC", [], START) is None
    assert next_allowed(none, "UTC", [START], START.replace(hour=23)) is None


def test_where_the_clock_shows_the_end_twice_it_is_quiet_twice() -> None:
    """In Berlin, on the 25th of October 2026, half past two comes again after an hour."""
    terms = OutreachTerms(quiet_from="22:00", quiet_until="02:30")
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert quiet_until(terms, "Europe/Berlin", first - HALF) == first
    assert quiet_until(terms, "Europe/Berlin", first) is None
    assert quiet_until(terms, "Europe/Berlin", second - HALF) == second
    assert quiet_until(terms, "Europe/Berlin", second) is None
