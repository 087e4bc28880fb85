"""The one connection of a process that adds to the ledger, a batch at a time."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.generators import fetch_many
from psycopg.waiting import Ready, Wait
from pydantic_core import to_json

from ledger.connection import WRITING, PatientConnection
from ledger.envelope import SideRow
from ledger.master import MasterKeyChanged
from ledger.migrations import must_be_plain_role
from ledger.queries import Array, ArrayDumper, find_identities, heads, load_rows, outcomes
from ledger.row import (
    BIG,
    BYTES,
    ID,
    ID_HEAD,
    INSTANT,
    NO_TEXT,
    OWN,
    SHARED,
    TEXT,
    Row,
    array_of,
    big,
    head,
    microseconds,
    packed_instant,
    packed_own,
    packed_shared,
    packed_small,
    packed_text,
    packed_texts,
    small,
    text,
    whole,
)
from ledger.store import Busy, Encoded, Foundation, Standing, Unavailable

NAME = b"append"
# What the function takes, and what it takes of each command, in the order in which both travel.
PARAMETERS = (
    "streams",
    "heads",
    "asked",
    "guarded",
    "guards",
    "erasures",
    "new_events",
    "new_commands",
    "new_subjects",
    "new_keys",
    "new_digests",
    "new_identities",
    "forgotten",
    "forgotten_on",
    "forgotten_by",
    "forgotten_at",
    "moves",
)
COMMAND = (
    "command_id",
    "type",
    "digest",
    "stream",
    "version",
    "events",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "refusal",
    "facts",
    "position",
)
APPEND = f"SELECT ledger.append({', '.join(f'${number}' for number in range(1, len(PARAMETERS) + 1))})"
FORMATS = [pq.Format.BINARY] * len(PARAMETERS)
SIDE_ROW_MOVED, BY_ANOTHER_KEY = "LL001", "LL003"  # As the migrations have them.
NOTHING_READ: Foundation[bytes] = Foundation({}, (), {})


class SideRowMoved(Exception):
    """A side row was not where it was expected: another has done this work already."""


class Incomplete(Exception):
    """A row without its whole envelope is not written."""


class Appender:
    """Writes batches on a connection of its own, which is made when it is needed, and anew when it was lost.

    Whether a commit came about that was under way when the connection was lost is in the command log: whoever asks
    again under the same command ids will be told.
    """

    def __init__(self, kwargs: Mapping[str, Any]) -> None:
        self.kwargs = {key: given for key, given in kwargs.items() if key != "row_factory"}
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self.under_way = False
        self.event_row = self.command_row = self.side_move = 0

    def close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None
        self.under_way = False

    def connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self.connection is not None and not self.connection.closed:
            return self.connection
        with self.telling():
            self.connection = connection = PatientConnection.connect(
                autocommit=True, prepare_threshold=0, **self.kwargs
            )
            must_be_plain_role(connection)
            connection.execute(WRITING, prepare=False)
            connection.adapters.register_dumper(Array, ArrayDumper)
            found = connection.execute(
                "SELECT 'ledger.event_row'::regtype::oid, 'ledger.command_row'::regtype::oid,"
                " 'ledger.side_move'::regtype::oid"
            )
            [(self.event_row, self.command_row, self.side_move)] = found.fetchall()
            must_have_worked(connection.pgconn.prepare(NAME, APPEND.encode()))
            return connection

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Give the connection up after any error, and say in our words what was the matter."""
        try:
            yield
        except psycopg.errors.LockNotAvailable as waiting:
            self.close()
            raise Busy("the ledger is locked by another writer") from waiting
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.TransactionTimeout) as gone:
            self.close()
            raise Unavailable(str(gone)) from gone
        except BaseException:
            self.close()  # Whatever the server was in the middle of ends with the connection.
            raise

    # Without looking first

    def send(self, foundation: Foundation[bytes], batches: Sequence[Encoded]) -> "SentRows":
        connection = self.connected()
        assert not self.under_way, "one batch is under way already"
        with self.telling():
            ends = self.put(connection, foundation, batches)
            self.under_way = True
        return SentRows(self, ends)

    def put(
        self, connection: psycopg.Connection[tuple[Any, ...]], foundation: Foundation[bytes], batches: Sequence[Encoded]
    ) -> list[int]:
        """Send all of it, and answer where among the events each batch ends."""
        events, commands, ends = self.packed(batches)
        keys = [(subject, new.wrapped) for batch in batches for subject, new in batch.keys.items()]
        identities = [each for batch in batches for each in batch.identities.items()]
        forgotten = [(*each, end) for batch, end in zip(batches, ends, strict=True) for each in batch.forgets.items()]
        given = [
            array_of(TEXT, [stream.encode() for stream in foundation.heads]),
            array_of(BIG, [big(version) for version in foundation.heads.values()]),
            array_of(ID, [command.bytes for command in foundation.unknown]),
            array_of(BYTES, list(foundation.guards)),
            array_of(ID, [None if stream is None else stream.bytes for stream in foundation.guards.values()]),
            None if foundation.erasures is None else big(foundation.erasures),
            array_of(self.event_row, events),
            array_of(self.command_row, commands),
            array_of(TEXT, [subject.encode() for subject, _ in keys]),
            array_of(BYTES, [wrapped for _, wrapped in keys]),
            array_of(BYTES, [digest for digest, _ in identities]),
            array_of(ID, [stream.bytes for _, stream in identities]),
            array_of(TEXT, [subject.encode() for subject, _, _ in forgotten]),
            array_of(INSTANT, [big(microseconds(left.on)) for _, left, _ in forgotten]),
            array_of(TEXT, [left.by.encode() for _, left, _ in forgotten]),
            array_of(BIG, [big(end) for _, _, end in forgotten]),
            array_of(self.side_move, [packed_move(side) for batch in batches for side in batch.side]),
        ]
        connection.pgconn.send_query_prepared(NAME, given, FORMATS, result_format=pq.Format.BINARY)
        connection.wait(flushed(connection.pgconn))
        return ends

    def packed(self, batches: Sequence[Encoded]) -> tuple[list[bytes], list[bytes], list[int]]:
        events: list[bytes] = []
        commands: list[bytes] = []
        ends: list[int] = []
        for batch in batches:
            shared = b""
            for row in batch.rows:
                must_be_complete(row)
                shared = shared or packed_shared(row)
                events.append(ROW_HEAD + packed_own(row) + shared)
            ends.append(len(events))
            commands.append(packed_command(batch, len(events)))
        return events, commands, ends

    def take(self, connection: psycopg.Connection[tuple[Any, ...]]) -> int | None:
        """The last position before the batch, or None when not everything was as expected."""
        [result] = connection.wait(fetch_many(connection.pgconn))
        must_have_worked(result)
        value = result.get_value(0, 0)
        return None if value is None else int.from_bytes(value, "big")

    # Under the lock

    @contextmanager
    def locked(self) -> Iterator["LockedRecorder"]:
        """The table lock, taken once for whatever is read and written until it is committed."""
        connection = self.connected()
        assert not self.under_way, "a batch is under way"
        with self.telling():
            connection.execute(LOCK, prepare=False)  # Of several statements none is prepared.
            yield LockedRecorder(self, connection)
            connection.execute("COMMIT")


