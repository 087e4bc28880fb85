"""Working time: when people are there, and how much of it lies between two instants.

A calendar is what the clock on the wall shows: it is open while that clock shows a time within a window of that date.
Where summer time repeats an hour, the hour counts twice; where it skips one, not at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import Invalid
from domain.values import CalendarId, Instant, fact, value

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")

DAY = timedelta(days=1)
NONE = timedelta()


@value
class OtherDay:
    """A date on which it is not as in other weeks: a holiday, with no windows, or a day that is made up for (调休)."""

    date: date
    name: str
    windows: tuple[str, ...] = ()


# Facts


@fact("calendar.published")
class CalendarPublished:
    calendar_id: CalendarId
    number: int
    name: str
    time_zone: str
    week: Mapping[Weekday, tuple[str, ...]]
    other_days: tuple[OtherDay, ...] = ()


CalendarEvent = CalendarPublished


# States


class Window(NamedTuple):
    """From one time of a day to another, since its midnight on the wall."""

    opens: timedelta
    closes: timedelta


Windows = tuple[Window, ...]


@value
class NoCalendar: ...


@value
class Calendar:
    calendar_id: CalendarId
    number: int
    time_zone: str
    week: tuple[Windows, ...]  # Seven, from Monday on.
    other_days: Mapping[date, Windows]
    versions: tuple[CalendarPublished, ...] = ()  # All, since who has pinned an earlier one goes on counting with it.

    def windows(self, day: date) -> Windows:
        found = self.other_days.get(day)
        return self.week[day.weekday()] if found is None else found


AnyCalendar = NoCalendar | Calendar


def evolve(before: AnyCalendar, event: CalendarEvent) -> AnyCalendar:
    match event:
        case CalendarPublished(calendar_id=calendar_id, number=number, time_zone=time_zone):
            return Calendar(
                calendar_id=calendar_id,
                number=number,
                time_zone=time_zone,
                week=tuple(windows(event.week.get(day, ())) for day in WEEKDAYS),
                other_days={other.date: windows(other.windows) for other in event.other_days},
                versions=(*before.versions, event) if isinstance(before, Calendar) else (event,),
            )


def as_published(calendar: Calendar, number: int) -> Calendar:
    """The version of that number, which is this one or an earlier."""
    if calendar.number == number:
        return calendar
    found = evolve(NoCalendar(), next(each for each in calendar.versions if each.number == number))
    assert isinstance(found, Calendar), "what is published is a calendar"
    return found


def windows(written: Sequence[str], field: str = "week") -> Windows:
    """What `09:00-12:00` and so on say, in order. Refused with Invalid where one says nothing, or two overlap."""
    found: list[Window] = []
    for each in written:
        if (told := WINDOW.fullmatch(each)) is None:
            raise Invalid(field=field, because="a window is written as 09:00-12:00, up to 24:00")
        hours = [int(part) for part in told.groups()]
        opens, closes = timedelta(hours=hours[0], minutes=hours[1]), timedelta(hours=hours[2], minutes=hours[3])
        if not opens < closes <= DAY:
            raise Invalid(field=field, because="a window opens before it closes, on the same day")
        if found and opens < found[-1].closes:
            raise Invalid(field=field, because="windows of a day follow one another")
        found.append(Window(opens, closes))
    return tuple(found)


# How much, and until when


class Spell(NamedTuple):
    """From one instant to another, in UTC, without a break."""

    begin: datetime
    end: datetime


def worked(calendar: Calendar, start: Instant, end: Instant) -> timedelta:
    """How much working time lies between two instants; none, when the end is not after the start."""
    total = NONE
    for spell in spells_from(calendar, start, end):
        total += max(NONE, min(spell.end, end) - max(spell.begin, start))
    return total


def due(calendar: Calendar, start: Instant, amount: timedelta) -> Instant:
    """The first instant by which so much working time has passed since the start."""
    left = amount
    if left <= NONE:
        return start
    for spell in spells_from(calendar, start):
        begin = max(spell.begin, start)
        here = spell.end - begin
        if here >= left:
            return (begin + left).astimezone(start.tzinfo)
        left -= max(NONE, here)
    raise AssertionError("a calendar is open at some time in every week")


def spells_from(calendar: Calendar, start: Instant, until: Instant | None = None) -> Iterator[Spell]:
    """The spells of working time that end after the start, in order; without an `until` there is no end of them.

    A clock that is put back over midnight shows a date, then the one before it again. So no spell of a date is told
    before those of the date after it are known.
    """
    zone = ZoneInfo(calendar.time_zone)
    last = None if until is None else until.astimezone(zone).date() + DAY
    day = start.astimezone(zone).date() - DAY
    waiting: list[Spell] = []
    while last is None or day <= last:
        both = sorted([*waiting, *spells(calendar, day)])
        ready = both.index(max(waiting)) + 1 if waiting else 0
        yield from (each for each in both[:ready] if each.end > start)
        waiting = both[ready:]
        day += DAY
    yield from (each for each in waiting if each.end > start)


def spells(calendar: Calendar, day: date) -> list[Spell]:
    """When the clock on the wall shows that date and a time within one of its windows."""
    midnight = datetime.combine(day, time(), UTC)
    found = (
        Spell(max(since, midnight + opens - offset), min(until, midnight + closes - offset))
        for since, until, offset in stretches(calendar.time_zone, day)
        for opens, closes in calendar.windows(day)
    )
    return [each for each in found if each.begin < each.end]


class Stretch(NamedTuple):
    """From one instant to another the clock on the wall is so far ahead of UTC."""

    since: datetime
    until: datetime
    offset: timedelta


@lru_cache(maxsize=10_000)
def stretches(time_zone: str, day: date) -> tuple[Stretch, ...]:
    """Between all the instants at which it can be that date somewhere: one stretch, or two where the clock is put."""
    zone = ZoneInfo(time_zone)
    first, last = datetime.combine(day, time(), UTC) - 16 * HOUR, datetime.combine(day, time(), UTC) + 40 * HOUR
    found: list[Stretch] = []
    since, at = first, first
    while at < last:
        if ahead(at, zone) != ahead(at + HOUR, zone):
            change = changing(at, at + HOUR, zone)
            found.append(Stretch(since, change, ahead(at, zone)))
            since = change
        at += HOUR
    return (*found, Stretch(since, last, ahead(last, zone)))


HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def ahead(at: datetime, zone: ZoneInfo) -> timedelta:
    found = at.astimezone(zone).utcoffset()
    assert found is not None, "a zone says how far ahead it is"
    return found


def changing(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock is put, to the second; it is known to be after one and by the other."""
    while after - before > SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if ahead(middle, zone) == ahead(before, zone):
            before = middle
        else:
            after = middle
    return after
