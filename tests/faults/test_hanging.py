"""Servers that freeze, networks that swallow, neighbours that fall asleep: nobody waits for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest

from commands.ask import Outcome
from commands.service import WriteSide
from ledger.connection import PatientConnection
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import LockedLedger
from ledger.migrations import migrate
from ledger.recorder import Recorder, datastore
from ledger.store import Busy, Encoded, Unavailable
from tests.faults.relay import Relay, What, relay_to
from tests.faults.world import agent, capture, claim, done, lead_ids, prepare
from tests.ledger.samples import append, encoded, positions, rows_of
from tests.memory import MASTER

pytestmark = pytest.mark.faults

TIMES = {"lock_timeout": "300ms", "statement_timeout": "2s", "transaction_timeout": "1s"}


def limits(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    """The same limits as in service, only shorter; or without one of them."""
    set_to = {name: limit for name, limit in (TIMES | changes).items() if limit is not None}
    statement = "; ".join(f"SET {name} = '{limit}'" for name, limit in set_to.items())
    monkeypatch.setattr("ledger.recorder.WRITING", statement)
    monkeypatch.setattr(PatientConnection, "patience", 1.5)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    limits(monkeypatch)


@contextmanager
def recorder(url: str) -> Iterator[Recorder]:
    opened = Recorder(datastore(url, pool_size=2))
    opened.datastore.pool.timeout = 1.0
    yield opened
    opened.close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


# Other writers


def test_whoever_waits_too_long_for_the_lock_is_told_to_come_back(database_url: str, short: None) -> None:
    with recorder(database_url) as ours, psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE")
        with within(3), pytest.raises(Busy):
            append(ours, encoded(*rows_of("lead/1", 1)))
        assert ours.last_position() == 0, "reading goes on"
        other.rollback()
        assert append(ours, encoded(*rows_of("lead/1", 1))) == [1]


SLEEPER = """
import sys, time
from ledger.recorder import Recorder, datastore
from ledger.store import Unavailable
from tests.ledger.samples import encoded, rows_of
import ledger.recorder
ledger.recorder.WRITING = sys.argv[2]
recorder = Recorder(datastore(sys.argv[1], pool_size=1))
try:
    with recorder.locked() as locked:
        locked.check((), (), ())
        print("locked", flush=True)
        sys.stdin.readline()
        locked.insert_batches([encoded(*rows_of("lead/sleeper", 1))])
    print("committed", flush=True)
except Unavailable as gone:
    print("lost", flush=True)
