"""Targets (目标): what somebody or a team is to reach in a month, and what has been reached of it."""

from collections.abc import Mapping
from typing import Any

from api.web.page import Asking, Page, Part
from api.web.pages.home import SELLS
from api.web.pages.manager import LEADS

PAGE = 50
BY = ("period", "staff_id", "team", "metric")


def given(asking: Asking) -> list[tuple[str, str]]:
    return [(name, text) for name, text in asking.pairs if name in BY and text]


async def listed(asking: Asking) -> Mapping[str, Any]:
    """The last months first; an actual figure opens what it adds up, where that is told by month and by whom."""
    cursor = [("cursor", asking.query["cursor"])] if asking.query.get("cursor") else []
    pairs = [*given(asking), ("sort", "-period"), ("limit", str(PAGE)), *cursor]
    answer = await asking.inside.answer("/views/targets", pairs)
    rows = [row | {"made_of": made_of(row)} for row in answer.told["rows"]]
    return {"rows": rows, "next": asking.page_after(answer), "given": given(asking)}


def made_of(row: Mapping[str, Any]) -> str | None:
    """Where the rows are that somebody's own revenue of a month is made of. A team's is of whoever was in it then."""
    one_month = row["first_month"] == row["last_month"]
    if row["metric"] != "revenue" or row["staff_id"] is None or not one_month:
        return None
    month = f"{row['first_month']}-01"
    return f"/views/commission_basis?staff_id={row['staff_id']}&month={month}&currency={row['currency']}"


async def reached(asking: Asking) -> Mapping[str, Any]:
    found = await asking.inside.get("/views/targets/reached", given(asking))
    return {"rows": sorted(found["rows"], key=lambda row: str(row["period"]), reverse=True)}


TARGETS = Page(
    name="targets",
    path="/targets",
    template="targets.html",
    roles=LEADS | SELLS,
    parts=(
        Part(name="reached", template="targets/reached.html", load=reached, follows=("targets",)),
        Part(name="listed", template="targets/listed.html", load=listed, follows=("targets",)),
    ),
)
