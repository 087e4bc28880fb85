"""GET /views/{name}/changes: a list as it changes, for who goes on reading (server-sent events).

One poller for each view that somebody follows looks whether anything in it has changed, and wakes those who do; each
then asks for what concerns him. Who is slow is asked for later and told what is so by then, so nothing piles up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.asking import FILTERS, Asked, asked_of, parameters, reach_of
from api.following import Following, Place, Told, changed_after, come
from api.looking import Eye, Looking, rows_seen
from api.parameters import wrong
from api.problems import LookNotRecorded
from api.reading import Who
from api.sending import LINE, Line
from api.service import Service
from api.viewing import ViewReader
from domain.actor import Actor
from domain.errors import Refused
from projections.changes import changed_rows
from projections.projection import Projection
from projections.query import BadQuery
from projections.scope import Reach

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 3_600.0  # After which a follower has to come again.
SLOW_SECONDS = 20.0  # In which a follower has to take what he is told.
RETRY_MILLISECONDS = 2_000

OF_CHANGES = frozenset({"search", "group", "after", "wait"})
Wait = Annotated[float | None, Query(ge=0, le=LONGEST_SECONDS, description="Seconds until it ends; 0: what is there.")]
After = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="A Position: tell what has changed since.")]
LastId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="The id of the last event; goes before `after`."),
]

EVENT = {
    "type": "object",
    "description": "Each event of the stream",
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["row", "gone", "reset"]},
        "data": {"type": "string"},
        "retry": {"type": "integer"},
    },
}


def add_changes(router: APIRouter, service: Service, view: Projection) -> None:
    lookout = Lookout(view)

    async def changes(
        request: Request, who: Who, eye: Looking, after: After = None, wait: Wait = None, last_event_id: LastId = None
    ) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_CHANGES)
        if asked.listing.among is not None and asked.listing.among.first is not None:
            raise wrong("group", "who is among the first changes with others, which cannot be told")
        try:
            changed_rows(view, asked.listing, 0, 1)
        except BadQuery as bad:
            raise wrong(bad.field, bad.because) from None
        since = after if last_event_id is None else last_event_id
        seconds = LONGEST_SECONDS if wait is None else min(wait, LONGEST_SECONDS)
        return Stream(service, lookout, who, asked, seconds, since, eye)

    name = view.name.replace("_", " ")
    router.get(
        f"/views/{view.name}/changes",
        summary=f"What changes in the rows of {name} that the caller may see, as it happens.",
        description=FILTERS + TELLS,
        operation_id=f"Follow{''.join(part.title() for part in view.name.split('_'))}",
        response_class=Response,
        response_description="Server-sent events, for as long as the caller listens",
        responses={200: {"content": {"text/event-stream": {"schema": EVENT}}}},
        openapi_extra={"parameters": list(parameters(view, OF_CHANGES))},
    )(changes)


TELLS = """
Events are `row`, a whole row that is new in the list or has changed; `gone`, the key of one that is not in it any more;
and `reset`: load the list anew, for what has changed cannot be told, you name a place to which the view has not come,
or what you may see is another. The id of an event
is a position: send the last one as `Last-Event-ID`, or the `Position` of a list as `after`, and go on from there. That
can be done for a day. What changes by time alone is not told. A follower who does not read is cut off.
"""


class Lookout:
    """Looks whether a view changes, as long as somebody waits for that."""

    def __init__(self, view: Projection) -> None:
        self.view = view
        self.waiting = 0
        self.looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self, views: ViewReader) -> AsyncIterator[None]:
        if self.looking is None:
            self.seen: tuple[int, ...] | None = None
            self.moved = asyncio.Event()
            self.looking = asyncio.create_task(self.look(views))
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1
            if not self.waiting:
                self.looking.cancel()
                self.looking = None

    async def look(self, views: ViewReader) -> None:
        while True:
            with suppress(Exception):  # Whoever waits asks himself before long, and then it is his answer.
                seen = await views.run(self.last)
                if seen != self.seen:
                    self.seen = seen
                    self.moved.set()
                    self.moved = asyncio.Event()
            await asyncio.sleep(POLL_SECONDS)

    def last(self, asking: Any) -> tuple[int, ...]:
        """Which build answers, the last change up to where everything has come on which it depends who sees what, the
        last of all, on whom that depends, and since when all changes can be told; at first, how far each has come.
        """
        now = come(asking, self.view, ("staff_directory", "pool_directory", *self.view.seen_in))
        settled = now.position
        if self.seen is None or self.seen[0] != now.build:
            return now.build, settled, now.alone, now.people, now.since
        last = changed_after(asking, self.view, min(self.seen[1], settled))
        return now.build, min(last, settled), last, now.people, now.since


class Stream(StreamingResponse):
    """One follower, from his first event to the last."""

    def __init__(
        self, service: Service, lookout: Lookout, who: Actor, asked: Asked, seconds: float, after: int | None, eye: Eye
    ) -> None:
        super().__init__((), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self.service = service
        self.lookout = lookout
        self.who = who
        self.asked = asked
        self.following = Following(lookout.view, asked)
        self.seconds = seconds
        self.after = after
        self.eye = eye

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line: Line = scope.get("extensions", {}).get(LINE) or Line()
        with self.service.followed():
            gone = asyncio.create_task(until_gone(receive))
            telling = asyncio.create_task(self.tell(send, line))
            try:
                await asyncio.wait((gone, telling), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                telling.cancel()
                await asyncio.wait((gone, telling))
        if not telling.cancelled() and (failed := telling.exception()) is not None:
            raise failed

    async def tell(self, send: Send, line: Line) -> None:
        """All rounds, until it is time, or the service stops, or he may not read any more."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.seconds
        async with self.lookout.open(self.asked.views):
            reach: Reach | None = self.asked.listing.reach
            told = await self.begun()
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            put = partial(self.put, send, line)
            await put(f"retry: {RETRY_MILLISECONDS}\n".encode() + written(told))
            while reach is not None:
                moved = self.lookout.moved
                told = await self.further(told.place, reach)
                rows = [each.told for each in told.changes if each.kind == "row"]
                try:
                    await self.eye.saw(rows_seen(self.lookout.view, rows, reach))
                except LookNotRecorded:
                    break  # He is told nothing, and comes again from where he was.
                await put(written(told))
                if told.more:
                    continue
                if line.stopping.is_set() or clock() >= end:
                    break
                await first_of(min(HEARTBEAT_SECONDS, end - clock()), moved, line.stopping)
                reach = await self.reach()
            await put(b"", more_body=False)

    async def begun(self) -> Told:
        reach = self.asked.reach
        return await self.asked.views.run(lambda asking: self.following.begun(asking, reach, self.after))

    async def further(self, place: Place, reach: Reach) -> Told:
        return await self.asked.views.run(lambda asking: self.following.further(asking, place, reach))

    async def reach(self) -> Reach | None:
        """What he may see by now; None where that is nothing."""
        try:
            return await asyncio.to_thread(reach_of, self.service, self.who, self.lookout.view)
        except Refused:
            return None

    async def put(self, send: Send, line: Line, body: bytes, *, more_body: bool = True) -> None:
        """Send, and cut off who does not take it."""
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await send({"type": "http.response.body", "body": body, "more_body": more_body})
        except TimeoutError:
            line.cut()
            await asyncio.Event().wait()  # Until it is known that he is gone.


def written(told: Told) -> bytes:
    """The changes, and then how far he has been told, which is a sign of life too."""
    changes = b"".join(each.written() for each in told.changes)
    return changes if told.more else changes + f"id: {told.place.position}\n\n".encode()


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(seconds: float, *events: asyncio.Event) -> None:
    """Wait for one of these, but not longer."""
    waiting = [asyncio.create_task(each.wait()) for each in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
