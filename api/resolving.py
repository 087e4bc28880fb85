"""POST /subjects/{kind}/{key}/resolve: what is sealed in an event, for who holds it and may know the value."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from api.body import errors, parsed, whole
from api.commands import JSON, must_be
from api.looking import Eye, Looking, Sight, sealed_field
from api.problems import BadHeader, InvalidRequest, NotSealedThere
from api.reading import Seer, Who, content, in_json, must_be_linked
from api.service import Service
from commands import DECIDERS
from commands.decider import Decider
from domain.actor import Actor
from domain.errors import Hidden, Invalid
from domain.values import Erased, value
from ledger.ledger import REASON, Ledger
from ledger.row import Row

T = TypeVar("T")

MOST = 100  # Values in one request: a page of events.
LONGEST_PLACE = 200
LONGEST_SEALED = 100_000  # A text of the longest, sealed, in base64, is a fifth of that.
BY_NAME: Mapping[str, Decider[Any, Any]] = {decider.name: decider for decider in DECIDERS}


@value
class SealedValue:
    """A sealed value, and where it was found: the event's id (`ce_id`), and the way to it through the event's fields,
    as `name` or `identities/0/value`; of the header `ce_reasontext` it is `reason/text`.
    """

    event_id: UUID
    field: Annotated[str, Field(min_length=1, max_length=LONGEST_PLACE)]
    sealed: Annotated[str, Field(min_length=1, max_length=LONGEST_SEALED)]


@value
class ToOpen:
    values: Annotated[tuple[SealedValue, ...], Field(min_length=1, max_length=MOST)]


TO_OPEN = TypeAdapter(ToOpen)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was sealed, or what is left of it; and as what the access log knows it."""

    found: Any
    field: str

    @property
    def told(self) -> dict[str, Any]:
        if isinstance(self.found, Erased):
            return {"erased": {"on": self.found.on, "by": self.found.by}}
        return {"value": self.found}


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["subjects"])

    @found.post(
        "/subjects/{kind}/{key}/resolve",
        summary="Opens what is sealed in events, for who holds it and may know of the subject.",
        description=ABOUT,
        operation_id="ResolveValues",
        response_class=Response,
        response_description="The values, or what is left of them, in the order in which they were asked for",
        responses={200: content(ANSWER)},
        openapi_extra={"requestBody": {"required": True} | content(body_schema())},
    )
    async def resolve(
        request: Request,
        who: Who,
        kind: Annotated[str, Path(description="As `ce_subject` has it.", json_schema_extra={"enum": [*BY_NAME]})],
        key: str,
        eye: Looking,
    ) -> Response:
        must_say_what_for(eye)
        decider, known = addressed(kind, key)
        asked = await body_of(service, request, TO_OPEN)
        await must_be_linked(service, who, kind, known, None)
        opened, sight = await asyncio.to_thread(opened_for, service, who, decider, known, asked.values)
        await eye.saw(sight)
        return in_json({"values": [each.told for each in opened]}, {"Cache-Control": "no-store"})

    return found


def must_say_what_for(eye: Eye) -> None:
    """Raises BadHeader."""
    if eye.purpose is None:
        raise BadHeader(header="X-Purpose", because="this opens what is masked for others: say what it is for")


def addressed(kind: str, key: str) -> tuple[Decider[Any, Any], str]:
    """Raises Hidden for what cannot be there."""
    decider = BY_NAME.get(kind)
    try:
        if decider is not None:
            return decider, decider.stream(decider.key(key)).partition("/")[2]
    except (Invalid, ValueError):
        pass
    raise Hidden(subject=f"{kind}/{key}")


def body_schema() -> dict[str, Any]:
    found = TO_OPEN.json_schema()
    found["properties"]["values"]["items"] = found.pop("$defs")["SealedValue"]
    return found


async def body_of(service: Service, request: Request, shape: TypeAdapter[T]) -> T:
    """Raises whatever is wrong with it."""
    headers = dict(request.scope["headers"])
    raw = await whole(request.receive, headers.get(b"content-length"), int(service.settings.max_body))
    must_be(JSON, headers)
    data = parsed(raw)
    try:
        return shape.validate_json(raw, strict=True)
    except ValidationError as wrong:
        raise InvalidRequest(errors=[*errors(wrong, data, "")]) from None


def opened_for(
    service: Service, who: Actor, decider: Decider[Any, Any], key: str, asked: Sequence[SealedValue]
) -> tuple[list[Opened], Sight]:
    """Raises Hidden, NotAllowed, or NotSealedThere."""
    seer, stream, ledger = Seer(service.write, who), decider.stream(key), service.write.ledger
    seer.subject(decider, key)
    seer.must_know(decider, key)
    rows = {each: ledger.rows.row_by_id(each) for each in {sealed.event_id for sealed in asked}}
    strange = [place for place, each in enumerate(asked) if not is_there(each, stream, rows[each.event_id])]
    if strange:
        raise NotSealedThere(errors=[{"pointer": f"/values/{place}", "detail": STRANGE} for place in strange])
    ledger.catch_up()  # Who was erased a moment ago, by whichever process, is closed.
    opened = [opened_in(ledger, each, rows[each.event_id]) for each in asked]
    fields = frozenset(each.field for each in opened if not isinstance(each.found, Erased))
    return opened, replace(seer.sight([stream]), subjects=(stream,), fields=fields)


def is_there(asked: SealedValue, stream: str, row: Row | None) -> bool:
    """Whether that very text is in that place of that event, under the key of this subject."""
    if row is None or row.subject != stream:
        return False
    if asked.field == REASON:
        return row.reason_text == asked.sealed
    found: object = found_at(from_json(row.state), asked.field.split("/"))
    return found == {"sealed": asked.sealed}


def found_at(data: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        match data:
            case dict() if step in data:
                data = data[step]
            case list() if step.isdecimal() and step.isascii() and int(step) < len(data) and str(int(step)) == step:
                data = data[int(step)]
            case _:
                return None
    return data


def opened_in(ledger: Ledger, asked: SealedValue, row: Row | None) -> Opened:
    assert row is not None, "only what is there is opened"
    text = ledger.keys.open(row.subject, row.event_id, asked.field, {"sealed": asked.sealed})
    field = sealed_field(row.topic, asked.field)
    if isinstance(text, Erased):
        return Opened(text, field)
    return Opened(text.decode() if asked.field == REASON else from_json(text), field)


STRANGE = "this is not what is sealed in that field of that event under this subject's key"
ABOUT = f"""\
`{{kind}}/{{key}}` is the subject that `ce_subject` names. At most {MOST} values, all of which are under its key: where
one is not what is sealed in its place, none is opened. Who sees it masked elsewhere is refused. X-Purpose has to be
said, and stands in the access log with the fields, before anything is answered.
"""
ANSWER: dict[str, Any] = {
    "type": "object",
    "title": "ResolvedValues",
    "properties": {
        "values": {
            "type": "array",
            "items": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"value": {"description": "As JSON, of whatever type it is."}},
                        "required": ["value"],
                    },
                    {
                        "type": "object",
                        "description": "Its subject was erased: nobody can open it any more.",
                        "properties": {
                            "erased": {
                                "type": "object",
                                "properties": {
                                    "on": {"type": "string", "format": "date-time"},
                                    "by": {"type": "string"},
                                },
                                "required": ["on", "by"],
                            }
                        },
                        "required": ["erased"],
                    },
                ]
            },
        }
    },
    "required": ["values"],
}
