"""Whatever was stored once can be read for ever: every class of events has golden files."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NewType

import pytest

from commands.service import codec
from domain.values import FACT_NAMES, Personal, outside_name, value
from ledger.codec import Codec, Shape
from tests.ledger import golden
from tests.ledger.golden import EVENTS, MAKE, complete, file_of, payloads, places, read, stored, unseen

CODEC = codec()
SHAPES = sorted(CODEC.by_name.values(), key=lambda shape: shape.name)
KEPT = [(shape, version) for shape in SHAPES for version in range(len(shape.steps) + 1)]


def named(found: Any) -> str:
    return found.name if isinstance(found, Shape) else str(found)


def test_every_version_of_every_event_has_a_golden_file() -> None:
    for shape, version in KEPT:
        assert payloads(shape, version), f"{file_of(shape, version).name} is missing; {MAKE}"


def test_the_golden_files_show_everything_that_an_event_may_hold() -> None:
    for shape in SHAPES:
        assert not unseen(CODEC, shape), f"{shape.name} has more than its golden file shows; {MAKE}"


@pytest.mark.parametrize(("shape", "version"), KEPT, ids=named)
def test_what_was_stored_is_read_and_would_be_stored_the_same_today(shape: Shape, version: int) -> None:
    """But for fields that have come since, which then have their defaults."""
    for payload, newest in zip(payloads(shape, version), payloads(shape, len(shape.steps)), strict=False):
        event = read(CODEC, shape, version, payload)
        assert type(event) is shape.kind
        must_be_as_told(event, stored(CODEC, event), newest)


def must_be_as_told(found: Any, again: Any, newest: Any) -> None:
    """It would be stored as it was; a field that has come since, in a value within it too, has its default."""
    match again, newest:
        case dict(), dict() if is_dataclass(found) and "sealed" not in newest:
            known = {outside_name(field.name): field for field in fields(found)}
            for name in again.keys() - newest.keys():
                assert getattr(found, known[name].name) == known[name].default, name
            for name, told in newest.items():
                must_be_as_told(getattr(found, known[name].name), again[name], told)
        case dict(), dict() if isinstance(found, Mapping) and "sealed" not in newest:
            assert again.keys() == newest.keys()
            for key, each in found.items():
                must_be_as_told(each, again[str(key)], newest[str(key)])
        case list(), list() if isinstance(found, tuple):
            for each in zip(found, again, newest, strict=True):
                must_be_as_told(*each)
        case _:
            assert again == newest


def test_there_is_no_golden_file_of_what_nobody_can_read_any_more() -> None:
    assert {path.name for path in EVENTS.iterdir()} == {file_of(shape, version).name for shape, version in KEPT}


# How they are made


Ref = NewType("Ref", str)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type:
    @value
    class Sold:
        ref: Ref
        note: Personal[str] | None = None

    monkeypatch.setitem(FACT_NAMES, Sold, "made-up.sold")
    monkeypatch.setattr(golden, "EVENTS", tmp_path)
    return Sold


def test_a_new_event_a_new_field_and_a_new_step_each_ask_for_a_golden_payload(
    made_up: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = Codec([made_up], {})
    (shape,) = codec.by_name.values()
    assert unseen(codec, shape) == {"/ref", "/note", "/note/sealed"}
    assert [path.name for path in complete(codec)] == ["made-up.sold.0.json"]
    first = payloads(shape, 0)
    assert [sorted(places(payload)) for payload in first] == [["/note", "/note/sealed", "/ref"], ["/ref"]]
    assert complete(codec) == []

    @value
    class SoldWithPrice:
        ref: Ref
        note: Personal[str] | None = None
        price: int | None = None

    monkeypatch.setitem(FACT_NAMES, SoldWithPrice, "made-up.sold")
    wider = Codec([SoldWithPrice], {})
    (shape,) = wider.by_name.values()
    assert unseen(wider, shape) == {"/price"}
    assert len(complete(wider)) == 1
    assert payloads(shape, 0)[:2] == first, "what is kept stays as it is"
    assert len(payloads(shape, 0)) == 3
    assert not unseen(wider, shape)

    stepped = Codec([SoldWithPrice], {"made-up.sold": (lambda payload: {**payload, "price": 0},)})
    (shape,) = stepped.by_name.values()
    assert [path.name for path in complete(stepped)] == ["made-up.sold.1.json"]
    assert [payload["price"] for payload in payloads(shape, 1)] == [0, 0, 0][: len(payloads(shape, 1))]
    assert complete(stepped) == []
