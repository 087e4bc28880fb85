"""Facts of churn of any kind, drawn by lot, as rows; and how an engine reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from random import Random
from typing import Any

import ibis
import pyarrow as pa

from projections.churn.tables.shapes import (
    ACTIVITY,
    CUSTOMERS,
    PURCHASES,
    TERMS,
    Facts,
    day_of,
    month_number,
    number_of,
)

Row = dict[str, Any]
TODAY = 20_000
TERMS_OF = {"": (60, 120), "piano": (700, 1100), "book": (20, 45)}
BORDERS = [days + more for days in (20, 45, 60, 120, 700) for more in (0, 1, 30, 31, 210, 211)]  # Of terms and after.
KINDS = ("visit", "contact", "learning", "complaint", "ticket", "low-csat", "winback", "upsell", "dormant", "won-back")
SHAPES = {"purchases": PURCHASES, "customers": CUSTOMERS, "activity": ACTIVITY, "terms": TERMS}


@dataclass
class Told:
    """Rows as of the end of a day, by table."""

    day: int
    purchases: list[Row] = field(default_factory=list, repr=False)
    customers: list[Row] = field(default_factory=list, repr=False)
    activity: list[Row] = field(default_factory=list, repr=False)
    terms: list[Row] = field(default_factory=list, repr=False)

    def arrow(self, name: str) -> Any:
        rows = getattr(self, name)
        types = {"string": pa.string(), "int64": pa.int64()}
        return pa.table(
            {
                column: pa.array([row[column] for row in rows], types[kind.rstrip("?")])
                for column, kind in SHAPES[name].items()
            }
        )

    def on_duckdb(self) -> Facts:
        engine = ibis.duckdb.connect()
        tables = {name: engine.create_table(name, self.arrow(name)) for name in SHAPES}
        return Facts(day=self.day, **tables)


def bought(customer_id: str, day: int, net: int = 100, **given: Any) -> Row:
    row: Row = {"order_id": f"{customer_id}/{day}/{net}/{given}", "customer_id": customer_id, "product_line": ""}
    row |= {"currency": "CNY", "day": day, "month": month_number(day_of(day)), "net": net, "refunded": 0, "why": ""}
    return row | given


def customer(customer_id: str, **given: Any) -> Row:
    nothing = dict.fromkeys(("registered_day", "risk_day", "held_day", "closed_day"))
    row: Row = {
        "customer_id": customer_id,
        "type": "individual",
        "channel": "",
        "status": "active",
        "status_day": 0,
        "created_day": 0,
    }
    return row | nothing | {"segment": "", "owner_id": "ann", "do_not_contact": 0} | given


def did(customer_id: str, kind: str, day: int, **given: Any) -> Row:
    row: Row = {"customer_id": customer_id, "kind": kind, "code": "", "day": day, "times": 1, "ended_day": None}
    return row | given


def terms() -> list[Row]:
    return [
        {"product_line": line, "dormant_days": dormant, "churned_days": churned}
        for line, (dormant, churned) in TERMS_OF.items()
    ]


def told(*rows: Row, customers: Sequence[Row] = (), activity: Sequence[Row] = (), day: int = TODAY) -> Told:
    """These purchases, of these customers and of others of whom nothing is said."""
    known = {row["customer_id"]: row for row in customers}
    others = [customer(who) for who in {row["customer_id"]: 0 for row in rows} if who not in known]
    return Told(day, list(rows), [*known.values(), *others], list(activity), terms())


def any_facts(chance: Random, customers: int) -> Told:
    """Habits from days to years; several purchases of one day and ties of every kind; what is dated later, went back,
    was cancelled; two currencies in one hand; customers who never bought or are gone.
    """
    told = Told(day=number_of(day_of(TODAY)) + chance.choice([0, 30, 31, 59]), terms=terms())
    for number in range(customers):
        who = f"c{number:05}"
        told.customers.append(any_customer(chance, who, told.day))
        told.purchases += any_purchases(chance, who, told.day)
        told.activity += any_activity(chance, who, told.day) + any_winback(chance, told.purchases, who)
    for nth, row in enumerate(told.purchases):
        row["order_id"] = f"o{nth}"
    return told


def any_customer(chance: Random, who: str, today: int) -> Row:
    def some(share: float) -> int | None:
        return chance.randint(today - 1_500, today + 20) if chance.random() < share else None

    closed = chance.randint(today - 400, today) if chance.random() < 0.1 else None
    return customer(
        who,
        type=chance.choice(["individual", "company"]),
        channel=chance.choice(["", "form", "call"]),
        status=chance.choice(["new", "active", "dormant"]),
        created_day=chance.randint(today - 1_600, today + 5),
        registered_day=some(0.4),
        risk_day=some(0.2),
        held_day=some(0.1),
        closed_day=closed,
        segment=chance.choice(["", "B", "E"]),
        owner_id=chance.choice(["", "ann", "bob"]),
        do_not_contact=chance.choice([0, 0, 1]),
    )


def any_purchases(chance: Random, who: str, today: int) -> list[Row]:
    lines = chance.choice([[""], [""], ["piano"], ["book"], ["", "book"], ["", "piano", "book"]])
    currencies = chance.choice([["CNY"], ["CNY"], ["CNY"], ["EUR"], ["CNY", "EUR"]])
    pace = chance.choice([1, 7, 30, 120, 500])
    day = today - chance.randint(0, 1_500)
    found = []
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 9, 14])):
        net, gone = chance.choice([0, 100, 100, 250, chance.randint(1, 90_000)]), chance.random()
        why = "" if gone > 0.1 else chance.choice(["cancelled", "refunded", "too-large"])
        back = net if why == "refunded" else chance.choice([0, 0, 0, net // 3])
        row = bought(
            who,
            day,
            net - back,
            product_line=chance.choice(lines),
            currency=chance.choice(currencies),
            refunded=back,
            why=why,
        )
        found.append(row)
        day += chance.choice([0, 1, pace, pace, chance.randint(0, 2 * pace), chance.choice(BORDERS)])
    return [row for row in found if row["day"] <= today + 60]


def any_activity(chance: Random, who: str, today: int) -> list[Row]:
    found = []
    for _ in range(chance.choice([0, 0, 2, 6, 15])):
        kind, day = chance.choice(KINDS), today - chance.choice([chance.randint(-10, 200), chance.randint(0, 1_400)])
        codes = {"low-csat": ["1", "2"], "winback": ["spring", "autumn"], "visit": ["app", "shop"]}
        ended = chance.choice([None, day + chance.randint(0, 60)]) if kind in ("complaint", "ticket") else None
        code = chance.choice(codes.get(kind, [""]))
        found.append(did(who, kind, day, code=code, times=chance.randint(1, 4), ended_day=ended))
    unique = {(row["kind"], row["day"], row["code"]): row for row in found}
    return list(unique.values())


def any_winback(chance: Random, purchases: list[Row], who: str) -> list[Row]:
    """About when he has not bought for as long as the terms say."""
    days = [row["day"] for row in purchases if row["customer_id"] == who]
    if not days or chance.random() < 0.3:
        return []
    day = chance.choice([max(days), min(days)]) + chance.choice([20, 60, 700]) + chance.randint(-5, 40)
    return [did(who, "winback", day, code=chance.choice(["spring", "autumn", "summer"]))]


def rows_of(expression: Any) -> list[Row]:
    """In one order, whichever engine it was."""
    found = expression.to_pyarrow().to_pylist()
    return in_order([{name: as_plain(value) for name, value in row.items()} for row in found])


def as_plain(value: Any) -> Any:
    """An engine that reads through pandas tells a whole number beside nulls as a float, and a null as no number."""
    if isinstance(value, float):
        return None if isnan(value) else int(value) if value.is_integer() else value
    return value


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: [(name, str(row[name])) for name in sorted(row)])
