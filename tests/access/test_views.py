"""Every view × every role × every place: who sees what, whichever way he asks for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from domain.access import TABLE, Action, reaches, scope_of
from projections import VIEWS
from projections.changes import changed_rows, left_rows, listed_keys, seen_rows
from projections.projection import Projection
from projections.query import Among, BadQuery, Listing, answered, count, cursor, every, page, subjects, summary, written
from projections.scope import Reach
from projections.sql import shown
from tests.access.anything import NOON
from tests.access.people import EVERY_PLACE, SEES, SEES_EVERYTHING, as_rob, place_of, reads
from tests.access.rows import SOUGHT, Key, are_listed, keys_at, may_see
from tests.projections.lists import Found, Views

pytestmark = pytest.mark.slow  # On a real database.

Way = Callable[[Views, Projection, Listing], set[Key]]
SHOWN = [view for view in VIEWS if not view.inward]
MANY = 400


def named(view: Projection) -> str:
    return view.name


@pytest.mark.parametrize("role", TABLE)
def test_a_role_reads_what_the_business_says(role: str) -> None:
    scope, actor = scope_of(role, Action.READ), as_rob(role)
    assert scope is not None
    assert SEES[role] == {
        each for each in EVERY_PLACE if reaches(scope, Action.READ, actor, place_of(each, Action.READ, NOON))
    }


# Ways to ask. Each answers with the keys of the rows that are told.


def listed(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return keys(view, views.run(page(view, asked)))


def whole(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return keys(view, views.run(every(view, asked)))


def page_by_page(views: Views, view: Projection, asked: Listing) -> set[Key]:
    """As comma-separated values are made."""
    found: list[Found] = []
    asked = replace(asked, limit=3)
    while rows := views.run(page(view, asked)):
        found += rows[: asked.limit]
        if len(rows) <= asked.limit:
            break
        asked = replace(asked, after=cursor(view, asked, found[-1]))
    return keys(view, found)


def searched(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return listed(views, view, replace(asked, search=SOUGHT))


def of_a_group(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return listed(views, view, replace(asked, among=Among(())))


def first_of_a_group(views: Views, view: Projection, asked: Listing) -> set[Key]:
    """Whoever asks, the same are the first; he sees of them what he may."""
    return listed(views, view, replace(asked, among=Among((), first=MANY)))


def of_another_moment(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return listed(views, view, replace(asked, kept_in=shown(view)))


def changed(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return keys(view, views.run(changed_rows(view, asked, 0, MANY)))


def known_to_a_follower(views: Views, view: Projection, asked: Listing) -> set[Key]:
    return keys(view, views.run(listed_keys(view, asked, MANY)))


def keys(view: Projection, rows: Sequence[Found]) -> set[Key]:
    return {tuple(row[name] for name in view.primary_key) for row in rows}


def asking(role: str) -> Listing:
    return Listing(NOON, Reach(as_rob(role), reads(role)), limit=MANY)


def told(view: Projection, role: str) -> set[Key]:
    return keys_at(view, may_see(view, role) & are_listed(view))


WAYS: tuple[Way, ...] = (
    listed,
    whole,
    page_by_page,
    of_a_group,
    first_of_a_group,
    of_another_moment,
    changed,
    known_to_a_follower,
)
SEARCHED = [view for view in SHOWN if view.search or view.words]
ASKED = [(view, way) for way in WAYS for view in SHOWN]


@pytest.mark.parametrize(
    ("view", "way"), ASKED, ids=lambda each: each.name if isinstance(each, Projection) else each.__name__
)
def test_a_role_is_shown_what_it_may_see(world: Views, view: Projection, way: Way) -> None:
    for role in TABLE:
        assert way(world, view, asking(role)) == told(view, role), role


@pytest.mark.parametrize("view", SEARCHED, ids=named)
def test_a_search_looks_into_what_the_role_is_shown(world: Views, view: Projection) -> None:
    for role in TABLE:
        if scope_of(role, Action.KNOW) is not None or any(not view.column(each).personal for each in view.search):
            assert searched(world, view, asking(role)) == told(view, role), role
        elif view.search:
            assert searched(world, view, asking(role)) == set(), role
        else:
            with pytest.raises(BadQuery, match="who may know"):
                searched(world, view, asking(role))


@pytest.mark.parametrize("view", SHOWN, ids=named)
def test_what_is_counted_is_what_is_shown(world: Views, view: Projection) -> None:
    for role in TABLE:
        assert world.run(count(view, asking(role))) == [{"count": len(told(view, role))}], role


@pytest.mark.parametrize("view", [view for view in SHOWN if "subject_id" in answered(view)], ids=named)
def test_the_subjects_of_a_list_are_those_of_its_rows(world: Views, view: Projection) -> None:
    for role in TABLE:
        shown_to_him = world.run(page(view, asking(role)))
        there = {row["subject_id"] for row in world.run(subjects(view, asking(role), MANY))}
        nobody = {None} if view.appends else set()  # Its rows here are of no event.
        assert there == {row["subject_id"] for row in shown_to_him} - nobody, role


@pytest.mark.parametrize("view", SHOWN, ids=named)
def test_a_follower_is_told_rows_as_the_list_tells_them(world: Views, view: Projection) -> None:
    def in_order(rows: Sequence[Found]) -> list[str]:
        return sorted(map(repr, rows))

    for role in TABLE:
        told_to_him = world.run(changed_rows(view, asking(role), 0, MANY))
        assert in_order(told_to_him) == in_order(world.run(page(view, asking(role)))), role


@pytest.mark.parametrize("view", SHOWN, ids=named)
def test_a_follower_is_told_of_changes_in_what_he_may_see(world: Views, view: Projection) -> None:
    for role in TABLE:
        found = keys(view, world.run(seen_rows(view, asking(role), 0, MANY, MANY)))
        assert found == keys_at(view, may_see(view, role)), role


@pytest.mark.parametrize("view", SHOWN, ids=named)
def test_a_follower_is_told_that_something_is_gone_if_he_could_see_it(world: Views, view: Projection) -> None:
    """What nobody holds leads nowhere when it is gone: that is told to whoever sees everything."""
    for role in TABLE:
        found = {tuple(row["key"]) for row in world.run(left_rows(view, asking(role), 0, MANY, MANY))}
        could_see = set() if view.through is not None and role not in SEES_EVERYTHING else may_see(view, role)
        assert found == {tuple(map(written, key)) for key in keys_at(view, could_see)}, role


FIGURES = [(view, name) for view in SHOWN for name in view.summaries]


@pytest.mark.parametrize(
    ("view", "name"), FIGURES, ids=lambda each: each.name if isinstance(each, Projection) else each
)
def test_figures_are_of_what_is_shown(world: Views, view: Projection, name: str) -> None:
    """As if there were nothing else."""
    different = set()
    for role in TABLE:
        with only(world, view, told(view, role)) as table:
            alone = world.run(summary(view, name, Listing(NOON, None, kept_in=table), by=()))
        assert world.run(summary(view, name, asking(role), by=())) == alone, role
        different.add(str(alone))
    assert len(different) == len({frozenset(told(view, role)) for role in TABLE}), "who sees more has other figures"


@contextmanager
def only(views: Views, view: Projection, keys: set[Key]) -> Iterator[str]:
    """A table with these rows of a view."""
    name = ", ".join(view.primary_key)
    with views.session.transaction() as cursor:
        cursor.execute(f"CREATE TABLE views.alone AS SELECT * FROM {shown(view)} LIMIT 0")
        for key in keys:
            given = ", ".join(["%s"] * len(key))
            cursor.execute(
                f"INSERT INTO views.alone SELECT * FROM {shown(view)} WHERE ({name}) = ({given})", [*map(written, key)]
            )
    yield "views.alone"
    with views.session.transaction() as cursor:
        cursor.execute("DROP TABLE views.alone")
