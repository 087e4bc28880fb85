"""One row of the ledger, column by column, and how it travels to PostgreSQL in binary."""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
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


TEXT, BYTES, BIG, SMALL, ID, INSTANT, TRUTH = 25, 17, 20, 23, 2950, 1184, 16

# The order in which the columns travel: those of the event, those that a command's events share, the position.
OWN = (
    ("originator_id", TEXT),
    ("originator_version", BIG),
    ("topic", TEXT),
    ("state", BYTES),
    ("event_id", ID),
    ("schema_version", SMALL),
    ("reason_text", TEXT),
)
SHARED = (
    ("occurred_at", INSTANT),
    ("recorded_at", INSTANT),
    ("actor_kind", TEXT),
    ("actor_id", TEXT),
    ("actor_name", TEXT),
    ("actor_role", TEXT),
    ("actor_org", TEXT),
    ("on_behalf_of", TEXT),
    ("reason_code", TEXT),
    ("command_id", ID),
    ("correlation_id", ID),
    ("causation_id", ID),
    ("source_system", TEXT),
    ("source_message_id", TEXT),
    ("policy_version", TEXT),
    ("imported", TRUTH),
    ("subject", TEXT),
)
POSITION = ("notification_id", BIG)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # Where PostgreSQL's binary timestamps begin.

big = struct.Struct("!q").pack
small = struct.Struct("!i").pack
head = struct.Struct("!ii").pack


def microseconds(at: datetime, since: datetime = EPOCH) -> int:
    """Exact microseconds; a float would lose some of them."""
    passed = at - since
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


PACK: dict[int, Callable[[Any], bytes]] = {
    TEXT: str.encode,
    BYTES: bytes,
    BIG: big,
    SMALL: small,
    ID: lambda found: found.bytes,
    INSTANT: lambda at: big(microseconds(at)),
    TRUTH: lambda found: b"\1" if found else b"\0",
}


def packed(columns: Sequence[tuple[str, int]], values: Sequence[Any]) -> bytes:
    """These attributes of a composite value in PostgreSQL's binary form, without the count before them."""
    parts: list[bytes] = []
    for (_, oid), found in zip(columns, values, strict=True):
        if found is None:
            parts.append(head(oid, -1))
        else:
            raw = PACK[oid](found)
            parts.append(head(oid, len(raw)))
            parts.append(raw)
    return b"".join(parts)


def array_of(oid: int, items: Sequence[bytes]) -> bytes:
    """A one-dimensional array without nulls in PostgreSQL's binary form."""
    parts = [struct.pack("!iiIii", 1, 0, oid, len(items), 1)] if items else [struct.pack("!iiI", 0, 0, oid)]
    for item in items:
        parts.append(small(len(item)))
        parts.append(item)
    return b"".join(parts)
