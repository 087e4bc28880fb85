"""Months, as in 2026-03, by the calendar on a wall in some time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.values import Instant


def month_at(at: Instant, time_zone: str) -> str:
    """The month that an instant lies in there."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m}"


def end_of(month: str, time_zone: str) -> datetime:
    """The first instant of the month after, in that zone."""
    year, number = map(int, month.split("-"))
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZoneInfo(time_zone))
    return following.astimezone(UTC)


def month_after(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def month_before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
