"""Puts the build of a view that answered before back in its place, at once; it catches up from where it was."""

import time
from dataclasses import dataclass

from consumers.dead_letters import drop_all_but
from consumers.kept import give_up, keep, kept
from consumers.rebuild import AlreadyRebuilding, patiently
from consumers.session import Session
from consumers.tracking import Tracked, prepare, tracked
from projections import sql
from projections.projection import Projection


class NothingKept(Exception):
    """There is no build of this view to go back to."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What answers now, and what did until now."""

    version: int
    position: int
    from_version: int
    from_position: int


def roll_back(view: Projection, database_url: str) -> RolledBack:
    """In one transaction: the build that answered before answers again, and the present one is kept in its turn.

    Workers whose fold made the present one leave the view alone from then on, until a rebuild is asked for; whoever has
    the fold of the former one follows it. Raises NothingKept, AlreadyRebuilding or ReadsUnavailable.
    """
    session = Session(database_url, f"rollback of {view.name}")
    done: list[RolledBack] = []
    try:
        begin(session, view)
        patiently(lambda: done.append(swapped(session, view)), lambda: time.sleep(0.2))
    finally:
        session.close()
    return done[-1]


def drop_kept(view: Projection, database_url: str) -> Tracked:
    """Have the disk back: what is kept is dropped, and there is nothing to go back to."""
    session = Session(database_url, f"rollback of {view.name}")
    try:
        begin(session, view)
        with session.transaction() as cursor:
            found = kept(cursor, view)
            if found is None:
                raise NothingKept(f"no build of {view.name} is kept")
            cursor.execute("DELETE FROM views.kept WHERE name = %s", [view.name])
            cursor.execute(f"DROP TABLE {sql.table(view, found.build)}")
            answering = tracked(cursor, view)
            drop_all_but(cursor, view, [] if answering is None else [answering.build])
        return found
    finally:
        session.close()


def begin(session: Session, view: Projection) -> None:
    """While somebody rebuilds the view, its tables are his."""
    prepare(session)
    if not session.take(f"build {view.name}"):
        raise AlreadyRebuilding(f"{view.name} is being rebuilt by another process")


def swapped(session: Session, view: Projection) -> RolledBack:
    with session.transaction() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        now, former = tracked(cursor, view, lock=True), kept(cursor, view)
        if now is None or former is None:
            raise NothingKept(f"no build of {view.name} is kept: there is nothing to go back to")
        for statement in sql.show(view, former.build):
            cursor.execute(statement)
        cursor.execute(
            "UPDATE views.tracking SET version = %s, fingerprint = %s, build = %s, position = %s, error = NULL,"
            " failures = 0, retry_at = NULL, updated_at = now() WHERE name = %s",
            [former.version, former.fingerprint, former.build, former.position, view.name],
        )
        cursor.execute(sql.TOLD_ANEW, [view.name, max(now.position, former.position) + 1])
        keep(cursor, view, now)
        if now.fingerprint != former.fingerprint:
            give_up(cursor, view, now.fingerprint)
    return RolledBack(former.version, former.position, now.version, now.position)
