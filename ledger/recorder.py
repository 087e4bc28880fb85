"""Rows in PostgreSQL: eventsourcing's recorder, with the envelope, the command log and whole batches at a time."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

import eventsourcing.persistence
import psycopg
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.adapt import Dumper
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format
from psycopg.sql import SQL
from psycopg_pool import PoolTimeout
from pydantic_core import from_json, to_json

from domain.values import Erased
from ledger.connection import NETWORK, WRITING, PatientConnection
from ledger.envelope import Declined, Logged, SideRow
from ledger.migrations import must_be_plain_role
from ledger.row import (
    BIG,
    BIG_HEAD,
    BYTES,
    ID,
    OWN,
    POSITION,
    SHARED,
    SMALL_HEAD,
    TEXT,
    Row,
    array_of,
    big,
    head,
    instant,
    packed_own,
    packed_shared,
    packed_texts,
    small,
    text,
    uuid,
)
from ledger.store import Busy, Checked, Encoded, Unavailable

T = TypeVar("T")

SCHEMA = "ledger"
TABLE = "stored_events"

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
    "number",
)

SELECT_ROW = f"SELECT {', '.join(Row._fields)} FROM ledger.stored_events"  # noqa: S608 - names of our own columns.


class Array:
    """An array that is already in PostgreSQL's binary form; its type comes from a cast in the statement."""

    __slots__ = ("data",)

    def __init__(self, oid: int, items: Sequence[bytes]) -> None:
        self.data = array_of(oid, items)


class ArrayDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Array) -> bytes:
        return obj.data


def texts(items: Collection[str]) -> Array:
    return Array(TEXT, [item.encode() for item in items])


def ids(items: Collection[UUID]) -> Array:
    return Array(ID, [item.bytes for item in items])


def blobs(items: Collection[bytes]) -> Array:
    return Array(BYTES, list(items))


