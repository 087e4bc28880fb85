"""Home: who looks, what is to be done today, and whether the service is well."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from api.web.inside import Told
from api.web.page import Asking, Page, Part

SELLS = frozenset({"sales", "sales_manager", "partner"})
SERVES = frozenset({"service_agent", "service_manager"})
INSPECTS = frozenset({"inspector", "quality_manager"})
Asked = Sequence[tuple[str, str, tuple[tuple[str, str], ...]]]
"""What is counted, in which view, by which filters; {me} stands for who looks."""

LEADS: Asked = (
    ("overdue", "sales_worklist", (("owner_id", "{me}"), ("next_action_at.le", "+0h"))),
    ("lapsing", "sales_worklist", (("owner_id", "{me}"), ("protect_until.le", "+3d"))),
    ("held", "sales_worklist", (("owner_id", "{me}"),)),
    ("claimable", "pool_board", (("claimable", "true"),)),
)
TICKETS: Asked = (
    ("my_tickets", "ticket_queue", (("owner_id", "{me}"),)),
    ("unassigned_tickets", "ticket_queue", (("owner_id.null", "true"),)),
)
REVIEWS: Asked = (("my_reviews", "qa_queue", (("inspector", "{me}"),)),)
LEADS_TO = {
    "overdue": "/desk/sales?by=next",
    "lapsing": "/desk/sales?by=protection",
    "held": "/desk/sales",
    "claimable": "/desk/sales#pool",
    "my_tickets": "/desk/tickets",
    "unassigned_tickets": "/desk/tickets",
    "my_reviews": "/desk/inspection",
}


def counted(role: str) -> Asked:
    for roles, asked in ((SELLS, LEADS), (SERVES, TICKETS), (INSPECTS, REVIEWS)):
        if role in roles:
            return asked
    return (*LEADS[3:], *TICKETS[1:])


async def today(asking: Asking) -> Mapping[str, Any]:
    me = asking.visitor.staff_id or ""
    role = asking.role

    async def number(view: str, filters: tuple[tuple[str, str], ...]) -> int:
        pairs = [(name, text.format(me=me)) for name, text in filters]
        return int((await asking.inside.get(f"/views/{view}/count", pairs))["count"])

    asked = counted(role)
    found = await asyncio.gather(*(number(view, filters) for _, view, filters in asked))
    return {"figures": [(name, count, LEADS_TO[name]) for (name, _, _), count in zip(asked, found, strict=True)]}


async def sealed(asking: Asking) -> Mapping[str, Any] | None:
    """The last checkpoint of the ledger; None for whom that is not, and before there is one."""
    try:
        found = await asking.inside.get("/audit/checkpoints", limit=1)
    except Told:
        return None
    return next((each for log in found["logs"] for each in log["checkpoints"]), None)


async def health(asking: Asking) -> Mapping[str, Any]:
    ready, checkpoint = await asyncio.gather(asking.inside.get("/readyz"), sealed(asking))
    behind = [view for view in ready["views"] if view["behind"]]
    return {"position": ready["position"], "views": len(ready["views"]), "behind": behind, "checkpoint": checkpoint}


HOME = Page(
    name="home",
    path="/",
    template="home.html",
    roles=None,
    parts=(
        Part(
            name="today",
            template="home/today.html",
            load=today,
            follows=("sales_worklist", "pool_board", "ticket_queue", "qa_queue"),
            every=60,
        ),
        Part(name="health", template="home/health.html", load=health, every=10),
    ),
)
