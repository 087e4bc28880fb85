"""Working hours: the calendars that were published, version by version, and how a list counts with them."""

from datetime import date, timedelta

from domain.calendar import WEEKDAYS, CalendarPublished, windows
from domain.values import CalendarId
from projections.projection import projection
from projections.rows import Row, table
from projections.sql import shown


@table
class WorkingHours(Row):
    """A version of a calendar; who has pinned it counts with it for ever. Windows are in minutes since midnight on the
    wall: those of the week with the number of their weekday, Monday is 1, and those of days that are unlike others.
    """

    calendar_id: CalendarId
    number: int
    name: str
    time_zone: str
    weekdays: tuple[int, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    other_days: tuple[date, ...]
    other_names: tuple[str, ...]
    open_on: tuple[date, ...]  # A day for each window of the days in `other_days`.
    open_from: tuple[int, ...]
    open_until: tuple[int, ...]


@projection(
    "working_hours",
    key=("calendar_id", "number"),
    version=1,
    scoped=False,
    computed={"subject_id": (str, "'calendar/' || calendar_id")},
    sorts=("calendar_id", "number"),
    filters=("calendar_id", "number", "time_zone", "other_days"),
)
def working_hours(row: WorkingHours | None, event: CalendarPublished) -> WorkingHours:
    del row
    week = [
        (number, window) for number, day in enumerate(WEEKDAYS, start=1) for window in windows(event.week.get(day, ()))
    ]
    others = [(other.date, window) for other in event.other_days for window in windows(other.windows)]
    return WorkingHours(
        calendar_id=event.calendar_id,
        number=event.number,
        name=event.name,
        time_zone=event.time_zone,
        weekdays=tuple(number for number, _ in week),
        opens=tuple(minutes(window.opens) for _, window in week),
        closes=tuple(minutes(window.closes) for _, window in week),
        other_days=tuple(other.date for other in event.other_days),
        other_names=tuple(other.name for other in event.other_days),
        open_on=tuple(day for day, _ in others),
        open_from=tuple(minutes(window.opens) for _, window in others),
        open_until=tuple(minutes(window.closes) for _, window in others),
    )


def minutes(since_midnight: timedelta) -> int:
    return since_midnight // timedelta(minutes=1)


def worked(since: str, until: str) -> str:
    """SQL for the working seconds between two instants, by the calendar in the columns `calendar_id` and
    `calendar_version` of the row; NULL where there is none, or no instant.

    It is `domain.calendar.worked`, but for a window that begins or ends within the hour that summer time repeats or
    skips: there it may differ by that hour.
    """
    return f"""(SELECT CASE WHEN {since} IS NOT NULL AND {until} IS NOT NULL THEN (
        SELECT coalesce(sum(extract(epoch FROM least(spell.until, {until}) - greatest(spell.since, {since}))), 0)
        FROM (
            SELECT (day + make_interval(mins => opening.opens::int)) AT TIME ZONE hours.time_zone AS since,
                (day + make_interval(mins => opening.closes::int)) AT TIME ZONE hours.time_zone AS until
            FROM generate_series(
                date_trunc('day', ({since}) AT TIME ZONE hours.time_zone),
                ({until}) AT TIME ZONE hours.time_zone, interval '1 day') AS day
            CROSS JOIN LATERAL (
                SELECT week.opens, week.closes
                FROM unnest(hours.weekdays, hours.opens, hours.closes) AS week (weekday, opens, closes)
                WHERE week.weekday = extract(isodow FROM day) AND day::date <> ALL (hours.other_days)
                UNION ALL SELECT other.opens, other.closes
                FROM unnest(hours.open_on, hours.open_from, hours.open_until) AS other (day_of, opens, closes)
                WHERE other.day_of = day::date
            ) AS opening
        ) AS spell
        WHERE spell.until > {since} AND spell.since < {until}) END
        FROM {shown(working_hours)} AS hours
        WHERE hours.calendar_id = each.calendar_id AND hours.number = each.calendar_version)"""  # noqa: S608 - the names of columns are all that is put into it.
