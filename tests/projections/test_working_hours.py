"""Working hours: the calendars that were published, and that a list counts with them as the clocks of tickets do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from domain.calendar import WEEKDAYS, Calendar, CalendarPublished, NoCalendar, OtherDay, Weekday, evolve, worked
from domain.values import CalendarId, Instant
from projections.status_time import Spell, status_time
from projections.ticket_clocks import seconds
from projections.working_hours import WorkingHours, working_hours
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows

OFFICE: Mapping[Weekday, tuple[str, ...]] = dict.fromkeys(WEEKDAYS[:2], ("09:00-12:00", "13:30-18:00"))
HOLIDAY = OtherDay(date=date(2026, 5, 1), name="劳动节")
MADE_UP = OtherDay(date=date(2026, 5, 9), name="调休", windows=("10:00-16:00",))


def published(
    number: int = 1, zone: str = "Asia/Shanghai", week: Mapping[Weekday, tuple[str, ...]] = OFFICE
) -> CalendarPublished:
    return CalendarPublished(
        calendar_id=CalendarId("office"),
        number=number,
        name="Office",
        time_zone=zone,
        week=week,
        other_days=(HOLIDAY, MADE_UP),
    )


def test_each_version_keeps_its_windows() -> None:
    first, second = rows(working_hours, published(), published(2, "Europe/Berlin", {"sun": ("00:00-24:00",)}))
    assert first == WorkingHours(
        calendar_id=CalendarId("office"),
        number=1,
        name="Office",
        time_zone="Asia/Shanghai",
        weekdays=(1, 1, 2, 2),
        opens=(540, 810, 540, 810),
        closes=(720, 1080, 720, 1080),
        other_days=(date(2026, 5, 1), date(2026, 5, 9)),
        other_names=("劳动节", "调休"),
        open_on=(date(2026, 5, 9),),
        open_from=(600,),
        open_until=(960,),
    )
    assert (second.number, second.time_zone, second.weekdays) == (2, "Europe/Berlin", (7,))
    assert (second.opens, second.closes) == ((0,), (1440,))


# Counted in SQL

WEEKS: tuple[Mapping[Weekday, tuple[str, ...]], ...] = (
    dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:30-18:00")),
    dict.fromkeys(WEEKDAYS, ("00:00-24:00",)),
    {"sat": ("00:00-00:30", "22:00-24:00"), "sun": ("00:00-06:00",), "wed": ("08:15-08:20",)},
)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")


def any_instant(chance: Random) -> Instant:
    """Of the spring and the autumn in which clocks are put."""
    month = chance.choice((3, 4, 5, 10, 11))
    return datetime(2026, month, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(30 * 86_400_000_000))


@pytest.mark.slow
def test_a_list_counts_working_time_as_the_domain_does(views: Views) -> None:
    chance = Random(7)
    calendars = [published(n, zone, week) for n, (zone, week) in enumerate(((z, w) for z in ZONES for w in WEEKS), 1)]
    views.put(working_hours, *rows(working_hours, *calendars))
    stays, wanted = [], []
    for number in range(400):
        told = chance.choice(calendars)
        begin = any_instant(chance)
        end = begin + timedelta(seconds=chance.choice((1, 3_600, 86_400, 9 * 86_400)) * chance.random())
        stays.append(
            Spell(
                subject_id=f"ticket/{number:03}",
                ordinal=1,
                kind="ticket",
                status="open",
                entered=begin,
                left=end,
                calendar_id=told.calendar_id,
                calendar_version=told.number,
            )
        )
        calendar = evolve(NoCalendar(), told)
        assert isinstance(calendar, Calendar)
        wanted.append(seconds(worked(calendar, begin, end)))
    views.put(status_time, *stays)
    found = [row["business_seconds"] for row in views.list(status_time, limit=500)]
    assert found == wanted
    assert sum(each > 0 for each in found) > 100


@pytest.mark.slow
def test_without_a_calendar_or_a_beginning_there_is_no_working_time(views: Views) -> None:
    views.put(working_hours, *rows(working_hours, published()))
    stay = Spell(
        subject_id="ticket/1",
        ordinal=1,
        kind="ticket",
        status="open",
        entered=NOW - timedelta(days=7),
        calendar_id=CalendarId("office"),
        calendar_version=1,
    )
    views.put(
        status_time,
        stay,
        replace(stay, ordinal=2, entered=None),
        replace(stay, ordinal=3, calendar_version=9),
        replace(stay, ordinal=4, calendar_id=None),
    )
    assert [row["business_seconds"] for row in views.list(status_time)] == [2 * 7.5 * 3_600, None, None, None]
