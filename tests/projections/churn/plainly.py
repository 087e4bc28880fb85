"""The tables of churn by hand: over lists, customer by customer, without a query."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from projections.churn.tables.shapes import day_of
from tests.projections.churn.any_facts import TERMS_OF, Row, Told

Key = tuple[Any, ...]


def of_each(rows: Iterable[Row], *names: str) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


def settled(told: Told) -> list[Row]:
    return [row for row in told.purchases if not row["why"] and row["day"] <= told.day]


def here(told: Told) -> dict[str, Row]:
    return {
        row["customer_id"]: row for row in told.customers if row["closed_day"] is None or row["closed_day"] > told.day
    }


def left_out(told: Told) -> list[Row]:
    out = defaultdict(list)
    for row in told.purchases:
        if row["why"] or row["day"] > told.day:
            out[row["why"] or "later"].append(row["customer_id"])
        elif row["customer_id"] not in here(told):
            out["gone"].append(row["customer_id"])
    return [{"reason": why, "purchases": len(who), "customers": len({*who})} for why, who in out.items()]


# RFM

SEGMENTS = {
    "champion": {(5, 4), (5, 5)},
    "loyal": {(3, 4), (3, 5), (4, 4), (4, 5)},
    "potential-loyalist": {(4, 2), (4, 3), (5, 2), (5, 3)},
    "new": {(5, 1)},
    "promising": {(4, 1)},
    "need-attention": {(3, 3)},
    "about-to-sleep": {(3, 1), (3, 2)},
    "at-risk": {(1, 3), (1, 4), (2, 3), (2, 4)},
    "cannot-lose": {(1, 5), (2, 5)},
    "hibernating": {(1, 1), (1, 2), (2, 1), (2, 2)},
}


def rfm(told: Told, per: Sequence[str] = ()) -> list[Row]:
    rows = [row for row in settled(told) if row["customer_id"] in here(told)]
    found: list[Row] = []
    for apart, some in of_each(rows, *per, "currency").items():
        each = {who: of for (who,), of in of_each(some, "customer_id").items()}
        last = {who: max(row["day"] for row in of) for who, of in each.items()}
        often = {who: len({row["day"] for row in of}) for who, of in each.items()}
        paid = {who: sum(row["net"] for row in of) for who, of in each.items()}
        for who in each:
            r, f, m = (1 + 5 * bisect_left(sorted(of.values()), of[who]) // len(each) for of in (last, often, paid))
            both = (f + m + 1) // 2
            (label,) = (name for name, cells in SEGMENTS.items() if (r, both) in cells)
            row = dict(zip((*per, "currency"), apart, strict=True))
            row |= {"customer_id": who, "last_day": last[who], "frequency": often[who], "monetary": paid[who]}
            found.append(row | {"recency": told.day - last[who], "r": r, "f": f, "m": m, "label": label})
    return found


# The quadrant


def quadrants(told: Told, aov: dict[str, int], frequency: int, days: int) -> list[Row]:
    found = []
    for who in here(told).values():
        his = [row for row in settled(told) if row["customer_id"] == who["customer_id"]]
        if not his and who["created_day"] <= told.day:
            nothing = dict.fromkeys(("orders", "spent", "aov"), 0)
            found.append({"customer_id": who["customer_id"], "currency": "", **nothing, "segment": "A"})
        for (currency,), some in of_each(his, "currency").items():
            recent = [row["net"] for row in some if row["day"] > told.day - days]
            high = bool(recent) and currency in aov and sum(recent) >= aov[currency] * len(recent)
            segment = {(False, False): "B", (True, False): "C", (False, True): "D", (True, True): "E"}
            found.append(
                {
                    "customer_id": who["customer_id"],
                    "currency": currency,
                    "orders": len(recent),
                    "spent": sum(recent),
                    "aov": sum(recent) // len(recent) if recent else 0,
                    "segment": segment[high, len(recent) >= frequency],
                }
            )
    return found


def migration(before: list[Row], after: list[Row]) -> list[Row]:
    was = {(row["customer_id"], row["currency"]): row["segment"] for row in before}
    now = {(row["customer_id"], row["currency"]): row["segment"] for row in after}
    moved: Counter[Key] = Counter()
    for (who, currency), segment in now.items():
        moved[currency, was.get((who, currency)) or was.get((who, "")) or "", segment] += 1
    for (who, currency), segment in was.items():
        bought = segment == "A" and any(each == who and to != "A" for (each, _), to in now.items())
        if (who, currency) not in now and not bought:
            moved[currency, segment, ""] += 1
    return [{"currency": c, "was": a, "became": b, "customers": n} for (c, a, b), n in moved.items()]


# Cohorts


def share(part: int, of: int) -> int | None:
    return None if of == 0 else (part * 20_000 + of) // (2 * of)


def cohorts(told: Told, per: Sequence[str] = ()) -> list[Row]:
    found = []
    today = day_of(told.day)
    last = today.year * 12 + today.month - 1
    for apart, rows in of_each(settled(told), *per, "currency").items():
        began = {who: min(row["month"] for row in some) for (who,), some in of_each(rows, "customer_id").items()}
        for cohort in set(began.values()):
            of_it = [row for row in rows if began[row["customer_id"]] == cohort]
            first = sum(row["net"] for row in of_it if row["month"] == cohort)
            for month in range(cohort, last + 1):
                some = [row for row in of_it if row["month"] == month]
                size, came = sum(each == cohort for each in began.values()), len({row["customer_id"] for row in some})
                revenue = sum(row["net"] for row in some)
                row = dict(zip((*per, "currency"), apart, strict=True))
                row |= {"cohort": cohort, "nth": month - cohort, "size": size, "customers": came, "revenue": revenue}
                row |= {"retained": share(came, size), "revenue_retained": share(revenue, first)}
                found.append(row | {"whole": int(month < last or day_of(told.day + 1).month != today.month)})
    return found


# Histories, durations


def histories(told: Told, per: Sequence[str] = ()) -> list[Row]:
    found = []
    for whose, rows in of_each(settled(told), "customer_id", *per).items():
        days = sorted({row["day"] for row in rows})
        currencies = {row["currency"] for row in rows}
        found.append(
            dict(zip(("customer_id", *per), whose, strict=True))
            | {
                "first_day": days[0],
                "repeats": len(days) - 1,
                "last": days[-1] - days[0],
                "observed": told.day - days[0],
                "spent": sum(row["net"] for row in rows if row["day"] > days[0]) if len(currencies) == 1 else None,
                "currency": currencies.pop() if len(currencies) == 1 else None,
            }
        )
    return found


def lapses_of(rows: list[Row], today: int, term: int) -> list[tuple[int, int | None]]:
    """Day by day: whether on this day the last of all terms has passed; and when he bought next."""
    days = {row["day"] for row in rows}
    found: list[tuple[int, int | None]] = []
    end = -1
    for day in range(min(days), today + 1):
        if day in days:
            end = max(end, *(row["day"] + TERMS_OF[row["product_line"]][term] for row in rows if row["day"] == day))
        elif day == end:
            found.append((day, min((each for each in days if each > day), default=None)))
    return found


def durations(told: Told, start: str, *, by_line: bool) -> list[Row]:
    known = {row["customer_id"]: row for row in told.customers}
    found = []
    for whose, rows in of_each(settled(told), "customer_id", *(["product_line"] if by_line else [])).items():
        who = known[whose[0]]
        first = min(row["day"] for row in rows)
        since = first if start == "first-purchase" else min(first, who["registered_day"] or first)
        until = min(told.day, who["closed_day"] or told.day)
        lost = next((day for day, _ in lapses_of(rows, told.day, 1)), None)
        event = lost is not None and lost <= until
        end = max(since, lost if event else until)
        line = min(row["product_line"] for row in rows if row["day"] == first)
        row = {"customer_id": whose[0], "product_line": line, "start_day": since, "end_day": end}
        row |= {"event": int(event), "days": end - since, "type": who["type"], "segment": who["segment"]}
        row["channel"] = who["channel"]
        found.append(row)
    return found


# Signals and reasons


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
        ours = sum(each["times"] for each in his if each["kind"] == "contact" and each["day"] > row["last_day"])
        if ours >= 3:
            every.append(("not-answering", ours, row["inactive"]))
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


# Win-back


def winbacks(told: Told, within: int, horizon: int) -> list[Row]:
    found = []
    for (who,), rows in of_each(settled(told), "customer_id").items():
        leads = sorted(
            (row["day"], row["code"])
            for row in told.activity
            if row["customer_id"] == who and row["kind"] == "winback" and row["day"] <= told.day
        )
        for lapse, after in lapses_of(rows, told.day, 0):
            day, campaign = next(((d, c) for d, c in leads if lapse <= d <= lapse + within), (None, ""))
            early = after is not None and after <= lapse + within
            back = not early and after is not None and after <= lapse + within + horizon
            pending = not early and not back and lapse + within + horizon > told.day
            row = {"customer_id": who, "lapse_day": lapse, "next_day": after, "contact_day": day, "campaign": campaign}
            row |= {"contacted": int(day is not None), "early": int(early), "back": int(back)}
            found.append(row | {"pending": int(pending)})
    return found


def outcomes(rows: list[Row]) -> list[Row]:
    found = []
    for (contacted, campaign), some in of_each(rows, "contacted", "campaign").items():
        decided = [row for row in some if not row["early"] and not row["pending"]]
        row = {"contacted": contacted, "campaign": campaign, "lapsed": len(some), "decided": len(decided)}
        row |= {name: sum(each[name] for each in some) for name in ("early", "pending", "back")}
        found.append(row | {"rate": share(row["back"], len(decided))})
    alone = next((row["rate"] for row in found if not row["contacted"]), None)
    for row in found:
        known = row["contacted"] and alone is not None and row["rate"] is not None
        row["uplift"] = row["rate"] - alone if known else None
    return found


# Features


def features(told: Told) -> list[Row]:
    found = []
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
                "spent": sum(row["net"] for row in rows) if len(currencies) == 1 else -1,
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
