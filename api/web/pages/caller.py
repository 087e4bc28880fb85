"""Who is calling, while it rings: by the number, who it is, whose he is, and what is open of him."""

from collections.abc import Mapping
from typing import Any

from api.web.inside import Told
from api.web.page import Asking, Page, Part

REGION = "CN"  # Of a number that names no country.


async def calling(asking: Asking) -> Mapping[str, Any]:
    """Nothing yet, where no number is asked for; `wrong`, where that is none."""
    phone = asking.query.get("phone", "").strip()
    if not phone:
        return {"pop": None, "wrong": False}
    try:
        found = await asking.inside.get("/screen-pop", phone=phone, region=REGION)
    except Told as no:
        if no.kind != "invalid-request":
            raise
        return {"pop": None, "wrong": True}
    return {"pop": found, "wrong": False}


CALLER = Page(
    name="caller",
    path="/caller",
    template="caller.html",
    roles=frozenset({"sales", "sales_manager", "partner", "service_agent", "service_manager"}),
    parts=(
        Part(
            name="who",
            template="caller/who.html",
            load=calling,
            follows=("customers", "sales_worklist", "ticket_queue", "orders"),
        ),
    ),
)
