"""docs/lifecycles.md: how everything here lives, as the rules are annotated and the specs have shown.

`python -m tests.lifecycles` runs the specs of commands and writes it anew; a spec fails where it is no longer so.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from commands import DECIDERS
from commands.decider import Decider
from tests.seen import OWNER, Node, Step, axes, nodes

DOCUMENT = Path(__file__).parent.parent / "docs" / "lifecycles.md"
WRITE = "LIFELEDGER_WRITE_LIFECYCLES"
ABOUT = """\
# Lifecycles

Made by `python -m tests.lifecycles`; a spec fails where it is no longer so. An arrow is a command that was seen to be
accepted: some spec sends it, or it is sent where every command is tried in every state (not as imported history, which
may take steps that nobody could take now). It may address another subject, which then moves this one along. Where a
state has independent parts, each has a diagram of its own. The table says which states of its subject each rule is
annotated to take (●); in all others it is refused, and that is tried as well. A rule may still say no in a state that
it takes: the arrows tell.
"""


def document(steps: Iterable[Step]) -> str:
    told = frozenset(steps)
    return "\n".join([ABOUT, *(part for decider in DECIDERS for part in chapter(decider, told))])


def chapter(decider: Decider[Any, Any], steps: frozenset[Step]) -> Iterator[str]:
    if len(decider.states) == 1 and axes(decider) == [""]:
        return
    if decider.governs and len(decider.rules) == 1:
        return  # It is published, and then published anew.
    yield f"## {decider.name.replace('-', ' ').capitalize()}\n"
    for axis in axes(decider):
        if axis:
            yield f"### {axis.replace('_', ' ').capitalize()}\n"
        yield from diagram(nodes(decider, axis), steps)
    yield from table(decider)


def diagram(places: list[Node], steps: frozenset[Step]) -> Iterator[str]:
    """One arrow between two states, with all that leads along it."""
    order = {place: nth for nth, place in enumerate(places)}
    moved = {place for step in steps for place in (step.before, step.after)}
    places = [place for place in places if place in moved or not place.is_word]
    moves = [step for step in steps if step.before in order and step.before != step.after]
    moves.sort(key=lambda step: (order[step.before], order[step.after], step.command.__name__))
    yield "```mermaid"
    yield "stateDiagram-v2"
    for place in places:
        if key(place) != str(place):
            yield f'    state "{place}" as {key(place)}'
    yield f"    [*] --> {key(places[0])}"
    for (before, after), along in groupby(moves, key=lambda step: (step.before, step.after)):
        yield f"    {key(before)} --> {key(after)}: {', '.join(step.command.__name__ for step in along)}"
    for place in places:
        if not any(step.before == place for step in moves):
            yield f"    {key(place)} --> [*]"
    yield "```\n"


def key(place: Node) -> str:
    """A state's name as the diagram's language can have it."""
    return re.sub(r"\W", "_", str(place))


def table(decider: Decider[Any, Any]) -> Iterator[str]:
    if not decider.rules:
        yield "Nothing is asked of it directly.\n"
        return
    yield f"| | {' | '.join(state.__name__ for state in decider.states)} |"
    yield f"|---|{'---|' * len(decider.states)}"
    for command in decider.rules:
        marks = (" ● |" if is_taken(decider, command, state) else " |" for state in decider.states)
        yield f"| {command.__name__} |{''.join(marks)}"
    yield ""


def is_taken(decider: Decider[Any, Any], command: type, state: type) -> bool:
    """Whether a rule is annotated to take its subject in a state."""
    rule = decider.rules[command]
    homes = [
        need.types for name, need in rule.needs.items() if name not in rule.where and OWNER[need.types[0]] is decider
    ]
    return all(state in types for types in homes)


def main() -> int:
    os.environ[WRITE] = "1"
    return pytest.main(["-q", "--hypothesis-profile=seeded", "tests/commands"])


if __name__ == "__main__":
    sys.exit(main())
