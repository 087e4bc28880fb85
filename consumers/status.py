"""How the views are: for `lifeledger views status`, the readiness probe and the metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from consumers.fed import Way, fed
from consumers.session import Session
from consumers.tracking import prepare
from ledger.ledger import Ledger
from projections.projection import Projection

Rows = Mapping[str, tuple[object, ...]]
State = Literal["absent", "building", "live", "failing", "amiss", "stopped", "other version"]


@dataclass(frozen=True, slots=True)
class Building:
    """A rebuild that is under way, in positions of the ledger: it is folded, copied, catches up, or is compared."""

    phase: str
    position: int
    until: int
    rate: float  # Events of the ledger in a second.
    eta_seconds: float | None
    lag_events: int


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """A view, how far it is behind the ledger, and what is wrong with it.

    `stopped` is a view that no worker keeps up. `failing` is one that cannot go beyond the event that its error names;
    it is tried again at `retry_at`. Of the `dead_letters` each is a key that does not go on; all others do. One that is
    `amiss` is not fed from Kafka, though it should be, and why: it is rebuilt, or waits for what is still to come.
    """

    name: str
    version: int
    state: State
    position: int
    lag_events: int
    lag_seconds: float
    error: str | None = None
    retry_at: datetime | None = None
    rebuild: Building | None = None
    dead_letters: int = 0
    skipped: int = 0
    fed_by: Way = "ledger"
    amiss: str | None = None


STATUS = """
WITH held AS (
    SELECT (classid::bigint << 32) | objid::bigint AS lease FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT name, tracking.version, tracking.fingerprint, tracking.position, error, retry_at,
    hashtextextended('lifeledger view ' || name, 0) IN (SELECT lease FROM held),
    hashtextextended('lifeledger build ' || name, 0) IN (SELECT lease FROM held),
    builds.phase, builds.position, builds.until,
    extract(epoch FROM builds.updated_at - builds.started_at)::double precision,
    (SELECT count(*) FROM views.dead_letters AS letter WHERE (letter.view, letter.build) = (name, tracking.build)),
    (SELECT count(*) FROM views.skipped WHERE (skipped.view, skipped.version) = (name, tracking.version)),
    EXISTS (SELECT FROM views.partitions AS part WHERE (part.view, part.build) = (name, tracking.build)),
    (SELECT because FROM views.amiss WHERE (amiss.view, amiss.build) = (name, tracking.build))
FROM views.tracking LEFT JOIN views.builds USING (name)
"""


def status(views: Sequence[Projection], ledger: Ledger, database_url: str) -> list[ViewStatus]:
    """One line for each view. Raises ReadsUnavailable or Unavailable."""
    session = Session(database_url, "views status")
    try:
        prepare(session)
        with session.transaction() as cursor:
            found = rows_of(cursor)
    finally:
        session.close()
    return statuses(found, views, ledger)


def rows_of(cursor: Any) -> Rows:
    """Of all views that there are tables of, by their names."""
    cursor.execute(STATUS)
    return {row[0]: row[1:] for row in cursor.fetchall()}


def statuses(found: Rows, views: Sequence[Projection], ledger: Ledger) -> list[ViewStatus]:
    last = ledger.last_position()
    return [one(view, found.get(view.name), ledger, last) for view in views]


def one(view: Projection, found: tuple[object, ...] | None, ledger: Ledger, last: int) -> ViewStatus:
    if found is None:
        return ViewStatus(view.name, view.version, "absent", 0, last, seconds_behind(ledger, 0, last))
    version, fingerprint, position, error, retry_at, followed, built, phase, *rest = found
    done, until, seconds, letters, left_out, parted, because = rest
    assert isinstance(version, int)
    assert isinstance(position, int)
    assert isinstance(letters, int)
    assert isinstance(left_out, int)
    assert error is None or isinstance(error, str)
    assert because is None or isinstance(because, str)
    assert retry_at is None or isinstance(retry_at, datetime)
    building = None
    if built and isinstance(done, int) and isinstance(until, int) and isinstance(seconds, float):
        rate = done / seconds if seconds else 0.0
        building = Building(str(phase), done, until, rate, (until - done) / rate if rate else None, max(last - done, 0))
    return ViewStatus(
        name=view.name,
        version=version,
        state=state_of(
            ours=fingerprint == view.fingerprint,
            failing=error is not None,
            amiss=because is not None,
            followed=bool(followed),
            building=building,
        ),
        position=position,
        lag_events=max(last - position, 0),
        lag_seconds=seconds_behind(ledger, position, last),
        error=error,
        retry_at=retry_at,
        rebuild=building,
        dead_letters=letters,
        skipped=left_out,
        fed_by=fed(view).way if parted else "ledger",
        amiss=because,
    )


def state_of(*, ours: bool, failing: bool, amiss: bool, followed: bool, building: Building | None) -> State:
    if failing:
        return "failing"
    if building is not None and not (followed and ours):
        return "building"
    if not ours:
        return "other version"
    if not followed:
        return "stopped"
    return "amiss" if amiss else "live"


def seconds_behind(ledger: Ledger, position: int, last: int) -> float:
    """How long the oldest event that the view has not seen has been there."""
    if position >= last:
        return 0.0
    waiting = ledger.rows.select_rows(position, 1)
    return max((datetime.now(UTC) - waiting[0].recorded_at).total_seconds(), 0.0) if waiting else 0.0
