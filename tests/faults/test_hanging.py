"""Servers that freeze, networks that swallow, neighbours that fall asleep: nobody waits for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from commands.ask import Answer, Ask, Outcome
from commands.lead.work import RecordTouch
from commands.service import WriteSide, open_ledger
from ledger.appender import Appender
from ledger.connection import PatientConnection
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import LockedLedger
from ledger.migrations import migrate
from ledger.recorder import Recorder, datastore
from ledger.store import Busy, Unavailable
from tests.faults.relay import Relay, What, relay_to
from tests.faults.world import INTAKE, agent, ask, capture, claim, done, lead_ids, prepare
from tests.ledger.samples import append, encoded, positions, rows_of, sent
from tests.memory import MASTER

pytestmark = pytest.mark.faults

Write = Callable[..., list[int]]

both_ways = pytest.mark.parametrize("write", [sent, append], ids=["sent", "under-the-lock"])

TIMES = {"lock_timeout": "300ms", "statement_timeout": "2s", "transaction_timeout": "1s"}


def limits(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    """The same limits as in service, only shorter; or without one of them."""
    set_to = {name: limit for name, limit in (TIMES | changes).items() if limit is not None}
    statement = "; ".join(f"SET {name} = '{limit}'" for name, limit in set_to.items())
    monkeypatch.setattr("ledger.appender.WRITING", statement)
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


def eventually(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not what() and time.monotonic() < deadline:
        time.sleep(0.01)
    return what()


# Other writers


@both_ways
def test_whoever_waits_too_long_for_the_lock_is_told_to_come_back(database_url: str, short: None, write: Write) -> None:
    with recorder(database_url) as ours, psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE")
        with within(3), pytest.raises(Busy):
            write(ours, encoded(*rows_of("lead/1", 1)))
        assert ours.last_position() == 0, "reading goes on"
        other.rollback()
        assert write(ours, encoded(*rows_of("lead/1", 1))) == [1]


SLEEPER = """
import sys, time
from ledger.recorder import Recorder, datastore
from ledger.store import Unavailable
from tests.ledger.samples import encoded, rows_of
import ledger.appender
ledger.appender.WRITING = sys.argv[2]
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
    from ledger import appender as module

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
    """The protection taken out."""
    from ledger import appender as module

    limits(monkeypatch, transaction_timeout=None)
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
    return ours.writer.connected().info.backend_pid


@both_ways
def test_a_backend_that_freezes_does_not_freeze_the_writer(
    own_postgres: EmbeddedPostgres, short: None, write: Write
) -> None:
    migrate(own_postgres.url())
    with recorder(own_postgres.url()) as ours:
        write(ours, encoded(*rows_of("lead/1", 1)))
        with frozen(backend_of(ours)), within(5):
            with pytest.raises(Unavailable, match="not answered"):
                write(ours, encoded(*rows_of("lead/1", 2)))
            assert write(ours, encoded(*rows_of("lead/2", 1))) == [2], "a new connection, and no lock in its way"
        if write is append:
            assert positions(ours) == [1, 2]
        else:  # It had all that it needed before it froze.
            assert eventually(lambda: positions(ours) == [1, 2, 3])


def test_a_server_that_freezes_altogether_is_unavailable(own_postgres: EmbeddedPostgres, short: None) -> None:
    migrate(own_postgres.url())
    with recorder(own_postgres.url() + "&connect_timeout=2") as ours:
        append(ours, encoded(*rows_of("lead/1", 1)))
        assert ours.last_position() == 1
        with psycopg.connect(own_postgres.admin_url(), autocommit=True) as admin:
            here = "SELECT pid FROM pg_stat_activity WHERE usename = 'lifeledger'"
            pids = [own_postgres.pid, *(pid for (pid,) in admin.execute(here))]
        with frozen(*pids):
            for write in (append, sent):
                with within(8), pytest.raises(Unavailable):
                    write(ours, encoded(*rows_of("lead/1", 2)))
                with within(8), pytest.raises(Unavailable):
                    ours.last_position()
        assert append(ours, encoded(*rows_of("lead/1", 2))) == [2]
        assert ours.last_position() == 2


# A network that swallows


@pytest.fixture
def relay(database_url: str) -> Iterator[Relay]:
    with relay_to(database_url) as between:
        yield between


@both_ways
@pytest.mark.parametrize("what", ["requests", "replies"])
def test_a_half_open_connection_is_given_up_and_its_lock_with_it(
    database_url: str, relay: Relay, short: None, what: What, write: Write
) -> None:
    with recorder(relay.url(database_url)) as ours, recorder(database_url) as direct:
        write(ours, encoded(*rows_of("lead/1", 1)))
        relay.silence(what)
        with within(5), pytest.raises(Unavailable):
            write(ours, encoded(*rows_of("lead/1", 2)))
        with within(8):
            while True:
                try:
                    append(direct, encoded(*rows_of("lead/2", 1)))
                    break
                except Busy:
                    continue
        assert len(ours.load_rows({"lead/2": 0})) == 1


