"""Events to bytes and back: by their stored names, never by what happens to fit."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.service import codec
from domain.identity import IdentityKind, IdentityLink
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import LeadAbsorbed, LeadQualified, NextActionScheduled
from domain.money import Money
from domain.values import FACT_NAMES, Erased, Instant, LeadId, Personal, StaffId, value
from ledger.codec import Codec
from ledger.envelope import Corrupt
from ledger.history import Step
from ledger.keys import Keys, seal, unseal
from tests.ledger.golden import example, plain_open, plain_seal, stored
from tests.ledger.samples import NOON, captured, lead_id
from tests.memory import MASTER, MemoryRows

CODEC = codec()
LEFT = Erased(on=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), by="dpo")


def again(event: object) -> Any:
    name, version, payload = CODEC.encode(event, plain_seal)
    return CODEC.decode(name, version, payload, plain_open)


@pytest.fixture
def registered() -> Iterator[Any]:
    """Gives made-up classes a name for as long as a test runs."""
    with ExitStack() as stack:

        def register(name: str, kind: type, *steps: Step) -> Codec:
            stack.enter_context(patch.dict(FACT_NAMES, {kind: name}))
            return Codec([kind], {name: steps} if steps else {})

        yield register


# Reading what should not be there


def corrupt(name: str, payload: object, match: str, version: int = 0, using: Codec = CODEC) -> None:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(Corrupt, match=match):
        using.decode(name, version, raw, plain_open)


CAPTURED = stored(CODEC, captured(lead_id()))


def test_an_unknown_type_is_named() -> None:
    corrupt("lead.sold", {}, "unknown type 'lead.sold'")


@pytest.mark.parametrize("version", [-1, 1, 99])
def test_an_unknown_version_is_named(version: int) -> None:
    corrupt("lead.captured", CAPTURED, f"lead.captured in schema version {version}", version)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"extra": 1}, "extra"),
        ({"name": "in the clear"}, "lead.captured"),
        ({"name": {"sealed": "no base64"}}, "lead.captured"),
        ({"name": {"erased": {"on": "2026-05-06T07:08:09", "by": "dpo"}}}, "timezone"),
        ({"identities": {"kind": "phone"}}, "lead.captured"),
        ({"identities": [{"kind": "phone"}]}, "identities"),
        ({"identities": 7}, "lead.captured"),
        ({"kind": "old"}, "kind"),
        ({"requested_amount": {"amount": "NaN", "currency": "CNY"}}, "requested_amount"),
        ({"requested_amount": {"amount": "Infinity", "currency": "CNY"}}, "requested_amount"),
        ({"requested_amount": {"amount": "1.001", "currency": "CNY"}}, "decimal places"),
        ({"lead_id": "7"}, "lead_id"),
        ({"source": None}, "source"),
        ({"source": "x" * 4001}, "source"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], match: str) -> None:
    corrupt("lead.captured", CAPTURED | change, match)
    corrupt("lead.captured", CAPTURED | change, "lead.captured in schema version 0")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"null", b"7", b'"text"', b"[]", b"[{}]", b"{}", b"NaN"])
def test_what_is_no_payload_at_all_is_named(raw: bytes) -> None:
    corrupt("lead.captured", raw, "lead.captured")
    corrupt("lead.claimed", raw, "lead.claimed")


def test_a_time_without_a_zone_is_refused() -> None:
    payload = stored(CODEC, example(NextActionScheduled))
    corrupt("lead.next-action-scheduled", payload | {"at": "2026-03-04T05:06:07"}, "timezone")


def test_a_payload_is_read_by_its_name_even_where_another_would_fit() -> None:
    """Released and reserved have the same shape: an untagged union would take the first that fits."""
    shape = CODEC.by_name["identity.released"]
    event = again(example(shape.kind))
    assert type(event) is shape.kind


# What is written


def test_names_are_stored_as_the_outside_says_them() -> None:
    assert {"from", "to"} <= stored(CODEC, example(CODEC.by_name["lead.transferred"].kind)).keys()


def test_what_is_not_known_is_not_stored() -> None:
    assert CAPTURED.keys() == {"lead_id", "source", "channel", "identities", "name", "kind"}


def test_only_personal_values_are_sealed_and_each_under_its_own_place() -> None:
    seen: dict[str, bytes] = {}

    def seal(where: str, plaintext: bytes) -> dict[str, str]:
        seen[where] = plaintext
        return {"sealed": ""}

    lead = lead_id()
    links = tuple(captured(lead).identities[0] for _ in range(2))
    event = captured(lead, identities=links, personal_custom={"watch": "Rolex"}, custom={"watch": "none"})
    _, _, payload = CODEC.encode(event, seal)
    assert seen == {
        "identities/0/value": json.dumps(links[0].value).encode(),
        "identities/1/value": json.dumps(links[1].value).encode(),
        "name": json.dumps(event.name, ensure_ascii=False).encode(),
        "personal_custom": b'{"watch":"Rolex"}',
    }
    assert json.loads(payload)["custom"] == {"watch": "none"}


@given(
    name=st.none() | st.just(LEFT) | st.text(max_size=4000),
    custom=st.none() | st.just(LEFT) | st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()),
    values=st.lists(st.just(LEFT) | st.text(), max_size=3),
)
def test_whatever_is_personal_comes_back_as_it_was(name: Any, custom: Any, values: list[Any]) -> None:
    links = tuple(replace(captured(lead_id()).identities[0], value=each) for each in values)
    event = captured(lead_id(), name=name, personal_custom=custom, identities=links)
    assert again(event) == event
    assert type(again(event).personal_custom) is type(custom)


def is_in_range(amount: Decimal) -> bool:
    return len(str(abs(amount)).replace(".", "").lstrip("0")) <= 18


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2).filter(is_in_range), st.integers(0, 100))
def test_amounts_are_exact(amount: Decimal, probability: int) -> None:
    event = LeadQualified(
        lead_id=lead_id(), from_="contacting", amount=Money(amount=amount, currency="CNY"), probability=probability
    )
    found = again(event)
    assert found == event
    assert str(found.amount.amount) == str(amount)


@given(st.datetimes(min_value=datetime(1973, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_instants_are_exact_to_the_microsecond(at: datetime) -> None:
    """Since 1973 no zone has seconds in its offset any more; ISO 8601 cannot write them."""
    event = NextActionScheduled(lead_id=lead_id(), at=at, what="call")
    assert again(event).at.utcoffset() == at.utcoffset()
    assert again(event).at.replace(tzinfo=None) == at.replace(tzinfo=None)


@given(st.dictionaries(st.uuids(), st.sampled_from(["phone", "email"])))
def test_mappings_come_back(identities: Mapping[Any, IdentityKind]) -> None:
    event = LeadAbsorbed(lead_id=lead_id(), absorbed=lead_id(), identities=identities)
    assert again(event) == event


# Steps


class Made:
    @value
    class Now:
        lead_id: str
        full_name: Personal[str] | None = None
        grade: str = "unknown"


def test_an_old_payload_goes_through_the_steps_after_it(registered: Any) -> None:
    def one_name(payload: dict[str, Any]) -> dict[str, Any]:
        return {"full_name" if name == "name" else name: found for name, found in payload.items()}

    def upper(payload: dict[str, Any]) -> dict[str, Any]:
        return payload | {"grade": payload["grade"].upper()}

    made = registered("made.now", Made.Now, one_name, upper)
    assert made.encode(Made.Now(lead_id="1", full_name="Wang"), plain_seal)[:2] == ("made.now", 2)

    def read(version: int, **payload: Any) -> Any:
        return made.decode("made.now", version, json.dumps(payload).encode(), plain_open)

    wang = plain_seal("", b'"Wang"')
    assert read(0, lead_id="1", name=wang, grade="a") == Made.Now(lead_id="1", full_name="Wang", grade="A")
    assert read(1, lead_id="1", full_name=wang, grade="a") == Made.Now(lead_id="1", full_name="Wang", grade="A")
    assert read(2, lead_id="1", full_name=wang, grade="a") == Made.Now(lead_id="1", full_name="Wang", grade="a")
    for version in (1, 2):
        corrupt("made.now", {"lead_id": "1", "name": wang, "grade": "a"}, "made.now", version, made)
    corrupt("made.now", {"lead_id": "1"}, "made.now in schema version 1", 1, made)


def test_a_step_may_move_what_is_personal(registered: Any) -> None:
    """The place that a value was sealed for is part of its seal, and stays so wherever a step puts the value."""

    def people(payload: dict[str, Any]) -> dict[str, Any]:
        chief, *members = payload.pop("names")
        return payload | {"chief": {"name": chief}, "members": [{"name": each} for each in members]}

    made = registered("made.team", Nested.Team, people)
    key, event_id = Keys(MASTER, MemoryRows()).create("lead/1").key, UUID(int=1)
    names: list[Any] = [seal(key, event_id, f"names/{index}", b'"%d"' % index) for index in range(3)]
    names[1] = {"erased": {"on": LEFT.on.isoformat(), "by": LEFT.by}}
    old = {"lead_id": str(UUID(int=7)), "from": seal(key, event_id, "from", b'"x"'), "names": names}

    def open_(where: str, found: Any) -> bytes:
        return unseal(key, event_id.bytes, where, found)

    found = made.decode("made.team", 0, json.dumps(old).encode(), open_)
    chief, *members = (Nested.Person(name=name) for name in ("0", LEFT, "2"))
    team = Nested.Team(lead_id=LeadId(UUID(int=7)), from_=StaffId("x"), chief=chief, members=tuple(members))
    assert found == team


def test_steps_of_an_event_that_is_not_there_are_a_mistake(registered: Any) -> None:
    registered("made.now", Made.Now)
    with pytest.raises(AssertionError, match=r"made\.gone"):
        Codec([Made.Now], {"made.gone": (lambda payload: payload,)})


# Classes that could not be stored


def test_two_classes_do_not_share_a_name(registered: Any) -> None:
    @value
    class Other:
        lead_id: str

    registered("made.now", Made.Now)
    registered("made.now", Other)
    with pytest.raises(AssertionError, match="one name"):
        Codec([Made.Now, Other], {})


def test_a_class_without_a_name_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="@fact"):
        Codec([Made.Now], {})


class Wrong:
    @value
    class NotNone:
        what: str | None = "something"

    @value
    class InMapping:
        links: Mapping[str, IdentityLink]

    @value
    class InPair:
        pair: tuple[str, IdentityLink]


@pytest.mark.parametrize("kind", [Wrong.NotNone, Wrong.InMapping, Wrong.InPair])
def test_a_class_that_would_not_come_back_or_not_be_sealed_is_a_mistake(kind: type, registered: Any) -> None:
    with pytest.raises(AssertionError, match=r"None|personal"):
        registered("made.wrong", kind)


class Nested:
    @value
    class Person:
        name: Personal[str]
        born: Personal[Instant] | None = None

    @value
    class Team:
        lead_id: LeadId
        from_: Personal[StaffId]
        chief: "Nested.Person"
        members: tuple["Nested.Person", ...] = ()
        nicknames: tuple[Personal[str], ...] = ()
        deputy: "Nested.Person | None" = None


def test_personal_values_are_found_wherever_they_are(registered: Any) -> None:
    made = registered("made.team", Nested.Team)
    assert set(made.by_name["made.team"].personal) == {
        ("from_",),
        ("chief", "name"),
        ("chief", "born"),
        ("members", "*", "name"),
        ("members", "*", "born"),
        ("nicknames", "*"),
        ("deputy", "name"),
        ("deputy", "born"),
    }
    ann = Nested.Person(name="Ann", born=NOON)
    gone = Nested.Person(name=LEFT)
    for event in (
        Nested.Team(lead_id=lead_id(), from_=StaffId("x"), chief=ann),
        Nested.Team(
            lead_id=lead_id(), from_=LEFT, chief=gone, members=(ann, gone, ann), nicknames=("a", LEFT), deputy=ann
        ),
    ):
        name, version, payload = made.encode(event, plain_seal)
        assert b"Ann" not in payload
        assert made.decode(name, version, payload, plain_open) == event


def test_every_event_of_the_service_can_be_stored_and_read() -> None:
    for shape in CODEC.by_name.values():
        event = example(shape.kind)
        assert again(event) == event
    assert LeadCaptured in CODEC.by_class
