"""The rows behind a figure: those of any list that it is made of, with a way to each of their subjects."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from api.web.inside import part_of
from api.web.page import Asking, Page, Part
from api.web.rendering import INSTANT

PAGE = 50
BESIDE = frozenset({"cursor", "limit", "sort", "search", "by"})
PAGES_OF = {"lead": "leads", "customer": "customers", "ticket": "tickets"}
"""The kinds of subjects that have a page."""

COLUMNS: Mapping[str, Sequence[str]] = {
    "funnel": [
        "owner_id",
        "status",
        "source",
        "campaign",
        "product_line",
        "captured_at",
        "amount",
        "probability",
        "weighted",
        "close_date",
        "lost_reason",
    ],
    "campaign_results": (
        ["campaign", "source", "cohort", "cost", "status", "owner_id", "qualified_at", "converted_at", "revenue"]
    ),
    "targets": ["whose", "period", "metric", "target", "actual", "rate", "is_reached"],
    "sales_worklist": [
        "owner_id",
        "status",
        "stage",
        "source",
        "product_line",
        "next_action_at",
        "protect_until",
        "amount",
    ],
    "ticket_queue": [
        "owner_id",
        "status",
        "type",
        "priority",
        "team",
        "opened_at",
        "due_at",
        "escalation_level",
        "reopens",
    ],
    "commission_basis": [
        "staff_id",
        "month",
        "share",
        "net_paid",
        "refund_adjustment",
        "reattributed",
        "basis",
        "custody_basis",
    ],
    "orders": ["status", "products", "amount", "paid", "refunded", "net", "placed_at", "paid_at", "completed_at"],
    "capacity": ["name", "role", "org_path", "held", "cap", "claims_today", "daily_claims", "available", "until"],
    "custody_ledger": ["kind", "method", "from_owner", "to_owner", "pool", "since", "until", "reason", "contacts"],
    "status_time": ["kind", "status", "entered", "left", "calendar_seconds", "business_seconds"],
}
"""What is shown of a list's rows; of any other list, all that it tells but how it is kept."""
UNSHOWN = frozenset(
    [
        "subject_id",
        "events",
        "as_of_position",
        "collaborators",
        "collaborating_until",
        "formerly",
        "roles",
        "owners",
        "let_in",
        "let_in_access",
        "let_in_until",
        "last_owner",
    ]
)
COINS = {"cost": "currency", "revenue": "revenue_currency"} | dict.fromkeys(
    [
        "amount",
        "weighted",
        "target",
        "actual",
        "paid",
        "refunded",
        "net",
        "net_paid",
        "refund_adjustment",
        "reattributed",
        "basis",
        "unpaid",
    ],
    "currency",
)
"""In which column the currency of an amount stands."""
SHARES = frozenset({"rate", "conversion"})
PEOPLE = frozenset(["owner_id", "staff_id", "from_owner", "to_owner", "agent_id", "inspector", "keeper"])
CODED = frozenset(["status", "stage", "kind", "role", "metric", "priority", "type", "method", "custody_basis"])


def file_of(name: str, pairs: Sequence[tuple[str, str]], root: str = "/desk") -> str:
    asked = urlencode([each for each in pairs if each[0] not in {"cursor", "limit"}])
    return f"{root}/files/views/{name}.csv" + (f"?{asked}" if asked else "")


def subject_of(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """The kind of a row's subject, and its id."""
    subject = row.get("subject_id")
    for kind in PAGES_OF:
        if subject is None and row.get(f"{kind}_id"):
            subject = f"{kind}/{row[f'{kind}_id']}"
    if not subject or "/" not in subject:
        return None
    kind, _, key = subject.partition("/")
    return kind, key


def page_of(row: Mapping[str, Any], root: str = "/desk") -> str | None:
    found = subject_of(row)
    if found is None or found[0] not in PAGES_OF:
        return None
    return root + part_of("/" + PAGES_OF[found[0]] + "/{}", found[1])


def shown(name: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    if name in COLUMNS:
        return [each for each in COLUMNS[name] if not rows or each in rows[0]]
    return [each for each in (rows[0] if rows else ()) if each not in UNSHOWN]


def kind_of(column: str, value: object) -> str:
    """How a value is written."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes"
        case list():
            return "many"
        case _ if column in COINS:
            return "money"
        case _ if column in SHARES:
            return "share"
        case _ if column in PEOPLE:
            return "person"
        case int() | float():
            return "number"
        case str() if INSTANT.fullmatch(value):
            return "time"
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value) and is_day(value):
            return "day"
        case _:
            return "code" if column in CODED else "text"


def is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def in_numbers(column: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    kinds = {kind_of(column, row.get(column)) for row in rows} - {"nothing"}
    return bool(kinds) and kinds <= {"number", "money", "share"}


async def listed(asking: Asking) -> Mapping[str, Any]:
    """A page of them, and how many there are."""
    name, pairs = asking.path["view"], list(asking.pairs)
    counted = [each for each in pairs if each[0] not in BESIDE or each[0] == "search"]
    given = [each for each in pairs if each[0] != "limit"]
    answer, total = await asyncio.gather(
        asking.inside.answer(part_of("/views/{}", name), [*given, ("limit", str(PAGE))]),
        asking.inside.get(part_of("/views/{}/count", name), counted),
    )
    rows = answer.told["rows"]
    columns = shown(name, rows)
    return {
        "view": name,
        "rows": rows,
        "columns": columns,
        "numbers": {column for column in columns if in_numbers(column, rows)},
        "kind_of": kind_of,
        "coins": COINS,
        "subject_of": subject_of,
        "page_of": page_of,
        "total": total["count"],
        "next": asking.page_after(answer),
        "filters": [told_filter(*each) for each in counted],
        "file": file_of(name, pairs),
    }


def told_filter(name: str, text: str) -> tuple[str, str, str]:
    """The column, what is asked of it, and the value."""
    column, _, operator = name.partition(".")
    if operator == "null":
        return column, "none" if text == "true" else "some", ""
    return column, operator or "eq", text


async def about(asking: Asking) -> Mapping[str, Any]:
    return {"view": asking.path["view"], "name_of": asking.words.label("rows.views", asking.path["view"])}


ROWS = Page(
    name="rows",
    path="/rows/{view}",
    template="rows.html",
    load=about,
    parts=(Part(name="listed", template="rows/listed.html", load=listed),),
)
