"""Which views and topics there are, and what a key of a view looks like: the write side does not know, so it is said
where a command comes in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from commands.inbound_topic import RetryMessage, SkipMessage
from commands.read_model import RebuildReadModel, RetryDeadLetter, SkipDeadLetter
from consumers.inbound.topics import TOPICS
from projections import VIEWS

KNOWN = {view.name: view for view in VIEWS}
OF_TYPE: Mapping[str, Callable[[str], object]] = {"uuid": UUID, "bigint": int}


def unknown_view(command: RebuildReadModel) -> Iterator[tuple[str, str]]:
    if command.view_name not in KNOWN:
        yield "view_name", f"there is no view {command.view_name!r}; there is {nearest(command.view_name, KNOWN)}"


def unknown_key(command: RetryDeadLetter | SkipDeadLetter) -> Iterator[tuple[str, str]]:
    """A key that cannot be one of the view does not come into the ledger."""
    view = KNOWN.get(command.view_name)
    if view is None:
        yield "view_name", f"there is no view {command.view_name!r}; there is {nearest(command.view_name, KNOWN)}"
        return
    values = command.key.split(",") if len(view.key) > 1 else [command.key]
    if len(values) != len(view.key) or not all(map(fits, (view.column(name).type for name in view.key), values)):
        yield "key", f"a key of {view.name} is its {', '.join(view.key)}, as the list of dead letters has it"


def fits(kind: str, text: str) -> bool:
    try:
        OF_TYPE.get(kind, str)(text)
    except ValueError:
        return False
    return True


def unknown_topic(command: RetryMessage | SkipMessage) -> Iterator[tuple[str, str]]:
    if command.topic not in TOPICS:
        yield "topic", f"nothing is read from a topic {command.topic!r}; there is {nearest(command.topic, TOPICS)}"


def nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    return ", ".join(get_close_matches(name, names, 1) or names)


OF_OPERATORS: Mapping[type, Callable[[Any], Iterator[tuple[str, str]]]] = {
    RebuildReadModel: unknown_view,
    RetryDeadLetter: unknown_key,
    SkipDeadLetter: unknown_key,
    RetryMessage: unknown_topic,
    SkipMessage: unknown_topic,
}
"""What is wrong with a command beyond its form and its rule: the field, and why."""
