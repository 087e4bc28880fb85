"""What can be read from the ledger itself: a subject's state, its events, and what came of a command.

These are never behind; but to whom a contact or an identity is linked, and by that who may read it, the views tell.
What a reader may not see does not exist for him.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic_core import to_json

from api.as_of import AS_OF, OCCURRED, PARAMETERS, meant, must_not_be_before
from api.caller import caller
from api.linked import LISTED_IN, come, is_shown
from api.looking import PUBLISHED, Looking, Sight
from api.problems import ReadModelBehind, ViewNotBuilt, problem
from api.service import Service
from api.shown import shown, state_schema, told
from commands import DECIDERS
from commands.decider import Decider
from commands.past import past, stood
from commands.permission import must_reach, present
from commands.service import WriteSide
from commands.states import Cache, Known, View
from domain.access import Action, Scope, Whereabouts, decide, scope_of
from domain.actor import Actor
from domain.errors import Hidden, Invalid, NotAllowed
from domain.staff import Departed, Employed
from domain.values import StaffId
from ledger.refusals import restored
from projections.scope import Reach

PAGE, LARGEST_PAGE = 100, 500
PATIENCE = 2.0  # Seconds that a reader waits for a position before he is told to come back.
RESERVED = {"calibration", "inbound-topic", "read-model"}  # Who reads less than everything does not hear of these.
PERSONS = {"staff", "agent-book", "ticket-book"}  # A person's own, by its id.

ReadAfter = Annotated[
    int | None,
    Header(alias="Read-After", ge=0, le=2**63 - 1, description="A Position: answer nothing older, or not at all."),
]
Who = Annotated[Actor, Depends(caller)]
AsOf = Annotated[str | None, Query(description=PARAMETERS[AS_OF][1], examples=["812"])]
AsOfOccurred = Annotated[
    str | None, Query(description=PARAMETERS[OCCURRED][1], json_schema_extra={"format": "date-time"})
]


class Seer:
    """One look at the ledger, with the eyes of one caller."""

    def __init__(self, write: WriteSide, who: Actor) -> None:
        self.view = View(Cache(16), write.ledger, write.executor.deciders, write.executor.new_id)
        self.who = who

    def subject(self, decider: Decider[Any, Any], key: str) -> Known:
        """The subject's state. Raises Hidden when it is not there or not to be seen."""
        try:
            stream = decider.stream(key)
        except Invalid:
            raise Hidden(subject=f"{decider.name}/{key}") from None
        self.view.fetch({stream, f"staff/{self.who.id}"} if self.who.kind == "user" else {stream})
        actor = self.actor()
        known = self.view.get(stream)
        if decider.holding is not None:
            now = datetime.now(UTC)
            must_reach(stream, decider, Action.READ, actor, known.state, now, self.view.get)
        elif (no := decide(actor, Action.READ, self.place(decider, key, stream))) is not None:
            raise no
        if known.version == 0 or (decider.name in RESERVED and not reads_everything(actor)):
            raise Hidden(subject=stream)
        return known

    def must_know(self, decider: Decider[Any, Any], key: str) -> None:
        """Raises NotAllowed for who sees masked what is personal of a subject; he has seen it already. What is nobody's
        is for who knows of everybody.
        """
        stream, actor = decider.stream(key), self.actor()
        if decider.holding is not None:
            state = self.view.get(stream).state
            must_reach(stream, decider, Action.KNOW, actor, state, datetime.now(UTC), self.view.get)
        elif (no := decide(actor, Action.KNOW, self.place(decider, key, stream))) is not None:
            raise no
        if decider.name in PUBLISHED and scope_of(actor.role, Action.KNOW) is not Scope.ALL:
            raise NotAllowed(action=Action.KNOW, because=f"{stream} is nobody's, and told to who knows everybody")

    def those_seen(self, streams: Collection[str]) -> list[str]:
        """Which of some subjects the caller may see, all of which somebody holds."""
        self.view.fetch(streams)
        actor, now = self.actor(), datetime.now(UTC)
        return [stream for stream in streams if self.sees(stream, actor, now)]

    def sight(self, streams: Collection[str]) -> Sight:
        """Of those that have been looked at, whom that shows, beside what is published; and who is his own."""
        kinds = {stream: stream.partition("/")[0] for stream in streams}
        shown = [stream for stream, kind in kinds.items() if kind not in PUBLISHED]
        return Sight(self.actor(), frozenset(filter(self.is_his, shown)), tuple(shown))

    def is_his(self, stream: str) -> bool:
        kind, _, key = stream.partition("/")
        decider = self.view.deciders[kind]
        if self.who.kind != "user" or decider.holding is None:
            return self.who.kind == "user" and kind in PERSONS and key == self.who.id
        held = decider.holding(self.view.get(stream).state)
        return held is not None and (self.who.id == held.owner or self.who.id in {*(held.workers or ()), *held.sharers})

    def sees(self, stream: str, actor: Actor, now: datetime) -> bool:
        decider = self.view.deciders[stream.partition("/")[0]]
        try:
            must_reach(stream, decider, Action.READ, actor, self.view.get(stream).state, now, self.view.get)
        except Hidden:
            return False
        return True

    def place(self, decider: Decider[Any, Any], key: str, stream: str) -> Whereabouts | None:
        """Whose it is, of what has no holder that changes; what is nobody's is its managers' business. Of what is
        linked, `must_be_linked` has decided.
        """
        if decider.name in PUBLISHED | LISTED_IN.keys():
            return None
        if decider.name not in PERSONS:
            return Whereabouts(subject=stream)
        person = self.view.get(f"staff/{key}").state
        orgs = frozenset({person.org_path}) if isinstance(person, Employed | Departed) else frozenset()
        return Whereabouts(subject=stream, owner=StaffId(key), orgs=orgs)

    def actor(self) -> Actor:
        """The caller as of now. Raises a refusal when nobody of that name works here."""
        return present(self.who, self.view.get)


