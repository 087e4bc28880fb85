"""Dead letters are tried again: what waits for a key is folded in its order, unless somebody has it skipped."""

from dataclasses import dataclass

from consumers.dead_letters import skipped_by, written
from consumers.gone import changed_late
from consumers.rebuild import AlreadyRebuilding
from consumers.session import Cursor, ReadsUnavailable, Session, load_key, write
from consumers.source import Source
from consumers.tracking import LONGEST_WAIT, Fenced, Place, described, tracked
from ledger.store import Busy, Unavailable
from projections.folding import FoldFailed, Key, Table, Told
from projections.projection import Projection

AT_ONCE = 1_000  # Events of one key in a transaction; those after them wait for the next.


class NotParked(Exception):
    """There is no such dead letter: the key goes on, or stands at another event."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of it: how many events are folded, at which one the key does not go on, and whether more wait."""

    folded: int = 0
    stands_at: int | None = None
    error: str | None = None
    more: bool = False


def place_of(session: Session, view: Projection) -> Place:
    """The build that answers. Raises Fenced where it is of another version than ours."""
    with session.transaction() as cursor:
        found = tracked(cursor, view)
    if found is None or found.fingerprint != view.fingerprint:
        raise Fenced(f"{view.name} is kept by another version of the service")
    return Place(view, found.build, found.position)


def retry(session: Session, place: Place, source: Source, key: Key) -> Retried:
    """Fold again what waits for a key, in one transaction; the event at which that fails, and all after it, stay.

    Where it is not the fold that fails, but an event cannot be read or a row is refused, the first is tried alone.
    Raises Fenced where the build does not answer any more.
    """
    error: Exception | None = None
    for behind in (AT_ONCE, 0):
        try:
            with session.transaction() as cursor:
                lock(cursor, place)
                return refold(cursor, place, source, key, behind)
        except (Fenced, ReadsUnavailable, Unavailable, Busy):
            raise
        except Exception as no:  # noqa: BLE001 - whatever is wrong with one key, the others go on.
            error = no
    assert error is not None
    return put_off(session, place, key, error)


def retry_to_the_end(session: Session, place: Place, source: Source, key: Key) -> Retried:
    """All that waits for a key, a thousand events at a time, or up to what fails. Raises Fenced as above."""
    folded = 0
    while True:
        found = retry(session, place, source, key)
        folded += found.folded
        if found.error is not None or not found.more:
            return Retried(folded, found.stands_at, found.error)


def lock(cursor: Cursor, place: Place) -> None:
    found = tracked(cursor, place.view, lock=True)
    if found is None or (found.build, found.fingerprint) != (place.build, place.view.fingerprint):
        raise Fenced(f"build {place.build} of {place.view.name} does not answer any more")


def sequence(cursor: Cursor, place: Place, key: Key, behind: int) -> list[int]:
    """The position of the event at which a key does not go on, and of the first that wait behind it, in their order."""
    of = [place.view.name, place.build, written(place.view, key)]
    cursor.execute(
        "SELECT position FROM views.dead_letters WHERE (view, build, key) = (%s, %s, %s::text[])"
        " UNION ALL (SELECT position FROM views.queued WHERE (view, build, key) = (%s, %s, %s::text[])"
        " ORDER BY position LIMIT %s) ORDER BY position",
        [*of, *of, behind],
    )
    return [position for (position,) in cursor.fetchall()]


def refold(cursor: Cursor, place: Place, source: Source, key: Key, behind: int) -> Retried:
    view = place.view
    positions = sequence(cursor, place, key, behind)
    if not positions:
        return Retried()
    left_out = {position for position, whose in skipped_by(cursor, view, positions[0] - 1) if whose == key}
    told = [event_at(source, position) for position in positions if position not in left_out]
    table = Table(view, load_key(cursor, view, place.build, view.columns_of(key)))
    failed = None
    try:
        table.fold(told)  # Of the key's rows alone: what finds rows by a column finds these, or none.
    except FoldFailed as no:
        failed = no
    write(cursor, view, place.build, table)
    changed_late(cursor, view, table)
    if failed is None:
        return go_on(cursor, place, key, positions[-1], len(told))
    stand_at(cursor, place, key, failed.position, failed)
    folded = sum(position < failed.position for position, _, _ in told)
    return Retried(folded, failed.position, described(failed), more=True)


