"""A backup is the ledger as it was, to the last byte, or it is refused."""

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.backup.manifest import BadBackup, Manifest
from ledger.backup.restore import NotEmpty
from ledger.backup.tables import OTHERS, WHOLE
from ledger.logs import EVENTS, LOGS
from ledger.migrations import WrongDatabase, migrate
from ledger.seal import origin, signer
from ledger.verify import verify
from tests.ledger.backed_up import TOLD, Kept, as_superuser, empty_database
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow


def test_what_is_restored_is_the_same_ledger(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    made = kept.backup(folder, keys)
    assert (made.manifest.position, made.manifest.command, made.keys) == (60, 30, 30)
    found = other.restore(folder, keys)
    assert (found.position, found.command, found.keys, found.erased) == (60, 30, 30, 0)
    assert other.all() == kept.all()
    assert other.notes(other.ask("SELECT originator_id FROM ledger.stored_events LIMIT 1")[0][0]) == [TOLD]


def test_the_restored_tables_give_the_role_no_more_than_before(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    kept.backup(folder, keys)
    other.restore(folder, keys)
    powers = (
        "SELECT relname::text, array(SELECT privilege_type::text FROM aclexplode(relacl) ORDER BY 1) FROM pg_class"
        " WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    assert dict(other.ask(powers)) == dict(kept.ask(powers))


def test_every_table_of_the_ledger_is_in_a_backup_or_known_not_to_be(kept: Kept) -> None:
    names = kept.ask("SELECT tablename::text FROM pg_tables WHERE schemaname = 'ledger'")
    assert {name for (name,) in names} == {*WHOLE, *OTHERS}


def test_a_table_of_which_backups_know_nothing_is_not_left_out_in_silence(kept: Kept, folder: Path) -> None:
    with kept.connected() as connection:
        connection.execute("CREATE TABLE ledger.strange ()")
    with pytest.raises(BadBackup, match="strange"):
        kept.backup(folder)


def test_only_what_is_new_is_added(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    kept.backup(folder, keys)
    first = {path.name: path.read_bytes() for path in folder.iterdir() if "events" in path.name}
    kept.tell(5)
    kept.seal()
    made = kept.backup(folder, keys)
    assert (made.events, made.commands, made.manifest.generation) == (10, 5, 2)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert first.items() <= files.items()
    assert files.keys() == {*(each.name for each in made.manifest.files), "manifest.json"}
    assert kept.backup(folder, keys).events == 0
    other.restore(folder, keys)
    assert other.all() == kept.all()


def test_rows_are_in_files_of_so_many(
    kept: Kept, other: Kept, folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.backup.write.CHUNK", 7)
    made = kept.backup(folder, keys)
    assert len(made.manifest.of_table("ledger.stored_events")) == 9
    other.restore(folder, keys)
    assert other.all() == kept.all()


def test_keys_are_not_with_the_data(kept: Kept, folder: Path, keys: Path) -> None:
    with pytest.raises(BadBackup, match="do not belong with the data"):
        kept.backup(folder, folder / "keys")
    kept.backup(folder, keys)
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    for (wrapped,) in kept.ask("SELECT wrapped FROM ledger.subject_keys"):
        assert not any(form in data for form in (wrapped, b64encode(wrapped), wrapped.hex().encode()))
    assert keys.stat().st_mode & 0o077 == 0


def test_any_byte_that_is_another_is_found_and_its_file_named(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    kept.backup(folder, keys)
    for path in [*folder.iterdir(), keys]:
        whole = path.read_bytes()
        for place in {0, min(25, len(whole) - 1), len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(BadBackup, match=path.name):
                other.restore(folder, keys)
        for cut in (b"", whole[:-1], whole + b"\n"):
            path.write_bytes(cut)
            with pytest.raises(BadBackup, match=path.name):
                other.restore(folder, keys)
        path.unlink()
        with pytest.raises((BadBackup, FileNotFoundError), match=path.name):
            other.restore(folder, keys)
        path.write_bytes(whole)
    assert other.ask("SELECT FROM pg_namespace WHERE nspname = 'ledger'") == []
    other.restore(folder, keys)


def test_who_changes_a_row_and_all_hashes_of_it_has_not_signed_it(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    manifest = kept.backup(folder, keys).manifest
    (file,) = manifest.of_table("ledger.stored_events")
    changed = (folder / file.name).read_bytes().replace(b"ann", b"eve", 1)
    assert changed != (folder / file.name).read_bytes()
    (folder / file.name).write_bytes(changed)
    files = [
        replace(each, sha256=sha256(changed).hexdigest()) if each.name == file.name else each for each in manifest.files
    ]
    replace(manifest, files=files).write(folder)
    with pytest.raises(BadBackup, match="events are not what its checkpoint"):
        other.restore(folder, keys)
    assert other.ask("SELECT FROM pg_namespace WHERE nspname = 'ledger'") == []


def test_a_ledger_that_is_not_what_was_signed_does_not_replace_a_backup(
    kept: Kept, folder: Path, postgres: Server
) -> None:
    before = kept.backup(folder).manifest
    kept.tell(5)
    kept.seal()
    as_superuser(postgres, kept, "UPDATE ledger.stored_events SET actor_id = 'eve' WHERE notification_id = 65")
    with pytest.raises(BadBackup, match="events are not what"):
        kept.backup(folder)
    assert Manifest.read(folder).text() == before.text()


def test_what_nobody_has_signed_is_not_backed_up(database_url: str, folder: Path) -> None:
    kept = Kept(database_url)
    kept.tell(2)
    with pytest.raises(BadBackup, match="nobody has signed"):
        kept.backup(folder)


def test_a_backup_that_was_killed_is_none(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    kept.tell(500)
    kept.seal(2_000)
    with suppress(Killed):
        kept.backup(folder, keys, report=kill)
    assert [path.name for path in folder.iterdir()], "it had begun"
    keys.touch()
    with pytest.raises(BadBackup, match="no backup was finished"):
        other.restore(folder, keys)
    kept.backup(folder, keys)
    kept.tell(1_000)
    kept.seal(2_000)
    state = kept.all()
    with suppress(Killed):
        kept.backup(folder, keys, report=kill)
    found = other.restore(folder, keys)
    assert found.position == 1_060, "the one before it is whole"
    assert other.all()["stored_events"] == state["stored_events"][:1_060]


def test_a_folder_of_something_else_is_refused(kept: Kept, folder: Path, postgres: Server) -> None:
    folder.mkdir()
    (folder / "letters.txt").touch()
    with pytest.raises(BadBackup, match=r"letters\.txt"):
        kept.backup(folder)
    (folder / "letters.txt").unlink()
    kept.backup(folder)
    with empty_database(postgres) as stranger:
        migrate(stranger.url)
        stranger.tell(40)
        stranger.seal()
        with pytest.raises(BadBackup, match="holds a backup of the ledger"):
            stranger.backup(folder)


def test_another_past_of_the_same_ledger_is_not_added(
    kept: Kept, other: Kept, folder: Path, keys: Path, tmp_path: Path
) -> None:
    kept.backup(folder, keys)
    other.restore(folder, keys)
    for each in (kept, other):
        each.tell(5)
        each.seal()
    kept.backup(folder, keys)
    other.tell(5)
    other.seal()
    with pytest.raises(BadBackup, match="another past"):
        other.backup(folder, keys)
    other.backup(tmp_path / "own", tmp_path / "own keys")


def test_only_an_empty_database_is_restored_into(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    kept.backup(folder, keys)
    with pytest.raises(NotEmpty, match=r"ledger\.checkpoints"):
        kept.restore(folder, keys)
    with other.connected() as connection:
        connection.execute("CREATE TABLE public.mine ()")
    with pytest.raises(NotEmpty, match=r"public\.mine"):
        other.restore(folder, keys)


def test_receipts_and_looks_come_along(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    """Who looked did so, to whichever position the ledger goes; what was erased later was not yet."""
    kept.ask("INSERT INTO ledger.receipts VALUES (4, 4, 'a', 'his'), (50, 50, 'b', 'hers') RETURNING 1")
    kept.backup(folder, keys)
    assert len(kept.all()["looks"]) == 1
    other.restore(folder, keys, until=40)
    assert other.ask("SELECT receipt FROM ledger.receipts") == [("his",)]
    assert other.all()["looks"] == kept.all()["looks"]


# Up to an earlier position


def test_commands_are_whole_in_what_is_restored_up_to_a_position(
    kept: Kept, postgres: Server, folder: Path, keys: Path
) -> None:
    kept.backup(folder, keys)
    was = kept.all()
    for until, position in ((0, 0), (1, 0), (31, 30), (32, 32), (60, 60)):
        with empty_database(postgres) as other:
            found = other.restore(folder, keys, until=until)
            assert (found.position, found.command) == (position, position // 2)
            now = other.all()
            assert now["stored_events"] == was["stored_events"][:position]
            assert now["commands"] == was["commands"][: position // 2]
            assert found.keys == position // 2
            hashes = "SELECT coalesce(sum(length(hashes)), 0) / 32 FROM ledger.tiles WHERE level = 0"
            sealed = other.ask("SELECT coalesce(max(size), 0) FROM ledger.checkpoints GROUP BY log")
            assert other.ask(hashes)[0][0] >= sum(size for (size,) in sealed)
            assert other.ask(hashes)[0][0] <= found.position + found.command, "nothing is known of what is not there"
            other.tell(3)
            other.seal()
            with other.connected() as connection:
                for log in LOGS:
                    of, believed = origin(connection, log), signer(connection, MASTER).verifier
                    assert verify(connection, log, of, believed).good


def test_a_backup_up_to_a_position_has_whole_commands_too(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    made = kept.backup(folder, keys, until=31)
    assert (made.manifest.position, made.manifest.command) == (30, 15)
    assert kept.backup(folder, keys, until=45).events == 14
    with pytest.raises(BadBackup, match="has come to position 60"):
        kept.backup(folder, keys, until=61)
    with pytest.raises(BadBackup, match="the backup has 44 of the events"):
        kept.backup(folder, keys, until=20)
    assert other.restore(folder, keys).position == 44


def test_how_far_others_were_taken_in_is_dropped_where_it_is_ahead_of_the_ledger(
    kept: Kept, postgres: Server, folder: Path, keys: Path
) -> None:
    with kept.connected() as connection:
        connection.execute("INSERT INTO ledger.side_rows VALUES ('calls/0', 17)")
    kept.backup(folder, keys)
    with empty_database(postgres) as other:
        assert other.restore(folder, keys).dropped == {}
        assert other.ask("TABLE ledger.side_rows") == [("calls/0", 17)]
    with empty_database(postgres) as other:
        assert other.restore(folder, keys, until=40).dropped == {"calls/0": 17}
        assert other.ask("TABLE ledger.side_rows") == []


def test_rows_between_two_checkpoints_are_checked_by_the_next_one(
    kept: Kept, other: Kept, folder: Path, keys: Path
) -> None:
    manifest = kept.backup(folder, keys).manifest
    (file,) = manifest.of_table("ledger.stored_events")
    raw = (folder / file.name).read_bytes()
    place = [at for at in range(len(raw)) if raw.startswith(b"ann", at)][-1]
    changed = raw[:place] + b"eve" + raw[place + 3 :]
    (folder / file.name).write_bytes(changed)
    rest = [each for each in manifest.files if each.name != file.name]
    replace(manifest, files=[*rest, replace(file, sha256=sha256(changed).hexdigest())]).write(folder)
    with pytest.raises(BadBackup, match=f"the first 60 {EVENTS.name} are not"):
        other.restore(folder, keys, until=58)


def test_a_backup_of_a_later_version_is_refused(kept: Kept, other: Kept, folder: Path, keys: Path) -> None:
    manifest = kept.backup(folder, keys).manifest
    replace(manifest, migrations=[*manifest.migrations, (99, "later", "")]).write(folder)
    with pytest.raises(WrongDatabase, match="migration 99, later"):
        other.restore(folder, keys)
