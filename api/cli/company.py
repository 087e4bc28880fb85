"""A company as a file has it: its teams and staff, what it publishes, and every fault that the file alone can show."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import GenericAlias
from typing import Any, ClassVar

from api.cli.forms import found_in, stand_in
from api.cli.outline import Fault, Outline, Place, read
from api.cli.sections import Section, sections
from api.like import like
from api.questions import CHECKS
from commands import DECIDERS
from commands.agent_book import ChangeCapacity
from commands.decider import Decider
from commands.rehearsal import rehearse
from commands.staff import OnboardStaff
from domain.actor import Actor
from domain.errors import Invalid, Refused
from domain.staff import proper
from domain.values import OrgPath, StaffId, value, within

CALLER = Actor(kind="service", id="setup", name="lifeledger setup", role="administrator")


# What may stand in the file


@value
class Capacity:
    held: int
    daily_claims: int


@value
class Person:
    """What is left out of `capacity` and `available` is left as it is."""

    id: StaffId
    name: str
    role: str
    team: OrgPath
    skills: tuple[str, ...] = ()
    capacity: Capacity | None = None
    available: bool | None = None
    departed: bool = False


@value
class Parts:
    """Everything is optional; who and what is not named in the file is left alone.

    What is published has a section for each kind, by the plural of its name.
    """

    sections: ClassVar[Mapping[str, Section]] = {}

    teams: tuple[OrgPath, ...] = ()
    staff: tuple[Person, ...] = ()

    def of(self, section: str) -> tuple[Any, ...]:
        """The entries of a section."""
        found: tuple[Any, ...] = getattr(self, section.replace("-", "_"))
        return found

    def published(self) -> Iterator[tuple[Place, Section, Any]]:
        """Every entry of every section, and where it stands."""
        for name, section in self.sections.items():
            for nth, entry in enumerate(self.of(name)):
                yield (name, nth), section, entry


def form(deciders: Iterable[Decider[Any, Any]] = DECIDERS) -> type[Parts]:
    """What may stand in a file: staff, and whatever these deciders publish."""
    found = sections(deciders)
    entries = {name.replace("-", "_"): GenericAlias(tuple, (each.entry, ...)) for name, each in found.items()}
    about = {"__annotations__": entries, "__module__": __name__, "sections": found, **dict.fromkeys(entries, ())}
    made: type[Parts] = value(type("Parts", (Parts,), about))
    made.__pydantic_config__["alias_generator"] = lambda name: name.replace("_", "-")  # type: ignore[attr-defined]
    return made


def parts_of(file: Path, deciders: Iterable[Decider[Any, Any]] = DECIDERS) -> Outline[Parts]:
    """What the file says. Raises Failure with every fault of its form, its sense, and before the rules."""
    kind, known = form(deciders), tuple(deciders)
    return read(file, kind, partial(faults, known), partial(stand_in, kind))


# The commands that it wants

AS_THE_FILE_SAYS = {"staff_id": "id", "org_path": "team", "to": "team", "cap": "held"}


def onboarding(person: Person) -> OnboardStaff:
    return OnboardStaff(
        staff_id=person.id, name=person.name, role=person.role, org_path=person.team, skills=person.skills
    )


def limits(person: Person, wanted: Capacity) -> ChangeCapacity:
    return ChangeCapacity(staff_id=person.id, cap=wanted.held, daily_claims=wanted.daily_claims)


def place(parts: Parts, path: Place, no: Refused) -> Place:
    """What a refusal is about: the part of the file that wanted the command, or a field in it."""
    if not isinstance(no, Invalid):
        return path
    section = parts.sections.get(str(path[0]))
    steps = ((section.place(step) if section else AS_THE_FILE_SAYS.get(step, step)) for step in no.field.split("/"))
    return (*path, *(int(step) if step.isdecimal() else step for step in steps))


# Its faults


def faults(deciders: Sequence[Decider[Any, Any]], parts: Parts, mended: Collection[Place]) -> Iterator[Fault]:
    """What makes no sense beside the rest of the file, and what no rule would accept."""
    yield from twice(parts)
    yield from misplaced(parts, mended)
    yield from refused(parts, deciders)
    yield from beyond_the_rules(parts)


def twice(parts: Parts) -> Iterator[Fault]:
    for name in ("staff", *parts.sections):
        seen: set[str] = set()
        for nth, each in enumerate(parts.of(name)):
            if each.id in seen:
                yield (name, nth, "id"), f"{each.id} stands there twice"
            seen.add(each.id)


def misplaced(parts: Parts, mended: Collection[Place]) -> Iterator[Fault]:
    for nth, team in enumerate(parts.teams):
        try:
            proper(team, "teams")
        except Invalid as no:
            yield ("teams", nth), no.because
    if ("teams",) in mended:
        return  # Nobody knows which there are.
    teams = [team for nth, team in enumerate(parts.teams) if ("teams", nth) not in mended]
    for nth, person in enumerate(parts.staff):
        if person.team not in teams:
            yield ("staff", nth, "team"), f"{person.team!r} is not among the teams{like(person.team, teams)}"
    for path, section, entry in parts.published():
        for where, unit in found_in(entry, section.entry, OrgPath, path):
            if not any(within(team, unit) for team in teams):
                yield where, f"{unit!r} is not among the teams{like(unit, teams)}"


def refused(parts: Parts, deciders: Sequence[Decider[Any, Any]]) -> Iterator[Fault]:
    """What the rules say of each part, as if it were the first in an empty house.

    Where the rule looked at something else that the file does not publish, the ledger may have it: then nothing is
    told before that is asked.
    """
    now = datetime.now(UTC)
    for before, wishes in wished(parts):
        commands = [*before, *(command for _, command in wishes)]
        answers = [*rehearse(commands, CALLER, now, deciders=deciders)][len(before) :]
        for (path, _), found in zip(wishes, answers, strict=True):
            no = found.refusal
            if no is not None and not found.absent:
                yield place(parts, path, no), no.because if isinstance(no, Invalid) else str(no)
            if no is not None:
                break  # What follows from it would be refused only because of it.


def beyond_the_rules(parts: Parts) -> Iterator[Fault]:
    """What a command would be sent back for before any rule has seen it."""
    for path, section, entry in parts.published():
        if (check := CHECKS.get(section.command)) is not None:
            for field, because in check(section.asked(entry)):
                yield place(parts, path, Invalid(field=field, because=because)), because


def wished(parts: Parts) -> Iterator[tuple[Sequence[Any], Sequence[tuple[Place, Any]]]]:
    """The commands of each part, where it stands, and the commands of what it may look at. Who has departed was
    somebody once, and is looked at as well.
    """
    for nth, person in enumerate(parts.staff):
        capacity = person.capacity
        wishes: list[tuple[Place, Any]] = [(("staff", nth), onboarding(person))]
        if capacity is not None:
            wishes.append((("staff", nth, "capacity"), limits(person, capacity)))
        yield (), wishes
    for path, section, entry in parts.published():
        yield [*looked_at(section, parts)], [(path, section.asked(entry))]


def looked_at(section: Section, parts: Parts) -> Iterator[Any]:
    for name, other in parts.sections.items():
        if name in section.after:
            for entry in parts.of(name):
                yield other.asked(entry)
