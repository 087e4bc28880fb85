"""Which purchases count as of a day, and what was left out and why; who is a customer still."""

from collections.abc import Sequence
from typing import Any

import ibis

LATER, GONE, UNKNOWN = "later", "gone", "unknown"


def settled(purchases: Any, day: int) -> Any:
    """What had been paid by the end of a day, and did not all go back."""
    return purchases.filter(purchases.why == "", purchases.day <= day)


def left_out(purchases: Any, customers: Any, day: int) -> Any:
    """What is in no table and why, never silently: `purchases` that were cancelled, refunded, or are of amounts too
    large to add up, those dated `later` than the day; and those of customers who are `gone`, or of whom nothing was
    told yet (`unknown`, as where orders of before came in with customers of today), which count where purchases are
    counted, and not where customers are listed.
    """
    late = (purchases.why == "") & (purchases.day > day)
    because = ibis.cases((late, LATER), else_=purchases.why)
    out = purchases.mutate(reason=because).filter(ibis._.reason != "")
    counted = settled(purchases, day)
    shut = counted.semi_join(customers.filter(customers.closed_day <= day), "customer_id")
    strange = counted.anti_join(customers, "customer_id")
    rows = out.select("reason", "customer_id")
    for reason, some in ((GONE, shut), (UNKNOWN, strange)):
        rows = rows.union(some.select("customer_id", reason=ibis.literal(reason))["reason", "customer_id"])
    return rows.group_by("reason").agg(purchases=rows.count(), customers=rows.customer_id.nunique())


def present(table: Any, customers: Any, day: int) -> Any:
    """Those rows whose customer was not shut, erased, or merged into another by the end of a day."""
    open_then = customers.closed_day.isnull() | (customers.closed_day > day)
    return table.semi_join(customers.filter(open_then), "customer_id")


def purchase_days(purchases: Any, day: int, per: Sequence[str] = ()) -> Any:
    """One row for each customer and day on which he bought: what he bought on one day counts once, and is added up.

    `net` is null on a day on which he paid in two currencies, which are never added; `currency` is null then as well.
    """
    counted = settled(purchases, day)
    days = counted.group_by(["customer_id", *per, "day"]).agg(
        some=counted.currency.min(), other=counted.currency.max(), net=counted.net.sum().cast("int64")
    )
    single = days.some == days.other
    kept = ["customer_id", *per, "day"]
    return days.select(
        *kept,
        currency=ibis.ifelse(single, days.some, ibis.null("string")),
        net=ibis.ifelse(single, days.net, ibis.null("int64")),
    )
