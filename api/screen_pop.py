"""GET /screen-pop: who is calling, while it rings."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from phonenumbers import SUPPORTED_REGIONS

from api.asking import least_position, reach_of, told
from api.looking import Looking, Sight, rows_seen
from api.parameters import wrong
from api.problems import ViewNotBuilt
from api.reading import ReadAfter, Seer, Who, content, in_json, not_before
from api.service import Service
from domain.contact.states import Contact
from domain.errors import Invalid
from domain.identity import Identifier, normalised
from projections.masking import masked
from projections.related import CALLS, CUSTOMER, OF_HIM, OPEN, VIEWS_ASKED, around_caller
from projections.scope import Reach

LONGEST = 64
Found = dict[str, list[dict[str, Any]]]


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["views"])

    @found.get(
        "/screen-pop",
        summary="Who is calling: the customer, the contact or the open lead with that number, and what is open of him.",
        description="Who is not known, or not to be seen, is not there.",
        operation_id="ReadScreenPop",
        response_class=Response,
        response_description="Who it is, and what is open",
        responses={200: content(SCHEMA)},
    )
    async def screen_pop(
        who: Who,
        eye: Looking,
        phone: Annotated[str, Query(min_length=1, max_length=LONGEST, description="E.164, or national and a region.")],
        region: Annotated[str | None, Query(min_length=2, max_length=2, description="ISO 3166, as CN.")] = None,
        read_after: ReadAfter = None,
    ) -> Response:
        if service.views is None:
            raise ViewNotBuilt
        views, number = service.views, as_number(phone, region)
        reach = await asyncio.to_thread(reach_of, service, who)
        await not_before(read_after, lambda: views.run(lambda asking: least_position(asking, VIEWS_ASKED)))
        identity = await asyncio.to_thread(identity_of, service, number)
        statement = around_caller(identity, shown(number), datetime.now(UTC), reach)
        position, rows = await views.run(lambda asking: (least_position(asking, VIEWS_ASKED), told(asking, statement)))
        around = by_kind(("customer", "contact", *(part.kind for part in OPEN)), rows)
        around["contacts"] = await asyncio.to_thread(with_number, Seer(service.write, who), number, around["contacts"])
        await eye.saw(around_seen(around, reach))
        answer = {"phone": shown(number), "caller": caller(around), **around}
        return in_json(answer, {"Position": str(position)})

    return found


def as_number(phone: str, region: str | None) -> Identifier:
    """Raises InvalidRequest for what is no phone number, or no region."""
    if region is not None and region.upper() not in SUPPORTED_REGIONS:
        raise wrong("region", f"{region!r} is no region that has telephones: say CN")
    try:
        return normalised(Identifier(kind="phone", value=phone, region=region))
    except Invalid as invalid:
        raise wrong("phone", invalid.because) from None


def shown(number: Identifier) -> str:
    return masked(number.value) or ""


def identity_of(service: Service, number: Identifier) -> UUID | None:
    return service.write.ledger.find([number]).get(number)


def by_kind(kinds: Iterable[str], rows: Sequence[dict[str, Any]]) -> Found:
    return {f"{kind}s": [row["told"] for row in rows if row["kind"] == kind] for kind in kinds}


def around_seen(around: Found, reach: Reach) -> Sight:
    """Whom all of it shows, of whichever kind."""
    found = Sight(reach.actor)
    for part in (CUSTOMER, OF_HIM, CALLS, *OPEN):
        found |= rows_seen(part.view, around.get(f"{part.kind}s", ()), reach)
    return found


def with_number(seer: Seer, number: Identifier, alike: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of those whose masked number looks like this one, who has it."""
    streams = {f"contact/{each['contact_id']}": each for each in alike}
    if streams:
        seer.view.fetch(streams)
    return [each for stream, each in streams.items() if has(seer.view.get(stream).state, number)]


def has(contact: object, number: Identifier) -> bool:
    addresses = contact.profile.addresses if isinstance(contact, Contact) else ()
    return any(each.kind == "phone" and each.value == number.value for each in addresses)


def caller(around: Found) -> dict[str, Any] | None:
    """The customer with that number; else the contact, else the lead."""
    for kind in ("customer", "contact", "lead"):
        for each in around[f"{kind}s"]:
            return {
                "kind": kind,
                "id": each[f"{kind}_id"],
                "name": each.get("name"),
                "owner_id": each.get("owner_id"),
            }
    return None


ROWS = {"type": "array", "items": {"type": "object"}}
SCHEMA = {
    "type": "object",
    "title": "ScreenPop",
    "properties": {
        "phone": {"type": "string", "description": "The number, masked."},
        "caller": {
            "type": ["object", "null"],
            "properties": {
                "kind": {"enum": ["customer", "contact", "lead"]},
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": ["string", "null"]},
                "owner_id": {"type": ["string", "null"]},
            },
            "required": ["kind", "id", "name", "owner_id"],
        },
        "customers": ROWS,
        "contacts": ROWS,
        **{f"{part.kind}s": ROWS for part in OPEN},
    },
    "required": ["phone", "caller", "customers", "contacts", *(f"{part.kind}s" for part in OPEN)],
}
