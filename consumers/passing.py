"""What of a partition is new to a view: something may come twice there, and then it comes late.

What comes for the first time has all of its partition before it that was to be before it, so a position that has been
passed tells of each event whether it has been folded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Comes(Protocol):
    """A message; without a position it is none of this ledger's events."""

    @property
    def offset(self) -> int: ...

    @property
    def position(self) -> int | None: ...


C = TypeVar("C", bound=Comes)


@dataclass(frozen=True, slots=True)
class At:
    """Where a view is in a partition: the offset that comes next, and the last position up to which all is folded."""

    offset: int
    position: int


def new_to(at: At, coming: Iterable[C]) -> tuple[list[C], At, int]:
    """What is to be folded, where that brings the view, and how many events were passed over since it has had them.

    What is before the offset was read for another view's sake.
    """
    offset, position, had = at.offset, at.position, 0
    new: list[C] = []
    for each in coming:
        if each.offset < offset:
            continue
        offset = each.offset + 1
        if each.position is None:
            continue
        if each.position <= position:
            had += 1
        else:
            position = each.position
            new.append(each)
    return new, At(offset, position), had


def in_order(several: Iterable[Iterable[C]], after: int, until: int) -> list[C]:
    """What several partitions have between two positions, as the ledger has it: each once, in its order."""
    found = {each.position: each for coming in several for each in coming if each.position is not None}
    return [found[position] for position in sorted(found) if after < position <= until]
