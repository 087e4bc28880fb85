"""GET /audit and GET /audit/why/{event}: what has changed, what was refused, and why; for who may read everything."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from api.asking import reach_of
from api.looking import Looking, streams_seen
from api.parameters import wrong
from api.problems import InvalidRequest
from api.reading import ReadAfter, Who, content, in_json, ledger_position
from api.service import Service
from api.trace import LARGEST_PAGE, PAGE, BadQuestion, page, place_of, question, written
from api.why import NoSuchEvent, story, subjects_of
from domain.errors import Hidden
from ledger.trace import Place
from projections.audit_trail import audit_trail

LONGEST = 500


def asked(description: str) -> Any:
    return Query(max_length=LONGEST, description=description)


Text = str | None


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["audit"])
    add_trace(found, service)
    add_why(found, service)
    return found


def add_trace(router: APIRouter, service: Service) -> None:
    @router.get(
        "/audit",
        summary="Every change, field by field, and every command that was refused, in the order of the ledger.",
        description=TELLS,
        operation_id="ReadAudit",
        response_class=Response,
        response_description="Entries, and a Link to the next page, also of a page that is short",
        responses={200: content(TRACE)},
    )
    async def trace(
        who: Who,
        eye: Looking,
        subject: Annotated[Text, asked("`lead/<id>`, `staff/<id>` and so on.")] = None,
        actor: Annotated[Text, asked("An id, or a kind and an id: `user:ann`, `policy:dispatch`.")] = None,
        type: Annotated[Text, asked("Events and commands, with commas: `lead.claimed,ClaimLead`.")] = None,  # noqa: A002
        field: Annotated[Text, asked("Only events that have changed this field: `custody/owner`, or `owner`.")] = None,
        reason: Annotated[Text, asked("Only events for this reason, their command's or their own.")] = None,
        command: Annotated[Text, asked("The id of a command.")] = None,
        correlation: Annotated[Text, asked("The id of what events belong to.")] = None,
        recorded_from: Annotated[Text, asked("Recorded at this time or later.")] = None,
        recorded_until: Annotated[Text, asked("Recorded before this time.")] = None,
        occurred_from: Annotated[Text, asked("Happened at this time or later.")] = None,
        occurred_until: Annotated[Text, asked("Happened before this time.")] = None,
        refused: Annotated[Text, asked("`true`: refused commands alone; `false`: none of them.")] = None,
        after: Annotated[str, asked("A position, or the `place` of an entry: only what stands behind it.")] = "0",
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
        read_after: ReadAfter = None,
    ) -> Response:
        reach = await asyncio.to_thread(reach_of, service, who, audit_trail)
        named = {
            "subject": subject,
            "actor": actor,
            "type": type,
            "field": field,
            "reason": reason,
            "command": command,
            "correlation": correlation,
            "recorded_from": recorded_from,
            "recorded_until": recorded_until,
            "occurred_from": occurred_from,
            "occurred_until": occurred_until,
            "refused": refused,
        }
        given = {name: text for name, text in named.items() if text is not None}
        try:
            wanted, place = question(given), place_of(after)
        except BadQuestion as no:
            raise wrong(no.asked, no.because) from None
        await ledger_position(service, read_after)
        found = await asyncio.to_thread(page, service.write.ledger, wanted, place, limit)
        headers = {"Position": str(found.position)}
        if found.next is not None:
            headers["Link"] = f'<{address(given, found.next, limit)}>; rel="next"'
        await eye.saw(streams_seen((each["subject"] for each in found.entries), reach))
        return in_json({"entries": found.entries}, headers)


def address(given: dict[str, str], after: Place, limit: int) -> str:
    return "/audit?" + urlencode([*given.items(), ("after", written(after)), ("limit", limit)])


def add_why(router: APIRouter, service: Service) -> None:
    @router.get(
        "/audit/why/{event}",
        summary="Why something has happened: step by step from an event to what came from outside.",
        description="What is missing on the way, and a way that comes back to itself, is a step of its own.",
        operation_id="ReadWhy",
        response_class=Response,
        response_description="The steps, the event first",
        responses={200: content(STORY)},
    )
    async def why(
        who: Who,
        eye: Looking,
        event: Annotated[str, Path(description="The position or the id of an event, or the id of a command.")],
        read_after: ReadAfter = None,
    ) -> Response:
        reach = await asyncio.to_thread(reach_of, service, who, audit_trail)
        wanted = event_of(event)
        position = await ledger_position(service, read_after)
        try:
            steps = await asyncio.to_thread(story, service.write.ledger, wanted)
        except NoSuchEvent:
            raise Hidden(subject=f"event/{event}") from None
        await eye.saw(streams_seen(subjects_of(steps), reach))
        return in_json({"steps": steps}, {"Position": str(position)})


def event_of(text: str) -> int | UUID:
    """Raises InvalidRequest."""
    try:
        return position_or_id(text)
    except ValueError as no:
        raise InvalidRequest(errors=[{"parameter": "event", "in": "path", "detail": str(no)}]) from None


def position_or_id(text: str) -> int | UUID:
    if text.isascii() and text.isdigit() and len(text) <= 18 and int(text):
        return int(text)
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no position and no id of an event or a command") from None


TELLS = """
Filters hold together. Of an event is told who did it, as he was then, for whom and why, by which version of which
policies, what it followed from, and each field that has changed; of a personal value only that it has. A refused
command stands behind the last event before it. Of refused commands the ledger keeps neither a reason nor what they
belonged to, so that `field`, `reason` and `correlation` find none of them; they have happened when they were recorded.

For a page only so much is looked through: it may be short, or empty, and go on by its `Link` all the same. What is
written meanwhile comes behind everything else.
"""

CHANGES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "field": {"type": "string"},
            "from": {},
            "to": {},
        },
        "required": ["field", "from", "to"],
    },
}
TRACE = {
    "type": "object",
    "title": "Trace",
    "properties": {
        "entries": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "examples": ["812", "812.97"]},
                    "entry": {"enum": ["event", "refused"]},
                    "subject": {"type": "string"},
                    "position": {"type": "integer"},
                    "version": {"type": "integer"},
                    "type": {"type": "string"},
                    "recorded_at": {"type": "string", "format": "date-time"},
                    "command_id": {"type": "string", "format": "uuid"},
                    "actor": {"type": "object"},
                    "changes": CHANGES,
                    "problem": {"type": "object"},
                },
                "required": [
                    "place",
                    "entry",
                    "subject",
                    "position",
                    "version",
                    "type",
                    "recorded_at",
                    "command_id",
                    "actor",
                ],
            },
        }
    },
    "required": ["entries"],
}
STORY = {
    "type": "object",
    "title": "Story",
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"step": {"type": "string"}, "says": {"type": "string"}},
                "required": ["step", "says"],
            },
        }
    },
    "required": ["steps"],
}
