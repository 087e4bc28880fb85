"""Histories of buying, as models of buying read them: how often, until when, seen for how long, and for how much."""

from collections.abc import Sequence
from typing import Any

import ibis

from projections.churn.tables.counted import purchase_days
from projections.churn.tables.shapes import Facts


def histories(facts: Facts, per: Sequence[str] = ()) -> Any:
    """A row for each customer (and product line, if `per` says so) who has bought by the day.

    `repeats` are days on which he bought after the first one, `last` the days from the first to the last of them,
    `observed` the days from the first to the day: x, t_x and T of Fader, Hardie & Lee, "Counting Your Customers the
    Easy Way" (2005), in days. `spent` is what the repeats came to, in smallest units of `currency`; both are null for
    who paid in several, for they are never added. What he was returned is taken off.
    """
    days = purchase_days(facts.purchases, facts.day, per)
    whose = ["customer_id", *per]
    days = days.mutate(first_day=days.day.min().over(ibis.window(group_by=whose)))
    mixed = ibis.ifelse(days.currency.isnull(), 1, 0)
    found = days.group_by(whose).agg(
        first_day=days.day.min(),
        last_day=days.day.max(),
        days=days.count(),
        some=days.currency.min(),
        other=days.currency.max(),
        mixed=mixed.sum(),
        spent=ibis.ifelse(days.day > days.first_day, days.net, 0).sum().cast("int64"),
    )
    single = (found.mixed == 0) & (found.some == found.other)
    return found.select(
        *whose,
        "first_day",
        repeats=found.days - 1,
        last=found.last_day - found.first_day,
        observed=facts.day - found.first_day,
        spent=ibis.ifelse(single, found.spent, ibis.null("int64")),
        currency=ibis.ifelse(single, found.some, ibis.null("string")),
    )


def holdout(later: Any, known: Any, day: int, until: int, per: Sequence[str] = ()) -> Any:
    """What those whose history is `known` as of a day did after it, up to another: `days` on which they bought, 0 for
    who did not. `later` are the purchases as they are known by then.
    """
    days = purchase_days(later, until, per)
    whose = ["customer_id", *per]
    after = days.filter(days.day > day).group_by(whose).agg(days=ibis._.count())
    joined = known.select(*whose).left_join(after, whose)
    return joined.select(*whose, days=joined.days.fill_null(0))
