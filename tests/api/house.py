"""The service in this process, over a ledger in memory, and people who ask it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import cache
from threading import Thread
from typing import Any, Self

import httpx

from api.answers import Tally
from api.app import Application, create_app
from api.look_log import LookLog
from commands import DECIDERS
from commands.execute import Executor
from commands.service import WriteSide, server_clock
from ledger.writer import GroupWriter
from settings import Settings
from tests.memory import memory_ledger

ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator"}
CRM = {"X-Actor": "service:crm"}
ANN, BOB, MIA, SUE = ({"X-Actor": f"user:{name}"} for name in ("ann", "bob", "mia", "sue"))

LEAD = "01932c07-209d-7c4e-9a52-5d0e4c0f8b11"
OTHER = "01932c07-209d-7c4e-9a52-5d0e4c0f8b12"
PHONE = {"kind": "phone", "value": "+8613800138000"}
CAPTURE = {"source": "ads", "channel": "web", "name": "Zhang San", "identities": [PHONE]}


@cache
def application(**settings: Any) -> Application:
    return create_app(Settings(**settings))


def memory_side(**limits: Any) -> WriteSide:
    ledger = memory_ledger()
    executor = Executor(DECIDERS, ledger, clock=server_clock)
    return WriteSide(ledger, executor, GroupWriter(executor.steps, **limits))


class House:
    """Asks an application, from a thread that has no event loop."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, daemon=True)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house")

    @classmethod
    def opened(cls, write: WriteSide | None = None, **settings: Any) -> Self:
        """The application is the same for all who want these settings; what it has in it is not."""
        app, side = application(**settings), write or memory_side()
        app.service.write_side, app.service.tally = side, Tally()
        app.service.looks = LookLog(side.ledger.rows.add_looks)
        return cls(app)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.app.service.look_log.close()
        self.app.service.write.close()

    def stop(self) -> None:
        self.run(self.http.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def ask(self, method: str, path: str, by: Mapping[str, str] | None = None, **given: Any) -> httpx.Response:
        headers = {**(by or {}), **given.pop("headers", {})}
        answer: httpx.Response = self.run(self.http.request(method, path, headers=headers, **given))
        return answer

    def get(self, path: str, by: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        return self.ask("GET", path, by, headers=named(headers))

    def post(self, path: str, body: Any = None, by: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        """A command; bytes go as they are, and `if_match="…"` is the header If-Match."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        typed = {} if content is None else {"Content-Type": "application/json"}
        return self.ask("POST", path, by, content=content, headers=typed | named(headers))

    def lines(
        self, lines: Iterable[Any], by: Mapping[str, str], *, pieces: Iterable[bytes] | None = None
    ) -> list[dict[str, Any]]:
        """Send lines, and read the outcomes."""
        whole = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)

        async def body() -> AsyncIterator[bytes]:
            for piece in pieces if pieces is not None else (whole,):
                yield piece

        answer = self.ask("POST", "/commands", by, content=body(), headers={"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]

    @property
    def position(self) -> int:
        """Of the ledger, to see that nothing was written."""
        return self.app.service.write.ledger.last_position()

    def settle(self) -> Self:
        """Four people, and a pool of the north."""
        for name, role, team in (
            ("ann", "sales", "north/team-1"),
            ("bob", "sales", "north/team-2"),
            ("mia", "sales_manager", "north"),
            ("sue", "sales", "south/team-1"),
        ):
            body = {"name": name.title(), "role": role, "org_path": team}
            assert self.post(f"/staff/{name}/onboard", body, ADMIN).status_code == 200
        pool = {"name": "North", "members": ["north"]}
        assert self.post("/pools/north/publish", pool, ADMIN).status_code == 200
        return self

    def captured(self, lead: str = LEAD) -> Self:
        body = CAPTURE | {"identities": [PHONE | {"value": f"+86138{int(lead[-4:], 16):08}"}]}
        assert self.post(f"/leads/{lead}/capture", body, CRM).status_code == 200
        return self

    def pooled(self, lead: str = LEAD) -> Self:
        self.captured(lead)
        assert self.post(f"/leads/{lead}/pool", {"pool_id": "north", "reason": "new"}, CRM).status_code == 200
        return self

    def held(self, lead: str = LEAD, by: Mapping[str, str] = ANN) -> Self:
        self.pooled(lead)
        assert self.post(f"/leads/{lead}/claim", None, by).status_code == 200
        return self


def named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """The members of a problem, which is checked for what all of them have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    members: dict[str, Any] = answer.json()
    assert members["type"] == f"/problems/{name}"
    assert members["status"] == status
    assert members["trace_id"] == answer.headers["trace-id"]
    assert members["title"]
    assert members["detail"]
    return members
