"""Events for whoever folds a great many of them: read in one step, and without opening what the fold does not look at.

The codec opens every personal value, and checks again by the rules of each value what was checked when it was written.
Here personal values stay as they are stored, except in the fields that are named, and the types alone are checked.
"""

from collections.abc import Callable
from typing import Any

from pydantic_core import SchemaValidator, from_json

from domain.values import Erased, outside_name
from ledger.codec import EACH, ERASED, Path, Sealed, Shape, modernised, personal_paths
from ledger.keys import Key, NoKey, unseal


class Lean:
    """How the events of one class are read by a view that `opens` some fields."""

    def __init__(self, shape: Shape, opens: frozenset[str]) -> None:
        self.steps = shape.steps
        self.version = len(shape.steps)
        validator = SchemaValidator(unopened(shape.adapter.core_schema))
        self.read: Callable[[bytes], Any] = validator.validate_json
        self.read_python: Callable[[Any], Any] = validator.validate_python
        self.opened = [Opened(path) for path in shape.personal if path[0] in opens]

    def modernised(self, schema_version: int, payload: bytes) -> Any:
        """An event of an earlier version. Raises ValueError where this service does not know how to read it."""
        if not 0 <= schema_version <= self.version:
            raise ValueError(f"this service knows schema versions up to {self.version}")
        return self.read_python(modernised(from_json(payload), self.steps[schema_version:]))

    def open(self, event: Any, event_id: bytes, key: Key | Erased | None) -> None:
        """Put plaintext into the fields that are to be opened, or that it was erased."""
        for opened in self.opened:
            if opened.inner is None:
                if getattr(event, opened.name) is not None:
                    put(event, opened.name, plaintext(getattr(event, opened.name), event_id, opened.where, key))
                continue
            for number, item in enumerate(getattr(event, opened.name) or ()):
                where = f"{opened.where}/{number}/{opened.inner_where}"
                put(item, opened.inner, plaintext(getattr(item, opened.inner), event_id, where, key))


class Opened:
    """A personal field of an event, or of each value in one of its tuples; events have no others."""

    def __init__(self, path: Path) -> None:
        assert len(path) == 1 or (len(path) == 3 and path[1] == EACH), f"there is no way to open {path} in an event"
        self.name, self.where = path[0], outside_name(path[0])
        self.inner = path[2] if len(path) == 3 else None
        self.inner_where = "" if self.inner is None else outside_name(self.inner)


put = object.__setattr__


def plaintext(stored: Any, event_id: bytes, where: str, key: Key | Erased | None) -> Any:
    """As `ledger.codec.unsealed`, with the key at hand."""
    if "erased" in stored:
        return ERASED.validate_python(stored["erased"])
    if isinstance(key, Erased):
        return key
    if key is None:
        raise NoKey(f"there is no key for {where}")
    sealed_for = stored.where if isinstance(stored, Sealed) else where
    return from_json(unseal(key, event_id, sealed_for, stored))


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
