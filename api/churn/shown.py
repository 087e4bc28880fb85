"""Which customers the rows of a table may show to whom; and the rows, a page of them or all of them in a file.

What is large is put together in a thread of its own, a part at a time: whoever else asks is not kept waiting by it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any
from uuid import UUID

import anyio
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from api.asking import told
from api.churn.facts import ChurnFacts
from api.churn.files import MEDIA_TYPES, PIECE, Form, in_file, in_order
from api.churn.pages import Asked, page_of
from api.looking import Eye, rows_seen
from api.problems import ViewNotBuilt
from api.reading import in_json
from api.service import Service
from consumers.churn.extras import needed
from domain.access import Scope
from projections.churn.facts import customer_lives
from projections.query import Filter, Listing, every, subjects
from projections.scope import Reach

TOGETHER = 500  # Customers of whom is asked at a time whether they are seen, and who stand in one line of the log.
EVERYBODY = 2**40
NOTHING: Mapping[str, Any] = {}


# Tables


async def answer(service: Service, asked: Asked, name: str, table: Any, extract: Any) -> Response:
    """A table in which nobody stands."""
    churn = churn_of(service)
    with churn.place():
        if asked.form == "json":
            return in_page(asked, extract, *(await churn.run(churn.telling, page_of, table, asked)))
        file = await churn.run(churn.telling, in_file, table, asked.form)
    return as_file(asked.form, f"{name}-{extract.day}", file, extract.position)


async def answer_of_customers(
    service: Service,
    reach: Reach,
    eye: Eye,
    asked: Asked,
    name: str,
    table: Any,
    extract: Any,
    beside: Mapping[str, Any] = NOTHING,
) -> Response:
    """The rows about customers whom the caller may see today; that he is shown them is logged, and nobody else is. What
    is told `beside` them is so in JSON, which has room for it.
    """
    churn = churn_of(service)
    with churn.place():
        if reach.scope is not Scope.ALL:
            his = await views_of(service).run(partial(all_seen, reach))
            table = await churn.run(churn.telling, only, table, his)
        if asked.form == "json":
            rows, after = await churn.run(churn.telling, page_of, table, asked)
            known = await seen(service, reach, eye, list(dict.fromkeys(row["customer_id"] for row in rows)))
            return in_page(asked, extract, [row for row in rows if row["customer_id"] in known], after, beside)
        table = await churn.run(churn.telling, in_order, table)
        known = set()
        ids = table["customer_id"].unique()
        for start in range(0, len(ids), TOGETHER):
            known |= await seen(service, reach, eye, ids.slice(start, TOGETHER).to_pylist())
        file = await churn.run(churn.telling, of_those, table, known, asked.form)
    return as_file(asked.form, f"{name}-{extract.day}", file, extract.position)


async def in_whole(service: Service, told: Mapping[str, Any], extract: Any) -> Response:
    """What has no pages, though it may be long."""
    churn = churn_of(service)
    with churn.place():
        body = await churn.run(churn.telling, to_json, {**told, **moment(extract)})
    return Response(body, media_type="application/json", headers={"Position": str(extract.position)})


def in_page(
    asked: Asked,
    extract: Any,
    rows: Sequence[Mapping[str, Any]],
    after: str | None,
    beside: Mapping[str, Any] = NOTHING,
) -> Response:
    headers = {"Position": str(extract.position)}
    if after is not None:
        headers["Link"] = f'<{asked.next(after, extract.position)}>; rel="next"'
    return in_json({"rows": rows, **beside, **moment(extract)}, headers)


def as_file(form: Form, name: str, file: IO[bytes], position: int) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "Content-Length": str(file.seek(0, 2)),
        "Position": str(position),
    }
    file.seek(0)
    return StreamingResponse(pieces(file), media_type=MEDIA_TYPES[form], headers=headers)


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Of a file that has no name, and is gone once it is closed."""
    with file:
        while piece := await anyio.to_thread.run_sync(file.read, PIECE):
            yield piece


def moment(extract: Any) -> dict[str, Any]:
    return {"day": extract.day, "position": extract.position}


# Who is seen


async def seen(service: Service, reach: Reach, eye: Eye, ids: Sequence[str]) -> set[str]:
    """Those of some customers whom the caller may see; that he is shown them is logged."""
    rows: Sequence[Mapping[str, Any]] = [{"customer_id": each} for each in ids]
    if reach.scope is not Scope.ALL:
        rows = await views_of(service).run(partial(those_seen, reach, ids))
    await shown(eye, reach, rows)
    return {str(row["customer_id"]) for row in rows}


def those_seen(reach: Reach, ids: Sequence[str], asking: Any) -> list[Mapping[str, Any]]:
    some = Filter("customer_id", "in", [UUID(each) for each in ids])
    return [*told(asking, every(customer_lives, Listing(datetime.now(UTC), reach, [some])))]


def all_seen(reach: Reach, asking: Any) -> Collection[str]:
    found = told(asking, subjects(customer_lives, Listing(datetime.now(UTC), reach), EVERYBODY))
    return {row["subject_id"].partition("/")[2] for row in found}


async def shown(eye: Eye, reach: Reach, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), TOGETHER):
        await eye.saw(rows_seen(customer_lives, rows[start : start + TOGETHER], reach))
        await anyio.lowlevel.checkpoint()  # Of many, others are answered in between.


def only(table: Any, ids: Collection[str]) -> Any:
    """The rows about some customers."""
    arrow, compute = needed("pyarrow"), needed("pyarrow.compute")
    return table.filter(compute.is_in(table["customer_id"], value_set=arrow.array(sorted(ids), arrow.string())))


def of_those(table: Any, ids: Collection[str], form: str) -> IO[bytes]:
    return in_file(only(table, ids), form)


# What is there


def churn_of(service: Service) -> ChurnFacts:
    """Raises ViewNotBuilt."""
    if service.churn is None:
        raise ViewNotBuilt
    return service.churn


def views_of(service: Service) -> Any:
    """Raises ViewNotBuilt."""
    if service.views is None:
        raise ViewNotBuilt
    return service.views
