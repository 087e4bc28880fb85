"""Rows of every view for every place that a thing can be in, made of the types of their columns alone."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

from commands.decider import Holding
from consumers.gone import keep_what_left
from projections import VIEWS
from projections.folding import Table
from projections.pool_directory import PublicPool, pool_directory
from projections.projection import Projection
from projections.rows import Row, Scoped, Shared
from projections.staff_directory import Colleague, staff_directory
from projections.targets import targets
from tests.access.anything import NOON, anything
from tests.access.people import (
    ALL,
    COLLEAGUES,
    EVERY_PLACE,
    OF_TEAMS,
    PLACES,
    POOLS,
    ROB,
    SEES,
    SEES_EVERYTHING,
    SHARED,
)
from tests.projections.lists import Views

SOUGHT = "7788"  # In a text, as a word of its own, and at the end of a number.

# What a list shows only where a column says so, and what it tells to the reader himself.
PARTICULAR: Mapping[str, Mapping[str, Any]] = {
    "pool_board": {"cooling": (ROB,), "cools_until": (NOON + timedelta(hours=1),)},
    "dispatch_queue": {"waiting": True},
    "ticket_queue": {"merged_into": None},
    "credit": {"into": None},
    "key_accounts": {"counts": True},
    "purchases": {"off": False, "refunded": Decimal(0)},
    "customer_lives": {"became": None, "erased_at": None},
    "customers": {
        "leads": tuple(UUID(int=number) for number in range(1, len(PLACES) + 1))
    },  # They went from hand to hand.
}

# The ways to a thing that is nobody's own, each with what its row then lacks.
WAYS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "enquirers": ({"customer_id": None}, {"lead_id": None}),  # Through the lead, or through the customer.
    "contacts": ({}, {"customers": ()}),  # As himself, or as somebody who became him.
    "contact_pressure": ({},),
    "customer_activity": ({},),
}
FIRST = 1  # The position at which the people came; whatever they do came after.
BEYOND = 1_000  # A position after all of theirs.
APART = 100  # So far apart are the numbers of the things that are reached by another way.

Key = tuple[Any, ...]


def things(view: Projection) -> Iterator[tuple[str, Row]]:
    """Each place, and a row that is there. The two by which the places are known have their own."""
    if view is staff_directory or view is pool_directory:
        yield from (("nobody's", row) for row in directory(view))
        return
    ways = WAYS[view.name] if view.through is not None else ({},)
    more = SHARED if issubclass(view.row, Shared) else OF_TEAMS if view is targets else {}
    for nth, way in enumerate(ways):
        for number, place in enumerate(PLACES | more, start=1):
            yield place, filled(view, number, number + nth * APART, place, **way)


def filled(view: Projection, number: int, own: int, place: str, **way: Any) -> Row:
    """A row with something in every column: its key has its own number, and all that it leads to has the place's."""
    hints = get_type_hints(view.row, include_extras=True)
    columns = {each.name: anything(hints[each.name], number) for each in view.columns}
    columns |= {name: anything(hints[name], own) for name in view.primary_key}
    searched = {*view.search, *filter(None, [view.words])}
    columns |= {name: (SOUGHT,) if view.column(name).many else f"{SOUGHT} {own}" for name in searched}
    if issubclass(view.row, Scoped):
        columns |= held(EVERY_PLACE[place] if view.through is None else Holding())
    columns |= dict(PARTICULAR.get(view.name, {})) | way | {"as_of_position": FIRST + own}
    return view.row(**columns)


def held(holding: Holding) -> dict[str, Any]:
    """The columns that say whose a row is."""
    helpers = {**(holding.workers or {}), **(holding.readers or {}), **dict.fromkeys(holding.sharers)}
    formerly = None if holding.formerly is None else f"staff/{holding.formerly}"
    return {
        "owner_id": holding.owner,
        "pool_id": holding.pool_id,
        "formerly": formerly if holding.team is None else f"team/{holding.team}",
        "collaborators": tuple(helpers),
        "collaborating_until": tuple(helpers.values()),
    }


def may_see(view: Projection, role: str) -> set[str]:
    """What is for everybody is for everybody; what is reserved, for whoever sees everything; all else by its place."""
    if view.reserved and role not in SEES_EVERYTHING:
        return set()
    return SEES[role] if view.scoped else ALL


def are_listed(view: Projection) -> set[str]:
    """All rows are made to be listed; but of leads in pools, only those in one can be."""
    return {place for place, held in PLACES.items() if held.pooled} if view.name == "pool_board" else ALL


def directory(view: Projection) -> Iterator[Row]:
    if view is staff_directory:
        for name, org in COLLEAGUES.items():
            yield Colleague(staff_id=name, name=name, role="sales", org_path=org, as_of_position=FIRST)
    else:
        for pool, org in POOLS.items():
            yield PublicPool(pool_id=pool, name=pool, members=(org,), as_of_position=FIRST)


@cache
def all_things() -> Mapping[str, tuple[tuple[str, Row], ...]]:
    return {view.name: tuple(things(view)) for view in VIEWS}


def keys_at(view: Projection, places: Collection[str]) -> set[Key]:
    """The keys of the rows in these places."""
    return {
        tuple(getattr(row, name) for name in view.primary_key)
        for place, row in all_things()[view.name]
        if place in places
    }


def fill(views: Views) -> None:
    """A row of every view in every place; and of each it is told that another such has gone."""
    for view in VIEWS:
        rows = [row for _, row in all_things()[view.name]]
        views.put(view, *rows)
        was = Table(view, rows)
        was.forget([*was.states])
        with views.session.transaction() as cursor:
            keep_what_left(cursor, view, was, FIRST)