class Recorder(PostgresApplicationRecorder):
    """The library's recorder over our table.

    `insert_batches`, under `locked`, is what the service writes with. `insert_events` is the library's own, without an
    envelope; it is there for the library's tests and for tools of its ecosystem.
    """

    def __init__(self, datastore: PostgresDatastore) -> None:
        try:
            super().__init__(datastore, events_table_name=TABLE)
        except (eventsourcing.persistence.OperationalError, eventsourcing.persistence.InterfaceError) as gone:
            raise Unavailable(str(gone)) from gone
        self.sql_create_statements = []  # The tables are made by migrations.
        self.insert_events_statement = SQL(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state, notification_id)"
            " SELECT originator_id, originator_version, topic, state, place +"
            " (SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events)"
            " FROM unnest(%s::ledger.stored_event_text[]) WITH ORDINALITY"
            " AS new (originator_id, originator_version, topic, state, place) RETURNING notification_id"
        ).format()
        self.writer: psycopg.Connection[tuple[Any, ...]] | None = None
        self.row_oid = self.command_oid = 0

    def close(self) -> None:
        self.let_go()
        self.datastore.close()

    # Reading

    def read(self, run: Callable[[psycopg.Cursor[Any]], T]) -> T:
        """Run one read on a pooled connection, once more if the connection turns out to be gone."""
        for last in (False, True):
            try:
                with self.datastore.get_connection() as connection:
                    connection.adapters.register_dumper(Array, ArrayDumper)
                    with connection.cursor(binary=True, row_factory=psycopg.rows.tuple_row) as cursor:
                        return run(cursor)
            except (
                eventsourcing.persistence.OperationalError,
                eventsourcing.persistence.InterfaceError,
            ) as gone:
                if last or isinstance(gone.__cause__, PoolTimeout):
                    raise Unavailable(str(gone)) from gone
                self.datastore.pool.check()  # What ended this connection may have ended the others.
        raise AssertionError

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]:
        return self.read(lambda cursor: load_rows(cursor, after))

    def select_rows(
        self, after: int, limit: int, *, types: Sequence[str] = (), until: int | None = None
    ) -> Sequence[Row]:
        """The next rows after a position, in order; of some types only, and up to a position, if so wished."""
        conditions = "".join(
            [
                " AND topic = ANY(%(types)b::text[])" if types else "",
                " AND notification_id <= %(until)s" if until is not None else "",
            ]
        )
        statement = (
            f"{SELECT_ROW} WHERE notification_id > %(after)s{conditions} ORDER BY notification_id LIMIT %(limit)s"
        )
        given = {"after": after, "types": texts(types), "until": until, "limit": limit}
        wanted = {name: found for name, found in given.items() if f"%({name})" in statement}
        return self.read(lambda cursor: fetch_rows(cursor, statement, wanted))

    def last_position(self) -> int:
        def run(cursor: psycopg.Cursor[Any]) -> int:
            cursor.execute("SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events", prepare=True)
            return int(cursor.fetchall()[0][0])

        return self.read(run)

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]:
        return self.read(lambda cursor: find_identities(cursor, digests))

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        return self.read(lambda cursor: outcomes(cursor, commands))

    def wrapped_keys(self, subjects: Collection[str]) -> Mapping[str, bytes | Erased]:
        def run(cursor: psycopg.Cursor[Any]) -> Mapping[str, bytes | Erased]:
            cursor.execute(
                "SELECT subject, wrapped, erased_on, erased_by FROM ledger.subject_keys"
                " WHERE subject = ANY(%b::text[])",
                (texts(subjects),),
                prepare=True,
            )
            return {
                subject: Erased(on=on, by=by) if wrapped is None else wrapped
                for subject, wrapped, on, by in cursor.fetchall()
            }

        return self.read(run)

    # Writing

    @contextmanager
    def locked(self) -> Iterator["LockedRecorder"]:
        """The table lock, taken once for the whole batch, on this process's one writing connection.

        Raises Unavailable when the connection is lost, even during the commit: whether it came about is in the
        command log, and whoever asks again under the same command ids will be told.
        """
        connection = self.connected()
        try:
            with connection.pipeline() as pipeline:
                cursor = connection.cursor(binary=True)
                cursor.execute("BEGIN", prepare=True)
                cursor.execute(LOCK, prepare=True)
                locked = LockedRecorder(connection, pipeline, self.row_oid, self.command_oid)
                yield locked
                locked.commit()
        except psycopg.errors.LockNotAvailable as waiting:
            self.let_go()
            raise Busy("the ledger is locked by another writer") from waiting
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.TransactionTimeout) as gone:
            self.let_go()
            raise Unavailable(str(gone)) from gone
        except BaseException:
            self.let_go()  # Whatever the server was in the middle of ends with the connection.
            raise

    def connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The writing connection, made anew when it was lost."""
        if self.writer is not None and not self.writer.closed:
            return self.writer
        assert isinstance(self.datastore.pool.kwargs, dict)
        kwargs = {key: given for key, given in self.datastore.pool.kwargs.items() if key != "row_factory"}
        try:
            self.writer = connection = PatientConnection.connect(autocommit=True, prepare_threshold=0, **kwargs)
            must_be_plain_role(connection)
            connection.execute(WRITING, prepare=False)
            connection.adapters.register_dumper(Array, ArrayDumper)
            found = connection.execute("SELECT 'ledger.event_row'::regtype::oid, 'ledger.command_row'::regtype::oid")
            [(self.row_oid, self.command_oid)] = found.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as gone:
            self.let_go()
            raise Unavailable(str(gone)) from gone
        except BaseException:
            self.let_go()
            raise
        return connection

    def let_go(self) -> None:
        if self.writer is not None:
            with suppress(psycopg.Error):
                self.writer.close()
            self.writer = None


class LockedRecorder:
    """The ledger's rows while this process alone may add any."""

    def __init__(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        pipeline: psycopg.Pipeline,
        row_oid: int,
        command_oid: int,
    ) -> None:
        self.connection = connection
        self.pipeline = pipeline
        self.row_oid = row_oid
        self.command_oid = command_oid
        self.position = self.number = -1
        self.committing = False

    def commit(self) -> None:
        """Send the commit without waiting for it: the end of `locked` does."""
        if not self.committing:
            self.cursor().execute("COMMIT", prepare=True)
            self.pipeline.sync()
            self.committing = True

    def cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.connection.cursor(binary=True)

    def check(self, streams: Collection[str], commands: Collection[UUID], identities: Collection[bytes]) -> Checked:
        """Heads of streams, outcomes of commands and streams of identities, in one round trip."""
        last, heads, logged, guarded = self.cursor(), self.cursor(), self.cursor(), self.cursor()
        last.execute(LAST, prepare=True)
        heads.execute(HEADS, (texts(streams),), prepare=True)
        if commands:
            logged.execute(OUTCOMES, (ids(commands),), prepare=True)
        if identities:
            guarded.execute(IDENTITIES, (blobs(identities),), prepare=True)
        [(self.position, self.number)] = last.fetchall()
        return Checked(
            dict(heads.fetchall()),
            logged_of(logged.fetchall()) if commands else {},
            dict(guarded.fetchall()) if identities else {},
        )

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]:
        return load_rows(self.cursor(), after)

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]:
        return find_identities(self.cursor(), digests)

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        """Add the rows of all batches in order, and answer the position that the ledger has after each."""
        assert self.position >= 0, "what is to be written has not been checked"
        rows: list[bytes] = []
        commands: list[bytes] = []
        positions: list[int] = []
        for batch in batches:
            rows.extend(self.packed_rows(batch))
            self.number += 1
            positions.append(self.position)
            commands.append(packed_command(batch, self.position, self.number))
        cursor = self.cursor()
        if rows:
            cursor.execute(INSERT_ROWS, (Array(self.row_oid, rows),), prepare=True)
            cursor.execute("NOTIFY stored_events")
        if commands:
            cursor.execute(INSERT_COMMANDS, (Array(self.command_oid, commands),), prepare=True)
        if keys := [(subject, new.wrapped) for batch in batches for subject, new in batch.keys.items()]:
            cursor.execute(
                INSERT_KEYS,
                (texts([each for each, _ in keys]), blobs([each for _, each in keys])),
                prepare=True,
            )
        if found := [each for batch in batches for each in batch.identities.items()]:
            cursor.execute(
                INSERT_IDENTITIES,
                (blobs([each for each, _ in found]), ids([each for _, each in found])),
                prepare=True,
            )
        self.move([side for batch in batches for side in batch.side])
        return positions

    def packed_rows(self, batch: Encoded) -> Iterator[bytes]:
        shared = b""
        for row in batch.rows:
            must_be_complete(row)
            shared = shared or packed_shared(row)
            self.position += 1
            yield b"".join((ROW_HEAD, packed_own(row), shared, BIG_HEAD, big(self.position)))

    def move(self, rows: Sequence[SideRow]) -> None:
        """Compare and set; the whole batch fails when one is elsewhere, and its commands are then tried singly."""
        moves = [(side, self.cursor()) for side in rows]
        for side, cursor in moves:
            if side.expected is None:
                cursor.execute(ADD_SIDE_ROW, (side.name, side.value), prepare=True)
            else:
                cursor.execute(MOVE_SIDE_ROW, (side.value, side.name, side.expected), prepare=True)
        for side, cursor in moves:
            if not cursor.fetchall():
                raise SideRowMoved(f"{side.name} is not at {side.expected}")


