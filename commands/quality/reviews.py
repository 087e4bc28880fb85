"""The decider of reviews, and what its rules share."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from commands.decider import Decider, Holding
from domain.actor import Asked
from domain.calendar import DAY, Calendar, spells
from domain.catalog import coded
from domain.errors import Invalid, require, said
from domain.pool import days_after
from domain.quality.plan import ReviewTerms
from domain.quality.review.facts import ReviewEvent, ReviewStatus
from domain.quality.review.states import STAGES, AnyReview, InCoaching, Review, Stage, Unsampled, Voided, evolve
from domain.values import CalendarId, Instant


def holding(review: AnyReview) -> Holding | None:
    """A review is the agent's whose call it is about: his own, and his managers'. A coach is let in beside him."""
    match review:
        case Unsampled():
            return None
        case Review(agent=agent, coaching=InCoaching(coach=coach)):
            return Holding(owner=agent, workers={coach: None})
        case Review(agent=agent) | Voided(agent=agent):
            return Holding(owner=agent)


reviews = Decider[AnyReview, ReviewEvent](
    name="review",
    plural="reviews",
    id_field="review_id",
    key=UUID,
    initial=lambda _: Unsampled(),
    evolve=evolve,
    holding=holding,
)


def stage_before(review: Review, asked: Asked, *wanted: type[Stage], to: type[Stage] | None = None) -> ReviewStatus:
    """The stage that a change starts from. An imported line may repeat the present one."""
    repeated = (to,) if to and asked.imported else ()
    return STAGES[type(require(review.stage, *wanted, *repeated))]


# Until when an appeal is in time


def calendar_of(review: Review) -> list[CalendarId]:
    """The calendar by which appeals to it are counted, if there is one."""
    found = review.terms.calendar_id
    return [] if found is None else [found]


def appeal_until(terms: ReviewTerms, calendars: Mapping[CalendarId, Calendar], at: Instant) -> Instant:
    """When the days to appeal in are over. The day itself does not count, and the last one ends when work does; where
    no calendar is named, it is so many days later at the same time of day.
    """
    for calendar in calendars.values():
        return closing_time(calendar, at, terms.appeal_days)
    return days_after(at, terms.appeal_days, terms.time_zone)


def closing_time(calendar: Calendar, at: Instant, days: int) -> Instant:
    """When work ends on the so-manieth working day after the one on which an instant falls."""
    day = at.astimezone(ZoneInfo(calendar.time_zone)).date()
    closes = at
    left = timedelta(days=days)
    while left:
        day += DAY
        if open_then := spells(calendar, day):
            closes = max(spell.end for spell in open_then)
            left -= DAY
    return closes.astimezone(at.tzinfo)


# What is written beside a score


def proper_notes(notes: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The notes by item, none of them blank. Refused with Invalid."""
    for code, note in (notes or {}).items():
        if not code.strip():
            raise Invalid(field="notes", because="a note is about an item")
        said(f"notes/{code}", note)
    return notes or None


def month_of(text: str) -> str:
    """A month, as in 2026-03. Refused with Invalid."""
    year, _, month = text.partition("-")
    digits = len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()
    if not digits or not 1 <= int(month) <= 12:
        raise Invalid(field="month", because="a month is written as 2026-03")
    return coded("month", text)
