"""What does not fit into memory at once is folded in several passes, each of them for a share of the keys.

What an event makes of a row depends on that row alone, so that a share is folded as if there were no other keys. Where
an event looks for rows by a column, it finds those of the share, and in the other passes the others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from projections.folding import FoldFailed, Key, Table, Told
from projections.projection import Projection

Fold = Callable[[Table, Sequence[Told]], None]
AT_ONCE = 20_000  # Rows that nothing changes any more are copied as soon as there are so many.
FINEST = 1 << 32  # Keys that are still together then have the same hash, and stay so.


@dataclass(frozen=True, slots=True)
class Share:
    """Of the keys, those whose hash is `number` in the remainder by `of`, which is a power of two."""

    number: int = 0
    of: int = 1

    def has(self, key: Key) -> bool:
        return hash((key,)) % self.of == self.number  # A tuple's hash is mixed; a number's own is that number.

    def halves(self) -> tuple["Share", "Share"]:
        return Share(self.number, self.of * 2), Share(self.number + self.of, self.of * 2)


def fold_in_shares(
    view: Projection,
    batches: Callable[[], Iterator[Sequence[Told]]],
    until: int,
    most: int,
    copy: Callable[[Table], object],
    tell: Callable[[int], object],
    folding: Callable[[], Fold] = lambda: Table.fold,
) -> None:
    """Fold all that there is, up to a position, and hand over the rows: at once, if there are no more than `most`.

    Whenever there are more, half of the keys are forgotten, and left to another pass over all events. So what has been
    folded is never folded in vain, and no pass keeps more than `most` rows and what a batch adds; the rows of one key
    stay together. Where a view appends, they are handed over on the way, and there is one pass.

    `folding` answers for each pass how a table folds what is told. Tells how far it has come, as a position: of all
    passes together, so it falls back where there is one more.
    """
    left, done = [Share()], 0.0
    while left:
        share = left.pop()
        table, fold = Table(view, remember=False), folding()
        for told in batches():
            fold(table, told if share.of == 1 else list(concerning(share, view, told)))
            if view.appends and table.size >= AT_ONCE:
                copy(table)
                table = Table(view, remember=False)
            while table.size > most and len(table.states) > 1 and share.of < FINEST:
                share, other = share.halves()
                table.forget([key for key in table.states if not share.has(key)])
                left.append(other)
            tell(int(done * until + told[-1][0] / share.of))
        copy(table)
        done += 1 / share.of


def concerning(share: Share, view: Projection, told: Sequence[Told]) -> Iterator[Told]:
    """The events that name a key of a share, and those that name none."""
    for each in told:
        if may_concern(share.has, view, each):
            yield each


def may_concern(has: Callable[[Key], bool], view: Projection, told: Told) -> bool:
    """Whether an event names a key that is one of some, or none. One that makes rows of its own is their key."""
    position, _, event = told
    find = view.finders.get(event.__class__)
    try:
        return has(position) if view.appends else find is None or has(find(event))
    except Exception as bug:
        raise FoldFailed(view.name, position, event) from bug
