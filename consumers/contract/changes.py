"""What would break whoever relies on the document: each change in a sentence that names what it is of.

All that was ever written stays in a topic, and must be what the document says of it; and what readers look for must be
there. So nothing goes, becomes something else, becomes needed, or loses a word of its list. New events, new words and
new fields that may be missing are no break: readers pass over what they do not know.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumers.contract.schemas import PLAINTEXT, Schema

SUCCEEDED = re.compile(r"^(?P<name>.+)\.v(?P<number>[0-9]+)$")
PROSE = {"title", "description", "examples", "deprecated"}
LOOKED_INTO = {
    *("type", "enum", "const", "properties", "required", "items", "additionalProperties", "propertyNames"),
    *("anyOf", "oneOf", "allOf", "$ref", PLAINTEXT),
}


def breaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Of two documents, what is no longer kept to. A topic whose next version is there may go: it is another one."""
    found: list[str] = []
    for address, channel in before.get("channels", {}).items():
        if address in after["channels"]:
            sent = f"send.{address}" in before["operations"]
            found += messages(channel, after["channels"][address], Walk(before, after, sent=sent), address)
        elif not any(succeeds(each, address) for each in after["channels"]):
            found.append(f"{address}: the topic is gone")
    return [*dict.fromkeys(found)]


def succeeds(topic: str, other: str) -> bool:
    new, old = SUCCEEDED.match(topic), SUCCEEDED.match(other)
    return bool(new and old and new["name"] == old["name"] and int(new["number"]) > int(old["number"]))


def messages(before: Schema, after: Schema, walk: "Walk", address: str) -> Iterator[str]:
    for name, told in before["messages"].items():
        if name not in after["messages"]:
            yield f"{name}: the topic {address} has no such message any more"
            continue
        was, now = walk.old.at(told), walk.new.at(after["messages"][name])
        yield from walk.compared(was["payload"], now["payload"], name)
        for part in ("headers", "key"):
            yield from walk.compared(part_of(was, part), part_of(now, part), f"{name}, {part}")


def part_of(message: Schema, part: str) -> Schema:
    found: Schema = message.get("headers", {}) if part == "headers" else message["bindings"]["kafka"]["key"]
    return found


