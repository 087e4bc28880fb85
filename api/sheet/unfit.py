"""Why a table cannot be read at all, or not as its map says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

Opened = Callable[[], BinaryIO]
"""A table, from its beginning: it is looked at several times before it is read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and in which place of the map, or in which line of the table."""

    because: str
    place: tuple[str, ...] | None = None
    line: int | None = None


class Unfit(Exception):
    """Nothing can be read of a table, for all of these reasons."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(each.because for each in faults))
        self.faults = faults


def unfit(because: str, line: int | None = None) -> Unfit:
    """Of the table itself."""
    return Unfit([Fault(because, line=line)])
