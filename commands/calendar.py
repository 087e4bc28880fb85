"""What may be asked of a calendar: a new version of its working time."""

from collections.abc import Mapping

from commands.decider import Decider
from commands.pool import is_known
from domain.access import Action
from domain.calendar import (
    NONE,
    AnyCalendar,
    Calendar,
    CalendarEvent,
    CalendarPublished,
    NoCalendar,
    OtherDay,
    Weekday,
    evolve,
    windows,
)
from domain.errors import Invalid, said
from domain.values import CalendarId, value

calendars = Decider[AnyCalendar, CalendarEvent](
    name="calendar",
    plural="calendars",
    id_field="calendar_id",
    key=CalendarId,
    initial=lambda _: NoCalendar(),
    evolve=evolve,
    governs=True,
)

FEWEST_HOURS = 1  # In a week: with less, what is due would lie beyond all dates.


@value
class PublishCalendar:
    """`week` has the windows of each weekday, as in `09:00-12:00`; `other_days` are holidays, and days made up for."""

    calendar_id: CalendarId
    name: str
    time_zone: str
    week: Mapping[Weekday, tuple[str, ...]]
    other_days: tuple[OtherDay, ...] = ()


@calendars.decides(Action.ADMINISTER)
def publish_calendar(command: PublishCalendar, calendar: NoCalendar | Calendar) -> CalendarPublished:
    """Publish when people are there; what was promised under an earlier version stays promised."""
    if not is_known(command.time_zone):
        raise Invalid(field="time_zone", because=f"{command.time_zone!r} is no IANA time zone")
    open_for = NONE
    for day, written in command.week.items():
        open_for += sum((closes - opens for opens, closes in windows(written, f"week/{day}")), NONE)
    if open_for.total_seconds() < FEWEST_HOURS * 3_600:
        raise Invalid(field="week", because=f"a calendar is open for at least {FEWEST_HOURS} hour in a week")
    seen = set()
    for nth, other in enumerate(command.other_days):
        if other.date in seen:
            raise Invalid(field=f"other_days/{nth}/date", because=f"{other.date} stands there twice")
        seen.add(other.date)
        said(f"other_days/{nth}/name", other.name)
        windows(other.windows, f"other_days/{nth}/windows")
    return CalendarPublished(
        calendar_id=command.calendar_id,
        number=calendar.number + 1 if isinstance(calendar, Calendar) else 1,
        name=said("name", command.name),
        time_zone=command.time_zone,
        week=command.week,
        other_days=command.other_days,
    )
