"""What a list can be asked: filters, a search, an order, a place to go on from, and who asks."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from fastapi import Request

from api import as_of
from api.as_of import Moment, Moments
from api.conditions import OPERATORS, condition, item_type, typed
from api.parameters import Given, must_be_once, wrong
from api.problems import InvalidRequest, ViewNotBuilt
from api.questions import among
from api.reading import Seer, ledger_position, not_before
from api.service import Service
from api.shown import schema
from api.viewing import ViewReader
from commands.group import groups
from domain.access import Action, Scope, scope_of
from domain.actor import Actor
from domain.errors import Hidden, NotAllowed
from domain.group import Group
from projections.projection import Projection
from projections.query import LARGEST_PAGE, PAGE, Among, BadQuery, Cursor, Filter, Listing
from projections.scope import Reach, beside
from projections.sql import POSITION, POSITIONS, hold, of_moment
from projections.statement import Statement

LONGEST_CURSOR = 4_000
LONGEST_SEARCH = 200
RESERVED = frozenset({"sort", "limit", "cursor", "by", "search", "after", "wait", "group", *as_of.ASKED})
SINGLE = RESERVED - {"by"}  # Columns may be named together, or one by one.
Found = list[dict[str, Any]]
Answer = Callable[[Statement], Awaitable[tuple[int, Found]]]
"""Rows, and the position that they are of."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a view that has come far enough."""

    view: Projection
    given: Given
    listing: Listing
    views: ViewReader
    answer: Answer
    group: Group | None = None

    @property
    def reach(self) -> Reach:
        """Of who asks; a list of the house's own would have none."""
        assert self.listing.reach is not None, "whoever asks has one"
        return self.listing.reach

    def at(self, now: datetime, reach: Reach) -> Listing:
        """The same of another present: what is told from now on is reckoned from that."""
        among = None if self.group is None else in_group(self.view, self.group, now)
        filters = conditions(self.view, self.given, now)
        return replace(self.listing, now=now, reach=replace(reach, at=now), filters=filters, among=among)


def told(asking: Any, statement: Statement) -> Found:
    asking.execute(statement.sql, statement.parameters)
    return [dict(zip(statement.columns, row, strict=True)) for row in asking.fetchall()]


def position_of(asking: Any, view: Projection) -> int:
    asking.execute(f"{hold(view)}; {POSITION}", (view.name,))
    found = asking.fetchone()
    if found is None:
        raise ViewNotBuilt
    return int(found[0])


def least_position(asking: Any, views: Sequence[Projection]) -> int:
    """How far all of several views have come."""
    asking.execute("; ".join(map(hold, views)))
    return min(position_of(asking, view) for view in views)


async def asked_of(
    service: Service,
    view: Projection,
    request: Request,
    who: Actor,
    *,
    takes: frozenset[str],
    read_after: int | None = None,
) -> Asked:
    """What a request asks, of a view as it stands or as it stood; beside filters only what is in `takes`.

    Raises InvalidRequest, ViewNotBuilt, or what `Moments` raises.
    """
    views, moments = service.views, service.moments
    if views is None or moments is None:
        raise ViewNotBuilt
    given = request.query_params.multi_items()
    for name, _ in given:
        if name in RESERVED - takes:
            raise wrong(name, f"this address takes {', '.join(sorted(takes)) or 'nothing'}, and filters")
    must_be_once([name for name, _ in given], SINGLE)
    reach = await asyncio.to_thread(reach_of, service, who, view)
    asked = listing(view, given, reach, Cursors(service.write.ledger.digest))
    answer: Answer = partial(answer_now, views, view, reach)
    group = None
    if as_of.wanted(given):
        await ledger_position(service, read_after)
        at = await moments.moment(given, read_after)
        asked = replace(asked, now=at.now, reach=replace(reach, at=None), kept_in=of_moment(at.table(view)))
        given, answer = as_of.pinned(given, at), partial(answer_then, moments, view, at)
    if (wanted := dict(given).get("group")) is not None:
        group = await asyncio.to_thread(group_of, service, who, wanted)
        asked = replace(asked, among=in_group(view, group, asked.now))
    if asked.kept_in is None:
        await not_before(read_after, lambda: views.run(lambda asking: position_for(asking, view, reach)))
    return Asked(view, given, asked, views, answer, group)


async def answer_now(views: ViewReader, view: Projection, reach: Reach, statement: Statement) -> tuple[int, Found]:
    return await views.run(lambda asking: (position_for(asking, view, reach), told(asking, statement)))


def position_for(asking: Any, view: Projection, reach: Reach) -> int:
    """How far all has come on which it depends what he is shown: from there on he may follow what changes."""
    position = position_of(asking, view)
    asking.execute(POSITIONS, (list(beside(view, reach)),))
    return min([position, *(int(at) for (at,) in asking.fetchall())])


async def answer_then(moments: Moments, view: Projection, at: Moment, statement: Statement) -> tuple[int, Found]:
    return at.position, await moments.run(view, at, lambda asking: told(asking, statement))


def group_of(service: Service, who: Actor, name: str) -> Group:
    with suppress(Hidden):
        found = Seer(service.write, who).subject(groups, name).state
        if isinstance(found, Group):
            return found
    raise wrong("group", "there is no group of this name")


