"""Contact pressure: how often somebody was spoken to of late, what is planned, and when it is not too much again.

The limits are those that hold where nothing else is published; what a published policy allows of a single outreach,
reserving it says.
"""
# ruff: noqa: S608 - names of our own columns and numbers of our own terms are all that is put into it.

from datetime import datetime

from domain.contact.facts import (
    ConsentChanged,
    ContactAbsorbed,
    ContactCreated,
    ContactMerged,
    ContactSeparated,
    ContactUnmerged,
    ContactUpdated,
    DoNotContactSet,
    OutreachMade,
    OutreachReleased,
    OutreachReserved,
)
from domain.outreach_policy import MONTH, WEEK, OutreachTerms
from domain.values import ContactId, Instant
from projections.contacts import THROUGH
from projections.projection import projection
from projections.rows import Scoped, replace, table
from projections.wishes import Wishing, heard, wished


@table
class Pressure(Wishing, Scoped):
    """What counts and can still be seen by a window: `made`, in order, and `planned_at`, what a place is reserved for,
    each with what it is called where it is going to be made.
    """

    contact_id: ContactId
    time_zone: str | None = None
    made: tuple[Instant, ...] = ()
    planned: tuple[str, ...] = ()
    planned_at: tuple[Instant, ...] = ()
    merged: bool = False


# When it is not too much: the first of all instants at which something may be over, from now on or from when the quiet
# hours end that it lies in, at which nothing else speaks against it. The same as `domain.outreach_policy.next_allowed`.

TERMS = OutreachTerms()
ZONE = f"coalesce(time_zone, '{TERMS.time_zone}')"
DAY_LONG = "interval '24 hours'"
WEEK_LONG, MONTH_LONG = (f"interval '{each.total_seconds() / 3600:.0f} hours'" for each in (WEEK, MONTH))


# What has been made and what is planned, as far as windows see it.
OTHERS = f"(SELECT at FROM unnest(made || planned_at) AS told (at) WHERE at > :now - {MONTH_LONG}) AS other"


def on_the_wall(at: str) -> str:
    return f"({at} AT TIME ZONE {ZONE})"


def midnight_after(at: str) -> str:
    return f"(({on_the_wall(at)}::date + 1)::timestamp AT TIME ZONE {ZONE})"


def not_quiet(at: str) -> str:
    """The instant itself, or the end of the quiet hours that it lies in: they last over midnight."""
    day, clock, end = f"{on_the_wall(at)}::date", f"{on_the_wall(at)}::time", f"time '{TERMS.quiet_until}'"
    return f"""CASE WHEN {clock} >= '{TERMS.quiet_from}' THEN ({day} + 1 + {end}) AT TIME ZONE {ZONE}
        WHEN {clock} < {end} THEN ({day} + {end}) AT TIME ZONE {ZONE}
        ELSE {at} END"""


def full(length: str, limit: int) -> str:
    """Whether some window that an instant would lie in has as many others in it as may be."""
    starts = f"SELECT free.at UNION ALL SELECT other.at FROM {OTHERS} WHERE other.at <= free.at"
    within = f"other.at > free.at - {length} AND other.at >= start.at AND other.at < start.at + {length}"
    return f"""EXISTS (SELECT FROM ({starts}) AS start (at) WHERE start.at > free.at - {length}
        AND (SELECT count(*) FROM {OTHERS} WHERE {within}) >= {limit})"""


ENDS = f"ARRAY[{midnight_after('other.at')}, other.at + {WEEK_LONG}, other.at + {MONTH_LONG}]"
MOMENTS = f"SELECT :now UNION ALL SELECT moment FROM {OTHERS}, unnest({ENDS}) AS moment WHERE moment > :now"
SAME_DAY = f"{on_the_wall('other.at')}::date = {on_the_wall('free.at')}::date"
NEXT_ALLOWED = f"""CASE WHEN NOT do_not_contact THEN (SELECT min(free.at)
    FROM (SELECT {not_quiet("began.at")} FROM ({MOMENTS}) AS began (at)) AS free (at)
    WHERE (SELECT count(*) FROM {OTHERS} WHERE {SAME_DAY}) < {TERMS.a_day}
    AND NOT {full(WEEK_LONG, TERMS.a_week)} AND NOT {full(MONTH_LONG, TERMS.a_month)}) END"""


