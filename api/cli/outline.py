"""A YAML file read into values, and every fault in it told with its line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from api.cli.say import Failure

T = TypeVar("T")
Path_ = Sequence[int | str]


class Loader(yaml.SafeLoader):
    """Text stays text: neither is `no` a truth, nor `12:30` a number, nor a date anything but its letters."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - so the library has it.


for tag, pattern, begins in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), begins)


@dataclass(frozen=True)
class Outline(Generic[T]):
    """What a file says, and where it says it."""

    file: Path
    value: T
    root: yaml.Node

    def line(self, path: Path_) -> str:
        """`setup.yaml:12`, for the innermost part of a path that stands in the file."""
        return f"{self.file}:{line(self.root, path)}"


def read(file: Path, kind: type[T]) -> Outline[T]:
    """The file as a value. Raises Failure with a line for every fault."""
    try:
        loader = Loader(file.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if root is None:
            raise Failure(f"{file} is empty")
        faults = [f"{file}:{at}: {name} stands there twice" for name, at in twice(root)]
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as wrong:
        at = "" if wrong.problem_mark is None else f":{wrong.problem_mark.line + 1}"
        raise Failure(f"{file}{at}: this is no YAML: {wrong.problem or wrong.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise Failure(f"{file}: this is no YAML: {wrong}") from None
    try:
        value = TypeAdapter(kind).validate_python(data)
    except ValidationError as wrong:
        faults += [f"{file}:{line(root, e['loc'])}: {named(e['loc'])}: {meaning(e)}" for e in wrong.errors()]
    if faults:
        raise Failure("\n".join(faults))
    return Outline(file, value, root)


def meaning(error: Any) -> str:
    """The fault, in the words of somebody who writes YAML and not Python."""
    match error["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return "there is no such field"
        case "missing" | "missing_argument" | "missing_keyword_only_argument":
            return "this is missing"
        case "dataclass_type" | "dataclass_exact_type":
            return "this should be fields and their values"
        case "tuple_type" | "list_type":
            return "this should be a list"
        case "string_type":
            return "this should be text: put it in quotes"
        case _:
            return str(error["msg"])


def like(given: str, known: Iterable[str]) -> str:
    """What may have been meant: the name that is most like the given one, else all that there are."""
    names = list(known)
    close = get_close_matches(given, names, 1)
    return f"; {close[0]} is one" if close else f": {', '.join(names)}" if names else ""


def named(path: Path_) -> str:
    """`staff/3/role`; people count from one."""
    return "/".join(str(step + 1) if isinstance(step, int) else step for step in path) or "the file"


def line(node: yaml.Node, path: Path_) -> int:
    """The line of the innermost part of a path that is there, counted from one."""
    at = node.start_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, each) for key, each in node.value if key.value == step), None)
            if found is None:
                break
            at, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            at = node.start_mark
        else:
            break
    return at.line + 1


def twice(node: yaml.Node, seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has more than once; YAML would let the last one win, silently."""
    if id(node) in seen:
        return
    seen |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, each in node.value:
            if key.value in keys:
                yield str(key.value), key.start_mark.line + 1
            keys.add(key.value)
            yield from twice(each, seen)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from twice(each, seen)
