"""How an answer goes out by hand, past the framework; and how what went wrong here is noted."""

import asyncio
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from starlette.types import Send

from api.headers import Headers, trace_of
from api.problems import MEDIA_TYPE, Problem

LOG = structlog.get_logger()
SERVER_ERROR = 500
LINE = "lifeledger.line"


@dataclass(slots=True)
class Line:
    """What a long answer may know of its connection, where the server tells it: an extension of the scope."""

    cut: Callable[[], None] = lambda: None
    """Close it, with what has not been taken."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service is to stop."""


def fresh_trace(headers: Headers) -> str:
    """The trace of a request, or one that begins with it."""
    return trace_of(headers, lambda: os.urandom(16).hex())


def note(error: BaseException, trace_id: str) -> None:
    """Log where something broke, and not with what: messages and values of variables may be somebody's data."""
    frames = [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(error.__traceback__)]
    LOG.error("failed", trace_id=trace_id, error=type(error).__name__, frames=frames[-12:])


async def send_problem(
    send: Send, problem: Problem, trace_id: str, error: Exception, *, position: bytes | None = None
) -> None:
    """Send a problem; what is nobody's fault but ours is noted."""
    if problem.status == SERVER_ERROR:
        note(error, trace_id)
    headers = problem.headers if position is None else {**problem.headers, "Position": position.decode("ascii")}
    await send_whole(send, problem.status, MEDIA_TYPE, problem.body(), trace_id, headers)


async def send_whole(
    send: Send, status: int, media_type: str, body: bytes, trace_id: str, headers: Mapping[str, str]
) -> None:
    raw = [(name.lower().encode("ascii"), content.encode("latin-1")) for name, content in headers.items()]
    raw += [
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", b"%d" % len(body)),
        (b"trace-id", trace_id.encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
