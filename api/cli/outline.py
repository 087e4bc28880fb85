"""A YAML file read into values, and every fault in it told with its line."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from api.cli.say import Failure

T = TypeVar("T")
Place = tuple[int | str, ...]
Fault = tuple[Place, str]  # Where it is, and what is wrong there.
Sense = Callable[[T, Collection[Place]], Iterable[Fault]]

TOO_DEEP = "this is nested too deeply"
DEEPEST = 100  # Parts within parts: more than anybody means, and as much as can be read.


class Loader(yaml.SafeLoader):
    """Text stays text: neither is `no` a truth, nor `12:30` a number, nor a date anything but its letters.

    What comes of a file could stand in JSON as well.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - so the library has it.
    yaml_constructors = yaml.SafeLoader.yaml_constructors.copy()


for tag, pattern, begins in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), begins)

for tag in ("binary", "timestamp", "omap", "pairs", "set"):
    Loader.yaml_constructors.pop(f"tag:yaml.org,2002:{tag}")


@dataclass(frozen=True)
class Outline(Generic[T]):
    """What a file says, and where it says it."""

    file: Path
    value: T
    root: yaml.Node

    def line(self, path: Place) -> str:
        """`setup.yaml:12`, for the innermost part of a path that stands in the file."""
        return f"{self.file}:{line(self.root, path)}"


def read(
    file: Path,
    kind: type[T],
    sense: Sense[T] = lambda _found, _mended: (),
    stand_in: Callable[[Place], Any] = lambda _: None,
) -> Outline[T]:
    """The file as a value. Raises Failure with a line for every fault, in the file's order.

    `sense` tells what is wrong with a value that has the right form, and is told where something stands in for a fault;
    `stand_in` says what does.
    """
    try:
        loader = Loader(file.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if root is None:
            raise Failure(f"{file} is empty")
        if odd := [f"{file}:{at}: {told}" for told, at in unsound(root)]:
            raise Failure("\n".join(odd))
        faults = [(at, f"{name} stands there twice") for name, at in twice(root)]
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as wrong:
        at = "" if wrong.problem_mark is None else f":{wrong.problem_mark.line + 1}"
        raise Failure(f"{file}{at}: this is no YAML: {wrong.problem or wrong.context}") from None
    except RecursionError:
        raise Failure(f"{file}: {TOO_DEEP}") from None
    except (yaml.YAMLError, ValueError, LookupError) as wrong:
        raise Failure(f"{file}: this is no YAML: {wrong}") from None
    form = TypeAdapter(kind)
    found = every_fault(data, form, sense, stand_in)
    faults += [(line(root, path), f"{named(path)}: {because}") for path, because in found]
    if faults:
        raise Failure("\n".join(f"{file}:{at}: {told}" for at, told in sorted(faults, key=itemgetter(0))))
    return Outline(file, strictly(form, data), root)


def strictly(form: TypeAdapter[T], data: Any) -> T:
    """The value, of which nothing is converted: neither is `true` a number, nor `'5'`. Raises ValidationError."""
    return form.validate_json(to_json(data), strict=True)


MENDED_IN_VAIN = 2  # What stood in was no better, and to leave it out was not either.


def every_fault(data: Any, form: TypeAdapter[T], sense: Sense[T], stand_in: Callable[[Place], Any]) -> Iterator[Fault]:
    """Every fault, although one may hide another: what has one is mended, and all is looked at again."""
    mended, parts = Counter[Place](), set[Place]()
    while True:
        try:
            told = sense(strictly(form, data), mended)
            found = [fault for fault in told if is_new(fault[0], mended, parts)]
            yield from found
        except ValidationError as wrong:
            found = [(place_of(error), meaning(error)) for error in wrong.errors()]
            yield from (fault for fault in found if is_new(fault[0], mended, parts))
        places = {path for path, _ in found if path and mended[path] < MENDED_IN_VAIN}
        if not places:
            return
        for place in sorted(places, key=lambda place: (-len(place), *map(str, place))):  # The deepest go first.
            put(data, place, None if mended[place] else stand_in(place))
        mended.update(places)
        parts.update(place[:-1] for place in places)


def place_of(error: Any) -> Place:
    """Where it is. Of a name that cannot be one, the place is where it stands."""
    path: Place = error["loc"]
    return path[:-1] if path[-1:] == ("[key]",) else path


def is_new(path: Place, mended: Collection[Place], parts: Collection[Place]) -> bool:
    """Whether a fault is the file's own, and not that of a stand-in, or of a part that has one."""
    return path not in parts and not any(path[:length] in mended for length in range(1, len(path) + 1))


def put(data: Any, path: Place, stand_in: Any) -> None:
    """Put something in a place of nested fields and lists, or leave out what is there."""
    *way, last = path
    with suppress(LookupError, TypeError):  # It is not in the file, or no longer.
        for step in way:
            data = data[step]
        match data, last:
            case dict(), _ if stand_in is None:
                data.pop(last, None)
            case (dict(), _) | (list(), int()) if stand_in is not None:
                data[last] = stand_in
            case _:
                pass


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
        case "int_type":
            return "this should be a whole number, without quotes"
        case "bool_type":
            return "this should be true or false, without quotes"
        case "dict_type":
            return "this should be fields and their values"
        case _:
            return str(error["msg"])


def named(path: Place) -> str:
    """`staff/3/role`; people count from one."""
    return "/".join(str(step + 1) if isinstance(step, int) else step for step in path) or "the file"


def line(node: yaml.Node, path: Place) -> int:
    """The line of the innermost part of a path that is there, counted from one."""
    at = node.start_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, each) for key, each in reversed(node.value) if key.value == str(step)), None)
            if found is None:
                break
            at, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            at = node.start_mark
        else:
            break
    return at.line + 1


def unsound(node: yaml.Node, around: frozenset[int] = frozenset()) -> Iterator[tuple[str, int]]:
    """What YAML can have and no value comes of, and its line."""
    at = node.start_mark.line + 1
    if id(node) in around:
        yield "this stands within itself", at
    elif len(around) == DEEPEST:
        yield TOO_DEEP, at
    elif isinstance(node, yaml.CollectionNode):
        for each in inside(node):
            yield from unsound(each, around | {id(node)})
    elif any("\ud800" <= each <= "\udfff" for each in node.value):
        yield "this has half of a character (a lone surrogate)", at


def inside(node: yaml.CollectionNode) -> Iterator[yaml.Node]:
    """What stands in a list, or the keys and values of a mapping."""
    yield from chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value


def twice(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has more than once; YAML would let the last one win, silently."""
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):  # Of a key that is a list or a mapping YAML itself tells.
                if key.value in keys:
                    yield key.value, key.start_mark.line + 1
                keys.add(key.value)
    if isinstance(node, yaml.CollectionNode):
        for each in inside(node):
            yield from twice(each)