def event_at(source: Source, position: int) -> Told:
    (found,) = source.read(position - 1, position, 1)
    return found


def go_on(cursor: Cursor, place: Place, key: Key, after: int, folded: int) -> Retried:
    """All up to a position is folded. What waits beyond it is tried at once; where nothing does, the key is free."""
    of = [place.view.name, place.build, written(place.view, key)]
    cursor.execute(
        "SELECT min(position) FROM views.queued WHERE (view, build, key) = (%s, %s, %s::text[]) AND position > %s",
        [*of, after],
    )
    ((following,),) = cursor.fetchall()
    if following is not None:
        stand_at(cursor, place, key, following, None)
        return Retried(folded, following, more=True)
    cursor.execute("DELETE FROM views.queued WHERE (view, build, key) = (%s, %s, %s::text[])", of)
    cursor.execute("DELETE FROM views.dead_letters WHERE (view, build, key) = (%s, %s, %s::text[])", of)
    return Retried(folded)


def stand_at(cursor: Cursor, place: Place, key: Key, position: int, failed: FoldFailed | None) -> None:
    """The key does not go on at this event, which was at the head already, or waited."""
    of = [place.view.name, place.build, written(place.view, key)]
    if failed is not None and blame(cursor, of, position, failed):
        return
    tried = 0 if failed is None else 1
    cursor.execute(
        "UPDATE views.dead_letters AS head SET position = behind.position, type = behind.type, error = %s,"
        " attempts = %s, failed_at = now(), retry_at = now() + %s * interval '1 second'"
        " FROM views.queued AS behind WHERE (head.view, head.build, head.key) = (%s, %s, %s::text[])"
        " AND (behind.view, behind.build, behind.key) = (head.view, head.build, head.key) AND behind.position = %s",
        [None if failed is None else described(failed), tried, tried, *of, position],
    )
    cursor.execute(
        "DELETE FROM views.queued WHERE (view, build, key) = (%s, %s, %s::text[]) AND position <= %s", [*of, position]
    )


def blame(cursor: Cursor, of: list[object], position: int | None, error: BaseException) -> bool:
    """Note that the head has failed once more; whether it stands there."""
    cursor.execute(
        "UPDATE views.dead_letters SET error = %s, attempts = attempts + 1,"
        " retry_at = now() + least(power(2, least(attempts, 10)), %s) * interval '1 second'"
        " WHERE (view, build, key) = (%s, %s, %s::text[]) AND position = coalesce(%s, position)",
        [described(error), LONGEST_WAIT, *of, position],
    )
    return cursor.rowcount == 1


def put_off(session: Session, place: Place, key: Key, error: Exception) -> Retried:
    with session.transaction() as cursor:
        lock(cursor, place)
        blame(cursor, [place.view.name, place.build, written(place.view, key)], None, error)
        stands_at, *_ = *sequence(cursor, place, key, 0), None
    return Retried(0, stands_at, described(error), more=stands_at is not None)


def skip(session: Session, place: Place, key: Key, *, reason: str, by: str, position: int | None = None) -> int:
    """Leave out the event at which a key does not go on, in this version of the fold; the position of it.

    The record is what counts: whoever tries the key again, or folds the view anew, leaves it out. Raises NotParked, or
    AlreadyRebuilding, since a rebuild has asked before it began what is to be left out.
    """
    lease = f"build {place.view.name}"
    if not session.take(lease):
        raise AlreadyRebuilding(f"{place.view.name} is being rebuilt; once that is done, it can be skipped")
    try:
        with session.transaction() as cursor:
            lock(cursor, place)
            values = written(place.view, key)
            cursor.execute(
                "UPDATE views.dead_letters SET retry_at = now() WHERE (view, build, key) = (%s, %s, %s::text[])"
                " AND position = coalesce(%s, position) RETURNING position, type",
                [place.view.name, place.build, values, position],
            )
            found = cursor.fetchone()
            if found is None:
                raise NotParked(place.view.name)
            cursor.execute(
                "INSERT INTO views.skipped (view, version, key, position, type, reason, by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [place.view.name, place.view.version, values, *found, reason, by],
            )
        return int(found[0])
    finally:
        session.give_back(lease)
