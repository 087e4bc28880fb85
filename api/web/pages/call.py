"""A call: whose it was, how it went, what it was about, and what has been told of it."""

from collections.abc import Mapping
from typing import Any

from api.web.history import timeline
from api.web.inside import part_of
from api.web.page import Asking, Page, Part


async def facts(asking: Asking) -> Mapping[str, Any]:
    call_id = asking.path["call_id"]
    state = await asking.inside.get(part_of("/calls/{}", call_id))
    rows = (await asking.inside.get("/views/inspectable_calls", call_id=call_id))["rows"]
    return {"call_id": call_id, "state": state, "row": next(iter(rows), None), "subjects": state.get("subjects", ())}


CALL = Page(
    name="call",
    path="/calls/{call_id}",
    template="call.html",
    parts=(
        Part(name="facts", template="call/facts.html", load=facts, follows=("inspectable_calls",)),
        Part(
            name="timeline",
            template="call/timeline.html",
            load=timeline("call", "calls", "call_id"),
            follows=("inspectable_calls",),
        ),
    ),
)
