"""The facts of churn that are asked for: as of a position or a time, or as of the end of a day."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from consumers.at import OCCURRED, Moment, NoSuchMoment, fold, moment
from consumers.churn.reading import Extract, end_of_day, extract, policy_of, told
from consumers.replay import Replay
from consumers.session import Cursor, Session, rows
from domain.values import Instant
from ledger.scan import Wire
from projections import sql
from projections.churn.facts import churn_terms, customer_activity, customer_lives, purchases
from projections.contact_pressure import contact_pressure
from projections.funnel import funnel
from projections.projection import Projection

READ = (churn_terms, funnel, contact_pressure, customer_lives, customer_activity, purchases)
COME = "SELECT name, position FROM views.tracking WHERE name = ANY(%s)"


class NotFolded(Exception):
    """There is a view that nobody has folded yet."""


def facts_at(
    replay: Replay, now: Instant, *, as_of: int | Instant | None = None, as_of_occurred: Instant | None = None
) -> Extract:
    """What was recorded up to a position or a time, and of that, what had happened by another; now, where nothing is
    said. Raises NoSuchMoment, and what `extract` raises.
    """
    with closing(Wire(replay.url)) as wire:
        return extract(replay.ledger, wire, moment(replay.ledger, as_of, as_of_occurred, now))


def facts_now(url: str, now: Instant) -> Extract:
    """What the views tell as they stand, all at once; as of the least position to which they have come. No ledger is
    read, so that its length is no matter. Raises NotFolded where a worker has not made them yet.
    """
    with closing(Session(url, "facts of churn")) as session, session.transaction() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = come(cursor)
        if missing := [view.name for view in READ if view.name not in found]:
            raise NotFolded(f"no worker has made {', '.join(missing)} yet")

        def standing(view: Projection) -> Iterator[Any]:
            cursor.execute(sql.every_row(view))
            return rows(cursor, view)

        return told(standing, Moment(min(found.values()), now))


def come(cursor: Cursor) -> dict[str, int]:
    """How far views have come, as far as there are any."""
    cursor.execute("SELECT to_regclass('views.tracking') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return {}
    cursor.execute(COME, [[view.name for view in READ]])
    return dict(cursor.fetchall())


def facts_of_day(replay: Replay, now: Instant, day: date, *, as_of: int | Instant | None = None) -> Extract:
    """What had happened by the end of a day, in the time zone of the house as it was then; told as of that day, also
    where it is not over yet. What was recorded after `as_of` is not in it; without that, history that comes late is.
    """
    with closing(Wire(replay.url)) as wire:
        at = moment(replay.ledger, as_of, None, now)
        zone = zone_of(replay, wire, at)
        if day > max(now, at.now).astimezone(ZoneInfo(zone)).date():
            raise NoSuchMoment(f"{day} is still to come", OCCURRED)
        end = end_of_day(day, zone)
        if end <= at.now:
            at = replace(at, occurred=end, now=end)
        return extract(replay.ledger, wire, at, day=day)


def zone_of(replay: Replay, wire: Wire, at: Moment) -> str:
    terms: list[Any] = list(fold(replay.ledger, wire, churn_terms, at).rows())
    return policy_of(terms).time_zone
