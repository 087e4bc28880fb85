"""What surrounds an event in a topic: the attributes of CloudEvents, and ours beside them."""

from typing import Any

from consumers import cloudevents as ce
from consumers.contract.schemas import Schema, reference

NUMBER = {"type": "string", "pattern": "^[0-9]+$"}
ID = {"type": "string", "format": "uuid"}
INSTANT = {"type": "string", "format": "date-time"}


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description} | more


PROPERTIES: dict[str, Schema] = {
    ce.CONTENT_TYPE[0]: {"type": "string", "enum": [ce.CONTENT]},
    ce.SPEC_VERSION[0]: {"type": "string", "enum": ["1.0"]},
    ce.ID: ID | {"description": "The event's; the same however often it is sent. What is sealed in it is bound to it."},
    "ce_source": text("The ledger, of which the position is one."),
    ce.TYPE: text("What has happened, as `lead.claimed`."),
    ce.SCHEMA_VERSION: NUMBER | {"description": "In which of its schemas the value is written; 0 is the first."},
    ce.STREAM: text("To whom it has happened, as `lead/…`: the key of the message."),
    ce.SUBJECT: text("Under whose key its personal values are sealed; mostly the stream itself. By it they resolve."),
    ce.POSITION: NUMBER | {"description": "In the ledger, where all events have one order; without gaps."},
    ce.VERSION: NUMBER | {"description": "In the stream, from 1; without gaps."},
    ce.TIME: INSTANT | {"description": "When it has happened; for history that was imported, long before it is told."},
    ce.RECORDED: INSTANT | {"description": "When it came into the ledger."},
    ce.COMMAND: ID | {"description": "The command that it came of, with all others of that command."},
    ce.CORRELATION: ID | {"description": "What belongs together."},
    ce.CAUSATION: ID | {"description": "The event, or the command, that brought it about."},
    ce.TEXTS["actor_kind"]: {"type": "string", "enum": ["user", "service", "policy", "integration"]},
    ce.TEXTS["actor_id"]: text("Who did it, by his id; his name stays in the ledger."),
    ce.TEXTS["actor_role"]: text("The role in which he did it."),
    ce.TEXTS["actor_org"]: text("Where in the organisation he was then, as `north/team-1`."),
    ce.TEXTS["on_behalf_of"]: text("For whom he did it."),
    ce.TEXTS["reason_code"]: text("Why, by a code of the catalog."),
    ce.REASON_TEXT: text(
        "Why, in his own words: sealed as personal values are, in the place `reason/text`.", contentEncoding="base64"
    ),
    ce.TEXTS["source_system"]: text("The system that told us."),
    ce.TEXTS["source_message_id"]: text("And in which of its messages."),
    ce.TEXTS["policy_version"]: text("The policies by which it was decided, as `pool/main@3`."),
    ce.IMPORTED[0]: {"type": "string", "enum": ["true"], "description": "History, that was not decided here."},
}
REQUIRED = (
    *(ce.CONTENT_TYPE[0], ce.SPEC_VERSION[0], ce.ID, "ce_source", ce.TYPE, ce.SCHEMA_VERSION, ce.STREAM),
    *(ce.POSITION, ce.VERSION, ce.TIME, ce.RECORDED, ce.COMMAND, ce.CORRELATION),
    *(ce.TEXTS["actor_kind"], ce.TEXTS["actor_id"]),
)
HEADERS: Schema = {
    "title": "Headers",
    "description": "CloudEvents 1.0, binary mode; all values are UTF-8. What there is nothing to say of is missing.",
    "type": "object",
    "properties": PROPERTIES,
    "required": [*REQUIRED],
}


def described_by(kind: str, newest: int) -> Schema:
    """The headers of one type of events."""
    versions = [str(version) for version in range(newest + 1)]
    own = {ce.TYPE: {"enum": [kind]}, ce.SCHEMA_VERSION: {"enum": versions}}
    return {"allOf": [reference("Headers"), {"type": "object", "properties": own}]}
