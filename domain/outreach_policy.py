"""How often somebody may be contacted, when not, and for what he has to be asked first."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from domain.contact.facts import Purpose
from domain.pool import business_date
from domain.values import Instant, PolicyId, fact, value

CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
WEEK, MONTH = timedelta(days=7), timedelta(days=30)  # As long as they last, from one outreach on: no calendar's weeks.

Window = Literal["day", "week", "month"]
Because = Literal["quiet-hours", "day", "week", "month"]

STANDARD = PolicyId("standard")


@value
class OutreachTerms:
    """`time_zone` is that of a person whose own is not known. Quiet from a time until the same time is never quiet. The
    exempt purposes know no limits and no quiet hours, and are not counted; those of opt-in need a consent.
    """

    time_zone: str = "Asia/Shanghai"
    a_day: int = 1
    a_week: int = 3
    a_month: int = 8
    quiet_from: str = "21:00"
    quiet_until: str = "08:00"
    exempt: tuple[Purpose, ...] = ("service",)
    opt_in: tuple[Purpose, ...] = ("marketing",)


# Facts


@fact("outreach-policy.published")
class OutreachPolicyPublished:
    policy_id: PolicyId
    number: int
    terms: OutreachTerms


OutreachPolicyEvent = OutreachPolicyPublished


# States


@value
class NoOutreachPolicy: ...


@value
class OutreachPolicy:
    policy_id: PolicyId
    number: int
    terms: OutreachTerms


AnyOutreachPolicy = NoOutreachPolicy | OutreachPolicy


def evolve(_: AnyOutreachPolicy, event: OutreachPolicyEvent) -> AnyOutreachPolicy:
    match event:
        case OutreachPolicyPublished(policy_id=policy_id, number=number, terms=terms):
            return OutreachPolicy(policy_id=policy_id, number=number, terms=terms)


# How often, and when


class Hindrance(NamedTuple):
    """Why not at that time; `over` is the first instant at which this may be otherwise, None when it never is."""

    because: Because
    held: int
    limit: int
    over: datetime | None


def hindrance(terms: OutreachTerms, zone: str, others: Sequence[Instant], at: Instant) -> Hindrance | None:
    """What speaks against an outreach at an instant, beside the others: those before it and those after."""
    if (end := quiet_until(terms, zone, at)) is not None:
        return Hindrance("quiet-hours", 0, 0, end)
    today = business_date(at, zone)
    same_day = sum(business_date(each, zone) == today for each in others)
    if same_day >= terms.a_day:
        return Hindrance("day", same_day, terms.a_day, next_midnight(today, zone, at) if terms.a_day else None)
    for window, length, limit in (("week", WEEK, terms.a_week), ("month", MONTH, terms.a_month)):
        fullest = most_within(length, others, at)
        if fullest >= limit:
            over = min((each + length for each in others if each + length > at), default=None) if limit else None
            return Hindrance("week" if window == "week" else "month", fullest, limit, over)
    return None


def most_within(length: timedelta, others: Sequence[Instant], at: Instant) -> int:
    """How many of the others lie in one window with that instant, in the fullest one. Two that are just so long apart
    lie in none together.
    """
    near = sorted(each for each in others if at - length < each < at + length)
    starts = [each for each in near if each <= at] + [at]
    return max(sum(start <= each < start + length for each in near) for start in starts)


def next_allowed(terms: OutreachTerms, zone: str, others: Sequence[Instant], at: Instant) -> Instant | None:
    """The first instant, from then on, at which nothing speaks against it; None when there is none."""
    when: datetime | None = at
    while when is not None and (found := hindrance(terms, zone, others, when)) is not None:
        assert found.over is None or found.over > when, "every hindrance ends after it was met"
        when = found.over
    return when


def quiet_until(terms: OutreachTerms, zone: str, at: Instant) -> Instant | None:
    """When the quiet hours end that an instant lies in; None when it lies in none."""
    begins, ends = time.fromisoformat(terms.quiet_from), time.fromisoformat(terms.quiet_until)
    there = at.astimezone(ZoneInfo(zone))
    shown = there.time()
    quiet = begins <= shown < ends if begins <= ends else shown >= begins or shown < ends
    if not quiet:
        return None
    ways = (
        datetime.combine(there.date() + timedelta(days=days), ends, ZoneInfo(zone)).replace(fold=fold)
        for days in (0, 1)
        for fold in (0, 1)  # Where an hour is there twice, the quiet ends twice.
    )
    return min(end for end in (way.astimezone(at.tzinfo) for way in ways) if end > at)


def next_midnight(today: date, zone: str, at: Instant) -> Instant:
    return datetime.combine(today + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(at.tzinfo)
