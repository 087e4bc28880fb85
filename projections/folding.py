"""The rows of one view in memory, and how events change them: the same for live batches, rebuilds and specs."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from projections.projection import Evolve, Projection
from projections.rows import Row

Key = Hashable
Told = tuple[int, Any, Any]
"""A position, what the fold is told beside the event, and the event."""


class FoldFailed(Exception):
    """A fold raised. Everything before this position has been folded, and nothing of this event."""

    def __init__(self, view: str, position: int, event: object) -> None:
        super().__init__(f"{view} cannot fold {type(event).__name__} at position {position}")
        self.position = position


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
        self.index: dict[str, dict[Any, set[Key]]] = {column: {} for column in view.looked_up}
        for row in known:
            key = view.key_of(row)
            old = self.states.get(key, self.absent)
            self.put(key, old, (*rows_in(old), row) if view.rows_by else row)
        if remember:
            self.before = {}

    def rows(self) -> Iterator[Row]:
        for state in self.states.values():
            yield from rows_in(state)

    def changes(self) -> tuple[list[Row], list[Row]]:
        """The rows that are new or have changed, and those that are gone."""
        assert self.before is not None, "what was before has not been remembered"
        written: list[Row] = []
        gone: list[Row] = []
        for key, before in self.before.items():
            old = {self.view.place_of(row): row for row in rows_in(before)}
            new = {self.view.place_of(row): row for row in rows_in(self.states.get(key))}
            written.extend(row for place, row in new.items() if row is not old.get(place))
            gone.extend(row for place, row in old.items() if place not in new)
        return written, gone

    def fold(self, told: Iterable[Told]) -> None:
        """Fold events in their order. Raises FoldFailed at the first that the fold does not take."""
        evolve = self.view.evolve
        if self.view.tells == "nothing":
            evolve = lambda row, event, _: self.view.evolve(row, event)  # noqa: E731
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
            stamp(position, None, made)
            self.put(position, self.absent, made)

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
        for column, keys in self.index.items():
            for row in rows_in(before):
                keys[getattr(row, column)].discard(key)
            for row in rows_in(after):
                keys.setdefault(getattr(row, column), set()).add(key)


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
