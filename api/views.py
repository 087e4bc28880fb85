"""GET /views/{name}: lists of a read model's rows, filtered, sorted, page by page, of what the reader may see."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any, get_args, get_type_hints
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from api import as_of
from api.as_of import Moment, Moments
from api.problems import InvalidRequest, ViewNotBuilt
from api.reading import ReadAfter, Seer, Who, content, in_json, ledger_position, not_before
from api.service import Service
from api.shown import schema
from api.viewing import ViewReader
from domain.access import Action, scope_of
from domain.errors import NotAllowed
from projections import VIEWS
from projections.columns import Column
from projections.projection import Projection
from projections.query import (
    LARGEST_PAGE,
    PAGE,
    BadQuery,
    Cursor,
    Filter,
    Listing,
    cursor,
    page,
    summary,
)
from projections.query import told as told_columns
from projections.scope import Reach
from projections.sql import POSITION, of_moment
from projections.statement import Statement

LONGEST_CURSOR = 4_000
OPERATORS = ("eq", "ne", "in", "lt", "le", "gt", "ge", "null", "has")
RESERVED = {"sort", "limit", "cursor", "by", "search", *as_of.ASKED}
LONGEST_SEARCH = 200


Found = list[dict[str, Any]]
Answer = Callable[[Statement], Awaitable[tuple[int, Found]]]
"""Rows, and the position that they are of."""


def told(asking: Any, statement: Statement) -> Found:
    asking.execute(statement.sql, statement.parameters)
    return [dict(zip(statement.columns, row, strict=True)) for row in asking.fetchall()]


def position_of(asking: Any, view: Projection) -> int:
    asking.execute(POSITION, (view.name,))
    found = asking.fetchone()
    if found is None:
        raise ViewNotBuilt
    return int(found[0])


# What is asked


def listing(view: Projection, given: Sequence[tuple[str, str]], reach: Reach, cursors: "Cursors") -> Listing:
    """The query string, understood. Raises InvalidRequest."""
    single = {name: text for name, text in given if name in RESERVED}
    filters = [condition(view, name, text) for name, text in given if name not in RESERVED]
    sort = single.get("sort")
    after = cursors.opened(view, given, single["cursor"]) if "cursor" in single else None
    limit = typed("limit", int, single.get("limit", str(PAGE)))
    search = single.get("search")
    if search is not None and not 0 < len(search.strip()) <= LONGEST_SEARCH:
        raise wrong("search", f"this is a text of up to {LONGEST_SEARCH} characters")
    if search is not None and "\0" in search:
        raise wrong("search", "a text has no NUL character")
    return Listing(datetime.now(UTC), reach, filters, sort, limit, after, search)


def condition(view: Projection, parameter: str, text: str) -> Filter:
    """`status=new`, `amount.ge=1000`, `status.in=new,lost`, `owner_id.null=true`, `phones.has=…`."""
    name, _, operator = parameter.partition(".")
    if name not in view.filters or operator not in ("", *OPERATORS):
        raise wrong(parameter, f"{view.name} is filtered by {', '.join(view.filters)}, and by {', '.join(OPERATORS)}")
    kind = item_type(view, view.column(name))
    match operator or "eq":
        case "null":
            return Filter(name, "null", typed(parameter, bool, text))
        case "in":
            return Filter(name, "in", [typed(parameter, kind, each) for each in text.split(",")])
        case other:
            return Filter(name, other, typed(parameter, kind, text))  # type: ignore[arg-type]  # One of OPERATORS.


def item_type(view: Projection, column: Column) -> Any:
    """The Python type of a column's values, or of the items of an array."""
    hint = get_type_hints(view.row, include_extras=True)[column.name]
    return get_args(hint)[0] if column.many else hint


def typed(parameter: str, kind: Any, text: str) -> Any:
    if "\0" in text:
        raise wrong(parameter, "a text has no NUL character")
    try:
        found = TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise wrong(parameter, error.errors()[0]["msg"]) from None
    if isinstance(found, int) and abs(found) >= 2**63:
        raise wrong(parameter, "this is larger than any number here")
    if isinstance(found, datetime):
        try:
            return found.astimezone(UTC)  # Python knows stranger offsets than PostgreSQL does.
        except OverflowError:
            raise wrong(parameter, "this lies beyond all calendars") from None
    return found


