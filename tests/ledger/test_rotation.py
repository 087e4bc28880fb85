"""Another master key takes the place of the first: all opens with it and nothing with the old one, and no row of the
ledger is another than it was.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from commands.service import open_ledger
from domain.identity import Identifier
from ledger import rotation
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import Corrupt
from ledger.keys import Keys
from ledger.logs import LOGS
from ledger.master import MasterKey, MasterKeyChanged, note_root, root_of, wrapped_root
from ledger.migrations import migrate
from ledger.recorder import Recorder, datastore
from ledger.rotation import InUse, rotate
from ledger.seal import last_note, origin, seal, signer
from ledger.verify import verify
from tests.ledger.samples import append, encoded, rows_of
from tests.memory import MASTER, MemoryRows
from tests.servers import new_home

pytestmark = pytest.mark.slow

NEW = bytes(range(100, 132))
PHONE = Identifier(kind="phone", value="+8613800138000")
SUBJECTS = [f"lead/{number}" for number in range(1, 24)]
KEPT = ("stored_events", "commands", "identity_lookup", "tiles", "checkpoints", "itself")


def write(url: str, *subjects: str, master: bytes = MASTER) -> None:
    ledger = open_ledger(url, master)
    try:
        for subject in subjects:
            batch = encoded(*rows_of(subject, 1, 2), keys={subject: ledger.keys.create(subject)})
            append(ledger.rows, batch)
    finally:
        ledger.close()


@pytest.fixture
def own(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A ledger with keys, sealed, to which one connection is open."""
    write(database_url, *SUBJECTS)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = now(), erased_by = 'dpo', erased_at = 3"
            " WHERE subject = 'lead/2'"
        )
        for log in LOGS:
            while seal(connection, log, signer(connection, MASTER), 1_000) is not None:
                pass
        yield connection


def keys_in(connection: psycopg.Connection[Any]) -> dict[str, bytes]:
    found = connection.execute("SELECT subject, wrapped FROM ledger.subject_keys WHERE wrapped IS NOT NULL")
    return dict(found.fetchall())


def unwrapped(master: bytes, connection: psycopg.Connection[Any]) -> dict[str, bytes]:
    return {subject: MasterKey(master).unwrap(subject, wrapped) for subject, wrapped in keys_in(connection).items()}


def opened_by(master: bytes, connection: psycopg.Connection[Any]) -> list[str]:
    """What of all that is wrapped a master key opens."""
    found = keys_in(connection) | {"the whole ledger": wrapped_root(connection) or b""}
    opens, there = MasterKey(master), []
    for subject, wrapped in found.items():
        try:
            opens.unwrap(subject, wrapped)
        except Corrupt:
            # Nor would it, if nobody said by which it was wrapped.
            with pytest.raises(Corrupt):
                opens.unwrap(subject, wrapped[4:])
        else:
            there.append(subject)
    return sorted(there)


