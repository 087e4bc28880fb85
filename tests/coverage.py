"""docs/coverage.md: what is asked for, row by row, and where it is. `python -m tests.coverage` writes it anew.

The rows stand in coverage.yaml.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from commands import DECIDERS
from consumers.policies import POLICIES
from projections import VIEWS

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "coverage.md"
ABOUT = """\
# Coverage

Made by `python -m tests.coverage` from `tests/coverage.yaml`. **K** is built here, **In** comes in from another system,
**Out** goes out to one, **X** is somebody else's. Every name is checked against what there is; a row of kind K is done
when it has a command, an event, a view and a spec, and awaits nothing more. One that says `only` is no business of
commands.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic.

    row: int
    what: str
    kind: tuple[str, ...]
    commands: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    only: str = ""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a row of ours must have and has not: a command asks for it, an event tells of it, a view shows it, and a
        spec shows that it is so.
        """
        if "K" not in self.kind or self.only:
            return ()
        return tuple(name for name in ("commands", "events", "views", "tests") if not getattr(self, name))

    @property
    def is_open(self) -> bool:
        """Whether it is ours, and awaits something still."""
        return "K" in self.kind and bool(self.awaits)


def rows() -> list[Row]:
    found = yaml.safe_load((TESTS / "coverage.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(list[Row]).validate_python(found)


@cache
def there_is() -> Mapping[str, set[str]]:
    """Every name that a row may have, by what it is."""
    return {
        "commands": {command.__name__ for decider in DECIDERS for command in decider.rules},
        "events": {event.__name__ for decider in DECIDERS for event in decider.events},
        "policies": set(policies()),
        "views": {view.name for view in VIEWS},
        "tests": {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")},
    }


def policies() -> Iterator[str]:
    """A policy is a function that is named as the sentence it is."""
    for process in POLICIES:
        for function in (*(each.function for each in process.reactions.values()), *process.timers.values()):
            yield function.__name__


def document() -> str:
    names = [field.name for field in fields(Row)]
    lines = [f"| {' | '.join('#' if name == 'row' else name for name in names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(told(getattr(row, name)) for name in names)} |" for row in rows()]
    return "\n".join([ABOUT, *lines, f"\nNamed in no row: {', '.join(nowhere()) or 'nothing'}.", ""])


def nowhere() -> list[str]:
    """The commands, events, policies and views that no row speaks of."""
    kinds = ("commands", "events", "policies", "views")
    said = {name for row in rows() for kind in kinds for name in getattr(row, kind)}
    return sorted({name for kind in kinds for name in there_is()[kind]} - said)


def told(found: object) -> str:
    return ", ".join(map(str, found)) if isinstance(found, tuple) else str(found)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT)
