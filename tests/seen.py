"""What the specs have shown so far: how each state is reached, how each command is asked, and what became what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from commands import DECIDERS
from commands.decider import Decider, owners
from domain.actor import Actor
from domain.signature import members
from domain.values import FACT_NAMES

OWNER = owners(DECIDERS)


# Where something stands


@dataclass(frozen=True)
class Node:
    """A state, and where it has independent parts, one of them: how far a lead's talk is, or whose it is."""

    state: type
    axis: str = ""
    name: str = ""

    @property
    def is_word(self) -> bool:
        """Whether it is told from its neighbours by a word and not by a type: then no spec need come there."""
        return self.name in {name for kind, name in choices(self.state).get(self.axis, {}).items() if is_word(kind)}

    def __str__(self) -> str:
        return self.name or self.state.__name__


@cache
def choices(state: type) -> dict[str, dict[Any, str]]:
    """The parts of a state that are states themselves, or words for them, and their names."""
    hints = get_type_hints(state)
    words = status_words(OWNER[state])
    found: dict[str, dict[Any, str]] = {}
    for name, annotation in hints.items():
        kinds = [kind for kind in members(annotation) if kind is not NoneType]
        values = {word: text for kind in kinds for word, text in worded(kind).items()}
        if len(kinds) > 1 and all(is_part(kind, state) for kind in kinds):
            found[name] = {kind: kind.__name__ for kind in kinds}
        elif len(values) > 1 and set(values.values()) <= words:
            found[name] = values
        if name in found and len(kinds) < len(members(annotation)):
            found[name] |= {NoneType: "none"}
    return found


def is_word(choice: object) -> bool:
    return not isinstance(choice, type) or choice is NoneType


def is_part(kind: Any, state: type) -> bool:
    """Whether it is a state of a part: declared beside the whole, and no fact."""
    return is_dataclass(kind) and kind not in FACT_NAMES and kind.__module__ == state.__module__


def worded(annotation: Any) -> dict[Any, str]:
    """The words of a Literal or an enumeration."""
    if get_origin(annotation) is Literal:
        return {word: str(word) for word in get_args(annotation)}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {each: str(each.value) for each in annotation}
    return {}


def status_words(decider: Decider[Any, Any]) -> set[str]:
    """What a fact of its calls a status: every one that changes it carries from and to."""
    found: set[str] = set()
    for event in decider.events:
        hints = get_type_hints(event)
        for name in ("from_", "to"):
            for kind in members(hints.get(name)):
                found |= set(worded(kind).values())
    return found


def axes(decider: Decider[Any, Any]) -> list[str]:
    """The independent parts that its states have; one without a name where there are none."""
    found = dict.fromkeys(axis for state in decider.states for axis in choices(state))
    return list(found) or [""]


def nodes(decider: Decider[Any, Any], axis: str) -> list[Node]:
    """Everywhere that something of the kind can stand, along one axis; the first is where it begins."""
    return [
        Node(state, axis, name)
        for state in decider.states
        for name in (choices(state)[axis].values() if axis in choices(state) else [""])
    ]


def node(state: Any, axis: str) -> Node:
    kind: type = type(state)
    if axis not in choices(kind):
        return Node(kind, axis)
    part = getattr(state, axis)
    names = choices(kind)[axis]
    return Node(kind, axis, names.get(type(part)) or names[part])


# What has been seen


@dataclass(frozen=True)
class Witness:
    """A history, and the stream that has come to where it is wanted."""

    history: tuple[object, ...]
    id: Any


@dataclass(frozen=True)
class Sample:
    """A command as a spec asked it."""

    history: tuple[object, ...]
    command: Any
    by: Actor
    at: datetime
    accepted: bool


@dataclass(frozen=True)
class Step:
    """A command, and how it moved something, which need not be what it addresses."""

    command: type
    before: Node
    after: Node


@dataclass
class Seen:
    witnesses: dict[Node, Witness] = field(default_factory=dict)
    samples: dict[type, Sample] = field(default_factory=dict)
    steps: set[Step] = field(default_factory=set)

    def history(self, history: Sequence[object]) -> None:
        """The shortest history to each state is kept."""
        states: dict[str, Any] = {}
        for length, event in enumerate(history, start=1):
            decider = OWNER[type(event)]
            key = getattr(event, decider.id_field)
            stream = decider.stream(key)
            state = states.get(stream)
            states[stream] = decider.evolve(decider.initial(key) if state is None else state, event)
            for axis in axes_of(decider.name):
                found = node(states[stream], axis)
                known = self.witnesses.get(found)
                if known is None or length < len(known.history):
                    self.witnesses[found] = Witness(tuple(history[:length]), key)

    def asked(self, sample: Sample) -> None:
        """One that was accepted is kept rather than one that was not."""
        known = self.samples.get(type(sample.command))
        if known is None or (sample.accepted and not known.accepted):
            self.samples[type(sample.command)] = sample

    def moved(self, command: type, history: Sequence[object], events: Sequence[object]) -> None:
        for decider, key in {OWNER[type(each)].stream_of(each): of(each) for each in events}.values():
            own = [each for each in history if of(each) == (decider, key)]
            new = [each for each in events if of(each) == (decider, key)]
            before = decider.fold(key, own)
            after = before
            for event in new:
                after = decider.evolve(after, event)
            for axis in axes_of(decider.name):
                self.steps.add(Step(command, node(before, axis), node(after, axis)))


@cache
def axes_of(name: str) -> list[str]:
    return axes(next(each for each in DECIDERS if each.name == name))


def of(event: object) -> tuple[Decider[Any, Any], Any]:
    """Whose event it is: the kind, and the id."""
    decider = OWNER[type(event)]
    return decider, getattr(event, decider.id_field)


def reached(decider: Decider[Any, Any]) -> Iterator[Node]:
    for axis in axes(decider):
        yield from nodes(decider, axis)


SEEN = Seen()