def wrong(parameter: str, detail: str) -> InvalidRequest:
    return InvalidRequest(errors=[{"parameter": parameter, "in": "query", "detail": detail}])


class Cursors:
    """Cursors that only we can make: where a page ended, for one list and no other, with a keyed fingerprint."""

    def __init__(self, fingerprint: Callable[[str, bytes], bytes]) -> None:
        self.fingerprint = fingerprint

    def sealed(self, view: Projection, given: Sequence[tuple[str, str]], place: Cursor) -> str:
        payload = json.dumps([asked_for(view, given), *place]).encode()
        return urlsafe_b64encode(self.fingerprint("cursor", payload)[:16] + payload).decode().rstrip("=")

    def opened(self, view: Projection, given: Sequence[tuple[str, str]], text: str) -> Cursor:
        with suppress(ValueError):
            raw = urlsafe_b64decode(text[:LONGEST_CURSOR] + "=" * (-len(text) % 4))
            if compare_digest(self.fingerprint("cursor", raw[16:])[:16], raw[:16]):
                asked, *place = json.loads(raw[16:])
                if asked == asked_for(view, given):
                    return tuple(place)
        raise wrong("cursor", "this is no cursor of this list")


def asked_for(view: Projection, given: Sequence[tuple[str, str]]) -> str:
    """A short name of a list: the view, its filters and its order."""
    asked = sorted(each for each in given if each[0] not in {"cursor", "limit"})
    return sha256(json.dumps([view.name, view.version, asked]).encode()).hexdigest()[:16]


# Routes


def router(service: Service) -> APIRouter:
    """An address for each view that people may see, and for each of its summaries."""
    found = APIRouter(tags=["views"])
    for view in VIEWS:
        if view.inward:
            continue
        add_list(found, service, view)
        for name in view.summaries:
            add_summary(found, service, view, name)
    return found


async def asked_of(
    service: Service, view: Projection, request: Request, who: Any, read_after: int | None
) -> tuple[Sequence[tuple[str, str]], Listing, Answer]:
    """What a request asks, of a view that has come far enough, or that stands as it stood at another moment."""
    views, moments = service.views, service.moments
    if views is None or moments is None:
        raise ViewNotBuilt
    given = request.query_params.multi_items()
    reach = await asyncio.to_thread(reach_of, service, who)
    asked = listing(view, given, reach, Cursors(service.write.ledger.digest))
    if as_of.wanted(given):
        await ledger_position(service, read_after)
        at = await moments.moment(given, read_after)
        asked = replace(asked, now=at.now, kept_in=of_moment(at.table(view)))
        return as_of.pinned(given, at), asked, partial(answer_then, moments, view, at)
    await not_before(read_after, lambda: views.run(lambda asking: position_of(asking, view)))
    return given, asked, partial(answer_now, views, view)


async def answer_now(views: ViewReader, view: Projection, statement: Statement) -> tuple[int, Found]:
    return await views.run(lambda asking: (position_of(asking, view), told(asking, statement)))


async def answer_then(moments: Moments, view: Projection, at: Moment, statement: Statement) -> tuple[int, Found]:
    return at.position, await moments.run(view, at, lambda asking: told(asking, statement))


def reach_of(service: Service, who: Any) -> Reach:
    actor = Seer(service.write, who).actor()
    scope = scope_of(actor.role, Action.READ)
    if scope is None:
        raise NotAllowed(action=Action.READ, because=f"the role {actor.role or 'of nobody'} has no such right")
    return Reach(actor, scope)


