"""Customers: found by name or number, by how they stand with us, and by whose they are; page by page."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.inside import Told
from api.web.page import Asking, Page, Part
from api.web.pages.customer import catalog

PAGE = 25
FILTERS: Mapping[str, str] = {
    "search": "search",
    "status": "status",
    "owner": "owner_id",
    "segment": "segment",
    "type": "type",
    "hold": "credit_restricted",
    "tag": "tags.has",
    "group": "group",
}
"""What stands in the address of the page, and what the view calls it."""
SORTS = ("-active_at", "name", "-created_at", "-order_count", "-last_order_at", "-status_since")
SEES_CUSTOMERS = frozenset(
    {
        *("sales", "sales_manager", "partner", "service_agent", "service_manager", "credit_controller"),
        *("analyst", "auditor", "administrator"),
    }
)


async def listed(asking: Asking) -> Mapping[str, Any]:
    """Those who answer for themselves: who was merged into another is found there."""
    wanted = [(name, asking.query[given]) for given, name in FILTERS.items() if asking.query.get(given)]
    sort = asking.query.get("sort", "")
    place = [("cursor", asking.query["cursor"])] if asking.query.get("cursor") else []
    pairs = [*wanted, ("sort", sort if sort in SORTS else SORTS[2]), ("limit", str(PAGE)), *place]
    answer, total = await asyncio.gather(
        asking.inside.answer("/views/customers", pairs), asking.inside.get("/views/customers/count", wanted)
    )
    return {"rows": answer.told["rows"], "next": asking.page_after(answer), "total": total["count"]}


async def choices(asking: Asking) -> Mapping[str, Any]:
    """By what they can be filtered."""
    tags, groups = await asyncio.gather(catalog(asking, "tags"), groups_of(asking))
    return {"tags": tags, "groups": groups, "sorts": SORTS}


async def groups_of(asking: Asking) -> list[Mapping[str, Any]]:
    """Those that are of customers; none where they are not for who asks."""
    try:
        rows = (await asking.inside.get("/views/groups", limit=100))["rows"]
    except Told:
        return []
    return [each for each in rows if each["view"] in {"customers", "value_matrix"} and each["withdrawn_at"] is None]


CUSTOMERS = Page(
    name="customers",
    path="/customers",
    template="customers.html",
    load=choices,
    roles=SEES_CUSTOMERS,
    parts=(Part(name="list", template="customers/list.html", load=listed, follows=("customers",)),),
)
