"""Events to bytes and back, by stable names: what is stored outlives the classes.

An event is decoded by the type name it was stored with, never by trying what fits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cached_property, reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaSerializer, from_json, to_json

from domain.values import FACT_NAMES, Erased, PersonalMark, outside_name
from ledger.envelope import Append, Corrupt
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
    personal: tuple[Path, ...]
    steps: tuple[Step, ...]

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Made when the first event of the class is met: to make those of all classes takes a quarter of a second, and
        most processes meet few.
        """
        return TypeAdapter(self.kind)

    @cached_property
    def serializer(self) -> SchemaSerializer:
        """The adapter's; asked directly, which is quicker."""
        return self.adapter.serializer


class Codec:
    """Knows every event class by its stored name."""

    def __init__(self, events: Iterable[type], steps: Mapping[str, tuple[Step, ...]] = STEPS) -> None:
        self.by_class = {kind: shape_of(kind, steps) for kind in events}
        self.impersonal = frozenset(kind for kind, shape in self.by_class.items() if not shape.personal)
        self.by_name = {shape.name: shape for shape in self.by_class.values()}
        assert len(self.by_name) == len(self.by_class), "two event classes have one name"
        assert steps.keys() <= self.by_name.keys(), f"history of unknown events {steps.keys() - self.by_name.keys()}"

    def has_personal(self, events: Iterable[Append]) -> bool:
        """Whether any of them has a personal value, or could have one."""
        return not self.impersonal.issuperset([type(each.event) for each in events])

    def encode(self, event: object, seal: Seal) -> tuple[str, int, bytes]:
        """The stored name, the schema version and the payload; personal values go through `seal`."""
        shape = self.by_class[type(event)]
        if not shape.personal:
            payload = shape.serializer.to_json(event, by_alias=True, exclude_none=True)
        else:
            data = shape.serializer.to_python(event, mode="json", by_alias=True, exclude_none=True)
            for holder, key, where, told in places(data, event, shape.personal):
                erased = isinstance(told, Erased)  # It was so already where it was copied from.
                holder[key] = {"erased": holder[key]} if erased else seal(where, to_json(holder[key]))
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
            if steps := shape.steps[schema_version:]:
                data = modernised(data, steps)
            for holder, key, where, _ in places(data, None, shape.personal):
                holder[key] = unsealed(open_, where, holder[key])
            return shape.adapter.validate_python(data)
        except (ValidationError, ValueError, TypeError, LookupError, AttributeError) as wrong:
            raise Corrupt(f"{name} in schema version {schema_version} cannot be read: {wrong!r}") from wrong


def unsealed(open_: Open, where: str, found: Any) -> Any:
    if isinstance(found, dict) and found.keys() == {"erased"}:
        return ERASED.validate_python(found["erased"])
    text = open_(found.where if isinstance(found, Sealed) else where, found)
    return text if isinstance(text, Erased) else from_json(text)


def modernised(data: Any, steps: Iterable[Step]) -> Any:
    return reduce(lambda told, step: step(told), steps, with_places(data))


class Sealed(dict[str, Any]):
    """A sealed value that knows the place that it was sealed for, so that a step may move it."""

    def __init__(self, found: Mapping[str, Any], where: str) -> None:
        super().__init__(found)
        self.where = where


def with_places(data: Any, where: str = "") -> Any:
    if isinstance(data, list):
        return [with_places(found, f"{where}{index}/") for index, found in enumerate(data)]
    if not isinstance(data, dict):
        return data
    if data.keys() == {"sealed"}:
        return Sealed(data, where.removesuffix("/"))
    return {name: with_places(found, f"{where}{name}/") for name, found in data.items()}


ERASED = TypeAdapter(Erased)


Place = tuple[Any, Any, str, Any]


def places(data: Any, event: Any, paths: Sequence[Path]) -> list[Place]:
    """Every personal value of a payload: what holds it, under which key, the way there in words, and the value as the
    event has it, if the event is given. Most paths have one step, which is worth a way of its own.
    """
    found: list[Place] = []
    for path in paths:
        name = outside_name(path[0])
        if len(path) > 1:
            collect(data, event, path, "", found)
        elif name in data:
            found.append((data, name, name, getattr(event, path[0], None)))
    return found


def collect(data: Any, told: Any, path: Path, before: str, found: list[Place]) -> None:
    step, rest = path[0], path[1:]
    if step == EACH:
        for number, inside in enumerate(data):
            item = None if told is None else told[number]
            if rest:
                collect(inside, item, rest, f"{before}{number}/", found)
            else:
                found.append((data, number, f"{before}{number}", item))
    elif (name := outside_name(step)) in data:
        inner = None if told is None else getattr(told, step)
        if rest:
            collect(data[name], inner, rest, f"{before}{name}/", found)
        else:
            found.append((data, name, before + name, inner))


# What is known of a class


def shape_of(kind: type, steps: Mapping[str, tuple[Step, ...]]) -> Shape:
    name = FACT_NAMES.get(kind)
    assert name is not None, f"{kind.__name__} has no name to be stored by: declare it with @fact"
    must_omit_only_none(kind)
    return Shape(name, kind, tuple(personal_paths(kind)), steps.get(name, ()))


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
            yield (field.name, *path)


def paths_in(annotation: Any) -> Iterator[Path]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, PersonalMark) for mark in arguments[1:]):
            yield ()
        else:
            yield from paths_in(arguments[0])
    elif origin in (list, Sequence) or (origin is tuple and arguments[1:] == (Ellipsis,)):
        for path in paths_in(arguments[0]):
            yield (EACH, *path)
    elif isinstance(annotation, type) and is_dataclass(annotation) and annotation is not Erased:
        yield from personal_paths(annotation)
    elif origin in (UnionType, Union):
        for argument in arguments:
            yield from paths_in(argument)
    else:
        inside = any(True for argument in arguments for _ in paths_in(argument))
        assert not inside, f"no path leads to what is personal inside of {annotation}: mark the whole of it"