class SideRowMoved(Exception):
    """A side row was not where it was expected: another has done this work already."""


class Incomplete(Exception):
    """A row without its whole envelope is not written."""


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


ROW_HEAD = small(len(OWN) + len(SHARED) + 1)
COMMAND_HEAD = small(len(COMMAND))


def packed_command(batch: Encoded, position: int, number: int) -> bytes:
    logged = batch.logged
    refusal = logged.refusal
    return b"".join(
        (
            COMMAND_HEAD,
            uuid(logged.command_id),
            text(logged.type),
            head(BYTES, len(logged.digest)),
            logged.digest,
            text(logged.stream),
            BIG_HEAD,
            big(logged.version),
            SMALL_HEAD,
            small(len(batch.rows)),
            instant(logged.recorded_at),
            packed_texts(*batch.actor),
            text(None if refusal is None else refusal.name),
            text(None if refusal is None else to_json(refusal.facts).decode()),
            BIG_HEAD,
            big(position),
            BIG_HEAD,
            big(number),
        )
    )


# Statements

LOCK = "LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE"
LAST = (
    "SELECT (SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events),"
    " (SELECT coalesce(max(number), 0) FROM ledger.commands)"
)
HEADS = (
    "SELECT wanted.stream, head.version FROM unnest(%b::text[]) AS wanted (stream), LATERAL"
    " (SELECT originator_version AS version FROM ledger.stored_events WHERE originator_id = wanted.stream"
    " ORDER BY originator_version DESC LIMIT 1) AS head"
)
OUTCOMES = (
    "SELECT command_id, type, digest, stream, version, position, recorded_at, refusal, facts, actor_kind, actor_id"
    " FROM ledger.commands WHERE command_id = ANY(%b::uuid[])"
)
IDENTITIES = "SELECT digest, identity_id FROM ledger.identity_lookup WHERE digest = ANY(%b::bytea[])"
LOAD = (
    f"{SELECT_ROW} JOIN unnest(%b::text[], %b::bigint[]) AS wanted (stream, version)"
    " ON originator_id = wanted.stream AND originator_version > wanted.version"
    " ORDER BY originator_id, originator_version"
)
TRAVELLING = ", ".join((*OWN, *SHARED, POSITION))
INSERT_ROWS = f"INSERT INTO ledger.stored_events ({TRAVELLING}) SELECT {TRAVELLING} FROM unnest(%b::ledger.event_row[])"  # noqa: S608
LOGGED = ", ".join(COMMAND)
INSERT_COMMANDS = f"INSERT INTO ledger.commands ({LOGGED}) SELECT {LOGGED} FROM unnest(%b::ledger.command_row[])"  # noqa: S608
INSERT_KEYS = "INSERT INTO ledger.subject_keys (subject, wrapped) SELECT * FROM unnest(%b::text[], %b::bytea[])"
INSERT_IDENTITIES = (
    "INSERT INTO ledger.identity_lookup (digest, identity_id) SELECT * FROM unnest(%b::bytea[], %b::uuid[])"
)
ADD_SIDE_ROW = "INSERT INTO ledger.side_rows (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING value"
MOVE_SIDE_ROW = "UPDATE ledger.side_rows SET value = %s WHERE name = %s AND value = %s RETURNING value"


