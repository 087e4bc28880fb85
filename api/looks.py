"""GET /audit/looks: who looked at whom, for those who may read everything; and whether somebody reads oddly much."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from api.looking import FIELDS, Eye, Looking, Sight, purpose, sealed_fields
from api.parameters import wrong
from api.problems import BadHeader, ViewNotBuilt
from api.reading import Seer, Who, content, in_json
from api.service import Service
from api.spreadsheet import MEDIA_TYPE, header, lines
from api.viewing import ViewReader
from commands import DECIDERS
from domain.access import Action, Scope, scope_of
from domain.actor import Actor
from domain.errors import NotAllowed
from ledger.looks import COLUMNS, MORE, ODD_COLUMNS, TIMES, USUAL_DAYS, Wanted, looks, reading_on

PAGE, LARGEST_PAGE = 100, 500
KINDS = {decider.name for decider in DECIDERS}
VIEWERS = ("user", "service", "integration", "operator")

Viewer = Annotated[str | None, Query(max_length=200, description="Who looked: `user:ann`.")]
Subject = Annotated[str | None, Query(max_length=200, description="Who was looked at: `lead/…`, `customer/…`.")]
Since = Annotated[AwareDatetime | None, Query(description="Not before this.")]
Until = Annotated[AwareDatetime | None, Query(description="Before this.")]
Purpose = Annotated[str | None, Query(description="What for, as X-Purpose said it.")]
Field = Annotated[str | None, Query(description="What was shown unmasked: `contacts.name`.")]


def wanted(
    viewer: Viewer = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    purpose: Purpose = None,
    field: Field = None,
) -> Wanted:
    """Raises InvalidRequest."""
    return understood(viewer, subject, since, until, purpose, field)


def understood(
    viewer: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    what_for: str | None,
    field: str | None,
) -> Wanted:
    """What is asked of the access log. Raises InvalidRequest."""
    who = None
    if viewer is not None:
        kind, _, name = viewer.partition(":")
        if kind not in VIEWERS or not name or "\0" in name:
            raise wrong("viewer", f"{viewer!r} is nobody: say {', '.join(f'{each}:…' for each in VIEWERS)}")
        who = kind, name
    if subject is not None:
        kind, _, key = subject.partition("/")
        if kind not in KINDS or not key or "\0" in key:
            raise wrong("subject", f"{subject!r} is no subject: say lead/ or customer/, and its id")
    if since is not None and until is not None and since >= until:
        raise wrong("until", "this is not after `since`")
    if field is not None and field not in FIELDS and field not in sealed_fields():
        told = f"{', '.join(FIELDS)} are, and what is sealed in events, as lead.captured.name"
        raise wrong("field", f"{field!r} is not masked for anybody: {told}")
    if what_for is not None:
        try:
            purpose(what_for)
        except BadHeader as no:
            raise wrong("purpose", no.because) from None
    return Wanted(viewer=who, subject=subject, since=since, until=until, purpose=what_for, field=field)


def router(service: Service) -> APIRouter:
    found = APIRouter(prefix="/audit/looks", tags=["audit"])
    add_page(found, service)
    add_whole(found, service)
    add_reading(found, service)
    return found


# Looks


def add_page(router: APIRouter, service: Service) -> None:
    @router.get(
        "",
        summary="Who looked at whom, the last first; for those who may read everything.",
        description=TELLS,
        operation_id="ListLooks",
        response_class=Response,
        response_description="Looks, and a Link to those before them",
        responses={200: content(rows_schema(LOOK))},
    )
    async def page(
        request: Request,
        who: Who,
        eye: Looking,
        asked: Annotated[Wanted, Depends(wanted)],
        before: Annotated[UUID | None, Query(description="Only those before this look.")] = None,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> Response:
        views = await may_audit(service, who, eye, asked)
        rows = await ask(views, looks(replace(asked, before=before), limit + 1), COLUMNS)
        headers = {}
        if len(rows) > limit:
            rows = rows[:limit]
            given = [each for each in request.query_params.multi_items() if each[0] != "before"]
            here = urlencode([*given, ("before", rows[-1]["look_id"])])
            headers["Link"] = f'</audit/looks?{here}>; rel="next"'
        return in_json({"rows": rows}, headers)


def add_whole(router: APIRouter, service: Service) -> None:
    @router.get(
        ".csv",
        summary="Who looked at whom, the last first, all of it as comma-separated values.",
        description=TELLS,
        operation_id="ExportLooks",
        response_class=Response,
        response_description="A line for each look, after one with the names of the columns",
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def whole(who: Who, eye: Looking, asked: Annotated[Wanted, Depends(wanted)]) -> Response:
        views = await may_audit(service, who, eye, asked)
        rows = await ask(views, looks(asked, LARGEST_PAGE), COLUMNS)
        named = {"Content-Type": MEDIA_TYPE, "Content-Disposition": 'attachment; filename="looks.csv"'}
        return StreamingResponse(pages(views, asked, rows), headers=named)


async def pages(views: ViewReader, asked: Wanted, rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    yield header(COLUMNS)
    while rows:
        yield lines(COLUMNS, rows)
        rows = await ask(views, looks(replace(asked, before=rows[-1]["look_id"]), LARGEST_PAGE), COLUMNS)


# And how much


def add_reading(router: APIRouter, service: Service) -> None:
    @router.get(
        "/days",
        summary="How many subjects everybody looked at on a day, how many not his own, and whether that is odd.",
        description=ODD,
        operation_id="ReadLookDays",
        response_class=Response,
        response_description="A row for each who looked at somebody, what is odd first",
        responses={200: content(rows_schema(DAY))},
    )
    async def days(
        who: Who, eye: Looking, day: Annotated[date | None, Query(description="In UTC; today if not given.")] = None
    ) -> Response:
        views = await may_audit(service, who, eye, Wanted())
        when = datetime.now(UTC).date() if day is None else day
        if not date(1970, 2, 1) <= when <= date(9000, 1, 1):
            raise wrong("day", "nobody looked at anything then")
        return in_json({"rows": await ask(views, reading_on(when), ODD_COLUMNS)}, {})


async def may_audit(service: Service, who: Actor, eye: Eye, asked: Wanted) -> ViewReader:
    """Whoever may read everything; and that he does is a look itself. Raises NotAllowed, or LookNotRecorded."""
    actor = await asyncio.to_thread(Seer(service.write, who).actor)
    if scope_of(actor.role, Action.READ) is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because="the access log is for those who may read everything")
    if service.views is None:
        raise ViewNotBuilt
    whose = [] if asked.viewer is None or asked.viewer[0] != "user" else [f"staff/{asked.viewer[1]}"]
    subjects = [*whose, *([] if asked.subject is None else [asked.subject])]
    await eye.saw(Sight(actor, subjects=tuple(dict.fromkeys(subjects))), always=True)
    return service.views


async def ask(views: ViewReader, asked: tuple[str, Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    def run(asking: Any) -> list[dict[str, Any]]:
        asking.execute(*asked)
        return [dict(zip(columns, row, strict=True)) for row in asking.fetchall()]

    return await views.run(run)


# How it is documented

TELLS = """
A look is one answer, or a page of one. `subjects` are ids; `not_own` says how many of them were not the viewer's own
(nobody's, a pool's or somebody else's); `fields` were shown as they were written, of the views named before the point;
`asked` are the names of the parameters, never what was sought. That somebody reads this is a look, too.
"""
ODD = f"""
`subjects`, `not_own` and `unmasked` (those of whom something was shown that others see masked) count each subject once
a day. `usual_…` is the median of his days with any looks in the {USUAL_DAYS} days before; of who has fewer than three
of them, that of all days of his role (`usual_of`); null where those are too few as well, and then nobody can say what
is odd. Odd is more than {TIMES} times the usual, and at least {MORE} more, of `subjects` or of `not_own`.
"""
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TEXTS = {"type": "array", "items": TEXT}
LOOK = {
    **dict.fromkeys(COLUMNS, TEXT),
    "look_id": {"type": "string", "format": "uuid"},
    "looked_at": {"type": "string", "format": "date-time"},
    "purpose": {"type": ["string", "null"]},
    **dict.fromkeys(("asked", "subjects", "fields"), TEXTS),
    "not_own": NUMBER,
}
DAY = {
    **dict.fromkeys(ODD_COLUMNS, NUMBER),
    "day": {"type": "string", "format": "date"},
    "viewer": TEXT,
    "role": TEXT,
    "usual_of": {"enum": ["his days", "his role", None]},
    "usual_subjects": {"type": ["number", "null"]},
    "usual_not_own": {"type": ["number", "null"]},
    "odd": {"type": ["boolean", "null"]},
}


def rows_schema(row: Mapping[str, Any]) -> dict[str, Any]:
    each = {"type": "object", "properties": dict(row), "required": [*row]}
    return {"type": "object", "properties": {"rows": {"type": "array", "items": each}}, "required": ["rows"]}
