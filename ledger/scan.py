"""Reads the events of some types for a view, in the order of the ledger: lean, and one batch ahead.

Beside each event comes when it occurred, or its whole envelope, but for the text of its reason, which is personal.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any, NamedTuple

import psycopg
from cryptography.exceptions import InvalidTag
from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus, Format
from psycopg.sql import SQL, Literal

from domain.actor import Actor, ActorKind, Reason, Source
from domain.values import Erased, OrgPath
from ledger.codec import Codec
from ledger.connection import NETWORK, PatientConnection, result_of
from ledger.envelope import Corrupt, Recorded
from ledger.keys import Key, Keys
from ledger.lean import Lean
from ledger.row import big
from ledger.store import Unavailable

ACTORS = 10_000  # That are kept at hand.
AHEAD = 500  # Rows in a batch: they fit into the socket's buffer while the batch before is in use.

Told = tuple[int, Any, Any]
"""The position of an event, when it occurred or its whole envelope, and the event."""


class Part(NamedTuple):
    """Of the streams, those whose number is `number` in the remainder by `of`."""

    number: int = 0
    of: int = 1

    def has(self, name: str) -> bool:
        """Whether a stream is in it, which has the number of the last character of its name: of a hexadecimal digit,
        more often than not. PostgreSQL must say the same.
        """
        return ord(name[-1:] or "\0") % self.of == self.number


WHOLE = Part()

SESSION = (
    "SET timezone = 'UTC';"
    # A plan that was made while the ledger was small is kept, and must be right for a large one; a batch is too little
    # to be shared among several processes.
    " SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0"
)
SELECT = """
SELECT notification_id, topic, schema_version, state, occurred_at{opening}{envelope}
FROM ledger.stored_events AS event
WHERE notification_id > $1::bigint AND notification_id <= $2::bigint AND topic = ANY ({types})
    AND ($5::bigint = 1 OR ascii(right(originator_id, 1)) % $5::bigint = $4::bigint OR topic = ANY ({everywhere}))
ORDER BY notification_id LIMIT $3::bigint
"""
OPENING = """,
    CASE WHEN topic = ANY ({opened}) THEN uuid_send(event_id) END,
    CASE WHEN topic = ANY ({opened}) THEN subject END,
    CASE WHEN topic = ANY ({opened})
        THEN (SELECT wrapped FROM ledger.subject_keys AS key WHERE key.subject = event.subject) END"""
CLOSED = ", NULL::bytea, NULL::text, NULL::bytea"
ENVELOPE = """,
    originator_id, originator_version, event_id, recorded_at,
    actor_kind, actor_id, actor_name, actor_role, actor_org,
    command_id, correlation_id, causation_id, on_behalf_of,
    reason_code, source_system, source_message_id,
    policy_version, imported, subject"""


class Wire:
    """The connection over which scans are made, one after the other. When it is lost, the next scan makes a new one."""

    def __init__(self, url: str) -> None:
        self.url = make_conninfo("", **(NETWORK | conninfo_to_dict(url)))
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self.names: dict[bytes, bytes] = {}

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """After an error, or a scan that was not read to its end, the connection is no more to be used."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = PatientConnection.connect(self.url, autocommit=True)
                self.connection.execute(SESSION)
                self.names = {}
            yield self.connection
        except psycopg.Error as gone:
            self.close()
            raise Unavailable(str(gone)) from gone
        except BaseException:
            self.close()
            raise

    def prepared(self, connection: psycopg.Connection[Any], statement: bytes) -> bytes:
        """The name of a statement there. With its types in it, and not given, PostgreSQL looks them up by hash."""
        name = self.names.get(statement)
        if name is None:
            name = b"scan %d" % len(self.names)
            if connection.pgconn.prepare(name, statement).status != ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError(connection.pgconn.get_error_message())
            self.names[statement] = name
        return name

    def close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None


class Scan:
    """How one view reads the ledger. `opens` names the fields in which personal values are opened; all others stay
    closed. Of the events that are `everywhere`, a part has all, of whatever stream. What cannot be read raises Corrupt.
    """

    def __init__(
        self,
        wire: Wire,
        codec: Codec,
        keys: Keys,
        kinds: Collection[type],
        opens: frozenset[str],
        *,
        enveloped: bool = False,
        everywhere: Collection[type] = (),
    ) -> None:
        self.wire = wire
        self.enveloped = enveloped
        self.keys = keys
        self.lean = {codec.by_class[kind].name: Lean(codec.by_class[kind], opens) for kind in kinds}
        self.names = [*self.lean]
        opened = [name for name, lean in self.lean.items() if lean.opened]
        self.statement = (
            SQL(SELECT)
            .format(
                types=Literal(self.names),
                everywhere=Literal([codec.by_class[kind].name for kind in everywhere]),
                opening=SQL(OPENING).format(opened=Literal(opened)) if opened else SQL(CLOSED),
                envelope=SQL(ENVELOPE if enveloped else ""),
            )
            .as_bytes()
        )

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
        given = [*map(big, (after, until, limit, *part))]
        name = self.wire.prepared(connection, self.statement)
        connection.pgconn.send_query_prepared(name, given, [Format.BINARY] * len(given), result_format=Format.BINARY)

    # Events

    def decoded(self, rows: Sequence[tuple[Any, ...]]) -> list[Told]:
        lean, enveloped = self.lean, self.enveloped
        told: list[Told] = []
        self.keys.look()
        for row in rows:
            position, name, schema_version, payload, at, event_id, subject, wrapped = row[:8]
            how = lean[name]
            try:
                event = how.read(payload) if schema_version == how.version else how.modernised(schema_version, payload)
                if event_id is not None:
                    how.open(event, event_id, partial(self.key, subject, wrapped))
            except (InvalidTag, LookupError, TypeError, ValueError, AttributeError) as wrong:
                said = f"{name} in schema version {schema_version}, at position {position}, cannot be read"
                raise Corrupt(f"{said}: {type(wrong).__name__}") from wrong
            told.append((position, recorded(row, event) if enveloped else at, event))
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


def recorded(row: tuple[Any, ...], event: Any) -> Recorded:
    position, name, schema_version, _, at, *_ = row[:8]
    stream, version, event_id, recorded_at, kind, who, called, role, org_path, *_ = row[8:]
    command_id, correlation_id, causation_id, on_behalf_of, code, system, message, policy, imported, subject = row[17:]
    return Recorded(
        position=position,
        stream=stream,
        version=version,
        type=name,
        event=event,
        event_id=event_id,
        occurred_at=at,
        recorded_at=recorded_at,
        actor=actor(kind, who, called, role, org_path),
        command_id=command_id,
        correlation_id=correlation_id,
        causation_id=causation_id,
        on_behalf_of=on_behalf_of,
        reason=None if code is None else Reason(code=code),
        source=None if system is None else Source(system=system, message_id=message or ""),
        policy_version=policy,
        imported=imported,
        subject=subject,
        schema_version=schema_version,
    )


@lru_cache(ACTORS)
def actor(kind: ActorKind, name: str, called: str, role: str, org_path: OrgPath) -> Actor:
    """Few do nearly everything; so each is made once."""
    return Actor(kind=kind, id=name, name=called, role=role, org_path=org_path)
