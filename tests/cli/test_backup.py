"""A backup is made while the ledger is in use, survives a kill, and becomes a service again in an empty database."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.cli.bringing import captured, lead, told, write
from tests.cli.running import PROGRAM, Said, lifeledger, on, running
from tests.ledger.backed_up import Kept, empty_database
from tests.servers import Server

pytestmark = pytest.mark.slow

NUMBER = "18612345678"


@pytest.fixture
def kept(database_url: str, tmp_path: Path) -> Kept:
    bring(database_url, tmp_path, range(20))
    return Kept(database_url)


@pytest.fixture
def other(postgres: Server) -> Iterator[Kept]:
    with empty_database(postgres) as found:
        yield found


def bring(url: str, folder: Path, numbers: range) -> None:
    file = folder / "history.ndjson"
    write(file, *map(captured, numbers))
    said = lifeledger("import", file, env=on(url), at=folder)
    assert said.code == 0, said.err


def backup(kept: Kept, folder: Path, *more: str | Path) -> Said:
    return lifeledger("backup", folder, "--keys", folder.parent / "wrapped", *more, env=on(kept.url))


def restore(other: Kept, folder: Path, *more: str | Path, **env: str) -> Said:
    return lifeledger("restore", folder, "--keys", folder.parent / "wrapped", *more, env=on(other.url) | env)


def test_it_says_what_it_has_done(kept: Kept, other: Kept, tmp_path: Path) -> None:
    made = backup(kept, tmp_path / "data")
    assert made.code == 0, made.err
    assert re.search(r"added: \d+ events, 20 commands", made.out)
    assert "keep them apart" in made.out
    again = backup(kept, tmp_path / "data", "--json")
    assert again.document["added"]["events"] == 0
    assert "lifeledger/" in again.document["checkpoints"]["events"]
    silent = restore(other, tmp_path / "data")
    assert (silent.code, "--no-later-erasures" in silent.err) == (2, True)
    done = restore(other, tmp_path / "data", "--no-later-erasures")
    assert done.code == 0, done.err
    assert "every row is what it was" in done.out
    assert "a worker makes them anew" in done.out
    assert "delete the topics (lifeledger.*.v1) before a worker relays" in done.out
    assert other.all() == kept.all()


def test_wrong_usage_is_told(kept: Kept, other: Kept, tmp_path: Path) -> None:
    helped = lifeledger("backup", "--help")
    assert (helped.code, "erasures" in helped.out) == (0, True)
    inside = lifeledger("backup", tmp_path / "data", "--keys", tmp_path / "data" / "keys", env=on(kept.url))
    assert (inside.code, "do not belong with the data" in inside.err) == (1, True)
    assert backup(kept, tmp_path / "data").code == 0
    wrong = restore(other, tmp_path / "data", "--no-later-erasures", LIFELEDGER_MASTER_KEY="A" * 43 + "=")
    assert (wrong.code, "was not wrapped by this master key" in wrong.err) == (1, True)
    occupied = restore(kept, tmp_path / "data", "--no-later-erasures")
    assert (occupied.code, "ledger.checkpoints" in occupied.err) == (1, True)


def test_what_is_restored_goes_on_where_it_was(kept: Kept, other: Kept, tmp_path: Path) -> None:
    assert backup(kept, tmp_path / "data").code == 0
    assert restore(other, tmp_path / "data", "--no-later-erasures").code == 0
    position = kept.ask("SELECT max(notification_id) FROM ledger.stored_events")[0][0]
    for each in (kept, other):
        bring(each.url, tmp_path, range(15, 25))
    after = f"FROM ledger.stored_events WHERE notification_id > {position}"
    assert other.ask(f"SELECT min(notification_id) - {position} {after}") == [(1,)]
    assert other.ask(f"SELECT count(*) {after}") == kept.ask(f"SELECT count(*) {after}") != [(0,)]
    shown = [lifeledger("views", "at", "sales_worklist", "--json", env=on(each.url)) for each in (kept, other)]
    assert [each.code for each in shown] == [0, 0], shown
    position = kept.ask("SELECT max(notification_id) FROM ledger.stored_events")[0][0]
    with running("worker", env=on(other.url)) as process:
        deadline = time.monotonic() + 90
        while other.ask("SELECT to_regclass('views.tracking') IS NULL")[0][0] or [
            name
            for name, at in other.ask("SELECT name, position FROM views.tracking")
            if at < position and not name.endswith("_forgets")
        ]:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.2)
        process.terminate()
        process.wait(30)
    rebuilt = lifeledger("views", "rebuild", "sales_worklist", "--verify-only", env=on(other.url))
    assert rebuilt.code == 0, rebuilt.err


def test_a_backup_is_made_while_others_write(kept: Kept, other: Kept, tmp_path: Path) -> None:
    done = Event()

    def go_on() -> None:
        while not done.is_set():
            kept.tell(5)

    sizes = []
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(go_on)
        try:
            for _ in range(3):
                said = backup(kept, tmp_path / "data", "--json")
                assert said.code == 0, said.err
                sizes.append(said.document["position"])
        finally:
            done.set()
        writing.result()
    assert sizes == sorted({*sizes}), "it grew meanwhile"
    assert restore(other, tmp_path / "data", "--no-later-erasures").code == 0
    last = kept.ask(f"SELECT * FROM ledger.stored_events WHERE notification_id <= {sizes[-1]} ORDER BY notification_id")
    assert other.all()["stored_events"] == last
    assert lifeledger("verify", "--kept", tmp_path / "kept", env=on(other.url)).code == 0


def test_one_that_was_killed_is_not_taken_for_a_whole_one(kept: Kept, other: Kept, tmp_path: Path) -> None:
    """Killed at many moments, and afterwards there is the backup of before, or the new one."""
    assert backup(kept, tmp_path / "data").code == 0
    position = kept.ask("SELECT max(notification_id) FROM ledger.stored_events")[0][0]
    bring(kept.url, tmp_path, range(20, 1_000))
    command = [*PROGRAM, "backup", str(tmp_path / "data"), "--keys", str(tmp_path / "wrapped")]
    for moment in (1, 2, 3):
        process = subprocess.Popen(command, env=on(kept.url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = {path.name for path in (tmp_path / "data").iterdir()}
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len({path.name for path in (tmp_path / "data").iterdir()} - begin) >= moment:
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.001)
        process.wait()
    done = restore(other, tmp_path / "data", "--no-later-erasures", "--json")
    assert done.code == 0, done.err
    there = other.all()["stored_events"]
    assert len(there) in (position, kept.ask("SELECT max(notification_id) FROM ledger.stored_events")[0][0])
    assert kept.all()["stored_events"][: len(there)] == there
    assert backup(kept, tmp_path / "data").code == 0


def test_an_old_backup_that_was_restored_is_found_by_what_verify_kept(kept: Kept, other: Kept, tmp_path: Path) -> None:
    assert backup(kept, tmp_path / "data").code == 0
    bring(kept.url, tmp_path, range(20, 30))
    assert lifeledger("audit", "checkpoint", env=on(kept.url)).code == 0
    assert lifeledger("verify", "--kept", tmp_path / "kept", env=on(kept.url)).code == 0
    assert restore(other, tmp_path / "data", "--no-later-erasures").code == 0
    said = lifeledger("verify", "--kept", tmp_path / "kept", env=on(other.url))
    assert (said.code, "missing: what was verified before" in said.out) == (1, True)


def test_what_is_restored_up_to_a_position_can_be_verified(kept: Kept, other: Kept, tmp_path: Path) -> None:
    """Before the first checkpoint that there ever was, too."""
    assert backup(kept, tmp_path / "data").code == 0
    assert kept.ask("SELECT min(size) > 4 FROM ledger.checkpoints WHERE log = 'events'") == [(True,)]
    assert restore(other, tmp_path / "data", "--no-later-erasures", "--until", "4").code == 0
    said = lifeledger("verify", "--kept", tmp_path / "kept", env=on(other.url))
    assert said.code == 0, said.err


def test_who_is_erased_is_listed_and_stays_erased(kept: Kept, other: Kept, tmp_path: Path) -> None:
    note = told("LogFollowUp", 1, channel="phone", effective=True, note=f"his other number is {NUMBER}")
    file = tmp_path / "note.ndjson"
    write(file, note)
    said = lifeledger("import", file, env=on(kept.url), at=tmp_path)
    assert said.code == 0, said.out + said.err
    assert backup(kept, tmp_path / "data").code == 0
    subject = f"lead/{lead(1)}"
    with kept.connected() as connection:
        connection.execute(
            "INSERT INTO ledger.subject_keys AS key (subject, erased_on, erased_by, erased_at)"
            " VALUES (%s, now(), 'dpo', 1) ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, erased_on = now(),"
            " erased_by = 'dpo', erased_at = 1",
            (subject,),
        )
    listed = tmp_path / "erased"
    said = lifeledger("backup", "erasures", listed, "--json", env=on(kept.url))
    assert (said.code, said.document) == (0, {"new": 1, "erased": 1})
    done = restore(other, tmp_path / "data", "--erasures", listed, "--json")
    assert done.code == 0, done.err
    assert done.document["erased"] == 1
    gone = f"SELECT wrapped, erased_by FROM ledger.subject_keys WHERE subject = '{subject}'"
    assert other.ask(gone) == [(None, "dpo")]
    assert NUMBER not in other.dump()


def test_a_database_that_still_answers_knows_who_was_erased(kept: Kept, other: Kept, tmp_path: Path) -> None:
    assert backup(kept, tmp_path / "data").code == 0
    kept.ask("INSERT INTO ledger.subject_keys VALUES ('customer/1', NULL, now(), 'dpo', 10) RETURNING 1")
    done = restore(other, tmp_path / "data", "--erasures-from", kept.url, "--until", "4", "--json")
    assert done.code == 0, done.err
    assert done.document["erase_again"] == ["customer/1"]
