"""GET /views/{name}: lists of a read model's rows, filtered, sorted, page by page, of what the reader may see; how many
there are, their figures, and all of it as comma-separated values.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_type_hints
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.addresses import has_events, rows_behind, with_events
from api.as_of import ASKED
from api.asking import FILTERS, RESERVED, Asked, Cursors, Found, asked_of, parameters
from api.changes import add_changes
from api.looking import Eye, Looking, rows_seen
from api.parameters import wrong
from api.reading import ReadAfter, Who, content, in_json
from api.service import Service
from api.shown import schema
from api.spreadsheet import MEDIA_TYPE, header, lines
from projections import VIEWS
from projections.projection import Projection
from projections.query import LARGEST_PAGE, MOST_GROUPS, BadQuery, Listing, answered, count, cursor, page, summary
from projections.query import told as told_columns
from projections.statement import Statement

OF_A_PAGE = frozenset({"sort", "limit", "cursor", "search", "group", *ASKED})
OF_ALL = frozenset({"sort", "search", "group", *ASKED})
OF_A_COUNT = frozenset({"search", "group", *ASKED})
OF_FIGURES = frozenset({"by", "search", "group", *ASKED})


def router(service: Service) -> APIRouter:
    """An address for each view that people may see, and for each of its summaries."""
    found = APIRouter(tags=["views"])
    for view in VIEWS:
        if view.inward:
            continue
        assert not {"count", "changes"} & view.summaries.keys(), f"{view.name} has a summary whose name is taken"
        assert not RESERVED & {*view.filters}, f"{view.name} is filtered by what means something else"
        add_list(found, service, view)
        add_whole_list(found, service, view)
        add_count(found, service, view)
        add_changes(found, service, view)
        for name in view.summaries:
            add_summary(found, service, view, name)
    return found


def page_of(view: Projection, asked: Listing) -> Statement:
    try:
        return page(view, asked)
    except BadQuery as bad:
        raise wrong(bad.field, bad.because) from None


# Lists


def add_list(router: APIRouter, service: Service, view: Projection) -> None:
    async def rows(request: Request, who: Who, eye: Looking, read_after: ReadAfter = None) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_A_PAGE, read_after=read_after)
        wanted = asked.listing
        position, found = await asked.answer(page_of(view, wanted))
        headers = {"Position": str(position)}
        if len(found) > wanted.limit:
            found = found[: wanted.limit]
            after = Cursors(service.write.ledger.digest).sealed(view, asked.given, cursor(view, wanted, found[-1]))
            here = urlencode([*(each for each in asked.given if each[0] != "cursor"), ("cursor", after)])
            headers["Link"] = f'</views/{view.name}?{here}>; rel="next"'
        await eye.saw(rows_seen(view, found, asked.reach))
        return in_json({"rows": [with_events(view, row, wanted.reach) for row in found]}, headers)

    router.get(
        f"/views/{view.name}",
        summary=f"Rows of {spoken(view)} that the caller may see.",
        description=FILTERS,
        operation_id=f"List{title(view.name)}",
        response_class=Response,
        response_description="Rows, and a Link to the next page",
        responses={200: content(rows_schema(view))},
        openapi_extra={"parameters": list(parameters(view, OF_A_PAGE))},
    )(rows)


def add_count(router: APIRouter, service: Service, view: Projection) -> None:
    async def number(request: Request, who: Who, read_after: ReadAfter = None) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_A_COUNT, read_after=read_after)
        try:
            statement = count(view, asked.listing)
        except BadQuery as bad:
            raise wrong(bad.field, bad.because) from None
        position, [found] = await asked.answer(statement)
        return in_json(found, {"Position": str(position)})

    shape = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    router.get(
        f"/views/{view.name}/count",
        summary=f"How many rows of {spoken(view)} the caller may see.",
        description=FILTERS,
        operation_id=f"Count{title(view.name)}",
        response_class=Response,
        response_description="Their number",
        responses={200: content(shape)},
        openapi_extra={"parameters": list(parameters(view, OF_A_COUNT))},
    )(number)


# As comma-separated values


def add_whole_list(router: APIRouter, service: Service, view: Projection) -> None:
    async def rows(request: Request, who: Who, eye: Looking, read_after: ReadAfter = None) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_ALL, read_after=read_after)
        eye.must_say_what_for(view, asked.reach)
        wanted = replace(asked.listing, limit=LARGEST_PAGE)
        position, first = await asked.answer(page_of(view, wanted))
        await eye.saw(rows_seen(view, first[: wanted.limit], asked.reach))
        return StreamingResponse(pages(asked, view, wanted, first, eye), headers=csv_headers(view.name, position))

    router.get(
        f"/views/{view.name}.csv",
        summary=f"All rows of {spoken(view)} that the caller may see, as comma-separated values.",
        description=FILTERS + IN_CELLS,
        operation_id=f"Export{title(view.name)}",
        response_class=Response,
        response_description="A line for each row, after one with the names of the columns",
        responses={200: CSV},
        openapi_extra={"parameters": list(parameters(view, OF_ALL))},
    )(rows)


async def pages(asked: Asked, view: Projection, wanted: Listing, rows: Found, eye: Eye) -> AsyncIterator[bytes]:
    """Page after page, each a read of its own, at the present of the first. What fails on the way breaks it off. That
    the first is seen has been logged.
    """
    columns = answered(view)
    yield header(columns)
    while True:
        yield lines(columns, rows[: wanted.limit])
        if len(rows) <= wanted.limit:
            return
        wanted = replace(wanted, after=cursor(view, wanted, rows[wanted.limit - 1]))
        _, rows = await asked.answer(page(view, wanted))
        await eye.saw(rows_seen(view, rows[: wanted.limit], asked.reach))


def csv_headers(name: str, position: int) -> Mapping[str, str]:
    return {
        "Content-Type": MEDIA_TYPE,
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Position": str(position),
    }


CSV: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
IN_CELLS = """
What has several values is JSON in its cell. A text that a spreadsheet would take for a formula has an apostrophe before
it. A list that does not come to its end breaks off, and does not end.
"""


# Summaries


def add_summary(router: APIRouter, service: Service, view: Projection, name: str) -> None:
    wanted = view.summaries[name]

    async def figures(request: Request, who: Who, eye: Looking, read_after: ReadAfter = None) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_FIGURES, read_after=read_after)
        by, statement = grouped(view, name, asked)
        position, found = await groups_of(asked, statement)
        await eye.saw(rows_seen(view, found, asked.reach))
        rows = [row | rows_behind(view, wanted, asked.given, by, row) for row in found]
        return in_json({"rows": rows}, {"Position": str(position)})

    async def in_cells(request: Request, who: Who, eye: Looking, read_after: ReadAfter = None) -> Response:
        asked = await asked_of(service, view, request, who, takes=OF_FIGURES, read_after=read_after)
        _, statement = grouped(view, name, asked)
        position, found = await groups_of(asked, statement)
        await eye.saw(rows_seen(view, found, asked.reach))
        body = header(statement.columns) + lines(statement.columns, found)
        return Response(body, headers=dict(csv_headers(f"{view.name}-{name}", position)))

    told = f"{spoken(view)}: {', '.join(wanted.figures)}"
    shared: dict[str, Any] = {
        "response_class": Response,
        "openapi_extra": {"parameters": list(parameters(view, OF_FIGURES))},
    }
    router.get(
        f"/views/{view.name}/{name}",
        summary=f"The figures of {told}.",
        description=FILTERS + BEHIND,
        operation_id=f"Read{title(view.name)}{title(name)}",
        response_description="A row for each group",
        responses={200: content(FIGURES)},
        **shared,
    )(figures)
    router.get(
        f"/views/{view.name}/{name}.csv",
        summary=f"The figures of {told}; as comma-separated values.",
        description=FILTERS + IN_CELLS,
        operation_id=f"Export{title(view.name)}{title(name)}",
        response_description="A line for each group, after one with the names of the columns",
        responses={200: CSV},
        **shared,
    )(in_cells)


def grouped(view: Projection, name: str, asked: Asked) -> tuple[Sequence[str], Statement]:
    """The columns by which the figures are told, and what they are asked for with. Raises InvalidRequest."""
    given = [text for parameter, text in asked.given if parameter == "by"]
    by = [each for text in given for each in text.split(",") if each] if given else view.summaries[name].by
    try:
        return by, summary(view, name, asked.listing, by)
    except BadQuery as bad:
        raise wrong(bad.field, bad.because) from None


async def groups_of(asked: Asked, statement: Statement) -> tuple[int, Found]:
    """All of them: figures that lack some would be taken for the whole. Raises InvalidRequest for too many."""
    position, found = await asked.answer(statement)
    if len(found) > MOST_GROUPS:
        raise wrong("by", f"there are more than {MOST_GROUPS:,} groups; tell them by fewer columns, or filter")
    return position, found


BEHIND = """
`rows` is the address of the rows behind a group, `rows_of` that of the rows that a figure counts.
"""
FIGURES = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "rows": {"type": "string", "format": "uri-reference"},
                    "rows_of": {
                        "type": "object",
                        "additionalProperties": {"type": "string", "format": "uri-reference"},
                    },
                },
                "required": ["rows", "rows_of"],
            },
        }
    },
    "required": ["rows"],
}


# How it is documented


def rows_schema(view: Projection) -> dict[str, Any]:
    row = row_schema(view)
    return {"type": "object", "properties": {"rows": {"type": "array", "items": row}}, "required": ["rows"]}


def row_schema(view: Projection) -> dict[str, Any]:
    hints = get_type_hints(view.row)
    columns = {each.name: schema(hints[each.name]) for each in told_columns(view)}
    columns |= {name: {"anyOf": [schema(kind), {"type": "null"}]} for name, (kind, _) in view.computed.items()}
    if has_events(view):
        columns["events"] = {"type": ["string", "null"], "format": "uri-reference"}
    return {"type": "object", "properties": columns, "required": [*columns]}


def spoken(view: Projection) -> str:
    return view.name.replace("_", " ")


def title(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
