"""How far views that are fed by partitions have come in each: it moves with the rows, or not at all.

Several processes move a view then, each in partitions of its own. Whoever changes something of all of it, as a rebuild
that takes its place or a dead letter that is tried again, keeps them out meanwhile, and they see to it that the build
is the one that answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import extras

from consumers.cursors import Filled
from consumers.passing import At
from consumers.session import Cursor, Session
from consumers.tracking import Fenced
from projections.projection import Projection

Partition = tuple[str, int]
"""A topic, and the number of one of its partitions."""

HOLD = "SELECT name FROM views.tracking WHERE (name, build) IN (VALUES %s) ORDER BY name FOR KEY SHARE"
MOVE = """
UPDATE views.partitions AS each SET next_offset = to_offset, position = to_position,
    passed_over = passed_over + had, updated_at = now()
FROM (VALUES %s) AS new (of_view, in_build, of_topic, of_partition, in_filling, from_offset, from_position,
    to_offset, to_position, had)
WHERE (view, build, topic, partition, filling) = (of_view, in_build, of_topic, of_partition, in_filling)
    AND next_offset IS NOT DISTINCT FROM from_offset AND position = from_position
"""
TYPES = "(%s, %s::integer, %s, %s::integer, %s, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint)"
PLACES = """
SELECT view, each.build, each.filling, next_offset, each.position,
    EXISTS (SELECT FROM views.dead_letters AS letter WHERE (letter.view, letter.build) = (each.view, each.build))
    OR EXISTS (SELECT FROM views.skipped WHERE skipped.view = each.view), error IS NOT NULL
FROM views.partitions AS each JOIN views.tracking AS answers ON (name, answers.build) = (view, each.build)
WHERE (topic, partition) = (%s, %s) AND (view, fingerprint) IN %s
    AND NOT EXISTS (SELECT FROM views.amiss WHERE (amiss.view, amiss.build) = (each.view, each.build) AND for_good)
"""
ENDS = """
INSERT INTO views.ends (topic, partition, filling, end_offset, position) VALUES %s
ON CONFLICT (topic, partition) DO UPDATE SET filling = EXCLUDED.filling, end_offset = EXCLUDED.end_offset,
    position = EXCLUDED.position
WHERE ends.filling <> EXCLUDED.filling OR ends.position < EXCLUDED.position
"""
REACHED = """
UPDATE views.tracking SET position = reached.position, updated_at = now()
FROM (
    SELECT view, each.build, min(
        CASE WHEN next_offset >= end_offset THEN greatest(each.position, ends.position) ELSE each.position END
    ) AS position
    FROM views.partitions AS each LEFT JOIN views.ends USING (topic, partition, filling)
    WHERE view = ANY(%s) AND NOT EXISTS (
        SELECT FROM views.amiss WHERE (amiss.view, amiss.build) = (each.view, each.build) AND for_good
    )
    GROUP BY view, each.build
) AS reached
WHERE (name, tracking.build) = (view, reached.build) AND tracking.position < reached.position
RETURNING name, tracking.position
"""


@dataclass(slots=True)
class Standing:
    """Where a build of a view is in a partition, and what the table has of that."""

    view: Projection
    build: int
    filling: str
    at: At
    written: tuple[int | None, int]
    """The offset and the position as they were left; the offset is None where nothing has come from there yet."""
    aside: bool = False
    """Whether something of it has been put aside, or is to be left out."""
    failed: bool = False
    """Whether it is said that it stands still, in whichever partition, and by whomever."""


# Beginning


def fed_from(cursor: Cursor, view: Projection, build: int) -> dict[str, tuple[str, int]]:
    """The topics by whose partitions a build is fed: which filling of each, and from which position on. None where it
    is fed by the ledger.
    """
    cursor.execute(
        "SELECT DISTINCT topic, filling, begun_at FROM views.partitions WHERE (view, build) = (%s, %s)",
        [view.name, build],
    )
    return {topic: (filling, begun_at) for topic, filling, begun_at in cursor.fetchall()}


def begin(cursor: Cursor, view: Projection, build: int, position: int, topics: Mapping[str, Filled]) -> None:
    """Feed a build by partitions from now on. It is at a position, and the view is ours alone by its lease."""
    rows = [
        (view.name, build, topic, number, each.filling, position, position)
        for topic, each in topics.items()
        for number in range(each.partitions)
    ]
    statement = "INSERT INTO views.partitions (view, build, topic, partition, filling, begun_at, position) VALUES %s"
    extras.execute_values(cursor, statement, rows, page_size=len(rows))


def begun(session: Session) -> frozenset[tuple[str, int]]:
    """All views that are fed by partitions, each with the build that answers."""
    with session.transaction() as cursor:
        cursor.execute(
            "SELECT name, build FROM views.tracking"
            " WHERE EXISTS (SELECT FROM views.partitions AS each WHERE (view, each.build) = (name, tracking.build))"
            " AND NOT EXISTS (SELECT FROM views.amiss WHERE (view, amiss.build) = (name, tracking.build) AND for_good)"
        )
        return frozenset(cursor.fetchall())


def standings(session: Session, partition: Partition, views: Sequence[Projection]) -> list[Standing]:
    """Of the builds that answer, and are of our version."""
    by_name = {view.name: view for view in views}
    if not views:
        return []
    with session.transaction() as cursor:
        cursor.execute(PLACES, [*partition, tuple((view.name, view.fingerprint) for view in views)])
        return [
            Standing(by_name[name], build, filling, At(-1 if offset is None else offset, at), (offset, at), *rest)
            for name, build, filling, offset, at, *rest in cursor.fetchall()
        ]


# Moving


def move(cursor: Cursor, partition: Partition, moved: Sequence[tuple[Standing, At, int]]) -> None:
    """Move views on in a partition, each up to a place and over so many events that it has had.

    Raises Fenced where one of them is not where it was left, or another build answers by now.
    """
    builds = [(each.view.name, each.build) for each, _, _ in moved]
    held = extras.execute_values(cursor, HOLD, builds, "(%s, %s::integer)", len(builds), fetch=True)
    rows = [
        (each.view.name, each.build, *partition, each.filling, *each.written, to.offset, to.position, had)
        for each, to, had in moved
    ]
    extras.execute_values(cursor, MOVE, rows, TYPES, len(rows))
    if len(held) != len(moved) or cursor.rowcount != len(moved):
        names = ", ".join(name for name, _ in builds)
        raise Fenced(f"{names}: not where it was left in {partition[0]}/{partition[1]}")


# How far all of a view is


def note_ends(session: Session, ends: Mapping[Partition, tuple[str, int, int]]) -> None:
    """Of each partition in which filling, behind which offset nothing was when all up to which position was there."""
    if ends:
        with session.transaction() as cursor:
            rows = [(*partition, *end) for partition, end in ends.items()]
            extras.execute_values(cursor, ENDS, rows, page_size=len(rows))


def reach(cursor: Cursor, names: Sequence[str]) -> dict[str, int]:
    """Move views to the lowest position up to which all of their partitions are folded; never back. Where they are now
    that have moved.

    A partition that is behind its end has all that was there when that was its end.
    """
    cursor.execute(REACHED, [list(names)])
    return dict(cursor.fetchall())
