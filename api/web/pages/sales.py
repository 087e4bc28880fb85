"""The sales workbench (销售工作台): what comes next, what lapses soon, what lies in the pool, how much one may hold."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from api.web.inside import Answer
from api.web.page import Asking, Page, Part
from api.web.pages.home import SELLS

PAGE = 25
MANAGES = frozenset({"sales_manager", "analyst", "auditor", "administrator", "operations"})
ASSIGNS = frozenset({"sales_manager"})
SORTS = {"rank": "rank", "next": "next_action_at", "protection": "protect_until"}
"""What somebody may go by: what is urgent, what comes next, and what lapses first."""
KEPT = ("search", "status")


def mine(asking: Asking) -> list[tuple[str, str]]:
    """A salesperson's own; who leads others sees those of all, or of one of them."""
    if asking.role in MANAGES:
        return [("owner_id", owner)] if (owner := asking.query.get("owner")) else [("owner_id.null", "false")]
    return [("owner_id", asking.visitor.staff_id or "")]


async def queue(asking: Asking) -> Mapping[str, Any]:
    """By what is most urgent, unless somebody goes by something else; page after page."""
    wanted = [*mine(asking), *((name, asking.query[name]) for name in KEPT if asking.query.get(name))]
    cursor = [("cursor", asking.query["cursor"])] if asking.query.get("cursor") else []
    by = asking.query.get("by", "rank")
    sort = ("sort", SORTS.get(by, "rank"))
    answer, total = await asyncio.gather(
        asking.inside.answer("/views/sales_worklist", [*wanted, sort, ("limit", str(PAGE)), *cursor]),
        asking.inside.get("/views/sales_worklist/count", wanted),
    )
    return {
        "rows": answer.told["rows"],
        "next": asking.page_after(answer),
        "total": total["count"],
        "sorts": [*SORTS],
        "by": by if by in SORTS else "rank",
        "leads_others": asking.role in MANAGES,
        "sells": SELLS,
    }


async def lapsing(asking: Asking) -> Mapping[str, Any]:
    pairs = [*mine(asking), ("protect_until.le", "+3d"), ("sort", "protect_until"), ("limit", "10")]
    return {"rows": (await asking.inside.get("/views/sales_worklist", pairs))["rows"]}


async def pool(asking: Asking) -> Mapping[str, Any]:
    wanted = [("pool_id", asking.query["pool"])] if asking.query.get("pool") else []
    cursor = [("cursor", asking.query["pool_cursor"])] if asking.query.get("pool_cursor") else []
    answer, total, pools = await asyncio.gather(
        asking.inside.answer("/views/pool_board", [*wanted, ("sort", "-score"), ("limit", str(PAGE)), *cursor]),
        asking.inside.get("/views/pool_board/count", wanted),
        asking.inside.get("/views/pool_directory"),
    )
    return {
        "rows": answer.told["rows"],
        "pools": pools["rows"],
        "total": total["count"],
        "next": pool_after(asking, answer),
        "claims": asking.role in SELLS,
        "assigns": asking.role in ASSIGNS,
    }


def pool_after(asking: Asking, answer: Answer) -> str | None:
    """The address with the next rows of the pool; the queue beside it stays where it is."""
    if answer.next is None:
        return None
    cursor = dict(parse_qsl(answer.next.partition("?")[2]))["cursor"]
    return f"?{urlencode({**asking.query, 'pool_cursor': cursor})}#pool"


async def capacity(asking: Asking) -> Mapping[str, Any]:
    """One's own; of who leads others, theirs, the fullest first."""
    if asking.role in MANAGES:
        pairs = [("role", "sales"), ("active", "true"), ("sort", "-held"), ("limit", "20")]
        return {"rows": (await asking.inside.get("/views/capacity", pairs))["rows"], "row": None}
    rows = (await asking.inside.get("/views/capacity", staff_id=asking.visitor.staff_id or ""))["rows"]
    return {"row": rows[0] if rows else None, "rows": ()}


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
