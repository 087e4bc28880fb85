"""One address for each command, derived from its rule: POST /leads/{lead_id}/claim.

The document is made from ordinary endpoints. A request itself goes past the framework's dependency and response layers,
which would take longer than all the rest.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, make_dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any, get_type_hints

from fastapi import Body, Depends, Path, Response
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.answers import Accepted, accepted
from api.body import ClientGone, Form, whole
from api.caller import caller, named
from api.headers import (
    CausationId,
    CorrelationId,
    Headers,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    OnBehalfOf,
    ReasonCode,
    ReasonText,
    ask,
    precondition,
    text,
)
from api.problems import WrongMediaType, problem
from api.sending import fresh_trace, send_problem
from api.service import Service
from commands.ask import Ask, Conflict
from domain.actor import Actor
from domain.values import outside_name

JSON = b"application/json"
IN_JSON = (b"content-type", JSON)


class Door:
    """Takes one kind of command: an ASGI application, and the shortest way from a request to the writer."""

    def __init__(self, service: Service, form: Form) -> None:
        self.service = service
        self.form = form
        self.limit = int(service.settings.max_body)
        self.creates = creates(form)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.take(scope, receive, send, scope["path_params"][self.form.decider.id_field])

    async def take(self, scope: Scope, receive: Receive, send: Send, key: str) -> None:
        """Answer one request for the subject of that id."""
        headers: Headers = dict(scope["headers"])
        trace_id = fresh_trace(headers)
        refusal: Exception | None = None
        try:
            asked = await self.asked(headers, receive, key)
            outcome = await self.service.write.writer.ask(asked)
            refusal = outcome.refusal
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - each has its problem; that of a bug is noted.
            self.service.tally.note(self.form.name, error)
            told = problem(error, trace_id, in_path=self.form.decider.id_field)
            await send_problem(send, told, trace_id, error)
            return
        self.service.tally.note(self.form.name, refusal)
        position = b"%d" % outcome.position
        if refusal is not None:
            await send_problem(send, problem(refusal, trace_id), trace_id, refusal, position=position)
            return
        body = accepted(outcome)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    IN_JSON,
                    (b"content-length", b"%d" % len(body)),
                    (b"etag", b'"%d"' % outcome.version),
                    (b"position", position),
                    (b"trace-id", trace_id.encode("ascii")),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def asked(self, headers: Headers, receive: Receive, key: str) -> Ask:
        """The command and what the headers say of it. Raises whatever is wrong with either."""
        actor, role = headers.get(b"x-actor"), headers.get(b"x-role")
        who = named(None if actor is None else text(actor), None if role is None else text(role))
        body = await whole(receive, headers.get(b"content-length"), self.limit)
        if body:
            must_be(JSON, headers)
        command = self.form.addressed(key, body)
        asked = ask(command, who, headers)
        if self.creates and asked.expected is None and precondition(headers).exists:
            await self.must_exist(command)
        return asked

    async def must_exist(self, command: Any) -> None:
        """`If-Match: *`, of a command that would otherwise make what is not there."""
        stream = self.form.decider.stream_of(command)
        known = await asyncio.to_thread(self.service.write.executor.state, stream)
        if known.version == 0:
            raise Conflict(f"{stream} is not there yet")


def must_be(media_type: bytes, headers: Headers) -> None:
    """The content is of that type, in UTF-8, as it is. Raises WrongMediaType."""
    given, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    encoding = headers.get(b"content-encoding", b"identity")
    if (
        given.strip() != media_type
        or (b"charset" in parameters and b"utf-8" not in parameters)
        or encoding != b"identity"
    ):
        raise WrongMediaType(wanted=media_type.decode("ascii"))


def creates(form: Form) -> bool:
    """Whether the rule is content with a subject that has no events yet."""
    rule = form.decider.rules[form.takes]
    guard = next(need for name, need in rule.needs.items() if name not in rule.where)
    return isinstance(form.decider.initial(form.decider.key("00000000-0000-0000-0000-000000000000")), guard.types)


# Where each is found


def address(form: Form) -> tuple[str, str]:
    """The first and the last part of a command's path."""
    function = form.decider.rules[form.takes].run
    return form.decider.plural, outside_name(function.__name__).replace("_", "-")


