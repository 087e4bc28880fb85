"""The service as its own pages ask it: through the same doors, with the rights of who looks, and in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

import anyio
from pydantic_core import from_json, to_json
from starlette.types import ASGIApp, Message

Pairs = Sequence[tuple[str, str]]
OK, SERVER_ERROR = 200, 500
BEHIND = "/problems/read-model-behind"


class Told(Exception):
    """The service has said no: with a problem, as it tells everybody."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title"))
        self.status = status
        self.problem = problem

    @property
    def kind(self) -> str:
        """The stable name of the problem, as in `/problems/lead-held`."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return from_json(self.body) if self.body else None

    @property
    def position(self) -> int | None:
        return int(self.headers["position"]) if "position" in self.headers else None

    @property
    def next(self) -> str | None:
        """The address of the next page of a list."""
        link = self.headers.get("link", "")
        return link.partition(">")[0].removeprefix("<") if 'rel="next"' in link else None


@dataclass
class Inside:
    """Asks `app` as somebody. `after` is a position that what is read is to have; where a view has not come so far in
    time, it is read as it stands, and `stale` says so.
    """

    app: ASGIApp
    actor: Mapping[str, str]
    after: int | None = None
    purpose: str | None = None
    stale: bool = False
    position: int | None = None
    """The least of those that what was read is as of."""
    extensions: Mapping[str, Any] = field(default_factory=dict)
    known: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)

    async def get(self, path: str, pairs: Pairs = (), **query: object) -> Any:
        """What is there, from its JSON. Raises Told."""
        return (await self.answer(path, pairs, **query)).told

    async def once(self, path: str, pairs: Pairs = (), **query: object) -> Any:
        """As `get`, but what several parts of a page need is asked once. Raises Told."""
        address = addressed(path, pairs, query)
        if address not in self.known:
            self.known[address] = asyncio.ensure_future(self.get(address))
        return await self.known[address]

    async def answer(self, path: str, pairs: Pairs = (), **query: object) -> Answer:
        """Raises Told."""
        address = addressed(path, pairs, query)
        headers = {} if self.after is None else {"read-after": str(self.after)}
        found = await self.ask("GET", address, headers)
        if found.status != OK and headers and from_json(found.body).get("type") == BEHIND:
            self.stale = True
            found = await self.ask("GET", address, {})
        if (at := good(found).position) is not None:
            self.position = at if self.position is None else min(self.position, at)
        return found

    async def send(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """A command. Raises Told."""
        return good(await self.ask("POST", path, {"content-type": "application/json", **headers}, to_json(body)))

    async def ask(self, method: str, address: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        parts: list[bytes] = []
        begun: list[Message] = []

        async def send(message: Message) -> None:
            (begun.append if message["type"] == "http.response.start" else add)(message)

        def add(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self.app(self.scope(method, address, headers, len(body)), once(body), send)
        head = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in begun[0]["headers"]}
        return Answer(begun[0]["status"], head, b"".join(parts))

    @asynccontextmanager
    async def follow(self, address: str, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """A long answer, piece by piece, until this ends. Raises Told."""
        sending, receiving = anyio.create_memory_object_stream[Message](1)
        ended = anyio.Event()

        async def receive() -> Message:
            await ended.wait()
            return {"type": "http.disconnect"}

        async def run() -> None:
            async with sending:
                await self.app(self.scope("GET", address, headers, 0), receive, sending.send)

        async with anyio.create_task_group() as tasks, receiving:
            tasks.start_soon(run)
            head = await receiving.receive()
            problem = None if head["status"] == OK else (await receiving.receive())["body"]
            if problem is None:
                yield (message.get("body", b"") async for message in receiving)
            ended.set()
            tasks.cancel_scope.cancel()
        if problem is not None:  # Not within, where it would be one of a group.
            raise Told(head["status"], from_json(problem))

    def scope(self, method: str, address: str, headers: Mapping[str, str], length: int) -> dict[str, Any]:
        path, _, query = address.partition("?")
        told = {**self.actor, **({"x-purpose": self.purpose} if self.purpose else {}), **headers}
        if method == "POST":
            told["content-length"] = str(length)
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "root_path": "",
            "query_string": query.encode("ascii"),
            "headers": [(name.lower().encode("ascii"), text.encode("latin-1")) for name, text in told.items()],
            "client": None,
            "server": None,
            "extensions": dict(self.extensions),
        }


def good(answer: Answer) -> Answer:
    if answer.status >= 400:
        raise Told(answer.status, from_json(answer.body))
    return answer


def addressed(path: str, pairs: Pairs, query: Mapping[str, object]) -> str:
    """`query` goes where a name of ours can stand for that of a filter, `pairs` for all others; None is left out."""
    asked = [*pairs, *((name, str(value)) for name, value in query.items() if value is not None)]
    if not asked:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"


def part_of(path: str, *keys: object) -> str:
    """An address with keys in it, each as one step: `part_of("/leads/{}/events", lead_id)`."""
    return path.format(*(quote(str(key), safe="") for key in keys))


def once(body: bytes) -> Callable[[], Awaitable[Message]]:
    """Gives a request's body, and then waits for a caller who does not go away."""
    left = [body]

    async def receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        await anyio.sleep_forever()
        raise AssertionError

    return receive
