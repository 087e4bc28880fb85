"""POST /subjects/{kind}/{key}/open: one value that events show masked, for who may know it and says what for."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, TypeAdapter
from pydantic_core import from_json

from api.looking import Looking, Sight
from api.problems import NotSealedThere
from api.reading import Seer, Who, content, in_json, must_be_linked
from api.resolving import (
    ANSWER,
    BY_NAME,
    LONGEST_PLACE,
    Opened,
    SealedValue,
    addressed,
    body_of,
    found_at,
    must_say_what_for,
    opened_in,
)
from api.service import Service
from commands.decider import Decider
from domain.actor import Actor
from domain.values import Erased, value
from ledger.ledger import REASON
from ledger.row import Row


@value
class MaskedValue:
    """Where a value stands: the event's id, and the way to it through the event's fields, as `name` or
    `identities/0/value`; the text of the reason is `reason/text`.
    """

    event_id: UUID
    field: Annotated[str, Field(min_length=1, max_length=LONGEST_PLACE)]


MASKED = TypeAdapter(MaskedValue)


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["subjects"])

    @found.post(
        "/subjects/{kind}/{key}/open",
        summary="Opens one value that the events of a subject show masked, for who may know of the subject.",
        description=ABOUT,
        operation_id="OpenValue",
        response_class=Response,
        response_description="The value, or what is left of it",
        responses={200: content(ONE)},
        openapi_extra={"requestBody": {"required": True} | content(MASKED.json_schema())},
    )
    async def open_value(
        request: Request,
        who: Who,
        kind: Annotated[str, Path(description="As the stream has it.", json_schema_extra={"enum": [*BY_NAME]})],
        key: str,
        eye: Looking,
    ) -> Response:
        must_say_what_for(eye)
        decider, known = addressed(kind, key)
        asked = await body_of(service, request, MASKED)
        await must_be_linked(service, who, kind, known, None)
        opened, sight = await asyncio.to_thread(opened_for, service, who, decider, known, asked)
        await eye.saw(sight)
        return in_json(opened.told, {"Cache-Control": "no-store"})

    return found


def opened_for(
    service: Service, who: Actor, decider: Decider[Any, Any], key: str, asked: MaskedValue
) -> tuple[Opened, Sight]:
    """Raises Hidden, NotAllowed, or NotSealedThere."""
    seer, stream, ledger = Seer(service.write, who), decider.stream(key), service.write.ledger
    seer.subject(decider, key)
    seer.must_know(decider, key)
    row = ledger.rows.row_by_id(asked.event_id)
    sealed = sealed_in(row, stream, asked.field)
    if sealed is None:
        raise NotSealedThere(errors=[{"pointer": "/field", "detail": STRANGE}])
    ledger.catch_up()  # Who was erased a moment ago, by whichever process, is closed.
    opened = opened_in(ledger, SealedValue(event_id=asked.event_id, field=asked.field, sealed=sealed), row)
    fields = frozenset() if isinstance(opened.found, Erased) else frozenset({opened.field})
    return opened, replace(seer.sight([stream]), subjects=(stream,), fields=fields)


def sealed_in(row: Row | None, stream: str, place: str) -> str | None:
    """What is sealed in that place of an event under the key of this subject."""
    if row is None or row.subject != stream:
        return None
    if place == REASON:
        return row.reason_text
    match found_at(from_json(row.state), place.split("/")):
        case {"sealed": str() as found}:
            return found
        case _:
            return None


STRANGE = "nothing is sealed in that field of that event under this subject's key"
ABOUT = """\
For people, who have read the event with `•••` in that place; a program that reads topics asks `…/resolve`. Who sees it
masked in lists, too, is refused. X-Purpose has to be said, and stands in the access log with the field, before anything
is answered.
"""
ONE = ANSWER["properties"]["values"]["items"] | {"title": "OpenedValue"}
