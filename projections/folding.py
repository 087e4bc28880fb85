"""The rows of one view in memory, and how events change them: the same for live batches, rebuilds and specs."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.projection import Evolve, Projection
from projections.rows import Row

Key = Hashable
Told = tuple[int, Any, Any]
"""A position, what the fold is told beside the event, and the event."""


MOST_PARKED = 1_000  # Keys of one view: where there are more, it is not the events that are wrong, but the fold.


class FoldFailed(Exception):
    """A fold raised. Everything before this position has been folded, and nothing of this event."""

    def __init__(self, view: str, position: int, event: object) -> None:
        super().__init__(f"{view} cannot fold {type(event).__name__} at position {position}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that is not folded for a key: because the fold failed, or because it waits for one that did."""

    key: Key
    position: int
    type: type
    failed: FoldFailed | None = None


@dataclass(slots=True)
class Aside:
    """The keys of a view that do not go on, where they stopped and what waits for them since this was made; and the
    events that somebody has skipped, each for a key.
    """

    keys: set[Key] = field(default_factory=set)
    skipped: Collection[tuple[int, Key]] = frozenset()
    parked: list[Parked] = field(default_factory=list)

    def concerns(self, told: Sequence[Told]) -> bool:
        if not told:
            return False
        (first, *_), (last, *_) = told[0], told[-1]
        return bool(self.keys) or any(first <= position <= last for position, _ in self.skipped)

    def park(self, view: str, key: Key, told: Told, why: BaseException) -> None:
        """The key does not go on at this event. Raises FoldFailed where too many do not."""
        position, _, event = told
        failed = FoldFailed(view, position, event)
        failed.__cause__ = why
        if len(self.keys) >= MOST_PARKED:
            raise failed
        self.keys.add(key)
        self.parked.append(Parked(key, position, type(event), failed))