class SentRows:
    """A batch that is on its way into the ledger."""

    def __init__(self, appender: Appender, ends: Sequence[int]) -> None:
        self.appender = appender
        self.ends = ends

    def answers_on(self) -> int | None:
        connection = self.appender.connection
        assert connection is not None
        return connection.pgconn.socket if connection.pgconn.is_busy() else None

    def result(self) -> list[int] | None:
        """Wait for the commit: the position that the ledger has after each batch; or None, when not everything was as
        expected, and nothing has been written.
        """
        appender = self.appender
        assert appender.connection is not None
        with appender.telling():
            before = appender.take(appender.connection)
            appender.under_way = False
        return None if before is None else [before + end for end in self.ends]


class LockedRecorder:
    """The ledger's rows while this process alone may add any."""

    def __init__(self, appender: Appender, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.appender = appender
        self.connection = connection

    def cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.connection.cursor(binary=True)

    def check(
        self, streams: Collection[str], commands: Collection[UUID], identities: Collection[bytes]
    ) -> Standing[bytes]:
        return Standing(
            heads(self.cursor(), streams) if streams else {},
            outcomes(self.cursor(), commands) if commands else {},
            find_identities(self.cursor(), identities) if identities else {},
        )

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]:
        return load_rows(self.cursor(), after)

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]:
        return find_identities(self.cursor(), digests)

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        """Add the rows of all batches in order, and answer the position that the ledger has after each."""
        ends = self.appender.put(self.connection, NOTHING_READ, batches)
        before = self.appender.take(self.connection)
        assert before is not None, "nothing was expected"
        return [before + end for end in ends]


LOCK = "BEGIN; LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE"


def flushed(connection: pq.abc.PGconn) -> Generator[Wait, Ready | int, None]:
    """Until all of a query has been sent; it may be larger than the socket's buffer."""
    while connection.flush():
        ready = yield Wait.RW
        if ready & Ready.R:
            connection.consume_input()


def must_have_worked(result: pq.abc.PGresult) -> None:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return
    error = psycopg.errors.error_from_result(result)
    if error.sqlstate == SIDE_ROW_MOVED:
        raise SideRowMoved(error.diag.message_primary)
    if error.sqlstate == BY_ANOTHER_KEY:
        raise MasterKeyChanged(error.diag.message_primary)
    raise error


# How a batch travels

OPTIONAL = {
    "notification_id",
    "on_behalf_of",
    "reason_code",
    "reason_text",
    "causation_id",
    "source_system",
    "source_message_id",
    "policy_version",
}
REQUIRED = itemgetter(*(place for place, name in enumerate(Row._fields) if name not in OPTIONAL))


def must_be_complete(row: Row) -> None:
    if None in REQUIRED(row):
        missing = [name for name in Row._fields if name not in OPTIONAL and getattr(row, name) is None]
        raise Incomplete(f"{row.topic} of {row.originator_id} has no {' and no '.join(missing)}")


ROW_HEAD = small(len(OWN) + len(SHARED))
COMMAND_HEAD = small(len(COMMAND))
MOVE_HEAD = small(3)
NO_REFUSAL = NO_TEXT + NO_TEXT


def packed_command(batch: Encoded, end: int) -> bytes:
    """The columns of ledger.command_row."""
    logged = batch.logged
    refusal = logged.refusal
    return b"".join(
        (
            COMMAND_HEAD,
            ID_HEAD,
            logged.command_id.bytes,
            packed_text(logged.type),
            head(BYTES, len(logged.digest)),
            logged.digest,
            text(logged.stream),
            whole(BIG, 8, logged.version),
            packed_small(len(batch.rows)),
            packed_instant(logged.recorded_at),
            packed_texts(*batch.actor),
            NO_REFUSAL if refusal is None else text(refusal.name) + text(to_json(refusal.facts).decode()),
            whole(BIG, 8, end),
        )
    )


def packed_move(side: SideRow) -> bytes:
    expected = head(BIG, -1) if side.expected is None else whole(BIG, 8, side.expected)
    return MOVE_HEAD + text(side.name) + expected + whole(BIG, 8, side.value)
