"""The demo, started, used, killed in every part, and ended for real."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from ledger.embedded import EmbeddedPostgres
from tests.cli.running import environment, lifeledger, line, on, running
from tests.servers import new_home

pytestmark = [pytest.mark.slow, pytest.mark.faults]

SMALL = ("--port", "0", "--weeks", "2")
AT_MOST = 30.0  # Seconds; a second start is to take ten on an idle machine, and tests do not run on one.


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One for all: the first start makes it, and each test leaves it so that the next can start."""
    with new_home() as home:
        yield home


@contextmanager
def started(home: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A demo, and what it says of itself."""
    with running("demo", *SMALL, "--json", env=environment(LIFELEDGER_HOME=str(home))) as process:
        yield process, line(process)


def told(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """How the demo ends when it is sent a signal, and what it says then."""
    os.kill(process.pid, number)
    return ended(process)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    code = process.wait(60)
    assert process.stderr is not None
    return code, process.stderr.read()


def parts(process: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """The API, `serve`, and the worker, `work`."""
    children = psutil.Process(process.pid).children()
    return {name: next(each for each in children if name in each.cmdline()) for name in ("serve", "work")}


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0]))


def curl(command: str) -> Any:
    """The command as it is printed, in a shell."""
    done = subprocess.run(command, shell=True, capture_output=True, check=True)  # noqa: S602 - that is how it is used.
    return json.loads(done.stdout)


def commands(home: Path) -> int:
    """What people and systems have sent; policies go on with their work meanwhile."""
    with EmbeddedPostgres.start(home) as server, psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT count(*) FROM ledger.commands WHERE actor_kind <> 'policy'").fetchone()
    assert row is not None
    return int(row[0])


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_first_start_writes_a_history_that_can_be_tried(home: Path) -> None:
    with started(home) as (process, said):
        assert said["written"] > 500
        assert "choose a colleague" in httpx.get(said["desk"], follow_redirects=True).text
        claim, late, events, worklist, funnel = (each["command"] for each in said["examples"])
        claimed = curl(claim)
        assert curl(claim) == claimed
        lost = curl(late)
        assert (lost["status"], lost["owner"]) == (409, "chen.wei")
        assert lost["until"] > "2026"
        happened = [event["type"] for event in curl(events)["events"]]
        assert happened[0] == "lead.captured"
        assert happened[-1] == "lead.claimed"
        assert curl(worklist)["rows"]
        assert curl(funnel)["rows"]
        mine = {name: part.pid for name, part in parts(process).items()}
        assert told(process, signal.SIGINT) == (0, "")
        assert not any(psutil.pid_exists(pid) for pid in mine.values())
    assert not EmbeddedPostgres(home, {}).runs()
    assert (home / "master.key").stat().st_mode & 0o777 == 0o600


def test_only_the_first_start_says_that_it_takes_longer() -> None:
    with new_home() as home:
        for begin in ("starting; the first time takes a little longer\n", "starting\n"):
            with running("demo", *SMALL, env=environment(LIFELEDGER_HOME=str(home))) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == begin
                assert any("lifeledger runs on" in said for said in iter(process.stdout.readline, ""))
                assert told(process, signal.SIGINT) == (0, "")


def test_a_second_start_is_quick_and_writes_nothing(home: Path) -> None:
    before = commands(home)
    begin = time.monotonic()
    with started(home) as (process, said):
        assert time.monotonic() - begin < AT_MOST
        assert said["written"] == 0
        assert len(said["examples"]) == 5
        assert told(process, signal.SIGTERM) == (0, "")
    assert commands(home) == before


def test_there_is_one_demo_in_a_home(home: Path) -> None:
    with started(home) as (process, said):
        other = lifeledger("demo", "--port", "0", env=environment(LIFELEDGER_HOME=str(home)))
        assert other.code == 1
        assert other.err == f"lifeledger: a demo runs in {home} already: process {process.pid}, {said['address']}\n"
        assert told(process, signal.SIGINT) == (0, "")


def test_whatever_is_killed_the_next_start_takes_over_what_is_left(home: Path) -> None:
    """Each start but the first comes after a kill."""
    with started(home) as (process, _):
        left = parts(process)
        process.kill()
        process.wait()
    with started(home) as (process, said):
        assert said["written"] == 0
        assert all(is_gone(part) for part in left.values())
        parts(process)["serve"].kill()
        assert_all_ended(process, "the API has ended by signal 9", home)
    with started(home) as (process, _):
        parts(process)["work"].kill()
        assert_all_ended(process, "the worker has ended by signal 9", home)
    with started(home) as (process, _):
        postmaster(home).kill()
        assert_all_ended(process, "has ended", home)
    with started(home) as (process, _):
        everything = [process.pid, *(part.pid for part in parts(process).values()), postmaster(home).pid]
        for pid in everything:
            os.kill(pid, signal.SIGKILL)
        process.wait()
    with started(home) as (process, said):
        assert said["written"] == 0
        assert told(process, signal.SIGINT) == (0, "")


def assert_all_ended(process: subprocess.Popen[str], because: str, home: Path) -> None:
    code, said = ended(process)
    assert code == 1
    assert because in said
    assert not EmbeddedPostgres(home, {}).runs()


@pytest.mark.deep
def test_a_part_that_does_not_end_by_itself_is_ended(home: Path) -> None:
    with started(home) as (process, _):
        stuck = parts(process)["work"]
        stuck.suspend()
        process.kill()
        process.wait()
    with started(home) as (process, _):
        assert is_gone(stuck)
        assert told(process, signal.SIGINT) == (0, "")


def test_a_port_in_use_is_told_before_anything_is_begun(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = lifeledger("demo", "--port", str(port), env=environment(LIFELEDGER_HOME=str(home)))
    assert said.code == 1
    assert said.err.startswith(f"lifeledger: port {port} of 127.0.0.1 is in use")
    assert not EmbeddedPostgres(home, {}).runs()


def test_to_a_ledger_of_somebody_else_s_nothing_is_written(tmp_path: Path, database_url: str) -> None:
    company = tmp_path / "company.yaml"
    company.write_text("teams: [a]\nstaff: [{id: ann, name: Ann, role: sales, team: a}]")
    env = on(database_url, LIFELEDGER_HOME=str(tmp_path))
    assert lifeledger("setup", company, env=env).code == 0
    with running("demo", *SMALL, "--json", env=env) as process:
        said = line(process)
        assert (said["written"], said["examples"]) == (0, [])
        assert told(process, signal.SIGINT) == (0, "")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.commands").fetchone() == (1,)
    assert not (tmp_path / "postgres").exists()