@dataclass(frozen=True)
class Document:
    """Follows references."""

    whole: Mapping[str, Any]

    def at(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self.whole
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def forms(self, schema: Schema) -> list[Schema]:
        """The several that it may be, each with all that holds for it."""
        whole = self.merged(schema)
        several = [*whole.get("anyOf", ()), *whole.get("oneOf", ())]
        if not several:
            kinds = whole.get("type")
            return [whole | {"type": kind} for kind in kinds] if isinstance(kinds, list) else [whole]
        return [form for each in several for form in self.forms(each)]

    def merged(self, schema: Schema) -> Schema:
        """What stands in it, and in all of what it has to be as well."""
        found = dict(self.at(schema))
        for each in found.pop("allOf", ()):
            more = self.merged(each)
            properties = dict(found.get("properties", {}))
            for name, told in more.get("properties", {}).items():
                properties[name] = {"allOf": [properties[name], told]} if name in properties else told
            required = [*found.get("required", ()), *more.get("required", ())]
            found = more | found
            found |= {"properties": properties} if properties else {}
            found |= {"required": required} if required else {}
        return found


class Walk:
    """Through two documents at once. Who reads what is `sent` needs more than who writes what is received."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any], *, sent: bool) -> None:
        self.old = Document(before)
        self.new = Document(after)
        self.sent = sent
        self.within: list[tuple[int, int]] = []

    def compared(self, before: Schema, after: Schema, where: str) -> Iterator[str]:
        was, now = self.old.at(before), self.new.at(after)
        pair = id(was), id(now)
        if pair in self.within:  # It holds itself.
            return
        self.within.append(pair)
        yield from self.forms(self.old.forms(was), self.new.forms(now), where)
        yield from self.plaintext(was, now, where)
        self.within.pop()

    def plaintext(self, was: Schema, now: Schema, where: str) -> Iterator[str]:
        """Whether something is personal shows in its forms; here, what it then is."""
        if PLAINTEXT in was and PLAINTEXT in now:
            yield from self.compared(was[PLAINTEXT], now[PLAINTEXT], f"{where}, opened")

    def forms(self, before: Sequence[Schema], after: Sequence[Schema], where: str) -> Iterator[str]:
        """Each that there was is still there; and whoever reads has met each before, or what it can be read as."""
        if len(before) == len(after) == 1:
            yield from self.one(before[0], after[0], where)
            return
        for was in before:
            if not any(self.keeps(was, now) for now in after):
                alike = [now for now in after if now.get("type") == was.get("type")]
                gone = f"{where}: it was {kind_of(was)}, which it cannot be any more"
                yield from self.one(was, alike[0], where) if len(alike) == 1 else [gone]
        for now in after if self.sent else ():
            if not any(self.keeps(was, now) for was in before):
                alike = [was for was in before if was.get("type") == now.get("type")]
                come = f"{where}: it may be {kind_of(now)} now"
                yield from self.one(alike[0], now, where) if len(alike) == 1 else [come]

    def keeps(self, before: Schema, after: Schema) -> bool:
        return not [*self.one(before, after, "")]

    def one(self, was: Schema, now: Schema, where: str) -> Iterator[str]:
        if was.get("type") != now.get("type"):
            yield f"{where}: it was {kind_of(was)}, and is {kind_of(now)}"
            return
        yield from self.words(was, now, where)
        yield from self.fields(was, now, where)
        for part, of in (("items", "each of"), ("additionalProperties", "each of"), ("propertyNames", "the names in")):
            if isinstance(was.get(part), dict) and isinstance(now.get(part), dict):
                yield from self.compared(was[part], now[part], f"{where}, {of} it")
            elif was.get(part, True) is not now.get(part, True):
                yield f"{where}: {of} it {'may be anything' if part not in now else 'is held to something else'} now"
        for name in sorted((was.keys() | now.keys()) - LOOKED_INTO - PROSE):
            new_default = name == "default" and name not in was  # Where it may be missing now, that is told.
            if was.get(name) != now.get(name) and not new_default:
                yield f"{where}: its {name} was {was.get(name, 'not said')}, and is {now.get(name, 'not said')}"

    def words(self, was: Schema, now: Schema, where: str) -> Iterator[str]:
        if (words := words_of(now)) is None:
            return
        if (known := words_of(was)) is None:
            yield f"{where}: it was any {was.get('type', 'value')}, and is one of {', '.join(map(repr, words))}"
        elif gone := [word for word in known if word not in words]:
            yield f"{where}: {', '.join(map(repr, gone))} is none of its words any more"

    def fields(self, was: Schema, now: Schema, where: str) -> Iterator[str]:
        before, after = was.get("properties", {}), now.get("properties", {})
        needed_before, needed = was.get("required", ()), now.get("required", ())
        for name, told in before.items():
            if name in after:
                yield from self.compared(told, after[name], f"{where}.{name}")
            else:
                yield f"{where}.{name}: the field is gone"
        for name in after:
            if name in needed and name not in needed_before:
                yield f"{where}.{name}: the field is needed now"
            elif self.sent and name in needed_before and name not in needed:
                yield f"{where}.{name}: the field was always there, and may be missing now"


def words_of(schema: Schema) -> list[Any] | None:
    found: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return found


def kind_of(schema: Schema) -> str:
    """What a form is, in words: its class, where it has one."""
    kind = str(schema["title"] if schema.get("type") == "object" and "title" in schema else schema.get("type", ""))
    return f"an {kind}" if kind[:1] in set("aeiouAEIOU") else f"a {kind}" if kind else "anything"
