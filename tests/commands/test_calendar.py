"""Calendars are published, in versions, and are open at some time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from commands.calendar import PublishCalendar
from domain.calendar import WEEKDAYS, Calendar, CalendarPublished, OtherDay, Weekday, as_published, worked
from domain.errors import Invalid, NotAllowed
from domain.values import CalendarId
from tests.commands.ticket.situations import OFFICE, WEEK, hours, leo, mornings, office, team, tom
from tests.spec import administrator, day, given

holidays = (
    OtherDay(date=date(2026, 10, 1), name="国庆节"),
    OtherDay(date=date(2026, 10, 10), name="调休", windows=("09:00-12:00", "13:00-18:00")),
)
publish = PublishCalendar(calendar_id=OFFICE, name="Office", time_zone="Asia/Shanghai", week=WEEK)


def test_a_calendar_is_published_and_published_anew() -> None:
    story = given().when(publish, by=administrator).then(office)
    story = story.when(replace(publish, other_days=holidays), by=administrator).then(
        CalendarPublished(
            calendar_id=OFFICE, number=2, name="Office", time_zone="Asia/Shanghai", week=WEEK, other_days=holidays
        )
    )


def test_a_calendar_is_an_administrator_s() -> None:
    for by in (tom, leo):
        given(*team).when(publish, by=by).refused(NotAllowed, because="has no such right")


@pytest.mark.parametrize("zone", ["", "Nowhere", "localtime", "../../etc/passwd", "x" * 900])
def test_a_time_zone_is_one_of_the_known(zone: str) -> None:
    wrong = replace(publish, time_zone=zone)
    given().when(wrong, by=administrator).refused(Invalid, because="^time_zone: .* is no IANA time zone")


def test_a_calendar_that_is_never_open_is_refused() -> None:
    only_once = OtherDay(date=date(2026, 10, 10), name="Once", windows=("09:00-18:00",))
    weeks: tuple[Mapping[Weekday, tuple[str, ...]], ...] = {}, dict.fromkeys(WEEKDAYS, ()), {"mon": ("09:00-09:59",)}
    for week in weeks:
        never = replace(publish, week=week, other_days=(only_once,))
        given().when(never, by=administrator).refused(Invalid, because="^week: a calendar is open for at least 1 hour")
    barely = replace(publish, week={"mon": ("09:00-09:30", "23:30-24:00")})
    assert given().when(barely, by=administrator).recorded


@pytest.mark.parametrize(
    ("windows", "because"),
    [
        (("9-12",), "a window is written as 09:00-12:00"),
        (("12:00-09:00",), "a window opens before it closes"),
        (("09:00-09:00",), "a window opens before it closes"),
        (("09:00-24:30",), "a window opens before it closes"),
        (("09:00-12:00", "11:00-13:00"), "windows of a day follow one another"),
        (("13:00-14:00", "09:00-12:00"), "windows of a day follow one another"),
    ],
)
def test_windows_are_in_order_and_do_not_overlap(windows: tuple[str, ...], because: str) -> None:
    weekly = replace(publish, week={**WEEK, "tue": windows})
    given().when(weekly, by=administrator).refused(Invalid, because=f"^week/tue: {because}")
    daily = replace(publish, other_days=(OtherDay(date=date(2026, 10, 1), name="Odd", windows=windows),))
    given().when(daily, by=administrator).refused(Invalid, because=f"^other_days/0/windows: {because}")


def test_another_day_has_a_name_and_stands_there_once() -> None:
    blank = replace(publish, other_days=(replace(holidays[0], name=" "),))
    given().when(blank, by=administrator).refused(Invalid, because="^other_days/0/name: this must not be blank")
    twice = replace(publish, other_days=(*holidays, holidays[0]))
    given().when(twice, by=administrator).refused(Invalid, because="^other_days/2/date: 2026-10-01 stands there twice")


def test_a_calendar_has_a_name_and_an_id() -> None:
    given().when(replace(publish, name=""), by=administrator).refused(Invalid, because="^name: this must not be blank")
    odd = replace(publish, calendar_id=CalendarId("a b"))
    given().when(odd, by=administrator).refused(Invalid, because="^calendar_id: an id has no blanks")


def test_who_has_pinned_an_earlier_version_goes_on_counting_with_it() -> None:
    third = replace(publish, week={"sat": ("09:00-18:00",)})
    asked = given(office, mornings).when(third, by=administrator)
    asked.done()
    found = asked.desk.executor.state(f"calendar/{OFFICE}").state
    assert isinstance(found, Calendar)
    begin, end = day(3, 25), day(3, 25, 18)
    counted = [worked(as_published(found, number), begin, end) for number in (1, 2, 3)]
    assert counted == [hours(7), hours(2), hours(0)]