async def not_before(wanted: int | None, position: Callable[[], Awaitable[int]]) -> int:
    """A position that is not before the wanted one. Waits a little, then raises ReadModelBehind."""
    until = asyncio.get_running_loop().time() + PATIENCE
    while (found := await position()) < (wanted or 0):
        if asyncio.get_running_loop().time() > until:
            assert wanted is not None
            raise ReadModelBehind(position=found, wanted=wanted)
        await asyncio.sleep(0.02)
    return found


def reads_everything(actor: Actor) -> bool:
    return scope_of(actor.role, Action.READ) is Scope.ALL


async def must_be_linked(service: Service, who: Actor, kind: str, key: str, read_after: int | None) -> None:
    """To something that the reader may see, where that is how it is seen. Raises Hidden, ViewNotBuilt, or
    ReadModelBehind.
    """
    if kind not in LISTED_IN:
        return
    actor = await asyncio.to_thread(Seer(service.write, who).actor)
    scope = scope_of(actor.role, Action.READ)
    if scope is None or scope is Scope.ALL:
        return
    views = service.views
    if views is None:
        raise ViewNotBuilt
    await not_before(read_after, lambda: views.run(come(kind)))
    if not await views.run(is_shown(kind, key, Reach(actor, scope), datetime.now(UTC))):
        raise Hidden(subject=f"{kind}/{key}")


def router(service: Service) -> APIRouter:
    """GET /leads/{lead_id}, GET /leads/{lead_id}/events and so on, and GET /commands/{command_id}."""
    found = APIRouter()
    for decider in DECIDERS:
        add_state(found, service, decider)
        add_events(found, service, decider)
    add_outcome(found, service)
    return found


def singular(decider: Decider[Any, Any]) -> str:
    return "".join(part.title() for part in decider.name.split("-"))


def key_parameter(decider: Decider[Any, Any]) -> Any:
    kind = UUID if decider.key is UUID else str
    return Annotated[kind, Path(alias=decider.id_field)]


def in_json(body: object, headers: Mapping[str, str]) -> Response:
    return Response(to_json(body), media_type="application/json", headers=dict(headers))


def content(schema: object) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


async def ledger_position(service: Service, wanted: int | None) -> int:
    ledger = service.write.ledger
    return await not_before(wanted, lambda: asyncio.to_thread(ledger.last_position))


def add_state(router: APIRouter, service: Service, decider: Decider[Any, Any]) -> None:
    key_type = key_parameter(decider)
    before = {decider.id_field: {"type": "string"}, "version": {"type": "integer"}}

    async def state(
        who: Who,
        key: key_type,  # type: ignore[valid-type]
        eye: Looking,
        as_of: AsOf = None,
        as_of_occurred: AsOfOccurred = None,
        read_after: ReadAfter = None,
        if_none_match: Annotated[str | None, Header(description="An ETag: answer 304 if nothing has changed.")] = None,
    ) -> Response:
        position = await ledger_position(service, read_after)
        await must_be_linked(service, who, decider.name, str(key), read_after)
        seer = Seer(service.write, who)
        known = await asyncio.to_thread(seer.subject, decider, str(key))
        sight = seer.sight([decider.stream(str(key))])
        if as_of is not None or as_of_occurred is not None:
            then = await asyncio.to_thread(at_a_moment, service, decider, str(key), as_of, as_of_occurred, read_after)
            await eye.saw(sight)
            return then
        headers = {"ETag": f'"{known.version}"', "Position": str(position)}
        if if_none_match is not None and headers["ETag"] in if_none_match:
            return Response(status_code=304, headers=headers)
        await eye.saw(sight)
        return in_json({decider.id_field: str(key), "version": known.version} | shown(known.state), headers)

    router.get(
        f"/{decider.plural}/{{{decider.id_field}}}",
        tags=[decider.plural],
        summary=f"How the {decider.name.replace('-', ' ')} stands now, or stood at a moment.",
        operation_id=f"Read{singular(decider)}",
        response_class=Response,
        response_description="The state and its version",
        responses={
            200: content({"anyOf": [state_schema(each, before) for each in decider.states]}),
            304: {"description": "Nothing has changed"},
        },
    )(state)


