"""GET /audit/span: from where to where the ledger goes, or the history of a subject, and what was recorded when: the
ends of a slider over moments, and marks on it; for who may read everything.
"""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.as_of import meant
from api.asking import reach_of
from api.looking import Looking, streams_seen
from api.parameters import wrong
from api.proven import NUMBER, an_object
from api.reading import AsOf, ReadAfter, Who, content, in_json, ledger_position
from api.service import Service
from api.trace import BadQuestion, subject_of
from domain.errors import Hidden
from ledger.ledger import Ledger
from ledger.row import Row
from projections.audit_trail import audit_trail

MOST_MARKS = 100


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["audit"])

    @found.get(
        "/audit/span",
        summary="The first and the last moment of the ledger, or of a subject, and some in between.",
        description=TELLS,
        operation_id="ReadSpan",
        response_class=Response,
        response_description="Positions, and when each was recorded",
        responses={200: content(SPAN)},
    )
    async def span(
        who: Who,
        eye: Looking,
        subject: Annotated[
            str | None, Query(max_length=500, description="`lead/<id>`, `staff/<id>` and so on.")
        ] = None,
        as_of: AsOf = None,
        marks: Annotated[int, Query(ge=0, le=MOST_MARKS, description="How many, evenly, the ends among them.")] = 0,
        read_after: ReadAfter = None,
    ) -> Response:
        reach = await asyncio.to_thread(reach_of, service, who, audit_trail)
        try:
            stream = None if subject is None else subject_of(subject)
        except BadQuestion as no:
            raise wrong(no.asked, no.because) from None
        position = await ledger_position(service, read_after)
        found = await asyncio.to_thread(told, service.write.ledger, position, stream, as_of, marks)
        await eye.saw(streams_seen([] if stream is None else [stream], reach))
        return in_json(found, {"Position": str(position)})

    return found


def told(ledger: Ledger, last: int, stream: str | None, as_of: str | None, marks: int) -> dict[str, Any]:
    """Raises InvalidRequest, or Hidden where nothing has happened to the subject."""
    at = None if as_of is None else meant(ledger, as_of, None)
    if stream is None:
        ends = [moment(each) for each in at_positions(ledger, evenly(last, 2))]
        between = [moment(each) for each in at_positions(ledger, evenly(last, marks))]
    else:
        newest = ledger.rows.latest_rows([stream], last + 1, 1)
        if not newest:
            raise Hidden(subject=stream)
        versions = newest[0].originator_version
        ends = [of_subject(each) for each in at_versions(ledger, stream, evenly(versions, 2))]
        between = [of_subject(each) for each in at_versions(ledger, stream, evenly(versions, marks))]
    found: dict[str, Any] = {"first": None, "last": None}
    if ends:
        found = {"first": ends[0], "last": ends[-1]}
    if at is not None:
        recorded = ledger.recorded_at(at.position) if at.position else None
        found["at"] = {"position": at.position, "recorded_at": recorded}
    return found | {"marks": between}


def evenly(last: int, how_many: int) -> list[int]:
    """So many of 1 to the last, both of them too; all where there are no more."""
    if how_many >= last:
        return [*range(1, last + 1)]
    if how_many < 2:
        return [last][:how_many]
    return [1 + (last - 1) * nth // (how_many - 1) for nth in range(how_many)]


def at_positions(ledger: Ledger, positions: Iterable[int]) -> Iterable[Row]:
    for position in positions:
        yield from ledger.rows.select_rows(position - 1, 1)


def at_versions(ledger: Ledger, stream: str, versions: Iterable[int]) -> Iterable[Row]:
    for version in versions:
        yield from ledger.rows.next_rows(stream, version - 1, 1)


def moment(row: Row) -> dict[str, Any]:
    return {"position": row.notification_id, "recorded_at": row.recorded_at}


def of_subject(row: Row) -> dict[str, Any]:
    return moment(row) | {"version": row.originator_version, "type": row.topic, "occurred_at": row.occurred_at}


# How it is documented

TELLS = """
Each position is one for `as_of`; so is each time. `at` is the position that `as_of` comes to, and when that was
recorded. Of a subject each is told with its version, its type, and when it happened.
"""
MOMENT = {
    "type": "object",
    "properties": {
        "position": NUMBER,
        "recorded_at": {"type": ["string", "null"], "format": "date-time"},
        "version": NUMBER,
        "type": {"type": "string"},
        "occurred_at": {"type": "string", "format": "date-time"},
    },
    "required": ["position", "recorded_at"],
}
END = {"anyOf": [MOMENT, {"type": "null"}]}
SPAN = an_object("Span", {"first": END, "last": END, "marks": {"type": "array", "items": MOMENT}})
SPAN["properties"]["at"] = MOMENT
