"""A command as a form: what it asks, told by its own shape, and what somebody has filled in, as its JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic_core import from_json

from api.body import Form, reader
from api.web.words import instant

Kind = Literal["text", "long", "number", "figure", "day", "time", "yes", "choice", "person", "pool", "lines", "json"]
Schema = Mapping[str, Any]

LONG = frozenset(
    {"note", "notes", "text", "comment", "message", "grounds", "body", "description", "summary", "question", "answer"}
)
PEOPLE = frozenset(
    {
        "to",
        "staff_id",
        "owner",
        "owner_id",
        "assignee",
        "agent",
        "agent_id",
        "inspector",
        "coach",
        "leader",
        "second",
        "by",
    }
)
CHANNELS = ("phone", "wechat", "email", "sms", "visit", "shop", "video", "web")
"""By which people are talked to; what others there are comes from other systems, not by hand."""
NUMBERED = re.compile(r"\.\d+\.")
CURRENCIES = ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`name` is the way to it in the command's JSON: `amount.currency`."""

    name: str
    kind: Kind
    required: bool
    choices: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """How they are called, where that is the company's own word."""
    value: str = ""
    fixed: bool = False
    """Decided by where the form is; it goes along unseen."""
    error: str = ""

    @property
    def label(self) -> str:
        return self.name.rpartition(".")[2]


def fields(form: Form) -> list[Field]:
    """All that a command says beside whom it is for."""
    return [each for each in every_field(form.takes) if each.name != form.decider.id_field]


@cache
def every_field(takes: type) -> tuple[Field, ...]:
    schema = reader(takes).json_schema()
    return tuple(members(schema, schema.get("$defs", {}), "", required=True))


@cache
def kinds_within(takes: type) -> Mapping[str, Kind]:
    """What stands in the sequences of a command: `items.*.weight`."""
    schema = reader(takes).json_schema()
    known = schema.get("$defs", {})
    found: dict[str, Kind] = {}
    for name, each in schema["properties"].items():
        shape, _ = told(each, known)
        inner, _ = told(shape.get("items", {}), known)
        if "properties" in inner:
            found |= {each.name: each.kind for each in members(inner, known, f"{name}.*.", required=False)}
    return found


def members(schema: Schema, known: Mapping[str, Schema], above: str, *, required: bool) -> Iterator[Field]:
    needed = schema.get("required", ())
    for name, each in schema["properties"].items():
        shape, optional = told(each, known)
        must = required and name in needed and not optional
        if "properties" in shape:
            yield from members(shape, known, f"{above}{name}.", required=must)
        else:
            kind, choices = kind_of(name, shape)
            yield Field(name=f"{above}{name}", kind=kind, required=must and kind != "yes", choices=choices)


def told(schema: Schema, known: Mapping[str, Schema]) -> tuple[Schema, bool]:
    """What is meant, and whether it may be left out."""
    if "$ref" in schema:
        return told(known[schema["$ref"].rpartition("/")[2]], known)
    some = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if not some:
        return schema, False
    optional = len(some) < len(schema["anyOf"])
    if {each.get("type") for each in some} == {"number", "string"}:
        return {"type": "number"}, optional
    return (told(some[0], known)[0] if len(some) == 1 else {"type": "json"}), optional


def kind_of(name: str, shape: Schema) -> tuple[Kind, Sequence[str]]:
    kinds: Mapping[str, Kind] = {"integer": "number", "number": "figure", "boolean": "yes"}
    match shape:
        case {"enum": choices}:
            return "choice", tuple(map(str, choices))
        case {"const": only}:
            return "choice", (str(only),)
        case {"type": "string", "format": "date-time"}:
            return "time", ()
        case {"type": "string", "format": "date"}:
            return "day", ()
        case {"type": "string"} if name == "currency":
            return "choice", CURRENCIES
        case {"type": "string"} if name == "channel":
            return "choice", CHANNELS
        case {"type": "string"} if name in PEOPLE:
            return "person", ()
        case {"type": "string"} if name == "pool_id":
            return "pool", ()
        case {"type": "string"}:
            return ("long" if name in LONG else "text"), ()
        case {"type": "array", "items": {"type": "string"}}:
            return "lines", ()
        case {"type": kind} if kind in kinds:
            return kinds[kind], ()
        case _:
            return "json", ()


# What somebody has filled in


def filled(found: Sequence[Field], given: Mapping[str, str], errors: Mapping[str, str]) -> list[Field]:
    return [replace(each, value=given.get(each.name, each.value), error=errors.get(each.name, "")) for each in found]


def body(
    found: Sequence[Field], given: Mapping[str, str], zone: ZoneInfo, within: Mapping[str, Kind] | None = None
) -> dict[str, Any]:
    """The command's JSON. What is empty is left out; names with numbers in them, `items.0.code`, make sequences, and
    what stands in those is as `within` says.
    """
    inner = within or {}
    kinds = {each.name: each.kind for each in found}
    made: dict[str, Any] = {}
    for name, kind in kinds.items():
        if kind == "yes":
            put(made, name, given.get(name) in {"on", "true"})
    for name, text in given.items():
        kind = kinds.get(name) or inner.get(NUMBERED.sub(".*.", name), "text")
        if text.strip() and not (kind == "yes" and name in kinds):
            put(made, name, typed(kind, text.strip(), zone))
    whole: dict[str, Any] = listed(made)
    return whole


def put(made: dict[str, Any], name: str, value: object) -> None:
    *way, last = name.split(".")
    for step in way:
        made = made.setdefault(step, {})
    made[last] = value


def listed(node: Any) -> Any:
    """What has only numbers for names is a sequence."""
    if not isinstance(node, dict):
        return node
    below = {name: listed(each) for name, each in node.items()}
    return [below[each] for each in sorted(below, key=int)] if below and all(map(str.isdecimal, below)) else below


def typed(kind: Kind, text: str, zone: ZoneInfo) -> object:
    """As JSON has it; what is not what it should be goes as it is, and is told by who reads it."""
    match kind:
        case "number" if text.lstrip("-").isdecimal():
            return int(text)
        case "yes":
            return text in {"on", "true"}
        case "time":
            return in_zone(text, zone)
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "json":
            try:
                return from_json(text)
            except ValueError:
                return text
        case _:
            return text


def in_zone(text: str, zone: ZoneInfo) -> str:
    """What a clock of the house shows, as an instant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).isoformat()


def local(value: object, zone: ZoneInfo) -> str:
    """An instant as a field for it takes it."""
    at = instant(value)
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
