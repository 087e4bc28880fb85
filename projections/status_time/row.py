"""What a stay in a status is, and how one ends and the next begins."""

from typing import Literal, Protocol
from uuid import UUID

from domain.values import CalendarId, Instant
from projections.looked_after import LookedAfter
from projections.rows import replace, table

Kind = Literal["lead", "ticket", "customer"]


@table
class Spell(LookedAfter):
    """One stay in a status. Where nobody recorded when it began, there is no beginning: none is invented.

    A ticket's working time is counted with the calendar, in the version, that its clocks had pinned last when the stay
    ended. For a ticket to which nothing was promised yet, for leads and for customers no fact names a calendar: they
    have calendar time alone.
    """

    subject_id: str
    ordinal: int
    kind: Kind
    status: str
    entered: Instant | None
    left: Instant | None = None
    calendar_id: CalendarId | None = None
    calendar_version: int | None = None


Spells = tuple[Spell, ...]


class Change(Protocol):
    """A fact of a status: which it was, and which it is."""

    @property
    def from_(self) -> str: ...

    @property
    def to(self) -> str: ...


def first(kind: Kind, key: UUID, status: str, at: Instant | None) -> Spell:
    return Spell(subject_id=f"{kind}/{key}", ordinal=1, kind=kind, status=status, entered=at)


def entered(spells: Spells, event: Change, at: Instant, kind: Kind, key: UUID) -> Spells:
    """The spell before ends, and the next begins. To be told the same again is neither."""
    known = spells or (first(kind, key, event.from_, None),)
    if event.from_ == event.to:
        return known
    *before, last = known
    following = replace(last, ordinal=last.ordinal + 1, status=event.to, entered=at)
    return (*before, replace(last, left=at), following)
