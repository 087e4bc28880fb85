"""What a button asks for: a command like any other, with an id of its own, a reason, and a version where it matters."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic_core import from_json, to_json

from api.body import Form
from api.commands import address
from api.problems import NotFound
from api.web.choosing import WITH_ANY, named, offered
from api.web.desk import ROOT, Desk, back_to, form_of, html
from api.web.fields import body, fields, filled, kinds_within
from api.web.inside import Told, part_of
from api.web.page import Asking
from api.web.rendering import drawn
from api.web.visitor import AFTER
from api.web.words import texts

REMEMBERED = 15  # Seconds in which what is read has what was done.
ABOUT = frozenset(
    {"command_id", "version", "reason_code", "reason_text", "in_dialog", "back", "label", "then", "leave"}
)
UNASKED = 422
FIXED = "fixed."  # Before the name of what is decided by where the form is: it is not asked, but goes along.
OWN_ORIGIN = frozenset({"same-origin", "none"})


def add_commands(router: APIRouter, desk: Desk) -> None:
    def form_named(name: str) -> Form:
        """Raises NotFound for a command that pages do not offer."""
        if f"commands.{name}" not in texts() or name not in desk.service.forms:
            raise NotFound
        return desk.service.forms[name]

    async def around_form(asking: Asking, form: Form) -> dict[str, Any]:
        """Whom, which pools, and what else can be chosen."""
        pools = (await asking.inside.get("/views/pool_directory"))["rows"]
        return {**await desk.around(asking), "pools": pools, "offers": await offered(asking.inside, form)}

    async def asked(request: Request, command: str, key: str) -> Response:
        """The form of a command, with what stands in the address filled in already."""
        form, asking = form_named(command), desk.asking(request)
        return html(form_drawn(form, key, asking, await around_form(asking, form), asking.query, {}))

    async def sent(request: Request, command: str, key: str) -> Response:
        must_be_ours(request)
        form, asking, given = form_named(command), desk.asking(request), await form_of(request)
        plural, verb = address(form)
        found = fields(form)
        said = {name: text for name, text in given.items() if name not in ABOUT and not name.startswith(FIXED)}
        try:
            path = f"/{part_of('{}/{}/{}', plural, key, verb)}"
            answer = await asking.inside.send(
                path, body(found, said, asking.visitor.zone, kinds_within(form.takes)), headers(given)
            )
        except Told as no:
            return await refused(request, form, key, asking, given, no)
        done = accepted(request, command, asking, given, answer.position or 0)
        if "in_dialog" not in given or "hx-request" not in request.headers or not given.get("then"):
            return done
        following = form_named(given["then"])
        around = await around_form(asking, following)
        return next_step(done, form_drawn(following, key, asking, around | {"done": command}, {}, {}))

    async def refused(
        request: Request, form: Form, key: str, asking: Asking, given: Mapping[str, str], no: Told
    ) -> Response:
        """The form once more with what is wrong in it, or the sentence alone where a button was all there was."""
        if "in_dialog" in given or "hx-request" not in request.headers:
            around = await around_form(asking, form)
            return html(form_drawn(form, key, asking, around, given, wrong(no), no), no.status)
        told = drawn("notice.html", asking.visitor, {**await desk.around(asking), "no": no})
        return html(told, no.status, {"HX-Retarget": "#notices"})

    router.add_api_route(f"{ROOT}/commands/{{command}}/{{key}}", asked, methods=["GET"], include_in_schema=False)
    router.add_api_route(f"{ROOT}/commands/{{command}}/{{key}}", sent, methods=["POST"], include_in_schema=False)


def form_drawn(
    form: Form,
    key: str,
    asking: Asking,
    around: Mapping[str, Any],
    given: Mapping[str, str],
    errors: Mapping[str, str],
    no: Told | None = None,
) -> str:
    fixed = {name.removeprefix(FIXED): text for name, text in given.items() if name.startswith(FIXED)}
    facts = {
        "command": form.name,
        "key": key,
        "here": f"{ROOT}/commands/{form.name}/{quote(key, safe='')}",
        "fields": [
            each
            for each in named(filled(fields(form), given, errors), around["offers"], asking.visitor.language)
            if each.name not in fixed
        ],
        "reasons": around["offers"].get(WITH_ANY, ()),
        "fixed": fixed,
        "given": defaultdict(str, given),
        "errors": [text for name, text in errors.items() if name not in {each.name for each in fields(form)}],
        "no": no,
    }
    return drawn("command.html", asking.visitor, {**around, **facts})


def wrong(no: Told) -> dict[str, str]:
    """What is wrong, by the names of the fields; JSON Pointers say where."""
    return {
        str(each.get("pointer", each.get("parameter", ""))).strip("/").replace("/", "."): each["detail"]
        for each in no.problem.get("errors", ())
    }


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """What goes along beside the body: a form that is sent twice is one command."""
    found = {}
    if re.fullmatch(r"[0-9a-f-]{36}", given.get("command_id", "")):
        found["idempotency-key"] = str(UUID(given["command_id"]))
    if given.get("version", "").isdecimal():
        found["if-match"] = f'"{given["version"]}"'
    text, code = given.get("reason_text", "").strip(), given.get("reason_code", "").strip()
    if text or code:
        found["x-reason-code"] = quote(code or "by-hand", safe="")
    if text:
        found["x-reason-text"] = quote(text, safe="")
    return found


def accepted(request: Request, command: str, asking: Asking, given: Mapping[str, str], position: int) -> Response:
    """Whatever its sender reads next has it in it."""
    text = drawn("notice.html", asking.visitor, {"no": None, "command": command})
    if "hx-request" in request.headers and "leave" in given:  # What it was about is on another page.
        found: Response = html("", headers={"HX-Redirect": back_to(given.get("back")).headers["location"]})
    elif "hx-request" in request.headers:
        told = to_json({"desk-done": {"position": position}}).decode()
        found = html(text, headers={"HX-Trigger": told, "HX-Retarget": "#notices"})
    else:
        found = back_to(given.get("back"))
    found.set_cookie(AFTER, str(position), max_age=REMEMBERED, httponly=True, samesite="strict", path=ROOT)
    return found


def next_step(done: Response, form: str) -> Response:
    """What belongs together is asked one after the other, in one dialog."""
    told = from_json(done.headers["HX-Trigger"])
    found = html(form, headers={"HX-Trigger": to_json({"desk-done": {**told["desk-done"], "stay": True}}).decode()})
    found.headers.append("set-cookie", done.headers["set-cookie"])
    return found


def must_be_ours(request: Request) -> None:
    """A form of somebody else's page changes nothing here. Raises NotFound."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    here = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if (site is not None and site not in OWN_ORIGIN) or (origin not in (None, here) and site is None):
        raise NotFound
