"""Events to bytes and back, by stable names: what is stored outlives the classes.

An event is decoded by the type name it was stored with, never by trying what fits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from domain.values import FACT_NAMES, Erased, PersonalMark, outside_name
from ledger.envelope import Corrupt
from ledger.history import STEPS, Step

Path = tuple[str, ...]
Seal = Callable[[str, bytes], Any]
Open = Callable[[str, Any], bytes | Erased]

EACH = "*"  # In a path: every item of a sequence.


@dataclass(frozen=True)
class Shape:
    """How one class of events is stored, and where in it personal values are."""

    name: str
    kind: type
    adapter: TypeAdapter[Any]
    personal: tuple[Path, ...]
    steps: tuple[Step, ...]


class Codec:
    """Knows every event class by its stored name."""

    def __init__(self, events: Iterable[type], steps: Mapping[str, tuple[Step, ...]] = STEPS) -> None:
        self.by_class = {kind: shape_of(kind, steps) for kind in events}
        self.by_name = {shape.name: shape for shape in self.by_class.values()}
        assert len(self.by_name) == len(self.by_class), "two event classes have one name"
        assert steps.keys() <= self.by_name.keys(), f"history of unknown events {steps.keys() - self.by_name.keys()}"

    def encode(self, event: object, seal: Seal) -> tuple[str, int, bytes]:
        """The stored name, the schema version and the payload; personal values go through `seal`."""
        shape = self.by_class[type(event)]
        if not shape.personal:
            payload = shape.adapter.dump_json(event, by_alias=True, exclude_none=True)
        else:
            data = shape.adapter.dump_python(event, mode="json", by_alias=True, exclude_none=True)
            for path in shape.personal:
                replace_at(data, path, (), lambda where, found: sealed(seal, where, found))
            payload = to_json(data)
        return shape.name, len(shape.steps), payload

    def decode(self, name: str, schema_version: int, payload: bytes, open_: Open) -> Any:
        """The event, modernised. Raises Corrupt, naming the type, when this service does not know how to read it."""
        shape = self.by_name.get(name)
        if shape is None:
            raise Corrupt(f"an event of the unknown type {name!r}")
        if not 0 <= schema_version <= len(shape.steps):
            raise Corrupt(f"{name} in schema version {schema_version}; this service knows up to {len(shape.steps)}")
        try:
            data = from_json(payload)
            for step in shape.steps[schema_version:]:
                data = step(data)
            for path in shape.personal:
                replace_at(data, path, (), lambda where, found: unsealed(open_, where, found))
            return shape.adapter.validate_python(data)
        except (ValidationError, ValueError) as wrong:
            raise Corrupt(f"{name} in schema version {schema_version} cannot be read: {wrong}") from wrong


def sealed(seal: Seal, where: str, found: Any) -> Any:
    if isinstance(found, dict) and found.keys() == {"on", "by"}:
        return {"erased": found}  # It was erased already where it was copied from.
    return seal(where, to_json(found))


def unsealed(open_: Open, where: str, found: Any) -> Any:
    if isinstance(found, dict) and found.keys() == {"erased"}:
        return found["erased"]
    text = open_(where, found)
    return text if isinstance(text, Erased) else from_json(text)


def replace_at(data: Any, path: Path, before: Path, change: Callable[[str, Any], Any]) -> None:
    """Put something else in place of every value that a path leads to."""
    step, *rest = path
    keys: Iterable[Any] = range(len(data)) if step == EACH else (step,)
    for key in keys:
        if step != EACH and key not in data:
            continue
        here = (*before, str(key))
        if rest:
            replace_at(data[key], tuple(rest), here, change)
        else:
            data[key] = change("/".join(here), data[key])


# What is known of a class


def shape_of(kind: type, steps: Mapping[str, tuple[Step, ...]]) -> Shape:
    name = FACT_NAMES.get(kind)
    assert name is not None, f"{kind.__name__} has no name to be stored by: declare it with @fact"
    must_omit_only_none(kind)
    return Shape(name, kind, TypeAdapter(kind), tuple(personal_paths(kind)), steps.get(name, ()))


def must_omit_only_none(kind: type) -> None:
    """None is left out of the payload, so a field that may be None must come back as None."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if NoneType in get_args(hints[field.name]):
            assert field.default is None, f"{kind.__name__}.{field.name} may be None, and has another default"
        assert field.default_factory is MISSING, f"{kind.__name__}.{field.name}: a default is a plain value"


def personal_paths(kind: type) -> Iterator[Path]:
    """Where a class keeps personal values, through nested values and sequences of them."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        for path in paths_in(hints[field.name]):
            yield (outside_name(field.name), *path)


def paths_in(annotation: Any) -> Iterator[Path]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, PersonalMark) for mark in arguments[1:]):
            yield ()
        else:
            yield from paths_in(arguments[0])
    elif origin in (tuple, list, Sequence):
        for path in paths_in(arguments[0]):
            yield (EACH, *path)
    elif isinstance(annotation, type) and is_dataclass(annotation) and annotation is not Erased:
        yield from personal_paths(annotation)
    else:
        for argument in arguments:
            yield from paths_in(argument)