"""


@contextmanager
def sleeper(url: str, writing: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that takes the lock and is then stopped in its tracks."""
    command = [sys.executable, "-c", SLEEPER, url, writing]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        process.send_signal(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def after_waking(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGCONT)
    return process.communicate("go on\n", timeout=20)[0].strip()


def test_a_neighbour_that_falls_asleep_with_the_lock_loses_it(database_url: str, short: None) -> None:
    from ledger import recorder as module

    with recorder(database_url) as ours, sleeper(database_url, module.WRITING) as asleep:  # type: ignore[attr-defined]
        with within(10):
            written = None
            while written is None:
                try:
                    written = append(ours, encoded(*rows_of("lead/1", 1)))
                except Busy:
                    continue
        assert after_waking(asleep) == "lost"
        assert [row.originator_id for row in ours.select_rows(0, 10)] == ["lead/1"]


def test_without_that_limit_the_sleeper_would_keep_it(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protection taken out. An idle_in_transaction limit would not do: in pipeline mode it never begins."""
    from ledger import recorder as module

    limits(monkeypatch, transaction_timeout=None, idle_in_transaction_session_timeout="500ms")
    with recorder(database_url) as ours, sleeper(database_url, module.WRITING) as asleep:  # type: ignore[attr-defined]
        for _ in range(5):
            with pytest.raises(Busy):
                append(ours, encoded(*rows_of("lead/1", 1)))
        assert after_waking(asleep) == "committed"


# A server that is frozen


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def backend_of(ours: Recorder) -> int:
    return ours.connected().info.backend_pid


def test_a_backend_that_freezes_does_not_freeze_the_writer(own_postgres: EmbeddedPostgres, short: None) -> None:
    migrate(own_postgres.url())
    with recorder(own_postgres.url()) as ours:
        append(ours, encoded(*rows_of("lead/1", 1)))
        with frozen(backend_of(ours)), within(5):
            with pytest.raises(Unavailable, match="not answered"):
                append(ours, encoded(*rows_of("lead/1", 2)))
            assert append(ours, encoded(*rows_of("lead/2", 1))) == [2], "a new connection, and no lock in its way"
        assert positions(ours) == [1, 2]


def test_a_server_that_freezes_altogether_is_unavailable(own_postgres: EmbeddedPostgres, short: None) -> None:
    migrate(own_postgres.url())
    with recorder(own_postgres.url() + "&connect_timeout=2") as ours:
        append(ours, encoded(*rows_of("lead/1", 1)))
        assert ours.last_position() == 1
        with psycopg.connect(own_postgres.admin_url(), autocommit=True) as admin:
            here = "SELECT pid FROM pg_stat_activity WHERE usename = 'lifeledger'"
            pids = [own_postgres.pid, *(pid for (pid,) in admin.execute(here))]
        with frozen(*pids):
            for _ in range(2):
                with within(8), pytest.raises(Unavailable):
                    append(ours, encoded(*rows_of("lead/1", 2)))
                with within(8), pytest.raises(Unavailable):
                    ours.last_position()
        assert append(ours, encoded(*rows_of("lead/1", 2))) == [2]
        assert ours.last_position() == 2


# A network that swallows


@pytest.fixture
def relay(database_url: str) -> Iterator[Relay]:
    with relay_to(database_url) as between:
        yield between


@pytest.mark.parametrize("what", ["requests", "replies"])
def test_a_half_open_connection_is_given_up_and_its_lock_with_it(
    database_url: str, relay: Relay, short: None, what: What
) -> None:
    with recorder(relay.url(database_url)) as ours, recorder(database_url) as direct:
        append(ours, encoded(*rows_of("lead/1", 1)))
        relay.silence(what)
        with within(5), pytest.raises(Unavailable):
            append(ours, encoded(*rows_of("lead/1", 2)))
        with within(8):
            while True:
                try:
                    append(direct, encoded(*rows_of("lead/2", 1)))
                    break
                except Busy:
                    continue
        assert len(ours.load_rows({"lead/2": 0})) == 1


class Swallowing(LockedLedger):
    """The network goes silent, or breaks, when everything is on its way and before the commit is answered."""

    how: Callable[[], None]

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        given = super().insert_batches(batches)
        happens, Swallowing.how = Swallowing.how, staticmethod(lambda: None)
        happens()
        return given


@pytest.mark.parametrize("how", ["silent after the commit", "silent before the commit", "cut"])
def test_a_commit_whose_answer_is_lost_on_the_way_is_settled(
    database_url: str, relay: Relay, short: None, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """PostgreSQL has committed, or not; the caller hears the truth, once, and it happens once."""

    side = WriteSide.open(relay.url(database_url), MASTER)
    (lead,) = prepare(side.executor, agents=2, leads=1)
    faults = {
        "silent after the commit": lambda: relay.silence("replies"),
        "silent before the commit": lambda: relay.silence("requests"),
        "cut": relay.cut,
    }
    monkeypatch.setattr("ledger.ledger.LockedLedger", Swallowing)
    last = side.ledger.last_position()
    Swallowing.how = staticmethod(faults[how])
    with within(20):
        mine, late = side.executor([claim(lead, agent(0)), claim(lead, agent(1))])
    assert isinstance(mine, Outcome)
    assert isinstance(late, Outcome)
    assert (mine.refusal, mine.position) == (None, last + 2)
    assert agent(0) in str(late.refusal)
    assert len(side.ledger.events(0, 100, types=["lead.claimed"])) == 1
    done(side.executor([capture(lead_ids(1)[0], 999)]))
    side.close()
