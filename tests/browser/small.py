"""A service of a few pages, under the policy of ours: for what is to be seen of the browser and of the harness."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import HTMLResponse, StreamingResponse

from api.web.assets import add_assets, asset
from tests.api.serving import in_thread

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
EMPTY = Response(status_code=204)


@dataclass
class Small:
    """Pages and scripts by path. `lines` are what a stream says, in turn: each list is said on one connection, which
    then breaks; the last is said and kept open. `resumed` are the Last-Event-IDs that came.
    """

    pages: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)
    resumed: list[str | None] = field(default_factory=list)
    origin: str = ""

    def page(self, body: str, *, scripts: tuple[str, ...] = (), head: str = "", path: str = "/page") -> str:
        """Put a page there, and say where. `scripts` are names of assets, or paths of scripts that are here."""
        tags = "".join(f'<script defer src="{each if each[0] == "/" else asset(each)}"></script>' for each in scripts)
        self.pages[path] = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{head}{tags}</head><body><main><h1>A page</h1>{body}</main></body></html>"
        )
        return self.origin + path

    async def said(self) -> AsyncIterator[str]:
        mine = self.lines[min(len(self.resumed), len(self.lines)) - 1]
        for each in mine:
            yield each
        if len(self.resumed) >= len(self.lines):
            await asyncio.sleep(60)


def application(small: Small) -> FastAPI:
    app, router = FastAPI(), APIRouter()
    add_assets(router)
    app.include_router(router)

    @app.get("/live")
    async def live(request: Request) -> Response:
        small.resumed.append(request.headers.get("last-event-id"))
        return StreamingResponse(small.said(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def anything(path: str) -> Response:
        here = f"/{path}"
        if here in small.pages:
            return HTMLResponse(small.pages[here], headers={"Content-Security-Policy": POLICY})
        if here in small.scripts:
            kind = "text/css" if here.endswith(".css") else "text/javascript"
            return Response(small.scripts[here], media_type=kind)
        return statuses().get(path, Response(status_code=404))

    return app


def statuses() -> Mapping[str, Response]:
    """A refusal, and nothing at all, each as a fragment."""
    return {
        "refused": HTMLResponse("<p id='refusal'>Chen has it</p>", status_code=409),
        "favicon.ico": EMPTY,
    }


@contextmanager
def serving(small: Small) -> Iterator[Small]:
    app: Any = application(small)  # Served like ours.
    with in_thread(app) as port:
        small.origin = f"http://127.0.0.1:{port}"
        yield small