def doors(service: Service) -> Mapping[tuple[str, str], Door]:
    """The door of each address."""
    found = {address(form): Door(service, form) for form in service.forms.values()}
    assert len(found) == len(service.forms), "two commands have one address"
    return found


def routes(doors: Mapping[tuple[str, str], Door]) -> Iterator[Route]:
    """How the framework finds each door."""
    for (plural, verb), door in doors.items():
        yield Route(path(door.form, plural, verb), door, methods=["POST"], include_in_schema=False)


def documented(forms: Iterable[Form], responses: Callable[[Form], Any]) -> Iterator[APIRoute]:
    """The same as ordinary endpoints, which are not called, for the document; `responses` are the problems of each."""
    for form in forms:
        yield APIRoute(
            path(form, *address(form)),
            endpoint(form),
            methods=["POST"],
            tags=[form.decider.plural],
            summary=summary(form),
            description=inspect.getdoc(form.takes) if described(form) else None,
            operation_id=form.name,
            response_description="Accepted",
            responses=responses(form),
        )


def path(form: Form, plural: str, verb: str) -> str:
    return f"/{plural}/{{{form.decider.id_field}}}/{verb}"


def summary(form: Form) -> str:
    return inspect.cleandoc(form.decider.rules[form.takes].run.__doc__ or form.name).split("\n\n")[0].replace("\n", " ")


def described(form: Form) -> bool:
    """Whether a person has said something about the command; dataclasses say how to call it."""
    return not (form.takes.__doc__ or "").startswith(f"{form.name}(")


def endpoint(form: Form) -> Callable[..., Any]:
    """An ordinary endpoint of the framework with the same path, body, headers and dependency."""

    async def handle(response: Response, **_: Any) -> Accepted:
        response.headers["ETag"] = '"1"'
        response.headers["Position"] = "1"
        return ANY_ACCEPTED

    handle.__name__ = form.name
    handle.__signature__ = inspect.Signature(list(signature(form)), return_annotation=Accepted)  # type: ignore[attr-defined]
    return handle


ANY_ACCEPTED = Accepted.model_validate(
    {"command_id": "00000000-0000-7000-8000-000000000000", "version": 1, "position": 1}
)


def signature(form: Form) -> Iterator[inspect.Parameter]:
    def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)

    hints = get_type_hints(form.takes, include_extras=True)
    key = hints[form.decider.id_field]
    yield parameter(form.decider.id_field, Annotated[key, Path()])
    body = body_of(form, hints)
    if any(field.default is MISSING for field in fields(body)):
        yield parameter("body", Annotated[body, Body()])
    else:
        yield parameter("body", Annotated[body | None, Body()], None)
    yield parameter("who", Annotated[Actor, Depends(caller)])
    yield parameter("idempotency_key", IdempotencyKey, None)
    yield parameter("if_match", IfMatch, None)
    yield parameter("if_none_match", IfNoneMatch, None)
    yield parameter("on_behalf_of", OnBehalfOf, None)
    yield parameter("reason_code", ReasonCode, None)
    yield parameter("reason_text", ReasonText, None)
    yield parameter("correlation_id", CorrelationId, None)
    yield parameter("causation_id", CausationId, None)
    yield inspect.Parameter("response", inspect.Parameter.KEYWORD_ONLY, annotation=Response)


def body_of(form: Form, hints: Mapping[str, Any]) -> type:
    """The command without its id, which stands in the path."""
    rest = [
        (each.name, hints[each.name], dataclass_field(default=each.default))
        for each in fields(form.takes)
        if each.name != form.decider.id_field
    ]
    made = make_dataclass(f"{form.name}Body", rest, kw_only=True, frozen=True)
    made.__pydantic_config__ = form.takes.__pydantic_config__  # type: ignore[attr-defined]
    made.__doc__ = None
    return made
