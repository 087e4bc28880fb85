"""How each customer buys of each product line, and for how long he has not: beside his own habit, and beside the terms
of the line.
"""

from collections.abc import Sequence
from typing import Any

import ibis

from projections.churn.tables.counted import present, purchase_days, settled
from projections.churn.tables.shapes import Facts

WHOSE = ("customer_id", "product_line")
LEAST_BUYS = 3  # Days of buying, from which on there is a habit: two gaps.
TWICE = 2  # So many usual gaps without buying are no habit any more.
LEAST_DAYS = 14  # Before which nobody is missed, however often he buys.


def signals(facts: Facts) -> Any:
    """A row for each customer who is one still and product line that he bought of.

    `usual_gap` is the mean number of days between his days of buying, rounded down, once there are two gaps; `inactive`
    the days since the last. He is missed (`due` days after it) after twice his usual gap, but not before 14 days nor
    after the line's `dormant_days`, which alone count where he has no habit: those of a durable are years.
    `risk_day` is the day on which he came to be missed, null while he is not. `stage` is how far it has come: usual,
    overdue, dormant or lost. `recent` and `earlier` are his days of buying within the last `dormant_days`, and within
    as many before these; `earlier` is null where he had not come yet at their beginning.
    """
    days = present(purchase_days(facts.purchases, facts.day, ["product_line"]), facts.customers, facts.day)
    days = days.inner_join(facts.terms, "product_line")
    age = facts.day - days.day
    found = days.group_by(WHOSE).agg(
        first_day=days.day.min(),
        last_day=days.day.max(),
        buys=days.count(),
        recent=(age < days.dormant_days).sum().cast("int64"),
        before=((age >= days.dormant_days) & (age < 2 * days.dormant_days)).sum().cast("int64"),
        dormant_days=days.dormant_days.min(),
        churned_days=days.churned_days.min(),
    )
    gap = (found.last_day - found.first_day) // ibis.greatest(found.buys - 1, 1)
    habit = ibis.ifelse(found.buys >= LEAST_BUYS, gap, ibis.null("int64")).cast("int64")
    found = found.mutate(inactive=facts.day - found.last_day, usual_gap=habit)
    own = ibis.least(ibis.greatest(TWICE * found.usual_gap, LEAST_DAYS), found.dormant_days)
    found = found.mutate(due=ibis.ifelse(found.usual_gap.notnull(), own, found.dormant_days))
    old_enough = facts.day - found.first_day >= 2 * found.dormant_days
    return found.select(
        *WHOSE,
        *("first_day", "last_day", "buys", "usual_gap", "inactive", "due", "dormant_days", "churned_days", "recent"),
        earlier=ibis.ifelse(old_enough, found.before, ibis.null("int64")),
        risk_day=ibis.ifelse(found.inactive >= found.due, found.last_day + found.due, ibis.null("int64")),
        stage=ibis.cases(
            (found.inactive >= found.churned_days, "lost"),
            (found.inactive >= found.dormant_days, "dormant"),
            (found.inactive >= found.due, "overdue"),
            else_="usual",
        ),
    )


def refunds(facts: Facts) -> Any:
    """What went back to whom, in part or in whole, of what was paid within the last `dormant_days`."""
    counts = facts.purchases.why.isin(["", "refunded"])
    back = facts.purchases.filter(counts, facts.purchases.refunded > 0, facts.purchases.day <= facts.day)
    back = back.inner_join(facts.terms, "product_line")
    back = back.filter(facts.day - back.day < back.dormant_days)
    return back.group_by(WHOSE).agg(refunds=back.count())


def spent(facts: Facts, whose: Sequence[str] = WHOSE) -> Any:
    """What each customer has paid in all for each product line (or as `whose` says), in the currency in which he paid;
    null in several.

    `spent_share` can be compared whatever he paid in: what he paid in each currency is told in hundredths of what all
    have paid in it on average, and these are added.
    """
    counted = settled(facts.purchases, facts.day)
    paid = counted.group_by([*whose, "currency"]).agg(net=counted.net.sum().cast("int64"))
    paid = paid.mutate(share=beside_mean(paid.net, "currency"))
    found = paid.group_by(list(whose)).agg(
        net=paid.net.max(),
        one=paid.currency.min(),
        currencies=paid.count(),
        spent_share=paid["share"].sum().cast("int64"),
    )
    single = found.currencies == 1
    return found.select(
        *whose,
        "spent_share",
        spent=ibis.ifelse(single, found.net, ibis.null("int64")),
        currency=ibis.ifelse(single, found.one, ibis.null("string")),
    )


def beside_mean(amount: Any, currency: str) -> Any:
    """Hundredths of the mean of all amounts of one currency, rounded down; amounts are none below zero, and are left
    out where they are null.
    """
    mean = ibis.greatest((amount.sum() // amount.count().nullif(0)).over(ibis.window(group_by=currency)), 1)
    # No amount is more than so many means as there are amounts: nothing comes near the end of 64 bits.
    return (amount // mean * 100 + amount % mean * 100 // mean).cast("int64")