def in_group(view: Projection, group: Group, now: datetime) -> Among:
    """The rows of a group. Raises InvalidRequest where it asks what the view cannot be asked."""
    if group.question.view != view.name:
        raise wrong("group", f"this is a group of {group.question.view}")
    try:
        return among(view, group.question, now)
    except (InvalidRequest, BadQuery) as no:
        raise wrong("group", str(no)) from None


def reach_of(service: Service, who: Actor, view: Projection | None = None) -> Reach:
    actor = Seer(service.write, who).actor()
    scope = scope_of(actor.role, Action.READ)
    if scope is None:
        raise NotAllowed(action=Action.READ, because=f"the role {actor.role or 'of nobody'} has no such right")
    if view is not None and view.reserved and scope is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because=f"{view.name} is for those who may read everything")
    return Reach(actor, scope, datetime.now(UTC))


def listing(view: Projection, given: Given, reach: Reach, cursors: "Cursors") -> Listing:
    """The query string, understood. Raises InvalidRequest."""
    single = {name: text for name, text in given if name in RESERVED}
    after = cursors.opened(view, given, single["cursor"]) if "cursor" in single else None
    now = datetime.now(UTC) if after is None or after[0] is None else datetime.fromisoformat(after[0])
    filters = conditions(view, given, now)
    limit = typed("limit", int, single.get("limit", str(PAGE)))
    search = single.get("search")
    if search is not None and not 0 < len(search.strip()) <= LONGEST_SEARCH:
        raise wrong("search", f"this is a text of up to {LONGEST_SEARCH} characters")
    if search is not None and "\0" in search:
        raise wrong("search", "a text has no NUL character")
    return Listing(now, reach, filters, single.get("sort"), limit, after, search)


def conditions(view: Projection, given: Given, now: datetime) -> list[Filter]:
    """Raises InvalidRequest."""
    return [condition(view, name, text, now) for name, text in given if name not in RESERVED]


class Cursors:
    """Cursors that only we can make: where a page ended, for one list and no other, with a keyed fingerprint."""

    def __init__(self, fingerprint: Callable[[str, bytes], bytes]) -> None:
        self.fingerprint = fingerprint

    def sealed(self, view: Projection, given: Given, place: Cursor) -> str:
        payload = json.dumps([asked_for(view, given), *place]).encode()
        return urlsafe_b64encode(self.fingerprint("cursor", payload)[:16] + payload).decode().rstrip("=")

    def opened(self, view: Projection, given: Given, text: str) -> Cursor:
        with suppress(ValueError):
            raw = urlsafe_b64decode(text[:LONGEST_CURSOR] + "=" * (-len(text) % 4))
            if compare_digest(self.fingerprint("cursor", raw[16:])[:16], raw[:16]):
                asked, *place = json.loads(raw[16:])
                if asked == asked_for(view, given):
                    return tuple(place)
        raise wrong("cursor", "this is no cursor of this list")


def asked_for(view: Projection, given: Given) -> str:
    """A short name of a list: the view, its filters and its order."""
    asked = sorted(each for each in given if each[0] not in {"cursor", "limit"})
    return sha256(json.dumps([view.name, view.version, asked]).encode()).hexdigest()[:16]


# How it is documented

FILTERS = f"""\
Every filter is a column: `status=new`, or a column and a comparison: `amount.ge=1000`, `status.in=new,lost`,
`owner_id.null=true`, `phones.has=…`. Comparisons are {", ".join(OPERATORS)}. An instant or a day may be told from now
on: `-10d`, `+3d`, in m, h, d or w. Only what the caller may see is listed; `Position` says how far the view has come.
"""


def parameters(view: Projection, takes: frozenset[str]) -> Iterator[dict[str, Any]]:
    sorts = [each for name in view.sorts for each in (name, f"-{name}")]
    if "sort" in takes:
        yield parameter("sort", {"enum": sorts}, "A column, or the other way round with a `-` before it.")
    if "limit" in takes:
        limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE}
        yield parameter("limit", limit, "Rows a page.")
    if "cursor" in takes:
        yield parameter("cursor", {"type": "string"}, "From the Link of the page before.")
    if "search" in takes and (searched := (*view.search, *filter(None, [view.words]))):
        told = f"A text in {', '.join(searched)}; of a phone number its end, or all of it from the + on."
        yield parameter("search", {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH}, told)
    for name, (kind, told) in as_of.PARAMETERS.items():
        if name in takes:
            yield parameter(name, dict(kind), told)
    if "group" in takes:
        yield parameter("group", {"type": "string", "minLength": 1}, "Only rows of a group that has been published.")
    if "by" in takes:
        yield parameter("by", {"type": "string"}, "Columns, with commas between; empty is all together.")
    for name in view.filters:
        column = view.told(name)
        each = f"{name}.has" if column.many else name
        yield parameter(each, schema(item_type(view, column)), "")


def parameter(name: str, told: dict[str, Any], description: str) -> dict[str, Any]:
    found = {"name": name, "in": "query", "required": False, "schema": told}
    return found | ({"description": description} if description else {})