Happens = Callable[[], None]


def once(happens: Happens) -> Happens:
    left = [happens]
    return lambda: left.pop()() if left else None


def on_the_way(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, happens: Happens, *, sent: bool) -> None:
    """Once, before this is sent or just after, the network goes silent or breaks."""
    does, happens = getattr(owner, name), once(happens)

    def swallowing(*given: Any, **named: Any) -> Any:
        if not sent:
            happens()
        found = does(*given, **named)
        if sent:
            happens()
        return found

    monkeypatch.setattr(owner, name, swallowing)


def executed(side: WriteSide, asks: Sequence[Ask]) -> Sequence[Answer]:
    return side.executor(asks)


def submitted(side: WriteSide, asks: Sequence[Ask]) -> Sequence[Answer]:
    """By way of the writer, which waits aside for what is slow."""
    return [future.result() for future in [side.writer.submit(each) for each in asks]]


@pytest.mark.parametrize("execute", [executed, submitted])
@pytest.mark.parametrize(
    ("how", "came_about"),
    [
        ("the statement does not arrive", False),
        ("the answer does not arrive", True),
        ("cut before it is sent", False),
        ("cut when it has been sent", None),
    ],
)
def test_a_batch_that_is_lost_on_the_way_is_settled(
    database_url: str,
    relay: Relay,
    short: None,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    came_about: bool | None,
    execute: Callable[[WriteSide, Sequence[Ask]], Sequence[Answer]],
) -> None:
    """PostgreSQL has committed, or not; the caller hears the truth, once, and it happens once."""
    side, direct = WriteSide.open(relay.url(database_url), MASTER), open_ledger(database_url, MASTER)
    (lead,) = prepare(side.executor, agents=2, leads=1)
    before = {
        "the statement does not arrive": lambda: relay.silence("requests"),
        "the answer does not arrive": lambda: relay.silence("replies"),
        "cut before it is sent": relay.cut,
        "cut when it has been sent": lambda: relay.silence("replies"),  # Else the answer may be quicker.
    }
    last = side.ledger.last_position()
    after_the_loss: list[int] = []
    close = Appender.close
    on_the_way(monkeypatch, Appender, "put", before[how], sent=False)
    if how == "cut when it has been sent":
        on_the_way(monkeypatch, Appender, "put", relay.cut, sent=True)

    def closing(appender: Appender) -> None:
        """As it does when a connection is lost."""
        after_the_loss.append(direct.last_position())
        close(appender)

    monkeypatch.setattr(Appender, "close", closing)
    with within(20):
        mine, late = execute(side, [claim(lead, agent(0)), claim(lead, agent(1))])
    assert isinstance(mine, Outcome)
    assert isinstance(late, Outcome)
    assert (mine.refusal, mine.position) == (None, last + 2)
    assert agent(0) in str(late.refusal)
    assert after_the_loss, "the connection was lost"
    assert came_about in (None, after_the_loss[0] > last), after_the_loss
    assert len(side.ledger.events(0, 100, types=["lead.claimed"])) == 1
    done(side.executor([capture(lead_ids(1)[0], 999)]))
    side.close()
    direct.close()


@pytest.mark.parametrize("how", ["silent after the commit", "silent before the commit", "cut"])
@pytest.mark.parametrize("execute", [executed, submitted])
def test_a_commit_under_the_lock_whose_answer_is_lost_is_settled(
    database_url: str,
    relay: Relay,
    short: None,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    execute: Callable[[WriteSide, Sequence[Ask]], Sequence[Answer]],
) -> None:
    """Something had moved, so that it was decided again there."""
    side, other = WriteSide.open(relay.url(database_url), MASTER), WriteSide.open(database_url, MASTER)
    (lead,) = prepare(side.executor, agents=2, leads=1)
    done(other.executor([ask(RecordTouch(lead_id=lead, channel="web"), INTAKE)]))
    faults = {
        "silent after the commit": lambda: relay.silence("replies"),
        "silent before the commit": lambda: relay.silence("requests"),
        "cut": relay.cut,
    }
    last = side.ledger.last_position()
    happened: list[str] = []

    def happens() -> None:
        happened.append(how)
        faults[how]()

    on_the_way(monkeypatch, LockedLedger, "insert_batches", happens, sent=True)
    with within(20):
        mine, late = execute(side, [claim(lead, agent(0)), claim(lead, agent(1))])
    assert happened
    assert isinstance(mine, Outcome)
    assert isinstance(late, Outcome)
    assert (mine.refusal, mine.position) == (None, last + 2)
    assert agent(0) in str(late.refusal)
    assert len(side.ledger.events(0, 100, types=["lead.claimed"])) == 1
    done(side.executor([capture(lead_ids(1)[0], 999)]))
    other.close()
    side.close()
