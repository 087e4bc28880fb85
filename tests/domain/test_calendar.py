"""Working time against a slow and obvious way to count it: minute by minute, as the clock on the wall shows."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.calendar import (
    WEEKDAYS,
    AnyCalendar,
    Calendar,
    CalendarPublished,
    NoCalendar,
    OtherDay,
    Weekday,
    due,
    evolve,
    windows,
    worked,
)
from domain.errors import Invalid
from domain.values import CalendarId

MINUTE = timedelta(minutes=1)
OFFICE: Mapping[Weekday, tuple[str, ...]] = dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:30-18:00"))


def calendar(
    zone: str = "Asia/Shanghai", week: Mapping[Weekday, tuple[str, ...]] = OFFICE, *other: OtherDay
) -> Calendar:
    told = CalendarPublished(
        calendar_id=CalendarId("office"), number=1, name="Office", time_zone=zone, week=week, other_days=other
    )
    found: AnyCalendar = evolve(NoCalendar(), told)
    assert isinstance(found, Calendar)
    return found


def at(
    month: int, day: int, hour: int = 0, minute: int = 0, *, zone: str = "Asia/Shanghai", year: int = 2026
) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


# By example


def test_what_lies_outside_of_the_windows_does_not_count() -> None:
    office = calendar()
    assert worked(office, at(11, 23, 8), at(11, 23, 20)) == hours(7.5)  # A Monday.
    assert worked(office, at(11, 23, 10), at(11, 23, 10, 40)) == hours(2 / 3)
    assert worked(office, at(11, 23, 12), at(11, 23, 13, 30)) == hours(0)
    assert worked(office, at(11, 21), at(11, 23)) == hours(0)
    assert worked(office, at(11, 20, 17), at(11, 23, 10)) == hours(2)
    assert worked(office, at(11, 23, 10), at(11, 23, 9)) == hours(0)


def test_what_is_due_is_due_within_a_window() -> None:
    office = calendar()
    assert due(office, at(11, 20, 17), hours(2)) == at(11, 23, 10)
    assert due(office, at(11, 20, 17), hours(1)) == at(11, 20, 18)
    assert due(office, at(11, 21, 3), hours(0.5)) == at(11, 23, 9, 30)
    assert due(office, at(11, 23, 11, 45), hours(0.5)) == at(11, 23, 13, 45)
    assert due(office, at(11, 21, 3), hours(0)) == at(11, 21, 3)


def test_a_holiday_is_free_and_a_day_is_made_up_for() -> None:
    """Chinese New Year 2026: free from 16 to 20 February, and Saturday 28 February is a day of work (调休)."""
    free = [OtherDay(date=date(2026, 2, day), name="春节") for day in range(16, 21)]
    made_up = OtherDay(date=date(2026, 2, 28), name="调休", windows=("09:00-12:00", "13:30-18:00"))
    office = calendar("Asia/Shanghai", OFFICE, *free, made_up)
    assert worked(office, at(2, 16), at(2, 21)) == hours(0)
    assert worked(office, at(2, 28), at(3, 1)) == hours(7.5)
    assert due(office, at(2, 13, 17), hours(2)) == at(2, 23, 10)
    assert due(office, at(2, 27, 17, 30), hours(1)) == at(2, 28, 9, 30)


def test_a_night_that_summer_time_shortens_or_lengthens_counts_as_long_as_it_is() -> None:
    night = calendar("Europe/Berlin", dict.fromkeys(WEEKDAYS, ("00:00-06:00",)))
    berlin = "Europe/Berlin"
    assert worked(night, at(3, 29, zone=berlin), at(3, 30, zone=berlin)) == hours(5)
    assert worked(night, at(10, 25, zone=berlin), at(10, 26, zone=berlin)) == hours(7)
    assert due(night, at(3, 29, zone=berlin), hours(3)) == at(3, 29, 4, zone=berlin)
    twice = calendar(berlin, dict.fromkeys(WEEKDAYS, ("02:00-02:30",)))
    assert worked(twice, at(10, 25, zone=berlin), at(10, 26, zone=berlin)) == hours(1)
    assert worked(twice, at(3, 29, zone=berlin), at(3, 30, zone=berlin)) == hours(0)


def test_a_day_may_last_until_midnight() -> None:
    always = calendar("UTC", dict.fromkeys(WEEKDAYS, ("00:00-24:00",)))
    assert worked(always, at(1, 1, zone="UTC"), at(1, 31, zone="UTC")) == timedelta(days=30)


def test_what_is_due_is_told_in_the_zone_of_whoever_asks() -> None:
    found = due(calendar(), datetime(2026, 11, 23, 1, tzinfo=UTC), hours(1))
    assert (found, found.tzinfo) == (datetime(2026, 11, 23, 2, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("written", "because"),
    [
        (("9:00-12:00",), "is written as"),
        (("09:00-12:60",), "is written as"),
        (("09:00",), "is written as"),
        (("12:00-09:00",), "opens before it closes"),
        (("09:00-09:00",), "opens before it closes"),
        (("09:00-24:30",), "opens before it closes"),
        (("09:00-12:00", "11:59-13:00"), "follow one another"),
        (("13:00-18:00", "09:00-12:00"), "follow one another"),
    ],
)
def test_a_window_that_is_none_is_refused(written: tuple[str, ...], because: str) -> None:
    with pytest.raises(Invalid, match=because):
        windows(written)


def test_one_window_may_follow_at_once() -> None:
    assert len(windows(("09:00-12:00", "12:00-18:00"))) == 2


# Against the clock on the wall

# Where the clock is put by an hour, by half of one, over midnight, and where a date is skipped.
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "UTC",
)
PUT = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2010, 11, 7, tzinfo=UTC),
    datetime(2018, 2, 18, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
    datetime(2011, 12, 30, tzinfo=UTC),
)
times = st.lists(st.integers(0, 1440), max_size=6, unique=True).map(sorted)


def written(minutes: list[int]) -> tuple[str, ...]:
    shown = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    return tuple(f"{opens}-{closes}" for opens, closes in zip(shown[::2], shown[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn, near: datetime) -> Calendar:
    week = {day: written(draw(times)) for day in WEEKDAYS}
    dates = draw(st.lists(st.integers(-3, 3), max_size=3, unique=True))
    other = [
        OtherDay(date=(near + timedelta(days=d)).date(), name="other", windows=written(draw(times))) for d in dates
    ]
    return calendar(draw(st.sampled_from(ZONES)), week, *other)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Calendar, datetime, datetime]:
    """A calendar, and two instants around one at which a clock is put, a few days apart at most."""
    near = draw(st.sampled_from(PUT))
    start = near + timedelta(minutes=draw(st.integers(-3 * 1440, 2 * 1440)))
    return draw(calendars(near)), start, start + timedelta(minutes=draw(st.integers(0, 3 * 1440)))


def is_open(found: Calendar, instant: datetime) -> bool:
    """Whether the clock on the wall shows a time within a window of that date."""
    shown = instant.astimezone(ZoneInfo(found.time_zone))
    since = timedelta(hours=shown.hour, minutes=shown.minute, seconds=shown.second)
    return any(window.opens <= since < window.closes for window in found.windows(shown.date()))


def counted(found: Calendar, start: datetime, end: datetime) -> timedelta:
    minutes = range(int((end - start) / MINUTE))
    return sum((MINUTE for minute in minutes if is_open(found, start + minute * MINUTE)), timedelta())


OVER_MIDNIGHT = (
    calendar("America/St_Johns", dict.fromkeys(WEEKDAYS, ("00:00-00:30", "23:00-24:00"))),
    datetime(2010, 11, 6, 12, tzinfo=UTC),
    datetime(2010, 11, 8, 12, tzinfo=UTC),
)


@example(OVER_MIDNIGHT)
@given(situations())
def test_as_much_is_worked_as_the_clock_on_the_wall_shows(situation: tuple[Calendar, datetime, datetime]) -> None:
    found, start, end = situation
    assert worked(found, start, end) == counted(found, start, end)


@example(OVER_MIDNIGHT)
@example((OVER_MIDNIGHT[0], OVER_MIDNIGHT[1], datetime(2010, 11, 7, 3, tzinfo=UTC)))  # It is the day before, again.
@given(situations())
def test_what_is_worked_until_then_is_due_then_and_not_before(situation: tuple[Calendar, datetime, datetime]) -> None:
    found, start, end = situation
    amount = worked(found, start, end)
    assume(amount > timedelta())
    then = due(found, start, amount)
    assert start < then <= end
    assert worked(found, start, then) == amount
    assert worked(found, start, then - timedelta(seconds=1)) < amount


@given(situations(), st.integers(0, 3 * 1440))
def test_time_that_is_divided_is_not_lost(situation: tuple[Calendar, datetime, datetime], minutes: int) -> None:
    found, start, end = situation
    between = min(start + minutes * MINUTE, end)
    assert worked(found, start, between) + worked(found, between, end) == worked(found, start, end)
