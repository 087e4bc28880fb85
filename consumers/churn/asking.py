"""The facts of churn that are asked for: as of a position or a time, or as of the end of a day."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from consumers.at import OCCURRED, Moment, NoSuchMoment, fold, moment
from consumers.churn.reading import Extract, end_of_day, extract, policy_of, told
from consumers.replay import Replay
from consumers.session import Cursor, Session, standing
from domain.values import Instant
from ledger.scan import Wire
from projections.churn.facts import churn_terms, customer_activity, customer_lives, purchases
from projections.contact_pressure import contact_pressure
from projections.funnel import funnel

READ = (churn_terms, funnel, contact_pressure, customer_lives, customer_activity, purchases)
ASK_AGAIN = 0.2  # Seconds.
PATIENCE = 5.0  # Seconds, in which a worker at work has come to where the ledger ended before.
Tell = Callable[[str, int, int], object]
"""Hears which view is folded, how far it has come, and up to which position it is."""
COME = "SELECT name, position FROM views.tracking WHERE name = ANY(%s)"


class NotFolded(Exception):
    """There is a view that nobody has folded yet, or not as far as is asked for."""


def facts_at(
    replay: Replay,
    now: Instant,
    *,
    as_of: int | Instant | None = None,
    as_of_occurred: Instant | None = None,
    tell: Tell = lambda *_: None,
) -> Extract:
    """What was recorded up to a position or a time, and of that, what had happened by another; now, where nothing is
    said. Raises NoSuchMoment, and what `extract` raises.
    """
    with closing(Wire(replay.url)) as wire:
        at = moment(replay.ledger, as_of, as_of_occurred, now)
        return extract(replay.ledger, wire, at, tell=lambda view, done: tell(view, done, at.position))


def facts_now(url: str, now: Instant, *, at_least: int = 0, together: bool = False) -> Extract:
    """What the views tell as they stand, all at once; as of the least position to which they have come. No ledger is
    read, so that its length is no matter. Of later events there may be some in it, unless the views are to stand
    `together`: then it is what the ledger tells up to there. Raises NotFolded where a worker has not made them yet, or
    they do not come to a position that is to be in them, or to one position.
    """
    until = time.monotonic() + PATIENCE
    with closing(Session(url, "facts of churn")) as session:
        while True:
            with session.transaction() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                found = come(cursor)
                amiss = why_not(found, at_least, together=together)
                if amiss is None:
                    at = Moment(min(found.values()), now)
                    return told(lambda view, take: take(standing(cursor, view)), at)
            if time.monotonic() > until:
                raise NotFolded(amiss)
            time.sleep(ASK_AGAIN)


def why_not(found: Mapping[str, int], at_least: int, *, together: bool) -> str | None:
    """What the views lack. Raises NotFolded where waiting does not help."""
    if missing := [view.name for view in READ if view.name not in found]:
        raise NotFolded(f"no worker has made {', '.join(missing)} yet")
    first, last = min(found.values()), max(found.values())
    if first < at_least:
        return f"the views have come to position {first:,}, and not to {at_least:,}"
    if together and first < last:
        return f"the views stand at different positions, from {first:,} to {last:,}"
    return None


def views_at(url: str) -> int:
    """The least position to which the views have come; 0 where one of them has not been made."""
    with closing(Session(url, "facts of churn")) as session, session.transaction() as cursor:
        found = come(cursor)
    return min(found.get(view.name, 0) for view in READ)


def come(cursor: Cursor) -> dict[str, int]:
    """How far views have come, as far as there are any."""
    cursor.execute("SELECT to_regclass('views.tracking') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return {}
    cursor.execute(COME, [[view.name for view in READ]])
    return dict(cursor.fetchall())


def facts_of_day(
    replay: Replay, now: Instant, day: date, *, as_of: int | Instant | None = None, tell: Tell = lambda *_: None
) -> Extract:
    """What had happened by the end of a day, in the time zone of the house as it was then (so that a day that is over
    does not end at another time once the house has another); told as of that day, also where it is not over yet. What
    was recorded after `as_of` is not in it; without that, history that comes late is.
    """
    with closing(Wire(replay.url)) as wire:
        at = moment(replay.ledger, as_of, None, now)
        if day > max(now, at.now).astimezone(ZoneInfo(zone_of(replay, wire, at))).date():
            raise NoSuchMoment(f"{day} is still to come", OCCURRED)
        end = end_of_day(day, zone_of(replay, wire, replace(at, occurred=end_of_day(day, "UTC"))))
        if end <= at.now:
            at = replace(at, occurred=end, now=end)
        return extract(replay.ledger, wire, at, day=day, tell=lambda view, done: tell(view, done, at.position))


def zone_of(replay: Replay, wire: Wire, at: Moment) -> str:
    terms: list[Any] = list(fold(replay.ledger, wire, churn_terms, at).rows())
    return policy_of(terms).time_zone
