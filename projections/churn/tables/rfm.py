"""RFM: how recently, how often, and for how much each customer has bought, in fifths, with the usual labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import ibis

from projections.churn.tables.counted import present, settled
from projections.churn.tables.shapes import Facts

FIFTHS = 5

# How recent × how often and for how much, the ten regions in which the eleven of Putler's map fall when each customer
# is to have one label (M. Agarwal, "RFM Analysis for Successful Customer Segmentation", putler.com). Rows are R from 1.
LABELS: Mapping[int, Sequence[str]] = {
    1: ("hibernating", "hibernating", "at-risk", "at-risk", "cannot-lose"),
    2: ("hibernating", "hibernating", "at-risk", "at-risk", "cannot-lose"),
    3: ("about-to-sleep", "about-to-sleep", "need-attention", "loyal", "loyal"),
    4: ("promising", "potential-loyalist", "potential-loyalist", "loyal", "loyal"),
    5: ("new", "potential-loyalist", "potential-loyalist", "champion", "champion"),
}


def rfm(facts: Facts, per: Sequence[str] = ()) -> Any:
    """A row for each customer and currency (and product line, if `per` says so): each currency is a world of its own,
    in which customers are compared.

    `recency` is in days since the last purchase, `frequency` counts days on which he bought, `monetary` is all that he
    paid less what went back. `r`, `f` and `m` are fifths of the customers, 5 is best (A. M. Hughes, "Strategic Database
    Marketing", 1994): who has bought as much as another has the same. `label` is of `r` beside the mean of `f` and `m`.
    """
    counted = present(settled(facts.purchases, facts.day), facts.customers, facts.day)
    bought = counted.group_by(["customer_id", *per, "currency"]).agg(
        last_day=counted.day.max(), frequency=counted.day.nunique(), monetary=counted.net.sum().cast("int64")
    )
    apart = [*per, "currency"]
    scored = bought.mutate(
        recency=facts.day - bought.last_day,
        r=fifth(bought, bought.last_day, apart),
        f=fifth(bought, bought.frequency, apart),
        m=fifth(bought, bought.monetary, apart),
    )
    return scored.mutate(label=label(scored.r, (scored.f + scored.m + 1) // 2))


def fifth(table: Any, column: Any, apart: Sequence[str]) -> Any:
    """In which fifth of all rows: by how many have less, so that whoever ties is in one fifth."""
    with_less = ibis.rank().over(ibis.window(group_by=apart, order_by=column))
    every = table.count().over(ibis.window(group_by=apart))
    return (with_less * FIFTHS // every + 1).cast("int64")


def label(r: Any, often: Any) -> Any:
    cases = [
        ((r == recent) & (often == column), name)
        for recent, names in LABELS.items()
        for column, name in enumerate(names, start=1)
    ]
    return ibis.cases(*cases, else_="")
