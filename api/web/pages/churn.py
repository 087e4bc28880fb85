"""Churn (流失): who comes back, how long customers stay, who moves between quadrants, and who is leaving, and why."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic_core import to_json

from api.web.inside import Answer, Told
from api.web.page import Asking, Page, Part
from api.web.words import churn_texts
from domain.access import Action, Scope, scope_of
from domain.money import DIGITS

READS = frozenset({"sales_manager", "service_manager", "analyst", "auditor", "administrator", "operations", "sales"})
EPOCH = date(1970, 1, 1)
STRATA = ("product_line", "type", "channel", "segment")
QUADRANTS = ("A", "B", "C", "D", "E")
PAGES = 10  # That are read of a table, of 500 rows each.
TIMES, PAUSE = 30, 1.0  # How often it is asked again, and after how many seconds.
DRAWN = 4  # Curves in one picture.
LISTED = 50
Rows = Sequence[Mapping[str, Any]]
Given = list[tuple[str, str]]


def moment(asking: Asking) -> Given:
    """As of when."""
    return [(name, asking.query[name]) for name in ("day", "as_of") if asking.query.get(name)]


async def table(asking: Asking, name: str, given: Given) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """All rows of a table of churn, or as many as are read at once; and what is told beside them."""
    answer = await patiently(asking, f"/churn/tables/{name}", [*given, ("limit", "500")])
    rows, beside = list(answer.told["rows"]), answer.told
    for _ in range(PAGES - 1):
        if answer.next is None:
            break
        answer = await patiently(asking, f"/churn/tables/{name}", parse_qsl(answer.next.partition("?")[2]))
        rows += answer.told["rows"]
    return rows, {**{name: told for name, told in beside.items() if name != "rows"}, "more": answer.next is not None}


async def patiently(asking: Asking, path: str, given: Given) -> Answer:
    """Moments are folded one after the other; whoever finds several waiting comes again. Raises Told."""
    for _ in range(TIMES):
        try:
            return await asking.inside.answer(path, given)
        except Told as no:
            if no.kind != "folds-waiting":
                raise
            await asyncio.sleep(PAUSE)
    return await asking.inside.answer(path, given)


def file_of(name: str, given: Given) -> str:
    return f"/desk/files/churn/{name}.csv" + (f"?{urlencode(given)}" if given else "")


def day_of(number: int | None) -> str | None:
    return None if number is None else (EPOCH + timedelta(days=number)).isoformat()


def month_of(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"


def coins(minor: float | None, currency: str | None) -> Decimal | None:
    """An amount in smallest units as an amount."""
    return None if minor is None else Decimal(str(minor)).scaleb(-DIGITS.get(currency or "", 2))


def heat(share: int | None) -> int:
    """Of ten classes, by tenths; shares are hundredths of a percent."""
    return min(9, max(0, (share or 0) // 1000))


def wanted(asking: Asking, rows: Rows, *columns: str) -> list[Mapping[str, Any]]:
    """Those of a currency and a product line, where somebody has chosen them."""
    asked = {column: asking.query[column] for column in columns if asking.query.get(column)}
    return [row for row in rows if all(row.get(column) == text for column, text in asked.items())]


# Who comes back


async def cohorts(asking: Asking) -> Mapping[str, Any]:
    line = asking.query.get("product_line")
    given = [*moment(asking), *([("by", "product_line")] if line else [])]
    found, beside = await table(asking, "cohorts", given)
    rows = wanted(asking, found, "currency", "product_line")
    grids: dict[str, dict[int, dict[int, Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        grids[row["currency"]][row["cohort"]][row["nth"]] = row
    return {
        "grids": grids,
        "longest": 1 + max((row["nth"] for row in rows), default=0),
        "measure": "revenue" if asking.query.get("measure") == "revenue" else "customers",
        "heat": heat,
        "month_of": month_of,
        "file": file_of("cohorts", given),
        "beside": beside,
    }


# How long they stay


async def survival(asking: Asking) -> Mapping[str, Any]:
    by = asking.query.get("strata", "")
    given = [*moment(asking), *([("by", by)] if by in STRATA else [])]
    found = (await patiently(asking, "/churn/survival", given)).told
    curves = sorted(found["curves"], key=lambda curve: -curve["customers"])
    return {
        "curves": curves,
        "chart": to_json(picture(curves[:DRAWN], asking)).decode(),
        "log_rank": found["log_rank"],
        "by": by,
        "file": file_of("survival", given),
        "beside": {**found, "more": False},
    }


def picture(curves: Rows, asking: Asking) -> Mapping[str, Any]:
    """Each curve, and its band: from the lower line on, by what the upper one is above it. What has one name has one
    colour.
    """
    series: list[Mapping[str, Any]] = []
    for curve in curves:
        name = curve["name"] or asking.words("churn.everybody")
        points = [{"time": 0, "survival": 1.0, "low": 1.0, "high": 1.0}, *curve["points"]]
        plain = {"type": "line", "step": "end", "showSymbol": False, "silent": True, "lineStyle": {"opacity": 0}}
        band = {**plain, "stack": f"band {name}", "stackStrategy": "all", "tooltip": {"show": False}}
        series += [
            {**band, "name": name, "data": [[each["time"], each["low"]] for each in points]},
            {
                **band,
                "name": name,
                "areaStyle": {"opacity": 0.15},
                "data": [[each["time"], (each["high"] or 0) - (each["low"] or 0)] for each in points],
            },
            {
                "name": name,
                "type": "line",
                "step": "end",
                "showSymbol": False,
                "data": [[each["time"], each["survival"]] for each in points],
            },
        ]
    faint = {"splitLine": {"lineStyle": {"opacity": 0.2}}}
    return {
        "aria": {"enabled": True},
        "animation": False,
        "legend": {"top": 0, "data": [curve["name"] or asking.words("churn.everybody") for curve in curves]},
        "grid": {"left": 48, "right": 16, "top": 40, "bottom": 32},
        "xAxis": {
            **faint,
            "type": "value",
            "name": asking.words("churn.days"),
            "nameLocation": "middle",
            "nameGap": 22,
        },
        "yAxis": {**faint, "type": "value", "min": 0, "max": 1},
        "series": series,
    }


# What they are worth


async def quadrants(asking: Asking) -> Mapping[str, Any]:
    """How many were in each at the ends of months, and who moved in the last of them."""
    since = [("since", asking.query["since"])] if asking.query.get("since") else []
    given = [*moment(asking), *since]
    series, beside = await table(asking, "quadrant-series", given)
    moves, _ = await table(asking, "quadrant-moves", given)
    months: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    currencies = sorted({row["currency"] for row in series} - {""})
    for row in series:
        for currency in [row["currency"]] if row["currency"] else currencies:
            months[currency][row["day"]][row["segment"]] = row["customers"]
    last = max((row["day"] for row in moves), default=None)
    moved = [row for row in moves if row["day"] == last and row["was"] != row["became"]]
    chosen = asking.query.get("currency")
    return {
        "months": {each: months[each] for each in currencies if chosen in (None, "", each)},
        "moves": moved,
        "last": day_of(last),
        "day_of": day_of,
        "quadrants": QUADRANTS,
        "file": file_of("quadrant-series", given),
        "file_of_moves": file_of("quadrant-moves", given),
        "beside": beside,
    }


# Who is leaving


async def at_risk(asking: Asking) -> Mapping[str, Any]:
    """Who is worth most first, with why in words."""
    given = moment(asking)
    found, beside = await table(asking, "at-risk", given)
    why, _ = await table(asking, "reasons", given)
    rows = wanted(asking, found, "currency", "product_line")
    rows.sort(key=lambda row: -(row["clv_share"] if row["clv_share"] is not None else row["spent_share"] or 0))
    because = defaultdict(list)
    texts = churn_texts(asking.words.language)["reasons"]
    for each in why:
        text = texts.get(each["code"], each["code"])
        because[each["customer_id"], each["product_line"]].append(
            text.format(figure=asking.words.number(each["figure"]), against=asking.words.number(each["against"]))
        )
    return {
        "rows": rows[:LISTED],
        "total": len(rows),
        "of_all": len(found),
        "because": because,
        "coins": coins,
        "day_of": day_of,
        "missing": beside.get("missing"),
        "models": beside.get("models") or (),
        "file": file_of("at-risk", given),
        "beside": beside,
    }


async def models(asking: Asking) -> Mapping[str, Any]:
    """Those on record, by which that is said."""
    given = moment(asking)
    return {"models": (await patiently(asking, "/churn/models", given)).told["models"]}


async def of_whom(asking: Asking) -> Mapping[str, Any]:
    """Figures of the house are for who may read everything; to others they are not offered."""
    return {"whole": scope_of(asking.role, Action.READ) is Scope.ALL}


CHURN = Page(
    name="churn",
    load=of_whom,
    path="/churn",
    template="churn.html",
    roles=READS,
    scripts=("echarts.js",),
    parts=(
        Part(name="at-risk", template="churn/at_risk.html", load=at_risk, lazy=True),
        Part(name="cohorts", template="churn/cohorts.html", load=cohorts, lazy=True),
        Part(name="survival", template="churn/survival.html", load=survival, lazy=True),
        Part(name="quadrants", template="churn/quadrants.html", load=quadrants, lazy=True),
        Part(name="models", template="churn/models.html", load=models, lazy=True),
    ),
)
