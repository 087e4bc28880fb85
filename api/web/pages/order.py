"""An order: what was bought, by whom, what is paid and owed, and what has happened to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.history import timeline
from api.web.inside import part_of
from api.web.page import Asking, Page, Part


async def facts(asking: Asking) -> Mapping[str, Any]:
    order_id = asking.path["order_id"]
    state, listed, invoices = await asyncio.gather(
        asking.inside.get(part_of("/orders/{}", order_id)),
        asking.inside.get("/views/orders", order_id=order_id),
        asking.inside.get("/views/receivables", order_id=order_id),
    )
    return {"order_id": order_id, "state": state, "row": next(iter(listed["rows"]), None), "invoices": invoices["rows"]}


ORDER = Page(
    name="order",
    path="/orders/{order_id}",
    template="order.html",
    parts=(
        Part(name="facts", template="order/facts.html", load=facts, follows=("orders", "receivables")),
        Part(
            name="timeline",
            template="order/timeline.html",
            load=timeline("order", "orders", "order_id"),
            follows=("orders",),
        ),
    ),
)
