"""The desk: every page and every part of one, what its buttons ask for, who looks, and what changes meanwhile."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp

from api.problems import BodyTooLarge, NotFound, Unauthenticated
from api.sending import LINE
from api.service import Service
from api.web.catalogs import Catalogs
from api.web.inside import Inside, Told
from api.web.page import Asking, Page, Part
from api.web.people import People
from api.web.rendering import SAFE, drawn
from api.web.visitor import Visitor, visitor_of
from api.web.words import Words

ROOT = "/desk"
MOST_OF_A_FORM = 2**18  # Bytes.
UNBUILT = frozenset({"view-not-built"})


class Desk:
    """What the pages share. `app` answers what they ask."""

    def __init__(self, app: ASGIApp, service: Service, pages: Sequence[Page]) -> None:
        self.app = app
        self.service = service
        self.pages = pages
        self.people = People()
        self.catalogs = Catalogs()

    @property
    def roles(self) -> bool:
        """Whether people may choose who they are."""
        return self.service.settings.sign_in == "roles"

    def visitor(self, request: Request) -> Visitor:
        settings = self.service.settings
        return visitor_of(request, self.service.write.ledger.digest, settings.time_zone, roles=self.roles)

    def asking(self, request: Request) -> Asking:
        """Raises Unauthenticated."""
        visitor = self.visitor(request)
        if not visitor.actor:
            raise Unauthenticated(because="nobody has signed in")
        inside = Inside(self.app, visitor.actor, visitor.after, extensions=request.scope.get("extensions", {}))
        inside.extensions = {name: each for name, each in inside.extensions.items() if name == LINE}
        words = Words(visitor.language, visitor.zone)
        asked = request.query_params
        path = dict(request.path_params)
        return Asking(visitor, inside, words, path, dict(asked), catalogs=self.catalogs, pairs=asked.multi_items())

    # Pages

    async def page(self, request: Request, page: Page) -> Response:
        asking = self.asking(request)
        try:
            around = await self.around(asking)
            asking = replace(asking, role=around["role"])
            own = {} if page.load is None else dict(await page.load(asking))
        except Told as no:
            return html(drawn("refused.html", asking.visitor, {"no": no, **self.shell(None)}), no.status)
        parts = [part for part in page.parts if not part.lazy]
        made = await asyncio.gather(*(self.part(asking, page, part, around) for part in parts))
        drawings = dict(zip((part.name for part in parts), made, strict=True))

        def part(name: str) -> str:
            return drawings.get(name) or self.empty(asking, page, page.by_name[name], around)

        facts = {**around, **self.shell(page), **own, "part": part, "asked": defaultdict(str, asking.query)}
        facts |= {"here_page": request.url.path, "least": asking.inside.position}
        block = "main" if "hx-request" in request.headers else None
        facts["drawer"] = block is not None  # It is shown within another page.
        return html(drawn(page.template, asking.visitor, facts, block))

    def shell(self, page: Page | None) -> dict[str, Any]:
        return {
            "page": page,
            "pages": self.pages,
            "root": ROOT,
            "roles": self.roles,
            "follows": page.follows if page else (),
        }

    async def around(self, asking: Asking) -> dict[str, Any]:
        """Who works here, and who of them looks. Raises Told."""
        people = await self.people.all(asking.inside)
        own = people.get(asking.visitor.staff_id or "")
        role = own["role"] if own else asking.visitor.actor.get("x-role", "service_account")

        def name(staff_id: str | None) -> str:
            return "–" if staff_id is None else people[staff_id]["name"] if staff_id in people else staff_id

        return {"people": people, "me": own, "role": role, "person": name, "root": ROOT}

    async def one_part(self, request: Request, page: Page, name: str) -> Response:
        asking = self.asking(request)
        if name not in page.by_name:
            raise NotFound
        try:
            around = await self.around(asking)
        except Told as no:
            facts = {"no": no, "here": str(request.url.path), "this": page.by_name[name], "waiting": False}
            return html(drawn("refused_part.html", asking.visitor, facts))
        return html(await self.part(replace(asking, role=around["role"]), page, page.by_name[name], around))

    async def part(self, asking: Asking, page: Page, part: Part, around: Mapping[str, Any]) -> str:
        """Drawn with what it shows, or with why it shows nothing."""
        facts = {**around, "here": here(asking, page, part), "this": part, "asked": defaultdict(str, asking.query)}
        try:
            found = await part.load(asking)
        except Told as no:
            waiting = no.kind in UNBUILT
            return drawn("refused_part.html", asking.visitor, facts | {"no": no, "waiting": waiting})
        return drawn(part.template, asking.visitor, {**facts, "stale": asking.inside.stale, **found})

    def empty(self, asking: Asking, page: Page, part: Part, around: Mapping[str, Any]) -> str:
        facts = {**around, "here": here(asking, page, part), "this": part}
        return drawn("loading_part.html", asking.visitor, facts)


def here(asking: Asking, page: Page, part: Part) -> str:
    """The address of a part, as its page was asked for."""
    path = ROOT + page.path.format(**{name: quote(key, safe="") for name, key in asking.path.items() if name != "part"})
    asked = "&".join(f"{quote(name)}={quote(text)}" for name, text in asking.pairs)
    return f"{path.rstrip('/')}/-/{part.name}" + (f"?{asked}" if asked else "")


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(text, status, headers={**SAFE, **(headers or {})})


async def form_of(request: Request) -> dict[str, str]:
    """What a form says; of what is there twice, the last. Raises BodyTooLarge."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST_OF_A_FORM:
            raise BodyTooLarge(limit=MOST_OF_A_FORM)
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


def back_to(path: str | None) -> RedirectResponse:
    """To a page of ours, and nowhere else."""
    safe = path if path and path.startswith(f"{ROOT}/") and "\\" not in path and "\n" not in path else f"{ROOT}/"
    return RedirectResponse(safe, 303)


def to_sign_in(request: Request) -> RedirectResponse:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{ROOT}/sign-in?{urlencode({'back': here})}", 303)


def pages_of(router: APIRouter, desk: Desk) -> None:
    for page in desk.pages:
        add_page(router, desk, page)


def add_page(router: APIRouter, desk: Desk, page: Page) -> None:
    async def whole(request: Request) -> Response:
        if not desk.visitor(request).actor:
            return to_sign_in(request)
        return await desk.page(request, page)

    async def one(request: Request) -> Response:
        if not desk.visitor(request).actor:
            return html("", 401, {"HX-Redirect": f"{ROOT}/sign-in"})
        return await desk.one_part(request, page, request.path_params["part"])

    router.add_api_route(f"{ROOT}{page.path}", whole, methods=["GET"], include_in_schema=False)
    if page.parts:
        path = f"{ROOT}{page.path.rstrip('/')}/-/{{part}}"
        router.add_api_route(path, one, methods=["GET"], include_in_schema=False)
