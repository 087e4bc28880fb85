"""What is masked, shown whole to who may know it: once he has said what for, and that stands in the access log."""

from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Request, Response

from api.web.commanding import must_be_ours
from api.web.desk import ROOT, Desk, form_of, html
from api.web.inside import Told, part_of
from api.web.page import Asking
from api.web.rendering import drawn
from api.web.words import texts

PURPOSES = ("call-back", "delivery", "complaint", "verification", "quality", "legal")
"""What people say it is for; whoever has a better word for it writes that."""


def add_unmasking(router: APIRouter, desk: Desk) -> None:
    def page(asking: Asking, kind: str, key: str, given: dict[str, str], **told: Any) -> str:
        """`label` is the name of a text, and nothing that an address could bring along."""
        label = f"unmask.labels.{given.get('label', '')}"
        here = part_of(f"{ROOT}/open/{{}}/{{}}", kind, key)
        facts = {"here": here, "given": defaultdict(str, given), "purposes": PURPOSES, "no": None, "opened": None}
        name = label if label in texts() else "unmask.labels.value"
        return drawn("unmask.html", asking.visitor, {**facts, "label": name, **told})

    async def asked(request: Request, kind: str, key: str) -> Response:
        asking = desk.asking(request)
        return html(page(asking, kind, key, dict(asking.query)))

    async def opened(request: Request, kind: str, key: str) -> Response:
        must_be_ours(request)
        asking, given = desk.asking(request), await form_of(request)
        purpose = given.get("purpose_other", "").strip() or given.get("purpose", "")
        body = {"event_id": given.get("event", ""), "field": given.get("field", "")}
        headers = {"x-purpose": purpose} if purpose.isascii() and purpose.isprintable() and purpose else {}
        try:
            answer = await asking.inside.send(part_of("/subjects/{}/{}/open", kind, key), body, headers)
        except Told as no:
            around = await desk.around(asking)
            return html(page(asking, kind, key, given, no=no, **around), no.status)
        return html(page(asking, kind, key, given, opened=answer.told, purpose=purpose, **await desk.around(asking)))

    router.add_api_route(f"{ROOT}/open/{{kind}}/{{key}}", asked, methods=["GET"], include_in_schema=False)
    router.add_api_route(f"{ROOT}/open/{{kind}}/{{key}}", opened, methods=["POST"], include_in_schema=False)
