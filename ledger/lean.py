"""Events for whoever folds a great many of them: read in one step, and without opening what the fold does not look at.

The codec opens every personal value, and checks again by the rules of each value what was checked when it was written.
Here personal values stay as they are stored, except in the fields that are named, and the types alone are checked.
"""

from collections.abc import Callable, Iterator
from functools import cache
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator, from_json

from domain.signature import members
from domain.values import Erased, outside_name
from ledger.codec import EACH, ERASED, Path, Sealed, Shape, modernised, personal_paths
from ledger.keys import Key, NoKey, unseal


class Lean:
    """How the events of one class are read by a view that `opens` some fields."""

    def __init__(self, shape: Shape, opens: frozenset[str]) -> None:
        self.steps = shape.steps
        self.version = len(shape.steps)
        validator = reader(shape)
        self.read: Callable[[bytes], Any] = validator.validate_json
        self.read_python: Callable[[Any], Any] = validator.validate_python
        self.opened = [Opened(shape.kind, path) for path in shape.personal if path[0] in opens]

    def modernised(self, schema_version: int, payload: bytes) -> Any:
        """An event of an earlier version. Raises ValueError where this service does not know how to read it."""
        if not 0 <= schema_version <= self.version:
            raise ValueError(f"this service knows schema versions up to {self.version}")
        return self.read_python(modernised(from_json(payload), self.steps[schema_version:]))

    def open(self, event: Any, event_id: bytes, key_of: Callable[[], Key | Erased | None]) -> None:
        """Put plaintext into the fields that are to be opened, or that it was erased. The key is asked for where there
        is something to be opened.
        """
        found = [
            (holder, opened, where, stored)
            for opened in self.opened
            for holder, where in places(event, opened.way, "")
            if (stored := getattr(holder, opened.name)) is not None
        ]
        key = key_of() if found else None
        for holder, opened, where, stored in found:
            put(holder, opened.name, plaintext(stored, event_id, f"{where}{opened.where}", key, opened.parse))


@cache
def reader(shape: Shape) -> SchemaValidator:
    """It is the same for all views, and takes longer to make than most of them take to read what is new."""
    return SchemaValidator(unopened(shape.adapter.core_schema))


class Opened:
    """A personal field of an event, or of a value in it: the way to what holds it, its name, and how it is read."""

    def __init__(self, kind: type, path: Path) -> None:
        *way, name = path
        assert name != EACH, f"there is no way to open {path} in an event"
        self.way = tuple(way)
        self.name, self.where = name, outside_name(name)
        self.parse = parser(kind, path)


def places(holder: Any, way: Path, where: str) -> Iterator[tuple[Any, str]]:
    """What holds the field at the end of a way, and the way there in words."""
    if not way:
        yield holder, where
        return
    name, rest = way[0], way[1:]
    found = getattr(holder, name)
    if found is None or isinstance(found, Erased):
        return
    where = f"{where}{outside_name(name)}/"
    if rest[:1] == (EACH,):
        for number, item in enumerate(found):
            if rest[1:]:
                yield from places(item, rest[1:], f"{where}{number}/")
            else:
                yield item, f"{where}{number}/"
    else:
        yield from places(found, rest, where)


put = object.__setattr__


@cache
def parser(kind: Any, path: Path) -> Callable[[bytes], Any]:
    """How a personal value is read: most are texts, and some are values with fields of their own."""
    for name in path:
        (kind,) = kinds(kind)
        kind = get_args(kind)[0] if name == EACH else get_type_hints(kind, include_extras=True)[name]
    return from_json if kinds(kind) == {str} else TypeAdapter(kind).validator.validate_json


def kinds(annotation: Any) -> set[Any]:
    """What a value can be, if it is there and has not been erased."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    found = members(annotation)
    return {annotation} - {NoneType, Erased} if found == (annotation,) else set().union(*map(kinds, found))


def plaintext(stored: Any, event_id: bytes, where: str, key: Key | Erased | None, parse: Callable[[bytes], Any]) -> Any:
    """As `ledger.codec.unsealed`, with the key at hand."""
    if "erased" in stored:
        return ERASED.validate_python(stored["erased"])
    if isinstance(key, Erased):
        return key
    if key is None:
        raise NoKey(f"there is no key for {where}")
    sealed_for = stored.where if isinstance(stored, Sealed) else where
    return parse(unseal(key, event_id, sealed_for, stored))


def unopened(schema: Any) -> Any:
    """A class's schema, taking personal fields as they are stored, and values without what they say of themselves."""
    if isinstance(schema, list):
        return [unopened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: unopened(found) for key, found in schema.items() if key != "metadata"}
    if plain.get("type") == "dataclass":
        closed = {path[0] for path in personal_paths(plain["cls"]) if set(path[1:]) <= {EACH}}
        given = [as_stored(each) if each["name"] in closed else each for each in plain["schema"]["fields"]]
        plain |= {"post_init": False, "schema": plain["schema"] | {"fields": given, "collect_init_only": False}}
    return plain


def as_stored(field: dict[str, Any]) -> dict[str, Any]:
    inner = field["schema"]
    return field | {"schema": inner | {"schema": ANYTHING} if inner["type"] == "default" else ANYTHING}


ANYTHING = {"type": "any"}