def load_rows(cursor: psycopg.Cursor[Any], after: Mapping[str, int]) -> list[Row]:
    return fetch_rows(cursor, LOAD, (texts(after.keys()), Array(BIG, [big(version) for version in after.values()])))


def fetch_rows(cursor: psycopg.Cursor[Any], statement: str, given: Any) -> list[Row]:
    cursor.execute(statement, given, prepare=True)
    return [Row(*found) for found in cursor.fetchall()]


def find_identities(cursor: psycopg.Cursor[Any], digests: Collection[bytes]) -> dict[bytes, UUID]:
    cursor.execute(IDENTITIES, (blobs(digests),), prepare=True)
    return dict(cursor.fetchall())


def outcomes(cursor: psycopg.Cursor[Any], commands: Collection[UUID]) -> dict[UUID, Logged]:
    cursor.execute(OUTCOMES, (ids(commands),), prepare=True)
    return logged_of(cursor.fetchall())


def logged_of(found: Sequence[tuple[Any, ...]]) -> dict[UUID, Logged]:
    return {
        command: Logged(
            command_id=command,
            type=kind,
            digest=digest,
            stream=stream,
            version=version,
            position=position,
            recorded_at=recorded_at,
            refusal=None if refusal is None else Declined(refusal, from_json(facts)),
            actor=(actor[0], actor[1]),
        )
        for command, kind, digest, stream, version, position, recorded_at, refusal, facts, *actor in found
    }


def datastore(url: str, *, pool_size: int = 4) -> PostgresDatastore:
    """The library's connection pool for a database URL; every parameter of the URL is kept."""
    given = conninfo_to_dict(url)
    store = PostgresDatastore(
        dbname=str(given.pop("dbname", "")),
        host=str(given.pop("host", "")),
        port=given.pop("port", "") or "",
        user=str(given.pop("user", "")),
        password=str(given.pop("password", "")),
        schema=SCHEMA,
        pool_size=pool_size,
        originator_id_type="text",
    )
    assert isinstance(store.pool.kwargs, dict)
    kwargs = NETWORK | store.pool.kwargs | given
    store.pool.kwargs = {key: found for key, found in kwargs.items() if found != ""}
    store.pool.connection_class = PatientConnection
    store.pool.reconnect_timeout = 1.0  # Then it tries anew when somebody asks, not minutes later.
    return store
