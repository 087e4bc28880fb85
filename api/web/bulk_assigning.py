"""Several tickets are given to somebody: one command for each, sent together, and what came of each told beside it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Request, Response
from pydantic_core import from_json, to_json

from api.web.commanding import REMEMBERED, must_be_ours
from api.web.desk import ROOT, Desk, form_of, html
from api.web.inside import Inside, Told, good
from api.web.rendering import drawn
from api.web.visitor import AFTER
from ledger.envelope import time_ordered_id

TICK = "tick."  # Before the id of a row that is ticked.
MOST = 100
AN_ID = re.compile(r"[0-9a-f-]{36}")
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one; `no` is why it was refused."""

    ticket_id: str
    position: int | None
    no: Told | None


def add_bulk_assigning(router: APIRouter, desk: Desk) -> None:
    async def assigned(request: Request) -> Response:
        must_be_ours(request)
        asking, given = desk.asking(request), await form_of(request)
        ticked, agent = ticked_in(given), given.get("agent", "")
        found: list[Outcome] = []
        facts: dict[str, Any] = {"ready": bool(ticked and agent), "agent": agent, "queue": given.get("queue", "")}
        try:
            around = await desk.around(asking)
            if ticked and agent:
                found = await told(asking.inside, ticked, lines(ticked, agent, given))
            facts["subjects"] = await subjects(asking.inside, [each.ticket_id for each in found])
        except Told as no:
            page = {**desk.shell(None), "no": no}
            return html(drawn("refused.html", asking.visitor, page), no.status)
        facts |= {"outcomes": found, "done": sum(each.no is None for each in found)}
        facts |= {**around, **desk.shell(None), "here_page": f"{ROOT}/tickets", "least": None}
        template = "tickets/outcomes.html" if "hx-request" in request.headers else "tickets/assigned.html"
        answer = html(drawn(template, asking.visitor, facts), headers=done(found))
        if position := max((each.position or 0 for each in found), default=0):
            answer.set_cookie(AFTER, str(position), max_age=REMEMBERED, httponly=True, samesite="strict", path=ROOT)
        return answer

    router.add_api_route(f"{ROOT}/tickets/assign", assigned, methods=["POST"], include_in_schema=False)


def ticked_in(given: Mapping[str, str]) -> list[str]:
    found = [name.removeprefix(TICK) for name in given if name.startswith(TICK)]
    return [each for each in found if AN_ID.fullmatch(each)][:MOST]


def lines(ticked: Sequence[str], agent: str, given: Mapping[str, str]) -> bytes:
    """A form that is sent twice is the same commands."""
    whole = given.get("command_id", "")
    form = UUID(whole) if AN_ID.fullmatch(whole) else time_ordered_id()
    why = given.get("reason_text", "").strip()
    reason = {"reason": {"code": "by-hand", "text": why}} if why else {}
    commands = (
        {
            "command": "AssignTicket",
            "id": str(uuid5(form, f"{ticket_id} {agent}")),
            "data": {"ticket_id": ticket_id, "agent": agent},
            **reason,
        }
        for ticket_id in ticked
    )
    return b"".join(to_json(each) + b"\n" for each in commands)


async def told(inside: Inside, ticked: Sequence[str], body: bytes) -> list[Outcome]:
    """One outcome for each line, in order; where the answer ends before that, the rest was not tried. Raises Told."""
    answer = good(await inside.ask("POST", "/commands", {"content-type": NDJSON}, body))
    found = [from_json(line) for line in answer.body.splitlines() if line]
    outcomes = [outcome(ticket_id, each) for ticket_id, each in zip(ticked, found, strict=False)]
    untried = Told(503, {"type": "/problems/unavailable", "title": "This was not tried."})
    return outcomes + [Outcome(ticket_id, None, untried) for ticket_id in ticked[len(found) :]]


def outcome(ticket_id: str, line: Mapping[str, Any]) -> Outcome:
    if (problem := line.get("problem")) is not None:
        return Outcome(ticket_id, None, Told(int(problem.get("status", 400)), problem))
    return Outcome(ticket_id, int(line["position"]), None)


async def subjects(inside: Inside, ticket_ids: Iterable[str]) -> Mapping[str, str | None]:
    """What they are about, of those that may be seen; what was just done need not be in the list yet."""
    if not (wanted := ",".join(ticket_ids)):
        return {}
    rows = (await inside.get("/views/ticket_queue", [("ticket_id.in", wanted), ("limit", str(MOST))]))["rows"]
    return {row["ticket_id"]: row["subject"] for row in rows}


def done(found: Sequence[Outcome]) -> dict[str, str]:
    """Every part of the page is made anew that shows what was done."""
    if not (position := max((each.position or 0 for each in found), default=0)):
        return {}
    return {"HX-Trigger": to_json({"desk-done": {"position": position}}).decode()}
