"""The customers at risk: who is about to go, what is at stake, and why we think so."""

from typing import Any

import ibis

from projections.churn.tables.reasons import CODES, known, reasons
from projections.churn.tables.shapes import Facts
from projections.churn.tables.signals import WHOSE, beside_mean, signals, spent


def at_risk(facts: Facts, estimates: Any | None = None) -> Any:
    """A row for each customer and product line of whom there is any reason to think that he is leaving: all that
    `signals` tells of him, what he has `spent` (and beside others, `spent_share`), how many reasons there are (`count`)
    and which (`reasons`, in the order of CODES, joined by spaces), whose he is, his recorded `segment`, when he was
    recorded as dormant (`entered_risk_day`), whether he may be contacted, and when a lead to win him back was opened
    last, if that was after he bought last (`winback_day`).

    With `estimates` (a table as ESTIMATES, of a model that the caller names) the probability that he is still there,
    how many purchases are expected of him, and what they are worth; null for whom the model knows nothing of.
    `clv_share` is what they are worth in hundredths of the mean of all of whom it is told in the same currency.
    """
    why = reasons(facts)
    flags = {name_of(code): (why.code == code).max() for code in CODES}
    why = why.group_by(WHOSE).agg(count=why.count(), **flags)
    words = [ibis.ifelse(why[name_of(code)], f"{code} ", "") for code in CODES]
    text = words[0].concat(*words[1:]).rstrip()
    why = why.select(*WHOSE, "count", reasons=text)
    who = facts.customers.select(
        "customer_id", "owner_id", "segment", "status", "do_not_contact", entered_risk_day=ibis._.risk_day
    )
    rows = signals(facts).inner_join(why, list(WHOSE)).left_join(spent(facts), list(WHOSE))
    rows = rows.drop("customer_id_right", "product_line_right").inner_join(who, "customer_id")
    tried = known(facts, "winback").group_by("customer_id").agg(tried_day=ibis._.day.max())
    rows = rows.left_join(tried, "customer_id").drop("customer_id_right")
    since = ibis.ifelse(rows.tried_day > rows.last_day, rows.tried_day, ibis.null("int64"))
    rows = rows.mutate(winback_day=since).drop("tried_day")
    if estimates is None:
        return rows
    beside = estimates.mutate(clv_share=beside_mean(estimates.clv, "clv_currency"))
    found = rows.left_join(beside, list(WHOSE))
    return found.drop("customer_id_right", "product_line_right")


def name_of(code: str) -> str:
    return code.replace("-", "_")
