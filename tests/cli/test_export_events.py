"""The ledger as Parquet: killed at any moment it is gone on with, and the files have each event of the ledger once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pyarrow.dataset
import pyarrow.parquet
import pytest

from consumers.replay import Replay
from consumers.replay.parquet import MANIFEST, Busy, NotThisLedger, alone, export
from tests.cli.bringing import captured, told, write
from tests.cli.running import PROGRAM, lifeledger, on
from tests.servers import Server

pytestmark = pytest.mark.slow

LEADS = 30
BORDER = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def history(postgres: Server, prepared: str, tmp_path: Path) -> Iterator[str]:
    """Leads that came around the end of a month, as UTC has it."""
    name = f"export_{os.getpid()}_{time.time_ns()}"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    bring(url, tmp_path, range(LEADS))
    middle = LEADS // 2
    with psycopg.connect(postgres.admin_url(name), autocommit=True) as admin:
        admin.execute(
            "UPDATE ledger.stored_events SET recorded_at = %s::timestamptz"
            " + (notification_id - %s) * interval '1 microsecond'",
            [BORDER, middle],
        )
    yield url
    postgres.drop_database(name)


def bring(url: str, folder: Path, numbers: range) -> None:
    file = folder / f"history-{numbers.start}.ndjson"
    write(file, *map(captured, numbers), *(told("ContactLead", number) for number in numbers if number % 3 == 0))
    said = lifeledger("import", file, "--json", env=on(url), at=folder)
    assert said.code == 0, said


def stored(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return connection.execute(
            "SELECT position, stream, version, type, event_id::text, recorded_at, actor_id, imported"
            " FROM ledger.events ORDER BY position"
        ).fetchall()


def exported(folder: Path) -> list[tuple[Any, ...]]:
    """As others read it: every file that is there."""
    names = ("position", "stream", "version", "type", "event_id", "recorded_at", "actor_id", "imported")
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table(columns=[*names])
    return sorted(zip(*(table[name].to_pylist() for name in names), strict=True))


def test_each_run_adds_what_is_new_and_months_are_those_of_utc(history: str, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    env = {name: text for name, text in on(history).items() if name != "LIFELEDGER_MASTER_KEY"}
    said = lifeledger("export", "events", folder, "--json", env=env)
    assert (said.code, said.err) == (0, ""), "no master key is needed"
    rows = stored(history)
    assert said.document["events"] == len(rows) == said.document["position"]
    assert exported(folder) == rows
    of_month = {
        file.parent.name: pyarrow.parquet.ParquetFile(file).read()["recorded_at"].to_pylist()
        for file in folder.glob("month=*/*.parquet")
    }
    assert set(of_month) == {"month=2026-02", "month=2026-03"}
    assert all(at < BORDER for at in of_month["month=2026-02"])
    assert BORDER in of_month["month=2026-03"], "the first instant is of the new month"

    before = {file: file.stat().st_mtime_ns for file in folder.glob("month=*/*.parquet")}
    assert lifeledger("export", "events", folder, env=env).code == 0
    bring(history, tmp_path, range(LEADS, LEADS + 5))
    said = lifeledger("export", "events", folder, env=env)
    assert said.code == 0
    assert exported(folder) == stored(history)
    after = {file: file.stat().st_mtime_ns for file in folder.glob("month=*/*.parquet")}
    assert before.items() <= after.items(), "what was written is not touched again"
    assert len(after) == len(before) + 1


def test_nothing_personal_is_in_the_files(history: str, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    assert lifeledger("export", "events", folder, env=on(history)).code == 0
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    payloads = [json.loads(each) for each in table["payload"].to_pylist()]
    assert not {"actor_name", "reason_text"} & set(table.column_names)
    assert not [each for each in table["payload"].to_pylist() if "sealed" in each or "+86" in each]
    known = [link for each in payloads for link in each.get("identities", ())]
    assert known
    assert all(link["value"] is None for link in known)


def test_events_of_one_type_have_typed_columns(history: str, tmp_path: Path) -> None:
    folder = tmp_path / "captured"
    assert lifeledger("export", "events", folder, "--type", "lead.captured", env=on(history)).code == 0
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    assert table.num_rows == LEADS
    assert str(table.schema.field("requested_amount").type) == "decimal128(38, 4)"
    assert set(table["source"].to_pylist()) != {None}
    assert "payload" not in table.column_names
    said = lifeledger("export", "events", folder, env=on(history))
    assert (said.code, "holds lead.captured" in said.err) == (1, True)
    said = lifeledger("export", "events", tmp_path / "none", "--type", "lead.vanished", env=on(history))
    assert (said.code, "no event is called lead.vanished" in said.err) == (2, True)


SLOWLY = """
import sys, time
from pathlib import Path
from consumers.replay import parquet
from api.cli import main
replace, on_disk = Path.replace, parquet.on_disk
def slow(function):
    def run(*given):
        print("step", flush=True)
        time.sleep(0.01)
        return function(*given)
    return run
Path.replace, parquet.on_disk = slow(replace), slow(on_disk)
main(sys.argv[1:])
"""


def test_killed_at_any_moment_it_is_whole_and_gone_on_with(history: str, tmp_path: Path, seed: int) -> None:
    """With small parts, so that there are many moments; each time at another step of the way to the disk."""
    folder, chance, rows = tmp_path / "events", Random(seed), stored(history)
    killed = 0
    for _ in range(60):
        steps = chance.randint(1, 16)
        command = [
            sys.executable,
            "-P",
            "-c",
            SLOWLY,
            "export",
            "events",
            str(folder),
            "--part",
            str(chance.randint(9, 19)),
        ]
        process = subprocess.Popen(command, env=on(history), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(steps):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        ended = process.wait(60)
        there = exported(folder) if any(folder.glob("month=*/part-*")) else []
        assert Counter(there) <= Counter(rows), "what is there is whole, and nothing twice"
        if (folder / MANIFEST).exists():
            manifest = json.loads((folder / MANIFEST).read_text())
            assert {row[0] for row in there} >= set(range(1, manifest["position"] + 1)), "what is said is there"
        if ended != -signal.SIGKILL:
            break
        killed += 1
    assert killed >= 3
    assert lifeledger("export", "events", folder, env=on(history)).code == 0
    assert exported(folder) == rows
    assert not [*folder.glob("month=*/.part-*"), *folder.glob("*.new")]


def test_a_folder_of_another_ledger_is_left_as_it_is(history: str, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    with Replay(history) as replay:
        export(replay.ledger, folder)
        with alone(folder), pytest.raises(Busy, match="another export is writing"):
            export(replay.ledger, folder)
    before = exported(folder)
    with Replay(database_url) as empty, pytest.raises(NotThisLedger, match="restored to an earlier state"):
        export(empty.ledger, folder)
    bring(database_url, tmp_path, range(LEADS))
    with Replay(database_url) as other, pytest.raises(NotThisLedger, match="is of another ledger"):
        export(other.ledger, folder)
    assert exported(folder) == before
    foreign = tmp_path / "foreign"
    (foreign / "month=2026-01").mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), foreign / "month=2026-01" / "part-mine.parquet")
    said = lifeledger("export", "events", foreign, env=on(history))
    assert (said.code, "somebody else" in said.err) == (1, True)


def test_without_pyarrow_it_says_what_to_install(history: str, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('no')\n")
    program = [part for part in PROGRAM if part != "-P"]
    env = on(history, PYTHONPATH=f"{tmp_path}:{Path.cwd()}")
    said = subprocess.run(
        [*program, "export", "events", "x"], env=env, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert said.returncode == 1
    assert "lifeledger[parquet], which is not installed" in said.stderr
