"""The document by which others read our topics: it is valid, it is what is committed, and it tells what is sent."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import from_json

from commands.service import codec
from consumers.cloudevents import message_of
from consumers.contract.changes import Document
from consumers.contract.document import INBOUND, SNAPSHOT, VERSION, committed, document, written
from consumers.contract.schemas import PLAINTEXT, Schema
from domain.values import Personal, value
from ledger.codec import Shape, personal_paths
from ledger.keys import Keys, seal
from ledger.row import Row
from tests.consumers.events import events
from tests.consumers.inbound.examples import EXAMPLES
from tests.ledger.golden import example, payloads, stored
from tests.ledger.samples import FULL, NOON
from tests.ledger.strategies import rows
from tests.memory import MASTER, MemoryRows

ROOT = Path(__file__).parent.parent.parent
CODEC = codec()
SHAPES = sorted(CODEC.by_name.values(), key=lambda shape: shape.name)
DOCUMENT = committed()
SENT = {address: channel for address, channel in DOCUMENT["channels"].items() if address.startswith("lifeledger.")}
KEY = Keys(MASTER, MemoryRows()).create("lead/1").key


def closed(found: Any) -> Any:
    """The same schema, by which nothing may be there that it does not tell."""
    match found:
        case dict():
            strict = {"additionalProperties": False} if "properties" in found and "allOf" not in found else {}
            return {name: closed(told) for name, told in found.items()} | strict
        case list():
            return [closed(each) for each in found]
        case _:
            return found


STRICT = closed(DOCUMENT["components"])


def validator(schema: Mapping[str, Any], components: Mapping[str, Any] = STRICT) -> Any:
    return jsonschema_rs.validator_for({**schema, "components": components}, validate_formats=True)


def payload_of(kind: str, components: Mapping[str, Any] = STRICT) -> Any:
    return validator(components["messages"][kind]["payload"], components)


@cache
def by_now(kind: str) -> Any:
    """What a payload is now, as the committed document says; not made where nobody asks, for there are hundreds."""
    return payload_of(kind)


def wrong(found: Any, by: Any) -> list[str]:
    return [f"{each.instance_path}: {each.message}" for each in by.iter_errors(found)]


# The document


def test_it_has_not_changed_without_being_looked_at() -> None:
    found = document(SHAPES, INBOUND, DOCUMENT)
    assert written(found) == SNAPSHOT.read_text(encoding="utf-8"), "look at the change: python -m consumers.contract"


def test_it_is_a_document_of_asyncapi() -> None:
    official = json.loads((Path(__file__).parent / "asyncapi" / "3.1.0.json").read_text(encoding="utf-8"))
    valid = jsonschema_rs.validator_for(official, validate_formats=True)
    assert wrong(DOCUMENT, valid) == []
    assert wrong({**DOCUMENT, "asyncapi": "2.6.0"}, valid), "it looks at nothing"


def test_it_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert DOCUMENT["info"]["version"] == VERSION == project["version"]


def test_every_reference_leads_somewhere() -> None:
    found = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)))
    assert found
    for reference in found:
        assert Document(DOCUMENT).at({"$ref": f"#/{reference}"})


def test_every_event_is_a_message_of_the_topic_of_its_aggregate() -> None:
    told = {(channel["address"], name) for channel in SENT.values() for name in channel["messages"]}
    assert told == {(f"lifeledger.{name.split('.')[0]}.v1", name) for name in CODEC.by_name}


def test_every_topic_is_sent_to_and_keeps_what_it_has() -> None:
    sent = {told["channel"]["$ref"] for told in DOCUMENT["operations"].values() if told["action"] == "send"}
    assert sent == {f"#/channels/{address}" for address in SENT}
    for channel in SENT.values():
        assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1


def test_what_a_class_says_of_itself_is_said_there() -> None:
    corrected = DOCUMENT["components"]["messages"]["lead.corrected"]
    assert corrected["description"].startswith("Only the fields that were wrong;")
    assert "description" not in DOCUMENT["components"]["messages"]["lead.captured"], "its signature tells nothing"
    assert "ISO 4217" in DOCUMENT["components"]["schemas"]["Money"]["description"]


# What is sent is as it says


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_whatever_was_ever_stored_is_as_the_document_says(shape: Shape) -> None:
    for version in range(len(shape.steps) + 1):
        by = validator(STRICT["schemas"][f"{shape.name}.{version}"])
        for payload in payloads(shape, version):
            assert wrong(payload, by) == []
            assert wrong(payload, by_now(shape.name)) == []


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: events(shape.kind)), st.uuids())
def test_whatever_is_stored_is_as_the_document_says(event: Any, event_id: UUID) -> None:
    name, _, payload = CODEC.encode(event, lambda where, text: seal(KEY, event_id, where, text))
    assert wrong(from_json(payload), by_now(name)) == []


def personal(schema: Schema, components: Mapping[str, Any]) -> list[Schema]:
    """What a schema says of personal values, however deep within it they are."""
    whole = Document({"components": components}).at(schema)
    if PLAINTEXT in whole:
        return [whole[PLAINTEXT]]
    parts = [*whole.get("properties", {}).values(), *whole.get("anyOf", ()), *whole.get("allOf", ())]
    parts += [whole[name] for name in ("items", "additionalProperties") if isinstance(whole.get(name), dict)]
    return [found for part in parts for found in personal(part, components)]


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.personal], ids=lambda shape: shape.name)
def test_what_is_sealed_opens_to_what_the_document_says(shape: Shape) -> None:
    said = personal(STRICT["messages"][shape.name]["payload"], STRICT)
    assert len(said) == len([*personal_paths(shape.kind)])
    values: list[Any] = []

    def noted(_: str, text: bytes) -> dict[str, str]:
        values.append(from_json(text))
        return {"sealed": ""}

    CODEC.encode(example(shape.kind), noted)
    assert values
    for found in values:
        assert any(wrong(found, validator(each)) == [] for each in said), found


def test_what_a_class_has_no_default_for_is_always_there() -> None:
    payload = stored(CODEC, example(CODEC.by_name["lead.captured"].kind))
    needed = {"lead_id", "source", "channel", "identities"}
    for name in payload:
        without = {each: found for each, found in payload.items() if each != name}
        assert bool(wrong(without, by_now("lead.captured"))) is (name in needed), name


def test_what_is_personal_is_sealed_or_erased_and_nothing_else() -> None:
    by = by_now("lead.captured")
    payload = stored(CODEC, example(CODEC.by_name["lead.captured"].kind))
    assert wrong(payload | {"name": {"erased": {"on": NOON.isoformat(), "by": "mia"}}}, by) == []
    for told in ("Wang Wei", {"sealed": "x", "text": "Wang Wei"}, {"erased": True}, None):
        assert wrong(payload | {"name": told}, by), told


@pytest.mark.parametrize(
    "changed",
    [{"lead_id": "17"}, {"kind": "unheard of"}, {"requested_amount": 12}, {"identities": {}}, {"unheard_of": 1}],
    ids=str,
)
def test_what_is_otherwise_is_not_as_the_document_says(changed: dict[str, Any]) -> None:
    payload = stored(CODEC, example(CODEC.by_name["lead.captured"].kind))
    assert wrong(payload | changed, by_now("lead.captured"))


def test_who_reads_it_for_years_passes_over_what_is_new() -> None:
    payload = stored(CODEC, example(CODEC.by_name["lead.captured"].kind))
    assert wrong(payload | {"unheard_of": 1}, payload_of("lead.captured", DOCUMENT["components"])) == []


# Headers


def headers_of(row: Row) -> dict[str, str]:
    return {name: told.decode() for name, told in message_of(row, "lifeledger/1").headers}


HEADERS = validator(STRICT["schemas"]["Headers"])


@given(rows())
def test_headers_are_as_the_document_says(row: Row) -> None:
    row = row._replace(
        notification_id=abs(row.notification_id or 0),
        originator_version=abs(row.originator_version),
        schema_version=abs(row.schema_version),
        actor_kind="user",
        actor_id=row.actor_id or "ann",
    )
    assert wrong(headers_of(row), HEADERS) == []


def test_every_header_is_told_and_every_one_that_is_always_there() -> None:
    whole = headers_of(FULL._replace(notification_id=17))
    told = DOCUMENT["components"]["schemas"]["Headers"]
    assert whole.keys() == told["properties"].keys()
    for name in told["required"]:
        assert wrong({each: found for each, found in whole.items() if each != name}, HEADERS), name


def test_headers_name_the_type_and_a_version_that_there_is() -> None:
    message = DOCUMENT["components"]["messages"]["lead.captured"]
    by = validator(message["headers"], DOCUMENT["components"])
    whole = headers_of(FULL._replace(notification_id=17, topic="lead.captured", schema_version=0))
    assert wrong(whole, by) == []
    assert wrong(whole | {"ce_type": "lead.claimed"}, by)
    assert wrong(whole | {"ce_schemaversion": "1"}, by)
    assert re.match(message["bindings"]["kafka"]["key"]["pattern"], FULL.originator_id)


# What was written once


@value
class Sold:
    price: str
    note: Personal[str] | None = None


@value
class SoldFor:
    amount: int
    note: Personal[str] | None = None


def shape(kind: type, *steps: Any, name: str = "shop.sold") -> Shape:
    return Shape(name, kind, tuple(personal_paths(kind)), steps)


def in_cents(payload: dict[str, Any]) -> dict[str, Any]:
    return {"amount": int(payload.pop("price"))} | payload


def test_what_was_written_in_another_way_once_stays_described() -> None:
    first = document([shape(Sold)])
    second = document([shape(SoldFor, in_cents)], (), first)
    by = payload_of("shop.sold", second["components"])
    assert wrong({"price": "12"}, by) == []
    assert wrong({"amount": 12}, by) == []
    assert wrong({"amount": "12"}, by)
    assert document([shape(SoldFor, in_cents)], (), second) == second, "made again it is the same"
    versions = second["components"]["messages"]["shop.sold"]["headers"]["allOf"][1]["properties"]["ce_schemaversion"]
    assert versions == {"enum": ["0", "1"]}


def test_what_was_written_once_holds_all_that_it_needs() -> None:
    @value
    class Amount:
        cents: int

    @value
    class SoldAt:
        amount: Amount

    first = document([shape(SoldAt)])

    @value
    class Amount:  # type: ignore[no-redef]  # The same class, later.
        cents: int
        currency: str

    @value
    class SoldAt:  # type: ignore[no-redef]
        amount: Amount

    second = document([shape(SoldAt, lambda payload: payload)], (), first)
    by = validator(second["components"]["schemas"]["shop.sold.0"], second["components"])
    assert wrong({"amount": {"cents": 1}}, by) == []
    assert "$ref" not in json.dumps(second["components"]["schemas"]["shop.sold.0"])


def test_what_was_written_once_cannot_be_made_up() -> None:
    with pytest.raises(AssertionError, match=r"what shop\.sold was in version 0 is in no document any more"):
        document([shape(SoldFor, in_cents)])


def test_two_classes_of_one_name_are_told_of() -> None:
    @value
    class Amount:
        cents: int

    @value
    class Bought:
        amount: Amount

    @value
    class Paid:
        amounts: "tuple[Any, ...]" = ()

    other = type("Amount", (), {"__annotations__": {"fen": int}})
    Paid.__annotations__["amounts"] = tuple[value(other), ...]  # type: ignore[misc]
    with pytest.raises(AssertionError, match="have one name"):
        document([shape(Bought), shape(Paid, name="shop.paid")])


# What comes in


@pytest.mark.parametrize("channel", INBOUND, ids=lambda channel: channel.topic)
def test_what_others_send_by_their_specs_is_as_the_document_says(channel: Any) -> None:
    name = f"{channel.topic}.{channel.message.__name__}"
    by, reads = payload_of(name), TypeAdapter[Any](channel.message)
    for message in EXAMPLES[channel.topic]:
        assert wrong(message, by) == [], message
        assert reads.validate_json(json.dumps(message))
        for needed in STRICT["schemas"][name]["required"]:
            assert wrong({each: told for each, told in message.items() if each != needed}, by), needed


def test_of_every_kind_that_others_send_there_is_an_example() -> None:
    assert EXAMPLES.keys() == {each.topic for each in INBOUND}
    for topic, messages in EXAMPLES.items():
        told = set(re.findall(r'"(?:type|event|op)": "([^"]+)"', json.dumps(messages)))
        schemas = [found for name, found in DOCUMENT["components"]["schemas"].items() if name.startswith(f"{topic}.")]
        parts = [each["properties"].get(word, {}) for each in schemas for word in ("type", "event", "op")]
        kinds = {kind for each in parts for kind in each.get("enum", [each["const"]] if "const" in each else [])}
        assert kinds <= told, topic


def test_what_comes_in_is_received_and_each_topic_says_whose_it_is() -> None:
    received = {told["channel"]["$ref"] for told in DOCUMENT["operations"].values() if told["action"] == "receive"}
    assert received == {f"#/channels/{each.topic}" for each in INBOUND}
    for each in INBOUND:
        channel = DOCUMENT["channels"][each.topic]
        assert channel["title"] == f"What {each.system} tells"
        assert [*channel["messages"]] == [f"{each.topic}.{each.message.__name__}"]


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int


@dataclass(frozen=True)
class Order:
    """An order, as the shop tells of it."""

    number: str
    lines: tuple[Line, ...]
    note: str | None = None


@dataclass(frozen=True)
class Orders:
    topic: str = "shop.orders.v1"
    system: str = "shop"
    message: type[Any] = Order
    order: Any = str


def test_what_others_send_stands_in_the_same_document() -> None:
    found = document(SHAPES, [Orders()])
    assert found["operations"]["receive.shop.orders.v1"]["action"] == "receive"
    assert (
        found["components"]["messages"]["shop.orders.v1.Order"]["description"] == "An order, as the shop tells of it."
    )
    official = json.loads((Path(__file__).parent / "asyncapi" / "3.1.0.json").read_text(encoding="utf-8"))
    assert wrong(found, jsonschema_rs.validator_for(official, validate_formats=True)) == []
    by = payload_of("shop.orders.v1.Order", found["components"])
    assert wrong({"number": "1", "lines": [{"sku": "a", "quantity": 2}], "unheard_of": 1}, by) == []
    assert wrong({"number": "1", "lines": [{"sku": "a", "quantity": "two"}]}, by)
