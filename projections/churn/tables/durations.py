"""How long customers stay: from when they came until they were lost by the terms, or are seen no longer."""

from typing import Any, Literal

import ibis

from projections.churn.tables.counted import settled
from projections.churn.tables.shapes import Facts

Start = Literal["first-purchase", "registration"]


def durations(facts: Facts, start: Start = "first-purchase", *, by_line: bool = False) -> Any:
    """A row for each customer who has bought, or for each of his product lines: from `start_day` on he was seen for
    `days`, until he was lost (`event` 1), or until the day or the day on which he was shut, whichever was first
    (`event` 0, censored).

    He is lost on the first day on which the terms of all that he had bought have passed, as the lifecycle clock has it,
    unless he buys on that day; being won back later does not undo it. Strata: `product_line` (of the first purchase),
    `type`, `channel` (by which he came) and `segment` (as recorded).
    """
    per = ["customer_id", "product_line"] if by_line else ["customer_id"]
    lost = first_lapse(facts, per, "churned_days")
    begun = first_line(facts, per).left_join(lost, per)
    begun = begun.select(*per, *(["product_line"] if not by_line else []), "first_day", "lapse_day")
    who = facts.customers.select("customer_id", "type", "channel", "segment", "registered_day", "closed_day")
    seen = begun.left_join(who, "customer_id")
    until = ibis.least(facts.day, ibis.coalesce(seen.closed_day, facts.day))
    since = seen.first_day
    if start == "registration":
        since = ibis.least(seen.first_day, ibis.coalesce(seen.registered_day, seen.first_day))
    event = (seen.lapse_day.notnull() & (seen.lapse_day <= until)).fill_null(False)  # noqa: FBT003
    found = seen.mutate(
        start_day=since,
        end_day=ibis.greatest(since, ibis.ifelse(event, seen.lapse_day, until)),
        event=event.cast("int64"),
    )
    return found.select(
        "customer_id",
        "product_line",
        "start_day",
        "end_day",
        "event",
        days=found.end_day - found.start_day,
        type=found.type.fill_null(""),
        channel=found.channel.fill_null(""),
        segment=found.segment.fill_null(""),
    )


def lapses(facts: Facts, per: list[str], term: str) -> Any:
    """Every day on which a customer lapsed, dormant or lost as `term` says: `lapse_day`, the last purchase before it,
    and the next one after it, null where there is none yet.
    """
    bought = settled(facts.purchases, facts.day).inner_join(facts.terms, "product_line")
    days = bought.group_by([*per, "day"]).agg(end=(bought.day + bought[term]).max())
    in_order = ibis.window(group_by=per, order_by="day")
    so_far = ibis.cumulative_window(group_by=per, order_by="day")
    spans = days.mutate(end=days.end.max().over(so_far), next_day=days.day.lead().over(in_order))
    passed = (spans.end <= facts.day) & (spans.next_day.isnull() | (spans.next_day > spans.end))
    return spans.filter(passed).select(*per, "next_day", last_day=spans.day, lapse_day=spans.end)


def first_lapse(facts: Facts, per: list[str], term: str) -> Any:
    found = lapses(facts, per, term)
    return found.group_by(per).agg(lapse_day=found.lapse_day.min())


def first_line(facts: Facts, per: list[str]) -> Any:
    """Since when somebody buys, and of which product line he bought first; of several, the first by name."""
    counted = settled(facts.purchases, facts.day)
    firsts = counted.mutate(first_day=counted.day.min().over(ibis.window(group_by=per)))
    firsts = firsts.filter(firsts.day == firsts.first_day)
    named = {} if "product_line" in per else {"product_line": firsts.product_line.min()}
    return firsts.group_by(per).agg(first_day=firsts.day.min(), **named)