def everything(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    return {each: connection.execute(f"SELECT * FROM ledger.{each} ORDER BY 1".encode()).fetchall() for each in KEPT}


def test_the_old_key_opens_nothing_and_the_new_one_all_and_no_event_changes(own: psycopg.Connection[Any]) -> None:
    there = sorted({*SUBJECTS, "the whole ledger"} - {"lead/2"})
    assert opened_by(MASTER, own) == there
    before, raw = everything(own), unwrapped(MASTER, own)
    with patch.object(rotation, "AT_ONCE", 5):
        assert rotate(own, MASTER, NEW).keys == len(SUBJECTS) - 1
    assert opened_by(MASTER, own) == []
    assert opened_by(NEW, own) == there
    assert unwrapped(NEW, own) == raw
    assert everything(own) == before
    assert own.execute("SELECT wrapped FROM ledger.subject_keys WHERE subject = 'lead/2'").fetchone() == (None,)


def test_fingerprints_and_signatures_are_those_of_before(own: psycopg.Connection[Any], database_url: str) -> None:
    def made(master: bytes) -> tuple[bytes, bytes, str]:
        rows = Recorder(datastore(database_url, pool_size=1))
        keys = Keys(master, rows)
        rows.close()
        return keys.identity_digest(PHONE), keys.command_digest("X", b"{}"), str(signer(own, master).verifier)

    before = made(MASTER)
    rotate(own, MASTER, NEW)
    assert made(NEW) == before
    for log in LOGS:
        verdict = verify(own, log, origin(own, log), signer(own, NEW).verifier)
        assert verdict.good, verdict
    write(database_url, "lead/77", master=NEW)
    assert seal(own, LOGS[0], signer(own, NEW), 1_000) is not None
    assert "events" in (last_note(own, LOGS[0]) or "")


def test_done_again_it_changes_nothing(own: psycopg.Connection[Any]) -> None:
    rotate(own, MASTER, NEW)
    before = keys_in(own)
    again = rotate(own, MASTER, NEW)
    assert (again.keys, again.before) == (0, True)
    assert keys_in(own) == before
    third = bytes(32)
    rotate(own, NEW, third)
    assert opened_by(NEW, own) == []
    assert len(opened_by(third, own)) == len(SUBJECTS)


def test_who_is_killed_in_between_has_changed_nothing(own: psycopg.Connection[Any], postgres: Any) -> None:
    before, url = keys_in(own), own.info.dsn
    name = str(conninfo_to_dict(url)["dbname"])
    rewrap = rotation.rewrap

    def killed(connection: psycopg.Connection[Any], opens: MasterKey, wraps: MasterKey) -> int:
        rewrap(connection, opens, wraps)
        with psycopg.connect(postgres.admin_url(name), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return 0

    with patch.object(rotation, "rewrap", killed), pytest.raises(psycopg.OperationalError):
        rotate(own, MASTER, NEW)
    with psycopg.connect(postgres.url(name), autocommit=True) as later:
        assert keys_in(later) == before
        assert opened_by(NEW, later) == []
        rotate(later, MASTER, NEW)
        assert opened_by(MASTER, later) == []


def test_with_a_key_that_is_not_the_ledgers_nothing_is_changed(own: psycopg.Connection[Any]) -> None:
    before = keys_in(own)
    with pytest.raises(Corrupt, match="was not wrapped by this master key"):
        rotate(own, bytes(32), NEW)
    assert keys_in(own) == before


def test_while_others_are_connected_nothing_is_changed(own: psycopg.Connection[Any], database_url: str) -> None:
    with psycopg.connect(database_url), pytest.raises(InUse, match="1 others are connected"):
        rotate(own, MASTER, NEW)
    assert opened_by(NEW, own) == []


def test_who_still_has_the_old_key_adds_none(own: psycopg.Connection[Any], database_url: str) -> None:
    late = open_ledger(database_url, MASTER)
    with patch.object(rotation, "must_be_alone"):
        rotate(own, MASTER, NEW)
    batch = encoded(*rows_of("lead/99", 1), keys={"lead/99": late.keys.create("lead/99")})
    with pytest.raises(MasterKeyChanged, match="another one by now"):
        append(late.rows, batch)
    assert own.execute("SELECT count(*) FROM ledger.stored_events WHERE subject = 'lead/99'").fetchone() == (0,)
    with pytest.raises(Corrupt):
        late.keys.get("lead/1")
    late.close()
    with pytest.raises(Corrupt, match="the key of the whole ledger was not wrapped by this master key"):
        open_ledger(database_url, MASTER)


def test_a_key_is_wrapped_anew_by_the_master_key_that_counts_and_by_no_other(own: psycopg.Connection[Any]) -> None:
    for wrapped in (MasterKey(NEW).wrap("lead/1", bytes(32)), MasterKey(MASTER).wrap("lead/1", bytes(32)), b"x"):
        with pytest.raises(psycopg.DatabaseError, match="may be destroyed, and not be changed"):
            own.execute("UPDATE ledger.subject_keys SET wrapped = %s WHERE subject = 'lead/1'", (wrapped,))
    with pytest.raises(psycopg.DatabaseError, match="may be destroyed, and not be changed"):
        own.execute(
            "UPDATE ledger.subject_keys SET wrapped = %s, erased_on = NULL, erased_by = NULL, erased_at = NULL"
            " WHERE subject = 'lead/2'",
            (MasterKey(MASTER).wrap("lead/2", bytes(32)),),
        )


# The root secret


def test_a_new_ledger_has_a_root_secret_that_nobody_knows(own: psycopg.Connection[Any]) -> None:
    assert root_of(own, MASTER) != MASTER


def test_a_ledger_from_before_goes_on_with_its_master_key(database_url: str) -> None:
    rows = Recorder(datastore(database_url, pool_size=1))
    wrapped = MasterKey(MASTER).wrap("lead/1", bytes(32))[4:]
    batch = encoded(*rows_of("lead/1", 1), keys={"lead/1": Keys(MASTER, MemoryRows()).create("lead/1")})
    batch.keys["lead/1"].wrapped = wrapped
    append(rows, batch)
    digest = Keys(MASTER, rows).identity_digest(PHONE)
    rows.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        line = str(signer(connection, MASTER).verifier)
        with pytest.raises(Corrupt):
            note_root(connection, NEW)
        note_root(connection, MASTER)
        assert root_of(connection, MASTER) == MASTER
        rotate(connection, MASTER, NEW)
        assert str(signer(connection, NEW).verifier) == line
        assert opened_by(MASTER, connection) == []
    ledger = open_ledger(database_url, NEW)
    assert ledger.keys.identity_digest(PHONE) == digest
    assert ledger.keys.get("lead/1") is not None
    ledger.close()


def test_of_two_who_open_a_new_ledger_at_once_both_have_one_root(database_url: str) -> None:
    first, second = open_ledger(database_url, MASTER), open_ledger(database_url, MASTER)
    assert first.keys.root == second.keys.root
    first.close()
    second.close()


def test_what_the_old_key_opens_is_in_no_file_of_these_tables_any_more() -> None:
    with new_home() as home, EmbeddedPostgres.start(home) as server:
        migrate(server.url())
        write(server.url(), *SUBJECTS)
        with (
            psycopg.connect(server.url(), autocommit=True) as own,
            psycopg.connect(server.admin_url(), autocommit=True) as admin,
        ):
            before = {*keys_in(own).values(), wrapped_root(own) or b""}
            admin.execute("CHECKPOINT")
            assert found_in_files(home / "postgres" / "data" / "base", before) == before
            rotate(own, MASTER, NEW)
            admin.execute("CHECKPOINT")
            assert found_in_files(home / "postgres" / "data", before) == set()


def found_in_files(folder: Path, sought: set[bytes]) -> set[bytes]:
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
    return {each for each in sought if any(each in text for text in texts)}
