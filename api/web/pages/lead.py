"""A lead: what it is about, who has it until when, all that has happened to it, and what can be done next."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from api.web.inside import Told, part_of
from api.web.page import Asking, Page, Part
from api.web.pages.sales import ASSIGNS

NEXT: Mapping[str, tuple[str, ...]] = {
    "new": ("ContactLead", "NurtureLead", "LoseLead", "InvalidateLead"),
    "contacting": ("QualifyLead", "NurtureLead", "LoseLead", "InvalidateLead"),
    "nurturing": ("ContactLead", "LoseLead"),
    "qualified": ("NegotiateLead", "NurtureLead", "LoseLead"),
    "negotiating": ("NegotiateLead", "ConvertLead", "NurtureLead", "LoseLead"),
    "lost": ("ReopenLead",),
    "invalid": ("ReopenLead",),
}
"""What may come of a lead, by its status; the rule decides when it is asked."""
MASK = "•••"
Event = Mapping[str, Any]


async def facts(asking: Asking) -> Mapping[str, Any]:
    lead_id = asking.path["lead_id"]
    state, listed, events = await asyncio.gather(
        asking.inside.get(part_of("/leads/{}", lead_id)),
        asking.inside.get("/views/sales_worklist", lead_id=lead_id),
        asking.inside.get(part_of("/leads/{}/events", lead_id), limit=500),
    )
    status = state.get("status", state["state"])
    row = listed["rows"][0] if listed["rows"] else None
    return {
        "lead_id": lead_id,
        "state": state,
        "row": row,
        "status": status,
        "next": NEXT.get(status, ()),
        "does": offered(asking, state),
        "known_by": known_by(events["events"], row),
    }


def offered(asking: Asking, state: Mapping[str, Any]) -> Sequence[str]:
    """What may be done with who has it: by how it lies, and for convenience by who looks; the rule decides."""
    custody, leads = state.get("custody") or {}, asking.role in ASSIGNS
    match state["state"], custody.get("state"):
        case "open", "held" if leads:
            return ("TransferLead", "GrantExtension", "AddCollaborator", "ReleaseLead")
        case "open", "held" if custody.get("owner") == asking.visitor.staff_id:
            return ("AddCollaborator", "ReleaseLead")
        case "open", "pooled":
            return ("AssignLead",) if leads else ("ClaimLead",)
        case "open", "unassigned" if leads:
            return ("AssignLead",)
        case _:
            return ()


def known_by(events: Sequence[Event], row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """By what the person can be found, each masked as the list has it, with the event in which it stands whole; and
    the name.
    """
    masked = dict(zip(row["phone_ids"], row["phones"], strict=True)) if row else {}
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["type"] not in {"lead.captured", "lead.corrected", "lead.absorbed"}:
            continue
        for field in ("identities", "identities_added"):
            for nth, link in enumerate(event["data"].get(field) or ()):
                if isinstance(link, dict) and link.get("value") == MASK:
                    shown = masked.get(link["identity_id"], MASK)
                    place = {"event": event["event_id"], "field": f"{field}/{nth}/value"}
                    found[link["identity_id"]] = {"kind": link["kind"], "shown": shown, **place}
        for gone in event["data"].get("identities_removed") or ():
            found.pop(gone, None)
        if event["data"].get("name") == MASK:
            found["name"] = {"kind": "name", "shown": MASK, "event": event["event_id"], "field": "name"}
    return [*found.values()]


async def people(asking: Asking) -> Mapping[str, Any]:
    """The persons behind it, and the colleagues who help."""
    lead_id = asking.path["lead_id"]
    state = await asking.inside.get(part_of("/leads/{}", lead_id))
    contacts = await asyncio.gather(*(contact(asking, each) for each in state.get("contacts") or ()))
    helpers = (state.get("collaborators") or {}).values()
    return {"contacts": contacts, "helpers": helpers, "lead_id": lead_id}


async def contact(asking: Asking, contact_id: str) -> Mapping[str, Any]:
    """As far as it is for who looks."""
    try:
        rows = (await asking.inside.get("/views/contacts", contact_id=contact_id))["rows"]
    except Told:
        rows = []
    return rows[0] if rows else {"contact_id": contact_id, "name": None, "phones": (), "emails": ()}


async def timeline(asking: Asking) -> Mapping[str, Any]:
    """The last first. What is masked there can be asked for, one by one."""
    path = part_of("/leads/{}/events", asking.path["lead_id"])
    found = (await asking.inside.get(path, limit=500))["events"]
    return {"events": [{**each, "sealed": sealed(each)} for each in found[::-1]], "lead_id": asking.path["lead_id"]}


def sealed(event: Event) -> list[tuple[str, str]]:
    """What of an event is masked and worth a look: its field, and what that is called."""
    fields = {"note": "note", "what": "value"}
    found = [(field, label) for field, label in fields.items() if event["data"].get(field) == MASK]
    return [*found, ("reason/text", "reason")] if (event["reason"] or {}).get("text") == MASK else found


LEAD = Page(
    name="lead",
    path="/leads/{lead_id}",
    template="lead.html",
    parts=(
        Part(name="facts", template="lead/facts.html", load=facts, follows=("sales_worklist",)),
        Part(name="people", template="lead/people.html", load=people, follows=("contacts",)),
        Part(name="timeline", template="lead/timeline.html", load=timeline, follows=("sales_worklist",)),
    ),
)
