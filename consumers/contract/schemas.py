"""What an event is to whoever reads it from a topic: the JSON Schema of its payload as it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter

from domain.values import Aware, Erased, PersonalMark, outside_name

Schema = dict[str, Any]

COMPONENTS = "#/components/schemas/"
DECIMAL = r"^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
DURATION = r"^-?P([0-9]+Y)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$"  # Its format has no fractions.
PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {
        "type": "string",
        "pattern": DURATION,
        "description": "A length of time (ISO 8601), as PT15M; it may be negative, and a Y has 365 days.",
    },
    Decimal: {"type": "string", "pattern": DECIMAL, "description": "A decimal number, exact."},
}
SEALED: Schema = {
    "title": "Sealed",
    "description": (
        "A personal value, as JSON, under the key of the subject that `ce_subject` names: nonce, ciphertext and tag of"
        " AES-256-GCM, in base64. It belongs to this place of this event, and opens nowhere else. Who needs the value,"
        " and may know it, asks `POST /subjects/{subject}/resolve`."
    ),
    "type": "object",
    "properties": {"sealed": {"type": "string", "contentEncoding": "base64"}},
    "required": ["sealed"],
}
ERASED: Schema = {
    "title": "Erased",
    "description": (
        "A personal value of somebody who was erased before this was written. Of who is erased later, the sealed value"
        " stays in the topic, and nobody can open it any more."
    ),
    "type": "object",
    "properties": {
        "erased": {
            "type": "object",
            "properties": {
                "on": {"type": "string", "format": "date-time"},
                "by": {"type": "string", "description": "Who demanded it, by his id."},
            },
            "required": ["on", "by"],
        }
    },
    "required": ["erased"],
}
PLAINTEXT = "x-plaintext"
"""Beside a personal value: the schema of what is sealed there."""


class Schemas:
    """Makes schemas, in which each class of values within an event stands once, as a component."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {"Sealed": SEALED, "Erased": ERASED}
        self.classes: dict[str, type] = {}

    def of_class(self, cls: type) -> Schema:
        """Of an event, or of a value within one. What is None is left out; what has a default is left out where it was
        written before there was such a field.
        """
        hints = get_type_hints(cls, include_extras=True)
        properties = {}
        required = []
        for field in fields(cls):
            name = outside_name(field.name)
            properties[name] = self.of(hints[field.name])
            if field.default is MISSING:
                required.append(name)
            elif field.default is not None:
                written = TypeAdapter(hints[field.name]).dump_python(field.default, mode="json", by_alias=True)
                properties[name] = beside(properties[name], default=written)
        found: Schema = {"title": cls.__name__} | described(cls)
        found |= {"type": "object", "properties": properties}
        return found | ({"required": required} if required else {})

    def of(self, annotation: Any) -> Schema:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if isinstance(annotation, NewType):
            return self.of(annotation.__supertype__)
        if annotation in PLAIN:
            return dict(PLAIN[annotation])
        if origin is Annotated:
            personal = any(isinstance(mark, PersonalMark) for mark in arguments[1:])
            assert personal or all(isinstance(mark, Aware) for mark in arguments[1:]), (
                f"what is {annotation} to others?"
            )
            return self.personal(arguments[0]) if personal else self.of(arguments[0])
        if origin in (Union, UnionType):
            return self.one_of([each for each in arguments if each is not NoneType])
        if origin is Literal:
            return {"type": "string", "enum": [*arguments]}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            names = self.of(arguments[0])
            known = {} if names == PLAIN[str] else {"propertyNames": names}
            return {"type": "object"} | known | {"additionalProperties": self.of(arguments[1])}
        if isinstance(origin, type) and issubclass(origin, Sequence):
            assert origin is not tuple or arguments[1:] == (Ellipsis,), f"{annotation} has places, and not items"
            return {"type": "array", "items": self.of(arguments[0])}
        assert isinstance(annotation, type), f"what is {annotation} to others?"
        assert is_dataclass(annotation), f"what is {annotation} to others?"
        return self.component(annotation)

    def one_of(self, arguments: Sequence[Any]) -> Schema:
        """Several sets of words are one set."""
        found = [self.of(each) for each in arguments]
        if len(found) > 1 and all("enum" in each for each in found):
            return {"type": "string", "enum": [word for each in found for word in each["enum"]]}
        return found[0] if len(found) == 1 else {"anyOf": found}

    def personal(self, annotation: Any) -> Schema:
        told = self.one_of([each for each in get_args(annotation) if each not in (Erased, NoneType)])
        return {"anyOf": [reference("Sealed"), reference("Erased")], PLAINTEXT: told}

    def component(self, cls: type) -> Schema:
        name = cls.__name__
        if name not in self.classes:
            assert name not in self.components, f"another component is called {name}"
            self.classes[name] = cls
            self.components[name] = {}  # It may hold itself.
            self.components[name] = self.of_class(cls)
        assert self.classes[name] is cls, (
            f"{cls} and {self.classes[name]} have one name, which code made from it shares"
        )
        return reference(name)


def reference(name: str) -> Schema:
    return {"$ref": COMPONENTS + name}


def beside(schema: Schema, **more: Any) -> Schema:
    """What stands beside a reference is not looked at (JSON Schema, draft 7)."""
    return {"allOf": [schema]} | more if "$ref" in schema else schema | more


def described(cls: type) -> Schema:
    """What a class says of itself; a dataclass without a word has its signature there."""
    told = cls.__doc__
    return {} if told is None or told.startswith(f"{cls.__name__}(") else {"description": " ".join(told.split())}
