"""What is told of each customer, by hand: how he buys, why he seems to be leaving, and what a score learns from."""

from collections import Counter
from collections.abc import Callable

from tests.projections.churn.any_facts import TERMS_OF, Row, Told
from tests.projections.churn.plainly import Key, here, of_each, settled


def signals(told: Told) -> list[Row]:
    found = []
    for (who, line), rows in of_each(settled(told), "customer_id", "product_line").items():
        if who not in here(told):
            continue
        days = sorted({row["day"] for row in rows})
        dormant, churned = TERMS_OF[line]
        gap = (days[-1] - days[0]) // (len(days) - 1) if len(days) > 2 else None
        due = dormant if gap is None else min(dormant, max(14, 2 * gap))
        inactive = told.day - days[-1]
        stage = "usual"
        for limit, name in ((due, "overdue"), (dormant, "dormant"), (churned, "lost")):
            stage = name if inactive >= limit else stage
        old = told.day - days[0] >= 2 * dormant
        found.append(
            {
                "customer_id": who, "product_line": line, "first_day": days[0], "last_day": days[-1],
                "buys": len(days), "usual_gap": gap, "inactive": inactive, "due": due, "dormant_days": dormant,
                "churned_days": churned, "recent": sum(told.day - day < dormant for day in days),
                "earlier": sum(dormant <= told.day - day < 2 * dormant for day in days) if old else None,
                "risk_day": days[-1] + due if inactive >= due else None, "stage": stage,
            }
        )  # fmt: skip
    return found


def reasons(told: Told) -> list[Row]:
    done = of_each((row for row in told.activity if row["day"] <= told.day), "customer_id")
    found = []
    for row in signals(told):
        key = (row["customer_id"], row["product_line"])
        his = done.get(key[:1], [])
        every = [*of_buying(row), *of_his(his, told.day), *of_money(told, row)]
        seen = [each["day"] for each in settled(told) if each["customer_id"] == key[0]]
        seen += [each["day"] for each in his if each["kind"] in ("visit", "learning")]
        ours = sum(each["times"] for each in his if each["kind"] == "contact" and each["day"] > max(seen))
        if ours >= 3:
            every.append(("not-answering", ours, told.day - max(seen)))
        for code, figure, against in every:
            told_of = {"customer_id": key[0], "product_line": key[1], "code": code}
            found.append(told_of | {"figure": figure, "against": against})
    return found


Why = tuple[str, int, int]


def of_buying(row: Row) -> list[Why]:
    found = []
    if row["usual_gap"] is not None and row["inactive"] >= row["due"]:
        found.append(("longer-than-usual", row["inactive"], row["usual_gap"]))
    if row["stage"] == "dormant":
        found.append(("dormant", row["inactive"], row["dormant_days"]))
    if row["stage"] == "lost":
        found.append(("lost", row["inactive"], row["churned_days"]))
    if (row["earlier"] or 0) >= 3 and 2 * row["recent"] <= row["earlier"]:
        found.append(("fewer-orders", row["recent"], row["earlier"]))
    return found


def of_money(told: Told, row: Row) -> list[Why]:
    back = [
        each
        for each in told.purchases
        if (each["customer_id"], each["product_line"]) == (row["customer_id"], row["product_line"])
        and each["why"] in ("", "refunded")
        and each["refunded"] > 0
        and 0 <= told.day - each["day"] < row["dormant_days"]
    ]
    found = [("refunded", len(back), row["buys"])] if back else []
    held = here(told)[row["customer_id"]]["held_day"]
    return found if held is None or held > told.day else [*found, ("credit-hold", told.day - held, 0)]


def of_his(his: list[Row], today: int) -> list[Why]:
    def of(kind: str, keep: Callable[[Row], bool] = lambda _: True) -> list[Row]:
        return [row for row in his if row["kind"] == kind and keep(row)]

    found = []
    if open_ := of("complaint", lambda row: row["ended_day"] is None or row["ended_day"] > today):
        first = min(row["day"] for row in open_)
        found.append(("complaint-open", today - first, sum(row["times"] for row in open_)))
    if low := of("low-csat", lambda row: today - row["day"] < 180):
        found.append(("low-satisfaction", min(int(row["code"]) for row in low), 5))
    if lessons := of("learning"):
        last = max(row["day"] for row in lessons)
        some = sum(row["times"] for row in lessons if row["day"] > last - 365)
        if today - last >= 60 and some >= 3:
            found.append(("learning-stopped", today - last, some))
    recent = sum(row["times"] for row in of("visit", lambda row: today - row["day"] < 90))
    before = sum(row["times"] for row in of("visit", lambda row: 90 <= today - row["day"] < 180))
    if before >= 3 and 2 * recent <= before:
        found.append(("visits-stopped", recent, before))
    return found


# Features


def features(told: Told) -> list[Row]:
    found = []
    paid: Counter[Key] = Counter()
    for row in settled(told):
        paid[row["customer_id"], row["currency"]] += row["net"]
    of = of_each([{"currency": currency, "net": net} for (_, currency), net in paid.items()], "currency")
    mean = {currency: sum(row["net"] for row in rows) // len(rows) for (currency,), rows in of.items()}
    for (who,), rows in of_each(settled(told), "customer_id").items():
        if who not in here(told):
            continue
        days = sorted({row["day"] for row in rows})
        ages = [told.day - day for day in days]
        gap = (days[-1] - days[0]) // (len(days) - 1) if len(days) > 1 else -1
        done = [row for row in told.activity if row["customer_id"] == who and row["day"] <= told.day]

        def times(kind: str, start: int, end: int, rows: list[Row] = done) -> int:
            return sum(row["times"] for row in rows if row["kind"] == kind and start <= told.day - row["day"] < end)

        still = [row for row in done if row["kind"] == "complaint"]
        currencies = {row["currency"] for row in rows}
        dates = here(told)[who]
        found.append(
            {
                "customer_id": who, "inactive": ages[-1], "since_first": ages[0], "buys": len(days),
                "buys_quarter": sum(age < 90 for age in ages), "buys_year": sum(age < 365 for age in ages),
                "buys_year_before": sum(365 <= age < 730 for age in ages), "usual_gap": gap,
                "overdue": ages[-1] * 100 // max(gap, 1) if len(days) > 1 else -1, "orders": len(rows),
                "spent_share": sum(paid[who, each] * 100 // max(mean[each], 1) for each in currencies),
                "currencies": len(currencies), "lines": len({row["product_line"] for row in rows}),
                "refunds": sum(row["refunded"] > 0 for row in rows), "visits_quarter": times("visit", 0, 90),
                "visits_quarter_before": times("visit", 90, 180), "contacts_quarter": times("contact", 0, 90),
                "lessons_quarter": times("learning", 0, 90), "tickets_year": times("ticket", 0, 365),
                "complaints_year": times("complaint", 0, 365), "low_scores_year": times("low-csat", 0, 365),
                "complaints_open": sum(
                    row["times"] for row in still if row["ended_day"] is None or row["ended_day"] > told.day
                ),
                "held": int(dates["held_day"] is not None and dates["held_day"] <= told.day),
                "registered": int(dates["registered_day"] is not None and dates["registered_day"] <= told.day),
            }
        )  # fmt: skip
    return found
