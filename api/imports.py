"""POST /imports/leads and what comes before it: a table of leads looked at, tried out, and brought in.

The table is sent each time, so that nothing of it is kept here; ids follow from its rows, so that nothing is done
twice (decision 69).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.looking import Looking
from api.parameters import wrong
from api.proven import an_object
from api.reading import Seer, Who, content, in_json
from api.service import Service
from api.sheet.bringing import Bringing, lines, rejects
from api.sheet.foreseen import STANDINGS, Foreseen, Preview, told_of_holders
from api.sheet.layout import Layout
from api.sheet.table import MOST_ROWS, Table, layout_told, looked_at, table_of
from api.sheet.uploaded import LONGEST_MAP, uploaded
from api.spreadsheet import MEDIA_TYPE
from domain.access import Action, decide
from domain.actor import Actor

PAGE, LARGEST_PAGE = 100, 500
MOST = 2**63 - 1
NDJSON = "application/x-ndjson"
UNKEPT = {"Cache-Control": "no-store"}

MapText = Annotated[
    str | None,
    Query(
        alias="map",
        max_length=LONGEST_MAP,
        description="How the table is to be read, as JSON: `columns`, `values`, `region`, `system`, `time_zone`, "
        "`encoding`, `separator`; what is left out is guessed.",
        examples=['{"columns": {"phone": ["Office", "Private"], "name": "Firm"}, "region": "CN"}'],
    ),
]


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["imports"])
    add_look(found, service)
    add_preview(found, service)
    add_import(found, service)
    return found


def must_be_allowed(service: Service, who: Actor, layout: Layout | None = None) -> None:
    """New leads are for who may capture, history for who may import; before it is known which, for either.

    Raises NotAllowed.
    """
    actor = Seer(service.write, who).actor()
    actions = [Action.CAPTURE, Action.IMPORT]
    if layout is not None:
        actions = [Action.IMPORT if layout.history else Action.CAPTURE]
    refusals = [decide(actor, action, None) for action in actions]
    if None not in refusals and refusals[0] is not None:
        raise refusals[0]


# Looked at


def add_look(router: APIRouter, service: Service) -> None:
    @router.post(
        "/imports/leads/columns",
        summary="How a table of leads is written, its columns, what is guessed of them, and its first rows.",
        description=ABOUT,
        operation_id="LookAtLeads",
        response_class=Response,
        response_description="How it is laid out, with what a column might be mapped to",
        responses={200: content(LOOKED)},
        openapi_extra={"requestBody": BODY},
    )
    async def look(request: Request, who: Who, told: MapText = None) -> Response:
        await asyncio.to_thread(must_be_allowed, service, who)
        with service.table():
            sent = await uploaded(request, int(service.settings.max_table), told)
            return in_json(await asyncio.to_thread(looked_at, service, sent), UNKEPT)


# Tried out


def add_preview(router: APIRouter, service: Service) -> None:
    @router.post(
        "/imports/leads/preview",
        summary="What would come of each row of a table of leads, and of how many what. Nothing is written.",
        description=PREVIEW,
        operation_id="PreviewLeads",
        response_class=Response,
        response_description="Numbers, a page of rows, and behind which row the next page begins",
        responses={200: content(FORESEEN)},
        openapi_extra={"requestBody": BODY},
    )
    async def preview(
        request: Request,
        who: Who,
        eye: Looking,
        told: MapText = None,
        only: Annotated[str | None, Query(max_length=200, description="Standings, with commas between.")] = None,
        after: Annotated[int, Query(ge=0, le=MOST, description="Only rows behind this one.")] = 0,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> Response:
        await asyncio.to_thread(must_be_allowed, service, who)
        wanted = standings(only)
        trace_id = request.state.trace_id
        with service.table():
            sent = await uploaded(request, int(service.settings.max_table), told)
            table, rows = await asyncio.to_thread(ready, service, sent, who)
            found = await asyncio.to_thread(Preview(service, table, who, trace_id).page, after, limit, wanted)
        sight = await asyncio.to_thread(told_of_holders, Seer(service.write, who), found.held)
        await eye.saw(sight)
        return in_json(foreseen(table, rows, found), UNKEPT)


def standings(only: str | None) -> list[str]:
    """Raises InvalidRequest."""
    found = [] if only is None else [each.strip() for each in only.split(",")]
    for each in found:
        if each not in STANDINGS:
            raise wrong("only", f"{each!r} is none of {', '.join(STANDINGS)}")
    return found


def ready(service: Service, sent: Any, who: Actor) -> tuple[Table, int]:
    """The table, and how many rows it has, for who may bring it in."""
    table = table_of(service, sent, enough=True)
    must_be_allowed(service, who, table.layout)
    return table, table.count()


def foreseen(table: Table, rows: int, found: Foreseen) -> dict[str, Any]:
    return {
        "layout": layout_told(table.layout),
        "rows": rows,
        "counts": {each: found.counts[each] for each in STANDINGS},
        "page": found.page,
        "next": found.page[-1]["row"] if found.more else None,
    }


# Brought in


def add_import(router: APIRouter, service: Service) -> None:
    @router.post(
        "/imports/leads",
        summary="Brings in a table of leads, row by row; the same table again changes nothing.",
        description=IMPORT,
        operation_id="ImportLeads",
        response_class=Response,
        response_description="A line for each row that is not in, one after each transaction, and a summary",
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}, "text/csv": {"schema": CSV}}}},
        openapi_extra={"requestBody": BODY},
    )
    async def bring(
        request: Request,
        who: Who,
        told: MapText = None,
        answer: Annotated[
            Literal["lines", "rejects"], Query(description="`rejects`: only these, as a file.")
        ] = "lines",
    ) -> Response:
        await asyncio.to_thread(must_be_allowed, service, who)
        with service.table():
            sent = await uploaded(request, int(service.settings.max_table), told)
            table, rows = await asyncio.to_thread(ready, service, sent, who)
        bringing = Bringing(service, table, who, request.state.trace_id, rows)
        if answer == "lines":
            return StreamingResponse(going_on(service, lines(bringing)), headers=UNKEPT | {"Content-Type": NDJSON})
        named = {"Content-Type": MEDIA_TYPE, "Content-Disposition": 'attachment; filename="rejects.csv"'}
        return StreamingResponse(going_on(service, rejects(bringing)), headers=UNKEPT | named)


async def going_on(service: Service, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """As long as somebody takes the answer; where nobody does, what has gone in is in."""
    with service.table(begun=True):
        async for part in parts:
            yield part


# How it is documented

BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}, "example": "name,phone\nAnn,+8613800138001\n"},
        "text/tab-separated-values": {"schema": {"type": "string"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}, "map": {"type": "string"}},
                "required": ["file"],
            }
        },
    },
}
ABOUT = f"""
The body is the table as it is, in UTF-8, UTF-16 with its mark, or GB18030 with a Chinese header, or whatever `encoding`
says; at most {MOST_ROWS} rows. A form may send it as `file`, with the map as `map`. Nothing of it is kept.
"""
PREVIEW = f"""
Each row has a `status`: {", ".join(f"`{each}`" for each in STANDINGS)}. It is decided as it would be if it came in now,
behind the rows before it. `repeats` names the earlier row of the same person, `known` the open lead, and whose it is,
where the caller may see that. The table is sent again for each page.
"""
IMPORT = """
Rows go in in their order, 256 in a transaction, each as a `CaptureLead` of the caller's; with a column for
`occurred_at` they are history. A line is `{"line", "id", "status", "problem", "text"}` of a row that is not in, or
`{"done", "rows", "counts"}` after a transaction; the last has `finished`, and the ledger's `position`. Where it is
broken off, the same table again goes on from there. With `answer=rejects` the rows that are not in come as
comma-separated values, as they were, each behind its number and what is wrong with it; sent once more after an import,
that is all it does.
"""
CSV = {"type": "string"}
NUMBER, TEXT = {"type": "integer"}, {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
LAID_OUT = an_object(
    "TableLayout",
    {
        "encoding": TEXT,
        "separator": TEXT,
        "history": {"type": "boolean"},
        "header": TEXTS,
        "columns": {"type": "object", "additionalProperties": TEXTS},
        "values": {"type": "object"},
        "unmapped": TEXTS,
        "lacking": TEXTS,
    },
)
OF_ROW = {"row": NUMBER, "cells": TEXTS}
LOOKED = an_object(
    "Looked",
    {
        "layout": LAID_OUT,
        "rows": NUMBER,
        "sample": {"type": "array", "items": an_object("Sample", OF_ROW)},
        "fields": TEXTS,
        "custom": {"type": "array", "items": {"type": "object"}},
    },
)
FORESEEN = an_object(
    "Foreseen",
    {
        "layout": LAID_OUT,
        "rows": NUMBER,
        "counts": an_object("Standings", dict.fromkeys(STANDINGS, NUMBER)),
        "page": {"type": "array", "items": an_object("Row", OF_ROW | {"status": {"enum": [*STANDINGS]}})},
        "next": {"type": ["integer", "null"]},
    },
)
