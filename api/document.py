"""The OpenAPI document: what the framework knows of the routes, and what it does not."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from http import HTTPStatus
from itertools import count, groupby
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.body import Form
from api.commands import documented
from api.problems import (
    MEDIA_TYPE,
    BadHeader,
    BodyTooLarge,
    BodyTooSlow,
    Internal,
    InvalidRequest,
    Kind,
    LookNotRecorded,
    MalformedJson,
    NestedTooDeeply,
    ReadModelBehind,
    Unauthenticated,
    WrongMediaType,
    kind_of,
)
from api.raises import refusals
from api.reading import OUTCOME
from api.shown import EVENT, EVENTS
from commands.ask import CommandIdReused, Conflict
from domain.errors import HasLeft, Hidden, Invalid, NotAllowed, NotNow, UnknownStaff
from ledger.store import Busy, Unavailable
from ledger.writer import Closed, QueueFull

VERSION = "0.1.0"
SNAPSHOT = Path(__file__).parent.parent / "docs" / "openapi.json"

ANYBODY = (Internal, Unavailable, Closed)
CALLERS = (*ANYBODY, Unauthenticated, HasLeft, UnknownStaff, NotAllowed, InvalidRequest)
READERS = (*CALLERS, BadHeader, Hidden, LookNotRecorded, ReadModelBehind)
BODIES = (WrongMediaType, MalformedJson, NestedTooDeeply, BodyTooLarge, BodyTooSlow)
COMMANDS = (
    *CALLERS,
    *BODIES,
    *(BadHeader, Busy, QueueFull),
    *(CommandIdReused, Conflict, Hidden, Invalid, NotNow),
)

ABOUT = """\
One ordered ledger of everything that happened to every lead.

**Commands** have an address each, `POST /leads/{lead_id}/claim`, and are answered with the new version of their subject
(`ETag`) and the `Position` of the ledger. `POST /commands` takes many, one a line. A body is the command and nothing
else: why it is sent, for whom and following what stands in headers. Amounts are strings, or numbers where a
reader loses nothing, instants have a zone, and nothing else is converted: `"12"` is no integer, nor is `12.0`.

**Errors** are problems (RFC 9457) with a stable `type`, an address under which is written what it means. A refusal is
an answer: it is kept with its command, and whoever sends the same `Idempotency-Key` again is told the same.

**Reading** what one has just written: send the `Position` as `Read-After`. Lists go on by the `Link` of each page. A
parameter that an address does not take is refused and not passed over; so is one that stands there twice, but for
filters, which hold together, and `by`.
"""

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. The facts of a refusal (who holds it, until when) are further members.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "format": "json-pointer", "description": "Into the body, RFC 6901."},
                    "parameter": {"type": "string"},
                    "in": {"enum": ["path", "query", "header"]},
                    "detail": {"type": "string"},
                },
                "required": ["detail"],
            },
        },
        "trace_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "trace_id"],
}

PHRASES = {  # RFC 9110; Python itself has changed some of them from version to version.
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version of the subject.", "schema": {"type": "string"}},
    "Position": {"description": "The position of the ledger.", "schema": {"type": "integer"}},
    "Trace-Id": {"description": "Under which this request is known here.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    "Link": {"description": "The next page (RFC 8288), when there is one.", "schema": {"type": "string"}},
}


def problems(kinds: Iterable[type[Exception]]) -> dict[int | str, dict[str, Any]]:
    """The responses that these can come to, by status."""

    def status(kind: Kind) -> int:
        return kind.status

    ordered = sorted(set(map(kind_of, kinds)), key=lambda kind: (kind.status, kind.name))
    return {code: response(code, list(some)) for code, some in groupby(ordered, key=status)}


def response(code: int, kinds: list[Kind]) -> dict[str, Any]:
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"type": {"enum": [kind.type for kind in kinds]}, "status": {"const": code}}},
        ]
    }
    found: dict[str, Any] = {
        "description": PHRASES[code] + "\n\n" + "\n".join(f"- `{kind.name}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema}},
        "headers": headers("Trace-Id", *(["Retry-After"] if code == HTTPStatus.SERVICE_UNAVAILABLE else [])),
    }
    return found


def headers(*names: str) -> dict[str, Any]:
    return {name: HEADERS[name] for name in names}


def command_responses(form: Form) -> dict[int | str, dict[str, Any]]:
    """What a command is answered with."""
    return {200: {"headers": headers("ETag", "Position", "Trace-Id")}} | problems((*COMMANDS, *refusals(form)))


def document(app: FastAPI, forms: Mapping[str, Form]) -> dict[str, Any]:
    """The document, whole."""
    routes = [*documented(forms.values(), command_responses), *app.routes]
    found = get_openapi(title="lifeledger", version=VERSION, openapi_version="3.1.0", description=ABOUT, routes=routes)
    some = next(iter(found["paths"].values()))["post"]
    callers = [each for each in some["parameters"] if each["name"] in ("x-actor", "x-role")]
    found["paths"]["/commands"] = {"post": bulk(forms, callers)}
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Problem": PROBLEM, "Event": EVENT, "Events": EVENTS, "Outcome": OUTCOME}
    for path in found["paths"].values():
        for operation in path.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "anyOf" in content["schema"]:  # A body that may be left out, and is not null.
                    content["schema"] = content["schema"]["anyOf"][0]
            for parameter in operation.get("parameters", ()):
                parameter["name"] = proper(parameter["name"]) if parameter["in"] == "header" else parameter["name"]
                parameter["required"] = parameter["required"] or parameter["name"] == "X-Actor"
                parameter["schema"] = present(parameter["schema"])
    shared(found)
    return found


def present(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out, and never null."""
    rest = {name: told for name, told in schema.items() if name != "anyOf"}
    return rest | next((each for each in schema.get("anyOf", ()) if each != {"type": "null"}), {})


