"""Which refusals a rule can give, read from the rule itself: what it raises, and what the functions it calls raise."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from api.body import Form
from domain.errors import Refused

OURS = ("commands", "domain")


def refusals(form: Form) -> tuple[type[Refused], ...]:
    """By name; those of who may ask at all, which any rule shares, are not among them."""
    rule = form.decider.rules[form.takes]
    seen: set[Callable[..., Any]] = set()
    parts = [rule.run, *(finder.find for finder in rule.where.values())]
    if form.decider.elsewhere is not None:
        parts.append(form.decider.elsewhere)
    found = {each for part in parts for each in raised(part, seen)}
    return tuple(sorted(found, key=lambda kind: kind.__name__))


def raised(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> Iterator[type[Refused]]:
    if function in seen:
        return
    seen.add(function)
    for name, is_raise in names(function):
        match inspect.unwrap(function).__globals__.get(name):
            case type() as kind if is_raise and issubclass(kind, Refused):
                yield kind
            case FunctionType() as called if called.__module__.partition(".")[0] in OURS:
                yield from raised(called, seen)


@cache
def names(function: Callable[..., Any]) -> tuple[tuple[str, bool], ...]:
    """The names that a function raises, or otherwise uses; a function that is handed on may be called."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    found: dict[tuple[str, bool], None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(what, ast.Name):
                found[what.id, True] = None
        elif isinstance(node, ast.Name):
            found[node.id, False] = None
    return tuple(found)
