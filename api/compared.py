"""GET /leads/{lead_id}/compared and so on: a subject at two moments, for whoever may see it today."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.as_of import ASKED, OCCURRED, PARAMETERS, meant
from api.differing import Told, compared, other
from api.looking import Looking
from api.reading import (
    AsOf,
    AsOfOccurred,
    ReadAfter,
    Seer,
    Who,
    content,
    in_json,
    key_parameter,
    ledger_position,
    must_be_linked,
    singular,
)
from api.service import Service
from commands import DECIDERS
from commands.decider import Decider
from commands.past import past, stood

OTHER = ("compared_with", "compared_with_occurred")
OTHERWISE = "; as with the first if only the other is said of it, and now if nothing is"

With = Annotated[str | None, Query(description=f"The second moment, told like as_of{OTHERWISE}.", examples=["812"])]
WithOccurred = Annotated[
    str | None,
    Query(
        description=f"{PARAMETERS[OCCURRED][1].removesuffix('.')}, for the second moment{OTHERWISE}.",
        json_schema_extra={"format": "date-time"},
    ),
]
MOMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "position": {"type": "integer"},
        "now": {"type": "string", "format": "date-time"},
        "occurred": {"type": ["string", "null"], "format": "date-time"},
        "version": {"type": "integer", "description": "Of the last event that counts at that moment."},
    },
    "required": ["position", "now", "occurred", "version"],
}
DIFFERENCE: dict[str, Any] = {
    "type": "object",
    "properties": {"field": {"type": "string", "examples": ["custody/owner"]}, "from": {}, "to": {}},
    "required": ["field", "from", "to"],
}
EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "position": {"type": "integer"},
        "version": {"type": "integer"},
        "type": {"type": "string", "examples": ["lead.claimed"]},
        "occurred_at": {"type": "string", "format": "date-time"},
        "recorded_at": {"type": "string", "format": "date-time"},
        "counts": {"enum": ["from", "to"], "description": "At which of the two moments it does."},
    },
    "required": ["position", "version", "type", "occurred_at", "recorded_at", "counts"],
}


def router(service: Service) -> APIRouter:
    found = APIRouter()
    for decider in DECIDERS:
        add_comparison(found, service, decider)
    return found


def add_comparison(router: APIRouter, service: Service, decider: Decider[Any, Any]) -> None:
    key_type = key_parameter(decider)

    def compare(key: str, asked: Told, asked_of_other: Told) -> dict[str, Any]:
        ledger = service.write.ledger
        first, second = meant(ledger, *asked, ASKED), meant(ledger, *asked_of_other, OTHER)
        history = past(ledger, decider.stream(key))  # After the moments, so that it goes on to both of them.
        return compared(
            decider,
            key,
            (first, stood(decider, key, history, first.position, first.occurred)),
            (second, stood(decider, key, history, second.position, second.occurred)),
        )

    async def comparison(
        who: Who,
        key: key_type,  # type: ignore[valid-type]
        eye: Looking,
        as_of: AsOf = None,
        as_of_occurred: AsOfOccurred = None,
        compared_with: With = None,
        compared_with_occurred: WithOccurred = None,
        read_after: ReadAfter = None,
    ) -> Response:
        position = await ledger_position(service, read_after)
        await must_be_linked(service, who, decider.name, str(key), read_after)
        seer = Seer(service.write, who)
        await asyncio.to_thread(seer.subject, decider, str(key))
        first = as_of, as_of_occurred
        second = other(first, (compared_with, compared_with_occurred))
        answer = await asyncio.to_thread(compare, str(key), first, second)
        await eye.saw(seer.sight([decider.stream(str(key))]))
        return in_json(answer, {"Position": str(position)})

    properties = {
        decider.id_field: {"type": "string"},
        "from": MOMENT,
        "to": MOMENT,
        "differences": {"type": "array", "items": DIFFERENCE},
        "events": {"type": "array", "items": EVENT},
    }
    router.get(
        f"/{decider.plural}/{{{decider.id_field}}}/compared",
        tags=[decider.plural],
        summary=f"In what the {decider.name.replace('-', ' ')} differs between two moments, and what lies between.",
        operation_id=f"Compare{singular(decider)}",
        response_class=Response,
        response_description="The fields that differ, and the events that count at only one of the moments",
        responses={200: content({"type": "object", "properties": properties, "required": list(properties)})},
    )(comparison)
