"""One row of the ledger, column by column, and how it travels to PostgreSQL in binary."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID


class Row(NamedTuple):
    """What is stored of one event. The first five columns bear the names that the eventsourcing library knows."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes
    notification_id: int | None
    event_id: UUID
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    actor_role: str
    actor_org: str
    on_behalf_of: str | None
    reason_code: str | None
    reason_text: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    source_system: str | None
    source_message_id: str | None
    policy_version: str | None
    imported: bool
    subject: str


class Part(NamedTuple):
    """Of a stream: what comes after one version, up to another."""

    after: int
    until: int


TEXT, BYTES, BIG, SMALL, ID, INSTANT, TRUTH = 25, 17, 20, 23, 2950, 1184, 16

# The order in which the columns travel: those of the event, those that a command's events share, the position.
OWN = (
    "originator_id",
    "originator_version",
    "topic",
    "state",
    "event_id",
    "schema_version",
    "reason_text",
)
SHARED = (
    "occurred_at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_role",
    "actor_org",
    "on_behalf_of",
    "reason_code",
    "command_id",
    "correlation_id",
    "causation_id",
    "source_system",
    "source_message_id",
    "policy_version",
    "imported",
    "subject",
)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # Where PostgreSQL's binary timestamps begin.

big = struct.Struct("!q").pack
small = struct.Struct("!i").pack
head = struct.Struct("!ii").pack
whole = struct.Struct("!iiq").pack


def microseconds(at: datetime, since: datetime = EPOCH) -> int:
    """Exact microseconds; a float would lose some of them."""
    passed = at - since
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def text(found: str | None) -> bytes:
    if found is None:
        return NO_TEXT
    raw = found.encode()
    return head(TEXT, len(raw)) + raw


def uuid(found: UUID | None) -> bytes:
    return NO_ID if found is None else ID_HEAD + found.bytes


def instant(at: datetime) -> bytes:
    return whole(INSTANT, 8, microseconds(at))


NO_TEXT = head(TEXT, -1)
NO_ID = head(ID, -1)
NO_SOURCE = NO_TEXT + NO_TEXT
ID_HEAD = head(ID, 16)
BIG_HEAD = head(BIG, 8)
SMALL_HEAD = head(SMALL, 4)
NULL = small(-1)
FALSE, TRUE = head(TRUTH, 1) + b"\0", head(TRUTH, 1) + b"\1"


def packed_own(row: Row) -> bytes:
    """The columns of one event, as attributes of a composite value in PostgreSQL's binary form."""
    stream, state = row.originator_id.encode(), row.state
    return b"".join(
        (
            head(TEXT, len(stream)),
            stream,
            whole(BIG, 8, row.originator_version),
            packed_text(row.topic),
            head(BYTES, len(state)),
            state,
            ID_HEAD,
            row.event_id.bytes,
            packed_small(row.schema_version),
            NO_TEXT if row.reason_text is None else text(row.reason_text),
        )
    )


def packed_shared(row: Row) -> bytes:
    """The columns that all events of a command share, likewise."""
    subject = row.subject.encode()
    recorded = packed_instant(row.recorded_at)
    return b"".join(
        (
            recorded if row.occurred_at is row.recorded_at else instant(row.occurred_at),
            recorded,
            packed_texts(
                row.actor_kind,
                row.actor_id,
                row.actor_name,
                row.actor_role,
                row.actor_org,
                row.on_behalf_of,
                row.reason_code,
            ),
            ID_HEAD,
            row.command_id.bytes,
            ID_HEAD,
            row.correlation_id.bytes,
            NO_ID if row.causation_id is None else uuid(row.causation_id),
            NO_SOURCE if row.source_system is None else text(row.source_system) + text(row.source_message_id),
            packed_text(row.policy_version),
            TRUE if row.imported else FALSE,
            head(TEXT, len(subject)),
            subject,
        )
    )


# What is the same in many rows is kept: the texts of an actor, the names of types, the one time of a batch.


@lru_cache(maxsize=4096)
def packed_texts(*texts: str | None) -> bytes:
    return b"".join(map(text, texts))


packed_text = lru_cache(maxsize=4096)(text)
packed_instant = lru_cache(maxsize=16)(instant)


@lru_cache(maxsize=256)
def packed_small(number: int) -> bytes:
    return SMALL_HEAD + small(number)


def array_of(oid: int, items: Sequence[bytes | None]) -> bytes:
    """A one-dimensional array in PostgreSQL's binary form."""
    if not items:
        return struct.pack("!iiI", 0, 0, oid)
    parts = [struct.pack("!iiIii", 1, None in items, oid, len(items), 1)]
    for item in items:
        if item is None:
            parts.append(NULL)
        else:
            parts.append(small(len(item)))
            parts.append(item)
    return b"".join(parts)
