"""An event of the ledger as other services read it: a CloudEvent 1.0 in Kafka's binary mode.

The value is the payload as it is stored, byte for byte; the envelope is in the headers. What is personal is under its
subject's key, as in the ledger, and what an actor is called stays at home: it stands there in plain text. From a
message comes back the row it was made of, but for that name.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from consumers.message import Message
from ledger.row import Row

CONTENT = "application/json"
CONTENT_TYPE = ("content-type", CONTENT.encode())
SPEC_VERSION = ("ce_specversion", b"1.0")
IMPORTED = ("ce_imported", b"true")

# By which column a header is known; what is missing was null, or empty where nothing is ever null. Extensions of the
# specification are partitionkey, recordedtime, correlationid and causationid.
ID, TIME, RECORDED = "ce_id", "ce_time", "ce_recordedtime"
TYPE, STREAM, SUBJECT = "ce_type", "ce_partitionkey", "ce_subject"
POSITION, VERSION, SCHEMA_VERSION = "ce_position", "ce_version", "ce_schemaversion"
COMMAND, CORRELATION, CAUSATION = "ce_commandid", "ce_correlationid", "ce_causationid"
REASON_TEXT = "ce_reasontext"
TEXTS = {
    "actor_kind": "ce_actorkind",
    "actor_id": "ce_actorid",
    "actor_role": "ce_actorrole",
    "actor_org": "ce_actororg",
    "on_behalf_of": "ce_onbehalfof",
    "reason_code": "ce_reasoncode",
    "source_system": "ce_sourcesystem",
    "source_message_id": "ce_sourcemessageid",
    "policy_version": "ce_policyversion",
}
NULLABLE = ("on_behalf_of", "reason_code", "source_system", "source_message_id", "policy_version")

Headers = tuple[tuple[str, bytes], ...]


class Foreign(Exception):
    """A message that is none of an event of a ledger: says what is wrong with it, and never with what value."""


class NoEvent(ValueError):
    """A row without an envelope, which the service never writes."""


def topic_of(kind: str) -> str:
    """Where all events of an aggregate go, by the type of any of them."""
    return f"lifeledger.{kind.partition('.')[0]}.v1"


def aggregate_of(topic: str) -> str:
    """Of which aggregate a topic of ours is."""
    return topic.split(".")[1]


def message_of(row: Row, source: str) -> Message:
    """`source` names the ledger. Raises NoEvent."""
    position = row.notification_id
    if position is None or None in (row.event_id, row.command_id, row.schema_version):
        raise NoEvent(f"{row.originator_id}, version {row.originator_version}, has no envelope and is no event")
    stream = row.originator_id.encode()
    headers = [
        *named(source, row.topic, row.schema_version),
        (ID, text_of(row.event_id)),
        (STREAM, stream),
        (POSITION, b"%d" % position),
        (VERSION, b"%d" % row.originator_version),
        (TIME, instant(row.occurred_at)),
        (RECORDED, instant(row.recorded_at)),
        (COMMAND, text_of(row.command_id)),
        (CORRELATION, text_of(row.correlation_id)),
        *circumstances(
            row.actor_kind,
            row.actor_id,
            row.actor_role,
            row.actor_org,
            row.on_behalf_of,
            row.reason_code,
            row.source_system,
            row.policy_version,
        ),
    ]
    if row.subject:
        headers.append((SUBJECT, row.subject.encode()))
    if row.causation_id is not None:
        headers.append((CAUSATION, text_of(row.causation_id)))
    if row.source_message_id is not None:
        headers.append((TEXTS["source_message_id"], row.source_message_id.encode()))
    if row.reason_text is not None:
        headers.append((REASON_TEXT, row.reason_text.encode()))
    if row.imported:
        headers.append(IMPORTED)
    return Message(topic=topic_of(row.topic), key=stream, value=row.state, headers=headers)


def row_of(message: Message) -> Row:
    """The row that a message was made of. Raises Foreign."""
    found = dict(message.headers)
    if found.get(SPEC_VERSION[0]) != SPEC_VERSION[1]:
        raise Foreign("a message that is no CloudEvent of version 1.0")
    if found.get(CONTENT_TYPE[0]) != CONTENT_TYPE[1]:
        raise Foreign(f"an event that is not {CONTENT}")
    if message.value is None:
        raise Foreign("an event without a value")

    def read(name: str, how: Callable[[str], Any]) -> Any:
        raw = found.get(name)
        if raw is None:
            raise Foreign(f"an event without {name}")
        try:
            return how(raw.decode())
        except (ValueError, OverflowError) as wrong:
            raise Foreign(f"an event with a {name} that is none") from wrong

    def optional(name: str, how: Callable[[str], Any], otherwise: Any = None) -> Any:
        return read(name, how) if name in found else otherwise

    texts = {column: optional(name, str, None if column in NULLABLE else "") for column, name in TEXTS.items()}
    return Row(
        originator_id=read(STREAM, str),
        originator_version=read(VERSION, int),
        topic=read(TYPE, str),
        state=message.value,
        notification_id=read(POSITION, int),
        event_id=read(ID, UUID),
        schema_version=read(SCHEMA_VERSION, int),
        occurred_at=read(TIME, aware),
        recorded_at=read(RECORDED, aware),
        actor_name="",
        reason_text=optional(REASON_TEXT, str),
        command_id=read(COMMAND, UUID),
        correlation_id=read(CORRELATION, UUID),
        causation_id=optional(CAUSATION, UUID),
        imported=optional(IMPORTED[0], truth, otherwise=False),
        subject=optional(SUBJECT, str, ""),
        **texts,
    )


def source_of(message: Message) -> str:
    """The ledger that an event is of; its position is one in there. Raises Foreign."""
    for name, value in message.headers:
        if name == "ce_source":
            return value.decode(errors="replace")
    raise Foreign("an event without ce_source")


def aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(UTC)


def truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


# What is the same in many rows is kept.


@lru_cache(maxsize=4096)
def named(source: str, kind: str, schema_version: int) -> Headers:
    return (
        SPEC_VERSION,
        CONTENT_TYPE,
        ("ce_source", source.encode()),
        (TYPE, kind.encode()),
        (SCHEMA_VERSION, b"%d" % schema_version),
    )


@lru_cache(maxsize=4096)
def circumstances(kind: str, who: str, role: str, org: str, *optional: str | None) -> Headers:
    names = [name for column, name in TEXTS.items() if column != "source_message_id"]
    given = [found or None for found in (kind, who, role, org)] + [*optional]
    return tuple((name, found.encode()) for name, found in zip(names, given, strict=True) if found is not None)


@lru_cache(maxsize=64)
def instant(at: datetime) -> bytes:
    """As RFC 3339 has it, to the microsecond."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z".encode()


@lru_cache(maxsize=64)
def text_of(found: UUID) -> bytes:
    return str(found).encode()
