"""docs/policies.md: what the service does by itself, and when. `python -m tests.policies` writes it anew."""

import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from consumers.policies import POLICIES
from consumers.process import Process

DOCUMENT = Path(__file__).parent.parent / "docs" / "policies.md"
ABOUT = """\
# What the service does by itself

Made by `python -m tests.policies` from the policies in `consumers/policies/`. Each reacts to events, or to deadlines
when they have come, by sending commands, whose rules decide on what they then find. Imported history wakes none of
them. `lifeledger policies status` says how far each has come; `POST /policies/{policy_name}/pause` lets one rest, by a
manager, with a reason and an end. How they run is told in [decision 20](decisions/0020-how-policies-run.md).
"""


def document() -> str:
    names = list(dict.fromkeys(process.name for process in POLICIES))
    by_name = {name: [each for each in POLICIES if each.name == name] for name in names}
    return "\n".join([ABOUT, *(line for name in names for line in section(name, by_name[name]))])


def section(name: str, processes: list[Process]) -> Iterator[str]:
    yield f"## {name}\n"
    for about in dict.fromkeys(about_it(each) for each in processes):
        yield f"{about}\n"
    looks = sorted({view.name for each in processes for view in each.looks_at})
    if looks:
        yield f"It looks at {', '.join(f'`{view}`' for view in looks)}.\n"
    yield "| when | what |"
    yield "|---|---|"
    for process in processes:
        yield from (f"| {when} | {sentence(function)} |" for when, function in occasions(process))
    yield ""


def about_it(process: Process) -> str:
    """What the module of its functions says."""
    module = sys.modules[functions(process)[0].__module__]
    return " ".join((module.__doc__ or "").split())


def functions(process: Process) -> list[Callable[..., Any]]:
    return [*(each.function for each in process.reactions.values()), *process.timers.values()]


def occasions(process: Process) -> Iterator[tuple[str, Callable[..., Any]]]:
    """For each function the events, or the deadlines, that it answers."""
    told = [(each.function, f"`{kind.__name__}`") for kind, each in process.reactions.items()]
    told += [(function, f"{kind} is due") for kind, function in process.timers.items()]
    for function, several in groupby(told, key=lambda each: each[0]):
        yield ", ".join(when for _, when in several), function


def sentence(function: Callable[..., Any]) -> str:
    return function.__name__.replace("_", " ")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT)
