"""Another master key takes the place of the one that counts: every key is wrapped anew, and no event is touched.

All of it is one transaction, under the lock of whoever writes: whoever is killed in between has changed nothing. A
process that still has the old key adds nothing from then on that is sealed under a new one (`MasterKeyChanged`).
"""

from dataclasses import dataclass
from time import monotonic, sleep

from ledger.envelope import Corrupt
from ledger.master import ROOT, Connection, MasterKey, note_root, wrapped_root

AT_ONCE = 5_000  # Keys that are fetched and written together.
LEAVING_SECONDS = 2.0  # Who has just hung up is still there for a moment.
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    " AND pid <> pg_backend_pid()"
)
NEXT = (
    "SELECT subject, wrapped FROM ledger.subject_keys WHERE wrapped IS NOT NULL AND subject > %s"
    " ORDER BY subject LIMIT %s"
)
REWRAP = (
    "UPDATE ledger.subject_keys AS key SET wrapped = new.wrapped"
    " FROM unnest(%s::text[], %s::bytea[]) AS new (subject, wrapped) WHERE key.subject = new.subject"
)
LEFT = "SELECT count(*) FROM ledger.subject_keys WHERE wrapped IS NOT NULL AND NOT ledger.by_the_master_key(wrapped)"
TABLES = ("ledger.subject_keys", "ledger.master_key")


class InUse(Exception):
    """Others are connected to the database, and keys are wrapped anew only while nobody is."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many keys were wrapped anew, the root secret not counted; none, where that had been done before."""

    keys: int
    id: bytes
    before: bool = False


def rotate(connection: Connection, old: bytes, new: bytes) -> Rotated:
    """Raises InUse, or Corrupt where neither is the master key of this ledger."""
    wraps, opens = MasterKey(new), MasterKey(old)
    must_be_alone(connection)
    if done_before(connection, wraps):
        clean(connection)
        return Rotated(0, wraps.id, before=True)
    note_root(connection, old)
    with connection.transaction():
        connection.execute("LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE")
        root = opens.root(wrapped_root(connection))
        connection.execute(
            "UPDATE ledger.master_key SET id = %s, root = %s, since = clock_timestamp()",
            (wraps.id, wraps.wrap(ROOT, root)),
        )
        count = rewrap(connection, opens, wraps)
        (left,) = connection.execute(LEFT).fetchone() or (None,)
        assert left == 0, f"{left} keys are not wrapped by the new master key"
    clean(connection)
    return Rotated(count, wraps.id)


def must_be_alone(connection: Connection) -> None:
    until = monotonic() + LEAVING_SECONDS
    while others := others_on(connection):
        if monotonic() < until:
            sleep(0.05)
            continue
        raise InUse(f"{others} others are connected to the database: stop the service and its workers first")


def others_on(connection: Connection) -> int:
    (found,) = connection.execute(OTHERS).fetchone() or (0,)
    return int(found)


def done_before(connection: Connection, wraps: MasterKey) -> bool:
    kept = wrapped_root(connection)
    if kept is None or not kept.startswith(wraps.id):
        return False
    try:
        wraps.root(kept)
    except Corrupt:
        return False
    return True


def rewrap(connection: Connection, opens: MasterKey, wraps: MasterKey) -> int:
    count, after = 0, ""
    while found := connection.execute(NEXT, (after, AT_ONCE)).fetchall():
        subjects = [subject for subject, _ in found]
        anew = [wraps.wrap(subject, opens.unwrap(subject, wrapped)) for subject, wrapped in found]
        connection.execute(REWRAP, (subjects, anew))
        count, after = count + len(found), subjects[-1]
    return count


def clean(connection: Connection) -> None:
    """So that what the old key opens is in no file of these tables any more. The log of what the server writes has it
    until it is used again, and a backup for ever.
    """
    for table in TABLES:
        connection.execute(f"VACUUM FULL {table}".encode())
