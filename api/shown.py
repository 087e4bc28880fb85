"""States and events as they are shown: names of states, no personal value, and nothing that only Python has."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic_core import from_json, to_jsonable_python

from domain.values import Erased, PersonalMark, outside_name
from ledger.codec import Codec
from ledger.envelope import Recorded

MASK = "•••"
"""What stands in place of a personal value."""


@cache
def kebab(cls: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


# States


@dataclass(frozen=True)
class Field:
    """A field of a state: its name inside and outside, and how it is shown."""

    name: str
    outside: str
    annotation: Any
    personal: bool

    @cached_property
    def named(self) -> bool:
        """Whether the value is one of several states that have no fields: its name says all."""
        return all_bare(self.annotation)


@cache
def layout(cls: type[Any]) -> tuple[Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        Field(each.name, outside_name(each.name), hints[each.name], is_personal(hints[each.name]))
        for each in fields(cls)
    )


def is_personal(annotation: Any) -> bool:
    return any(isinstance(mark, PersonalMark) for mark in getattr(annotation, "__metadata__", ())) or any(
        is_personal(argument) for argument in get_args(annotation) if argument is not Erased
    )


def all_bare(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and all(
        is_dataclass(each) and not fields(each) for each in get_args(annotation)
    )


def shown(state: Any) -> dict[str, Any]:
    """A state by its name, with its fields."""
    kind: type = type(state)
    told: dict[str, Any] = {"state": kebab(kind)}
    for field in layout(kind):
        found = getattr(state, field.name)
        if field.personal and found is not None and not isinstance(found, Erased):
            told[field.outside] = MASK
        else:
            inner: type = type(found)
            told[field.outside] = kebab(inner) if field.named else plain(found)
    return told


def plain(found: Any) -> Any:
    match found:
        case None | str():
            return found
        case Erased():
            return {"erased": to_jsonable_python(found)}
        case Mapping():
            return {str(key): plain(inner) for key, inner in found.items()}
        case bytes():
            return found
        case AbstractSet():
            return sorted((plain(each) for each in found), key=str)
        case Sequence():
            return [plain(each) for each in found]
        case _ if is_dataclass(found):
            return shown(found)
        case _:
            return to_jsonable_python(found)


# And the schema of what is shown

PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {"type": "string", "format": "duration"},
    Decimal: {"type": "string"},
    NoneType: {"type": "null"},
}


def schema(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of a value as `shown` shows it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, NewType):
        return schema(annotation.__supertype__)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Annotated:
        return schema(arguments[0])
    if origin is Literal:
        return {"enum": list(arguments)}
    if all_bare(annotation):
        return {"enum": [kebab(each) for each in arguments]}
    if origin in (Union, UnionType):
        return {"anyOf": [schema(each) for each in arguments]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, AbstractSet | Sequence):
        return {"type": "array", "items": schema(arguments[0])}
    assert isinstance(annotation, type), annotation
    if issubclass(annotation, tuple):
        hints = get_type_hints(annotation).values()
        return {"type": "array", "prefixItems": [schema(each) for each in hints], "items": False}
    assert is_dataclass(annotation), annotation
    return state_schema(annotation)


def state_schema(cls: type, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Of one state, with what stands before its own fields."""
    properties = dict(before or {}) | {"state": {"const": kebab(cls)}}
    for field in layout(cls):
        properties[field.outside] = {"type": ["string", "null"]} if field.personal else schema(field.annotation)
    return {"type": "object", "title": cls.__name__, "properties": properties, "required": list(properties)}


# Events


def told(recorded: Recorded, codec: Codec) -> dict[str, Any]:
    """An event with its envelope."""
    return envelope(recorded) | {"data": masked(recorded.event, codec)}


def envelope(recorded: Recorded) -> dict[str, Any]:
    """What surrounds an event."""
    actor, reason, source = recorded.actor, recorded.reason, recorded.source
    return {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": recorded.type,
        "schema_version": recorded.schema_version,
        "event_id": recorded.event_id,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "actor": {
            "kind": actor.kind,
            "id": actor.id,
            "name": actor.name,
            "role": actor.role,
            "org_path": actor.org_path,
        },
        "on_behalf_of": recorded.on_behalf_of,
        "reason": None if reason is None else {"code": reason.code, "text": reason.text and MASK},
        "command_id": recorded.command_id,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "source": None if source is None else {"system": source.system, "message_id": source.message_id},
        "policy_version": recorded.policy_version,
        "imported": recorded.imported,
    }


def masked(event: object, codec: Codec) -> dict[str, Any]:
    """The fact itself; of a personal value only that there is one, or that it was erased."""
    _, _, payload = codec.encode(event, lambda _where, _text: MASK)
    data: dict[str, Any] = from_json(payload)
    return data


EVENT: dict[str, Any] = {
    "type": "object",
    "title": "Event",
    "properties": {
        "position": {"type": "integer"},
        "stream": {"type": "string"},
        "version": {"type": "integer"},
        "type": {"type": "string", "examples": ["lead.claimed"]},
        "schema_version": {"type": "integer"},
        "event_id": {"type": "string", "format": "uuid"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "recorded_at": {"type": "string", "format": "date-time"},
        "actor": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("kind", "id", "name", "role", "org_path")},
            "required": ["kind", "id", "name", "role", "org_path"],
        },
        "on_behalf_of": {"type": ["string", "null"]},
        "reason": {
            "type": ["object", "null"],
            "properties": {"code": {"type": "string"}, "text": {"type": ["string", "null"]}},
        },
        "command_id": {"type": "string", "format": "uuid"},
        "correlation_id": {"type": "string", "format": "uuid"},
        "causation_id": {"type": ["string", "null"], "format": "uuid"},
        "source": {
            "type": ["object", "null"],
            "properties": {"system": {"type": "string"}, "message_id": {"type": "string"}},
        },
        "policy_version": {"type": ["string", "null"]},
        "imported": {"type": "boolean"},
        "data": {"type": "object", "description": "The fact itself; personal values are masked."},
    },
}
EVENT["required"] = list(EVENT["properties"])
EVENTS = {
    "type": "object",
    "title": "Events",
    "properties": {"events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}},
    "required": ["events"],
}
