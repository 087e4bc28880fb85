"""Cohort retention: of those who first bought in one month, how many bought again in each month after, and for how
much.
"""

from collections.abc import Sequence
from typing import Any

import ibis

from projections.churn.tables.counted import settled
from projections.churn.tables.shapes import WHOLE, Facts, day_of, month_number


def cohorts(facts: Facts, per: Sequence[str] = ()) -> Any:
    """A row for each currency (and product line, if `per` says so), `cohort` (the month of the first purchase) and
    `nth` month after it, up to the month of the day; also those in which nobody bought.

    `customers` bought in that month, of `size` who began; `retained` is their share of hundredths of a percent, and
    `revenue_retained` that of `revenue` in what the first month brought, rounded to the nearest. `whole` is 0 for the
    month that is not over on the day. Who is gone since is counted: his purchases were made. What he is called is not
    here.
    """
    apart = [*per, "currency"]
    months = monthly(facts, apart)
    months = months.mutate(cohort=months.month.min().over(ibis.window(group_by=["customer_id", *apart])))
    cells = months.group_by([*apart, "cohort", "month"]).agg(
        customers=months.count(), revenue=months.net.sum().cast("int64")
    )
    begun = cells.filter(cells.month == cells.cohort).select(
        *apart, "cohort", size=ibis._.customers, began_with=ibis._.revenue
    )
    last = month_number(day_of(facts.day))
    grid = begun.mutate(nth=ibis.range(0, last - begun.cohort + 1).unnest())
    cells = cells.select(*apart, "cohort", "customers", "revenue", nth=cells.month - cells.cohort)
    every = grid.left_join(cells, [*apart, "cohort", "nth"]).select(
        *apart,
        *("cohort", "nth", "size", "began_with"),
        **{name: ibis._[name].fill_null(0) for name in ("customers", "revenue")},
    )
    over = day_of(facts.day + 1).day == 1
    return every.select(
        *apart,
        "cohort",
        "nth",
        "size",
        "customers",
        "revenue",
        retained=share(every.customers, every.size),
        revenue_retained=share(every.revenue, every.began_with),
        whole=(ibis.literal(over) | (every.cohort + every.nth < last)).cast("int64"),
    )


def monthly(facts: Facts, apart: Sequence[str]) -> Any:
    """What each customer paid in each month in which he bought."""
    counted = settled(facts.purchases, facts.day)
    return counted.group_by(["customer_id", *apart, "month"]).agg(net=counted.net.sum().cast("int64"))


def share(part: Any, of: Any) -> Any:
    """In hundredths of a percent, to the nearest; of nothing it is null."""
    return ((part * (2 * WHOLE) + of) // (2 * of).nullif(0)).cast("int64")
