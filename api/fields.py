"""The names of the fields that can change: those of every state, and what events alone say."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from functools import cache
from itertools import chain
from types import UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin

from api.shown import Field, layout
from commands import DECIDERS
from commands.decider import owners
from domain.values import FACT_NAMES

SUBJECTS = {decider.name: decider for decider in DECIDERS}
OWNERS = owners(DECIDERS)
BESIDE = frozenset({"from_", "to", "reason", "corrects"})
"""What is told beside an event's changes, or of which its subject's state tells."""

KEY = "*"  # In place of what a value is kept under: identities/<id>.

Path = tuple[str, ...]


@cache
def says(event: type) -> tuple[Field, ...]:
    """All that an event says, but of whom."""
    of = OWNERS[event].id_field
    return tuple(each for each in layout(event) if each.name != of and each.name not in BESIDE)


@cache
def names_said(event: type) -> frozenset[str]:
    return frozenset(each.name for each in says(event))


@cache
def says_alone(event: type) -> tuple[Field, ...]:
    """What it says of which no state of its subject has a field of that name."""
    known = kept(OWNERS[event].name)
    return tuple(each for each in says(event) if each.outside not in known)


@cache
def kept(subject: str) -> frozenset[str]:
    return frozenset(chain.from_iterable(paths for state in SUBJECTS[subject].states for paths in paths_of(state)))


def paths_of(kind: type, above: tuple[type, ...] = ()) -> Iterator[Path]:
    """The names of a state's fields, part by part; what lies in itself, once."""
    yield ("state",)
    for each in layout(kind):
        inner = () if each.personal or each.named else set(paths_within(each.annotation, (*above, kind)))
        yield from ((each.outside, *path) for path in inner or {()})


def paths_within(annotation: Any, above: tuple[type, ...]) -> Iterator[Path]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, NewType):
        yield from paths_within(annotation.__supertype__, above)
    elif origin is Annotated:
        yield from paths_within(arguments[0], above)
    elif origin in (Union, UnionType):
        for each in arguments:
            yield from paths_within(each, above)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from ((KEY, *path) for path in set(paths_within(arguments[1], above)) or {()})
    elif isinstance(annotation, type) and is_dataclass(annotation):
        if above.count(annotation) < 2:
            yield from paths_of(annotation, above)
    else:
        yield ()


# Asking for one


@cache
def every_path() -> frozenset[Path]:
    of_states = (path for decider in DECIDERS for state in decider.states for path in paths_of(state))
    events = [event for decider in DECIDERS for event in decider.events]
    of_events = (
        (FACT_NAMES[event], each.outside, *path)
        for event in events
        for each in says(event)
        for path in (() if each.personal or each.named else set(paths_within(each.annotation, ()))) or {()}
    )
    whereto = ((FACT_NAMES[event], "to") for event in events if "to" in {each.name for each in layout(event)})
    return frozenset(chain(of_states, of_events, whereto))


def is_field(asked: str) -> bool:
    """Whether some field bears this name, or lies in what bears it, or has it for its last part."""
    parts = tuple(asked.split("/"))
    return any(bears(path, parts) for path in every_path())


def bears(path: Path, parts: Path) -> bool:
    for start in range(len(path) - len(parts) + 1):
        there = path[start : start + len(parts)]
        same = [known == part for known, part in zip(there, parts, strict=True)]
        if any(same) and all(one or known == KEY for one, known in zip(same, there, strict=True)):
            return True
    return False


def bears_name(name: str, asked: str) -> bool:
    """Whether a field is meant: by its name, by its last part, or by something that it lies in."""
    return f"/{asked}/" in f"/{name}/"


def nearest(asked: str) -> str | None:
    known = {part for path in every_path() for part in (*path, "/".join(path)) if KEY not in part}
    return next(iter(get_close_matches(asked, sorted(known), 1)), None)
