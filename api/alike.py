"""GET /customers/{customer_id}/alike: who of the others may be the same person, how likely, and why."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from api.asking import least_position, reach_of, told
from api.looking import Looking, rows_seen
from api.problems import ViewNotBuilt
from api.reading import ReadAfter, Who, content, in_json, not_before
from api.service import Service
from api.views import row_schema
from domain.called import named
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerProfileUpdated, CustomerRegistered
from domain.errors import Hidden
from domain.identity import IdentityLink
from domain.likeness import WEIGHTS, Alike, Look, misspelt, suspects
from domain.values import CustomerId, Erased, IdentityId
from ledger.ledger import Ledger
from projections.customers import customers
from projections.masking import masked
from projections.query import Filter, Listing, page
from projections.resembling import TOLD, resembling
from projections.scope import Reach

COMMON = 12  # Whose name so many others have, is not known by it.
MOST = 10


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["customers"])

    @found.get(
        "/customers/{customer_id}/alike",
        summary="Customers who may be the same person or company, the likest first.",
        description=ABOUT,
        operation_id="ReadCustomersAlike",
        response_class=Response,
        response_description="Who it may be, how alike they are, and by what evidence",
        responses={200: content(schema())},
    )
    async def alike(who: Who, customer_id: UUID, eye: Looking, read_after: ReadAfter = None) -> Response:
        if service.views is None:
            raise ViewNotBuilt
        views, ledger = service.views, service.write.ledger
        reach = await asyncio.to_thread(reach_of, service, who)
        await not_before(read_after, lambda: views.run(lambda asking: least_position(asking, [customers])))
        now = datetime.now(UTC)
        position, own = await views.run(partial(himself, customer_id, now, reach))
        look = (await asyncio.to_thread(looks, ledger, [customer_id]))[CustomerId(customer_id)]
        statement = resembling(customer_id, beginning(look), numbers_near(look), now, reach)
        rows = await views.run(lambda asking: told(asking, statement))
        found = await asyncio.to_thread(compared, ledger, look, rows)
        await eye.saw(rows_seen(customers, [own, *found], reach))
        return in_json({"alike": found}, {"Position": str(position)})

    return found


def himself(customer_id: UUID, now: datetime, reach: Reach, asking: Any) -> tuple[int, dict[str, Any]]:
    """Raises Hidden."""
    position = least_position(asking, [customers])
    rows = told(asking, page(customers, Listing(now, reach, [Filter("customer_id", "eq", customer_id)])))
    if not rows:
        raise Hidden(subject=f"customer/{customer_id}")
    return position, rows[0]


# What somebody looks like: names and numbers as they were told, which no view of customers has


def looks(ledger: Ledger, customer_ids: Collection[UUID]) -> Mapping[CustomerId, Look]:
    ledger.catch_up()  # Who was erased a moment ago looks like nobody.
    streams = {f"customer/{each}": CustomerId(each) for each in customer_ids}
    told_of: dict[CustomerId, list[object]] = {each: [] for each in streams.values()}
    for each in ledger.recorded(ledger.rows.load_rows(dict.fromkeys(streams, 0))):
        told_of[streams[each.stream]].append(each.event)
    return {customer_id: look_of(events) for customer_id, events in told_of.items()}


def look_of(events: Sequence[object]) -> Look:
    name: str | None = None
    held: dict[IdentityId, IdentityLink] = {}
    for event in events:
        match event:
            case CustomerCreated(profile=profile, identities=added):
                name, held = readable(profile.name) or name, held | by_id(added)
            case CustomerProfileUpdated(profile=profile):
                name = readable(profile.name) or name
            case CustomerRegistered(identities_added=added):
                held |= by_id(added)
            case CustomerCorrected(profile=profile, identities_added=added, identities_removed=removed):
                name = (readable(profile.name) if profile is not None else None) or name
                held = {key: link for key, link in (held | by_id(added)).items() if key not in removed}
            case _:  # Tells neither what he is called nor where he is reached.
                pass
    known = ((link.kind, readable(link.value)) for link in held.values())
    return Look(name=name, identities=tuple((kind, told) for kind, told in known if told is not None))


def by_id(links: Collection[IdentityLink]) -> dict[IdentityId, IdentityLink]:
    return {link.identity_id: link for link in links}


def readable(found: str | Erased | None) -> str | None:
    return None if isinstance(found, Erased) else found


# Who is compared, and what comes of it


def beginning(look: Look) -> str | None:
    """A company is looked for by what its name begins with, whatever is written of its legal form."""
    name = named(look.name)
    return name.text if name is not None and name.company and name.chinese else look.name


def numbers_near(look: Look) -> list[str]:
    near = (masked(number) for own in look.of("phone") for number in (own, *misspelt(own)))
    return sorted(set(filter(None, near)))


def compared(ledger: Ledger, look: Look, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    others = looks(ledger, [row["customer_id"] for row in rows])
    called_so = sum(other.name == look.name for other in others.values())
    found = suspects(look, others, many_are_called_so=called_so >= COMMON)
    return [*with_likeness(found[:MOST], {row["customer_id"]: row for row in rows})]


def with_likeness(
    found: Sequence[tuple[CustomerId, Alike]], rows: Mapping[UUID, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for customer_id, each in found:
        yield {**rows[customer_id], "likeness": each.likeness, "because": each.because}


def schema() -> dict[str, Any]:
    columns = row_schema(customers)["properties"]
    row = {
        "type": "object",
        "properties": {name: columns[name] for name in TOLD}
        | {"likeness": {"type": "integer", "minimum": 0, "maximum": 100}, "because": {"enum": sorted(WEIGHTS)}},
        "required": [*TOLD, "likeness", "because"],
    }
    return {
        "type": "object",
        "title": "CustomersAlike",
        "properties": {"alike": {"type": "array", "items": row}},
        "required": ["alike"],
    }


ABOUT = """\
Compared are their names and numbers as they were told, by the rule that compares leads; from 60 of 100 on one is told.
Only of those whom the caller may see. Nothing follows but what a person decides: to merge them, or not.
"""
