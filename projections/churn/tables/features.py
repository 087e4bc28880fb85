"""What a score can be learned from, as of a day, and what came after it."""

from typing import Any

import ibis

from projections.churn.tables.counted import present, purchase_days, settled
from projections.churn.tables.reasons import known, still_open
from projections.churn.tables.shapes import Facts
from projections.churn.tables.signals import spent

QUARTER, YEAR = 90, 365
FEATURES = (
    "inactive", "since_first", "buys", "buys_quarter", "buys_year", "buys_year_before", "usual_gap", "overdue",
    "orders", "spent_share", "currencies", "lines", "refunds", "visits_quarter", "visits_quarter_before",
    "contacts_quarter", "lessons_quarter", "tickets_year", "complaints_year", "complaints_open", "low_scores_year",
    "held", "registered",
)  # fmt: skip


def features(facts: Facts) -> Any:
    """A row for each customer who has bought and is one still: FEATURES, whole numbers that were known on the day.

    `overdue` is how many hundredths of his usual gap he has not bought for, `usual_gap` and `overdue` are -1 where he
    has bought on fewer than two days. `spent_share` is what he has paid beside the mean of all who pay in the same
    currency (`signals.spent`), since no model knows what an amount is of. Who has none of what is counted has 0.
    """
    rows = buying(facts)
    paid = spent(facts, ["customer_id"]).select("customer_id", "spent_share")
    for each in (orders(facts), paid, doing(facts), complaining(facts)):
        rows = rows.left_join(each, "customer_id").drop("customer_id_right")
    who = facts.customers.select(
        "customer_id",
        held=(facts.customers.held_day <= facts.day).fill_null(False).cast("int64"),  # noqa: FBT003
        registered=(facts.customers.registered_day <= facts.day).fill_null(False).cast("int64"),  # noqa: FBT003
    )
    rows = rows.inner_join(who, "customer_id")
    return rows.select("customer_id", *(rows[name].fill_null(0).cast("int64").name(name) for name in FEATURES))


def buying(facts: Facts) -> Any:
    days = present(purchase_days(facts.purchases, facts.day), facts.customers, facts.day)
    age = facts.day - days.day
    found = days.group_by("customer_id").agg(
        first_day=days.day.min(),
        last_day=days.day.max(),
        buys=days.count(),
        buys_quarter=(age < QUARTER).sum(),
        buys_year=(age < YEAR).sum(),
        buys_year_before=((age >= YEAR) & (age < 2 * YEAR)).sum(),
    )
    gap = (found.last_day - found.first_day) // ibis.greatest(found.buys - 1, 1)
    found = found.mutate(inactive=facts.day - found.last_day, since_first=facts.day - found.first_day)
    found = found.mutate(usual_gap=ibis.ifelse(found.buys > 1, gap, -1).cast("int64"))
    late = found.inactive * 100 // ibis.greatest(found.usual_gap, 1)
    return found.mutate(overdue=ibis.ifelse(found.buys > 1, late, -1))


def orders(facts: Facts) -> Any:
    counted = settled(facts.purchases, facts.day)
    return counted.group_by("customer_id").agg(
        orders=counted.count(),
        currencies=counted.currency.nunique(),
        lines=counted.product_line.nunique(),
        refunds=(counted.refunded > 0).sum(),
    )


def doing(facts: Facts) -> Any:
    them = known(facts, "visit", "contact", "learning", "ticket", "complaint", "low-csat", since=2 * YEAR)

    def times(kind: str, since: int, until: int = 0) -> Any:
        age = facts.day - them.day
        return ibis.ifelse((them.kind == kind) & (age < since) & (age >= until), them.times, 0).sum()

    return them.group_by("customer_id").agg(
        visits_quarter=times("visit", QUARTER),
        visits_quarter_before=times("visit", 2 * QUARTER, QUARTER),
        contacts_quarter=times("contact", QUARTER),
        lessons_quarter=times("learning", QUARTER),
        tickets_year=times("ticket", YEAR),
        complaints_year=times("complaint", YEAR),
        low_scores_year=times("low-csat", YEAR),
    )


def complaining(facts: Facts) -> Any:
    them = still_open(facts)
    return them.group_by("customer_id").agg(complaints_open=them.times.sum())


def labels(known_then: Any, later: Any, day: int, until: int) -> Any:
    """Of each customer of whom features are known as of a day, whether he bought after it, up to another: `bought`, and
    `left`, which is the opposite. `later` are the purchases as they are known at the end of that time.
    """
    after = settled(later, until)
    buyers = after.filter(after.day > day).select("customer_id").distinct().mutate(bought=ibis.literal(1, "int64"))
    found = known_then.select("customer_id").left_join(buyers, "customer_id")
    bought = found.bought.fill_null(0)
    return found.select("customer_id", bought=bought, left=1 - bought)
