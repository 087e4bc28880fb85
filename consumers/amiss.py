"""Why a build of a view is not fed by partitions, though it should be.

For good where something that it needs is in no topic any more, or something is there that never was: whoever has the
view then rebuilds it from the ledger. Else it waits for what is still to come.
"""

from consumers.session import Cursor
from projections.projection import Projection

FOUND = """
INSERT INTO views.amiss (view, build, because, for_good) VALUES (%s, %s, %s, %s)
ON CONFLICT (view, build) DO UPDATE SET because = EXCLUDED.because, for_good = EXCLUDED.for_good, since = now()
WHERE NOT amiss.for_good AND (amiss.because, amiss.for_good) <> (EXCLUDED.because, EXCLUDED.for_good)
"""


def spoil(cursor: Cursor, view: Projection, build: int, because: str) -> None:
    """Nothing is folded into this build any more."""
    cursor.execute(FOUND, [view.name, build, because, True])


def wait(cursor: Cursor, view: Projection, build: int, because: str) -> None:
    cursor.execute(FOUND, [view.name, build, because, False])


def goes_on(cursor: Cursor, view: Projection, build: int) -> None:
    cursor.execute("DELETE FROM views.amiss WHERE (view, build) = (%s, %s) AND NOT for_good", [view.name, build])


def is_spoilt(cursor: Cursor, view: Projection, build: int) -> bool:
    cursor.execute("SELECT FROM views.amiss WHERE (view, build) = (%s, %s) AND for_good", [view.name, build])
    return cursor.fetchone() is not None