def add_list(router: APIRouter, service: Service, view: Projection) -> None:
    async def rows(request: Request, who: Who, read_after: ReadAfter = None) -> Response:
        given, asked, answer = await asked_of(service, view, request, who, read_after)
        try:
            statement = page(view, asked)
        except BadQuery as bad:
            raise wrong(bad.field, bad.because) from None
        position, found = await answer(statement)
        headers = {"Position": str(position)}
        if len(found) > asked.limit:
            found = found[: asked.limit]
            after = Cursors(service.write.ledger.digest).sealed(view, given, cursor(view, asked, found[-1]))
            here = urlencode([*(each for each in given if each[0] != "cursor"), ("cursor", after)])
            headers["Link"] = f'</views/{view.name}?{here}>; rel="next"'
        return in_json({"rows": found}, headers)

    router.get(
        f"/views/{view.name}",
        summary=summary_line(view),
        description=FILTERS,
        operation_id=f"List{title(view.name)}",
        response_class=Response,
        response_description="Rows, and a Link to the next page",
        responses={200: content(rows_schema(view))},
        openapi_extra={"parameters": list(parameters(view))},
    )(rows)


def add_summary(router: APIRouter, service: Service, view: Projection, name: str) -> None:
    wanted = view.summaries[name]

    async def figures(request: Request, who: Who, read_after: ReadAfter = None) -> Response:
        given, asked, answer = await asked_of(service, view, request, who, read_after)
        by = [each for name, text in given if name == "by" for each in text.split(",") if each]
        try:
            statement = summary(view, name, asked, by if any(name == "by" for name, _ in given) else None)
        except BadQuery as bad:
            raise wrong(bad.field, bad.because) from None
        position, found = await answer(statement)
        return in_json({"rows": found}, {"Position": str(position)})

    router.get(
        f"/views/{view.name}/{name}",
        summary=f"The figures of {view.name.replace('_', ' ')}: {', '.join(wanted.figures)}.",
        description=FILTERS,
        operation_id=f"Read{title(view.name)}{title(name)}",
        response_class=Response,
        response_description="A row for each group",
        responses={200: content({"type": "object", "properties": {"rows": {"type": "array"}}, "required": ["rows"]})},
        openapi_extra={
            "parameters": [
                *(each for each in parameters(view) if each["name"] not in RESERVED.difference(as_of.ASKED)),
                parameter("by", {"type": "string"}, "Columns, with commas between; empty is all together."),
            ]
        },
    )(figures)


FILTERS = f"""\
Every filter is a column: `status=new`, or a column and a comparison: `amount.ge=1000`, `status.in=new,lost`,
`owner_id.null=true`, `phones.has=…`. Comparisons are {", ".join(OPERATORS)}. Only what
the caller may see is listed; `Position` says how far the view has come.
"""


def parameters(view: Projection) -> Iterator[dict[str, Any]]:
    sorts = [each for name in view.sorts for each in (name, f"-{name}")]
    yield parameter("sort", {"enum": sorts}, "A column, or the other way round with a `-` before it.")
    yield parameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE}, "Rows a page."
    )
    yield parameter("cursor", {"type": "string"}, "From the Link of the page before.")
    if searched := (*view.search, *filter(None, [view.words])):
        told = f"A text in {', '.join(searched)}; of a phone number its end, or all of it from the + on."
        yield parameter("search", {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH}, told)
    for name, (kind, told) in as_of.PARAMETERS.items():
        yield parameter(name, dict(kind), told)
    for name in view.filters:
        column = view.column(name)
        each = f"{name}.has" if column.many else name
        yield parameter(each, schema(item_type(view, column)), "")


def parameter(name: str, told: dict[str, Any], description: str) -> dict[str, Any]:
    found = {"name": name, "in": "query", "required": False, "schema": told}
    return found | ({"description": description} if description else {})


def rows_schema(view: Projection) -> dict[str, Any]:
    hints = get_type_hints(view.row)
    columns = {each.name: schema(hints[each.name]) for each in told_columns(view)}
    computed = {name: {"anyOf": [schema(kind), {"type": "null"}]} for name, (kind, _) in view.computed.items()}
    row = {"type": "object", "properties": columns | computed, "required": [*columns, *computed]}
    return {"type": "object", "properties": {"rows": {"type": "array", "items": row}}, "required": ["rows"]}


def summary_line(view: Projection) -> str:
    return f"Rows of {view.name.replace('_', ' ')} that the caller may see."


def title(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
