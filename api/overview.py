"""GET /customers/{customer_id}/overview: all that is known of a customer, and what has happened to him, on one page."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.asking import least_position, reach_of, told
from api.looking import Looking, Sight, rows_seen
from api.problems import ViewNotBuilt
from api.reading import LARGEST_PAGE, PAGE, ReadAfter, Seer, Who, content, in_json, not_before
from api.screen_pop import ROWS, around_seen, by_kind
from api.service import Service
from api.shown import told as told_event
from api.views import row_schema
from domain.actor import Actor
from domain.errors import Hidden
from projections.customers import customers
from projections.inspectable import inspectable_calls
from projections.query import Filter, Listing, page
from projections.related import CALLS, OPEN, VIEWS_ASKED, around_customer, streams_of
from projections.revenue import revenue
from projections.scope import Reach

LAST = 2**63 - 1
VIEWS = (*VIEWS_ASKED, revenue, inspectable_calls)
KINDS = ("contact", CALLS.kind, *(part.kind for part in OPEN))


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["customers"])

    @found.get(
        "/customers/{customer_id}/overview",
        summary="The customer, whom to talk to, what is open of him, and what has happened, the last first.",
        description="Of his history what the caller may see, personal values masked. `Link` leads to what was before.",
        operation_id="ReadCustomerOverview",
        response_class=Response,
        response_description="All that is known of him, and a Link to the next page of his history",
        responses={200: content(SCHEMA)},
    )
    async def overview(
        who: Who,
        customer_id: UUID,
        eye: Looking,
        before: Annotated[int, Query(ge=1, le=LAST, description="Only events before this position.")] = LAST,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
        read_after: ReadAfter = None,
    ) -> Response:
        if service.views is None:
            raise ViewNotBuilt
        views = service.views
        reach = await asyncio.to_thread(reach_of, service, who)
        await not_before(read_after, lambda: views.run(lambda asking: least_position(asking, VIEWS)))
        answer, streams, position = await views.run(partial(known_of, customer_id, reach, datetime.now(UTC)))
        events, more, sight = await asyncio.to_thread(history, service, who, streams, before, limit)
        himself = rows_seen(customers, [answer["customer"], *answer["earlier"]], reach)
        await eye.saw(himself | around_seen(answer, reach) | sight)
        headers = {"Position": str(position)}
        if more:
            here = f"/customers/{customer_id}/overview?before={events[-1]['position']}&limit={limit}"
            headers["Link"] = f'<{here}>; rel="next"'
        return in_json(answer | {"timeline": events}, headers)

    return found


def known_of(customer_id: UUID, reach: Reach, now: datetime, asking: Any) -> tuple[dict[str, Any], list[str], int]:
    """What the views tell, in one snapshot, and the streams of his history. Raises Hidden."""
    position = least_position(asking, VIEWS)
    rows = told(asking, page(customers, Listing(now, reach, [Filter("customer_id", "eq", customer_id)])))
    if not rows:
        raise Hidden(subject=f"customer/{customer_id}")
    around = told(asking, around_customer(customer_id, now, reach))
    streams = [row["stream"] for row in told(asking, streams_of(customer_id, now))]
    few = {kind: [row["told"] for row in around if row["kind"] == kind] for kind in ("earlier", "paid")}
    return {"customer": rows[0], **few, **by_kind(KINDS, around)}, streams, position


def history(
    service: Service, who: Actor, streams: Sequence[str], before: int, limit: int
) -> tuple[list[dict[str, Any]], bool, Sight]:
    """The last events of those streams that he may see, whether there are any before them, and whom they show."""
    ledger = service.write.ledger
    seer = Seer(service.write, who)
    seen = seer.those_seen(streams)
    rows = ledger.rows.latest_rows(seen, before, limit + 1)
    found = ledger.recorded(rows[:limit])
    sight = seer.sight(dict.fromkeys(each.stream for each in found))
    return [told_event(each, ledger.codec) for each in found], len(rows) > limit, sight


SCHEMA = {
    "type": "object",
    "title": "CustomerOverview",
    "properties": {
        "customer": row_schema(customers),
        "earlier": ROWS | {"description": "Who became him."},
        "paid": ROWS | {"description": "What came in for his orders and did not go back, in each currency."},
        **{f"{kind}s": ROWS for kind in KINDS},
        "timeline": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
    },
    "required": ["customer", "earlier", "paid", *(f"{kind}s" for kind in KINDS), "timeline"],
}
