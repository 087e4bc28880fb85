"""lifeledger setup: staff, and what is published, as a file has them, by the commands that anybody would send."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from api.cli.company import CALLER, Parts, Person, form, limits, onboarding, parts_of, place
from api.cli.forms import described
from api.cli.house import database, master_key, write_side
from api.cli.outline import Outline, Place
from api.cli.say import Failure, document, table
from api.cli.sections import Section
from commands.ask import Ask, Conflict, Outcome
from commands.execute import Executor
from commands.rehearsal import Rehearsed, rehearse
from commands.staff import ChangeAvailability, DepartStaff, MoveStaff
from domain.errors import Refused
from domain.staff import Departed, Employed
from ledger.envelope import time_ordered_id
from ledger.migrations import migrate
from settings import Settings

# What it comes to


@dataclass(frozen=True)
class Step:
    """One command that brings the house closer to the file, and the part of the file that wants it."""

    path: Place
    text: str
    ask: Ask


def setup(file: Path, *, preview: bool, json: bool) -> None:
    """Apply a file, and tell what was done; raises Failure for what was refused."""
    wanted = parts_of(file)
    settings = Settings.from_environment()
    with database(settings) as url:
        migrate(url)
        with write_side(settings, url, master_key(settings, url)) as side:
            if faults := [*departed(wanted, side.executor)] or [*unpublishable(wanted, side.executor)]:
                raise Failure("\n".join(faults))
            steps, stuck = plan(wanted, side.executor)
            done = [(step, None) for step in steps] if preview else apply(steps, wanted, side.executor)
    refused = [no for _, no in done if no is not None]
    tell([step.text for step, no in done if no is None], [*stuck, *refused], preview=preview, json=json)


def describe(*, json: bool) -> None:
    """Tell what may stand in a file."""
    found = list(described(form(), ""))
    for each in found:
        each["field"] = each["field"].removeprefix("/")
    if json:
        document(found)
    else:
        rows = [[each["field"], each["kind"], "needed" if each["needed"] else said(each["default"])] for each in found]
        table(["field", "what", "if left out"], rows)


def said(default: object) -> str:
    """A default as the file would have it."""
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def tell(done: Sequence[str], faults: Sequence[str], *, preview: bool, json: bool) -> None:
    if json:
        document({"preview": preview, "done": done, "refused": faults})
    else:
        for text in done:
            print(f"would {text}" if preview else text)
        if not done and not faults:
            print("nothing to do: everything is as the file says")
    if faults:
        raise Failure("\n".join(faults))


def departed(wanted: Outline[Parts], executor: Executor) -> Iterator[str]:
    """Who works here by the file, and has departed: an old file must not bring him back."""
    for nth, person in enumerate(wanted.value.staff):
        if not person.departed and isinstance(executor.state(f"staff/{person.id}").state, Departed):
            when = executor.store.history(f"staff/{person.id}")[-1].occurred_at.isoformat(timespec="seconds")
            yield (
                f"{wanted.line(('staff', nth))}: {person.id} departed at {when}: "
                "say `departed: true` here, or have him come back by OnboardStaff first"
            )


def plan(wanted: Outline[Parts], executor: Executor) -> tuple[list[Step], list[str]]:
    """The commands that are missing, in an order in which they can be carried out; and what no command changes."""
    steps, stuck = people(wanted, executor)
    for path, section, entry, found in rehearsed(wanted, executor, steps):
        steps += published(path, f"publish the {section.kind} {entry.id}", section.asked(entry), found, executor)
    return steps, stuck


def people(wanted: Outline[Parts], executor: Executor) -> tuple[list[Step], list[str]]:
    """The same for staff alone."""
    steps: list[Step] = []
    stuck: list[str] = []
    for nth, person in enumerate(wanted.value.staff):
        steps += staff_steps(("staff", nth), person, executor)
        stuck += [f"{wanted.line(('staff', nth, field))}: {no}" for field, no in unchangeable(person, executor)]
    for nth, person in enumerate(wanted.value.staff):
        steps += capacity_steps(("staff", nth, "capacity"), person, executor)
    return steps, stuck


def staff_steps(path: Place, person: Person, executor: Executor) -> Iterator[Step]:
    known = executor.state(f"staff/{person.id}")
    version = known.version
    match known.state:
        case Employed() if person.departed:
            yield step(path, f"let {person.id} go", DepartStaff(staff_id=person.id), version)
            return
        case Employed(role=role, org_path=org_path, available=available):
            if (role, org_path) != (person.role, person.team):
                move = MoveStaff(staff_id=person.id, to=person.team, role=person.role)
                yield step(path, f"move {person.id} to {person.team} as {person.role}", move, version)
                version += 1
        case Departed():
            return
        case _ if person.departed:
            return
        case _:
            yield step(path, f"onboard {person.id} in {person.team} as {person.role}", onboarding(person), version)
            version += 1
            available = True
    if person.available is not None and person.available != available:
        change = ChangeAvailability(staff_id=person.id, available=person.available)
        yield step(path, f"make {person.id} {'' if person.available else 'un'}available", change, version)


def unchangeable(person: Person, executor: Executor) -> Iterator[tuple[str, str]]:
    match executor.state(f"staff/{person.id}").state:
        case Employed(name=name) if name != person.name:
            yield "name", f"{person.id} was onboarded as {name}, and there is no command that changes a name"
        case Employed(skills=skills) if skills != person.skills:
            yield "skills", f"{person.id} has the skills {list(skills)}, and there is no command that changes them"
        case _:
            pass


def capacity_steps(path: Place, person: Person, executor: Executor) -> Iterator[Step]:
    known = executor.state(f"agent-book/{person.id}")
    wanted = person.capacity
    if wanted is None or person.departed:
        return
    if (known.state.cap, known.state.daily_claims) != (wanted.held, wanted.daily_claims):
        text = f"let {person.id} hold {wanted.held} and claim {wanted.daily_claims} a day"
        yield step(path, text, limits(person, wanted), known.version)


def rehearsed(
    wanted: Outline[Parts], executor: Executor, steps: Sequence[Step]
) -> Iterator[tuple[Place, Section, Any, Rehearsed]]:
    """What the publishing of each entry would come to, after these steps."""
    entries = list(wanted.value.published())
    commands = [*(each.ask.command for each in steps), *(section.asked(entry) for _, section, entry in entries)]
    deciders = executor.deciders.values()
    found = [*rehearse(commands, CALLER, executor.clock(), deciders=deciders, over=executor.store)][len(steps) :]
    return ((*each, answer) for each, answer in zip(entries, found, strict=True))


def unpublishable(wanted: Outline[Parts], executor: Executor) -> Iterator[str]:
    """What the rules refuse to have published beside what the ledger has."""
    staff, _ = people(wanted, executor)
    for path, section, entry, found in rehearsed(wanted, executor, staff):
        if found.refusal is not None:
            at = wanted.line(place(wanted.value, path, found.refusal))
            yield f"{at}: publish the {section.kind} {entry.id}: {found.refusal}"


def published(path: Place, text: str, command: Any, found: Rehearsed, executor: Executor) -> Iterator[Step]:
    """A new version, unless the last one says the same: all that the command says, as its event would say it. What was
    done under a version stands in the same stream, and is none.
    """
    stream = executor.owner[type(command)].stream_of(command)
    history = executor.store.history(stream)
    kinds = {type(event) for event in found.events}
    versions = [each.event for each in history if type(each.event) in kinds]
    if versions and found.events:
        last, new = versions[-1], found.events[-1]
        names = [field.name for field in fields(new) if field.name in command.__slots__]
        if type(last) is type(new) and all(getattr(last, name) == getattr(new, name) for name in names):
            return
    yield step(path, f"{text}, version {len(versions) + 1}", command, len(history))


def step(path: Place, text: str, command: Any, version: int) -> Step:
    """For the version that was compared: who changes the same thing meanwhile is not overruled."""
    return Step(path, text, Ask(command, time_ordered_id(), CALLER, expected=version))


def apply(steps: Sequence[Step], wanted: Outline[Parts], executor: Executor) -> list[tuple[Step, str | None]]:
    """Carry out the steps; with each, why it was refused, if it was."""
    answers = executor([step.ask for step in steps]) if steps else []
    done: list[tuple[Step, str | None]] = []
    for each, answer in zip(steps, answers, strict=True):
        match answer.refusal if isinstance(answer, Outcome) else answer:
            case None:
                done.append((each, None))
            case Refused() as no:
                done.append((each, f"{wanted.line(place(wanted.value, each.path, no))}: {each.text}: {no}"))
            case Conflict():
                done.append((each, f"{wanted.line(each.path)}: {each.text}: {answer}: apply the file again"))
            case problem:
                raise problem
    return done