def at_a_moment(
    service: Service,
    decider: Decider[Any, Any],
    key: str,
    as_of: str | None,
    occurred: str | None,
    read_after: int | None,
) -> Response:
    """The state as it stood, for a reader who may see how it stands. It has no ETag: nothing can be done to the past.

    Raises InvalidRequest, NotThereYet, or DoesNotFollow.
    """
    ledger = service.write.ledger
    at = meant(ledger, as_of, occurred)
    must_not_be_before(at, read_after)
    then = stood(decider, key, past(ledger, decider.stream(key)), at.position, at.occurred)
    body = {decider.id_field: key, "version": then.version} | shown(then.state)
    return in_json(body, {"Position": str(at.position)})


def add_events(router: APIRouter, service: Service, decider: Decider[Any, Any]) -> None:
    key_type = key_parameter(decider)

    def page(who: Actor, key: str, after: int, limit: int) -> tuple[Sequence[Any], bool, Sight]:
        seer = Seer(service.write, who)
        seer.subject(decider, key)
        ledger = service.write.ledger
        rows = ledger.rows.next_rows(decider.stream(key), after, limit + 1)
        found = [told(each, ledger.codec) for each in ledger.recorded(rows[:limit])]
        return found, len(rows) > limit, seer.sight([decider.stream(key)])

    async def events(
        who: Who,
        key: key_type,  # type: ignore[valid-type]
        eye: Looking,
        after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Only events after this version.")] = 0,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
        read_after: ReadAfter = None,
    ) -> Response:
        position = await ledger_position(service, read_after)
        await must_be_linked(service, who, decider.name, str(key), read_after)
        found, more, sight = await asyncio.to_thread(page, who, str(key), after, limit)
        await eye.saw(sight)
        headers = {"Position": str(position)}
        if more:
            here = f"/{decider.plural}/{key}/events"
            headers["Link"] = f'<{here}?after={found[-1]["version"]}&limit={limit}>; rel="next"'
        return in_json({"events": found}, headers)

    router.get(
        f"/{decider.plural}/{{{decider.id_field}}}/events",
        tags=[decider.plural],
        summary=f"What has happened to the {decider.name.replace('-', ' ')}, oldest first, personal values masked.",
        operation_id=f"Read{singular(decider)}Events",
        response_class=Response,
        response_description="Events with their envelopes",
        responses={200: content({"$ref": "#/components/schemas/Events"})},
    )(events)


def add_outcome(router: APIRouter, service: Service) -> None:
    def outcome(who: Actor, command_id: UUID) -> tuple[dict[str, Any], Sight]:
        logged = service.write.ledger.outcomes([command_id]).get(command_id)
        seer = Seer(service.write, who)
        reads = scope_of(seer.actor().role, Action.READ)
        mine = logged is not None and logged.actor == (who.kind, who.id)
        if not (reads is Scope.ALL or mine) or logged is None:
            raise Hidden(subject=f"command/{command_id}")
        found: dict[str, Any] = {
            "command_id": logged.command_id,
            "command": logged.type,
            "subject": logged.stream,
            "status": "accepted" if logged.refusal is None else "refused",
            "version": logged.version,
            "position": logged.position,
            "recorded_at": logged.recorded_at,
        }
        if logged.refusal is not None:
            told = problem(restored(logged.refusal), "").members
            found["problem"] = {name: member for name, member in told.items() if name != "trace_id"}
        seer.view.fetch({logged.stream})
        return found, seer.sight([logged.stream])

    @router.get(
        "/commands/{command_id}",
        tags=["commands"],
        summary="What came of a command: for whoever sent it, and for who may read everything.",
        operation_id="ReadCommand",
        response_class=Response,
        response_description="The outcome",
        responses={200: content({"$ref": "#/components/schemas/Outcome"})},
    )
    async def command(who: Who, command_id: UUID, eye: Looking, read_after: ReadAfter = None) -> Response:
        position = await ledger_position(service, read_after)
        found, sight = await asyncio.to_thread(outcome, who, command_id)
        await eye.saw(sight)
        return in_json(found, {"Position": str(position)})


OUTCOME = {
    "type": "object",
    "title": "Outcome",
    "properties": {
        "command_id": {"type": "string", "format": "uuid"},
        "command": {"type": "string"},
        "subject": {"type": "string"},
        "status": {"enum": ["accepted", "refused"]},
        "version": {"type": "integer"},
        "position": {"type": "integer"},
        "recorded_at": {"type": "string", "format": "date-time"},
        "problem": {"type": "object"},
    },
    "required": ["command_id", "command", "subject", "status", "version", "position", "recorded_at"],
}
