"""Stored forms that are kept for ever. `python -m tests.ledger.golden` adds what is missing and changes nothing.

`events/<type>.<schema version>.json` holds payloads as they are stored, a personal value as its plaintext in base64.
A new event class, a new field and a new step in the history each need a payload that shows it.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_OID, UUID, uuid5
from zlib import crc32

from domain.money import Money
from domain.signature import members
from domain.values import Erased
from ledger.codec import Codec, Shape

EVENTS = Path(__file__).parent / "events"
MAKE = "make one with: python -m tests.ledger.golden, look at it, and commit it"
START = datetime.fromisoformat("2026-03-04T05:06:07.000089+08:00")


def plain_seal(_: str, plaintext: bytes) -> dict[str, str]:
    return {"sealed": b64encode(plaintext).decode()}


def plain_open(_: str, found: Any) -> bytes:
    return b64decode(found["sealed"], validate=True)


def file_of(shape: Shape, version: int) -> Path:
    return EVENTS / f"{shape.name}.{version}.json"


def payloads(shape: Shape, version: int) -> list[dict[str, Any]]:
    path = file_of(shape, version)
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def stored(codec: Codec, event: object) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(codec.encode(event, plain_seal)[2])
    return payload


def read(codec: Codec, shape: Shape, version: int, payload: Mapping[str, Any]) -> Any:
    return codec.decode(shape.name, version, json.dumps(payload).encode(), plain_open)


def places(payload: Any, before: str = "") -> Iterator[str]:
    """The ways to everything in a payload, without the numbers in sequences."""
    if isinstance(payload, dict):
        for name, found in payload.items():
            yield f"{before}/{name}"
            yield from places(found, f"{before}/{name}")
    elif isinstance(payload, list):
        for found in payload:
            yield from places(found, before)


def unseen(codec: Codec, shape: Shape) -> set[str]:
    """What may be in an event of this class, and is in none of its golden payloads."""
    shown = {place for payload in payloads(shape, len(shape.steps)) for place in places(payload)}
    return {*places(stored(codec, example(shape.kind)))} - shown


def example(annotation: Any, name: str = "") -> Any:
    """A value of a type, with everything in it that may be in it, and different in every field."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    number = crc32(name.encode()) % 1000
    plain = {
        str: f"{name} 文",
        int: number,
        bool: True,
        date: date(2026, 3, 1 + number % 28),
        datetime: START + timedelta(minutes=number),
        Decimal: number + Decimal("0.25"),
        timedelta: timedelta(minutes=number),
        UUID: uuid5(NAMESPACE_OID, name),
        Money: Money(amount=number + Decimal("0.50"), currency="CNY"),
    }
    if annotation in plain:
        return plain[annotation]
    if hasattr(annotation, "__supertype__"):
        return example(annotation.__supertype__, name)
    if origin is Annotated:
        return example(arguments[0], name)
    if origin is Literal:
        return arguments[-1]
    if origin is tuple:
        return (example(arguments[0], f"{name} 1"), example(arguments[0], f"{name} 2"))
    if origin is Mapping:
        kinds = enumerate(members(arguments[1]))
        return {example(arguments[0], f"{name} {index}"): example(kind, name) for index, kind in kinds}
    if origin in (UnionType, Union):
        return example(next(each for each in arguments if each not in (None, Erased)), name)
    assert is_dataclass(annotation), f"there is no example of {annotation}: add one"
    hints = get_type_hints(annotation, include_extras=True)
    parts = {field.name: example(hints[field.name], f"{name} {field.name}".lstrip()) for field in fields(annotation)}
    return annotation(**parts)  # type: ignore[operator]


def bare(shape: Shape) -> Any:
    """An event of which only what it must have is known."""
    hints = get_type_hints(shape.kind, include_extras=True)
    needed = [field.name for field in fields(shape.kind) if field.default is MISSING]
    return shape.kind(**{name: example(hints[name], name) for name in needed})


def complete(codec: Codec) -> Sequence[Path]:
    """Write what is missing, and say which files are new or longer."""
    changed = []
    for shape in codec.by_name.values():
        version = len(shape.steps)
        kept = payloads(shape, version)
        before = [] if kept or version == 0 else payloads(shape, version - 1)
        new = [stored(codec, read(codec, shape, version - 1, payload)) for payload in before]
        if not kept and not before:
            new = [stored(codec, example(shape.kind)), stored(codec, bare(shape))]
        elif kept and unseen(codec, shape):
            new = [stored(codec, example(shape.kind))]
        new = [payload for index, payload in enumerate(new) if payload not in [*kept, *new[:index]]]
        if new:
            text = json.dumps([*kept, *new], indent=2, ensure_ascii=False)
            file_of(shape, version).write_text(text + "\n")
            changed.append(file_of(shape, version))
    return changed
