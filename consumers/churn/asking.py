"""The facts of churn that are asked for: as of a position or a time, or as of the end of a day."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from consumers.at import OCCURRED, Moment, NoSuchMoment, fold, moment
from consumers.churn.reading import Extract, end_of_day, extract, policy_of
from consumers.replay import Replay
from domain.values import Instant
from ledger.scan import Wire
from projections.churn.facts import churn_terms


def facts_at(
    replay: Replay, now: Instant, *, as_of: int | Instant | None = None, as_of_occurred: Instant | None = None
) -> Extract:
    """What was recorded up to a position or a time, and of that, what had happened by another; now, where nothing is
    said. Raises NoSuchMoment, and what `extract` raises.
    """
    with closing(Wire(replay.url)) as wire:
        return extract(replay.ledger, wire, moment(replay.ledger, as_of, as_of_occurred, now))


def facts_of_day(replay: Replay, now: Instant, day: date, *, as_of: int | Instant | None = None) -> Extract:
    """What had happened by the end of a day, in the time zone of the house as it was then; told as of that day, also
    where it is not over yet. What was recorded after `as_of` is not in it; without that, history that comes late is.
    """
    with closing(Wire(replay.url)) as wire:
        at = moment(replay.ledger, as_of, None, now)
        zone = zone_of(replay, wire, at)
        if day > at.now.astimezone(ZoneInfo(zone)).date():
            raise NoSuchMoment(f"{day} is still to come", OCCURRED)
        end = end_of_day(day, zone)
        if end <= at.now:
            at = replace(at, occurred=end, now=end)
        return extract(replay.ledger, wire, at, day=day)


def zone_of(replay: Replay, wire: Wire, at: Moment) -> str:
    terms: list[Any] = list(fold(replay.ledger, wire, churn_terms, at).rows())
    return policy_of(terms).time_zone
