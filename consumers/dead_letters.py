"""Dead letters: the events at which keys of a view do not go on, what waits behind each, and what was skipped.

Only places are kept: the position and type of an event, and the key. What it says is in the ledger. Whoever changes
something here has locked the view before, by moving or by `tracked`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg2 import extras

from consumers.session import Cursor, Session
from consumers.tracking import Place, described
from domain.values import FACT_NAMES
from projections.folding import Key, Parked
from projections.projection import Projection

PAGE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A key that does not go on: at which event, why, how many more wait behind it, and when it is tried again.

    Without an error it has not been tried yet, since what was before it has gone on.
    """

    view: str
    key: str
    position: int
    type: str
    error: str | None
    waiting: int
    failed_at: datetime
    attempts: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that the fold of a version leaves out for a key, because somebody has decided so."""

    view: str
    version: int
    key: str
    position: int
    type: str
    reason: str
    by: str
    at: datetime


# Keys as they are written

OF_TYPE: Mapping[str, Callable[[str], Any]] = {"text": str, "bigint": int, "uuid": lambda text: UUID(text).int}


def written(view: Projection, key: Key) -> list[str]:
    return [str(value) for value in view.columns_of(key)]


def key_read(view: Projection, values: Sequence[str]) -> Key:
    """The key as folds know it."""
    columns = [OF_TYPE[view.column(name).type](value) for name, value in zip(view.key, values, strict=True)]
    return tuple(columns) if len(columns) > 1 else columns[0]


def key_named(view: Projection, name: str) -> Key:
    """The key that people name so."""
    return key_read(view, name.split(",") if len(view.key) > 1 else [name])


def shown(values: Iterable[str]) -> str:
    """The key as people name it."""
    return ",".join(values)


# Of one build


def keys_aside(cursor: Cursor, place: Place) -> set[Key]:
    """Those that do not go on."""
    cursor.execute("SELECT key FROM views.dead_letters WHERE view = %s AND build = %s", [place.view.name, place.build])
    return {key_read(place.view, key) for (key,) in cursor.fetchall()}


def skipped_by(cursor: Cursor, view: Projection, after: int = 0) -> frozenset[tuple[int, Key]]:
    """What the fold of this version leaves out after a position, each for a key."""
    cursor.execute(
        "SELECT position, key FROM views.skipped WHERE view = %s AND version = %s AND position > %s",
        [view.name, view.version, after],
    )
    return frozenset((position, key_read(view, key)) for position, key in cursor.fetchall())


def know_aside(cursor: Cursor, place: Place) -> None:
    """Find out what has been put aside before, and what is to be left out from here on."""
    place.parked = bool(keys_aside(cursor, place))
    place.skipped = skipped_by(cursor, place.view, place.position)


def put_aside(cursor: Cursor, place: Place, parked: Sequence[Parked]) -> None:
    heads, behind = [], []
    for each in parked:
        at = (place.view.name, place.build, written(place.view, each.key), each.position, FACT_NAMES[each.type])
        if each.failed is None:
            behind.append(at)
        else:
            heads.append((*at, described(each.failed)))
    if heads:
        extras.execute_values(
            cursor,
            "INSERT INTO views.dead_letters (view, build, key, position, type, error, attempts, retry_at) VALUES %s"
            " ON CONFLICT DO NOTHING",
            heads,
            "(%s, %s, %s::text[], %s, %s, %s, 1, now() + interval '1 second')",
            PAGE,
        )
    if behind:
        statement = "INSERT INTO views.queued (view, build, key, position, type) VALUES %s ON CONFLICT DO NOTHING"
        extras.execute_values(cursor, statement, behind, "(%s, %s, %s::text[], %s, %s)", PAGE)


def let_go(cursor: Cursor, place: Place, keys: Collection[Key]) -> None:
    """What was put aside for these keys; they are folded from the start."""
    for key in keys:
        of = [place.view.name, place.build, written(place.view, key)]
        cursor.execute("DELETE FROM views.queued WHERE (view, build, key) = (%s, %s, %s::text[])", of)
        cursor.execute("DELETE FROM views.dead_letters WHERE (view, build, key) = (%s, %s, %s::text[])", of)


def log_parked(view: Projection, parked: Iterable[Parked]) -> None:
    for each in parked:
        if each.failed is not None:
            log.error("an event is parked", view=view.name, error=described(each.failed, each.position))


def drop_all_but(cursor: Cursor, view: Projection, builds: Collection[int]) -> None:
    """What was put aside of a build ends with it, and where it was in partitions, or why not."""
    for table in ("dead_letters", "queued", "partitions", "amiss"):
        statement = f"DELETE FROM views.{table} WHERE view = %s AND build <> ALL(%s)"  # noqa: S608 - names of ours.
        cursor.execute(statement, [view.name, list(builds)])


def due(session: Session, place: Place, at_most: int) -> list[Key]:
    """The keys that are to be tried again by now, those that wait longest first."""
    with session.transaction() as cursor:
        cursor.execute(
            "SELECT key FROM views.dead_letters WHERE view = %s AND build = %s AND retry_at <= now()"
            " ORDER BY retry_at, position LIMIT %s",
            [place.view.name, place.build, at_most],
        )
        return [key_read(place.view, key) for (key,) in cursor.fetchall()]


# For whoever asks

LIST = """
SELECT view, letter.key, letter.position, type, letter.error, (
    SELECT count(*) FROM views.queued AS behind
    WHERE (behind.view, behind.build, behind.key) = (letter.view, letter.build, letter.key)
), failed_at, attempts, letter.retry_at
FROM views.dead_letters AS letter JOIN views.tracking ON name = view AND tracking.build = letter.build
WHERE view = ANY(%s) ORDER BY view, failed_at, letter.position, letter.key
"""


def dead_letters(session: Session, views: Sequence[Projection]) -> list[DeadLetter]:
    """Of the builds that answer."""
    with session.transaction() as cursor:
        cursor.execute(LIST, [[view.name for view in views]])
        return [DeadLetter(view, shown(key), *rest) for view, key, *rest in cursor.fetchall()]


def skipped(session: Session, views: Sequence[Projection]) -> list[Skipped]:
    with session.transaction() as cursor:
        cursor.execute(
            "SELECT view, version, key, position, type, reason, by, at FROM views.skipped WHERE view = ANY(%s)"
            " ORDER BY at, view, key",
            [[view.name for view in views]],
        )
        return [Skipped(view, version, shown(key), *rest) for view, version, key, *rest in cursor.fetchall()]
