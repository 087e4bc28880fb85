"""The ticket desk (工单台): what is to be answered and solved, in which order, and how much time is left for it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.web.page import Asking, Page, Part
from api.web.pages.home import SERVES
from api.web.working_time import all_hours, countdown, named, openings, waiting

PAGE = 25
ACTIVE = ("status.in", "new,open,pending_customer,pending_third_party")
QUEUES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "mine": (("owner_id", "{me}"), ACTIVE),
    "nobodys": (("owner_id.null", "true"), ACTIVE),
    "team": (("owner_id.null", "false"), ACTIVE),
    "customer": (("status", "pending_customer"),),
    "others": (("status", "pending_third_party"),),
    "breached": (("breached", "true"), ACTIVE),
    "escalated": (("escalation_level.gt", "0"), ACTIVE),
    "solved": (("status", "resolved"),),
}
"""What each shows of all that its reader may see; {me} stands for him."""
ORDERS = ("due_at", "-weight", "opened_at", "customer_replied_at")
ASSIGNS = frozenset({"service_manager", "sales_manager"})
LOOKS_ON = frozenset({"analyst", "auditor", "administrator", "operations", "quality_manager"})
FINDS = SERVES | {"sales", "sales_manager", "partner", "credit_controller"}
"""Who knows what is personal, and so may look for it."""
FACETS = ("owner_id", "priority", "category")


def chosen(asking: Asking) -> str:
    """The queue that is asked for; else one's own, for who has one."""
    asked = asking.query.get("queue", "")
    if asked in QUEUES:
        return asked
    return "mine" if asking.role == "service_agent" else "team"


def filters(asking: Asking, queue: str) -> list[tuple[str, str]]:
    me = asking.visitor.staff_id or ""
    return [(name, text.format(me=me)) for name, text in QUEUES[queue]]


def narrowed(asking: Asking) -> list[tuple[str, str]]:
    """By what else is asked for."""
    names = (*FACETS, "search") if asking.role in FINDS else FACETS
    return [(name, asking.query[name]) for name in names if asking.query.get(name)]


def present() -> datetime:
    """As browsers tell it, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1_000 * 1_000)


async def queue(asking: Asking) -> Mapping[str, Any]:
    """Page after page, what is due first before all else."""
    name, sort = chosen(asking), asking.query.get("sort", "")
    sort = sort if sort in ORDERS else ORDERS[0]
    cursor = [("cursor", asking.query["cursor"])] if asking.query.get("cursor") else []
    pairs = [*filters(asking, name), *narrowed(asking), ("sort", sort), ("limit", str(PAGE)), *cursor]
    answer, known, counts, categories, reasons = await asyncio.gather(
        asking.inside.answer("/views/ticket_queue", pairs),
        all_hours(asking.inside),
        asyncio.gather(*(number(asking, each) for each in QUEUES)),
        asking.catalogs.get(asking.inside, "ticket-categories"),
        asking.catalogs.get(asking.inside, "pending-reasons"),
    )
    now = present()
    rows = [{**row, "clock": countdown(row, known, now)} for row in answer.told["rows"]]
    needed = {row["clock"].hours for row in rows if row["clock"]}
    opens = {named(key): openings(each, now, asking.words) for key, each in known.items() if named(key) in needed}
    return {
        "queue": name,
        "sort": sort,
        "orders": ORDERS,
        "rows": rows,
        "counts": list(zip(QUEUES, counts, strict=True)),
        "now": now,
        "windows": {key: [each.in_milliseconds for each in found] for key, found in opens.items()},
        "standing": {key: waiting(found, now) for key, found in opens.items()},
        "next": asking.page_after(answer),
        "categories": categories,
        "reasons": reasons,
        "assigns": asking.role in ASSIGNS,
        "finds": asking.role in FINDS,
    }


async def number(asking: Asking, name: str) -> int:
    return int((await asking.inside.get("/views/ticket_queue/count", filters(asking, name)))["count"])


TICKETS = Page(
    name="tickets",
    path="/tickets",
    template="tickets.html",
    roles=SERVES | LOOKS_ON,
    scripts=("countdown.js", "tickets.js"),
    parts=(Part(name="queue", template="tickets/queue.html", load=queue, follows=("ticket_queue",), every=60),),
)
