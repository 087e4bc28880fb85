"""Rows in PostgreSQL: eventsourcing's recorder, with the envelope, the command log and whole batches at a time."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import eventsourcing.persistence
import psycopg
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL
from psycopg_pool import PoolTimeout

from domain.values import Erased
from ledger.appender import Appender
from ledger.connection import NETWORK, PatientConnection
from ledger.envelope import Logged
from ledger.looks import Look, add_looks
from ledger.master import note_root
from ledger.queries import (
    BY_ID,
    LATEST,
    NEXT,
    SELECT_ROW,
    Array,
    ArrayDumper,
    fetch_rows,
    find_identities,
    load_rows,
    outcomes,
    part_rows,
    texts,
)
from ledger.row import Part, Row
from ledger.store import Encoded, Foundation, LockedRows, Sent, Unavailable
from ledger.trace import FoundRefusals, FoundRows, Place, Sought, refused, traced_rows

T = TypeVar("T")

SCHEMA = "ledger"
TABLE = "stored_events"


class Recorder(PostgresApplicationRecorder):
    """The library's recorder over our table.

    The service writes with `send` and, under `locked`, with `insert_batches`. `insert_events` is the library's own,
    without an envelope; it is there for the library's tests and for tools of its ecosystem.
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
        assert isinstance(self.datastore.pool.kwargs, dict)
        self.writer = Appender(self.datastore.pool.kwargs)

    def note_root(self, master: bytes) -> None:
        """See `ledger.master`."""
        try:
            with PatientConnection.connect(autocommit=True, **self.writer.kwargs) as connection:
                note_root(connection, master)
        except (psycopg.OperationalError, psycopg.InterfaceError) as gone:
            raise Unavailable(str(gone)) from gone

    def close(self) -> None:
        self.writer.close()
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

    def part_rows(self, parts: Mapping[str, Part]) -> Sequence[Row]:
        return self.read(lambda cursor: part_rows(cursor, parts))

    def next_rows(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        return self.read(lambda cursor: fetch_rows(cursor, NEXT, (stream, after, limit)))

    def latest_rows(self, streams: Collection[str], before: int, limit: int) -> Sequence[Row]:
        return self.read(lambda cursor: fetch_rows(cursor, LATEST, (texts(streams), before, limit, limit)))

    def select_rows(
        self,
        after: int,
        limit: int,
        *,
        types: Sequence[str] = (),
        until: int | None = None,
        subjects: Sequence[str] = (),
        naming: Sequence[str] = (),
    ) -> Sequence[Row]:
        """The next rows after a position, in order; of some only, and up to a position, if so wished."""
        conditions = "".join(
            [
                " AND topic = ANY(%(types)b::text[])" if types else "",
                " AND notification_id <= %(until)s" if until is not None else "",
                " AND subject = ANY(%(subjects)b::text[])" if subjects else "",
                " AND convert_from(state, 'UTF8') ~ %(naming)s" if naming else "",
            ]
        )
        statement = (
            f"{SELECT_ROW} WHERE notification_id > %(after)s{conditions} ORDER BY notification_id LIMIT %(limit)s"
        )
        given = {"after": after, "types": texts(types), "until": until, "limit": limit}
        given |= {"subjects": texts(subjects), "naming": "|".join(map(re.escape, naming))}
        wanted = {name: found for name, found in given.items() if f"%({name})" in statement}
        return self.read(lambda cursor: fetch_rows(cursor, statement, wanted))

    def traced_rows(self, sought: Sought, after: int, until: int, limit: int) -> FoundRows:
        return self.read(lambda cursor: traced_rows(cursor, sought, after, until, limit))

    def refused(self, sought: Sought, after: Place, until: int, limit: int) -> FoundRefusals:
        return self.read(lambda cursor: refused(cursor, sought, after, until, limit))

    def row_by_id(self, event_id: UUID) -> Row | None:
        return next(iter(self.read(lambda cursor: fetch_rows(cursor, BY_ID, (event_id,)))), None)

    def last_position(self) -> int:
        def run(cursor: psycopg.Cursor[Any]) -> int:
            cursor.execute("SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events", prepare=True)
            return int(cursor.fetchall()[0][0])

        return self.read(run)

    def first_recorded_after(self, at: datetime, until: int) -> int | None:
        def run(cursor: psycopg.Cursor[Any]) -> int | None:
            cursor.execute(
                "SELECT notification_id FROM ledger.stored_events WHERE recorded_at > %s AND notification_id <= %s"
                " ORDER BY notification_id LIMIT 1",
                (at, until),
            )
            found = cursor.fetchone()
            return None if found is None else int(found[0])

        return self.read(run)

    def erased_subjects(self) -> int:
        def run(cursor: psycopg.Cursor[Any]) -> int:
            cursor.execute("SELECT count(*) FROM ledger.subject_keys WHERE wrapped IS NULL")
            return int(cursor.fetchall()[0][0])

        return self.read(run)

    def last_erasure(self) -> int:
        def run(cursor: psycopg.Cursor[Any]) -> int:
            cursor.execute("SELECT coalesce(max(erased_at), 0) FROM ledger.subject_keys", prepare=True)
            return int(cursor.fetchall()[0][0])

        return self.read(run)

    def root(self) -> bytes | None:
        def run(cursor: psycopg.Cursor[Any]) -> bytes | None:
            found = cursor.execute("SELECT root FROM ledger.master_key").fetchone()
            return None if found is None else bytes(found[0])

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

    def send(self, foundation: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        return self.writer.send(foundation, batches)

    def locked(self) -> AbstractContextManager[LockedRows]:
        return self.writer.locked()

    def add_looks(self, looks: Sequence[Look]) -> None:
        self.read(lambda cursor: add_looks(cursor, looks))


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
