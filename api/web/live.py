"""What changes while somebody looks: the views that a page follows, told by name as they change for him."""

from collections.abc import AsyncIterator

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from api.problems import InvalidRequest
from api.web.desk import ROOT, Desk
from api.web.inside import Inside, Told
from projections import VIEWS

MOST = 8
LONGEST = 19  # Digits of a position.
SHOWN = frozenset(view.name for view in VIEWS if not view.inward)
Change = tuple[str, str | None]
"""Which view, and up to which position its reader has been told; None is a sign of life."""


def add_live(router: APIRouter, desk: Desk) -> None:
    async def live(request: Request) -> Response:
        """One line for all that a page follows, which goes on where it broke off."""
        asking = desk.asking(request)
        views = list(dict.fromkeys(request.query_params.getlist("view")))
        if not 0 < len(views) <= MOST or not SHOWN.issuperset(views):
            raise InvalidRequest(
                errors=[{"parameter": "view", "in": "query", "detail": "these are no views of a page"}]
            )
        since = request.query_params.get("after", "")
        places = dict.fromkeys(views, since) if since.isdecimal() and len(since) < LONGEST else {}
        places |= places_of(request.headers.get("last-event-id", ""))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(told(asking.inside, views, places), media_type="text/event-stream", headers=headers)

    router.add_api_route(f"{ROOT}/live", live, methods=["GET"], include_in_schema=False)


async def told(inside: Inside, views: list[str], places: dict[str, str]) -> AsyncIterator[bytes]:
    sending, receiving = anyio.create_memory_object_stream[Change](32)
    async with anyio.create_task_group() as tasks, receiving:
        async with sending:
            for view in views:
                tasks.start_soon(follow, inside, view, places.get(view), sending.clone())
        yield b"retry: 2000\n\n"
        async for view, position in receiving:
            if position is None:
                yield b": still here\n\n"
                continue
            if places.get(view) == position:
                continue
            places[view] = position
            place = ",".join(f"{name}:{at}" for name, at in places.items())
            yield f"id: {place}\nevent: changed-{view}\ndata: {position}\n\n".encode()
        tasks.cancel_scope.cancel()


async def follow(inside: Inside, view: str, after: str | None, sending: MemoryObjectSendStream[Change]) -> None:
    """Everything that changes in one view, until the service ends it."""
    async with sending:
        try:
            headers = {} if after is None else {"last-event-id": after}
            async with inside.follow(f"/views/{view}/changes", headers) as pieces:
                async for piece in pieces:
                    for position in ids(piece):
                        await sending.send((view, position))
                    if piece.startswith(b":"):
                        await sending.send((view, None))
        except Told:
            return  # Whoever comes again asks again; the lists themselves say why nothing is shown.


def ids(piece: bytes) -> list[str]:
    found = [line[4:].decode() for line in piece.split(b"\n") if line.startswith(b"id: ")]
    return found[-1:] if b"data:" in piece else []


def places_of(text: str) -> dict[str, str]:
    pairs = (each.split(":", 1) for each in text.split(",") if ":" in each)
    return {view: at for view, at in pairs if view in SHOWN and at.isdecimal() and len(at) < LONGEST}
