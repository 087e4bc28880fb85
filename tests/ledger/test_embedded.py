"""The embedded PostgreSQL, started, killed and started again for real."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.embedded import EmbeddedPostgres, PostgresUnavailable, programs, server
from tests.servers import new_home

pytestmark = pytest.mark.slow
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only for root PostgreSQL runs as another user")

USER = """
import sys, time
from pathlib import Path
from ledger.embedded import EmbeddedPostgres
with EmbeddedPostgres.start(Path(sys.argv[1])) as server:
    try:
        print(server.pid, flush=True)
        time.sleep(60)
    finally:
        print("runs" if server.runs() else "ended", flush=True)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


def another_user(home: Path) -> subprocess.Popen[str]:
    """Another process that has started the server on this home and uses it."""
    command = [sys.executable, "-c", USER, str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask(url: str, question: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        row = answer.fetchone() if answer.description else None
    return row and row[0]


def test_the_service_has_a_database_and_no_power_over_the_server(own_postgres: EmbeddedPostgres) -> None:
    powers = "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication"
    assert ask(own_postgres.url(), f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") is False
    assert ask(own_postgres.url(), "SHOW server_version").startswith("18.")
    assert ask(own_postgres.url(), "SHOW fsync") == "on"
    assert ask(own_postgres.url(), "SHOW synchronous_commit") == "on"
    ask(own_postgres.url(), "CREATE TABLE owned ()")


def test_a_database_is_made_as_a_copy_and_dropped_under_its_users(own_postgres: EmbeddedPostgres) -> None:
    own_postgres.create_database("first")
    ask(own_postgres.url("first"), "CREATE TABLE facts AS SELECT 7 AS fact")
    own_postgres.create_database("second one?", template="first")
    busy = psycopg.connect(own_postgres.url("second one?"))
    own_postgres.drop_database("second one?")
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT 1")
    busy.close()
    assert ask(own_postgres.url("first"), "SELECT sum(fact) FROM facts") == 7


def test_nobody_else_can_reach_the_socket(own_postgres: EmbeddedPostgres) -> None:
    folder = own_postgres._socket.stat()
    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert ask(own_postgres.admin_url(), "SHOW listen_addresses") == ""


def test_it_ends_when_the_last_user_stops(home: Path) -> None:
    first, second = EmbeddedPostgres.start(home), EmbeddedPostgres.start(home)
    assert first.pid == second.pid
    first.stop()
    assert second.runs()
    second.stop()
    second.stop()
    assert not second.runs()
    with pytest.raises(PostgresUnavailable, match="no PostgreSQL runs"):
        _ = second.pid


def test_what_a_killed_user_left_running_is_taken_over(home: Path) -> None:
    with another_user(home) as user:
        pid = int(said(user))
        user.kill()
    with EmbeddedPostgres.start(home) as server:
        assert server.pid == pid
        assert ask(server.url(), "SELECT 1") == 1
    assert not server.runs()


def test_ctrl_c_reaches_the_user_first_and_the_server_through_it(home: Path) -> None:
    with another_user(home) as user:
        said(user)
        os.killpg(user.pid, signal.SIGINT)
        assert said(user) == "runs"
    with EmbeddedPostgres.start(home) as server:
        assert "database system was shut down at" in server._last_words()


def test_many_at_once_start_one_server(home: Path) -> None:
    users = [another_user(home) for _ in range(4)]
    pids = {said(user) for user in users}
    for user in users:
        os.killpg(user.pid, signal.SIGINT)
        user.communicate()
    assert len(pids) == 1
    assert not EmbeddedPostgres(home, {}).runs()


def test_a_killed_server_comes_back_with_all_that_was_committed(own_postgres: EmbeddedPostgres) -> None:
    ask(own_postgres.url(), "CREATE TABLE facts (fact int)")
    for fact in range(3):
        ask(own_postgres.url(), f"INSERT INTO facts VALUES ({fact})")
        before = own_postgres.pid
        os.kill(before, signal.SIGKILL)
        own_postgres.restart()
        assert own_postgres.pid != before
    assert ask(own_postgres.url(), "SELECT count(*) FROM facts") == 3


def test_a_killed_server_is_started_by_the_next_user(own_postgres: EmbeddedPostgres, home: Path) -> None:
    with EmbeddedPostgres.start(home) as first:
        os.kill(first.pid, signal.SIGKILL)
        with EmbeddedPostgres.start(home) as second:
            assert ask(first.url(), "SELECT 1") == 1
            assert first.pid == second.pid
    assert not first.runs()


def test_a_lock_whose_number_is_another_program_by_now_is_void(home: Path) -> None:
    EmbeddedPostgres.start(home).stop()
    with subprocess.Popen(["sleep", "60"], **runs_as_server(home)) as bystander:
        socket = home / "postgres" / "socket"
        lock = f"{bystander.pid}\n{home / 'postgres' / 'data'}\n0\n5432\n{socket}\n\n 1 1\nready\n"
        (home / "postgres" / "data" / "postmaster.pid").write_text(lock)
        (socket / ".s.PGSQL.5432.lock").write_text(lock)
        with EmbeddedPostgres.start(home) as server:
            assert server.pid != bystander.pid
            assert ask(server.url(), "SELECT 1") == 1
        assert bystander.poll() is None
        bystander.kill()


def runs_as_server(home: Path) -> dict[str, Any]:
    """As PostgreSQL's own account, so that PostgreSQL itself would believe in the lock."""
    owner = (home / "postgres" / "data").stat()
    return {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}


def test_half_a_cluster_is_never_taken_for_one(home: Path) -> None:
    half = home / "postgres" / "new-half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    for folder in (home, home / "postgres"):
        folder.chmod(0o711)
    with EmbeddedPostgres.start(home) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert not half.exists()


def test_a_home_with_a_long_name_has_its_socket_elsewhere(home: Path) -> None:
    with EmbeddedPostgres.start(home / ("long" * 20)) as server:
        assert ask(server.url(), "SELECT 1") == 1
        assert len(os.fsencode(server._socket)) < 100
        with EmbeddedPostgres.start(home / ("long" * 20)) as joined:
            assert joined.url() == server.url()
    shutil.rmtree(server._socket)


def test_a_socket_folder_that_others_can_enter_is_refused(home: Path) -> None:
    EmbeddedPostgres.start(home).stop()
    (home / "postgres" / "socket").chmod(0o755)
    with pytest.raises(PostgresUnavailable, match="socket is not a folder for PostgreSQL only"):
        EmbeddedPostgres.start(home)


def test_a_forked_child_leaves_the_server_alone(own_postgres: EmbeddedPostgres) -> None:
    if (child := os.fork()) == 0:
        own_postgres.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert own_postgres.runs()


def test_another_release_s_cluster_is_refused(home: Path) -> None:
    EmbeddedPostgres.start(home).stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresUnavailable, match="made by PostgreSQL 17, and this is 18"):
        EmbeddedPostgres.start(home)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="max_connections"):
        EmbeddedPostgres.start(home, {"max_connections": "none"})
    with EmbeddedPostgres.start(home, {"max_connections": "20"}) as server:
        assert ask(server.url(), "SHOW max_connections") == "20"


def test_durability_is_not_a_setting(home: Path) -> None:
    with pytest.raises(AssertionError, match="on disk"):
        EmbeddedPostgres.start(home, {"fsync": "off"})


@as_root
def test_a_folder_that_others_cannot_enter_is_named_and_not_changed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(PostgresUnavailable, match=f"cannot enter {closed}: .*LIFELEDGER_HOME"):
        EmbeddedPostgres.start(closed / "home")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_programs_that_others_cannot_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for part in (programs.PACKAGE, programs.LIBRARIES):
        shutil.copytree(programs.installed() / part, closed / part)
    monkeypatch.setattr(server, "installed", lambda: closed)
    with EmbeddedPostgres.start(home) as running:
        assert ask(running.url(), "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
