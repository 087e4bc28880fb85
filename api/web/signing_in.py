"""Who looks, in which language and light: where that is offered, one chooses whom of the house one is."""

from fastapi import APIRouter, Request, Response

from api.problems import NotFound
from api.web.commanding import must_be_ours
from api.web.desk import ROOT, Desk, back_to, form_of, html
from api.web.inside import Inside, Told
from api.web.rendering import drawn
from api.web.visitor import COOKIE, HOURS, KEYS, LANGUAGE, THEME, sealed

YEAR = 365 * 24 * 3600
ANYBODY = {"x-actor": "service:desk", "x-role": "auditor"}  # Who works here is told to everybody.
CHOICES = {LANGUAGE: ("zh", "en"), THEME: ("auto", "light", "dark"), KEYS: ("on", "off")}


def add_signing_in(router: APIRouter, desk: Desk) -> None:
    async def choose(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not desk.roles:
            return html(drawn("nobody.html", visitor, {**desk.shell(None), "back": None}), 401)
        try:
            people = await desk.people.all(Inside(desk.app, ANYBODY))
        except Told as no:
            return html(drawn("refused.html", visitor, {**desk.shell(None), "no": no}), no.status)
        facts = {"people": people, "back": request.query_params.get("back", f"{ROOT}/")}
        return html(drawn("sign_in.html", visitor, {**desk.shell(None), **facts}))

    async def chosen(request: Request) -> Response:
        must_be_ours(request)
        given = await form_of(request)
        if not desk.roles:
            raise NotFound
        people = await desk.people.all(Inside(desk.app, ANYBODY))
        if (staff_id := given.get("staff_id", "")) not in people:
            raise NotFound
        found = back_to(given.get("back"))
        text = sealed(desk.service.write.ledger.digest, staff_id)
        found.set_cookie(COOKIE, text, max_age=int(HOURS * 3600), httponly=True, samesite="strict", path=ROOT)
        return found

    async def settled(request: Request) -> Response:
        """How he wants to see it; kept in his browser alone."""
        must_be_ours(request)
        given = await form_of(request)
        found = back_to(given.get("back"))
        for name, choices in CHOICES.items():
            if given.get(name) in choices:
                found.set_cookie(name, given[name], max_age=YEAR, httponly=True, samesite="strict", path=ROOT)
        return found

    router.add_api_route(f"{ROOT}/sign-in", choose, methods=["GET"], include_in_schema=False)
    router.add_api_route(f"{ROOT}/sign-in", chosen, methods=["POST"], include_in_schema=False)
    router.add_api_route(f"{ROOT}/settings", settled, methods=["POST"], include_in_schema=False)
