"""A promise as a clock on a page: how much working time is left, and when the clock runs and when it stands still."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from math import ceil
from typing import Any, Literal
from zoneinfo import ZoneInfo

from api.web.inside import Inside
from api.web.words import Words, instant
from domain.calendar import DAY, NONE, Calendar, Spell, Window, spells_from, worked
from domain.values import CalendarId

KEPT = 40  # Spells that a page is given: three weeks of days with lunch, though it asks again every minute.
MINUTE, MILLISECOND = timedelta(minutes=1), timedelta(milliseconds=1)
Key = tuple[str, int]
"""A calendar, and the version of it that a promise has pinned."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A version of a calendar, and what it calls the days that are unlike others."""

    calendar: Calendar
    names: Mapping[date, str]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.calendar.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A spell of working time, and what is said while it has not begun."""

    begin: datetime
    end: datetime
    before: str

    @property
    def in_milliseconds(self) -> tuple[int, int, str]:
        """Since 1970, as browsers count."""
        return milliseconds(self.begin), milliseconds(self.end), self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """`left` is working time, and less than nothing when it is over; `hours` names the openings in which it runs."""

    metric: str
    hand: Literal["running", "paused"]
    left: timedelta
    due_at: datetime | None
    hours: str

    @property
    def in_milliseconds(self) -> int:
        return self.left // MILLISECOND

    @property
    def over(self) -> bool:
        return self.hand == "running" and self.left <= NONE

    @property
    def written(self) -> str:
        return written(self.left)


def written(left: timedelta) -> str:
    """`2:05:00`. A second that has begun counts, so that nothing is left only when it is due."""
    whole = ceil(left // MILLISECOND / 1000)
    size = abs(whole)
    return f"{'−' if whole < 0 else ''}{size // 3600}:{size // 60 % 60:02}:{size % 60:02}"


# Calendars


def hours_of(row: Mapping[str, Any]) -> Hours:
    """Of a row of `working_hours`."""
    week: list[list[Window]] = [[] for _ in range(7)]
    for weekday, opens, closes in zip(row["weekdays"], row["opens"], row["closes"], strict=True):
        week[weekday - 1].append(Window(opens * MINUTE, closes * MINUTE))
    names = {date.fromisoformat(day): name for day, name in zip(row["other_days"], row["other_names"], strict=True)}
    others: dict[date, list[Window]] = {day: [] for day in names}
    for day, opens, closes in zip(row["open_on"], row["open_from"], row["open_until"], strict=True):
        others[date.fromisoformat(day)].append(Window(opens * MINUTE, closes * MINUTE))
    calendar = Calendar(
        calendar_id=CalendarId(row["calendar_id"]),
        number=row["number"],
        time_zone=row["time_zone"],
        week=tuple(map(tuple, week)),
        other_days={day: tuple(found) for day, found in others.items()},
    )
    return Hours(calendar, names)


async def all_hours(inside: Inside) -> Mapping[Key, Hours]:
    """Every version that was published. Raises Told."""
    rows = (await inside.get("/views/working_hours", limit=500))["rows"]
    return {(row["calendar_id"], row["number"]): hours_of(row) for row in rows}


def named(key: Key) -> str:
    return f"{key[0]}/{key[1]}"


# When a clock runs


def openings(hours: Hours, now: datetime, t: Words) -> list[Opening]:
    """The spell that lasts, and those that follow."""
    found: list[Opening] = []
    last = now
    for spell in islice(spells_from(hours.calendar, now), KEPT):
        said = "" if spell.begin <= now else before(hours, last, spell, t)
        found.append(Opening(begin=spell.begin, end=spell.end, before=said))
        last = spell.end
    return found


def before(hours: Hours, last: datetime, spell: Spell, t: Words) -> str:
    """Until when it stands still, and for which holidays. On the same day the hour says enough."""
    since, until = last.astimezone(hours.zone), spell.begin.astimezone(hours.zone)
    at = f"{until:%H:%M}" if since.date() == until.date() else t.when(until)
    closed = [hours.names[day] for day in days(since.date(), until.date()) if day in hours.names and shut(hours, day)]
    if hours.names.get(until.date()) and since.date() != until.date():
        at += f" ({hours.names[until.date()]})"
    if closed:
        return t("tickets.clock.after", what=", ".join(dict.fromkeys(closed)), at=at)
    return t("tickets.clock.resumes", at=at)


def shut(hours: Hours, day: date) -> bool:
    return not hours.calendar.windows(day)


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def waiting(found: Sequence[Opening], now: datetime) -> str:
    """What is said of a clock that runs in these: nothing while it does."""
    return next((each.before if now < each.begin else "" for each in found if now < each.end), "")


# What is left


def left_of(hours: Hours, now: datetime, due_at: datetime, at_last: timedelta) -> timedelta:
    """Of a running clock: until it is due the working time until then, and after that what has gone by since, beyond
    what was missing when its hand was moved last.
    """
    if at_last > NONE and now <= due_at:
        return worked(hours.calendar, now, due_at)
    return min(at_last, NONE) - worked(hours.calendar, due_at, now)


def countdown(row: Mapping[str, Any], known: Mapping[Key, Hours], now: datetime) -> Countdown | None:
    """The promise of a row of `ticket_queue` that is due next."""
    if row["metric"] is None:
        return None
    key = (row["calendar_id"], row["calendar_version"])
    at_last = seconds(row["seconds_left"])
    due_at = instant(row["due_at"])
    if due_at is None:
        return Countdown(metric=row["metric"], hand="paused", left=at_last, due_at=None, hours=named(key))
    left = left_of(known[key], now, due_at, at_last)
    return Countdown(metric=row["metric"], hand="running", left=left, due_at=due_at, hours=named(key))


def countdowns(row: Mapping[str, Any], known: Mapping[Key, Hours], now: datetime) -> dict[str, Countdown]:
    """All promises of a row whose clocks run or wait, by their metrics."""
    columns = ("promises", "hands", "targets", "used", "dues", "calendars", "calendar_versions")
    found: dict[str, Countdown] = {}
    for metric, hand, target, used, due_at, calendar_id, version in zip(*(row[name] for name in columns), strict=True):
        if hand != "stopped":
            of_it = {"metric": metric, "due_at": due_at, "calendar_id": calendar_id, "calendar_version": version}
            one = countdown({**of_it, "seconds_left": Decimal(target) - Decimal(used)}, known, now)
            assert one is not None
            found[metric] = one
    return found


def seconds(value: object) -> timedelta:
    return timedelta(microseconds=int(Decimal(str(value)) * 1_000_000))


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND
