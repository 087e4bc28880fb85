"""Rebuilds that somebody has asked for: that one is done is kept with its swap, so that it is not done twice."""

from dataclasses import dataclass
from uuid import UUID

from consumers.session import Cursor


@dataclass(frozen=True, slots=True)
class Done:
    """Which view was rebuilt, up to which position, in how many seconds."""

    view: str
    position: int
    seconds: float


def note_done(cursor: Cursor, asked: UUID, done: Done) -> None:
    """`asked` is the id of the event in which it was asked for."""
    cursor.execute(
        "INSERT INTO views.rebuilt (asked, view, position, seconds) VALUES (%s, %s, %s, %s)",
        [asked, done.view, done.position, done.seconds],
    )


def done_before(cursor: Cursor, asked: UUID) -> Done | None:
    cursor.execute("SELECT view, position, seconds FROM views.rebuilt WHERE asked = %s", [asked])
    found = cursor.fetchone()
    return None if found is None else Done(*found)
