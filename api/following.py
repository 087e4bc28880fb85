"""What a reader who follows a list is told: each row that has changed and is in it, and each that has left it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import to_json

from api.addresses import with_events
from api.asking import Asked, told
from api.problems import ViewNotBuilt
from domain.access import Scope
from projections.changes import BY_POSITION, COME, changed_rows, last_change, left_rows, listed_keys, moved, seen_rows
from projections.projection import Projection
from projections.query import Listing
from projections.scope import Reach, beside

T = TypeVar("T")

MOST = 500  # Changes that are told at a time.
MOST_LEFT = 5_000  # Who has missed more rows that have left loads the list anew.
MOST_KNOWN = 10_000  # Rows of a filtered list whose keys are kept, to tell of no others that they have left.

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Come:
    """How far a view has come; see `projections.changes.COME`. To `position` others have come as well."""

    alone: int
    position: int
    build: int
    since: int
    people: int


def come(asking: Any, view: Projection, others: Sequence[str]) -> Come:
    asking.execute(COME, (view.name, list(others), view.name))
    found = asking.fetchone()
    if found is None:
        raise ViewNotBuilt
    return Come(*found)


def changed_after(asking: Any, view: Projection, after: int) -> int:
    """The position of the last change after this one; the same again where there is none."""
    asking.execute(BY_POSITION)
    [found] = told(asking, last_change(view, after))
    return found["last"] or after


@dataclass(frozen=True, slots=True)
class Change:
    """`row` is a row as the list has it now, `gone` the key of one that it has not any more; `reset` says that the
    list is to be loaded anew.
    """

    kind: str
    position: int
    told: dict[str, Any]
    last: bool = True  # Of its position, so that who has been told it may go on after it.

    def written(self) -> bytes:
        place = f"id: {self.position}\n" if self.last else ""
        return f"{place}event: {self.kind}\ndata: ".encode() + to_json(self.told) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a follower has been told. `known` are the keys of his list, None where all may be in it."""

    position: int
    reach: Reach
    build: int | None = None
    people: int = 0
    since: int = 0
    known: frozenset[Key] | None = None
    looked: bool = False  # Whether it was tried to know them.


@dataclass(frozen=True, slots=True)
class Told:
    changes: Sequence[Change]
    place: Place
    more: bool = False


