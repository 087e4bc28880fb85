"""A ticket: what it is about, what was promised and kept, what was said, what has happened, and what can be done."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.inside import part_of
from api.web.page import Asking, Page, Part
from api.web.pages.tickets import ASSIGNS, present
from api.web.working_time import all_hours, countdown, countdowns, named, openings, waiting

ACTIVE = (
    "ClassifyTicket",
    "ChangePriority",
    "EscalateTicket",
    "SendAcknowledgement",
    "CheckWarranty",
    "RequestReturn",
    "RecordCustomerReply",
)
OVER = (
    "ReopenTicket",
    "RecordCustomerReply",
    "ProposeKnowledgeCase",
    "RequestSurvey",
    "OfferReopening",
    "ClassifyTicket",
)
NEXT: Mapping[str, tuple[str, ...]] = {
    "new": ("PendTicket", "ResolveTicket", *ACTIVE, "RejectTicket"),
    "open": ("PendTicket", "ResolveTicket", *ACTIVE),
    "pending_customer": ("ResumeTicket", "ResolveTicket", *ACTIVE),
    "pending_third_party": ("ResumeTicket", "ResolveTicket", *ACTIVE),
    "resolved": ("CloseTicket", *OVER),
    "closed": OVER,
}
"""What may come of a ticket, by its status; the rule decides when it is asked."""
MANAGED: Mapping[str, tuple[str, ...]] = {
    "new": ("AssignTicket", "MergeTicket", "RebaseSla"),
    "open": ("AssignTicket", "MergeTicket", "RebaseSla"),
    "pending_customer": ("AssignTicket", "RebaseSla"),
    "pending_third_party": ("AssignTicket", "RebaseSla"),
}
FIXED: Mapping[str, Mapping[str, str]] = {
    "AssignTicket": {"fixed.method": "assign", "fixed.rule_id": ""},
    "ChangePriority": {"fixed.priority": ""},
}
"""What these could say beyond what a person decides."""
WRITES = frozenset({"ticket.customer-replied", "ticket.agent-replied", "ticket.acknowledgement-sent"})


async def facts(asking: Asking) -> Mapping[str, Any]:
    ticket_id = asking.path["ticket_id"]
    state, listed, known, categories, reasons, codes = await asyncio.gather(
        asking.inside.get(part_of("/tickets/{}", ticket_id)),
        asking.inside.get("/views/ticket_queue", ticket_id=ticket_id),
        all_hours(asking.inside),
        asking.catalogs.get(asking.inside, "ticket-categories"),
        asking.catalogs.get(asking.inside, "pending-reasons"),
        asking.catalogs.get(asking.inside, "resolution-codes"),
    )
    now, row = present(), next(iter(listed["rows"]), None)
    clock = countdown(row, known, now) if row else None
    opens = {named(key): openings(each, now, asking.words) for key, each in known.items()}
    status = row["status"] if row else status_of(state)
    may = NEXT.get(status, ()) + (MANAGED.get(status, ()) if asking.role in ASSIGNS else ())
    if asking.role == "service_account" and status in ("resolved", "closed"):
        may += ("RecordCsat",)
    return {
        "ticket_id": ticket_id,
        "state": state,
        "row": row,
        "status": status,
        "next": may,
        "fixed": FIXED,
        "clock": clock,
        "now": now,
        "windows": {
            key: [each.in_milliseconds for each in opens[key]] for key in opens if clock and key == clock.hours
        },
        "standing": {key: waiting(found, now) for key, found in opens.items()},
        "categories": categories,
        "reasons": reasons,
        "codes": codes,
    }


def status_of(state: Mapping[str, Any]) -> str:
    """Of one that no list shows, as what was merged into another."""
    within = state.get("status")
    return str(within["state"] if isinstance(within, Mapping) else state["state"])


async def promises(asking: Asking) -> Mapping[str, Any]:
    """Every promise of it, the last first; the one that runs with its clock."""
    ticket_id = asking.path["ticket_id"]
    kept, listed, known = await asyncio.gather(
        asking.inside.get("/views/sla_report", ticket_id=ticket_id, sort="-applied_at", limit=50),
        asking.inside.get("/views/ticket_queue", ticket_id=ticket_id),
        all_hours(asking.inside),
    )
    now = present()
    clocks = countdowns(listed["rows"][0], known, now) if listed["rows"] else {}
    opens = {named(key): openings(each, now, asking.words) for key, each in known.items()}
    needed = {each.hours for each in clocks.values()}
    return {
        "rows": [
            {**row, "clock": clocks.pop(row["metric"], None) if row["why"] is None else None} for row in kept["rows"]
        ],
        "now": now,
        "windows": {key: [each.in_milliseconds for each in opens[key]] for key in opens if key in needed},
        "standing": {key: waiting(found, now) for key, found in opens.items()},
    }


async def happened(asking: Asking) -> list[dict[str, Any]]:
    path = part_of("/tickets/{}/events", asking.path["ticket_id"])
    return list((await asking.inside.get(path, limit=500))["events"])


async def conversation(asking: Asking) -> Mapping[str, Any]:
    """What was said, in order; the words stand in the case, once it is solved, for who may know them."""
    events, case = await asyncio.gather(
        happened(asking), asking.inside.get("/views/solved_cases", ticket_id=asking.path["ticket_id"])
    )
    said = [each for each in events if each["type"] in WRITES]
    if case["rows"]:
        said = with_words(said, case["rows"][0])
    return {"said": said}


def with_words(said: list[dict[str, Any]], case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each message with its words. Of an event they are masked; a case has those of both sides, in order."""
    texts = {"ticket.customer-replied": iter(case["asked"]), "ticket.agent-replied": iter(case["answered"])}
    found = []
    for each in said:
        told = each["type"] in texts and each["data"].get("message") is not None and each["data"].get("public", True)
        text = next(texts[each["type"]], None) if told else None
        found.append({**each, "data": {**each["data"], "message": text}} if text else each)
    return found


async def timeline(asking: Asking) -> Mapping[str, Any]:
    """The last first."""
    return {"events": (await happened(asking))[::-1]}


FOLLOWS = ("ticket_queue",)
TICKET = Page(
    name="ticket",
    path="/tickets/{ticket_id}",
    template="ticket.html",
    scripts=("countdown.js",),
    parts=(
        Part(name="facts", template="ticket/facts.html", load=facts, follows=FOLLOWS, every=60),
        Part(name="promises", template="ticket/promises.html", load=promises, follows=("sla_report",), every=60),
        Part(name="conversation", template="ticket/conversation.html", load=conversation, follows=FOLLOWS),
        Part(name="timeline", template="ticket/timeline.html", load=timeline, follows=FOLLOWS),
    ),
)
