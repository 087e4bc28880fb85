"""What win-back comes to: of those who lapsed, who was contacted and came back, beside who came back by himself."""

from typing import Any

import ibis

from projections.churn.tables.cohorts import share
from projections.churn.tables.durations import lapses
from projections.churn.tables.shapes import Facts

CONTACTED_WITHIN = 30  # Days after the lapse, until what counts as the answer to it is done.
HORIZON = 180  # Days after that in which somebody comes back or does not.


def winbacks(facts: Facts, within: int = CONTACTED_WITHIN, horizon: int = HORIZON) -> Any:
    """A row for each time a customer lapsed, by the terms of all that he had bought (`lapse_day`: dormant).

    He was `contacted` if a lead to win him back was opened within so many days of it, under `campaign` (the first; of
    several on one day, the first by name). Who was `early`, and bought before these days were over, is compared with
    nobody: to come back at once leaves no time to be contacted (the landmark of Anderson, Cain & Gelber 1983). Of the
    others, who bought within the `horizon` after it is `back`. Who has not, and was shut, erased or merged before his
    time was up, is `gone`: whether he would have come back nobody knows. Who has time until after the day is `pending`.
    Who was gone before he lapsed has not lapsed.
    """
    lapsed = lapses_of_customers(facts)
    leads = facts.activity.filter(facts.activity.kind == "winback", facts.activity.day <= facts.day)
    leads = leads.select("customer_id", "code", "day")
    near = lapsed.select("customer_id", "lapse_day").inner_join(leads, "customer_id")
    near = near.filter(near.day >= near.lapse_day, near.day <= near.lapse_day + within)
    first = near.mutate(
        nth=ibis.row_number().over(ibis.window(group_by=["customer_id", "lapse_day"], order_by=["day", "code"]))
    )
    first = first.filter(first.nth == 0).select("customer_id", "lapse_day", campaign=first.code, contact_day=first.day)
    found = lapsed.left_join(first, ["customer_id", "lapse_day"])
    landmark = found.lapse_day + within
    end = landmark + horizon
    early = (found.next_day <= landmark).fill_null(False)  # noqa: FBT003
    back = ~early & (found.next_day <= end).fill_null(False)  # noqa: FBT003
    gone = ~early & ~back & (found.closed_day < end).fill_null(False)  # noqa: FBT003
    return found.select(
        *("customer_id", "lapse_day", "next_day", "contact_day"),
        campaign=found.campaign.fill_null(""),
        contacted=found.contact_day.notnull().cast("int64"),
        early=early.cast("int64"),
        back=back.cast("int64"),
        gone=gone.cast("int64"),
        pending=(~early & ~back & ~gone & (end > facts.day)).cast("int64"),
    )


def lapses_of_customers(facts: Facts) -> Any:
    """With the day on which he was shut, if that was by the day (`closed_day`)."""
    lapsed = lapses(facts, ["customer_id"], "dormant_days").select("customer_id", "lapse_day", "next_day")
    shut = facts.customers.filter(facts.customers.closed_day <= facts.day).select("customer_id", "closed_day")
    found = lapsed.left_join(shut, "customer_id").drop("customer_id_right")
    return found.filter(found.closed_day.isnull() | (found.closed_day >= found.lapse_day))


def outcomes(found: Any) -> Any:
    """By campaign, and for those who were contacted by none (`contacted` 0): how many `lapsed`, came back `early`, are
    `gone` or `pending`, are `decided` (none of these), and came `back`; the share of these among the decided (`rate`),
    and how much that is above the rate of those not contacted (`uplift`), in hundredths of a percent.

    Nobody was chosen by lot: who was contacted may differ from who was not, so that an uplift is a hint and no effect.
    """
    decided = (1 - found.early) * (1 - found.gone) * (1 - found.pending)
    rows = found.group_by(["contacted", "campaign"]).agg(
        lapsed=found.count(),
        early=found.early.sum().cast("int64"),
        gone=found.gone.sum().cast("int64"),
        pending=found.pending.sum().cast("int64"),
        decided=decided.sum().cast("int64"),
        back=found.back.sum().cast("int64"),
    )
    rows = rows.mutate(rate=share(rows.back, rows.decided))
    alone = ibis.ifelse(rows.contacted == 0, rows.rate, ibis.null("int64")).max().over(ibis.window())
    uplift = ibis.ifelse(rows.contacted == 1, rows.rate - alone, ibis.null("int64"))
    return rows.mutate(uplift=uplift.cast("int64"))
