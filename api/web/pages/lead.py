"""A lead: what it is about, who has it until when, all that has happened to it, and what can be done next."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.inside import part_of
from api.web.page import Asking, Page, Part

NEXT: Mapping[str, tuple[str, ...]] = {
    "new": ("ContactLead", "NurtureLead", "LoseLead", "InvalidateLead"),
    "contacting": ("QualifyLead", "NurtureLead", "LoseLead", "InvalidateLead"),
    "nurturing": ("ContactLead", "LoseLead"),
    "qualified": ("NegotiateLead", "NurtureLead", "LoseLead"),
    "negotiating": ("NegotiateLead", "NurtureLead", "LoseLead"),
    "lost": ("ReopenLead",),
    "invalid": ("ReopenLead",),
}
"""What may come of a lead, by its status; the rule decides when it is asked."""


async def facts(asking: Asking) -> Mapping[str, Any]:
    lead_id = asking.path["lead_id"]
    state, listed = await asyncio.gather(
        asking.inside.get(part_of("/leads/{}", lead_id)), asking.inside.get("/views/sales_worklist", lead_id=lead_id)
    )
    status = state.get("status", state["state"])
    row = listed["rows"][0] if listed["rows"] else None
    return {"lead_id": lead_id, "state": state, "row": row, "status": status, "next": NEXT.get(status, ())}


async def timeline(asking: Asking) -> Mapping[str, Any]:
    """The last first."""
    path = part_of("/leads/{}/events", asking.path["lead_id"])
    found = (await asking.inside.get(path, limit=500))["events"]
    return {"events": found[::-1]}


LEAD = Page(
    name="lead",
    path="/leads/{lead_id}",
    template="lead.html",
    parts=(
        Part(name="facts", template="lead/facts.html", load=facts, follows=("sales_worklist",)),
        Part(name="timeline", template="lead/timeline.html", load=timeline, follows=("sales_worklist",)),
    ),
)
