"""Reads the events of some types for a view, in the order of the ledger: lean, and one batch ahead."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format

from domain.values import Erased
from ledger.codec import Codec
from ledger.connection import NETWORK, PatientConnection, result_of
from ledger.envelope import Corrupt
from ledger.keys import Key, Keys
from ledger.lean import Lean
from ledger.row import TEXT, array_of, big
from ledger.store import Unavailable

AHEAD = 500  # Rows in a batch: they fit into the socket's buffer while the batch before is in use.

Told = tuple[int, datetime, Any]
"""The position of an event, when it occurred, and the event."""

Part = tuple[int, int]
"""Of the streams, those whose remainder by the second number is the first."""
WHOLE: Part = (0, 1)

NAME = b"scan"
SELECT = """
SELECT notification_id, topic, schema_version, state, occurred_at,
    CASE WHEN topic = ANY($4::text[]) THEN uuid_send(event_id) END,
    CASE WHEN topic = ANY($4::text[]) THEN subject END,
    CASE WHEN topic = ANY($4::text[])
        THEN (SELECT wrapped FROM ledger.subject_keys AS key WHERE key.subject = event.subject) END
FROM ledger.stored_events AS event
WHERE notification_id > $1::bigint AND notification_id <= $2::bigint AND topic = ANY($3::text[])
    AND ($7::bigint = 1 OR (hashtext(originator_id) & 2147483647) % $7::bigint = $6::bigint)
ORDER BY notification_id LIMIT $5::bigint
"""


class Wire:
    """The connection over which scans are made, one after the other. When it is lost, the next scan makes a new one."""

    def __init__(self, url: str) -> None:
        self.url = make_conninfo("", **(NETWORK | conninfo_to_dict(url)))
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """After an error, or a scan that was not read to its end, the connection is no more to be used."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = PatientConnection.connect(self.url, autocommit=True)
                self.connection.execute("SET timezone = 'UTC'")
                self.connection.pgconn.prepare(NAME, SELECT.encode())
            yield self.connection
        except psycopg.Error as gone:
            self.close()
            raise Unavailable(str(gone)) from gone
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None


class Scan:
    """How one view reads the ledger. `opens` names the fields in which personal values are opened; all others stay
    closed. What cannot be read raises Corrupt.
    """

    def __init__(self, wire: Wire, codec: Codec, keys: Keys, kinds: Collection[type], opens: frozenset[str]) -> None:
        self.wire = wire
        self.keys = keys
        self.lean = {codec.by_class[kind].name: Lean(codec.by_class[kind], opens) for kind in kinds}
        self.types = array_of(TEXT, [name.encode() for name in self.lean])
        self.opened = array_of(TEXT, [name.encode() for name, lean in self.lean.items() if lean.opened])

    def read(self, after: int, until: int, limit: int) -> list[Told]:
        """The next events after a position, up to another one."""
        with self.wire.connected() as connection:
            self.ask(connection, after, until, limit, WHOLE)
            rows = answer(connection)
        return self.decoded(rows)

    def batches(self, after: int, until: int, limit: int = AHEAD, part: Part = WHOLE) -> Iterator[list[Told]]:
        """All events of a part, from a position up to another one. The next batch is on its way while one is in use."""
        with self.wire.connected() as connection:
            self.ask(connection, after, until, limit, part)
            while rows := answer(connection):
                if len(rows) == limit:
                    self.ask(connection, rows[-1][0], until, limit, part)
                yield self.decoded(rows)
                if len(rows) < limit:
                    return

    def ask(self, connection: psycopg.Connection[Any], after: int, until: int, limit: int, part: Part) -> None:
        given = [big(after), big(until), self.types, self.opened, big(limit), *map(big, part)]
        connection.pgconn.send_query_prepared(NAME, given, [Format.BINARY] * len(given), result_format=Format.BINARY)

    # Events

    def decoded(self, rows: Sequence[tuple[Any, ...]]) -> list[Told]:
        lean = self.lean
        told: list[Told] = []
        self.keys.look()
        for position, name, schema_version, payload, at, event_id, subject, wrapped in rows:
            how = lean[name]
            try:
                event = how.read(payload) if schema_version == how.version else how.modernised(schema_version, payload)
                if event_id is not None:
                    how.open(event, event_id, self.key(subject, wrapped))
            except (InvalidTag, LookupError, TypeError, ValueError, AttributeError) as wrong:
                said = f"{name} in schema version {schema_version}, at position {position}, cannot be read"
                raise Corrupt(f"{said}: {type(wrong).__name__}") from wrong
            told.append((position, at, event))
        return told

    def key(self, subject: str, wrapped: bytes | None) -> Key | Erased | None:
        """The key of a subject, if it ever had one; it came along with the row, so that it need not be looked up."""
        known = self.keys.known.get(subject)
        if known is not None:
            return known
        return self.keys.get(subject) if wrapped is None else self.keys.unwrap(subject, wrapped)


def answer(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """The rows of the statement that is under way."""
    result = result_of(connection)
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
