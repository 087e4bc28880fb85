"""The recorder's connections: what they are given, whom they refuse, and how they come back."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.connection import LOCK_SECONDS, NETWORK, STATEMENT_SECONDS, TRANSACTION_SECONDS, PatientConnection
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from ledger.recorder import Recorder, datastore
from ledger.store import Unavailable
from tests.ledger.samples import append, encoded, rows_of

pytestmark = pytest.mark.slow  # On a real database.


@contextmanager
def recorder(url: str, pool_size: int = 4) -> Iterator[Recorder]:
    opened = Recorder(datastore(url, pool_size=pool_size))
    yield opened
    opened.close()


def test_every_parameter_of_the_url_is_kept_and_ours_give_way() -> None:
    url = make_conninfo(
        "postgresql://u:p%40ss@h:6543/d?sslmode=require&application_name=x",
        connect_timeout=77,
        keepalives_idle=99,
    )
    kwargs = datastore(url).pool.kwargs
    assert isinstance(kwargs, dict)
    expected = {"user": "u", "password": "p@ss", "host": "h", "port": "6543", "dbname": "d", "sslmode": "require"}
    ours = {name: each for name, each in NETWORK.items() if name not in ("connect_timeout", "keepalives_idle")}
    expected |= {"application_name": "x", "connect_timeout": "77", "keepalives_idle": "99"}
    assert {name: each for name, each in kwargs.items() if name != "row_factory"} == expected | ours


def test_the_writing_connection_has_its_limits(database_url: str) -> None:
    with recorder(database_url) as ours:
        connection = ours.writer.connected()
        assert isinstance(connection, PatientConnection)
        limits = {"lock": LOCK_SECONDS, "statement": STATEMENT_SECONDS, "transaction": TRANSACTION_SECONDS}
        for name, seconds in limits.items():
            assert connection.execute(f"SHOW {name}_timeout".encode()).fetchall() == [(f"{seconds}s",)]
        assert ours.writer.connected() is connection


@pytest.mark.parametrize(("set_to", "used"), [("off", "on"), ("remote_apply", "remote_apply"), ("local", "local")])
def test_commits_wait_for_the_disk_whatever_the_database_is_set_to(database_url: str, set_to: str, used: str) -> None:
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = {set_to}'.encode())
    with recorder(database_url) as ours:
        assert ours.writer.connected().execute("SHOW synchronous_commit").fetchall() == [(used,)]


def test_a_database_without_tables_is_refused_and_leaves_no_connection(own_postgres: EmbeddedPostgres) -> None:
    with recorder(own_postgres.url()) as ours:
        for _ in range(2):
            with pytest.raises((psycopg.errors.UndefinedObject, psycopg.errors.InvalidSchemaName)):
                ours.writer.connected()
            assert ours.writer.connection is None


def test_after_an_error_the_next_batch_has_a_new_connection(database_url: str) -> None:
    with recorder(database_url) as ours:
        append(ours, encoded(*rows_of("lead/1", 1)))
        before = ours.writer.connected()
        with pytest.raises(psycopg.errors.UniqueViolation):
            append(ours, encoded(*rows_of("lead/1", 1)))
        assert before.closed
        assert append(ours, encoded(*rows_of("lead/1", 2))) == [2]


@pytest.mark.faults
def test_after_a_restart_no_read_fails_however_many_connections_have_died(own_postgres: EmbeddedPostgres) -> None:
    migrate(own_postgres.url())
    with recorder(own_postgres.url()) as ours, ThreadPoolExecutor(4) as threads:
        append(ours, encoded(*rows_of("lead/1", 1)))
        sleep = [threads.submit(ours.read, lambda cursor: cursor.execute("SELECT pg_sleep(0.2)")) for _ in range(4)]
        assert all(future.result() for future in sleep)
        own_postgres.restart()
        for _ in range(6):
            assert ours.last_position() == 1


@pytest.mark.faults
def test_soon_after_an_outage_everything_can_be_read_again(own_postgres: EmbeddedPostgres) -> None:
    """The pool's own way would be to wait for as long again as the outage has lasted."""
    migrate(own_postgres.url())
    with recorder(own_postgres.url(), pool_size=2) as ours:
        ours.datastore.pool.timeout = 0.5
        assert ours.last_position() == 0
        os.kill(own_postgres.pid, signal.SIGKILL)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with suppress(Unavailable):  # A backend may live a moment longer than its server.
                ours.last_position()
        own_postgres.restart()
        begin = time.monotonic()
        while True:
            try:
                ours.last_position()
            except Unavailable:
                continue
            break
        assert time.monotonic() - begin < 2.5
        append(ours, encoded(*rows_of("lead/1", 1)))
