"""PostgreSQL is killed again and again under load: nothing acknowledged is lost, and nothing happens twice."""

import os
import random
import signal
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import UniqueViolation

from commands.ask import Ask
from commands.service import WriteSide
from domain.errors import ImpossibleHistory
from ledger.connection import WRITING
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from ledger.store import Busy, Unavailable
from ledger.writer import QueueFull
from tests.faults.clients import AGENTS, Unanswered, at_work, told, work_goes_on
from tests.faults.journal import Journal, Told, audit
from tests.faults.world import prepare
from tests.memory import MASTER

pytestmark = pytest.mark.faults

CLIENTS = 8
AT_LEAST = 50  # Commands that are answered between two kills.


def kill_postmaster(server: EmbeddedPostgres) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.restart()


def kill_backend(server: EmbeddedPostgres) -> None:
    """One of the service's: the postmaster then ends all others, and recovers by itself."""
    with suppress(psycopg.OperationalError), psycopg.connect(server.admin_url(), autocommit=True) as admin:
        busy = "SELECT pid FROM pg_stat_activity WHERE usename = 'lifeledger' ORDER BY state, random() LIMIT 1"
        for (pid,) in admin.execute(busy).fetchall():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def under_load(server: EmbeddedPostgres, journal: Journal, seed: int, *, kills: int, patience: float) -> None:
    """Clients keep the journal while the server is killed so often."""
    migrate(server.url())
    side = WriteSide.open(server.url(), MASTER, patience=patience)
    prepare(side.executor, agents=AGENTS, leads=1)

    def send(ask: Ask) -> Told:
        try:
            return told(side.writer.submit(ask).result())
        except (Unavailable, Busy, QueueFull) as problem:
            raise Unanswered(type(problem).__name__) from problem

    chance = random.Random(seed)
    with closing(side), at_work([send] * CLIENTS, journal, seed):
        for number in range(kills):
            work_goes_on(journal, AT_LEAST)
            time.sleep(chance.uniform(0, 0.2))
            (kill_backend if number % 3 == 2 else kill_postmaster)(server)
        work_goes_on(journal, AT_LEAST)


@pytest.mark.parametrize(
    ("kills", "patience"),
    [
        pytest.param(3, 10.0, id="3-patient"),
        pytest.param(2, 0.0, id="2-hasty"),
        pytest.param(100, 10.0, id="100-patient", marks=pytest.mark.deep),
        pytest.param(100, 0.0, id="100-hasty", marks=pytest.mark.deep),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_is_twice(
    own_postgres: EmbeddedPostgres, tmp_path: Path, seed: int, kills: int, patience: float
) -> None:
    """The hasty executor leaves it to its callers to ask again, the patient one asks the command log itself."""
    journal = Journal(tmp_path / "journal")
    under_load(own_postgres, journal, seed, kills=kills, patience=patience)
    accounts = journal.read()
    print(audit(own_postgres.url(), accounts))
    if patience:
        assert not accounts.lost, "nobody but the executor has noticed"


def write_to_disk_late(server: EmbeddedPostgres) -> None:
    """What nobody waits for stays in memory for ten seconds: no kill comes by chance just after it was written."""
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        admin.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
        admin.execute("SELECT pg_reload_conf()")


def test_what_is_not_on_disk_is_noticed_to_be_lost(
    own_postgres: EmbeddedPostgres, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protection taken out: commits are acknowledged before they are written.

    The process that is still alive knows what the ledger has lost, and may go on from there. So a client may meet what
    cannot be, as a version that is there already; any other failure of a client is one of this test.
    """
    monkeypatch.setattr("ledger.appender.WRITING", f"{WRITING}; SET synchronous_commit = off")
    write_to_disk_late(own_postgres)
    journal = Journal(tmp_path / "journal")
    try:
        under_load(own_postgres, journal, seed, kills=2, patience=10.0)
    except* (UniqueViolation, ImpossibleHistory) as impossible:
        print(impossible.exceptions)
    with pytest.raises(AssertionError, match="was acknowledged and is lost"):
        audit(own_postgres.url(), journal.read())