def made_within(length: str) -> str:
    return f"(SELECT count(*) FROM unnest(made) AS one (at) WHERE one.at > :now - {length} AND one.at <= :now)"


@projection(
    "contact_pressure",
    key=("contact_id",),
    version=1,
    listed="NOT merged",
    through=f"contact_id IN (SELECT each.contact_id FROM views.contacts AS each WHERE {THROUGH})",
    computed={
        "subject_id": (str, "'contact/' || contact_id"),
        "last_day": (int, made_within(DAY_LONG)),
        "last_week": (int, made_within(WEEK_LONG)),
        "last_month": (int, made_within(MONTH_LONG)),
        "next_allowed_at": (datetime, NEXT_ALLOWED),
    },
    sorts=("last_day", "last_week", "last_month", "next_allowed_at"),
    filters=("contact_id", "time_zone", "planned", "given", "refused_channels", "do_not_contact"),
)
def contact_pressure(
    row: Pressure | None,
    event: ContactCreated
    | ContactUpdated
    | ContactMerged
    | ContactAbsorbed
    | ContactUnmerged
    | ContactSeparated
    | ConsentChanged
    | DoNotContactSet
    | OutreachReserved
    | OutreachReleased
    | OutreachMade,
) -> Pressure | None:
    if row is None:
        return created(event) if isinstance(event, ContactCreated) else None
    match event:
        case ContactCreated():
            return row
        case ContactUpdated(time_zone=time_zone):
            return replace(row, time_zone=time_zone or row.time_zone)
        case ContactMerged():
            return replace(row, merged=True)
        case ContactAbsorbed(reserved=reserved, made=made):
            places = {ref: slot.at for ref, slot in reserved.items() if slot.counts}
            return wished(planned(replace(row, time_zone=event.time_zone, made=made), places), event)
        case ContactUnmerged(made=made):
            return wished(planned(replace(row, merged=False, made=made), {}), event)
        case ContactSeparated(time_zone=time_zone):
            return wished(replace(row, time_zone=time_zone), event)
        case ConsentChanged() | DoNotContactSet():
            return heard(row, event)
        case OutreachReserved() | OutreachReleased() | OutreachMade():
            return spoken_to(row, event)


def created(event: ContactCreated) -> Pressure:
    return Pressure(contact_id=event.contact_id, time_zone=event.time_zone)


def spoken_to(row: Pressure, event: OutreachReserved | OutreachReleased | OutreachMade) -> Pressure:
    places = dict(zip(row.planned, row.planned_at, strict=True))
    match event:
        case OutreachReserved(ref=ref, at=at, counts=counts):
            if counts:
                places[ref] = at
            return seen_from(event.forget_before, planned(row, places))
        case OutreachReleased(ref=ref):
            places.pop(ref, None)
            return planned(row, places)
        case OutreachMade(ref=ref, at=at, counts=counts):
            places.pop(ref, None)
            made = tuple(sorted((*row.made, at))) if counts else row.made
            return seen_from(event.forget_before, planned(replace(row, made=made), places))


def planned(row: Pressure, places: dict[str, Instant]) -> Pressure:
    return replace(row, planned=tuple(places), planned_at=tuple(places.values()))


def seen_from(start: Instant, row: Pressure) -> Pressure:
    """What no window sees any more is forgotten."""
    places = zip(row.planned, row.planned_at, strict=True)
    row = replace(row, made=tuple(at for at in row.made if at > start))
    return planned(row, {ref: at for ref, at in places if at > start})
