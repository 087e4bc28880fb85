"""lifeledger setup: staff, pools and catalogs as a file has them, by the commands that anybody would send."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.cli.house import database, master_key, write_side
from api.cli.outline import Outline, like, named, read
from api.cli.say import Failure, document
from commands.agent_book import ChangeCapacity
from commands.ask import Ask, Conflict, Outcome
from commands.catalog import PublishCatalog
from commands.execute import Executor
from commands.pool import PublishPool
from commands.staff import ChangeAvailability, DepartStaff, MoveStaff, OnboardStaff
from domain.access import TABLE
from domain.actor import Actor
from domain.catalog import CustomField, Entry
from domain.errors import Invalid
from domain.pool import Terms
from domain.staff import Employed
from domain.values import CatalogId, OrgPath, PoolId, StaffId, value, within
from ledger.envelope import time_ordered_id
from ledger.migrations import migrate
from settings import Settings

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
class PoolPart:
    id: PoolId
    name: str
    members: tuple[OrgPath, ...]
    terms: Terms = Terms()


@value
class CatalogPart:
    id: CatalogId
    entries: tuple[Entry, ...] = ()
    fields: tuple[CustomField, ...] = ()


@value
class Parts:
    """Everything is optional; who and what is not named in the file is left alone."""

    teams: tuple[OrgPath, ...] = ()
    staff: tuple[Person, ...] = ()
    pools: tuple[PoolPart, ...] = ()
    catalogs: tuple[CatalogPart, ...] = ()


# What it comes to


@dataclass(frozen=True)
class Step:
    """One command that brings the house closer to the file, and the part of the file that wants it."""

    path: Sequence[int | str]
    text: str
    ask: Ask


def setup(file: Path, *, preview: bool, json: bool) -> None:
    """Apply a file, and tell what was done; raises Failure for what was refused."""
    wanted = parts_of(file)
    settings = Settings.from_environment()
    with database(settings) as url:
        migrate(url)
        with write_side(settings, url, master_key(settings, url)) as side:
            steps, stuck = plan(wanted, side.executor)
            done = [(step, None) for step in steps] if preview else apply(steps, wanted, side.executor)
    refused = [no for _, no in done if no is not None]
    tell([step.text for step, no in done if no is None], [*stuck, *refused], preview=preview, json=json)


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


def parts_of(file: Path) -> Outline[Parts]:
    """What the file says, once it makes sense as a whole."""
    found = read(file, Parts)
    faults = [f"{found.line(path)}: {named(path)}: {because}" for path, because in nonsense(found.value)]
    if faults:
        raise Failure("\n".join(faults))
    return found


def nonsense(parts: Parts) -> Iterator[tuple[Sequence[int | str], str]]:
    for name, ids in (
        ("staff", [each.id for each in parts.staff]),
        ("pools", [each.id for each in parts.pools]),
        ("catalogs", [each.id for each in parts.catalogs]),
    ):
        for nth, each in enumerate(ids):
            if not each:
                yield (name, nth, "id"), "an id is not empty"
            if each in ids[:nth]:
                yield (name, nth, "id"), f"{each} stands there twice"
    for nth, person in enumerate(parts.staff):
        if person.role not in TABLE:
            yield ("staff", nth, "role"), f"{person.role!r} is no role{like(person.role, TABLE)}"
        if person.team not in parts.teams:
            yield ("staff", nth, "team"), f"{person.team!r} is not among the teams{like(person.team, parts.teams)}"
    for nth, pool in enumerate(parts.pools):
        for mth, unit in enumerate(pool.members):
            if not any(within(team, unit) for team in parts.teams):
                yield ("pools", nth, "members", mth), f"{unit!r} is not among the teams{like(unit, parts.teams)}"


def plan(wanted: Outline[Parts], executor: Executor) -> tuple[list[Step], list[str]]:
    """The commands that are missing, in an order in which they can be carried out; and what no command changes."""
    parts = wanted.value
    steps: list[Step] = []
    stuck: list[str] = []
    for nth, person in enumerate(parts.staff):
        steps += staff_steps(("staff", nth), person, executor)
        stuck += [f"{wanted.line(('staff', nth, field))}: {no}" for field, no in unchangeable(person, executor)]
    for nth, person in enumerate(parts.staff):
        steps += capacity_steps(("staff", nth, "capacity"), person, executor)
    for nth, pool in enumerate(parts.pools):
        command = PublishPool(pool_id=pool.id, name=pool.name, members=pool.members, terms=pool.terms)
        steps += published(("pools", nth), f"publish the pool {pool.id}", command, executor)
    for nth, catalog in enumerate(parts.catalogs):
        entries = PublishCatalog(catalog_id=catalog.id, entries=catalog.entries, fields=catalog.fields)
        steps += published(("catalogs", nth), f"publish the catalog {catalog.id}", entries, executor)
    return steps, stuck


def staff_steps(path: Sequence[int | str], person: Person, executor: Executor) -> Iterator[Step]:
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
        case _ if person.departed:
            return
        case _:
            onboard = OnboardStaff(
                staff_id=person.id, name=person.name, role=person.role, org_path=person.team, skills=person.skills
            )
            yield step(path, f"onboard {person.id} in {person.team} as {person.role}", onboard, version)
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


def capacity_steps(path: Sequence[int | str], person: Person, executor: Executor) -> Iterator[Step]:
    known = executor.state(f"agent-book/{person.id}")
    wanted = person.capacity
    if wanted is None or person.departed:
        return
    if (known.state.cap, known.state.daily_claims) != (wanted.held, wanted.daily_claims):
        change = ChangeCapacity(staff_id=person.id, cap=wanted.held, daily_claims=wanted.daily_claims)
        text = f"let {person.id} hold {wanted.held} and claim {wanted.daily_claims} a day"
        yield step(path, text, change, known.version)


def published(path: Sequence[int | str], text: str, command: Any, executor: Executor) -> Iterator[Step]:
    """A new version, unless the last one says the same."""
    stream = executor.owner[type(command)].stream_of(command)
    history = executor.store.history(stream)
    if history and all(getattr(history[-1].event, name) == getattr(command, name) for name in command.__slots__):
        return
    yield step(path, f"{text}, version {len(history) + 1}", command, len(history))


def step(path: Sequence[int | str], text: str, command: Any, version: int) -> Step:
    """For the version that was compared: who changes the same thing meanwhile is not overruled."""
    return Step(path, text, Ask(command, time_ordered_id(), CALLER, expected=version))


def apply(steps: Sequence[Step], wanted: Outline[Parts], executor: Executor) -> list[tuple[Step, str | None]]:
    """Carry out the steps; with each, why it was refused, if it was."""
    answers = executor([step.ask for step in steps]) if steps else []
    done: list[tuple[Step, str | None]] = []
    for each, answer in zip(steps, answers, strict=True):
        match answer:
            case Outcome(refusal=None):
                done.append((each, None))
            case Outcome(refusal=Invalid(field=field, because=because)):
                path = (*each.path, *field.split("/"))
                done.append((each, f"{wanted.line(path)}: {each.text}: {field}: {because}"))
            case Outcome(refusal=no):
                done.append((each, f"{wanted.line(each.path)}: {each.text}: {no}"))
            case Conflict():
                done.append((each, f"{wanted.line(each.path)}: {each.text}: {answer}: apply the file again"))
            case Exception() as problem:
                raise problem
    return done
