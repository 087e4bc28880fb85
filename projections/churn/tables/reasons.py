"""Why somebody is thought to be leaving, in figures that a salesperson understands."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import ibis

from projections.churn.tables.shapes import Facts
from projections.churn.tables.signals import WHOSE, refunds, signals

# What each code says of its two numbers, `figure` and `against`.
CODES: Sequence[str] = (
    "longer-than-usual",  # days without buying · his usual gap
    "dormant",  # days without buying · days of the line's terms, after which he is dormant
    "lost",  # days without buying · days of the line's terms, after which he is lost
    "fewer-orders",  # days of buying of late · as many days before
    "refunded",  # refunds of late · days of buying
    "complaint-open",  # days since the oldest was opened · how many are open
    "low-satisfaction",  # the worst score of late · 5
    "credit-hold",  # days since it was placed · 0
    "learning-stopped",  # days since the last lesson · lessons in the year before that
    "visits-stopped",  # visits in the last quarter · in the one before
    "not-answering",  # how often we came to him since he was seen last, buying, visiting or learning · days since
)
OF_LATE, QUARTER, YEAR = 180, 90, 365
STOPPED = 60  # Days without a lesson.
LEAST_VISITS, LEAST_CONTACTS, LEAST_LESSONS, LEAST_ORDERS = 3, 3, 3, 3
BEST_SCORE = 5
TOLD = ("code", "figure", "against")


def reasons(facts: Facts) -> Any:
    """A row for each customer, product line that he bought of, and reason (`code`), with its two numbers. What is of
    the customer, and of no product line, is told of each of his.
    """
    found = signals(facts)
    of_lines = [*of_buying(found), of_refunds(facts, found)]
    of_him = [
        complaints(facts), low_scores(facts), holds(facts), stopped_learning(facts), stopped_visiting(facts),
        not_answering(facts, found),
    ]  # fmt: skip
    lines = found.select(*WHOSE)
    every = [*of_lines, *(lines.inner_join(each, "customer_id")[[*WHOSE, *TOLD]] for each in of_him)]
    return reduce(lambda one, other: one.union(other), every)


def told(table: Any, code: str, figure: Any, against: Any, whose: Sequence[str] = WHOSE) -> Any:
    numbers = {"figure": figure.cast("int64"), "against": against.cast("int64")}
    return table.select(*whose, code=ibis.literal(code), **numbers)


def of_buying(found: Any) -> list[Any]:
    missed = found.filter(found.usual_gap.notnull(), found.inactive >= found.due)
    dormant = found.filter(found.stage == "dormant")
    lost = found.filter(found.stage == "lost")
    fewer = found.filter(found.earlier >= LEAST_ORDERS, 2 * found.recent <= found.earlier)
    return [
        told(missed, "longer-than-usual", missed.inactive, missed.usual_gap),
        told(dormant, "dormant", dormant.inactive, dormant.dormant_days),
        told(lost, "lost", lost.inactive, lost.churned_days),
        told(fewer, "fewer-orders", fewer.recent, fewer.earlier),
    ]


def of_refunds(facts: Facts, found: Any) -> Any:
    back = found.inner_join(refunds(facts), list(WHOSE))
    return told(back, "refunded", back.refunds, back.buys)


def not_answering(facts: Facts, found: Any) -> Any:
    """Whoever was seen since we came to him, has answered; whatever he bought, and also if he bought nothing."""
    came = known(facts, "visit", "learning").select("customer_id", "day")
    came = came.union(found.select("customer_id", day=found.last_day))
    seen = came.group_by("customer_id").agg(seen_day=came.day.max())
    since = seen.inner_join(known(facts, "contact").select("customer_id", "day", "times"), "customer_id")
    since = since.filter(since.day > since.seen_day)
    often = since.group_by(["customer_id", "seen_day"]).agg(times=since.times.sum())
    often = often.filter(often.times >= LEAST_CONTACTS)
    return told(often, "not-answering", often.times, facts.day - often.seen_day, ["customer_id"])


def known(facts: Facts, *kinds: str, since: int | None = None) -> Any:
    """What had happened of some kinds by the day."""
    rows = facts.activity.filter(facts.activity.kind.isin(kinds), facts.activity.day <= facts.day)
    return rows if since is None else rows.filter(rows.day > facts.day - since)


def complaints(facts: Facts) -> Any:
    open_ = still_open(facts)
    them = open_.group_by("customer_id").agg(first_day=open_.day.min(), open=open_.times.sum())
    return told(them, "complaint-open", facts.day - them.first_day, them.open, ["customer_id"])


def still_open(facts: Facts) -> Any:
    them = known(facts, "complaint")
    return them.filter(them.ended_day.isnull() | (them.ended_day > facts.day))


def low_scores(facts: Facts) -> Any:
    scores = known(facts, "low-csat", since=OF_LATE)
    worst = scores.group_by("customer_id").agg(score=scores.code.cast("int64").min())
    return told(worst, "low-satisfaction", worst.score, ibis.literal(BEST_SCORE), ["customer_id"])


def holds(facts: Facts) -> Any:
    held = facts.customers.filter(facts.customers.held_day <= facts.day)
    return told(held, "credit-hold", facts.day - held.held_day, ibis.literal(0), ["customer_id"])


def stopped_learning(facts: Facts) -> Any:
    lessons = known(facts, "learning").select("customer_id", "day", "times")
    last = lessons.group_by("customer_id").agg(last_day=lessons.day.max())
    both = lessons.inner_join(last, "customer_id")
    both = both.filter(both.day > both.last_day - YEAR, both.last_day <= facts.day - STOPPED)
    them = both.group_by(["customer_id", "last_day"]).agg(lessons=both.times.sum())
    them = them.filter(them.lessons >= LEAST_LESSONS)
    return told(them, "learning-stopped", facts.day - them.last_day, them.lessons, ["customer_id"])


def stopped_visiting(facts: Facts) -> Any:
    visits = known(facts, "visit", since=2 * QUARTER)
    recent = visits.day > facts.day - QUARTER
    them = visits.group_by("customer_id").agg(
        recent=ibis.ifelse(recent, visits.times, 0).sum(), earlier=ibis.ifelse(recent, 0, visits.times).sum()
    )
    them = them.filter(them.earlier >= LEAST_VISITS, 2 * them.recent <= them.earlier)
    return told(them, "visits-stopped", them.recent, them.earlier, ["customer_id"])
