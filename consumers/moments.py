"""One view at several moments, from one reading of the ledger: at each of them, what had happened by then."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from consumers.at import MOST_ROWS, TooManyRows, occurred_at
from consumers.dead_letters import log_parked
from consumers.source import Source
from domain.values import Instant
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections.folding import Aside, Key, Table, Told, rows_in, values
from projections.projection import Projection

GONE = object()  # What has a state at a later moment, and none at this one.


@dataclass(frozen=True, slots=True)
class Version:
    """A row as it was from one of the moments to another, both with it."""

    row: Any
    first: int
    last: int


class States(dict[Key, Any]):
    """The states at a moment, as far as they differ from those at the next one. Whatever changes here, the moment
    before keeps as it was.
    """

    def __init__(self, later: "States | None" = None) -> None:
        super().__init__()
        self.later = later
        self.earlier: States | None = None

    def get(self, key: Any, default: Any = None) -> Any:
        if key in self:
            found = self[key]
            return default if found is GONE else found
        return default if self.later is None else self.later.get(key, default)

    def __setitem__(self, key: Any, state: Any) -> None:
        self.keep(key)
        super().__setitem__(key, state)

    def pop(self, key: Any, default: Any = None) -> Any:
        self.keep(key)
        if self.later is None:
            return super().pop(key, default)
        super().__setitem__(key, GONE)
        return default

    def keep(self, key: Any) -> None:
        if self.earlier is not None and key not in self.earlier:
            dict.__setitem__(self.earlier, key, self.get(key, GONE))

    def whole(self) -> dict[Key, Any]:
        found = {} if self.later is None else self.later.whole()
        found |= self
        return {key: state for key, state in found.items() if state is not GONE}


class Past(Table):
    """The rows of a moment after which others are folded. What is told late changes them; by which columns rows are
    found is found out when it is asked for, since that is seldom.
    """

    def __init__(self, view: Projection, states: States) -> None:
        super().__init__(view, remember=False)
        self.states: States = states
        self.columns, self.index = tuple(self.index), {}

    def fold(self, told: Any) -> None:
        self.fold_and_keep(self.evolve, told)

    def found(self, event: object) -> list[Key]:
        if not self.index:
            index: dict[str, dict[Any, set[Key]]] = {column: {} for column in self.columns}
            for key, state in self.states.whole().items():
                for column, keys in index.items():
                    for value in values(column, state):
                        keys.setdefault(value, set()).add(key)
            self.index = index
        return super().found(event)


class Moments:
    """The rows of a view at each of several moments, which are in order. An event is folded into the rows of all
    moments by which it had happened, in the order of recording, as `consumers.at.fold` does for each: most are told in
    the order in which they happened, and so are folded once.

    Only what differs between two moments is kept twice, and that as a reference.
    """

    def __init__(self, view: Projection, ends: Sequence[Instant]) -> None:
        self.view = view
        self.ends = ends
        self.past: list[tuple[Past, Aside]] = []
        self.now, self.aside = Table(view, remember=False), Aside()
        self.now.states = self.states = States()

    def fold(self, told: Sequence[Told]) -> None:
        """The next events in the order of recording. Raises FoldFailed."""
        for nth, some in groupby(told, lambda each: bisect_left(self.ends, occurred_at(each[1]))):
            if nth == len(self.ends):
                continue
            while len(self.past) < nth:
                self.go_on()
            known = list(some)
            for table, aside in (*self.past[nth:], (self.now, self.aside)):
                table.fold_aside(known, aside)
                log_parked(self.view, aside.parked)
                aside.parked.clear()

    def go_on(self) -> None:
        """What is known by now stays so, but for what is told late."""
        kept = States(self.states)
        if self.past:
            before: States = self.past[-1][0].states
            before.later, kept.earlier = kept, before
        self.states.earlier = kept
        self.past.append((Past(self.view, kept), Aside(keys=set(self.aside.keys))))

    def versions(self) -> Iterator[Version]:
        """Each row of each moment, once for as long as it was as it is. The rows are given away by that."""
        states, last, until = dict(self.states), dict[Key, int](), len(self.ends) - 1
        self.states.clear()
        while self.past:
            table, _ = self.past.pop()
            nth = len(self.past)
            for key, before in table.states.items():
                yield from versions_of(states.pop(key, None), nth + 1, last.get(key, until))
                last[key] = nth
                if before is not GONE:
                    states[key] = before
        for key, state in states.items():
            yield from versions_of(state, 0, last.get(key, until))


def versions_of(state: Any, first: int, last: int) -> Iterator[Version]:
    for row in rows_in(state):
        yield Version(row, first, last)


def moments(
    ledger: Ledger, wire: Wire, view: Projection, position: int, ends: Sequence[Instant], *, most: int = MOST_ROWS
) -> Moments:
    """A view at several moments, as it was recorded up to a position. Raises what `consumers.at.fold` raises."""
    found = Moments(view, ends)
    for told in Source(ledger.afresh(), wire, view).batches(0, position):
        found.fold(told)
        if found.now.size > most:
            raise TooManyRows(f"{view.name} has more than {most:,} rows at position {told[-1][0]:,}")
    return found
