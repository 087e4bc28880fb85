"""The build of a view that answered before the present one, and the fold that has been given up in its favour."""

from consumers.session import Cursor, Session
from consumers.tracking import Tracked, tables
from projections.projection import Projection


def keep(cursor: Cursor, view: Projection, build: Tracked) -> None:
    """One for each view: whatever was kept before is kept no more, and its table is left to who cleans."""
    cursor.execute(
        "INSERT INTO views.kept (name, version, fingerprint, build, position) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, fingerprint = EXCLUDED.fingerprint,"
        " build = EXCLUDED.build, position = EXCLUDED.position, at = now()",
        [view.name, build.version, build.fingerprint, build.build, build.position],
    )


def kept(cursor: Cursor, view: Projection) -> Tracked | None:
    cursor.execute("SELECT version, fingerprint, build, position FROM views.kept WHERE name = %s", [view.name])
    found = cursor.fetchone()
    return None if found is None or found[2] not in tables(cursor, view) else Tracked(*found)


def give_up(cursor: Cursor, view: Projection, fingerprint: str) -> None:
    """Workers whose fold this is leave the view alone from now on."""
    cursor.execute(
        "INSERT INTO views.given_up (name, fingerprint) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, at = now()",
        [view.name, fingerprint],
    )


def take_up(cursor: Cursor, view: Projection, fingerprint: str) -> None:
    """It answers again, and is given up no more."""
    cursor.execute("DELETE FROM views.given_up WHERE name = %s AND fingerprint = %s", [view.name, fingerprint])


def is_given_up(session: Session, view: Projection) -> bool:
    """Whether somebody has rolled back from this very fold, and not asked for it again."""
    with session.transaction() as cursor:
        cursor.execute("SELECT FROM views.given_up WHERE name = %s AND fingerprint = %s", [view.name, view.fingerprint])
        return cursor.fetchone() is not None