class Table:
    """States by key: a row, or the tuple of a key's rows. It goes on from the rows that are `known`.

    A key's rows are always in the order of their places, so that what a fold makes of them does not depend on whether
    they were just folded or have been read again.

    `before` keeps the state of each changed key before its first change, unless nobody wants to know.
    """

    def __init__(self, view: Projection, known: Iterable[Row] = (), *, remember: bool = True) -> None:
        self.view = view
        self.absent: Any = () if view.rows_by else None
        self.states: dict[Key, Any] = {}
        self.before: dict[Key, Any] | None = None
        self.of_many = 0  # Rows, where a key has many.
        self.index: dict[str, dict[Any, set[Key]]] = {column: {} for column in view.looked_up}
        of_key: dict[Key, list[Row]] = {}
        for row in known:
            of_key.setdefault(view.key_of(row), []).append(row)
        for key, rows in of_key.items():
            self.put(key, self.absent, tuple(rows) if view.rows_by else rows[-1])
        if remember:
            self.before = {}

    def rows(self) -> Iterator[Row]:
        for state in self.states.values():
            yield from rows_in(state)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.of_many if self.view.rows_by else len(self.states)

    def forget(self, keys: Iterable[Key]) -> None:
        """Go on without the rows of these keys, as if they had never been."""
        for key in keys:
            self.put(key, self.states[key], self.absent)

    def take_back(self, key: Key) -> None:
        """Let a key be as it was before its first change."""
        assert self.before is not None, "what was before has not been remembered"
        self.put(key, self.states.get(key, self.absent), self.before[key])
        del self.before[key]

    def changes(self, *of: Key) -> tuple[list[Row], list[Row]]:
        """The rows that are new or have changed, and those that are gone: of all keys, or of some that have changed."""
        assert self.before is not None, "what was before has not been remembered"
        written: list[Row] = []
        gone: list[Row] = []
        for key in of or self.before:
            before = self.before[key]
            old = {self.view.place_of(row): row for row in rows_in(before)}
            new = {self.view.place_of(row): row for row in rows_in(self.states.get(key))}
            written.extend(row for place, row in new.items() if row is not old.get(place))
            gone.extend(row for place, row in old.items() if place not in new)
        return written, gone

    def fold(self, told: Iterable[Told]) -> None:
        """Fold events in their order. Raises FoldFailed at the first that the fold does not take."""
        evolve = self.evolve
        if self.view.appends:
            self.append(evolve, told)
        elif self.before is None and not self.view.rows_by and not self.index:
            self.fold_alone(evolve, told)
        else:
            self.fold_and_keep(evolve, told)

    def fold_alone(self, evolve: Evolve, told: Iterable[Told]) -> None:
        """One row a key, found by key alone, and nothing else to keep: most of a rebuild's time is spent here."""
        finders, states = self.view.finders, self.states
        known = states.get
        for position, circumstance, event in told:
            try:
                key = finders[event.__class__](event)
                before = known(key)
                after = evolve(before, event, circumstance)
            except Exception as bug:
                raise FoldFailed(self.view.name, position, event) from bug
            if after is None:
                states.pop(key, None)
            elif after is not before:
                after.__dict__["as_of_position"] = position
                states[key] = after

    def append(self, evolve: Evolve, told: Iterable[Told]) -> None:
        """Each event makes rows of its own: nothing is looked for, and nothing changes any more."""
        for position, circumstance, event in told:
            try:
                made = evolve(self.absent, event, circumstance)
            except Exception as bug:
                raise FoldFailed(self.view.name, position, event) from bug
            if not made:
                continue
            for row in made:
                row.__dict__["as_of_position"] = position
            if self.before is not None:
                self.before.setdefault(position, self.absent)
            self.states[position] = made
            self.of_many += len(made)

    def fold_and_keep(self, evolve: Evolve, told: Iterable[Told]) -> None:
        finders, states, absent = self.view.finders, self.states, self.absent
        for position, circumstance, event in told:
            try:
                find = finders.get(type(event))
                keys = self.found(event) if find is None else (find(event),)
                before = [(key, states.get(key, absent)) for key in keys]
                changes = [(key, old, evolve(old, event, circumstance)) for key, old in before]
            except Exception as bug:
                raise FoldFailed(self.view.name, position, event) from bug
            for key, old, changed in changes:
                if changed is not old:
                    stamp(position, old, changed)
                    self.put(key, old, changed)

    def fold_aside(self, told: Sequence[Told], aside: Aside) -> None:
        """Fold events in their order, each key for itself. Where the fold fails, the key does not go on: what comes
        after waits for it, and all others are folded.

        Raises FoldFailed where nobody knows whom the event concerns, or where too many keys do not go on.
        """
        if not aside.concerns(told):
            try:
                self.fold(told)
            except FoldFailed as failed:
                told = [each for each in told if each[0] >= failed.position]
            else:
                return
        for each in told:
            self.fold_one(each, aside)

    def fold_one(self, told: Told, aside: Aside) -> None:
        """An event that finds rows by a column may concern whoever does not go on: that is seen when it does."""
        position, circumstance, event = told
        find = (lambda _: position) if self.view.appends else self.view.finders.get(type(event))
        try:
            keys = {*self.found(event), *aside.keys} if find is None else {find(event)}
        except Exception as bug:
            raise FoldFailed(self.view.name, position, event) from bug
        for key in keys:
            if key in aside.keys:
                aside.parked.append(Parked(key, position, type(event)))
            elif (position, key) not in aside.skipped:
                try:
                    old = self.states.get(key, self.absent)
                    changed = self.evolve(old, event, circumstance)
                except Exception as bug:  # noqa: BLE001 - whatever is wrong with one key, the others go on.
                    aside.park(self.view.name, key, told, bug)
                else:
                    if changed is not old:
                        stamp(position, old, changed)
                        self.put(key, old, changed)

    @property
    def evolve(self) -> Evolve:
        """The view's fold, with something told beside each event, whether it wants to hear it or not."""
        evolve = self.view.evolve
        return (lambda state, event, _: evolve(state, event)) if self.view.tells == "nothing" else evolve

    def found(self, event: object) -> list[Key]:
        """The keys of all rows that hold a value of the event in the column by which it finds them; always in the same
        order, since what a policy sends for each is known by its number.
        """
        where = self.view.where(event)
        index: dict[Any, set[Any]] = self.index[where.column]
        return sorted(set().union(*(index.get(value, ()) for value in where.values)))

    def put(self, key: Key, before: Any, after: Any) -> None:
        if self.before is not None:
            self.before.setdefault(key, before)
        if after:
            self.states[key] = tuple(sorted(after, key=self.view.place_of)) if self.view.rows_by else after
        else:
            self.states.pop(key, None)
        if self.view.rows_by:
            self.of_many += len(rows_in(after)) - len(rows_in(before))
        for column, keys in self.index.items():
            old, new = values(column, before), values(column, after)
            for value in old - new:
                keys[value].discard(key)
                if not keys[value]:
                    del keys[value]
            for value in new - old:
                keys.setdefault(value, set()).add(key)


def values(column: str, state: Any) -> set[Any]:
    """By which rows are found: not by nothing."""
    return {value for row in rows_in(state) if (value := row.__dict__[column]) is not None}


def rows_in(state: Any) -> tuple[Row, ...]:
    if state is None:
        return ()
    return state if isinstance(state, tuple) else (state,)


def stamp(position: int, before: Any, after: Any) -> None:
    """Say in each row that this event made or changed which position it is of."""
    known = set(map(id, rows_in(before)))
    for row in rows_in(after):
        if id(row) not in known:
            row.__dict__["as_of_position"] = position
