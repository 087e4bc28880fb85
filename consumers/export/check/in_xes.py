"""What is wrong with a log in XES: whether it is XML, has the parts that it must have, and means what it declares.

IEEE 1849-2016: the elements and their order, the types of attributes, extensions, globals and classifiers.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from consumers.export.check.in_sqlite import is_time
from consumers.export.check.times import Times, instant
from consumers.export.xes import NAMESPACE
from domain.values import Instant

ORDER = ("extension", "global", "classifier", "attribute", "trace", "event")
"""Of what stands in a log."""
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN")
CHECKS: Mapping[str, Callable[[str], bool]] = {
    "string": lambda _: True,
    "date": is_time,
    "int": lambda text: re.fullmatch(r"[+-]?\d+", text) is not None,
    "float": lambda text: NUMBER.fullmatch(text) is not None,
    "boolean": lambda text: text in ("true", "false", "0", "1"),
    "id": lambda text: re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None,
}
GATHERING = ("list", "container")
STANDARD = {
    "concept": {"name": "string", "instance": "string"},
    "lifecycle": {"model": "string", "transition": "string", "state": "string"},
    "org": {"resource": "string", "role": "string", "group": "string"},
    "time": {"timestamp": "date"},
    "identity": {"id": "id"},
}
"""The keys of extensions that everybody knows, and their types."""
TRANSITIONS = frozenset(
    [
        "schedule",
        "assign",
        "withdraw",
        "reassign",
        "start",
        "suspend",
        "resume",
        "pi_abort",
        "ate_abort",
        "complete",
        "autoskip",
        "manualskip",
        "unknown",
    ]
)
PIECE = 1 << 16


@dataclass(slots=True)
class Component:
    """A log, a trace, an event, or another element, and the attributes that it has, with their types."""

    element: str
    place: str
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    scope: str = ""
    events: int = 0
    latest: Instant | None = None


def faults_of_xes(path: Path, now: Instant) -> Iterator[str]:
    with closing(sqlite3.connect("", isolation_level=None)) as names, path.open("rb") as file:
        names.execute("CREATE TABLE trace (name TEXT PRIMARY KEY) WITHOUT ROWID")
        names.execute("BEGIN")
        reader = Reader(names, now)
        while True:
            piece = file.read(PIECE)
            try:
                reader.parser.Parse(piece, not piece)
            except expat.ExpatError as wrong:
                yield from reader.found
                yield f"{path.name} is no well-formed XML: {wrong}"
                return
            yield from reader.found
            reader.found.clear()
            if not piece:
                return


class Reader:
    """Memory: the element that is being read, and those around it; the names of traces are on disk."""

    def __init__(self, names: sqlite3.Connection, now: Instant) -> None:
        self.names = names
        self.times = Times(now)
        self.found: list[str] = []
        self.around: list[Component] = []
        self.extensions: set[str] = set()
        self.globals: dict[str, dict[str, str]] = {}
        self.reached = 0
        self.traces = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = lambda *_: self.say("a document type is declared")

    def say(self, because: str, thing: str = "") -> None:
        self.found.append(f"line {self.parser.CurrentLineNumber}: {thing}{': ' if thing else ''}{because}")

    # Elements

    def start(self, tag: str, given: dict[str, str]) -> None:
        space, _, element = tag.rpartition(" ")
        if space != NAMESPACE:
            self.say(f"element {element} is not in the namespace {NAMESPACE}")
        parent = self.around[-1] if self.around else None
        component = Component(element, element)
        if parent is None:
            self.log(element, given)
        elif parent.element == "log":
            self.in_log(component, given)
        elif element == "event" and parent.element == "trace":
            parent.events += 1
            component.place = f"event {parent.events} of {self.named(parent)}"
        elif self.takes_attributes(parent) and element in (*CHECKS, *GATHERING):
            self.attribute(parent, element, given)
        elif not (element == "values" and parent.element == "list"):
            self.say(f"element {element} has no place in {parent.element}")
        self.around.append(component)

    def takes_attributes(self, parent: Component) -> bool:
        return parent.element in ("log", "trace", "event", "global", "values", *CHECKS, *GATHERING)

    def log(self, element: str, given: dict[str, str]) -> None:
        if element != "log":
            self.say(f"the document is a {element}, and no log")
        for name in ("xes.version", "xes.features"):
            if name not in given:
                self.say(f"the log has no {name}")

    def in_log(self, component: Component, given: dict[str, str]) -> None:
        element = component.element
        kind = "attribute" if element in (*CHECKS, *GATHERING) else element
        if kind not in ORDER:
            self.say(f"element {element} has no place in log")
            return
        if ORDER.index(kind) < self.reached:
            self.say(f"{element} stands behind {ORDER[self.reached]}, and should stand before it")
        self.reached = max(self.reached, ORDER.index(kind))
        match kind:
            case "attribute":
                self.attribute(self.around[-1], element, given)
            case "extension":
                self.extension(given)
            case "global":
                component.scope = given.get("scope", "")
                if component.scope not in ("trace", "event"):
                    self.say(f"global has the scope {component.scope!r}, which is none")
                elif component.scope in self.globals:
                    self.say(f"global of {component.scope} is there more than once")
            case "classifier":
                self.classifier(given)
            case "trace":
                self.traces += 1
                component.place = f"trace {self.traces}"
            case _:
                component.place = "event outside of traces"

    def extension(self, given: dict[str, str]) -> None:
        for name in ("name", "prefix", "uri"):
            if not given.get(name):
                self.say(f"extension {given.get('name', '')!r} has no {name}")
        prefix = given.get("prefix", "")
        if prefix in self.extensions:
            self.say(f"extension {prefix!r} is declared more than once")
        self.extensions.add(prefix)

    def classifier(self, given: dict[str, str]) -> None:
        name, scope = given.get("name", ""), given.get("scope", "event")
        keys = [one or other for one, other in re.findall(r"'([^']*)'|(\S+)", given.get("keys", ""))]
        if not name or not keys:
            self.say(f"classifier {name!r} has no name or no keys")
        for key in keys:
            if key not in self.globals.get(scope, {}):
                self.say(f"classifier {name!r} needs {key}, which is no global of {scope}")

    # Attributes

    def attribute(self, parent: Component, type_: str, given: dict[str, str]) -> None:
        key, value = given.get("key"), given.get("value", "")
        where = self.named(parent)
        if not key:
            self.say(f"an attribute of type {type_} has no key", where)
            return
        if key in parent.keys and parent.element not in (*GATHERING, "values"):
            self.say(f"attribute {key} is there more than once", where)
        parent.keys[key] = type_, value
        if type_ in CHECKS:
            if "value" not in given:
                self.say(f"attribute {key} has no value", where)
            elif not CHECKS[type_](value):
                self.say(f"attribute {key}: {value!r} is no {type_}", where)
        prefix, colon, name = key.partition(":")
        if not colon:
            return
        if prefix not in self.extensions:
            self.say(f"attribute {key}: no extension with the prefix {prefix} is declared", where)
        elif prefix in STANDARD and STANDARD[prefix].get(name) != type_:
            self.say(f"attribute {key} as {type_} is nothing of the extension {prefix}", where)
        elif key == "lifecycle:transition" and value not in TRANSITIONS:
            self.say(f"attribute {key}: {value!r} is no transition of the standard model", where)

    # At the end of an element everything of it is known.

    def end(self, _: str) -> None:
        component = self.around.pop()
        match component.element:
            case "global":
                self.globals[component.scope] = {key: type_ for key, (type_, _) in component.keys.items()}
            case "event":
                self.has_globals(component, "event")
                self.time(component)
            case "trace":
                self.has_globals(component, "trace")
                self.trace(component)
            case _:
                pass

    def has_globals(self, component: Component, scope: str) -> None:
        for key, type_ in self.globals.get(scope, {}).items():
            if key not in component.keys:
                self.say(f"it has no {key}, which is a global of {scope}", self.named(component))
            elif component.keys[key][0] != type_:
                self.say(f"{key} is {component.keys[key][0]}, and as a global {type_}", self.named(component))

    def trace(self, trace: Component) -> None:
        name = trace.keys.get("concept:name", ("", ""))[1]
        if not trace.events:
            self.say("it has no event", self.named(trace))
        if not name:
            self.say("it has no name", self.named(trace))
        elif self.names.execute("INSERT OR IGNORE INTO trace VALUES (?)", [name]).rowcount == 0:
            self.say("there is another one of this name", self.named(trace))

    def time(self, event: Component) -> None:
        type_, text = event.keys.get("time:timestamp", ("", ""))
        if type_ != "date":
            self.say("it has no time", self.named(event))
            return
        if not is_time(text):
            return
        for each in self.times.event(self.named(event), text):
            self.say(each)
        trace, at = self.around[-1], instant(text)
        if trace.element == "trace":
            if trace.latest is not None and at < trace.latest:
                self.say(f"{text} is before the event ahead of it", self.named(event))
            trace.latest = at

    def named(self, component: Component) -> str:
        name = component.keys.get("concept:name", ("", ""))[1]
        return f"{component.place} ({name})" if name else component.place
