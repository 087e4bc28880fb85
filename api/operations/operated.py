"""GET /operations and GET /operations/dead-letters: how it stands, for those who may read everything."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.looking import SUBJECTS, Looking, Sight
from api.operations import letters, standing
from api.operations.known import KNOWN, nearest
from api.operations.letters import Cursor, DeadLetter, DeadLetters, Of
from api.operations.told import Operations
from api.parameters import wrong
from api.problems import ViewNotBuilt
from api.reading import Seer, Who
from api.service import Service
from api.viewing import ViewReader
from consumers.inbound.topics import TOPICS
from domain.access import Action, Scope, scope_of
from domain.actor import Actor
from domain.errors import NotAllowed

PAGE, LARGEST_PAGE = 100, 500


def router(service: Service) -> APIRouter:
    found = APIRouter(prefix="/operations", tags=["operation"])
    add_standing(found, service)
    add_letters(found, service)
    return found


def add_standing(router: APIRouter, service: Service) -> None:
    @router.get(
        "",
        summary="How views, relay, consumers, policies, deadlines, workers and seals stand.",
        description=TELLS,
        operation_id="ReadOperations",
        response_description="All of it in one moment",
    )
    async def operations(who: Who, response: Response) -> Operations:
        views = await must_read_everything(service, who)
        here = await views.run(standing.found)
        answer = await asyncio.to_thread(together, service, who, here)
        response.headers["Position"] = str(answer.position)
        response.headers["Cache-Control"] = "no-store"
        return answer


def together(service: Service, who: Actor, here: standing.Found) -> Operations:
    view = Seer(service.write, who).view
    view.fetch({*standing.subjects()})
    return standing.operations(here, service.write.ledger, lambda stream: view.get(stream).state, datetime.now(UTC))


def add_letters(router: APIRouter, service: Service) -> None:
    @router.get(
        "/dead-letters",
        summary="What does not go on of views and of topics, that which has stood longest first.",
        description=STANDS,
        operation_id="ListDeadLetters",
        response_description="Dead letters, and a Link to those after them",
    )
    async def dead_letters(
        request: Request,
        response: Response,
        who: Who,
        eye: Looking,
        of: Annotated[Of | None, Query(description="Only of views, or of topics.")] = None,
        name: Annotated[str | None, Query(description="Only of this view or topic.")] = None,
        after: Annotated[str | None, Query(description="Only those after this one, as `Link` says it.")] = None,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> DeadLetters:
        views = await must_read_everything(service, who)
        must_be_known(name)
        behind = None if after is None else read(after)
        rows = await views.run(lambda asking: letters.page(asking, [*KNOWN], of, name, behind, limit + 1))
        if len(rows) > limit:
            rows = rows[:limit]
            given = [each for each in request.query_params.multi_items() if each[0] != "after"]
            here = urlencode([*given, ("after", str(letters.after(rows[-1])))])
            response.headers["Link"] = f'</operations/dead-letters?{here}>; rel="next"'
        actor = await asyncio.to_thread(Seer(service.write, who).actor)
        await eye.saw(Sight(actor, subjects=tuple(dict.fromkeys(shown(rows)))), always=True)
        response.headers["Cache-Control"] = "no-store"
        return DeadLetters(rows=rows)


def must_be_known(name: str | None) -> None:
    """Raises InvalidRequest."""
    if name is not None and name not in KNOWN and name not in TOPICS:
        raise wrong("name", f"there is no view or topic {name!r}; there is {nearest(name, [*KNOWN, *TOPICS])}")


def read(after: str) -> Cursor:
    """Raises InvalidRequest."""
    try:
        return Cursor.read(after)
    except ValueError:
        raise wrong("after", "this is no place in the list: take the Link as it is") from None


def shown(rows: Iterable[DeadLetter]) -> Iterable[str]:
    """Of whom the keys are, by the first column of each."""
    for each in rows:
        if each.of == "topic":
            yield f"letter/{each.key}"
            continue
        column, key = KNOWN[each.name].key[0], each.key.partition(",")[0]
        if column == "subject_id":
            yield key
        elif column in SUBJECTS:
            yield f"{SUBJECTS[column]}/{key}"


async def must_read_everything(service: Service, who: Actor) -> ViewReader:
    """Raises NotAllowed, or ViewNotBuilt."""
    actor: Any = await asyncio.to_thread(Seer(service.write, who).actor)
    if scope_of(actor.role, Action.READ) is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because="how the service stands is for those who may read everything")
    if service.views is None:
        raise ViewNotBuilt
    return service.views


# How it is documented

TELLS = """
What may be asked of it are commands, each with a reason (`X-Reason-Code`): `POST /read-models/{view_name}/rebuild`,
`/retry-dead-letter` and `/skip-dead-letter`, `POST /inbound-topics/{topic}/retry-message` and `/skip-message`, for
operators and administrators; `POST /policies/{policy_name}/pause` and `/resume`, for managers. A worker does it; until
then it is among what is `under_way` here, and what came of it stands in `GET /read-models/{view_name}` as `last`.
"""
STANDS = """
Of a view it is a key, at an event that its fold does not take; of a topic a message, which is not shown. `error` says
what went wrong and where in our code, or which field is wrong: never a value. That somebody reads this is a look.
"""
