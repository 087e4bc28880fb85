"""What a view comes to, told by the plainest loop there is: event after event, and every row looked at for each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ledger.envelope import Recorded
from ledger.ledger import Ledger
from projections.projection import Projection
from projections.rows import Row

Values = tuple[Any, ...]


def events(ledger: Ledger) -> Iterator[Recorded]:
    after = 0
    while found := ledger.events(after, 500):
        yield from found
        after = found[-1].position


def values(view: Projection, row: Row, position: int) -> Values:
    """All that stands in a row; `position` is that of the last event which changed it."""
    return (*(getattr(row, each.name) for each in view.columns if each.name != "as_of_position"), position)


class Naive:
    """A view's rows by key, each with the position that it is of."""

    def __init__(self, view: Projection) -> None:
        self.view = view
        self.rows: dict[Any, list[tuple[Row, int]]] = {}

    def told(self, recorded: Recorded) -> list[Any]:
        """Answers the keys whose rows it may have changed."""
        keys = list(self.keys(recorded)) if isinstance(recorded.event, self.view.reads) else []
        for key in keys:
            self.change(key, recorded)
        return keys

    def keys(self, recorded: Recorded) -> set[Any]:
        event = recorded.event
        if self.view.appends:
            return {recorded.position}
        if type(event) not in self.view.lookups:
            return {self.view.finders[type(event)](event)}
        where = self.view.where(event)
        every = [row for rows in self.rows.values() for row, _ in rows]
        return {self.view.key_of(row) for row in every if getattr(row, where.column) in where.values}

    def change(self, key: Any, recorded: Recorded) -> None:
        here = sorted(self.rows.pop(key, ()), key=lambda each: self.view.place_of(each[0]))
        before = tuple(row for row, _ in here)
        circumstance = {"nothing": (), "when": (recorded.occurred_at,), "all": (recorded,)}[self.view.tells]
        state = before if self.view.rows_by else (before or (None,))[0]
        after = self.view.evolve(state, recorded.event, *circumstance)
        rows = after if isinstance(after, tuple) else () if after is None else (after,)
        known = {id(row): position for row, position in here}
        if rows:
            self.rows[key] = [(row, known.get(id(row), recorded.position)) for row in rows]

    def values_of(self, key: Any) -> list[Values]:
        return in_order(values(self.view, *each) for each in self.rows.get(key, ()))

    def values(self) -> list[Values]:
        return in_order(values(self.view, *each) for rows in self.rows.values() for each in rows)


def naively(view: Projection, told: Iterable[Recorded]) -> list[Values]:
    found = Naive(view)
    for each in told:
        found.told(each)
    return found.values()


def in_order(found: Iterable[Values]) -> list[Values]:
    return sorted(found, key=repr)


def after_each(view: Projection, told: Sequence[Recorded], positions: Iterable[int]) -> dict[int, list[Values]]:
    """What it comes to at each of some positions, in one pass."""
    found, rest, answers = Naive(view), list(told), {}
    for position in sorted(set(positions)):
        while rest and rest[0].position <= position:
            found.told(rest.pop(0))
        answers[position] = found.values()
    return answers
