"""The sales workbench (销售工作台): what comes next, what lapses soon, what lies in the pool, how much one may hold."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.page import Asking, Page, Part
from api.web.pages.home import SELLS

PAGE = 25
MANAGES = frozenset({"sales_manager", "analyst", "auditor", "administrator", "operations"})


def mine(asking: Asking) -> list[tuple[str, str]]:
    """A salesperson's own; who leads others sees those of all, or of one of them."""
    if asking.role in MANAGES:
        return [("owner_id", owner)] if (owner := asking.query.get("owner")) else [("owner_id.null", "false")]
    return [("owner_id", asking.visitor.staff_id or "")]


async def queue(asking: Asking) -> Mapping[str, Any]:
    """By what is most urgent; page after page."""
    more = [(name, asking.query[name]) for name in ("cursor", "search") if asking.query.get(name)]
    pairs = [*mine(asking), ("sort", "rank"), ("limit", str(PAGE)), *more]
    answer, total = await asyncio.gather(
        asking.inside.answer("/views/sales_worklist", pairs),
        asking.inside.get(
            "/views/sales_worklist/count", [*mine(asking), *(each for each in more if each[0] == "search")]
        ),
    )
    return {"rows": answer.told["rows"], "next": asking.page_after(answer), "total": total["count"]}


async def lapsing(asking: Asking) -> Mapping[str, Any]:
    pairs = [*mine(asking), ("protect_until.le", "+3d"), ("sort", "protect_until"), ("limit", "10")]
    return {"rows": (await asking.inside.get("/views/sales_worklist", pairs))["rows"]}


async def pool(asking: Asking) -> Mapping[str, Any]:
    wanted = [("pool_id", asking.query["pool"])] if asking.query.get("pool") else []
    answer, pools = await asyncio.gather(
        asking.inside.answer("/views/pool_board", [*wanted, ("sort", "-claimable_from"), ("limit", str(PAGE))]),
        asking.inside.get("/views/pool_directory"),
    )
    return {"rows": answer.told["rows"], "pools": pools["rows"]}


async def capacity(asking: Asking) -> Mapping[str, Any]:
    rows = (await asking.inside.get("/views/capacity", staff_id=asking.visitor.staff_id or ""))["rows"]
    return {"row": rows[0] if rows else None}


SALES = Page(
    name="sales",
    path="/sales",
    template="sales.html",
    roles=SELLS | MANAGES,
    parts=(
        Part(name="queue", template="sales/queue.html", load=queue, follows=("sales_worklist",), every=60),
        Part(name="lapsing", template="sales/lapsing.html", load=lapsing, follows=("sales_worklist",), every=60),
        Part(name="pool", template="sales/pool.html", load=pool, follows=("pool_board",), every=60),
        Part(name="capacity", template="sales/capacity.html", load=capacity, follows=("capacity",)),
    ),
)