def shared(found: dict[str, Any]) -> None:
    """Write once what many operations have in common."""
    parameters = found["components"].setdefault("parameters", {})
    responses = found["components"].setdefault("responses", {})
    operations = [operation for path in found["paths"].values() for operation in path.values()]
    uses = Counter(
        json.dumps(told) for operation in operations for code, told in operation["responses"].items() if code != "200"
    )
    for operation in operations:
        operation["parameters"] = [
            component(parameters, "parameters", each["name"], each) if each["in"] == "header" else each
            for each in operation.get("parameters", ())
        ]
        for code, told in operation["responses"].items():
            if uses[json.dumps(told)] > 1:
                phrase = PHRASES[int(code)].replace(" ", "")
                operation["responses"][code] = component(responses, "responses", phrase, told)


def component(components: dict[str, Any], kind: str, name: str, told: dict[str, Any]) -> dict[str, str]:
    """A reference to a component of that name, or of that name and a number where it is taken by another."""
    free = next(each for n in count(1) if components.get(each := name if n == 1 else f"{name}{n}", told) == told)
    components[free] = told
    return {"$ref": f"#/components/{kind}/{free}"}


def proper(header: str) -> str:
    """The framework writes some headers small."""
    return "-".join(part[:1].upper() + part[1:] for part in header.split("-"))


def bulk(forms: Mapping[str, Form], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Lines are no JSON as a whole, and are told in words."""
    example = {"command": "ClaimLead", "data": {"lead_id": "01932c07-209d-7c4e-9a52-5d0e4c0f8b11"}}
    return {
        "tags": ["commands"],
        "summary": "Many commands, one a line; an outcome a line, in the same order.",
        "description": BULK.format(commands=", ".join(f"`{name}`" for name in forms)),
        "operationId": "SendCommands",
        "parameters": deepcopy(parameters),
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(example)}},
        },
        "responses": {
            "200": {
                "description": "Lines of outcomes",
                "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
                "headers": headers("Trace-Id"),
            },
            **{str(code): told for code, told in problems((*ANYBODY, Unauthenticated, WrongMediaType)).items()},
        },
    }


BULK = """\
A line is `{{"command", "data", "id"?, "reason"?, "on_behalf_of"?, "correlation_id"?, "causation_id"?, "source"?,
"expected"?}}`, and with the right to import also `actor` and `occurred_at`, which make it imported history. `data`
holds the fields of the command, its subject's id included. A line with an `id`, or with a `source`, from which its id
follows for this caller, is done once however often it is sent; without either it is a new command each time. Imported
history without an `id` gets one from its `source`, else from its content and its ordinal among equal lines, so that the
same lines again change nothing.

An outcome is `{{"line", "id", "status", "version", "position"}}`; where `status` is not `accepted` but `refused`,
`invalid`, `conflict`, `failed` or `unavailable`, there is a `problem`. Outcomes come while lines are still being sent:
read while you write. A client that does not read is not read from. After `unavailable` nothing more is tried: send that
line again, under the `id` that its outcome names, and those after it.

Commands: {commands}.
"""


def written(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    from api.app import create_app
    from settings import Settings

    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(written(create_app(Settings()).openapi()), encoding="utf-8")
