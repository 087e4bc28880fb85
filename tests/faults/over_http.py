"""Commands over HTTP, as a client sends them that keeps its connection and knows what a 503 means."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter
from pydantic_core import to_json

from api.body import forms
from api.commands import address
from commands import DECIDERS
from commands.ask import Ask
from tests.faults.clients import Unanswered
from tests.faults.journal import Told

FORMS = forms(DECIDERS)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def request(ask: Ask) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of a command."""
    form = FORMS[type(ask.command).__name__]
    plural, verb = address(form)
    data = adapter(form.takes).dump_python(ask.command, mode="json", by_alias=True, exclude_none=True)
    key = quote(str(data.pop(form.decider.id_field)), safe="")
    headers = {
        "X-Actor": f"{ask.caller.kind}:{ask.caller.id}",
        "Idempotency-Key": str(ask.command_id),
        "Content-Type": "application/json",
    }
    if ask.caller.kind != "user":
        headers["X-Role"] = ask.caller.role
    return f"/{plural}/{key}/{verb}", headers, to_json(data)


def told(answer: Answer) -> Told:
    """What came of it. Raises Unanswered for a 503, and fails for any other server error."""
    if answer.status == 503:
        assert "retry-after" in answer.headers
        raise Unanswered(answer.body["type"])
    assert answer.status < 500, answer
    if answer.status == 200:
        return Told(answer.body["position"], None, answer.body["version"])
    name = "".join(part.title() for part in answer.body["type"].removeprefix("/problems/").split("-"))
    assert "position" in answer.headers, answer
    return Told(int(answer.headers["position"]), name)


class Sender:
    """One connection, made anew when it is lost, for a thread. `port` may change when a service is started again."""

    def __init__(self, port: Callable[[], int]) -> None:
        self.port = port
        self.connection: HTTPConnection | None = None

    def __call__(self, ask: Ask) -> Told:
        path, headers, body = request(ask)
        try:
            if self.connection is None:
                self.connection = HTTPConnection("127.0.0.1", self.port(), timeout=60)
            self.connection.request("POST", path, body=body, headers=headers)
            answer = self.connection.getresponse()
            raw = answer.read()
        except (OSError, HTTPException) as lost:
            self.close()
            time.sleep(0.05)
            raise Unanswered(type(lost).__name__) from lost
        return told(Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(raw)))

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@contextmanager
def senders(port: Callable[[], int], count: int) -> Iterator[list[Sender]]:
    several = [Sender(port) for _ in range(count)]
    try:
        yield several
    finally:
        for sender in several:
            sender.close()


LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Caller:
    """One kept connection of an event loop; quick, because many of them share two cores with those they call."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, ask: Ask) -> Answer:
        path, headers, body = request(ask)
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        assert length is not None
        raw = await reader.readexactly(int(length[1]))
        status, *rest = head.decode("latin-1").split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in rest if line)
        return Answer(int(status.split(" ")[1]), found, json.loads(raw))

    async def settle(self, ask: Ask) -> Answer:
        """The answer; a 503 is what it says: try again later."""
        while True:
            answer = await self.post(ask)
            if answer.status != 503:
                return answer
            await asyncio.sleep(float(answer.headers["retry-after"]) / 10)

    def close(self) -> None:
        if self.streams is not None:
            with suppress(OSError):
                self.streams[1].close()