@dataclass
class Following:
    """One list, and what has become of it since a place; asks in one snapshot, and keeps nothing itself."""

    view: Projection
    asked: Asked
    key_types: list[TypeAdapter[Any]] = field(init=False)

    def __post_init__(self) -> None:
        hints = get_type_hints(self.view.row)
        self.key_types = [TypeAdapter(hints[name]) for name in self.view.primary_key]
        self.key_of: Callable[[dict[str, Any]], Key] = lambda row: tuple(row[name] for name in self.view.primary_key)

    @property
    def narrowed(self) -> bool:
        """Whether the list lacks rows that its reader may see."""
        asked = self.asked.listing
        return bool(asked.filters) or (asked.search, asked.among, self.view.listed) != (None, None, None)

    def begun(self, asking: Any, reach: Reach, after: int | None) -> Told:
        """Where a follower begins: now, or where he was; a `reset` where what came since cannot be told any more, or
        he names a place to which the view has not come.
        """
        now = come(asking, self.view, beside(self.view, reach))
        place = Place(now.position if after is None else after, reach, now.build, now.people, now.since)
        if after is not None and (
            not now.since <= after <= now.position or (after < now.people and self.depends_on_people(reach))
        ):
            return self.anew(asking, now, reach)
        return Told((), place) if after is not None else Told((), self.knowing(asking, place))

    def further(self, asking: Any, place: Place, reach: Reach) -> Told:
        """What has changed since."""
        now = come(asking, self.view, beside(self.view, reach))
        others = now.people != place.people and self.depends_on_people(reach)
        late = now.since != place.since and place.position < now.since
        if now.build != place.build or others or late or reach != place.reach:
            return self.anew(asking, now, reach)
        asking.execute(BY_POSITION)
        asked = self.asked_by(reach)
        if self.sees_others_otherwise(asking, asked, place.position, now.position):
            return self.anew(asking, now, reach)
        rows = told(asking, changed_rows(self.view, asked, place.position, MOST))
        rows = [row for row in rows if row["as_of_position"] <= now.position]
        until, more = now.position, len(rows) > MOST
        if more:
            cut = rows[-1]["as_of_position"]
            rows = [row for row in rows if row["as_of_position"] < cut]
            if not rows:
                return self.anew(asking, now, reach)
            until = rows[-1]["as_of_position"]
        left = self.left(asking, asked, place, until)
        if left is None:
            return self.anew(asking, now, reach)
        here = {self.key_of(row): row for row in rows}
        gone = {key: position for key, position in left.items() if key not in here}
        if place.known is not None:
            gone = {key: position for key, position in gone.items() if key in place.known}
        after = replace(place, position=until, people=now.people, since=now.since)
        if place.known is not None:
            after = replace(after, known=place.known - gone.keys() | here.keys())
        elif not more and not place.looked:
            after = self.knowing(asking, after)
        return Told([*self.changes(here, gone, reach)], after, more)

    def anew(self, asking: Any, now: Come, reach: Reach) -> Told:
        place = Place(now.position, reach, now.build, now.people, now.since)
        return Told([Change("reset", now.position, {})], self.knowing(asking, place))

    def asked_by(self, reach: Reach) -> Listing:
        """What he asks, at this present: he may have begun an hour ago."""
        return self.asked.at(datetime.now(UTC), reach)

    def sees_others_otherwise(self, asking: Any, asked: Listing, after: int, until: int) -> bool:
        """Whether something through which he sees this, or did, has changed hands."""
        if not self.view.seen_in or asked.reach is None or not self.depends_on_people(asked.reach):
            return False
        [found] = told(asking, moved(self.view, asked, after, until))
        return bool(found["moved"])

    def depends_on_people(self, reach: Reach) -> bool:
        return self.view.scoped and reach.scope is not Scope.ALL

    def knowing(self, asking: Any, place: Place) -> Place:
        """With the keys of a list that is filtered, where they are not too many."""
        if not self.narrowed:
            return place
        asked = self.asked_by(place.reach)
        keys = frozenset(map(self.key_of, told(asking, listed_keys(self.view, asked, MOST_KNOWN))))
        return replace(place, known=None if len(keys) > MOST_KNOWN else keys, looked=True)

    def left(self, asking: Any, asked: Listing, place: Place, until: int) -> dict[Key, int] | None:
        """Keys that the reader knows, of rows that have changed: by where they did last. None of too many."""
        found: dict[Key, int] = {}
        if self.narrowed:
            for row in told(asking, seen_rows(self.view, asked, place.position, until, MOST_LEFT)):
                found[self.key_of(row)] = row["as_of_position"]
        kept = told(asking, left_rows(self.view, asked, place.position, until, MOST_LEFT))
        for each in kept:
            key = tuple(kind.validate_strings(text) for kind, text in zip(self.key_types, each["key"], strict=True))
            found[key] = max(found.get(key, 0), each["position"])
        return None if max(len(found), len(kept)) > MOST_LEFT else found

    def changes(self, here: dict[Key, dict[str, Any]], gone: dict[Key, int], reach: Reach) -> Iterator[Change]:
        """In the order of their positions."""
        every = [("row", row["as_of_position"], with_events(self.view, row, reach)) for row in here.values()]
        every += [("gone", at, dict(zip(self.view.primary_key, key, strict=True))) for key, at in gone.items()]
        every.sort(key=itemgetter(1))
        for index, (kind, position, what) in enumerate(every, 1):
            last = index == len(every) or every[index][1] != position
            yield Change(kind, position, what, last=last)
