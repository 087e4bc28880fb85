"""The AsyncAPI document: which topics there are, what is in them, and what stays as it is."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter

from consumers.cloudevents import CONTENT, topic_of
from consumers.contract.headers import HEADERS, described_by
from consumers.contract.schemas import COMPONENTS, Schema, Schemas, described, reference
from consumers.inbound.topics import CHANNELS
from ledger.codec import Shape

VERSION = "0.1.0"
SNAPSHOT = Path(__file__).parent.parent.parent / "docs" / "asyncapi.json"
BINDING = "0.5.0"
FOREVER = {"cleanup.policy": ["delete"], "retention.ms": -1}

ABOUT = """\
What happens in the ledger, as other services read it, and what is read from others.

**Events** go to a topic for each aggregate, as CloudEvents 1.0 in Kafka's binary mode: the fact in the value, all that
surrounds it in the headers. The key is the stream; of one key the events come in the order of `ce_version`, each at
least once, so that whoever has seen a `ce_id`, or a later `ce_position` of that key, has seen it. Nothing is ever
let go of.

**To read them for years**, pass over fields, types and words of a list that are not known: they are added without
notice. Nothing else changes within a topic: no field goes, becomes something else or becomes needed. A field that may
be left out is missing where there is nothing, and in whatever was written before there was such a field. Where what
was written once differs from what is written now, `ce_schemaversion` says which it is, and each has its schema here.

**What is personal** is sealed, here as in the ledger. `POST /subjects/{subject}/resolve` opens it for whoever may know.
"""


class Inbound(Protocol):
    """A topic of another system's that is read here; `message` is a class in its words, by which it is read."""

    @property
    def topic(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def message(self) -> type[Any]: ...
    @property
    def order(self) -> Callable[[Any], str] | None: ...


INBOUND: Sequence[Inbound] = CHANNELS


def document(
    shapes: Iterable[Shape], inbound: Sequence[Inbound] = (), before: Mapping[str, Any] | None = None
) -> Schema:
    """The document, whole. From the one before come the schemas of what was written by steps of the history ago, which
    no class has any more, and what was broken on purpose.
    """
    parts = Parts(before or {})
    kinds = sorted(shapes, key=lambda shape: (topic_of(shape.name), shape.name))
    for topic, some in groupby(kinds, key=lambda shape: topic_of(shape.name)):
        parts.outbound(topic, list(some))
    for channel in inbound:
        parts.inbound(channel)
    broken = {"x-broken": found} if (found := (before or {}).get("info", {}).get("x-broken")) else {}
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "lifeledger", "version": VERSION, "description": ABOUT} | broken,
        "defaultContentType": CONTENT,
        "channels": parts.channels,
        "operations": parts.operations,
        "components": {"messages": parts.messages, "schemas": parts.components},
    }


class Parts:
    """What is said of one topic after the other."""

    def __init__(self, before: Mapping[str, Any]) -> None:
        self.before: Mapping[str, Schema] = before.get("components", {}).get("schemas", {})
        self.schemas = Schemas()
        self.channels: Schema = {}
        self.operations: Schema = {}
        self.messages: Schema = {}
        self.written: Schema = {}

    @property
    def components(self) -> Schema:
        return dict(sorted((self.schemas.components | self.written | {"Headers": HEADERS}).items()))

    def outbound(self, topic: str, shapes: Sequence[Shape]) -> None:
        kind = shapes[0].name.partition(".")[0]
        self.topic(
            topic,
            [self.event(shape, kind) for shape in shapes],
            title=f"What has happened to each {kind.replace('-', ' ')}",
            bindings={"kafka": {"topic": topic, "topicConfiguration": FOREVER, "bindingVersion": BINDING}},
        )
        self.operation("send", topic, f"Every event of a {kind.replace('-', ' ')}, once it is in the ledger.")

    def inbound(self, channel: Inbound) -> None:
        cls, topic = channel.message, channel.topic
        keyed = "Whatever has to keep its order has one key." if channel.order else "No order is kept."
        payload = plain(TypeAdapter(cls).json_schema(by_alias=True, ref_template=f"{COMPONENTS}{topic}.{{model}}"))
        for name, schema in payload.pop("$defs", {}).items():
            self.written[f"{topic}.{name}"] = schema
        self.written[f"{topic}.{cls.__name__}"] = payload
        name = f"{topic}.{cls.__name__}"
        self.messages[name] = {
            "name": cls.__name__,
            "title": cls.__name__,
            **described(cls),
            "contentType": CONTENT,
            "payload": reference(name),
            "bindings": {"kafka": {"key": {"type": "string", "description": keyed}, "bindingVersion": BINDING}},
        }
        self.topic(topic, [name], title=f"What {channel.system} tells")
        self.operation("receive", topic, f"What {channel.system} tells is read, and becomes commands.")

    def topic(self, address: str, messages: Sequence[str], **more: Any) -> None:
        named = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
        self.channels[address] = {"address": address} | more | {"messages": named}

    def operation(self, action: str, topic: str, summary: str) -> None:
        channel = {"$ref": f"#/channels/{topic}"}
        self.operations[f"{action}.{topic}"] = {"action": action, "channel": channel, "summary": summary}

    def event(self, shape: Shape, kind: str) -> str:
        """Its message: one payload, or one for each version in which it was written, the newest first."""
        newest = len(shape.steps)
        self.written[f"{shape.name}.{newest}"] = self.schemas.of_class(shape.kind)
        for version in range(newest):
            name = f"{shape.name}.{version}"
            assert name in self.before, f"what {shape.name} was in version {version} is in no document any more"
            self.written[name] = alone(self.before[name], self.before)
        written = [reference(f"{shape.name}.{version}") for version in range(newest, -1, -1)]
        self.messages[shape.name] = {
            "name": shape.name,
            "title": shape.kind.__name__,
            **described(shape.kind),
            "contentType": CONTENT,
            "headers": described_by(shape.name, newest),
            "payload": written[0] if newest == 0 else {"anyOf": written},
            "bindings": {"kafka": {"key": {"type": "string", "pattern": f"^{kind}/"}, "bindingVersion": BINDING}},
        }
        return shape.name


def plain(found: Any) -> Any:
    """A schema without what OpenAPI adds: the kinds of a message are told apart by the one word that each must have.
    Sentences are in one line.
    """
    match found:
        case dict():
            told = {
                name: plain(each) for name, each in found.items() if name != "discriminator" or "oneOf" not in found
            }
            return told | (
                {"description": " ".join(said.split())} if isinstance(said := told.get("description"), str) else {}
            )
        case list():
            return [plain(each) for each in found]
        case _:
            return found


def alone(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """With all that it refers to within it, so that what it refers to may change for others."""

    def inside(found: Any) -> Any:
        match found:
            case {"$ref": str(pointer)}:
                return inside(components[pointer.removeprefix(COMPONENTS)])
            case dict():
                return {name: inside(told) for name, told in found.items()}
            case list():
                return [inside(each) for each in found]
            case _:
                return found

    whole: Schema = inside(schema)
    return whole


def written(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def committed(snapshot: Path = SNAPSHOT) -> Schema:
    """The document as others have it; nothing, where there is none yet."""
    found: Schema = json.loads(snapshot.read_text(encoding="utf-8")) if snapshot.exists() else {}
    return found
