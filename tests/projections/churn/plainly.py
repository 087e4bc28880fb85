"""The tables of churn by hand: over lists, customer by customer, without a query."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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


def series(by_day: dict[int, list[Row]]) -> list[Row]:
    found = []
    for day, rows in by_day.items():
        for (currency, segment), some in of_each(rows, "currency", "segment").items():
            sums = {name: sum(row[name] for row in some) for name in ("orders", "spent")}
            found.append({"day": day, "currency": currency, "segment": segment, "customers": len(some), **sums})
    return found


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
            shut = here_until(told, who)
            if shut is not None and shut < lapse:
                continue
            end = lapse + within + horizon
            gone = not early and not back and shut is not None and shut < end
            pending = not early and not back and not gone and end > told.day
            row = {"customer_id": who, "lapse_day": lapse, "next_day": after, "contact_day": day, "campaign": campaign}
            row |= {"contacted": int(day is not None), "early": int(early), "back": int(back)}
            found.append(row | {"gone": int(gone), "pending": int(pending)})
    return found


def here_until(told: Told, who: str) -> int | None:
    (shut,) = (row["closed_day"] for row in told.customers if row["customer_id"] == who)
    return shut if shut is not None and shut <= told.day else None


def outcomes(rows: list[Row]) -> list[Row]:
    found = []
    for (contacted, campaign), some in of_each(rows, "contacted", "campaign").items():
        decided = [row for row in some if not (row["early"] or row["gone"] or row["pending"])]
        row = {"contacted": contacted, "campaign": campaign, "lapsed": len(some), "decided": len(decided)}
        row |= {name: sum(each[name] for each in some) for name in ("early", "gone", "pending", "back")}
        found.append(row | {"rate": share(row["back"], len(decided))})
    alone = next((row["rate"] for row in found if not row["contacted"]), None)
    for row in found:
        known = row["contacted"] and alone is not None and row["rate"] is not None
        row["uplift"] = row["rate"] - alone if known else None
    return found
