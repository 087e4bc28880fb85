"""The value quadrant: what an order of each customer comes to, how often he orders, and who moved from day to day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import ibis

from projections.churn.tables.counted import present, settled
from projections.churn.tables.shapes import Facts

NOBODY = ""  # Neither a customer yet, nor one any more.


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which value of an average order on, in smallest units of each currency, and from how many orders in so many
    days on somebody is high. They are a policy of the house, in versions, as a recorded segment names them.
    """

    version: str
    aov: Mapping[str, int]
    frequency: int
    days: int = 365


def quadrants(facts: Facts, thresholds: Thresholds) -> Any:
    """A row for each customer and currency: `orders` and what they came to (`spent`, and `aov` on average, rounded
    down) in the days of the thresholds. B is low in both, C high in value, D in frequency, E in both, as AssignSegment
    has them; A has not bought yet, and has no currency. A currency without a threshold has nobody of high value.
    """
    counted = present(settled(facts.purchases, facts.day), facts.customers, facts.day)
    recent = counted.day > facts.day - thresholds.days
    found = counted.group_by(["customer_id", "currency"]).agg(
        orders=recent.sum().cast("int64"), spent=ibis.ifelse(recent, counted.net, 0).sum().cast("int64")
    )
    limits = [
        (found.currency == currency, found.spent >= found.orders * limit)
        for currency, limit in sorted(thresholds.aov.items())
    ]
    worth = (found.orders > 0) & (ibis.cases(*limits, else_=ibis.literal(False)) if limits else ibis.literal(False))  # noqa: FBT003
    often = found.orders >= thresholds.frequency
    segment = ibis.cases((worth & often, "E"), (often, "D"), (worth, "C"), else_="B")
    mean = ibis.ifelse(found.orders > 0, found.spent // ibis.greatest(found.orders, 1), 0)
    bought = found.mutate(aov=mean.cast("int64"), segment=segment)
    columns = ("customer_id", "currency", "orders", "spent", "aov", "segment")
    return bought.select(*columns).union(without_purchase(facts, counted).select(*columns))


def without_purchase(facts: Facts, counted: Any) -> Any:
    """Who has not bought yet: segment A."""
    customers = present(facts.customers, facts.customers, facts.day)
    customers = customers.filter(customers.created_day <= facts.day)
    nothing = ibis.literal(0, "int64")
    return customers.anti_join(counted, "customer_id").select(
        "customer_id", currency=ibis.literal(""), orders=nothing, spent=nothing, aov=nothing, segment=ibis.literal("A")
    )


def migration(before: Any, after: Any) -> Any:
    """How many customers came from which quadrant (`was`) into which (`became`), by currency; from nowhere where he was
    no customer, and to nowhere where he is none any more. Who bought for the first time, in whichever currency, came
    from A.
    """
    keys = ["customer_id", "currency"]
    first = before.filter(before.segment == "A").select("customer_id", first=ibis.literal("A"))
    now = after.select(*keys, became=after.segment)
    then = before.select(*keys, was=before.segment)
    joined = now.left_join(then, keys).select(*keys, "became", "was").left_join(first, "customer_id")
    stayed = joined.select("currency", "became", was=ibis.coalesce(joined.was, joined["first"], NOBODY))
    # Who has left A is not gone.
    left = then.anti_join(now, keys)
    bought = after.filter(after.segment != "A")
    left = left.filter(left.was != "A").union(left.filter(left.was == "A").anti_join(bought, "customer_id"))
    moved = stayed.union(left.select("currency", became=ibis.literal(NOBODY), was=left.was))
    return moved.group_by(["currency", "was", "became"]).agg(customers=moved.count())


def series(found: Mapping[int, Any]) -> Any:
    """A row for each day, currency and quadrant that anybody was in: `customers`, their `orders` and what these came to
    (`spent`). `found` are the quadrants of each day, made of the facts of that day.
    """

    def counted(day: int, rows: Any) -> Any:
        sums = {name: rows[name].sum().cast("int64") for name in ("orders", "spent")}
        told = rows.group_by(["currency", "segment"]).agg(customers=rows.count(), **sums)
        return told.select(named("day", day), "currency", "segment", "customers", "orders", "spent")

    return together([counted(day, rows) for day, rows in sorted(found.items())])


def moves(found: Mapping[int, Any]) -> Any:
    """The `migration` from each day (`since_day`) to the next one (`day`): who is in a quadrant on a day is who stayed
    there and who came, so that the rows of one day add up to its `series`.
    """

    def moved(since: int, before: Any, day: int, after: Any) -> Any:
        days = named("since_day", since), named("day", day)
        return migration(before, after).select(*days, "currency", "was", "became", "customers")

    return together([moved(*one, *next_) for one, next_ in pairwise(sorted(found.items()))])


def named(name: str, day: int) -> Any:
    """It stands first, as tables are told in the order of their columns."""
    return ibis.literal(day, "int64").name(name)


def together(parts: list[Any]) -> Any:
    return reduce(lambda one, other: one.union(other), parts)


def usual(facts: Facts, days: int = 365) -> Any:
    """By currency, what all orders of so many days come to; a threshold of what is usual can be made of that."""
    counted = present(settled(facts.purchases, facts.day), facts.customers, facts.day)
    recent = counted.filter(counted.day > facts.day - days)
    return recent.group_by("currency").agg(
        customers=recent.customer_id.nunique(), orders=recent.count(), spent=recent.net.sum().cast("int64")
    )
