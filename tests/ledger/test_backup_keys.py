"""A backup is opened by the keys that belong to it, apart as they are, and by no others."""

import shutil
from pathlib import Path

import pytest

from ledger.backup.manifest import BadBackup, Manifest
from ledger.backup.write import write_keys
from ledger.envelope import Corrupt
from ledger.migrations import migrate
from ledger.rotation import rotate
from tests.ledger.backed_up import TOLD, Kept, as_superuser, empty_database
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow

NEW = bytes(range(32, 64))


def test_the_keys_must_be_those_of_the_backup(
    kept: Kept, other: Kept, folder: Path, keys: Path, tmp_path: Path, postgres: Server
) -> None:
    kept.backup(folder, keys)
    before = tmp_path / "before"
    shutil.copy(keys, before)
    kept.tell(1)
    kept.seal()
    kept.backup(folder, keys)
    with pytest.raises(BadBackup, match="from before the backup"):
        other.restore(folder, before)
    with empty_database(postgres) as stranger:
        migrate(stranger.url)
        stranger.tell(40)
        stranger.seal()
        stranger.backup(tmp_path / "strange", tmp_path / "strange keys")
    with pytest.raises(BadBackup, match="is of the ledger"):
        other.restore(folder, tmp_path / "strange keys")
    with pytest.raises(Corrupt, match="the whole ledger was not wrapped by this master key"):
        other.restore(folder, keys, master=bytes(32))
    assert other.ask("SELECT FROM pg_namespace WHERE nspname = 'ledger'") == []


def test_keys_under_another_master_key_are_found(
    kept: Kept, other: Kept, folder: Path, keys: Path, postgres: Server
) -> None:
    as_superuser(postgres, kept, "ALTER TABLE ledger.subject_keys DISABLE TRIGGER only_destroyed")
    as_superuser(postgres, kept, "UPDATE ledger.subject_keys SET wrapped = sha512(wrapped)")
    kept.backup(folder, keys)
    with pytest.raises(Corrupt, match="master key"):
        other.restore(folder, keys)
    assert other.ask("SELECT FROM pg_namespace WHERE nspname = 'ledger'") == []


def test_data_from_before_another_master_key_goes_with_keys_from_after(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    kept.backup(folder)
    with kept.connected() as connection:
        rotate(connection, MASTER, NEW)
        with connection.transaction():
            write_keys(connection, keys, Manifest.read(folder))
    with pytest.raises(Corrupt, match="not wrapped by this master key"):
        other.restore(folder, keys)
    assert other.restore(folder, keys, master=NEW).keys == 30
    assert other.all() == kept.all()


def test_keys_from_before_another_master_key_go_with_that_one(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    before = kept.all()
    kept.backup(folder, keys)
    with kept.connected() as connection:
        rotate(connection, MASTER, NEW)
    other.restore(folder, keys)
    assert other.all() == before


def test_keys_that_say_not_by_whom_they_were_wrapped_say_so_afterwards(
    kept: Kept, other: Kept, folder: Path, keys: Path, postgres: Server
) -> None:
    """As they were wrapped by versions before there could be another master key."""
    as_superuser(postgres, kept, "ALTER TABLE ledger.subject_keys DISABLE TRIGGER only_destroyed")
    as_superuser(postgres, kept, "UPDATE ledger.subject_keys SET wrapped = substr(wrapped, 5)")
    kept.backup(folder, keys)
    other.restore(folder, keys)
    assert other.notes(other.ask("SELECT originator_id FROM ledger.stored_events LIMIT 1")[0][0]) == [TOLD]
    left = "SELECT count(*) FROM ledger.subject_keys WHERE NOT ledger.by_the_master_key(wrapped)"
    assert other.ask(left) == [(0,)]
