"""What may stand where in a file, as the types of values have it."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from api.cli.outline import Place
from commands.staff import ROLES
from domain.signature import members
from domain.values import OrgPath

WORDS = {"role": ROLES[0], "time_zone": "UTC"}  # Text that is not any text, which no type says.
PLAIN: dict[Any, tuple[str, Any]] = {
    bool: ("true or false", False),
    int: ("whole number", 1),
    float: ("number", 1.0),
    Decimal: ("decimal, in quotes", "1"),
    UUID: ("UUID", str(UUID(int=1))),
    date: ("date", "2026-01-05"),
    datetime: ("instant", "2026-01-05T09:00:00Z"),
    time: ("time of day", "09:00:00"),
    timedelta: ("duration", "PT1H"),
}
"""What a type is called, and something that is one."""
LISTS = (tuple, list, frozenset)
MAPPINGS = (Mapping, dict)


def kinds(annotation: Any) -> tuple[Any, ...]:
    """The types that a value may have, without what is said about them, and without None."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    several = members(annotation)
    if several != (annotation,):
        return tuple(kind for each in several for kind in kinds(each))
    return () if annotation is NoneType else (annotation,)


def parts(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """The fields of a value as a file names them, each with what may stand in it."""
    hints = get_type_hints(kind, include_extras=True)
    outside = getattr(kind, "__pydantic_config__", {}).get("alias_generator", str)
    return {outside(field.name): (field, hints[field.name]) for field in fields(kind)}


def inside(kind: Any, step: Any) -> tuple[Any, bool]:
    """What may stand in a part of a value, None where nothing is known of it; and whether it may be left out."""
    if is_dataclass(kind):
        field, annotation = parts(kind).get(str(step), (None, None))
        return annotation, field is not None and field.default is not MISSING
    match get_origin(kind), get_args(kind):
        case origin, (element, *others) if origin in LISTS:
            return (element if others in ([], [...]) else dict(enumerate([element, *others])).get(step)), False
        case origin, (_, element) if origin in MAPPINGS:
            return element, False
        case _:
            return None, False


def stand_in(form: type, path: Place) -> Any:
    """Something without a fault for a place that has one; None where there need be nothing."""
    annotation, optional = form, False
    for step in path:
        annotation, optional = inside(next(iter(kinds(annotation)), None), step)
    kind = next(iter(kinds(annotation)), None)
    return None if optional or kind is None else sample(kind, path)


def sample(kind: Any, path: Place) -> Any:
    kind = plain(kind)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    if kind is str:
        return WORDS.get(str(path[-1])) or "-".join(map(str, path))
    if kind in PLAIN:
        return PLAIN[kind][1]
    return {} if is_dataclass(kind) or get_origin(kind) in MAPPINGS else []


def plain(kind: Any) -> Any:
    """The type itself, without the name that the business gives it."""
    return plain(kind.__supertype__) if hasattr(kind, "__supertype__") else kind


def found_in(content: Any, annotation: Any, wanted: Any, path: Place) -> Iterator[tuple[Place, Any]]:
    """Everything of a type in a value, and where it stands."""
    for kind in kinds(annotation):
        if kind is wanted and content is not None:
            yield path, content
        elif is_dataclass(kind) and isinstance(content, kind):  # type: ignore[arg-type]
            for name, (field, inner) in parts(kind).items():
                yield from found_in(getattr(content, field.name), inner, wanted, (*path, name))
        elif isinstance(content, tuple | list):
            for nth, each in enumerate(content):
                yield from found_in(each, inside(kind, nth)[0], wanted, (*path, nth))
        elif isinstance(content, Mapping):
            for key, each in content.items():
                yield from found_in(each, inside(kind, key)[0], wanted, (*path, key))


# Told


def described(annotation: Any, place: str, around: tuple[Any, ...] = ()) -> Iterator[dict[str, Any]]:
    """A line for each field that may stand in a part of the file; `*` is any of several."""
    for kind in kinds(annotation):
        if is_dataclass(kind) and kind not in around:
            for name, (field, inner) in parts(kind).items():
                yield {"field": f"{place}/{name}", "kind": called(inner), **default(field)}
                yield from described(inner, f"{place}/{name}", (*around, kind))
        elif get_origin(kind) in (tuple, list, frozenset, Mapping, dict):
            yield from described(get_args(kind)[-1 if get_origin(kind) in MAPPINGS else 0], f"{place}/*", around)


def default(field: Field[Any]) -> dict[str, Any]:
    """Whether it must be there, and what holds where it is left out, if a file could say it."""
    if field.default is MISSING:
        return {"needed": True, "default": None}
    return {
        "needed": False,
        "default": field.default if isinstance(field.default, str | int | float | Decimal) else None,
    }


def called(annotation: Any) -> str:
    """A type in the words of somebody who writes YAML and not Python."""
    return " or ".join(dict.fromkeys(map(named, kinds(annotation))))


def named(kind: Any) -> str:
    if kind is OrgPath:
        return "organisation path"
    kind = plain(kind)
    match get_origin(kind), get_args(kind):
        case origin, choices if origin is Literal:
            return ", ".join(map(str, choices))
        case origin, (key, element) if origin in MAPPINGS:
            names = "any name" if plain(key) is str else called(key)
            return f"fields of {names}: {called(element)}"
        case origin, (element, *_) if origin in LISTS:
            return f"list of: {called(element)}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(each.value) for each in kind)
    return "text" if kind is str else PLAIN[kind][0] if kind in PLAIN else "fields"
