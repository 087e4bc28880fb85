"""Read a function's annotations as the rule they state."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.actor import Asked

F = TypeVar("F", bound=Callable[..., Any])


def members(annotation: Any) -> tuple[type, ...]:
    """The types of a union, or the one type that stands alone."""
    return get_args(annotation) if get_origin(annotation) in (UnionType, Union) else (annotation,)


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """A function's parameters by name, with their annotations."""
    hints = get_type_hints(function)
    return {name: hints[name] for name in inspect.signature(function).parameters}


CONSULTING: set[Callable[..., Any]] = set()


def consulted(find: F) -> F:
    """A rule goes by what is found, and neither shows nor changes it: whoever asks need not have the right to."""
    CONSULTING.add(find)
    return find


@dataclass(frozen=True)
class Need:
    """A state that a rule asks for: one, `Pool`, or one for each of several ids, `Mapping[StaffId, AgentBook]`."""

    types: tuple[type, ...]
    many: bool

    @classmethod
    def of(cls, annotation: Any) -> "Need":
        many = get_origin(annotation) is Mapping
        return cls(members(get_args(annotation)[1] if many else annotation), many)


@dataclass(frozen=True)
class Finder:
    """How a rule finds the id, or ids, of a state: a small function, called with what it names."""

    find: Callable[..., Any]
    names: tuple[str, ...]
    consults: bool = False

    def __call__(self, known: Mapping[str, Any]) -> Any:
        return self.find(*[known[name] for name in self.names])


@dataclass(frozen=True)
class Rule:
    """`(message, *states) -> outcome`: which message, in which states, answered how.

    A parameter annotated `Asked` is given the circumstances of the message instead of a state.
    """

    takes: type
    needs: dict[str, Need]
    run: Callable[..., Any]
    arguments: tuple[str, ...]
    where: Mapping[str, Finder] = field(default_factory=dict)

    @classmethod
    def of(cls, function: Callable[..., Any], where: Mapping[str, Callable[..., Any]]) -> "Rule":
        (_, message), *rest = parameters(function).items()
        needs = {name: Need.of(annotation) for name, annotation in rest if annotation is not Asked}
        arguments = ("command", *("asked" if annotation is Asked else name for name, annotation in rest))
        finders = {
            name: Finder(find, tuple(inspect.signature(find).parameters), find in CONSULTING)
            for name, find in where.items()
        }
        known = {"command", "asked", *needs}
        assert finders.keys() <= needs.keys(), f"{function.__name__} takes no {finders.keys() - needs.keys()}"
        for finder in finders.values():
            assert known.issuperset(finder.names), f"{function.__name__} does not know all of {finder.names}"
        return cls(message, needs, function, arguments, finders)

    def outcome(self, known: Mapping[str, Any]) -> tuple[Any, ...]:
        """The events (or, of a policy, the commands) that the rule answers with.

        `known` holds the message as `command`, the circumstances as `asked`, and each state by its name.
        """
        result = self.run(*[known[name] for name in self.arguments])
        if result is None:
            return ()
        return tuple(result) if isinstance(result, (tuple, Iterator)) else (result,)
