"""Whoever wants to be sure verifies the ledger, with the service stopped, and keeps what he has seen."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger.note import Signer, Verifier
from tests.cli.bringing import captured, write
from tests.cli.running import Said, environment, lifeledger, on
from tests.servers import Server, new_home

pytestmark = pytest.mark.slow


@pytest.fixture
def written(database_url: str, tmp_path: Path) -> str:
    """A ledger with a history that nobody has sealed yet."""
    file = tmp_path / "history.ndjson"
    write(file, *map(captured, range(20)))
    assert lifeledger("import", file, env=on(database_url)).code == 0
    return database_url


def verify(url: str, kept: Path, *more: str) -> Said:
    return lifeledger("verify", "--kept", kept, *more, env=on(url))


def checkpoints(url: str) -> dict[str, str]:
    said = lifeledger("audit", "checkpoint", "--json", env=on(url))
    assert said.code == 0, said.err
    found: dict[str, str] = said.document
    return found


def as_superuser(postgres: Server, url: str, statement: str) -> None:
    with psycopg.connect(postgres.admin_url(str(conninfo_to_dict(url)["dbname"])), autocommit=True) as admin:
        admin.execute(statement.encode())


def test_what_nobody_has_sealed_is_not_verified(written: str, tmp_path: Path) -> None:
    said = verify(written, tmp_path / "kept")
    assert said.code == 1
    assert "nobody has signed anything of the events" in said.out
    assert not (tmp_path / "kept").exists()


def test_what_is_sealed_is_verified_and_kept(written: str, tmp_path: Path) -> None:
    notes = checkpoints(written)
    said = verify(written, tmp_path / "kept", "--json")
    assert said.code == 0, said.err
    assert [(each["log"], each["good"], each["verified_before"]) for each in said.document] == [
        ("events", True, None),
        ("commands", True, None),
    ]
    assert all(each["size"] == each["sealed"] > 0 for each in said.document)
    assert sorted(path.read_text() for path in (tmp_path / "kept").iterdir()) == sorted(notes.values())
    again = verify(written, tmp_path / "kept")
    assert again.code == 0, again.err
    assert "before" not in again.out
    assert "are as they were signed" in again.out


def test_others_verify_it_by_a_line_in_which_nothing_is_secret(written: str, tmp_path: Path) -> None:
    notes = checkpoints(written)
    line = lifeledger("audit", "key", env=on(written)).out.strip()
    assert Verifier.read(line).text_of(notes["events"])
    env = {name: text for name, text in on(written).items() if name != "LIFELEDGER_MASTER_KEY"}
    said = lifeledger("verify", "--key", line, "--kept", tmp_path / "kept", env=env)
    assert said.code == 0, said.err
    somebody = str(Signer("somebody", bytes(32)).verifier)
    other = lifeledger("verify", "--key", somebody, "--kept", tmp_path / "other", env=env)
    assert (other.code, "somebody has not signed this" in other.out) == (1, True)
    wrong = lifeledger("verify", "--key", "nonsense", env=env)
    assert (wrong.code, "--key" in wrong.err) == (2, True)


def test_a_change_is_told_and_what_was_kept_stays(written: str, tmp_path: Path, postgres: Server) -> None:
    checkpoints(written)
    kept = tmp_path / "kept"
    assert verify(written, kept).code == 0
    before = {path.name: path.read_text() for path in kept.iterdir()}
    as_superuser(postgres, written, "UPDATE ledger.stored_events SET actor_id = 'eve' WHERE notification_id = 7")
    said = verify(written, kept)
    assert said.code == 1
    assert "events 7 is not what it was" in said.out
    assert "the ledger is not what was signed" in said.err
    (events, _) = verify(written, kept, "--json").document
    assert events["wrong"]["first"] == events["wrong"]["last"] == 7
    assert {path.name: path.read_text() for path in kept.iterdir()} == before


def test_a_kept_checkpoint_that_nobody_signed_is_told_by_its_name(written: str, tmp_path: Path) -> None:
    checkpoints(written)
    kept = tmp_path / "kept"
    assert verify(written, kept).code == 0
    path = next(path for path in kept.iterdir() if "events" in path.name)
    path.write_text(path.read_text().replace("events\n", "events\n1"))
    said = verify(written, kept)
    assert (said.code, str(path) in said.err) == (1, True)


def test_a_proof_is_checked_by_who_has_nothing_else(written: str, tmp_path: Path) -> None:
    checkpoints(written)
    line = lifeledger("audit", "key", env=on(written)).out.strip()
    nobody = environment(LIFELEDGER_HOME=str(tmp_path / "nothing"))
    for more, number in (((), "notification_id"), (("--command",), "number")):
        said = lifeledger("audit", "prove", "7", *more, env=on(written))
        assert said.code == 0, said.err
        file = tmp_path / "event.tlog-proof"
        file.write_text(said.out)
        found = lifeledger("audit", "check", file, "--key", line, "--json", env=nobody)
        assert found.code == 0, found.err
        assert found.document["row"][number] == 7
        read = lifeledger("audit", "check", file, "--key", line, env=nobody)
        assert "has this one" in read.out
        assert "command_id" in read.out
    somebody = str(Signer("somebody", bytes(32)).verifier)
    assert "somebody has not signed this" in lifeledger("audit", "check", file, "--key", somebody, env=nobody).err
    file.write_text(said.out.replace("index 6", "index 5"))
    wrong = lifeledger("audit", "check", file, "--key", line, env=nobody)
    assert (wrong.code, str(file) in wrong.err) == (1, True)
    assert not (tmp_path / "nothing").exists()


def test_who_has_kept_a_checkpoint_is_shown_that_the_ledger_has_only_grown(written: str, tmp_path: Path) -> None:
    before, proof, more = tmp_path / "before", tmp_path / "grown", tmp_path / "more.ndjson"
    before.write_text(lifeledger("audit", "checkpoint", env=on(written)).out)
    line = lifeledger("audit", "key", env=on(written)).out.strip()
    write(more, *map(captured, range(100, 107)))
    assert lifeledger("import", more, env=on(written)).code == 0
    checkpoints(written)
    said = lifeledger("audit", "grown", before, env=on(written))
    assert said.code == 0, said.err
    proof.write_text(said.out)
    nobody = environment(LIFELEDGER_HOME=str(tmp_path / "nothing"))
    found = lifeledger("audit", "check", proof, "--key", line, "--kept", before, "--json", env=nobody)
    assert found.code == 0, found.err
    more_of = {each["origin"].rpartition("/")[2]: each["size"] - each["old"] for each in found.document["grown"]}
    assert more_of == {"events": 14, "commands": 7}
    assert "are the first of" in lifeledger("audit", "check", proof, "--key", line, "--kept", before, env=nobody).out
    bare = lifeledger("audit", "check", proof, "--key", line, env=nobody)
    assert (bare.code, "--kept" in bare.err) == (2, True)
    after = tmp_path / "after"
    after.write_text(lifeledger("audit", "checkpoint", env=on(written)).out)
    other = lifeledger("audit", "check", proof, "--key", line, "--kept", after, env=nobody)
    assert (other.code, str(proof) in other.err) == (1, True)


def test_a_ledger_without_all_that_a_checkpoint_stands_for_has_not_grown(
    written: str, postgres: Server, tmp_path: Path
) -> None:
    checkpoints(written)
    kept = tmp_path / "kept"
    kept.write_text(lifeledger("audit", "checkpoint", env=on(written)).out)
    as_superuser(postgres, written, "TRUNCATE ledger.checkpoints")
    cut = lifeledger("audit", "grown", kept, env=on(written))
    assert (cut.code, "0 are sealed" in cut.err) == (1, True)
    kept.write_text("nothing of ours")
    assert lifeledger("audit", "grown", kept, env=on(written)).code == 1


def test_what_cannot_be_proven_is_told(written: str, postgres: Server) -> None:
    before = lifeledger("audit", "prove", "7", env=on(written))
    assert (before.code, "0 are sealed" in before.err) == (1, True)
    checkpoints(written)
    as_superuser(postgres, written, "UPDATE ledger.stored_events SET actor_id = 'eve' WHERE notification_id = 7")
    changed = lifeledger("audit", "prove", "7", env=on(written))
    assert (changed.code, "events 7 is not what was signed" in changed.err) == (1, True)
    assert lifeledger("audit", "prove", "0", env=on(written)).code == 2


def test_an_old_backup_that_was_restored_is_found(tmp_path: Path) -> None:
    """The data of the embedded server is copied while it is stopped, and put back later."""
    with new_home() as home, new_home() as copy:
        env = environment(LIFELEDGER_HOME=str(home))
        for number in (0, 1):
            file = tmp_path / f"{number}.ndjson"
            write(file, *map(captured, range(10 * number, 10 * number + 10)))
            assert lifeledger("import", file, env=env).code == 0
            assert lifeledger("audit", "checkpoint", env=env).code == 0
            assert lifeledger("verify", env=env).code == 0, "the service is stopped"
            if number == 0:
                subprocess.run(["cp", "-a", home / "postgres", copy], check=True)
        shutil.rmtree(home / "postgres")
        subprocess.run(["cp", "-a", copy / "postgres", home], check=True)
        said = lifeledger("verify", env=env)
        assert said.code == 1
        assert "missing: what was verified before" in said.out
