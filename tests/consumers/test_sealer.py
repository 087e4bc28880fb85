"""The sealer beside the service: what was written is signed before long, whoever dies and however many there are."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from structlog.testing import capture_logs

from commands.service import codec
from consumers import sealer
from consumers.sealer import Sealer
from ledger.embedded import EmbeddedPostgres
from ledger.logs import LOGS
from ledger.migrations import migrate
from ledger.recorder import Recorder, datastore
from ledger.seal import origin, seal, signer, unsealed
from ledger.verify import verify
from tests.faults.test_kill_postgres import kill_postmaster
from tests.ledger.samples import append, encoded, rows_of
from tests.memory import MASTER

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with (
        patch.object(sealer, "LOOK_SECONDS", 0.01),
        patch.object(sealer, "EVERY_SECONDS", 0.05),
        patch.object(sealer, "MOST", 40),
    ):
        yield


def write(url: str, *streams: str) -> None:
    recorder = Recorder(datastore(url))
    for stream in streams:
        append(recorder, encoded(*rows_of(stream, *range(1, 11))))
    recorder.close()


@contextmanager
def sealing(url: str) -> Iterator[Thread]:
    with psycopg.connect(url, autocommit=True) as connection:
        signs = signer(connection, MASTER)
    stop = Event()
    thread = Thread(target=Sealer(url, signs, codec()).run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def soon(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def all_sealed(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        return not any(unsealed(connection, log) for log in LOGS)


def sizes(url: str) -> dict[str, list[int]]:
    with psycopg.connect(url) as connection:
        statement = "SELECT log, array_agg(size ORDER BY size) FROM ledger.checkpoints GROUP BY log"
        return dict(connection.execute(statement).fetchall())


def must_be_good(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for log in LOGS:
            verdict = verify(connection, log, origin(connection, log), signer(connection, MASTER).verifier)
            assert verdict.good, verdict
            assert verdict.sealed == verdict.size


def test_what_is_written_is_sealed_before_long_and_nothing_else(database_url: str) -> None:
    with sealing(database_url):
        write(database_url, "lead/1", "lead/2")
        soon(lambda: all_sealed(database_url))
        before = sizes(database_url)
        time.sleep(0.3)
        assert sizes(database_url) == before, "where nothing is new, nothing is signed"
        write(database_url, "lead/3")
        soon(lambda: all_sealed(database_url))
    must_be_good(database_url)


def test_much_is_not_left_until_it_is_time_and_goes_in_portions(database_url: str) -> None:
    with patch.object(sealer, "EVERY_SECONDS", 3_600), patch.object(sealer, "MUCH", 50), sealing(database_url):
        soon(lambda: all_sealed(database_url))
        write(database_url, "lead/1", "lead/2")
        time.sleep(0.3)
        assert not all_sealed(database_url), "it is not much"
        write(database_url, *(f"lead/{number}" for number in range(3, 11)))
        soon(lambda: sizes(database_url).get("events", [])[-1:] == [100])
    found = sizes(database_url)["events"]
    assert max(late - early for early, late in pairwise([0, *found])) <= 40


def test_of_several_sealers_each_goes_on_where_another_has_come_to(database_url: str) -> None:
    with ExitStack() as several:
        for _ in range(3):
            several.enter_context(sealing(database_url))
        for number in range(30):
            write(database_url, f"lead/{number}")
        soon(lambda: all_sealed(database_url))
    must_be_good(database_url)


def test_when_its_server_is_back_it_goes_on(own_postgres: EmbeddedPostgres) -> None:
    url = own_postgres.url()
    migrate(url)
    write(url, "lead/1")
    with sealing(url):
        soon(lambda: all_sealed(url))
        kill_postmaster(own_postgres)
        write(url, "lead/2")
        soon(lambda: all_sealed(url))
    must_be_good(url)


def test_what_is_broken_is_told_once_and_not_sealed_over(database_url: str) -> None:
    write(database_url, "lead/1")
    with psycopg.connect(database_url, autocommit=True) as connection:
        other = signer(connection, bytes(32))
        seal(connection, LOGS[0], other, 100)
        write(database_url, "lead/2")
        with capture_logs() as logs, sealing(database_url):
            soon(lambda: bool(logs))
            time.sleep(0.3)
        told: list[Any] = [each for each in logs if each["log_level"] == "error"]
        assert len(told) == 1
        assert "has not signed" in told[0]["because"]
        assert [unsealed(connection, log) for log in LOGS] == [10, 0], "of the other log all is well"
