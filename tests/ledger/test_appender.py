"""How a batch goes into PostgreSQL: in one statement, which looks at what it rests on when it has the lock."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from select import select
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger.envelope import time_ordered_id
from ledger.recorder import Recorder, datastore
from ledger.store import Encoded, Foundation, LockedRows, Unavailable
from tests.ledger.samples import FULL, append, encoded, positions, rows_of

pytestmark = pytest.mark.slow  # On a real database.

PHONE = b"phone"


@dataclass
class Two:
    """Two processes that write, and somebody who sees what the server does."""

    ours: Recorder
    other: Recorder
    admin: psycopg.Connection

    def waits(self) -> bool:
        """Whether our statement waits for the lock."""
        waiting = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
        return self.admin.execute(waiting, [self.backend]).rowcount > 0

    @property
    def backend(self) -> int:
        return self.ours.writer.connected().info.backend_pid

    @contextmanager
    def writing(self) -> Iterator[LockedRows]:
        """The other has the lock; what it writes is committed only once we wait for it."""
        with self.other.locked() as locked:
            yield locked
            deadline = time.monotonic() + 5
            while not self.waits():
                assert time.monotonic() < deadline
                time.sleep(0.002)


@contextmanager
def two(url: str) -> Iterator[Two]:
    ours, other = (Recorder(datastore(url, pool_size=1)) for _ in range(2))
    with psycopg.connect(url, autocommit=True) as admin:
        yield Two(ours, other, admin)
    ours.close()
    other.close()


@pytest.fixture
def both(database_url: str) -> Iterator[Two]:
    with two(database_url) as opened:
        yield opened


def heads(**versions: int) -> Foundation[bytes]:
    return Foundation({f"lead/{name}": version for name, version in versions.items()}, (), {})


def send(ours: Recorder, rests_on: Foundation[bytes], *batches: Encoded) -> list[int] | None:
    return ours.writer.send(rests_on, batches).result()


# What is committed while a statement waits for the lock

COMMAND = time_ordered_id()
MEANWHILE: Mapping[str, tuple[Callable[[], Encoded], Foundation[bytes]]] = {
    "a stream moves on": (lambda: encoded(*rows_of("lead/old", 2)), heads(new=0, old=1)),
    "a stream begins": (lambda: encoded(*rows_of("lead/new", 1)), heads(old=1, new=0)),
    "the command is done": (lambda: encoded(command_id=COMMAND), Foundation({}, [COMMAND], {})),
    "a value is guarded": (lambda: encoded(identities={PHONE: UUID(int=7)}), Foundation({}, (), {PHONE: None})),
}


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_is_committed_while_a_statement_waits_for_the_lock_counts(
    database_url: str, isolation: str, meanwhile: str
) -> None:
    """Whatever the database is set to. With one snapshot for all of it, the statement would not see what is new."""
    done, rests_on = MEANWHILE[meanwhile]
    with psycopg.connect(database_url, autocommit=True) as admin:
        name = conninfo_to_dict(database_url)["dbname"]
        admin.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'".encode())
    with two(database_url) as both:
        assert send(both.ours, heads(old=0), encoded(*rows_of("lead/old", 1))) == [1]
        with both.writing() as locked:
            (last,) = locked.insert_batches([done()])
            sent = both.ours.send(rests_on, [encoded(*rows_of("lead/ours", 1))])
        assert sent.result() is None
        assert both.ours.last_position() == last
        assert send(both.ours, heads(ours=0), encoded(*rows_of("lead/ours", 1))) == [last + 1]


def test_positions_and_numbers_go_on_from_what_was_committed_meanwhile(both: Two) -> None:
    send(both.ours, heads(), encoded(*rows_of("lead/1", 1)))
    with both.writing() as locked:
        assert locked.insert_batches([encoded(*rows_of("lead/2", 1, 2)), encoded()]) == [3, 3]
        sent = both.ours.send(heads(**{"1": 1}), [encoded(*rows_of("lead/1", 2)), encoded(*rows_of("lead/1", 3))])
    assert sent.result() == [4, 5]
    assert positions(both.ours) == [1, 2, 3, 4, 5]
    log = both.admin.execute("SELECT number, position, events FROM ledger.commands ORDER BY number").fetchall()
    assert log == [(1, 1, 1), (2, 3, 2), (3, 3, 0), (4, 4, 1), (5, 5, 1)]


# On its way


def test_nobody_has_to_wait_to_learn_that_the_answer_has_come(both: Two) -> None:
    send(both.ours, heads(), encoded())
    with both.writing() as locked:
        locked.insert_batches([encoded()])
        sent = both.ours.send(heads(), [encoded(*rows_of("lead/1", 1))])
        place = sent.answers_on()
        assert place is not None
        assert select([place], [], [], 0.1) == ([], [], [])
    assert select([place], [], [], 5) == ([place], [], [])
    assert sent.result() == [1]


def test_one_batch_is_on_its_way_at_a_time(both: Two) -> None:
    sent = both.ours.send(heads(), [encoded(*rows_of("lead/1", 1))])
    with pytest.raises(AssertionError, match="under way"):
        both.ours.send(heads(), [encoded(*rows_of("lead/1", 2))])
    with pytest.raises(AssertionError, match="under way"):
        append(both.ours, encoded(*rows_of("lead/1", 2)))
    assert sent.result() == [1]
    assert send(both.ours, heads(), encoded(*rows_of("lead/1", 2))) == [2]


def test_a_batch_may_be_larger_than_what_the_socket_takes_at_once(both: Two) -> None:
    large = [row._replace(state=bytes(range(256)) * 256) for row in rows_of("lead/1", *range(1, 201))]
    assert send(both.ours, heads(**{"1": 0}), encoded(*large)) == [200]
    assert [row.state for row in both.ours.load_rows({"lead/1": 199})] == [large[-1].state]


def test_who_listens_hears_of_events_and_of_nothing_else(both: Two) -> None:
    both.admin.execute("LISTEN stored_events")
    assert send(both.ours, heads(**{"1": 0}), encoded(*rows_of("lead/1", 1, 2)), encoded(*rows_of("lead/2", 1))) == [
        2,
        3,
    ]
    assert len(list(both.admin.notifies(timeout=5, stop_after=1))) == 1
    assert send(both.ours, heads(**{"1": 0}), encoded(*rows_of("lead/1", 3))) is None
    assert send(both.ours, heads(), encoded()) == [3]
    assert list(both.admin.notifies(timeout=0.2)) == []


# Connections that are lost


def end_connection(both: Two) -> None:
    pid = both.backend
    both.admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_is_lost_on_the_way_is_told_and_the_next_batch_has_a_new_one(both: Two) -> None:
    send(both.ours, heads(), encoded(*rows_of("lead/1", 1)))
    with both.writing() as locked:
        locked.insert_batches([encoded()])
        sent = both.ours.send(heads(), [encoded(*rows_of("lead/1", 2))])
        end_connection(both)
        with pytest.raises(Unavailable):
            sent.result()
        waiting = both.ours.send(heads(), [encoded(*rows_of("lead/1", 2))])
    assert waiting.result() == [2]


def test_a_connection_that_was_lost_before_is_told_and_the_next_batch_has_a_new_one(both: Two) -> None:
    send(both.ours, heads(), encoded(*rows_of("lead/1", 1)))
    end_connection(both)
    with pytest.raises(Unavailable):
        send(both.ours, heads(), encoded(*rows_of("lead/1", 2)))
    assert send(both.ours, heads(), encoded(*rows_of("lead/1", 2))) == [2]


def test_after_an_error_the_next_batch_has_a_new_connection(both: Two) -> None:
    send(both.ours, heads(), encoded(*rows_of("lead/1", 1)))
    before = both.ours.writer.connected()
    with pytest.raises(psycopg.errors.UniqueViolation):
        send(both.ours, heads(), encoded(*rows_of("lead/1", 1)))
    assert before.closed
    assert send(both.ours, heads(), encoded(*rows_of("lead/1", 2))) == [2]


def test_what_postgresql_cannot_keep_is_an_error_and_not_another_text(both: Two) -> None:
    with pytest.raises(psycopg.errors.CharacterNotInRepertoire):
        send(both.ours, heads(), encoded(FULL._replace(actor_name="a\0b")))
    assert send(both.ours, heads(), encoded(FULL)) == [1]
